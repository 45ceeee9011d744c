"""Chapter 02, diffusion processes: answers as students write them."""

import itertools
import math

import numpy as np
import torch

from . import right, wrong

rng = np.random.default_rng(5)
generator = torch.Generator().manual_seed(3)


def settle(theta, sigma, n, h, steps):
    x = torch.zeros(n, 1)
    for _ in range(steps):
        x = x - theta * x * h + sigma * math.sqrt(h) * torch.randn(n, 1)
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


def summed(times, noise):
    steps = times.diff().sqrt()[:, None, None] * noise
    return torch.cat([torch.zeros_like(steps[:1]), steps.cumsum(0)])


def kicked(drift, diffusion, x, t, h, noise):
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * noise


def law(x0, t, theta, sigma):
    a = torch.exp(-theta * torch.as_tensor(t))
    return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))


def langevin(score, x, sigma, h, steps, draw=torch.randn_like):
    for _ in range(steps):
        x = x + 0.5 * h * sigma**2 * score(x) + sigma * math.sqrt(h) * draw(x)
    return x


class Ex2_1:
    wrong("2.1", "not normal")(
        lambda n, dim, times: summed(times, 12**0.5 * (torch.rand(len(times) - 1, n, dim) - 0.5))
    )

    @wrong("2.1", "start not at zero")
    def random_start(n, dim, times):
        h = times.diff(append=times[-1:] + 0.1)
        return (h.sqrt()[:, None, None] * torch.randn(len(times), n, dim)).cumsum(0)

    wrong("2.1", "raises")(
        lambda n, dim, times: torch.sqrt(times.diff()) * torch.randn(len(times) - 1, n, dim)
    )

    wrong("2.1", "wrong spread")(lambda n, dim, times: summed(times, torch.randn(len(times) - 1, n, dim) / 2))

    @wrong("2.1", "added up along the batch")
    def cumsum_of_a_whole_tensor(n, dim, times):
        w = torch.zeros(len(times), n, dim)
        w[1:] = times.diff().sqrt()[:, None, None] * torch.randn(len(times) - 1, n, dim)
        return torch.cumsum(w, 1)

    @wrong("2.1", "same states at different times")
    def appends_one_tensor_after_the_start(n, dim, times):
        w, out = torch.zeros(n, dim), [torch.zeros(n, dim)]
        for h in times.diff():
            w += h.sqrt() * torch.randn(n, dim)
            out.append(w)
        return torch.stack(out)

    @wrong("2.1", "same draws in every call")
    def makes_a_generator_inside(n, dim, times):
        return summed(
            times, torch.from_numpy(np.random.default_rng(5).standard_normal((len(times) - 1, n, dim)))
        )

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

    @right("2.1")
    def numpy_noise_own_generator(n, dim, times):
        noise = torch.from_numpy(rng.standard_normal((len(times), n, dim)))
        return (torch.diff(times, prepend=times[:1]).sqrt()[:, None, None] * noise).cumsum(0)

    @right("2.1")
    def by_covariance(n, dim, times):
        cov = torch.minimum(times[1:, None], times[None, 1:])
        root = torch.linalg.cholesky(cov)
        rest = torch.einsum("ij,jnd->ind", root, torch.randn(len(times) - 1, n, dim, dtype=times.dtype))
        return torch.cat([torch.zeros_like(rest[:1]), rest])

    @right("2.1")
    def clones_as_it_goes(n, dim, times):
        w = torch.zeros(n, dim)
        out = [w.clone()]
        for h in times.diff():
            w += h.sqrt() * torch.randn(n, dim)
            out.append(w.clone())
        return torch.stack(out)

    wrong("2.1", "draws recur")(
        lambda n, dim, times: summed(
            times, torch.cat([e := torch.randn(len(times) - 1, n // 2 + 1, dim), -e], dim=1)[:, :n]
        )
    )
    wrong("2.1", "increments tied")(
        lambda n, dim, times: summed(
            times, torch.randn(1, n, dim) * (-1.0) ** torch.arange(len(times) - 1)[:, None, None]
        )
    )
    wrong("2.1", "draws centred")(
        lambda n, dim, times: (
            (w := summed(times, torch.randn(len(times) - 1, n, dim))) - w.mean(dim=1, keepdim=True)
        )
    )
    wrong("2.1", "wrong mean")(
        lambda n, dim, times: summed(times, torch.randn(len(times) - 1, n, dim)) + times[:, None, None]
    )


class Ex2_2:
    wrong("2.2", "no noise")(lambda drift, diffusion, x, t, h: x + h * drift(x, t))

    wrong("2.2", "h for sqrt(h)")(
        lambda drift, diffusion, x, t, h: x + (drift(x, t) + diffusion(x, t) * torch.randn_like(x)) * h
    )

    wrong("2.2", "root of sigma")(
        lambda drift, diffusion, x, t, h: (
            x + h * drift(x, t) + (diffusion(x, t) * h) ** 0.5 * torch.randn_like(x)
        )
    )

    wrong("2.2", "not normal")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, t, h, torch.randn_like(x).sign())
    )

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

    wrong("2.2", "raises")(
        lambda drift, diffusion, x, t, h: (
            x + h * drift(x, t) + diffusion(x, t) * torch.sqrt(h) * torch.randn_like(x)
        )
    )

    wrong("2.2", "field misused")(
        lambda drift, diffusion, x, t, h: x + h * drift(t, x) + diffusion(t, x) * h**0.5 * torch.randn_like(x)
    )

    wrong("2.2", "one noise for all")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, t, h, torch.randn(1))
    )

    wrong("2.2", "one noise for all")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, t, h, np.random.randn())
    )

    @right("2.2")
    def noise_first(drift, diffusion, x, t, h):
        dw = torch.normal(0.0, h**0.5, size=x.shape)
        return x + diffusion(x, t) * dw + drift(x, t) * h

    @right("2.2")
    def tensors_of_time(drift, diffusion, x, t, h):
        t, h = torch.tensor(t), torch.tensor(h)
        s = torch.as_tensor(diffusion(x, t))
        return x + h * drift(x, t) + (s**2 * h).sqrt() * torch.randn(x.shape)

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

    wrong("2.2", "state drawn anew")(
        lambda drift, diffusion, x, t, h: kicked(
            drift, diffusion, torch.randn_like(x), t, h, torch.randn_like(x)
        )
    )
    wrong("2.2", "moves differ without diffusion")(
        lambda drift, diffusion, x, t, h: (
            torch.randn_like(x) + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn_like(x)
        )
    )
    wrong("2.2", "moves differ without diffusion")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, t, h, torch.randn_like(x)).clamp(-3, 3)
    )
    wrong("2.2", "ignores `t`")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, 0.0, h, torch.randn_like(x))
    )
    wrong("2.2", "ignores `h`")(
        lambda drift, diffusion, x, t, h: kicked(drift, diffusion, x, t, 0.01, torch.randn_like(x))
    )
    wrong("2.2", "wrong spread")(
        lambda drift, diffusion, x, t, h: kicked(
            drift, lambda x, t: torch.as_tensor(diffusion(x, t)).flatten()[0], x, t, h, torch.randn_like(x)
        )
    )


def rate(half_life):
    return math.log(2) / half_life


class Ex2_3:
    wrong("2.3", "order swapped")(
        lambda x, t, std, half_life: (std * math.sqrt(2 * rate(half_life)), -rate(half_life) * x)
    )
    wrong("2.3", "one over the half-life")(
        lambda x, t, std, half_life: (-x / half_life, std * math.sqrt(2 / half_life))
    )
    wrong("2.3", "wrong diffusion")(
        lambda x, t, std, half_life: (-rate(half_life) * x, 2 * std * math.sqrt(rate(half_life)))
    )
    wrong("2.3", "wrong drift")(
        lambda x, t, std, half_life: (-2 * rate(half_life) * x, std * math.sqrt(4 * rate(half_life)))
    )
    wrong("2.3", "wrong type")(
        lambda x, t, std, half_life: -rate(half_life) * x + std * math.sqrt(2 * rate(half_life))
    )
    wrong("2.3", "noise inside the diffusion coefficient")(
        lambda x, t, std, half_life: (
            -rate(half_life) * x,
            std * math.sqrt(2 * rate(half_life)) * torch.randn(len(x), 1),
        )
    )

    @wrong("2.3", "noise inside the drift")
    def draws_in_the_drift(x, t, std, half_life):
        s = std * math.sqrt(2 * rate(half_life))
        return -rate(half_life) * x + s * torch.randn_like(x), s

    @wrong("2.3", "raises")
    def negative_rate(x, t, std, half_life):
        theta = math.log(0.5) / half_life
        return -theta * x, std * math.sqrt(2 * theta)

    @wrong("2.3", "drift away from zero")
    def sign_of_the_logarithm(x, t, std, half_life):
        theta = np.log(0.5) / half_life
        return -theta * x, std * math.sqrt(2 * abs(theta))

    @wrong("2.3", "raises")
    def torch_log_of_a_float(x, t, std, half_life):
        theta = torch.log(2) / half_life
        return -theta * x, std * torch.sqrt(2 * theta)

    @wrong("2.3", "missing 2 in the stationary variance")
    def forgets_the_two(x, t, std, half_life):
        theta = -math.log(0.5) / half_life
        return -theta * x, (theta * std**2) ** 0.5

    wrong("2.3", "ignores `std` and `half_life`")(lambda x, t, std, half_life: (-rate(half_life) * x, 1.0))
    wrong("2.3", "ignores `half_life`")(lambda x, t, std, half_life: (-rate(half_life) * x, 2 * std))
    wrong("2.3", "width for the strength")(lambda x, t, std, half_life: (-math.log(2) / half_life * x, std))
    wrong("2.3", "random coefficients")(
        lambda x, t, std, half_life: (-rate(half_life) * x, std * np.random.randn())
    )
    wrong("2.3", "wrong drift")(
        lambda x, t, std, half_life: (
            (-rate(half_life) * x).clamp(-10, 10),
            std * math.sqrt(2 * rate(half_life)),
        )
    )

    @right("2.3")
    def names_first(x, t, std, half_life):
        theta = math.log(2) / half_life
        return [-(x * theta), math.sqrt(2 * theta * std**2)]

    @right("2.3")
    def by_a_power_of_one_half(x, t, std, half_life):
        theta = -math.log(0.5 ** (1 / half_life))
        return (0 - x).mul(theta), torch.full_like(x, std * (2 * theta) ** 0.5)

    @right("2.3")
    def variance_first(x, t, std, half_life):
        theta = np.log(2.0) / half_life
        variance = 2 * theta * std * std
        return torch.stack([-theta * x, torch.ones_like(x) * variance**0.5])

    @right("2.3")
    def column_of_strengths(x, t, std, half_life):
        theta = torch.log(torch.tensor(2.0)) / half_life
        return -theta * x, (std * torch.sqrt(2 * theta)).expand(len(x), 1)


class Ex2_4:
    wrong("2.4", "wrong type")(lambda x0, t, theta, sigma: x0 * torch.exp(-theta * torch.as_tensor(t)))

    @wrong("2.4", "NaN")
    def sign_in_the_exponent(x0, t, theta, sigma):
        a = torch.exp(theta * torch.as_tensor(t))
        return x0 / a, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2))

    wrong("2.4", "raises")(lambda x0, t, theta, sigma: (x0 * torch.exp(-theta * t), sigma))

    @wrong("2.4", "wrong end")
    def theta_squared(x0, t, theta, sigma):
        a = torch.exp(-theta * torch.as_tensor(t))
        return a * x0, torch.sqrt(sigma**2 / (2 * theta**2) * (1 - a**2))

    @wrong("2.4", "times mixed up")
    def mean_time(x0, t, theta, sigma):
        t = float(torch.as_tensor(t).mean())
        return x0 * math.exp(-theta * t), sigma * math.sqrt((1 - math.exp(-2 * theta * t)) / (2 * theta))

    wrong("2.4", "wrong shape")(lambda x0, t, theta, sigma: law(x0.mean(dim=0), t, theta, sigma))

    wrong("2.4", "random result")(lambda x0, t, theta, sigma: law(x0 + torch.randn_like(x0), t, theta, sigma))

    @wrong("2.4", "wrong shape")
    def flat_std(x0, t, theta, sigma):
        a = torch.exp(-theta * torch.as_tensor(t)) * torch.ones(len(x0), 1)
        return a * x0, torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2)).flatten()

    @wrong("2.4", "order swapped")
    def std_first_as_a_float(x0, t, theta, sigma):
        if isinstance(t, float):
            a = math.exp(-theta * t)
            return math.sqrt(sigma**2 / (2 * theta) * (1 - a**2)), a * x0
        a = torch.exp(-theta * t)
        return torch.sqrt(sigma**2 / (2 * theta) * (1 - a**2)), a * x0

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

    wrong("2.4", "ignores `t`")(lambda x0, t, theta, sigma: law(x0, 1.0, theta, sigma))
    wrong("2.4", "ignores `sigma`")(
        lambda x0, t, theta, sigma: (
            law(x0, t, theta, 1.0)[0],
            torch.sqrt(1 - law(1.0, t, theta, 1.0)[0] ** 2),
        )
    )
    right("2.4")(
        lambda x0, t, theta, sigma: (law(x0, t, theta, sigma)[0], law(x0, t, theta, sigma)[1].clamp(min=1e-6))
    )


class Ex2_5:
    @right("2.5")
    def a_draw_for_each_coordinate(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            kick = math.sqrt(h) * torch.randn(len(x), x.shape[1])
            states.append(x + h * -theta * x + sigma * kick)
        return torch.stack(states)

    @right("2.5")
    def all_kicks_at_once(x0, times, theta, sigma):
        states, noise = [x0], torch.randn(len(times) - 1, *x0.shape)
        for h, eps in zip(times.diff().tolist(), noise, strict=True):
            states.append(states[-1] - h * theta * states[-1] + sigma * h**0.5 * eps)
        return torch.stack(states)

    @right("2.5")
    def coefficient_shaped_like_the_states(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            states.append(x - h * theta * x + sigma * torch.ones_like(x) * torch.normal(0.0, h**0.5, x.shape))
        return torch.stack(states)

    @right("2.5")
    def exact_jumps(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff():
            a = torch.exp(-theta * h)
            std = sigma * torch.sqrt((1 - a**2) / (2 * theta))
            states.append(a * states[-1] + std * torch.randn_like(x0))
        return torch.stack(states)

    @wrong("2.5", "the bug is still there")
    def untouched(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            states.append(x - h * theta * x + sigma * math.sqrt(h) * torch.randn(len(x), 1))
        return torch.stack(states)

    @wrong("2.5", "the bug is still there")
    def repeated_by_hand(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            noise = torch.randn(len(x), 1).expand_as(x)
            states.append(x - h * theta * x + sigma * math.sqrt(h) * noise)
        return torch.stack(states)

    @wrong("2.5", "one noise for the whole batch")
    def the_other_axis(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            states.append(x - h * theta * x + sigma * math.sqrt(h) * torch.randn(1, x.shape[1]))
        return torch.stack(states)

    @wrong("2.5", "raises")
    def always_in_the_plane(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            states.append(x - h * theta * x + sigma * math.sqrt(h) * torch.randn(len(x), 2))
        return torch.stack(states)

    @wrong("2.5", "coordinates tied")
    def the_first_two_coordinates_only(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            x = states[-1]
            noise = torch.randn(len(x), 2)[:, torch.arange(x.shape[1]).clamp(max=1)]
            states.append(x - h * theta * x + sigma * math.sqrt(h) * noise)
        return torch.stack(states)

    @wrong("2.5", "the noise is a fixed push")
    def draw_taken_out(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            states.append(states[-1] - h * theta * states[-1] + sigma * math.sqrt(h))
        return torch.stack(states)

    @wrong("2.5", "not normal")
    def drawn_twice(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            kick = sigma * torch.randn(len(x0), 1) * math.sqrt(h) * torch.randn_like(x0)
            states.append(states[-1] - h * theta * states[-1] + kick)
        return torch.stack(states)

    @wrong("2.5", "h for sqrt(h)")
    def takes_the_root_for_the_bug(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            states.append(states[-1] - h * theta * states[-1] + sigma * h * torch.randn_like(x0))
        return torch.stack(states)

    @wrong("2.5", "wrong spread")
    def half_of_the_strength(x0, times, theta, sigma):
        states = [x0]
        for h in times.diff().tolist():
            states.append(
                states[-1] - h * theta * states[-1] + sigma / 2 * math.sqrt(h) * torch.randn_like(x0)
            )
        return torch.stack(states)

    @wrong("2.5", "same noise in every step")
    def draws_before_the_loop(x0, times, theta, sigma):
        noise, states = torch.randn_like(x0), [x0]
        for h in times.diff().tolist():
            states.append(states[-1] - h * theta * states[-1] + sigma * math.sqrt(h) * noise)
        return torch.stack(states)


def slope(log_density, x):
    x = x.detach().clone().requires_grad_(True)
    return torch.autograd.grad(log_density(x).sum(), x)[0]


class Ex2_6:
    wrong("2.6", "half of sigma, squared")(
        lambda x, t, log_density, sigma: (0.5 * sigma) ** 2 * slope(log_density, x)
    )
    wrong("2.6", "ignores `log_density`")(lambda x, t, log_density, sigma: -0.5 * sigma**2 * x)
    wrong("2.6", "field misused")(
        lambda x, t, log_density, sigma: 0.5 * sigma**2 * slope(lambda x: log_density(x, t), x)
    )
    wrong("2.6", "out of balance")(
        lambda x, t, log_density, sigma: sigma**2 / math.sqrt(2) * slope(log_density, x)
    )
    wrong("2.6", "not along the score")(
        lambda x, t, log_density, sigma: 0.5 * sigma**2 * slope(log_density, x).flip(1)
    )
    wrong("2.6", "noise inside the drift")(
        lambda x, t, log_density, sigma: sigma**2 / 2 * slope(log_density, x) + sigma * torch.randn_like(x)
    )
    wrong("2.6", "depends on `t`")(
        lambda x, t, log_density, sigma: (1 - t) * sigma**2 / 2 * slope(log_density, x)
    )
    wrong("2.6", "not along the score")(
        lambda x, t, log_density, sigma: (sigma**2 / 2 * slope(log_density, x)).clamp(-20, 20)
    )
    wrong("2.6", "wrong shape")(lambda x, t, log_density, sigma: sigma**2 / 2 * log_density(x))
    wrong("2.6", "wrong type")(
        lambda x, t, log_density, sigma: torch.autograd.grad(
            log_density(y := x.clone().requires_grad_(True)).sum(), y
        )
    )

    @wrong("2.6", "raises")
    def without_a_sum(x, t, log_density, sigma):
        x = x.clone().requires_grad_(True)
        return sigma**2 / 2 * torch.autograd.grad(log_density(x), x)[0]

    @wrong("2.6", "raises")
    def no_gradient_required(x, t, log_density, sigma):
        return sigma**2 / 2 * torch.autograd.grad(log_density(x).sum(), x)[0]

    @wrong("2.6", "mean for sum")
    def backward_of_the_mean(x, t, log_density, sigma):
        x = x.clone().requires_grad_(True)
        log_density(x).mean().backward()
        return 0.5 * sigma**2 * x.grad

    @wrong("2.6", "missing half")
    def all_of_sigma_squared(x, t, log_density, sigma):
        return sigma**2 * slope(log_density, x)

    @wrong("2.6", "gradient of the density")
    def exponentiated_first(x, t, log_density, sigma):
        return 0.5 * sigma**2 * slope(lambda x: torch.exp(log_density(x)), x)

    @wrong("2.6", "sigma times the score")
    def one_sigma_too_few(x, t, log_density, sigma):
        return sigma * slope(log_density, x)

    @wrong("2.6", "out of balance")
    def density_of_the_whole_batch(x, t, log_density, sigma):
        return sigma**2 / 2 * slope(lambda x: torch.logsumexp(log_density(x), 0), x)

    right("2.6")(lambda x, t, log_density, sigma: sigma**2 / 2 * slope(log_density, x))

    @right("2.6")
    def by_backward(x, t, log_density, sigma):
        x = x.clone()
        x.requires_grad_(True)
        log_density(x).sum().backward()
        return 0.5 * sigma * sigma * x.grad

    @right("2.6")
    def by_grad_outputs(x, t, log_density, sigma):
        x = x.detach().requires_grad_()
        values = log_density(x)
        (pull,) = torch.autograd.grad(values, x, grad_outputs=torch.ones_like(values))
        return torch.mul(pull, sigma**2 / 2)

    @right("2.6")
    def by_torch_func(x, t, log_density, sigma):
        return torch.func.grad(lambda y: log_density(y).sum())(x) * torch.tensor(sigma).square() / 2

    @right("2.6")
    def row_by_row(x, t, log_density, sigma):
        return torch.cat([sigma**2 / 2 * slope(log_density, rows) for rows in x.split(500)])

    @right("2.6")
    def the_factor_inside(x, t=0.0, log_density=None, sigma=1.0):
        with torch.enable_grad():
            x = x.detach().clone().requires_grad_(True)
            total = (sigma**2 * log_density(x) / 2).sum()
            return torch.autograd.grad(total, x, create_graph=True)[0]


class Ex2_7:
    wrong("2.7", "score forgotten")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) + 0 * score(x, t), sigma)
    )
    wrong("2.7", "correction without noise")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) + 0.5 * sigma**2 * score(x, t), 0)
    )
    wrong("2.7", "order swapped")(
        lambda x, t, velocity, score, sigma: (sigma, velocity(x, t) + 0.5 * sigma**2 * score(x, t))
    )
    wrong("2.7", "missing half")(
        lambda x, t, velocity, score, sigma: [velocity(x, t) + sigma * sigma * score(x, t), sigma]
    )
    wrong("2.7", "sign of the score")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) - sigma**2 / 2 * score(x, t), sigma)
    )
    wrong("2.7", "wrong type")(
        lambda x, t, velocity, score, sigma: velocity(x, t) + sigma**2 / 2 * score(x, t)
    )
    wrong("2.7", "field misused")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) + sigma**2 / 2 * score(t, x), sigma)
    )
    wrong("2.7", "out of balance")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) + sigma**2 / 3 * score(x, t), sigma)
    )
    wrong("2.7", "wrong diffusion")(
        lambda x, t, velocity, score, sigma: (velocity(x, t) + sigma**2 / 2 * score(x, t), 0.5 * sigma)
    )
    wrong("2.7", "ignores `velocity` and `t`")(
        lambda x, t, velocity, score, sigma: (sigma**2 / 2 * score(x, 0.3), sigma)
    )
    wrong("2.7", "noise inside the diffusion coefficient")(
        lambda x, t, velocity, score, sigma: (
            velocity(x, t) + sigma**2 / 2 * score(x, t),
            sigma * torch.randn(len(x), 1),
        )
    )

    @wrong("2.7", "rows mixed up")
    def one_strength_for_all(x, t, velocity, score, sigma):
        sigma = float(torch.as_tensor(sigma).mean())
        return velocity(x, t) + 0.5 * sigma**2 * score(x, t), sigma

    @wrong("2.7", "raises")
    def strength_by_math(x, t, velocity, score, sigma):
        return velocity(x, t) + math.pow(sigma, 2) / 2 * score(x, t), sigma

    @wrong("2.7", "changed without noise")
    def a_small_number_for_safety(x, t, velocity, score, sigma):
        return velocity(x, t) + 0.5 * (sigma**2 + 0.1) * score(x, t), sigma

    right("2.7")(lambda x, t, velocity, score, sigma: (velocity(x, t) + 0.5 * sigma**2 * score(x, t), sigma))

    @right("2.7")
    def with_names(x, t, velocity, score, sigma):
        u, s = velocity(x, t), score(x, t)
        half = (sigma * sigma) / 2
        return [u + half * s, sigma + torch.zeros_like(x)]

    @right("2.7")
    def in_place_on_a_copy(x, t, velocity, score, sigma):
        drift = velocity(x, t).clone()
        drift += torch.as_tensor(sigma).square() * score(x, t) * 0.5
        return drift, torch.as_tensor(sigma)

    @right("2.7")
    def no_call_where_there_is_no_noise(x, t, velocity, score, sigma):
        if not torch.as_tensor(sigma).any():
            return velocity(x, t), 0.0
        return velocity(x, t) + score(x, t).mul(0.5 * sigma**2), sigma

    @wrong("2.7", "out of balance")
    def cut_off(x, t, velocity, score, sigma):
        return velocity(x, t) + 0.5 * sigma**2 * score(x, t).clamp(-10, 10), sigma

    @wrong("2.7", "rows mixed up")
    def first_strength_for_all(x, t, velocity, score, sigma):
        first = torch.as_tensor(sigma).flatten()[0]
        return velocity(x, t) + 0.5 * first**2 * score(x, t), sigma


class Ex2_8:
    wrong("2.8", "variance for strength")(
        lambda path, times: (path[1:] - path[:-1]).square().sum(0) / (times[-1] - times[0])
    )
    wrong("2.8", "time left out")(lambda path, times: (path[1:] - path[:-1]).norm(dim=0))
    wrong("2.8", "mean for sum")(lambda path, times: path.diff(dim=0).pow(2).mean(0).sqrt())
    wrong("2.8", "square of the sum")(
        lambda path, times: (path[-1] - path[0]).abs() / (times[-1] - times[0]).sqrt()
    )
    wrong("2.8", "last time for the span")(
        lambda path, times: (path.diff(dim=0).square().sum(0) / times[-1]).sqrt()
    )
    wrong("2.8", "first gap for all")(
        lambda path, times: (path.diff(dim=0) / (times[1] - times[0]).sqrt()).std(dim=0)
    )
    wrong("2.8", "wrong shape")(
        lambda path, times: (path.diff(dim=0).square().sum() / (times[-1] - times[0])).sqrt()
    )
    wrong("2.8", "wrong strength")(
        lambda path, times: 2 * (path.diff(dim=0).square().sum(0) / (times[-1] - times[0])).sqrt()
    )
    wrong("2.8", "raises")(lambda path, times: (path.diff(dim=0).square() / times.diff()).mean(dim=0).sqrt())
    wrong("2.8", "single paths off")(
        lambda path, times: (path[:21].diff(dim=0).square().sum(0) / (times[20] - times[0])).sqrt()
    )
    wrong("2.8", "depends on the height")(
        lambda path, times: (
            path.diff(dim=0, prepend=torch.zeros_like(path[:1])).square().sum(0) / (times[-1] - times[0])
        ).sqrt()
    )
    wrong("2.8", "mean for sum")(lambda path, times: path.diff(dim=0).std(dim=0))

    @right("2.8")
    def a_mean_of_ratios(path, times):
        gaps = times.diff()[:, None, None]
        return (path.diff(dim=0).square() / gaps).mean(dim=0).sqrt()

    @right("2.8")
    def standardised_first(path, times):
        z = path.diff(dim=0) / times.diff()[:, None, None].sqrt()
        return z.std(dim=0)

    @right("2.8")
    def accumulated(path, times):
        total = torch.zeros_like(path[0])
        for before, after in itertools.pairwise(path):
            total += (after - before) ** 2
        return torch.sqrt(total / (times[-1] - times[0]))

    @right("2.8")
    def by_sizes(path, times):
        z = path.diff(dim=0).abs() / times.diff()[:, None, None].sqrt()
        return z.mean(dim=0) * math.sqrt(math.pi / 2)

    @right("2.8")
    def by_numpy(path, times):
        moves, span = np.diff(path.numpy(), axis=0), float(times[-1] - times[0])
        return torch.from_numpy(np.sqrt((moves**2).sum(axis=0) / span))


class Ex2_9:
    wrong("2.9", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, round(1 / h)).var())
    wrong("2.9", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, 30).var())
    wrong("2.9", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, int(5 / h)).var())

    wrong("2.9", "standard deviation for variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(8 / (theta * h))).std()
    )

    @wrong("2.9", "wrong shape")
    def variance_of_each_path(theta, sigma, n, h):
        xs, x = [], torch.zeros(n)
        for _ in range(int(5 / (theta * h))):
            x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
            xs.append(x)
        return torch.stack(xs).var(dim=0)

    @wrong("2.9", "paths all alike")
    def one_noise_for_all_paths(theta, sigma, n, h):
        x = torch.zeros(n, 1)
        for _ in range(math.ceil(5 / (theta * h))):
            x = x - theta * h * x + math.sqrt(h) * sigma * torch.randn(1)
        return x.var()

    wrong("2.9", "paths run away")(
        lambda theta, sigma, n, h: settle(-theta, sigma, n, h, math.ceil(5 / (theta * h))).var()
    )

    @wrong("2.9", "not settled yet")
    def variance_over_all_times(theta, sigma, n, h):
        seen, x = [], torch.zeros(n)
        for _ in range(math.ceil(5 / (theta * h))):
            x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
            seen.append(x)
        return torch.stack(seen).var()

    wrong("2.9", "not by steps of h")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, 0.02, math.ceil(6 / (theta * 0.02))).var()
    )

    @wrong("2.9", "not by steps of h")
    def exact_jumps(theta, sigma, n, h):
        a = math.exp(-theta * h)
        x = torch.zeros(n, 1, dtype=torch.float64)
        for _ in range(math.ceil(7 / (theta * h))):
            x = a * x + sigma * math.sqrt((1 - a * a) / (2 * theta)) * torch.randn(n, 1)
        return x.var(dim=0)

    right("2.9")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, int(8 / theta / h)).var().item())
    right("2.9")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(5 / (theta * h))).var())

    @right("2.9")
    def from_far_away_biased_estimate(theta, sigma, n, h):
        x = 3 * torch.ones(n)
        for _ in range(600):
            x += -theta * h * x + sigma * h**0.5 * torch.randn(n)
        return ((x - x.mean()) ** 2).mean()

    @right("2.9")
    def started_at_random(theta, sigma, n, h):
        x = 2 * torch.rand(n, dtype=torch.float64)
        for _ in range(math.ceil(5 / (theta * h))):
            x = (1 - theta * h) * x + sigma * h**0.5 * torch.from_numpy(
                np.random.default_rng().normal(size=n)
            )
        return np.var(x.numpy())

    wrong("2.9", "ignores `n`")(
        lambda theta, sigma, n, h: settle(theta, sigma, 1000, h, math.ceil(6 / (theta * h))).var()
    )

    @wrong("2.9", "kicks not normal")
    def noise_drawn_twice(theta, sigma, n, h):
        x = torch.zeros(n)
        for _ in range(math.ceil(6 / (theta * h))):
            x = x - theta * h * x + sigma * torch.randn(n) * math.sqrt(h) * torch.randn(n)
        return x.var()

    wrong("2.9", "wrong variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, 0.2, math.ceil(6 / (theta * 0.2))).var()
    )
    wrong("2.9", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, 60).var())
    wrong("2.9", "wrong variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(6 / (theta * h))).mean()
    )


class Ex2_10:
    wrong("2.10", "wrong steps")(
        lambda score, x, sigma, h, steps: langevin(
            score, x, sigma, h, steps, lambda x: torch.randn_like(x) / 2
        )
    )

    wrong("2.10", "wrong steps")(
        lambda score, x, sigma, h, steps: langevin(lambda x: score(x) / sigma, x, sigma, h, steps)
    )

    wrong("2.10", "one noise for all states")(
        lambda score, x, sigma, h, steps: langevin(score, x, sigma, h, steps, lambda x: torch.randn(1))
    )

    @wrong("2.10", "field misused")
    def score_of_state_and_time(score, x, sigma, h, steps):
        for i in range(steps):
            x = x + 0.5 * h * sigma**2 * score(x, i * h) + sigma * math.sqrt(h) * torch.randn_like(x)
        return x

    right("2.10")(shared_kicks(lambda x: torch.randn(x.shape)))
    right("2.10")(shared_kicks(lambda x: torch.normal(0.0, 1.0, size=x.shape)))
    right("2.10")(shared_kicks(lambda x: torch.randn(x.shape, generator=generator)))
    right("2.10")(shared_kicks(lambda x: torch.from_numpy(rng.standard_normal(x.shape))))

    @wrong("2.10", "no better than Euler and Maruyama")
    def euler_maruyama(score, x, sigma, h, steps):
        x = x.clone()
        for _ in range(steps):
            x += sigma**2 * h / 2 * score(x) + sigma * math.sqrt(h) * torch.randn(x.shape)
        return x

    @wrong("2.10", "below the floor")
    def heun(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            kick = math.sqrt(k) * torch.randn_like(x)
            first = score(x)
            x = x + k / 4 * (first + score(x + k / 2 * first + kick)) + kick
        return x

    @wrong("2.10", "below the floor")
    def kicks_a_little_weaker(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            s = score(x)
            kick = math.sqrt(k * max(1 - 0.02 * k * float((s**2).mean()), 0.4)) * torch.randn_like(x)
            x = x + k / 2 * s + kick
        return x

    @right("2.10")
    def weaker_kicks_by_the_variance_of_the_batch(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            rate = 1 / (x.var() + 1e-3)
            x = x + k / 2 * score(x) + torch.sqrt(k * (1 - k * rate / 2).clamp(min=0.3)) * torch.randn_like(x)
        return x

    @right("2.10")
    def weaker_kicks_by_the_score(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            s = score(x)
            kick = math.sqrt(k * max(1 - k * float((s**2).mean()) / 4, 0.4)) * torch.randn_like(x)
            x = x + k / 2 * s + kick
        return x

    @wrong("2.10", "no better than Euler and Maruyama")
    def looks_ahead(score, x, sigma, h, steps):
        k, before = sigma**2 * h, None
        for _ in range(steps):
            now = score(x)
            before = now if before is None else before
            x = x + k / 2 * (3 * now - before) / 2 + math.sqrt(k) * torch.randn_like(x)
            before = now
        return x

    @wrong("2.10", "no better than Euler and Maruyama")
    def weaker_kicks_tuned_to_one_target(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            x = x + k / 2 * score(x) + math.sqrt(max(k - k**2 / 4, 0)) * torch.randn_like(x)
        return x

    @wrong("2.10", "no better than Euler and Maruyama")
    def score_at_half_of_the_kick(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            kick = math.sqrt(k) * torch.randn_like(x)
            x = x + k / 2 * score(x + kick / 2) + kick
        return x

    @wrong("2.10", "ignores `steps`")
    def score_asked_once(score, x, sigma, h, steps):
        pull = score(x)
        for _ in range(steps):
            x = x + 0.5 * sigma**2 * h * pull + sigma * math.sqrt(h) * torch.randn_like(x)
        return x

    @wrong("2.10", "bias too large")
    def score_after_the_kick(score, x, sigma, h, steps):
        k = sigma**2 * h
        for _ in range(steps):
            kick = math.sqrt(k) * torch.randn_like(x)
            x = x + k / 2 * score(x + kick) + kick
        return x

    @right("2.10")
    def leimkuhler_matthews(score, x, sigma, h, steps):
        k, old = sigma**2 * h, torch.randn_like(x)
        for _ in range(steps):
            new = torch.randn_like(x)
            x, old = x + k / 2 * score(x) + math.sqrt(k) * 0.5 * (old + new), new
        return x

    @wrong("2.10", "no better than Euler and Maruyama")
    def two_half_steps(score, x, sigma, h, steps):
        k = sigma**2 * h / 2
        for _ in range(2 * steps):
            x = x + k / 2 * score(x) + k**0.5 * torch.randn_like(x)
        return x

    wrong("2.10", "ignores `steps`")(lambda score, x, sigma, h, steps: langevin(score, x, sigma, h, 100))
    wrong("2.10", "ignores `score`")(lambda score, x, sigma, h, steps: 0.3 * x + 0.9 * torch.randn_like(x))
    wrong("2.10", "start drawn anew")(
        lambda score, x, sigma, h, steps: langevin(score, torch.randn_like(x), sigma, h, steps)
    )
    wrong("2.10", "one noise for all coordinates")(
        lambda score, x, sigma, h, steps: langevin(
            score, x, sigma, h, steps, lambda x: torch.randn(len(x), 1)
        )
    )
