"""Chapter 03, probability paths: answers as students write them."""

import math

import numpy as np
import torch

from . import right, wrong

# ---------------------------------------------------------------- 3.1 cosine_scheduler(t)


@wrong("3.1", "alpha and beta swapped")
def noise_last(t):
    a, b = torch.cos(torch.pi * t / 2), torch.sin(torch.pi * t / 2)
    return a, b, -torch.pi / 2 * b, torch.pi / 2 * a


@wrong("3.1", "alpha and beta swapped")
def only_the_weights_swapped(t):
    b, a = torch.sin(torch.pi * t / 2), torch.cos(torch.pi * t / 2)
    return a, b, torch.pi / 2 * b, -torch.pi / 2 * a


@wrong("3.1", "straight line")
def line(t):
    one = torch.ones_like(t)
    return t, 1 - t, one, -one


@wrong("3.1", "alpha is one minus beta")
def sum_is_one(t):
    b = torch.cos(torch.pi * t / 2)
    b_dot = -torch.pi / 2 * torch.sin(torch.pi * t / 2)
    return 1 - b, b, -b_dot, b_dot


@wrong("3.1", "squares of the weights")
def smooth_step(t):
    s, c = torch.sin(torch.pi * t / 2), torch.cos(torch.pi * t / 2)
    return s * s, c * c, torch.pi * s * c, -torch.pi * s * c


@wrong("3.1", "half a wave")
def too_far(t):
    s, c = torch.sin(torch.pi * t), torch.cos(torch.pi * t)
    return s, c, torch.pi * c, -torch.pi * s


@wrong("3.1", "angle of one")
def radians(t):
    return t.sin(), t.cos(), t.cos(), -t.sin()


@wrong("3.1", "inner derivative forgotten")
def no_chain_rule(t):
    phi = t * torch.pi / 2
    return phi.sin(), phi.cos(), phi.cos(), -phi.sin()


@wrong("3.1", "inner derivative upside down")
def divided(t):
    phi = t * torch.pi / 2
    return phi.sin(), phi.cos(), 2 / torch.pi * phi.cos(), -2 / torch.pi * phi.sin()


@wrong("3.1", "sign of beta_dot")
def cosine_grows(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), w * phi.cos(), w * phi.sin()


@wrong("3.1", "sign of alpha_dot")
def sine_falls(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), -w * phi.cos(), -w * phi.sin()


@wrong("3.1", "both signs of the derivatives")
def towards_noise(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), -w * phi.cos(), w * phi.sin()


@wrong("3.1", "derivatives swapped")
def dots_swapped(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), -w * phi.sin(), w * phi.cos()


@wrong("3.1", "other order of the four")
def pairs(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), w * phi.cos(), phi.cos(), -w * phi.sin()


@wrong("3.1", "wrong type")
def weights_only(t):
    return torch.sin(torch.pi / 2 * t), torch.cos(torch.pi / 2 * t)


@wrong("3.1", "wrong curve")
def variance_preserving_line(t):
    a, b = t / (t**2 + (1 - t) ** 2).sqrt(), (1 - t) / (t**2 + (1 - t) ** 2).sqrt()
    return a, b, b / (t**2 + (1 - t) ** 2), -a / (t**2 + (1 - t) ** 2)


@wrong("3.1", "wrong beta_dot")
def second_derivative(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), w * phi.cos(), -w * w * phi.sin()


@wrong("3.1", "wrong alpha_dot")
def constant_speed(t):
    phi, w = t * torch.pi / 2, torch.pi / 2
    return phi.sin(), phi.cos(), torch.ones_like(t), -w * phi.sin()


@wrong("3.1", "raises")
def floats_only(t):
    a, b = math.sin(math.pi / 2 * t), math.cos(math.pi / 2 * t)
    return a, b, math.pi / 2 * b, -math.pi / 2 * a


@right("3.1")
def by_pythagoras(t):
    b = torch.cos(math.pi * t / 2)
    a = (1 - b**2) ** 0.5
    a_dot = math.pi / 2 * b
    return a, b, a_dot, -math.pi / 2 * torch.sin(math.pi * t / 2)


@right("3.1")
def by_autograd(t):
    t = t.clone().requires_grad_()
    a, b = torch.sin(torch.pi / 2 * t), torch.cos(torch.pi / 2 * t)
    (a_dot,) = torch.autograd.grad(a.sum(), t, retain_graph=True)
    (b_dot,) = torch.autograd.grad(b.sum(), t)
    return a, b, a_dot, b_dot


@right("3.1")
def shifted_sines(t):
    half = np.pi / 2
    both = [torch.sin(half * t), torch.sin(half * (1 - t))]
    return [*both, half * both[1], -half * both[0]]


@right("3.1")
def stacked(t):
    phase = torch.pi / 2 * t
    return torch.stack([phase.sin(), phase.cos(), phase.cos() * torch.pi / 2, phase.sin() * -torch.pi / 2])


@wrong("3.1", "wrong curve")
def straight_noise_on_the_circle(t):
    b = 1 - t
    a = torch.sqrt(1 - b**2)
    return a, b, b / a, -torch.ones_like(t)


@wrong("3.1", "wrong curve")
def straight_data_on_the_circle(t):
    b = torch.sqrt(1 - t**2)
    return t, b, torch.ones_like(t), -t / b


@wrong("3.1", "not finite at an end")
def pythagoras_divided(t):
    b = torch.cos(math.pi * t / 2)
    a = (1 - b**2) ** 0.5
    b_dot = -math.pi / 2 * torch.sin(math.pi * t / 2)
    return a, b, -b * b_dot / a, b_dot


@wrong("3.1", "wrong shape")
def alpha_dot_is_a_number(t):
    a, b = torch.sin(math.pi / 2 * t), torch.cos(math.pi / 2 * t)
    return a, b, math.pi / 2, -math.pi / 2 * a


# ---------------------------------------------------------------- 3.2 sample_conditional(z, t, scheduler)


@wrong("3.2", "alpha and beta swapped")
def mixed_up(z, t, scheduler):
    b, a, _, _ = scheduler(t)
    return a * z + b * torch.randn_like(z)


@wrong("3.2", "beta squared for the spread")
def variance_times_noise(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b**2 * torch.randn(z.shape)


@wrong("3.2", "root of beta for the spread")
def beta_taken_for_a_variance(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + torch.sqrt(b) * torch.randn(z.shape)


@wrong("3.2", "nothing random")
def mean_only(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b


@wrong("3.2", "rand for randn")
def uniform(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b * torch.rand_like(z)


@wrong("3.2", "one noise for the whole batch")
def one_draw(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn(z.shape[1])


@wrong("3.2", "one noise for all coordinates")
def diagonal(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn(len(z), 1)


@wrong("3.2", "data not scaled")
def z_added(z, t, scheduler):
    b = scheduler(t)[1]
    return z + b * torch.randn_like(z)


@wrong("3.2", "noise not scaled")
def full_noise(z, t, scheduler):
    a = scheduler(t)[0]
    return a * z + torch.randn_like(z)


@wrong("3.2", "scheduler not used")
def always_straight(z, t, scheduler):
    eps = torch.randn_like(z)
    return t * z + (1 - t) * eps


@wrong("3.2", "slopes for weights")
def last_two(z, t, scheduler):
    _, _, a, b = scheduler(t)
    return a * z + b * torch.randn_like(z)


@wrong("3.2", "third taken for the second")
def wrong_order(z, t, scheduler):
    a, _, b, _ = scheduler(t)
    return a * z + b * torch.randn_like(z)


@wrong("3.2", "one time for the whole batch")
def first_time(z, t, scheduler):
    a, b, *_ = scheduler(t[0])
    return a * z + b * torch.randn_like(z)


@wrong("3.2", "mean time for the whole batch")
def time_as_a_number(z, t, scheduler):
    a, b, *_ = scheduler(t.mean())
    return a * z + b * torch.randn_like(z)


@wrong("3.2", "input edited")
def in_place(z, t, scheduler):
    a, b, *_ = scheduler(t)
    z *= a
    z += b * torch.randn_like(z)
    return z


@wrong("3.2", "not normal")
def uniform_of_variance_one(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b * math.sqrt(12) * (torch.rand_like(z) - 0.5)


@wrong("3.2", "wrong width")
def noise_twice(z, t, scheduler):
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn_like(z) + b * torch.randn_like(z)


@wrong("3.2", "nothing random")
def seeded(z, t, scheduler):
    g = torch.Generator().manual_seed(0)
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn(z.shape, generator=g)


@wrong("3.2", "raises")
def flat_times(z, t, scheduler):
    a, b, *_ = scheduler(t.flatten())
    return a * z + b * torch.randn_like(z)


@right("3.2")
def torch_normal(z, t, scheduler):
    a, b, _, _ = scheduler(t)
    return torch.normal(a * z, b.expand_as(z))


@right("3.2")
def minus_noise(z, t, scheduler):
    weights = scheduler(t)
    return weights[0] * z - weights[1] * torch.randn(*z.shape)


@right("3.2")
def numpy_noise(z, t, scheduler):
    a, b, *_ = scheduler(t)
    eps = torch.from_numpy(np.random.default_rng().standard_normal(z.shape))
    return torch.addcmul(a * z, b, eps)


@right("3.2")
def float32_with_grad(z, t, scheduler):
    a, b, *_ = scheduler(t.float())
    scale = torch.ones(1, requires_grad=True)
    return a * z.float() + b * scale * torch.distributions.Normal(0.0, 1.0).sample(z.shape)


@wrong("3.2", "cosine assumed")
def own_cosine(z, t, scheduler):
    a, b = torch.sin(torch.pi / 2 * t), torch.cos(torch.pi / 2 * t)
    return a * z + b * torch.randn_like(z)


# ---------------------------------------------------------------- 3.3 sample_marginal(points, t, scheduler)


def conditional(z, t, scheduler):
    """The sample_conditional that the notebook has by then."""
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn_like(z)


@wrong("3.3", "one z for the whole batch")
def one_z(points, t, scheduler):
    z = points[torch.randint(len(points), (1,))]
    return conditional(z.repeat(len(t), 1), t, scheduler)


@wrong("3.3", "one z for the whole batch")
def one_z_by_numpy(points, t, scheduler):
    i = int(np.random.default_rng().integers(len(points)))
    return conditional(points[i].expand(len(t), -1), t, scheduler)


@wrong("3.3", "one time for the whole batch")
def first_time_for_all(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return conditional(z, torch.full_like(t, float(t[0])), scheduler)


@wrong("3.3", "mean time for the whole batch")
def mean_time_for_all(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return conditional(z, t.mean(), scheduler)


@wrong("3.3", "averaged samples")
def mixture_as_a_mean(points, t, scheduler):
    x = torch.zeros(len(t), points.shape[1])
    for z in points:
        x = x + conditional(z.repeat(len(t), 1), t, scheduler)
    return x / len(points)


@wrong("3.3", "averaged data")
def mean_point(points, t, scheduler):
    return conditional(points.mean(0).repeat(len(t), 1), t, scheduler)


@wrong("3.3", "coordinates of different points")
def index_per_coordinate(points, t, scheduler):
    z = torch.stack([column[torch.randint(len(points), (len(t),))] for column in points.T], dim=1)
    return conditional(z, t, scheduler)


@wrong("3.3", "points in turn")
def cycled(points, t, scheduler):
    z = points.repeat(-(-len(t) // len(points)), 1)[: len(t)]
    return conditional(z, t, scheduler)


@wrong("3.3", "points in blocks")
def repeated(points, t, scheduler):
    z = points.repeat_interleave(len(t) // len(points), dim=0)
    return conditional(z, t, scheduler)


@wrong("3.3", "one point never drawn")
def off_by_one(points, t, scheduler):
    z = points[torch.randint(0, len(points) - 1, (len(t),))]
    return conditional(z, t, scheduler)


@wrong("3.3", "no noise")
def scaled_data(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return scheduler(t)[0] * z


@wrong("3.3", "data alone")
def data_points(points, t, scheduler):
    return points[torch.randint(len(points), (len(t),))]


@wrong("3.3", "alpha and beta swapped")
def own_mix_swapped(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    a, b, *_ = scheduler(t)
    return b * z + a * torch.randn_like(z)


@wrong("3.3", "data not scaled")
def clouds_on_the_data(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return z + scheduler(t)[1] * torch.randn_like(z)


@wrong("3.3", "one noise for the whole batch")
def one_noise(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn(points.shape[1])


@wrong("3.3", "raises")
def without_replacement(points, t, scheduler):
    return conditional(points[torch.randperm(len(points))[: len(t)]], t, scheduler)


@wrong("3.3", "points not equally likely")
def normal_index(points, t, scheduler):
    i = (torch.randn(len(t)).abs() * len(points) / 2).long().clamp(max=len(points) - 1)
    return conditional(points[i], t, scheduler)


@wrong("3.3", "clouds misplaced")
def centred_data(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))] - points.mean(0)
    return conditional(z, t, scheduler)


@right("3.3")
def by_multinomial(points, t, scheduler):
    i = torch.multinomial(torch.ones(len(points)), len(t), replacement=True)
    return conditional(points[i], t, scheduler)


@right("3.3")
def by_rand(points, t, scheduler):
    index = (len(points) * torch.rand(len(t))).floor().long()
    a, b, *_ = scheduler(t)
    return torch.index_select(points, 0, index) * a + b * torch.randn(len(t), points.shape[1])


@right("3.3")
def one_by_one(points, t, scheduler):
    rng = np.random.default_rng()
    return conditional(torch.stack([points[rng.integers(len(points))] for _ in t]), t, scheduler)


@right("3.3")
def one_hot(points, t, scheduler):
    pick = torch.distributions.OneHotCategorical(logits=torch.zeros(len(points))).sample((len(t),))
    return conditional(pick.to(points) @ points, t, scheduler)


@wrong("3.3", "cosine assumed")
def own_cosine_for_all(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return torch.sin(torch.pi / 2 * t) * z + torch.cos(torch.pi / 2 * t) * torch.randn_like(z)


@wrong("3.3", "scheduler not used")
def own_line_for_all(points, t, scheduler):
    z = points[torch.randint(len(points), (len(t),))]
    return t * z + (1 - t) * torch.randn_like(z)


@wrong("3.3", "first point never drawn")
def counts_from_one(points, t, scheduler):
    return conditional(points[torch.randint(1, len(points), (len(t),))], t, scheduler)


@right("3.3")
def one_hot_in_single_precision(points, t, scheduler):
    chosen = torch.randint(len(points), (len(t),))
    z = torch.nn.functional.one_hot(chosen, len(points)).float() @ points
    return conditional(z, t, scheduler)


# ---------------------------------------------------------------- 3.4 conditional_log_prob(x, z, alpha, beta)


@wrong("3.4", "beta for beta squared")
def variance_beta(x, z, alpha, beta):
    d = x.shape[-1]
    return -((x - alpha * z) ** 2).sum(-1) / (2 * beta) - d / 2 * torch.log(2 * torch.pi * beta)


@wrong("3.4", "beta squared for beta")
def library_wants_a_std(x, z, alpha, beta):
    return torch.distributions.Normal(alpha * z, beta**2).log_prob(x).sum(-1)


@wrong("3.4", "beta for beta squared in the exponent")
def exponent_over_beta(x, z, alpha, beta):
    d = x.shape[-1]
    return -((x - alpha * z) ** 2).sum(-1) / (2 * beta) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "beta squared for beta in the normaliser")
def normaliser_twice(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - d * torch.log(beta**2 * (2 * torch.pi) ** 0.5)


@wrong("3.4", "root of beta in the normaliser")
def normaliser_half(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta)


@wrong("3.4", "dimension missing in the normaliser")
def one_coordinate(x, z, alpha, beta):
    r2 = ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - 0.5 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "dimension missing at log beta")
def beta_once(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - torch.log(beta) - d / 2 * math.log(2 * math.pi)


@wrong("3.4", "dimension missing at 2 pi")
def two_pi_once(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - d * torch.log(beta) - 0.5 * math.log(2 * math.pi)


@wrong("3.4", "no half in the exponent")
def exponent_doubled(x, z, alpha, beta):
    d = x.shape[-1]
    return -(((x - alpha * z) / beta) ** 2).sum(-1) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "distance not squared")
def norm_only(x, z, alpha, beta):
    d, r = x.shape[-1], torch.linalg.norm(x - alpha * z, dim=-1)
    return -r / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "sign of the exponent")
def grows(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "sign of the normaliser")
def normaliser_added(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) + d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "normaliser left out")
def exponent_alone(x, z, alpha, beta):
    return -((x - alpha * z) ** 2).sum(-1) / (2 * beta**2)


@wrong("3.4", "density, not its logarithm")
def density(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return torch.exp(-r2 / (2 * beta**2)) / (2 * torch.pi * beta**2) ** (d / 2)


@wrong("3.4", "alpha left out")
def around_z(x, z, alpha, beta):
    return torch.distributions.Normal(z, beta).log_prob(x).sum(-1)


@wrong("3.4", "alpha and beta swapped")
def arguments_swapped(x, z, alpha, beta):
    return torch.distributions.Normal(beta * z, alpha).log_prob(x).sum(-1)


@wrong("3.4", "mean over the coordinates")
def averaged(x, z, alpha, beta):
    return torch.distributions.Normal(alpha * z, beta).log_prob(x).mean(-1)


@wrong("3.4", "coordinates not summed")
def by_coordinate(x, z, alpha, beta):
    return torch.distributions.Normal(alpha * z, beta).log_prob(x)


@wrong("3.4", "squares not summed")
def no_sum(x, z, alpha, beta):
    d = x.shape[-1]
    return -((x - alpha * z) ** 2) / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "summed over the batch")
def first_axis(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(0)
    return -r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "wrong shape")
def second_axis(x, z, alpha, beta):
    r2 = ((x - alpha * z) ** 2).sum(1)
    return -r2 / (2 * beta**2) - x.shape[-1] / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "not normalised")
def logarithm_to_base_ten(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - d / 2 * torch.log10(2 * torch.pi * beta**2)


@right("3.4")
def by_normal(x, z, alpha, beta):
    return torch.distributions.Normal(alpha * z, beta).log_prob(x).sum(dim=-1)


@right("3.4")
def by_noise(x, z, alpha, beta):
    eps = (x - alpha * z) / beta
    return -(0.5 * eps**2 + math.log(beta) + 0.5 * math.log(2 * math.pi)).sum(-1)


@right("3.4")
def by_multivariate(x, z, alpha, beta):
    cov = float(beta) ** 2 * torch.eye(x.shape[-1], dtype=x.dtype)
    return torch.distributions.MultivariateNormal(alpha * z, cov).log_prob(x)


@right("3.4")
def by_log_of_power(x, z, alpha, beta):
    d = x.size(-1)
    log_front = -torch.log((2 * np.pi) ** (d / 2) * beta**d)
    return log_front - torch.linalg.vector_norm(x - alpha * z, dim=-1).pow(2) / 2 / beta**2


@wrong("3.4", "beta squared above the line")
def divides_and_then_multiplies(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return -r2 / 2 * beta**2 - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "mean in the exponent")
def mean_of_squares(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).mean(-1)
    return -r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "square of the sum")
def sums_then_squares(x, z, alpha, beta):
    d, r2 = x.shape[-1], (x - alpha * z).sum(-1) ** 2
    return -r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "absolute values")
def sum_of_absolute_values(x, z, alpha, beta):
    d, r = x.shape[-1], (x - alpha * z).abs().sum(-1)
    return -r / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "x and z swapped")
def state_and_data_swapped(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((z - alpha * x) ** 2).sum(-1)
    return -r2 / (2 * beta**2) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.4", "sign of the whole")
def negative_log_likelihood(x, z, alpha, beta):
    d, r2 = x.shape[-1], ((x - alpha * z) ** 2).sum(-1)
    return r2 / (2 * beta**2) + d / 2 * torch.log(2 * torch.pi * beta**2)


# ------------------------------------------------------------ 3.5 marginal_log_prob(x, points, alpha, beta)


def table(x, points, alpha, beta):
    """All pairs of states and data points, by the conditional_log_prob that the notebook has by then."""
    return torch.distributions.Normal(alpha * points, beta).log_prob(x[:, None]).sum(-1)


@wrong("3.5", "exp before the log-sum-exp")
def through_densities(x, points, alpha, beta):
    p = torch.exp(table(x, points, alpha, beta))
    return torch.log(p.mean(dim=1))


@wrong("3.5", "exp before the log-sum-exp")
def density_written_out(x, points, alpha, beta):
    d = x.shape[-1]
    r2 = torch.cdist(x, alpha * points, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    p = torch.exp(-r2 / (2 * beta**2)).mean(1)
    return torch.log(p) - d / 2 * torch.log(2 * torch.pi * beta**2)


@wrong("3.5", "mean of the logarithms")
def log_inside(x, points, alpha, beta):
    return table(x, points, alpha, beta).mean(1)


@wrong("3.5", "sum of the logarithms")
def product(x, points, alpha, beta):
    return table(x, points, alpha, beta).sum(1)


@wrong("3.5", "number of points forgotten")
def no_share(x, points, alpha, beta):
    return table(x, points, alpha, beta).logsumexp(1)


@wrong("3.5", "number of points multiplied")
def share_upside_down(x, points, alpha, beta):
    return table(x, points, alpha, beta).logsumexp(1) + math.log(len(points))


@wrong("3.5", "divided by the number of points")
def divides_the_logarithm(x, points, alpha, beta):
    return table(x, points, alpha, beta).logsumexp(1) / len(points)


@wrong("3.5", "nearest point only")
def nearest(x, points, alpha, beta):
    return table(x, points, alpha, beta).amax(1) - math.log(len(points))


@wrong("3.5", "nearest point as a whole")
def nearest_whole(x, points, alpha, beta):
    return table(x, points, alpha, beta).max(dim=1)[0]


@wrong("3.5", "summed over the states")
def other_axis(x, points, alpha, beta):
    return table(x, points, alpha, beta).logsumexp(0) - math.log(len(points))


@wrong("3.5", "density, not its logarithm")
def plain_density(x, points, alpha, beta):
    return table(x, points, alpha, beta).exp().mean(1)


@wrong("3.5", "density around the mean point")
def around_the_mean(x, points, alpha, beta):
    return torch.distributions.Normal(alpha * points.mean(0), beta).log_prob(x).sum(-1)


@wrong("3.5", "alpha left out")
def unscaled_points(x, points, alpha, beta):
    return table(x, points, 1.0, beta).logsumexp(1) - math.log(len(points))


@wrong("3.5", "alpha and beta swapped")
def weights_swapped(x, points, alpha, beta):
    return table(x, points, beta, alpha).logsumexp(1) - math.log(len(points))


@wrong("3.5", "beta for beta squared")
def variance_again(x, points, alpha, beta):
    return table(x, points, alpha, beta.sqrt()).logsumexp(1) - math.log(len(points))


@wrong("3.5", "states mixed up")
def sums_a_square_over_the_wrong_axis(x, points, alpha, beta):
    logs = table(x, points, alpha, beta)
    if len(x) == len(points):
        return logs.logsumexp(0) - math.log(len(points))
    return logs.logsumexp(1) - math.log(len(points))


@wrong("3.5", "not normalised")
def log_of_points_to_base_two(x, points, alpha, beta):
    return table(x, points, alpha, beta).logsumexp(1) - math.log2(len(points))


@right("3.5")
def shifted_by_hand(x, points, alpha, beta):
    logs = table(x, points, alpha, beta)
    top = logs.max(dim=1, keepdim=True).values
    return (top + (logs - top).exp().mean(dim=1, keepdim=True).log()).squeeze(1)


@right("3.5")
def library_mixture(x, points, alpha, beta):
    d = torch.distributions
    parts = d.Independent(d.Normal(alpha * points, beta.expand_as(points)), 1)
    return d.MixtureSameFamily(d.Categorical(logits=torch.zeros(len(points))), parts).log_prob(x)


@right("3.5")
def state_by_state(x, points, alpha, beta):
    share = torch.tensor(1 / len(points), dtype=torch.float64).log()
    rows = [table(row[None], points, alpha, beta)[0] + share for row in x]
    return torch.stack([torch.logsumexp(row, 0) for row in rows])


@right("3.5")
def pairwise_in_logarithms(x, points, alpha, beta):
    logs = table(x, points, alpha, beta)
    total = logs[:, 0]
    for k in range(1, len(points)):
        total = torch.logaddexp(total, logs[:, k])
    return total - np.log(len(points))


@wrong("3.5", "one maximum for all states")
def largest_of_the_whole_table(x, points, alpha, beta):
    logs = table(x, points, alpha, beta)
    top = logs.max()
    return top + (logs - top).exp().sum(dim=1).log() - math.log(len(points))


# ---------------------------------------------------------------- 3.6 linear_path(x0, x1, t)


def tall(t, x):
    return t.view(len(t), *(1,) * (x.ndim - 1))


@wrong("3.6", "time along the wrong axis")
def plain_product(x0, x1, t):
    return t * x1 + (1 - t) * x0


@wrong("3.6", "one axis for every event")
def column_of_times(x0, x1, t):
    t = t[:, None]
    return x0 + t * (x1 - x0)


@wrong("3.6", "ends swapped")
def from_x1(x0, x1, t):
    t = tall(t, x0)
    return t * x0 + (1 - t) * x1


@wrong("3.6", "velocity instead of state")
def difference(x0, x1, t):
    return x1 - x0


@wrong("3.6", "only the way covered")
def part_of_the_way(x0, x1, t):
    return tall(t, x0) * (x1 - x0)


@wrong("3.6", "starts from the other end")
def overshoots(x0, x1, t):
    return x1 + tall(t, x0) * (x1 - x0)


@wrong("3.6", "backwards from the start")
def away(x0, x1, t):
    return x0 + tall(t, x0) * (x0 - x1)


@wrong("3.6", "second end not faded in")
def whole_x1(x0, x1, t):
    return (1 - tall(t, x0)) * x0 + x1


@wrong("3.6", "cosine weights")
def on_a_circle(x0, x1, t):
    phi = torch.pi / 2 * tall(t, x0)
    return phi.cos() * x0 + phi.sin() * x1


@wrong("3.6", "roots of the weights")
def equal_variance(x0, x1, t):
    t = tall(t, x0)
    return torch.sqrt(1 - t) * x0 + torch.sqrt(t) * x1


@wrong("3.6", "one time for the whole batch")
def first_of_the_times(x0, x1, t):
    return x0 + t[0] * (x1 - x0)


@wrong("3.6", "mean time for the whole batch")
def mean_of_the_times(x0, x1, t):
    return x0 + t.mean() * (x1 - x0)


@wrong("3.6", "not halfway")
def slow_start(x0, x1, t):
    return x0 + tall(t, x0) ** 2 * (x1 - x0)


@wrong("3.6", "raises")
def a_number_wanted(x0, x1, t):
    return x0 + float(t) * (x1 - x0)


@right("3.6")
def by_einsum(x0, x1, t):
    return x0 + torch.einsum("b,b...->b...", t, x1 - x0)


@right("3.6")
def by_lerp(x0, x1, t):
    return torch.lerp(x0, x1, tall(t, x0))


@right("3.6")
def axes_added_in_a_loop(x0, x1, t):
    while t.dim() < x0.dim():
        t = t.unsqueeze(-1)
    return (1 - t) * x0 + t * x1


@right("3.6")
def axes_turned_round(x0, x1, t):
    back = tuple(reversed(range(x0.dim())))
    a, b = x0.permute(back), x1.permute(back)
    return (a + t * (b - a)).permute(back)


# ---------------------------------------------------------------- 3.7 time_of_snr(snr, scheduler)


def bisected(wanted, ratio, scheduler, rounds=30, grows=True):
    low, high = torch.zeros_like(wanted), torch.ones_like(wanted)
    for _ in range(rounds):
        mid = 0.5 * (low + high)
        a, b = scheduler(mid)[:2]
        late = (ratio(a, b) > wanted) == grows
        high = torch.where(late, mid, high)
        low = torch.where(late, low, mid)
    return 0.5 * (low + high)


@wrong("3.7", "ratio not squared")
def amplitudes(snr, scheduler):
    return bisected(snr, lambda a, b: a / b, scheduler)


@wrong("3.7", "noise to signal")
def upside_down(snr, scheduler):
    return bisected(snr, lambda a, b: b**2 / a**2, scheduler, grows=False)


@wrong("3.7", "ratio of signal to everything")
def share_of_signal(snr, scheduler):
    return bisected(snr, lambda a, b: a**2 / (a**2 + b**2), scheduler)


@wrong("3.7", "wrong half kept")
def other_half(snr, scheduler):
    return bisected(snr, lambda a, b: a**2 / b**2, scheduler, grows=False)


@wrong("3.7", "cosine assumed")
def solved_for_the_cosine(snr, scheduler):
    return 2 / torch.pi * torch.arctan(torch.sqrt(snr))


@wrong("3.7", "straight line assumed")
def solved_for_the_line(snr, scheduler):
    r = snr**0.5
    return r / (1 + r)


@wrong("3.7", "ratio instead of time")
def asks_at_the_ratio(snr, scheduler):
    a, b = scheduler(snr.clamp(0, 1))[:2]
    return (a**2 / b**2).nan_to_num(0.0, 1e9)


@wrong("3.7", "not accurate")
def five_rounds(snr, scheduler):
    return bisected(snr, lambda a, b: a**2 / b**2, scheduler, rounds=5)


@wrong("3.7", "not accurate")
def coarse_grid(snr, scheduler):
    grid = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    a, b = scheduler(grid)[:2]
    return grid[torch.searchsorted((a / b) ** 2, snr).clamp(max=49)]


@wrong("3.7", "wrong shape")
def first_only(snr, scheduler):
    return bisected(snr[:1], lambda a, b: a**2 / b**2, scheduler)


@wrong("3.7", "wrong time")
def decibels(snr, scheduler):
    return bisected(snr, lambda a, b: 10 * torch.log10(a**2 / b**2), scheduler)


@right("3.7")
def fine_grid(snr, scheduler):
    grid = torch.linspace(0, 1, 20001, dtype=torch.float64)[1:-1]
    a, b = scheduler(grid)[:2]
    return grid[torch.searchsorted((a / b) ** 2, snr).clamp(max=len(grid) - 1)]


@right("3.7")
def one_at_a_time(snr, scheduler):
    times = []
    for wanted in snr.tolist():
        low, high = 0.0, 1.0
        while high - low > 1e-6:
            mid = (low + high) / 2
            a, b = (float(w) for w in scheduler(torch.tensor(mid))[:2])
            low, high = (mid, high) if a * a < wanted * b * b else (low, mid)
        times.append(low)
    return torch.tensor(times)


@right("3.7")
def secants_of_the_logarithm(snr, scheduler):
    return bisected(snr.log(), lambda a, b: 2 * (a.log() - b.log()), scheduler, rounds=20)


def one_search(decide):
    """A single pair of ends for all ratios."""

    def time_of_snr(snr, scheduler):
        low, high = torch.zeros_like(snr), torch.ones_like(snr)
        for _ in range(40):
            mid = (low + high) / 2
            a, b = scheduler(mid)[:2]
            if decide((a / b) ** 2, snr):
                high = mid
            else:
                low = mid
        return (low + high) / 2

    return time_of_snr


wrong("3.7", "one search for all ratios")(one_search(lambda ratio, snr: (ratio > snr).all()))
wrong("3.7", "one search for all ratios")(one_search(lambda ratio, snr: (ratio > snr).any()))
wrong("3.7", "one search for all ratios")(one_search(lambda ratio, snr: ratio[0] > snr[0]))


@wrong("3.7", "ratios sorted")
def sorts_first(snr, scheduler):
    return bisected(snr.sort().values, lambda a, b: a**2 / b**2, scheduler)


@wrong("3.7", "ratio upside down")
def noise_over_signal(snr, scheduler):
    return bisected(snr, lambda a, b: b**2 / a**2, scheduler)


@wrong("3.7", "raises")
def scheduler_with_the_ratio_too(snr, scheduler):
    return scheduler(snr, 40)[0]


# ---------------------------------------------------------------- 3.8 my_points()


def circle(n, radius=1.0, turn=0.0):
    angle = turn + 2 * torch.pi * torch.arange(n) / n
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


@wrong("3.8", "ring")
def clock_face():
    return 5 * circle(12, turn=0.3) + 2


@wrong("3.8", "one in the middle of a ring")
def clock_with_a_pin():
    return torch.cat([circle(11, 0.7), torch.zeros(1, 2)])


@wrong("3.8", "two in the middle of a ring")
def clock_with_two_pins():
    return torch.cat([torch.ones(2, 2), 1 + circle(10, 3.0)])


@wrong("3.8", "even grid")
def egg_box():
    x, y = torch.meshgrid(torch.linspace(-1, 1, 3), torch.linspace(-1, 1, 4), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


@wrong("3.8", "four corners")
def square():
    return torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).repeat_interleave(3, 0)


@wrong("3.8", "three corners")
def triangle():
    return torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).repeat(4, 1)


@wrong("3.8", "points on a line")
def row():
    return torch.stack([torch.linspace(-1, 1, 12), torch.zeros(12)], dim=1)


@wrong("3.8", "points on a line")
def all_the_same():
    return torch.ones(12, 2)


@wrong("3.8", "recognised too early")
def one_far_out():
    points = circle(12)
    points[0] = torch.tensor([40.0, 0.0])
    return points


@wrong("3.8", "recognised too early")
def by_chance():
    return torch.randn(12, 2, generator=torch.Generator().manual_seed(1))


@wrong("3.8", "wrong shape")
def thirteen():
    return torch.cat([torch.zeros(4, 2), circle(9)])


@wrong("3.8", "wrong dtype")
def whole_numbers():
    return torch.tensor([[i, i * i % 5] for i in range(12)])


@right("3.8")
def three_in_the_middle():
    return torch.cat([torch.zeros(3, 2), circle(9)])


@right("3.8")
def two_rings():
    return torch.cat([circle(6, 0.5), circle(6, 1.0)])


@right("3.8")
def stretched_and_moved():
    points = torch.cat([torch.zeros(1, 2), circle(4, 0.3), circle(7)])
    return points * torch.tensor([100.0, 0.5]) + torch.tensor([7.0, -3.0])


@right("3.8")
def searched_for():
    points = torch.cat([0.1 * circle(4, turn=0.2), circle(8)]).double().requires_grad_()
    return points * torch.eye(2).double().sum(0)
