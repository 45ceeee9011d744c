"""Chapter 03, probability paths: answers as students write them."""

import math

import numpy as np
import torch

from . import right, wrong


def conditional(z, t, scheduler):
    """The sample_conditional that the notebook has by then."""
    a, b, *_ = scheduler(t)
    return a * z + b * torch.randn_like(z)


def table(x, points, alpha, beta):
    """All pairs of states and data points, by the conditional_log_prob that the notebook has by then."""
    return torch.distributions.Normal(alpha * points, beta).log_prob(x[:, None]).sum(-1)


def row_of(x, points, alpha, beta):
    """Log-densities of one state for every data point, by the conditional_log_prob of the notebook."""
    return torch.distributions.Normal(alpha * points, beta).log_prob(x).sum(-1)


def friends(x, points, alpha, beta):
    """The function of 3.7 as the lab hands it out."""
    logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
    weights = (logs - logs.max()).exp()
    weights = weights / weights.sum(dim=1, keepdim=True)
    return weights @ points


def tall(t, x):
    return t.view(len(t), *(1,) * (x.ndim - 1))


def bisected(wanted, ratio, scheduler, rounds=30, grows=True):
    low, high = torch.zeros_like(wanted), torch.ones_like(wanted)
    for _ in range(rounds):
        mid = 0.5 * (low + high)
        a, b = scheduler(mid)[:2]
        late = (ratio(a, b) > wanted) == grows
        high = torch.where(late, mid, high)
        low = torch.where(late, low, mid)
    return 0.5 * (low + high)


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


def circle(n, radius=1.0, turn=0.0):
    angle = turn + 2 * torch.pi * torch.arange(n) / n
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


class Ex3_1:
    """cosine_scheduler(t)"""

    @wrong("3.1", "alpha and beta swapped")
    def only_the_weights_swapped(t):
        b, a = torch.sin(torch.pi * t / 2), torch.cos(torch.pi * t / 2)
        return a, b, torch.pi / 2 * b, -torch.pi / 2 * a

    @wrong("3.1", "wrong curve")
    def variance_preserving_line(t):
        a, b = t / (t**2 + (1 - t) ** 2).sqrt(), (1 - t) / (t**2 + (1 - t) ** 2).sqrt()
        return a, b, b / (t**2 + (1 - t) ** 2), -a / (t**2 + (1 - t) ** 2)

    @wrong("3.1", "wrong alpha_dot")
    def constant_speed(t):
        phi, w = t * torch.pi / 2, torch.pi / 2
        return phi.sin(), phi.cos(), torch.ones_like(t), -w * phi.sin()

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
        return torch.stack(
            [phase.sin(), phase.cos(), phase.cos() * torch.pi / 2, phase.sin() * -torch.pi / 2]
        )

    @wrong("3.1", "wrong curve")
    def straight_noise_on_the_circle(t):
        b = 1 - t
        a = torch.sqrt(1 - b**2)
        return a, b, b / a, -torch.ones_like(t)

    @wrong("3.1", "not finite at an end")
    def pythagoras_divided(t):
        b = torch.cos(math.pi * t / 2)
        a = (1 - b**2) ** 0.5
        b_dot = -math.pi / 2 * torch.sin(math.pi * t / 2)
        return a, b, -b * b_dot / a, b_dot

    @wrong("3.1", "wrong ends")
    def times_held_inside(t):
        phi = torch.pi / 2 * t.clamp(0.01, 0.99)
        return phi.sin(), phi.cos(), torch.pi / 2 * phi.cos(), -torch.pi / 2 * phi.sin()

    @wrong("3.1", "wrong derivative at an end")
    def infinite_made_zero(t):
        b, b_dot = torch.cos(math.pi * t / 2), -math.pi / 2 * torch.sin(math.pi * t / 2)
        a = (1 - b**2) ** 0.5
        return a, b, (-b * b_dot / a).nan_to_num(0.0), b_dot

    @right("3.1")
    def by_differences(t):
        def weights(s):
            return torch.sin(s * math.pi / 2), torch.cos(s * math.pi / 2)

        (a1, b1), (a0, b0) = weights(t + 1e-3), weights(t - 1e-3)
        return *weights(t), (a1 - a0) / 2e-3, (b1 - b0) / 2e-3


class Ex3_2:
    """sample_conditional(z, t, scheduler)"""

    @wrong("3.2", "one noise for all coordinates")
    def diagonal(z, t, scheduler):
        a, b, *_ = scheduler(t)
        return a * z + b * torch.randn(len(z), 1)

    @wrong("3.2", "one time for the whole batch")
    def first_time(z, t, scheduler):
        a, b, *_ = scheduler(t[0])
        return a * z + b * torch.randn_like(z)

    @wrong("3.2", "input edited")
    def in_place(z, t, scheduler):
        a, b, *_ = scheduler(t)
        z *= a
        z += b * torch.randn_like(z)
        return z

    @wrong("3.2", "wrong width")
    def noise_twice(z, t, scheduler):
        a, b, *_ = scheduler(t)
        return a * z + b * torch.randn_like(z) + b * torch.randn_like(z)

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

    @wrong("3.2", "raises")
    def noise_of_the_plane(z, t, scheduler):
        a, b, *_ = scheduler(t)
        return a * z + b * torch.randn(len(z), 2)

    @wrong("3.2", "not the data point at time 1")
    def noise_never_gone(z, t, scheduler):
        a, b, *_ = scheduler(t)
        return a * z + b.clamp(min=0.05) * torch.randn_like(z)

    @wrong("3.2", "times drawn anew")
    def own_times(z, t, scheduler):
        a, b, *_ = scheduler(torch.rand(len(z), 1))
        return a * z + b * torch.randn_like(z)

    @right("3.2")
    def row_by_row(z, t, scheduler):
        weights = [scheduler(time)[:2] for time in t]
        return torch.stack(
            [a * row + b * torch.randn(row.shape) for (a, b), row in zip(weights, z, strict=True)]
        )


class Ex3_3:
    """sample_marginal(points, t, scheduler)"""

    @wrong("3.3", "one z for the whole batch")
    def one_z_by_numpy(points, t, scheduler):
        i = int(np.random.default_rng().integers(len(points)))
        return conditional(points[i].expand(len(t), -1), t, scheduler)

    @wrong("3.3", "coordinates of different points")
    def index_per_coordinate(points, t, scheduler):
        z = torch.stack([column[torch.randint(len(points), (len(t),))] for column in points.T], dim=1)
        return conditional(z, t, scheduler)

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

    @right("3.3")
    def one_hot_in_single_precision(points, t, scheduler):
        chosen = torch.randint(len(points), (len(t),))
        z = torch.nn.functional.one_hot(chosen, len(points)).float() @ points
        return conditional(z, t, scheduler)

    @wrong("3.3", "one noise for all coordinates")
    def noise_of_one_column(points, t, scheduler):
        a, b, *_ = scheduler(t)
        return a * points[torch.randint(len(points), (len(t),))] + b * torch.randn(len(t), 1)

    @wrong("3.3", "noise not normal")
    def uniform_of_variance_one_around_points(points, t, scheduler):
        a, b, *_ = scheduler(t)
        z = points[torch.randint(len(points), (len(t),))]
        return a * z + b * math.sqrt(12) * (torch.rand_like(z) - 0.5)

    @wrong("3.3", "same points in every run")
    def seeded_choice(points, t, scheduler):
        index = np.random.default_rng(3).integers(0, len(points), len(t))
        return conditional(points[torch.from_numpy(index)], t, scheduler)


class Ex3_4:
    """conditional_log_prob(x, z, alpha, beta)"""

    @wrong("3.4", "coordinates not summed")
    def by_coordinate(x, z, alpha, beta):
        return torch.distributions.Normal(alpha * z, beta).log_prob(x)

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

    @wrong("3.4", "held back far out")
    def logarithm_of_the_density(x, z, alpha, beta):
        p = torch.distributions.Normal(alpha * z, beta).log_prob(x).exp().prod(-1)
        return torch.log(p)

    @wrong("3.4", "held back far out")
    def small_number_added(x, z, alpha, beta):
        p = torch.distributions.Normal(alpha * z, beta).log_prob(x).sum(-1).exp()
        return torch.log(p + 1e-8)

    @wrong("3.4", "axes in front")
    def second_axis_counted(x, z, alpha, beta):
        r2 = ((x - alpha * z) ** 2).sum(-1)
        return -r2 / (2 * beta**2) - x.shape[min(1, x.dim() - 1)] / 2 * torch.log(2 * torch.pi * beta**2)

    @right("3.4")
    def harmless_epsilon(x, z, alpha, beta):
        v = beta**2 + 1e-8
        return -((x - alpha * z) ** 2).sum(-1) / (2 * v) - x.shape[-1] / 2 * torch.log(2 * torch.pi * v)


class Ex3_5:
    """marginal_log_prob(x, points, alpha, beta)"""

    @wrong("3.5", "exp before the log-sum-exp")
    def density_written_out(x, points, alpha, beta):
        d = x.shape[-1]
        r2 = torch.cdist(x, alpha * points, compute_mode="donot_use_mm_for_euclid_dist") ** 2
        p = torch.exp(-r2 / (2 * beta**2)).mean(1)
        return torch.log(p) - d / 2 * torch.log(2 * torch.pi * beta**2)

    @wrong("3.5", "states mixed up")
    def sums_a_square_over_the_wrong_axis(x, points, alpha, beta):
        logs = table(x, points, alpha, beta)
        if len(x) == len(points):
            return logs.logsumexp(0) - math.log(len(points))
        return logs.logsumexp(1) - math.log(len(points))

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

    @wrong("3.5", "exp before the log-sum-exp")
    def density_held_up(x, points, alpha, beta):
        return torch.log(table(x, points, alpha, beta).exp().mean(1).clamp(min=1e-30))

    @wrong("3.5", "number of points, not its logarithm")
    def subtracts_the_number(x, points, alpha, beta):
        return table(x, points, alpha, beta).logsumexp(1) - len(points)

    @right("3.5")
    def shifted_with_an_epsilon(x, points, alpha, beta):
        logs = table(x, points, alpha, beta)
        top = logs.amax(1)
        return top + torch.log((logs - top[:, None]).exp().mean(1) + 1e-12)


class Ex3_6:
    """posterior(x, points, prior, alpha, beta)"""

    @right("3.6")
    def softmax_of_sums(x, points, prior, alpha, beta):
        return torch.softmax(prior.log() + row_of(x, points, alpha, beta), dim=-1)

    @right("3.6")
    def joint_minus_marginal(x, points, prior, alpha, beta):
        joint = row_of(x, points, alpha, beta) + torch.log(prior)
        return torch.exp(joint - torch.logsumexp(joint, dim=0))

    @right("3.6")
    def exponent_only(x, points, prior, alpha, beta):
        logs = -((x - alpha * points) ** 2).sum(dim=1) / (2 * beta**2) + prior.log()
        p = torch.exp(logs - logs.max())
        return p / p.sum()

    @right("3.6")
    def prior_weighs_shifted_densities(x, points, prior, alpha, beta):
        logs = row_of(x, points, alpha, beta)
        p = prior * (logs - logs.max()).exp()
        return p / p.sum()

    @right("3.6")
    def softmax_then_prior_then_share(x, points, prior, alpha, beta):
        w = row_of(x, points, alpha, beta).softmax(0) * prior
        return w / w.sum()

    @right("3.6")
    def point_by_point(x, points, prior, alpha, beta):
        logs = [row_of(x, z[None], alpha, beta)[0] + math.log(p) for z, p in zip(points, prior, strict=True)]
        return torch.softmax(torch.stack(logs), 0)

    @right("3.6")
    def expanded_square(x, points, prior, alpha, beta):
        lean = (alpha * points @ x - alpha**2 * points.square().sum(1) / 2) / beta**2
        return torch.softmax(lean + prior.log(), 0)

    @right("3.6")
    def a_float_at_a_time(x, points, prior, alpha, beta):
        logs = (row_of(x, points, alpha, beta) + prior.log()).tolist()
        parts = [math.exp(each - max(logs)) for each in logs]
        return torch.tensor([part / sum(parts) for part in parts])

    @wrong("3.6", "extreme densities")
    def small_number_in_the_sum(x, points, prior, alpha, beta):
        p = row_of(x, points, alpha, beta).exp() * prior
        return p / (p.sum() + 1e-12)

    @wrong("3.6", "extreme densities")
    def exponent_left_too_early(x, points, prior, alpha, beta):
        p = prior * torch.exp(-((x - alpha * points) ** 2).sum(1) / (2 * beta**2))
        return p / p.sum()

    @wrong("3.6", "extreme densities")
    def logarithms_held_up(x, points, prior, alpha, beta):
        return (row_of(x, points, alpha, beta).clamp(min=-80, max=80) + prior.log()).softmax(0)

    @wrong("3.6", "prior after the normalisation")
    def divides_by_the_density_with_equal_prior(x, points, prior, alpha, beta):
        logs = row_of(x, points, alpha, beta)
        return (logs + prior.log() - logs.logsumexp(0)).exp()

    @wrong("3.6", "exp before the sum")
    def library_density_left_too_early(x, points, prior, alpha, beta):
        p = prior * torch.distributions.Normal(alpha * points, beta).log_prob(x).sum(1).exp()
        return p / p.sum()

    @wrong("3.6", "not the prior at the start")
    def logarithm_to_base_ten(x, points, prior, alpha, beta):
        return torch.softmax(row_of(x, points, alpha, beta) + prior.log10(), 0)

    @wrong("3.6", "wrong in the example")
    def centres_scaled_twice(x, points, prior, alpha, beta):
        return torch.softmax(row_of(x, alpha * points, alpha, beta) + prior.log(), 0)

    @wrong("3.6", "prior left out")
    def forgets_the_prior(x, points, prior, alpha, beta):
        logs = row_of(x, points, alpha, beta)
        return (logs - logs.logsumexp(0)).exp()

    @wrong("3.6", "state and data points swapped")
    def arguments_in_the_other_order(x, points, prior, alpha, beta):
        logs = torch.distributions.Normal(alpha * x, beta).log_prob(points).sum(-1)
        return torch.softmax(logs + prior.log(), 0)

    @wrong("3.6", "not the largest taken out")
    def smallest_taken_out(x, points, prior, alpha, beta):
        logs = row_of(x, points, alpha, beta) + prior.log()
        p = (logs - logs.min()).exp()
        return p / p.sum()

    @wrong("3.6", "not the largest taken out")
    def mean_taken_out(x, points, prior, alpha, beta):
        logs = row_of(x, points, alpha, beta) + prior.log()
        p = (logs - logs.mean()).exp()
        return p / p.sum()

    @wrong("3.6", "identity")
    def never_looks_at_the_state(x, points, prior, alpha, beta):
        return prior / prior.sum()

    @wrong("3.6", "not normalised")
    def joint_density(x, points, prior, alpha, beta):
        return prior * row_of(x, points, alpha, beta).exp()

    @wrong("3.6", "wrong shape")
    def marginal_density(x, points, prior, alpha, beta):
        return (row_of(x, points, alpha, beta) + prior.log()).logsumexp(0)


class Ex3_7:
    """best_guess(x, points, alpha, beta)"""

    @right("3.7")
    def softmax_in_its_place(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        return torch.softmax(logs, dim=1) @ points

    @right("3.7")
    def largest_of_each_row(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.amax(dim=1)[:, None]).exp()
        weights = weights / weights.sum(dim=1, keepdim=True)
        return weights @ points

    @right("3.7")
    def one_state_after_another(x, points, alpha, beta):
        return torch.cat([friends(row[None], points, alpha, beta) for row in x])

    @right("3.7")
    def logsumexp_for_both_lines(x, points, alpha, beta):
        logs = table(x, points, alpha, beta)
        return (logs - logs.logsumexp(1, keepdim=True)).exp() @ points

    @wrong("3.7", "the bug is still there")
    def as_it_was_given(x, points, alpha, beta):
        return friends(x, points, alpha, beta)

    @wrong("3.7", "the bug is still there")
    def one_logsumexp_for_all(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.flatten().logsumexp(0)).exp()
        return weights / weights.sum(dim=1, keepdim=True) @ points

    @wrong("3.7", "covered up")
    def nan_made_zero(x, points, alpha, beta):
        return friends(x, points, alpha, beta).nan_to_num(0.0)

    @wrong("3.7", "covered up")
    def sum_held_up(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.max()).exp()
        return weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-10) @ points

    @wrong("3.7", "raises")
    def axis_lost(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.max(dim=1).values).exp()
        return weights / weights.sum(dim=1, keepdim=True) @ points

    @wrong("3.7", "normalised over the states")
    def softmax_down_the_columns(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        return torch.softmax(logs, dim=0) @ points

    @wrong("3.7", "nearest point in the holes")
    def holes_patched(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        guess = friends(x, points, alpha, beta)
        return torch.where(guess.isnan(), points[logs.argmax(dim=1)], guess)

    @wrong("3.7", "shift of each state, sum over all states")
    def sum_down_the_columns(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.amax(dim=1, keepdim=True)).exp()
        return weights / weights.sum(dim=0, keepdim=True) @ points

    @wrong("3.7", "sum over all states")
    def the_other_axis_changed(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.max()).exp()
        return weights / weights.sum(dim=0, keepdim=True) @ points

    @wrong("3.7", "lost far out")
    def mean_of_each_row(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.mean(dim=1, keepdim=True)).exp()
        return weights / weights.sum(dim=1, keepdim=True) @ points

    @wrong("3.7", "states mixed up")
    def exponents_held_up(x, points, alpha, beta):
        logs = -torch.cdist(x, alpha * points).square() / (2 * beta**2)
        weights = (logs - logs.max()).clamp(min=-50).exp()
        return weights / weights.sum(dim=1, keepdim=True) @ points

    @wrong("3.7", "not attempted")
    def nothing_done(x, points, alpha, beta):
        raise NotImplementedError("Exercise 3.7: fill me in")


class Ex3_8:
    """linear_path(x0, x1, t)"""

    @wrong("3.8", "one axis for every event")
    def column_of_times(x0, x1, t):
        t = t[:, None]
        return x0 + t * (x1 - x0)

    @wrong("3.8", "not at constant speed")
    def slow_start(x0, x1, t):
        return x0 + tall(t, x0) ** 2 * (x1 - x0)

    @right("3.8")
    def by_einsum(x0, x1, t):
        return x0 + torch.einsum("b,b...->b...", t, x1 - x0)

    @right("3.8")
    def by_lerp(x0, x1, t):
        return torch.lerp(x0, x1, tall(t, x0))

    @right("3.8")
    def axes_added_in_a_loop(x0, x1, t):
        while t.dim() < x0.dim():
            t = t.unsqueeze(-1)
        return (1 - t) * x0 + t * x1

    @right("3.8")
    def axes_turned_round(x0, x1, t):
        back = tuple(reversed(range(x0.dim())))
        a, b = x0.permute(back), x1.permute(back)
        return (a + t * (b - a)).permute(back)

    @wrong("3.8", "wrong shape")
    def three_axes_for_every_event(x0, x1, t):
        t = t.view(-1, 1, 1, 1)
        return (1 - t) * x0 + t * x1

    @wrong("3.8", "not at constant speed")
    def smooth_steps(x0, x1, t):
        s = tall(3 * t**2 - 2 * t**3, x0)
        return (1 - s) * x0 + s * x1

    @right("3.8")
    def state_by_state_on_the_line(x0, x1, t):
        return torch.stack([(1 - s) * a + s * b for a, b, s in zip(x0, x1, t, strict=True)])


class Ex3_9:
    """time_of_snr(snr, scheduler)"""

    @wrong("3.9", "wrong half kept")
    def other_half(snr, scheduler):
        return bisected(snr, lambda a, b: a**2 / b**2, scheduler, grows=False)

    @wrong("3.9", "not accurate")
    def coarse_grid(snr, scheduler):
        grid = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
        a, b = scheduler(grid)[:2]
        return grid[torch.searchsorted((a / b) ** 2, snr).clamp(max=49)]

    @wrong("3.9", "wrong time")
    def decibels(snr, scheduler):
        return bisected(snr, lambda a, b: 10 * torch.log10(a**2 / b**2), scheduler)

    @right("3.9")
    def fine_grid(snr, scheduler):
        grid = torch.linspace(0, 1, 20001, dtype=torch.float64)[1:-1]
        a, b = scheduler(grid)[:2]
        return grid[torch.searchsorted((a / b) ** 2, snr).clamp(max=len(grid) - 1)]

    @right("3.9")
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

    @right("3.9")
    def secants_of_the_logarithm(snr, scheduler):
        return bisected(snr.log(), lambda a, b: 2 * (a.log() - b.log()), scheduler, rounds=20)

    wrong("3.9", "one search for all ratios")(one_search(lambda ratio, snr: (ratio > snr).all()))

    wrong("3.9", "one search for all ratios")(one_search(lambda ratio, snr: (ratio > snr).any()))

    wrong("3.9", "one search for all ratios")(one_search(lambda ratio, snr: ratio[0] > snr[0]))

    @wrong("3.9", "wrong near the ends")
    def narrow_interval(snr, scheduler):
        low, high = torch.full_like(snr, 0.01), torch.full_like(snr, 0.99)
        for _ in range(40):
            mid = (low + high) / 2
            a, b = scheduler(mid)[:2]
            early = (a / b) ** 2 < snr
            low, high = torch.where(early, mid, low), torch.where(early, high, mid)
        return mid

    @right("3.9")
    def grid_in_single_precision(snr, scheduler):
        grid = torch.linspace(0, 1, 5001)
        a, b = scheduler(grid)[:2]
        return grid[torch.searchsorted((a / b) ** 2, snr).clamp(max=5000)]


class Ex3_10:
    """my_points()"""

    @wrong("3.10", "ring")
    def clock_face():
        return 5 * circle(12, turn=0.3) + 2

    @wrong("3.10", "points on a line")
    def row():
        return torch.stack([torch.linspace(-1, 1, 12), torch.zeros(12)], dim=1)

    @wrong("3.10", "points on a line")
    def all_the_same():
        return torch.ones(12, 2)

    @wrong("3.10", "recognised too early")
    def one_far_out():
        points = circle(12)
        points[0] = torch.tensor([40.0, 0.0])
        return points

    @wrong("3.10", "recognised too early")
    def by_chance():
        return torch.randn(12, 2, generator=torch.Generator().manual_seed(1))

    @right("3.10")
    def three_in_the_middle():
        return torch.cat([torch.zeros(3, 2), circle(9)])

    @right("3.10")
    def two_rings():
        return torch.cat([circle(6, 0.5), circle(6, 1.0)])

    @right("3.10")
    def stretched_and_moved():
        points = torch.cat([torch.zeros(1, 2), circle(4, 0.3), circle(7)])
        return points * torch.tensor([100.0, 0.5]) + torch.tensor([7.0, -3.0])

    @right("3.10")
    def searched_for():
        points = torch.cat([0.1 * circle(4, turn=0.2), circle(8)]).double().requires_grad_()
        return points * torch.eye(2).double().sum(0)

    @wrong("3.10", "recognised too early")
    def hexagon_twice():
        return circle(6).repeat(2, 1)

    @wrong("3.10", "ring")
    def enormous_ring():
        return 1e300 * circle(12).double()

    @right("3.10")
    def shaken():
        return torch.cat([torch.zeros(3, 2), circle(9)]) + 0.01 * torch.randn(12, 2)
