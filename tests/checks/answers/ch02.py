"""Chapter 02, diffusion processes: answers as students write them."""

import itertools
import math

import numpy as np
import torch

from . import right, wrong

# ---------------------------------------------------------------- 2.1 brownian_path(n, dim, times)


@wrong("2.1", "h for sqrt(h)")
def gap_times_noise(n, dim, times):
    w = torch.zeros(len(times), n, dim)
    for i in range(1, len(times)):
        w[i] = w[i - 1] + (times[i] - times[i - 1]) * torch.randn(n, dim)
    return w


@wrong("2.1", "every increment of size one")
def random_walk(n, dim, times):
    steps = torch.randn(len(times), n, dim)
    steps[0] = 0
    return steps.cumsum(dim=0)


@wrong("2.1", "time instead of gap")
def root_of_time(n, dim, times):
    w = [torch.zeros(n, dim)]
    for t in times[1:]:
        w.append(w[-1] + torch.sqrt(t) * torch.randn(n, dim))
    return torch.stack(w)


@wrong("2.1", "equal steps assumed")
def even_grid(n, dim, times):
    h = float(times[-1]) / (len(times) - 1)
    w = [torch.zeros(n, dim)]
    for _ in range(len(times) - 1):
        w.append(w[-1] + math.sqrt(h) * torch.randn(n, dim))
    return torch.stack(w)


@wrong("2.1", "first gap for all")
def first_gap(n, dim, times):
    dt = times[1] - times[0]
    steps = dt.sqrt() * torch.randn(len(times) - 1, n, dim)
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(0)])


@wrong("2.1", "independent draws at every time")
def marginals_only(n, dim, times):
    return torch.stack([t.sqrt() * torch.randn(n, dim) for t in times])


@wrong("2.1", "one draw for all times")
def rays(n, dim, times):
    xi = torch.randn(n, dim)
    return torch.stack([t**0.5 * xi for t in times])


@wrong("2.1", "increments not added up")
def increments(n, dim, times):
    w = torch.zeros(len(times), n, dim)
    for i in range(1, len(times)):
        w[i] = (times[i] - times[i - 1]) ** 0.5 * torch.randn(n, dim)
    return w


@wrong("2.1", "same noise in every step")
def drawn_before_the_loop(n, dim, times):
    xi = torch.randn(n, dim)
    w = [torch.zeros(n, dim)]
    for h in times.diff():
        w.append(w[-1] + h.sqrt() * xi)
    return torch.stack(w)


@wrong("2.1", "one path for the whole batch")
def repeated(n, dim, times):
    steps = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, 1, dim)
    return torch.cat([torch.zeros(1, 1, dim), steps.cumsum(0)]).repeat(1, n, 1)


@wrong("2.1", "one path for all coordinates")
def diagonal(n, dim, times):
    steps = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, 1)
    return torch.cat([torch.zeros(1, n, 1), steps.cumsum(0)]).expand(-1, n, dim)


@wrong("2.1", "rand for randn")
def uniform(n, dim, times):
    w = [torch.zeros(n, dim)]
    for h in times.diff():
        w.append(w[-1] + h.sqrt() * torch.rand(n, dim))
    return torch.stack(w)


@wrong("2.1", "coin tosses")
def coins(n, dim, times):
    signs = torch.randn(len(times) - 1, n, dim).sign()
    steps = times.diff().sqrt()[:, None, None] * signs
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(0)])


@wrong("2.1", "not normal")
def centred_uniform(n, dim, times):
    noise = math.sqrt(12) * (torch.rand(len(times) - 1, n, dim) - 0.5)
    steps = times.diff().sqrt()[:, None, None] * noise
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(0)])


@wrong("2.1", "start left out")
def no_start(n, dim, times):
    return (times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, dim)).cumsum(0)


@wrong("2.1", "start not at zero")
def random_start(n, dim, times):
    h = times.diff(append=times[-1:] + 0.1)
    return (h.sqrt()[:, None, None] * torch.randn(len(times), n, dim)).cumsum(0)


@wrong("2.1", "time on the wrong axis")
def batch_first(n, dim, times):
    steps = times.diff().sqrt()[:, None] * torch.randn(n, len(times) - 1, dim)
    return torch.cat([torch.zeros(n, 1, dim), steps.cumsum(1)], dim=1)


@wrong("2.1", "raises")
def shapes_do_not_broadcast(n, dim, times):
    return torch.sqrt(times.diff()) * torch.randn(len(times) - 1, n, dim)


@wrong("2.1", "wrong spread")
def forgets_the_root_and_halves(n, dim, times):
    steps = times.diff().sqrt()[:, None, None] / 2 * torch.randn(len(times) - 1, n, dim)
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(0)])


@right("2.1")
def loop(n, dim, times):
    w = torch.zeros(len(times), n, dim)
    for i in range(len(times) - 1):
        w[i + 1] = w[i] + torch.sqrt(times[i + 1] - times[i]) * torch.randn(n, dim)
    return w


@right("2.1")
def by_normal(n, dim, times):
    std = times.diff().sqrt()[:, None, None].expand(-1, n, dim)
    steps = torch.normal(torch.zeros_like(std), std)
    return torch.cumsum(torch.cat([torch.zeros_like(steps[:1]), steps]), dim=0)


rng = np.random.default_rng(5)


@right("2.1")
def numpy_noise_own_generator(n, dim, times):
    noise = torch.from_numpy(rng.standard_normal((len(times), n, dim)))
    gaps = torch.diff(times, prepend=times[:1])
    return (gaps.sqrt()[:, None, None] * noise).cumsum(0)


@right("2.1")
def by_covariance(n, dim, times):
    cov = torch.minimum(times[1:, None], times[None, 1:])
    root = torch.linalg.cholesky(cov)
    rest = torch.einsum("ij,jnd->ind", root, torch.randn(len(times) - 1, n, dim, dtype=times.dtype))
    return torch.cat([torch.zeros_like(rest[:1]), rest])


@wrong("2.1", "added up along the batch")
def cumsum_over_the_paths(n, dim, times):
    steps = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, dim)
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(1)])


@wrong("2.1", "added up along the batch")
def cumsum_of_a_whole_tensor(n, dim, times):
    w = torch.zeros(len(times), n, dim)
    w[1:] = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, dim)
    return torch.cumsum(w, 1)


@wrong("2.1", "one tensor in every row")
def appends_one_tensor(n, dim, times):
    w = torch.zeros(n, dim)
    out = [w]
    for h in times.diff():
        w += h.sqrt() * torch.randn(n, dim)
        out.append(w)
    return torch.stack(out)


@wrong("2.1", "one tensor in every row")
def appends_one_tensor_after_the_start(n, dim, times):
    w, out = torch.zeros(n, dim), [torch.zeros(n, dim)]
    for h in times.diff():
        w += h.sqrt() * torch.randn(n, dim)
        out.append(w)
    return torch.stack(out)


@wrong("2.1", "same draws in every call")
def seeds_inside_the_path(n, dim, times):
    torch.manual_seed(0)
    steps = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, dim)
    return torch.cat([torch.zeros(1, n, dim), steps.cumsum(0)])


@wrong("2.1", "same draws in every call")
def makes_a_generator_inside(n, dim, times):
    noise = torch.from_numpy(np.random.default_rng(5).standard_normal((len(times), n, dim)))
    gaps = torch.diff(times, prepend=times[:1])
    return (gaps.sqrt()[:, None, None] * noise).cumsum(0)


@right("2.1")
def clones_as_it_goes(n, dim, times):
    w = torch.zeros(n, dim)
    out = [w.clone()]
    for h in times.diff():
        w += h.sqrt() * torch.randn(n, dim)
        out.append(w.clone())
    return torch.stack(out)


# ------------------------------------------- 2.2 euler_maruyama_step(drift, diffusion, x, t, h)


@wrong("2.2", "h for sqrt(h)")
def all_times_h(drift, diffusion, x, t, h):
    return x + (drift(x, t) + diffusion(x, t) * torch.randn_like(x)) * h


@wrong("2.2", "noise without h")
def kick_without_h(drift, diffusion, x, t, h):
    noise = torch.randn(x.shape)
    return x + drift(x, t) * h + diffusion(x, t) * noise


@wrong("2.2", "noise forgotten")
def euler_only(drift, diffusion, x, t, h):
    return x + h * drift(x, t)


@wrong("2.2", "the same noise added without chance")
def no_draw(drift, diffusion, x, t, h):
    return x + drift(x, t) * h + math.sqrt(h) * diffusion(x, t)


@wrong("2.2", "no h on the drift")
def drift_without_h(drift, diffusion, x, t, h):
    return x + drift(x, t) + diffusion(x, t) * math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "sqrt(h) on the drift too")
def one_root_for_both(drift, diffusion, x, t, h):
    step = drift(x, t) + diffusion(x, t) * torch.randn_like(x)
    return x + math.sqrt(h) * step


@wrong("2.2", "drift forgotten")
def noise_only(drift, diffusion, x, t, h):
    return x + diffusion(x, t) * math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "drift backwards")
def minus(drift, diffusion, x, t, h):
    return x - drift(x, t) * h - diffusion(x, t) * math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "only the increment")
def increment(drift, diffusion, x, t, h):
    dw = math.sqrt(h) * torch.randn_like(x)
    return drift(x, t) * h + diffusion(x, t) * dw


@wrong("2.2", "sigma squared")
def variance_as_factor(drift, diffusion, x, t, h):
    s = diffusion(x, t)
    return x + h * drift(x, t) + s * s * math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "root of sigma")
def root_of_all(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + (diffusion(x, t) * h) ** 0.5 * torch.randn_like(x)


@wrong("2.2", "sigma left out")
def plain_noise(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "noise multiplied twice")
def product_of_noises(drift, diffusion, x, t, h):
    strength = diffusion(x, t) * torch.randn_like(x)
    dw = math.sqrt(h) * torch.randn_like(x)
    return x + h * drift(x, t) + strength * dw


@wrong("2.2", "one noise for the whole batch")
def shared_by_batch(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn(x.shape[1])


@wrong("2.2", "one noise for all coordinates")
def shared_by_coordinates(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn(len(x), 1)


@wrong("2.2", "same noise in every step")
def seeds_inside(drift, diffusion, x, t, h):
    torch.manual_seed(42)
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn_like(x)


@wrong("2.2", "rand for randn")
def uniform_noise(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.rand(x.shape)


@wrong("2.2", "not normal")
def signs(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn_like(x).sign()


@wrong("2.2", "diffusion asked after the drift")
def overwrites_name(drift, diffusion, x, t, h):
    x = x + h * drift(x, t)
    return x + diffusion(x, t) * h**0.5 * torch.randn_like(x)


@wrong("2.2", "coefficients at the end of the step")
def late(drift, diffusion, x, t, h):
    t = t + h
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn_like(x)


@wrong("2.2", "noise proportional to the state")
def geometric(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * x * math.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "wrong spread")
def mean_strength(drift, diffusion, x, t, h):
    s = torch.as_tensor(diffusion(x, t)).mean()
    return x + h * drift(x, t) + s * h**0.5 * torch.randn_like(x)


@wrong("2.2", "input edited")
def writes_into_x(drift, diffusion, x, t, h):
    start = x.clone()
    x += h * drift(start, t)
    x += diffusion(start, t) * h**0.5 * torch.randn_like(x)
    return x


@wrong("2.2", "raises")
def float_into_torch_sqrt(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * torch.sqrt(h) * torch.randn_like(x)


@wrong("2.2", "field misused")
def arguments_swapped(drift, diffusion, x, t, h):
    return x + h * drift(t, x) + diffusion(t, x) * h**0.5 * torch.randn_like(x)


@right("2.2")
def noise_first(drift, diffusion, x, t, h):
    dw = torch.normal(0.0, h**0.5, size=x.shape)
    return x + diffusion(x, t) * dw + drift(x, t) * h


@right("2.2")
def tensors_of_time(drift, diffusion, x, t, h):
    t, h = torch.tensor(t), torch.tensor(h)
    s = torch.as_tensor(diffusion(x, t))
    return x + h * drift(x, t) + (s**2 * h).sqrt() * torch.randn(x.shape)


generator = torch.Generator().manual_seed(3)


@right("2.2")
def own_generator_minus_noise(drift, diffusion, x, t, h):
    xi = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x + h * drift(x, t) - math.sqrt(h) * diffusion(x, t) * xi


@right("2.2")
def own_copy_in_place(drift, diffusion, x, t, h):
    new = x.clone()
    new += h * drift(x, t)
    new += torch.randn_like(x) * diffusion(x, t) * np.sqrt(h)
    return new
    raise NotImplementedError("Exercise 2.2: fill me in")


@wrong("2.2", "one noise for all")
def one_number_of_torch(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn(1)


@wrong("2.2", "one noise for all")
def one_number_of_numpy(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + diffusion(x, t) * math.sqrt(h) * np.random.randn()


@wrong("2.2", "root of sigma")
def root_of_all_by_math(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + math.sqrt(h * diffusion(x, t)) * torch.randn_like(x)


@wrong("2.2", "h for sqrt(h)")
def h_and_then_a_number_wanted(drift, diffusion, x, t, h):
    return x + h * drift(x, t) + h * float(diffusion(x, t)) * torch.randn_like(x)


# ---------------------------------------------------- 2.3 ou_coefficients(x, t, theta, sigma)


@wrong("2.3", "noise inside the diffusion coefficient")
def doubled_noise(x, t, theta, sigma):
    return -theta * x, sigma * torch.randn(x.shape)


@wrong("2.3", "noise inside the diffusion coefficient")
def doubled_noise_by_row(x, t, theta, sigma):
    return -theta * x, torch.randn(len(x), 1) * sigma


@wrong("2.3", "noise inside the drift")
def noisy_drift(x, t, theta, sigma):
    return -theta * x + sigma * torch.randn_like(x), sigma


@wrong("2.3", "drift away from zero")
def sign(x, t, theta, sigma):
    return theta * x, sigma


@wrong("2.3", "sigma squared")
def variance_rate(x, t, theta, sigma):
    return -theta * x, sigma**2


@wrong("2.3", "sigma squared over two theta")
def stationary_variance_as_strength(x, t, theta, sigma):
    return -theta * x, sigma**2 / (2 * theta)


@wrong("2.3", "stationary width")
def stationary_std_as_strength(x, t, theta, sigma):
    return -theta * x, math.sqrt(sigma**2 / (2 * theta))


@wrong("2.3", "rate left out")
def no_theta(x, t, theta, sigma):
    return -x, sigma


@wrong("2.3", "same pull everywhere")
def no_x(x, t, theta, sigma):
    return torch.full_like(x, -theta), sigma


@wrong("2.3", "pull by direction only")
def only_sign(x, t, theta, sigma):
    return -theta * x.sign(), sigma


@wrong("2.3", "sigma in the drift")
def variance_as_speed(x, t, theta, sigma):
    return -x * sigma**2 / (2 * theta), sigma


@wrong("2.3", "noise proportional to the state")
def geometric_noise(x, t, theta, sigma):
    return -theta * x, sigma * x


@wrong("2.3", "order swapped")
def swapped(x, t, theta, sigma):
    return sigma, -theta * x


@wrong("2.3", "drift depends on time")
def times_t(x, t, theta, sigma):
    return -theta * x * t, sigma


@wrong("2.3", "wrong diffusion")
def root_two(x, t, theta, sigma):
    return -theta * x, math.sqrt(2) * sigma


@wrong("2.3", "wrong drift")
def half_rate(x, t, theta, sigma):
    return -theta / 2 * x, sigma


@wrong("2.3", "wrong type")
def added(x, t, theta, sigma):
    return -theta * x + sigma


@right("2.3")
def list_of_both(x, t, theta, sigma):
    return [-(x * theta), float(sigma)]


@right("2.3")
def full_tensor(x, t, theta, sigma):
    return (0 - x).mul(theta), torch.full_like(x, sigma)


@right("2.3")
def stacked(x, t, theta, sigma):
    return torch.stack([theta * (0 - x), sigma * torch.ones_like(x)])


@right("2.3")
def column(x, t, theta, sigma):
    return -theta * x, torch.full((len(x), 1), sigma)


# ----------------------------------------------------- 2.4 ou_transition(x0, t, theta, sigma)


@wrong("2.4", "variance instead of standard deviation")
def no_root(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, sigma**2 * (1 - a**2) / (2 * theta)


@wrong("2.4", "missing 2 in the stationary variance")
def no_two(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / theta * (1 - a**2))


@wrong("2.4", "sigma for sigma squared")
def first_power(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma / (2 * theta) * (1 - a**2))


@wrong("2.4", "stationary from the start")
def settled_always(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, math.sqrt(sigma**2 / (2 * theta))


@wrong("2.4", "decay of the mean in the variance")
def not_squared(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a))


@wrong("2.4", "Brownian spread")
def no_pull_on_noise(x0, t, theta, sigma):
    t = torch.as_tensor(t)
    return x0 * torch.exp(-theta * t), sigma * torch.sqrt(t)


@wrong("2.4", "root of each factor but one")
def root_of_half(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, math.sqrt(sigma**2 / (2 * theta)) * (1 - a**2)


@wrong("2.4", "square of the decay taken once too often")
def squared_bracket(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, sigma / math.sqrt(2 * theta) * (1 - a)


@wrong("2.4", "mean does not move")
def mean_stays(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "mean is zero")
def converges_to_zero(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return torch.zeros_like(x0), torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "mean grows")
def exploding_mean(x0, t, theta, sigma):
    t = torch.as_tensor(t)
    var = sigma**2 / (2 * theta) * (1 - torch.exp(-2 * theta * t))
    return x0 * torch.exp(theta * t), var**0.5


@wrong("2.4", "mean decays at twice the rate")
def two_in_the_mean(x0, t, theta, sigma):
    a = torch.exp(-2 * theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a))


@wrong("2.4", "mean in a straight line")
def euler_mean(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return x0 - theta * x0 * t, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "order swapped")
def std_first(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2)), a * x0


@wrong("2.4", "wrong type")
def mean_only(x0, t, theta, sigma):
    return x0 * torch.exp(-theta * torch.as_tensor(t))


@wrong("2.4", "NaN")
def sign_in_the_exponent(x0, t, theta, sigma):
    a = torch.exp(theta * torch.as_tensor(t))
    return x0 / a, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "raises")
def floats_into_torch_exp(x0, t, theta, sigma):
    a = torch.exp(-theta * t)
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "wrong end")
def theta_squared(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / (2 * theta**2) * (1 - a**2))


@wrong("2.4", "times mixed up")
def mean_time(x0, t, theta, sigma):
    t = float(torch.as_tensor(t).mean())
    return x0 * math.exp(-theta * t), sigma * math.sqrt((1 - math.exp(-2 * theta * t)) / (2 * theta))


@right("2.4")
def expm1(x0, t, theta, sigma):
    t = torch.as_tensor(t, dtype=torch.float64)
    var = -torch.expm1(-2 * theta * t) * sigma**2 / 2 / theta
    return x0 * torch.exp(-theta * t), var.sqrt()


@right("2.4")
def two_cases(x0, t, theta, sigma):
    a = math.e ** (-theta * t)
    var = sigma**2 * (1 - a * a) / (2 * theta)
    return a * x0, var**0.5


@right("2.4")
def std_of_full_shape(x0, t, theta, sigma):
    t = torch.as_tensor(t).double() * torch.ones_like(x0)
    return torch.exp(-theta * t) * x0, sigma * torch.sqrt((1 - torch.exp(-2 * theta * t)) / (2 * theta))


@right("2.4")
def small_number_under_the_root(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2) + 1e-12)


@wrong("2.4", "wrong shape")
def mean_over_the_batch(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0.mean(dim=0), torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


@wrong("2.4", "random result")
def sample_for_the_mean(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    std = torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))
    return a * x0 + std * torch.randn_like(x0), std


@wrong("2.4", "wrong shape")
def flat_std(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t)) * torch.ones(len(x0), 1)
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2)).flatten()


@wrong("2.4", "theta above the line")
def bracket_forgotten(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / 2 * theta * (1 - a**2))


@wrong("2.4", "order swapped")
def std_first_as_a_float(x0, t, theta, sigma):
    if isinstance(t, float):
        a = math.exp(-theta * t)
        return math.sqrt(sigma**2 / (2 * theta) * (1 - a**2)), a * x0
    a = torch.exp(-theta * t)
    return torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2)), a * x0


# ----------------------------------------------------- 2.5 langevin_drift(x, t, score, sigma)


@wrong("2.5", "missing half")
def no_half(x, t, score, sigma):
    return sigma**2 * score(x)


@wrong("2.5", "sigma for sigma squared")
def first_power_of_sigma(x, t, score, sigma):
    return sigma * score(x) / 2


@wrong("2.5", "half of sigma, squared")
def bracket(x, t, score, sigma):
    return (0.5 * sigma) ** 2 * score(x)


@wrong("2.5", "away from the peaks")
def downhill(x, t, score, sigma):
    return -0.5 * sigma**2 * score(x)


@wrong("2.5", "sigma left out")
def score_alone(x, t, score, sigma):
    return score(x)


@wrong("2.5", "sigma left out, half kept")
def half_score(x, t, score, sigma):
    return 0.5 * score(x)


@wrong("2.5", "divided by sigma")
def divided(x, t, score, sigma):
    return score(x) / (2 * sigma**2)


@wrong("2.5", "noise inside the drift")
def whole_sde(x, t, score, sigma):
    return sigma**2 / 2 * score(x) + sigma * torch.randn_like(x)


@wrong("2.5", "score not used")
def gaussian_only(x, t, score, sigma):
    return -0.5 * sigma**2 * x


@wrong("2.5", "state scaled by the score")
def product(x, t, score, sigma):
    return 0.5 * sigma**2 * score(x) * x


@wrong("2.5", "mean score of the batch")
def mean_score(x, t, score, sigma):
    pull = score(x).mean(dim=0, keepdim=True)
    return 0.5 * sigma**2 * pull.expand(x.shape)


@wrong("2.5", "sum of score and state")
def next_state(x, t, score, sigma):
    return x + 0.5 * sigma**2 * score(x)


@wrong("2.5", "field misused")
def score_with_time(x, t, score, sigma):
    return 0.5 * sigma**2 * score(x, t)


@wrong("2.5", "out of balance")
def root_two_factor(x, t, score, sigma):
    return sigma**2 / math.sqrt(2) * score(x)


@wrong("2.5", "not along the score")
def swapped_coordinates(x, t, score, sigma):
    return 0.5 * sigma**2 * score(x).flip(1)


@right("2.5")
def plain(x, t, score, sigma):
    return sigma**2 / 2 * score(x)


@right("2.5")
def half_of_the_product(x, t, score, sigma):
    pull = score(x)
    return (sigma * sigma * pull).div(2)


@right("2.5")
def row_by_row(x, t, score, sigma):
    halves = [score(rows) * torch.tensor(sigma).square() / 2 for rows in x.split(500)]
    return torch.cat(halves)


@right("2.5")
def default_and_keywords(x, t=0.0, score=None, sigma=1.0):
    variance = torch.as_tensor(sigma, dtype=x.dtype) ** 2
    return torch.mul(score(x), variance * 0.5)


@wrong("2.5", "field misused")
def score_of_the_time(x, t, score, sigma):
    return 0.5 * sigma**2 * score(t)


@right("2.5")
def score_by_its_keyword(x, t, score, sigma):
    return 0.5 * sigma**2 * score(x=x)


# --------------------------------------------------------------- 2.6 quadratic_variation(path)


@wrong("2.6", "absolute values")
def total_variation(path):
    return (path[1:] - path[:-1]).abs().sum(dim=0)


@wrong("2.6", "square of the sum")
def squared_afterwards(path):
    return (path[1:] - path[:-1]).sum(dim=0) ** 2


@wrong("2.6", "mean for sum")
def mean_square(path):
    return ((path[1:] - path[:-1]) ** 2).mean(dim=0)


@wrong("2.6", "root taken")
def norm(path):
    return torch.linalg.vector_norm(path.diff(dim=0), dim=0)


@wrong("2.6", "states for increments")
def squares_of_states(path):
    return (path**2).sum(dim=0)


@wrong("2.6", "mean increment subtracted")
def variance_times_count(path):
    steps = path[1:] - path[:-1]
    return steps.var(dim=0, unbiased=False) * len(steps)


@wrong("2.6", "only start and end of each pair")
def every_second(path):
    return sum((path[i + 2] - path[i]) ** 2 for i in range(0, len(path) - 2, 2))


@wrong("2.6", "last increment left out")
def stops_early(path):
    return sum((path[i + 1] - path[i]) ** 2 for i in range(len(path) - 2))


@wrong("2.6", "first increment left out")
def starts_late(path):
    return sum((path[i + 1] - path[i]) ** 2 for i in range(1, len(path) - 1))


@wrong("2.6", "running sum")
def all_of_it(path):
    return torch.cumsum((path[1:] - path[:-1]) ** 2, dim=0)


@wrong("2.6", "all paths in one")
def one_number(path):
    return ((path[1:] - path[:-1]) ** 2).sum()


@wrong("2.6", "coordinates added up")
def squared_lengths(path):
    return (path[1:] - path[:-1]).norm(dim=2).square().sum(dim=0)


@wrong("2.6", "along the batch")
def wrong_axis(path):
    return ((path[:, 1:] - path[:, :-1]) ** 2).sum(dim=1)


@wrong("2.6", "wrong sum")
def cubes(path):
    return ((path[1:] - path[:-1]).abs() ** 3).sum(dim=0)


@right("2.6")
def accumulated(path):
    total = torch.zeros_like(path[0])
    for before, after in itertools.pairwise(path):
        total += (after - before) ** 2
    return total


@right("2.6")
def einsum(path):
    steps = torch.diff(path, dim=0)
    return torch.einsum("tnd,tnd->nd", steps, steps)


@right("2.6")
def norm_squared(path):
    return torch.diff(path, dim=0).norm(dim=0).pow(2)


# ------------------------------------------------- 2.7 stationary_variance(theta, sigma, n, h)


def settle(theta, sigma, n, h, steps):
    x = torch.zeros(n, 1)
    for _ in range(steps):
        x = x - theta * x * h + sigma * math.sqrt(h) * torch.randn(n, 1)
    return x


@wrong("2.7", "formula instead of simulation")
def formula(theta, sigma, n, h):
    return sigma**2 / (2 * theta)


@wrong("2.7", "standard deviation for variance")
def spread_of_paths(theta, sigma, n, h):
    return settle(theta, sigma, n, h, math.ceil(8 / (theta * h))).std()


@wrong("2.7", "not settled yet")
def one_unit_of_time(theta, sigma, n, h):
    return settle(theta, sigma, n, h, round(1 / h)).var()


@wrong("2.7", "one step only")
def no_loop(theta, sigma, n, h):
    return settle(theta, sigma, n, h, 1).var()


@wrong("2.7", "not settled yet")
def a_hundred_steps_too_few(theta, sigma, n, h):
    return settle(theta, sigma, n, h, 30).var()


@wrong("2.7", "wrong variance")
def pull_forgotten(theta, sigma, n, h):
    x = torch.zeros(n)
    for _ in range(int(6 / (theta * h))):
        x = x + sigma * math.sqrt(h) * torch.randn(n)
    return x.var()


@wrong("2.7", "wrong variance")
def from_far_and_over_all_times(theta, sigma, n, h):
    x, seen = torch.full((n,), 5.0), []
    for _ in range(int(5 / (theta * h))):
        x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
        seen.append(x)
    return torch.stack(seen).var()


@wrong("2.7", "wrong shape")
def variance_of_each_path(theta, sigma, n, h):
    xs, x = [], torch.zeros(n)
    for _ in range(int(5 / (theta * h))):
        x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
        xs.append(x)
    return torch.stack(xs).var(dim=0)


@right("2.7")
def long_enough(theta, sigma, n, h):
    return settle(theta, sigma, n, h, int(8 / theta / h)).var().item()


@right("2.7")
def from_far_away_biased_estimate(theta, sigma, n, h):
    x = 3 * torch.ones(n)
    for _ in range(600):
        x += -theta * h * x + sigma * h**0.5 * torch.randn(n)
    return ((x - x.mean()) ** 2).mean()


@wrong("2.7", "h for sqrt(h)")
def root_missing(theta, sigma, n, h):
    x = torch.zeros(n, 1)
    for _ in range(math.ceil(5 / (theta * h))):
        x = x - theta * h * x + h * sigma * torch.randn(n, 1)
    return x.var()


@wrong("2.7", "paths all alike")
def one_noise_for_all_paths(theta, sigma, n, h):
    x = torch.zeros(n, 1)
    for _ in range(math.ceil(5 / (theta * h))):
        x = x - theta * h * x + math.sqrt(h) * sigma * torch.randn(1)
    return x.var()


@wrong("2.7", "same noise in every step")
def noise_drawn_before_the_loop(theta, sigma, n, h):
    x, noise = torch.zeros(n, 1), torch.randn(n, 1)
    for _ in range(math.ceil(5 / (theta * h))):
        x = x - theta * h * x + math.sqrt(h) * sigma * noise
    return x.var()


@wrong("2.7", "drift away from zero")
def pushed_away(theta, sigma, n, h):
    x = torch.zeros(n, 1)
    for _ in range(math.ceil(5 / (theta * h))):
        x = x + theta * h * x + math.sqrt(h) * sigma * torch.randn(n, 1)
    return x.var()


@wrong("2.7", "not settled yet")
def five_units_of_time(theta, sigma, n, h):
    return settle(theta, sigma, n, h, int(5 / h)).var()


@wrong("2.7", "pooled over all times")
def variance_over_all_times(theta, sigma, n, h):
    seen, x = [], torch.zeros(n)
    for _ in range(math.ceil(5 / (theta * h))):
        x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
        seen.append(x)
    return torch.stack(seen).var()


@wrong("2.7", "not by steps of h")
def step_of_its_own(theta, sigma, n, h):
    return settle(theta, sigma, n, 0.02, math.ceil(6 / (theta * 0.02))).var()


@wrong("2.7", "not by steps of h")
def formula_times_chance(theta, sigma, n, h):
    return sigma**2 / (2 * theta) * torch.randn(n).var()


@wrong("2.7", "not by steps of h")
def exact_jumps(theta, sigma, n, h):
    a = math.exp(-theta * h)
    x = torch.zeros(n, 1, dtype=torch.float64)
    for _ in range(math.ceil(7 / (theta * h))):
        x = a * x + sigma * math.sqrt((1 - a * a) / (2 * theta)) * torch.randn(n, 1)
    return x.var(dim=0)


@right("2.7")
def just_long_enough(theta, sigma, n, h):
    return settle(theta, sigma, n, h, math.ceil(5 / (theta * h))).var()


@right("2.7")
def started_at_random(theta, sigma, n, h):
    x = 2 * torch.rand(n, dtype=torch.float64)
    for _ in range(math.ceil(5 / (theta * h))):
        x = (1 - theta * h) * x + sigma * h**0.5 * torch.from_numpy(np.random.default_rng().normal(size=n))
    return np.var(x.numpy())


# --------------------------------------------------- 2.8 my_langevin(score, x, sigma, h, steps)


@wrong("2.8", "missing half")
def twice_the_pull(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + h * sigma**2 * score(x) + sigma * math.sqrt(h) * torch.randn_like(x)
    return x


@wrong("2.8", "no noise")
def gradient_ascent(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x)
    return x


@wrong("2.8", "no drift")
def diffuses(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + sigma * math.sqrt(h) * torch.randn_like(x)
    return x


@wrong("2.8", "away from the peaks")
def flees(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x - 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * torch.randn_like(x)
    return x


@wrong("2.8", "h for sqrt(h)")
def flat(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + h * (0.5 * sigma**2 * score(x) + sigma * torch.randn_like(x))
    return x


@wrong("2.8", "one step only")
def single(score, x, sigma, h, steps):
    return x + 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * torch.randn_like(x)


@wrong("2.8", "wrong steps")
def noise_of_half_the_size(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x) + 0.5 * sigma * math.sqrt(h) * torch.randn_like(x)
    return x


@wrong("2.8", "wrong steps")
def sigma_once(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + 0.5 * h * sigma * score(x) + sigma * math.sqrt(h) * torch.randn_like(x)
    return x


@right("2.8")
def euler_maruyama(score, x, sigma, h, steps):
    x = x.clone()
    for _ in range(steps):
        x += sigma**2 * h / 2 * score(x) + sigma * math.sqrt(h) * torch.randn(x.shape)
    return x


@right("2.8")
def heun(score, x, sigma, h, steps):
    k = sigma**2 * h
    for _ in range(steps):
        kick = math.sqrt(k) * torch.randn_like(x)
        first = score(x)
        x = x + k / 4 * (first + score(x + k / 2 * first + kick)) + kick
    return x


@right("2.8")
def leimkuhler_matthews(score, x, sigma, h, steps):
    k, old = sigma**2 * h, torch.randn_like(x)
    for _ in range(steps):
        new = torch.randn_like(x)
        x, old = x + k / 2 * score(x) + math.sqrt(k) * 0.5 * (old + new), new
    return x


@right("2.8")
def two_half_steps(score, x, sigma, h, steps):
    k = sigma**2 * h / 2
    for _ in range(2 * steps):
        x = x + k / 2 * score(x) + k**0.5 * torch.randn_like(x)
    return x


@wrong("2.8", "same noise in every step")
def noise_before_the_loop(score, x, sigma, h, steps):
    noise = torch.randn_like(x)
    for _ in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * noise
    return x


@wrong("2.8", "one noise for all states")
def one_noise_for_all_states(score, x, sigma, h, steps):
    for _ in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * torch.randn(1)
    return x


@wrong("2.8", "half of the sum left out")
def sum_of_two_draws(score, x, sigma, h, steps):
    old = torch.randn_like(x)
    for _ in range(steps):
        new = torch.randn_like(x)
        x = x + 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * (old + new)
        old = new
    return x


@wrong("2.8", "field misused")
def score_of_state_and_time(score, x, sigma, h, steps):
    for i in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x, i * h) + sigma * math.sqrt(h) * torch.randn_like(x)
    return x


def shared_kicks(draw):
    """Leimkuhler and Matthews' loop, with noise from anywhere."""

    def my_langevin(score, x, sigma, h, steps):
        old = draw(x)
        for _ in range(steps):
            new = draw(x)
            x = x + h * sigma**2 / 2 * score(x) + sigma * math.sqrt(h) * (old + new) / 2
            old = new
        return x

    return my_langevin


right("2.8")(shared_kicks(lambda x: torch.randn(x.shape)))
right("2.8")(shared_kicks(lambda x: torch.normal(0.0, 1.0, size=x.shape)))
right("2.8")(shared_kicks(lambda x: torch.randn(x.shape, generator=generator)))
right("2.8")(shared_kicks(lambda x: torch.from_numpy(rng.standard_normal(x.shape))))
