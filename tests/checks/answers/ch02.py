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


class Ex2_3:
    wrong("2.3", "order swapped")(lambda x, t, theta, sigma: (sigma, -theta * x))
    wrong("2.3", "wrong diffusion")(lambda x, t, theta, sigma: (-theta * x, math.sqrt(2) * sigma))
    wrong("2.3", "wrong drift")(lambda x, t, theta, sigma: (-theta / 2 * x, sigma))
    wrong("2.3", "wrong type")(lambda x, t, theta, sigma: -theta * x + sigma)

    wrong("2.3", "noise inside the diffusion coefficient")(
        lambda x, t, theta, sigma: (-theta * x, torch.randn(len(x), 1) * sigma)
    )

    wrong("2.3", "noise inside the drift")(
        lambda x, t, theta, sigma: (-theta * x + sigma * torch.randn_like(x), sigma)
    )

    right("2.3")(lambda x, t, theta, sigma: [-(x * theta), float(sigma)])
    right("2.3")(lambda x, t, theta, sigma: ((0 - x).mul(theta), torch.full_like(x, sigma)))
    right("2.3")(lambda x, t, theta, sigma: torch.stack([theta * (0 - x), sigma * torch.ones_like(x)]))
    right("2.3")(lambda x, t, theta, sigma: (-theta * x, torch.full((len(x), 1), sigma)))
    wrong("2.3", "ignores `theta`")(lambda x, t, theta, sigma: (-(sigma**2) / 2 * x, sigma))
    wrong("2.3", "ignores `sigma`")(lambda x, t, theta, sigma: (-theta * x, 1.0))
    wrong("2.3", "wrong drift")(lambda x, t, theta, sigma: ((-theta * x).clamp(-10, 10), sigma))
    wrong("2.3", "random coefficients")(lambda x, t, theta, sigma: (-theta * x, sigma * np.random.randn()))


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
    wrong("2.5", "half of sigma, squared")(lambda x, t, score, sigma: (0.5 * sigma) ** 2 * score(x))
    wrong("2.5", "ignores `score`")(lambda x, t, score, sigma: -0.5 * sigma**2 * x)
    wrong("2.5", "field misused")(lambda x, t, score, sigma: 0.5 * sigma**2 * score(x, t))
    wrong("2.5", "out of balance")(lambda x, t, score, sigma: sigma**2 / math.sqrt(2) * score(x))
    wrong("2.5", "not along the score")(lambda x, t, score, sigma: 0.5 * sigma**2 * score(x).flip(1))
    wrong("2.5", "field misused")(lambda x, t, score, sigma: 0.5 * sigma**2 * score(t))

    wrong("2.5", "noise inside the drift")(
        lambda x, t, score, sigma: sigma**2 / 2 * score(x) + sigma * torch.randn_like(x)
    )

    right("2.5")(lambda x, t, score, sigma: sigma**2 / 2 * score(x))
    right("2.5")(lambda x, t, score, sigma: 0.5 * sigma**2 * score(x=x))

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

    wrong("2.5", "depends on `t`")(lambda x, t, score, sigma: (1 - t) * sigma**2 / 2 * score(x))
    wrong("2.5", "ignores `score`")(lambda x, t, score, sigma: sigma**2 / 2 * (1 - x))
    wrong("2.5", "not along the score")(lambda x, t, score, sigma: (sigma**2 / 2 * score(x)).clamp(-30, 30))


class Ex2_6:
    wrong("2.6", "square of the sum")(lambda path: (path[1:] - path[:-1]).sum(dim=0) ** 2)
    wrong("2.6", "coordinates added up")(lambda path: (path[1:] - path[:-1]).norm(dim=2).square().sum(dim=0))
    wrong("2.6", "along the batch")(lambda path: ((path[:, 1:] - path[:, :-1]) ** 2).sum(dim=1))
    wrong("2.6", "wrong sum")(lambda path: ((path[1:] - path[:-1]).abs() ** 3).sum(dim=0))

    right("2.6")(lambda path: torch.diff(path, dim=0).norm(dim=0).pow(2))

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

    wrong("2.6", "distance from the start")(lambda path: (path[1:] - path[0]).square().sum(dim=0))
    wrong("2.6", "depends on the height")(
        lambda path: path.diff(dim=0, prepend=torch.zeros_like(path[:1])).square().sum(dim=0)
    )
    right("2.6")(lambda path: torch.from_numpy((np.diff(path.numpy(), axis=0) ** 2).sum(axis=0)))


class Ex2_7:
    wrong("2.7", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, round(1 / h)).var())
    wrong("2.7", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, 30).var())
    wrong("2.7", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, int(5 / h)).var())

    wrong("2.7", "standard deviation for variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(8 / (theta * h))).std()
    )

    @wrong("2.7", "wrong shape")
    def variance_of_each_path(theta, sigma, n, h):
        xs, x = [], torch.zeros(n)
        for _ in range(int(5 / (theta * h))):
            x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
            xs.append(x)
        return torch.stack(xs).var(dim=0)

    @wrong("2.7", "paths all alike")
    def one_noise_for_all_paths(theta, sigma, n, h):
        x = torch.zeros(n, 1)
        for _ in range(math.ceil(5 / (theta * h))):
            x = x - theta * h * x + math.sqrt(h) * sigma * torch.randn(1)
        return x.var()

    wrong("2.7", "paths run away")(
        lambda theta, sigma, n, h: settle(-theta, sigma, n, h, math.ceil(5 / (theta * h))).var()
    )

    @wrong("2.7", "not settled yet")
    def variance_over_all_times(theta, sigma, n, h):
        seen, x = [], torch.zeros(n)
        for _ in range(math.ceil(5 / (theta * h))):
            x = x - theta * h * x + sigma * math.sqrt(h) * torch.randn(n)
            seen.append(x)
        return torch.stack(seen).var()

    wrong("2.7", "not by steps of h")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, 0.02, math.ceil(6 / (theta * 0.02))).var()
    )

    @wrong("2.7", "not by steps of h")
    def exact_jumps(theta, sigma, n, h):
        a = math.exp(-theta * h)
        x = torch.zeros(n, 1, dtype=torch.float64)
        for _ in range(math.ceil(7 / (theta * h))):
            x = a * x + sigma * math.sqrt((1 - a * a) / (2 * theta)) * torch.randn(n, 1)
        return x.var(dim=0)

    right("2.7")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, int(8 / theta / h)).var().item())
    right("2.7")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(5 / (theta * h))).var())

    @right("2.7")
    def from_far_away_biased_estimate(theta, sigma, n, h):
        x = 3 * torch.ones(n)
        for _ in range(600):
            x += -theta * h * x + sigma * h**0.5 * torch.randn(n)
        return ((x - x.mean()) ** 2).mean()

    @right("2.7")
    def started_at_random(theta, sigma, n, h):
        x = 2 * torch.rand(n, dtype=torch.float64)
        for _ in range(math.ceil(5 / (theta * h))):
            x = (1 - theta * h) * x + sigma * h**0.5 * torch.from_numpy(
                np.random.default_rng().normal(size=n)
            )
        return np.var(x.numpy())

    wrong("2.7", "ignores `n`")(
        lambda theta, sigma, n, h: settle(theta, sigma, 1000, h, math.ceil(6 / (theta * h))).var()
    )
    wrong("2.7", "wrong variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, 0.2, math.ceil(6 / (theta * 0.2))).var()
    )
    wrong("2.7", "not settled yet")(lambda theta, sigma, n, h: settle(theta, sigma, n, h, 60).var())
    wrong("2.7", "wrong variance")(
        lambda theta, sigma, n, h: settle(theta, sigma, n, h, math.ceil(6 / (theta * h))).mean()
    )


class Ex2_8:
    wrong("2.8", "wrong steps")(
        lambda score, x, sigma, h, steps: langevin(
            score, x, sigma, h, steps, lambda x: torch.randn_like(x) / 2
        )
    )

    wrong("2.8", "wrong steps")(
        lambda score, x, sigma, h, steps: langevin(lambda x: score(x) / sigma, x, sigma, h, steps)
    )

    wrong("2.8", "one noise for all states")(
        lambda score, x, sigma, h, steps: langevin(score, x, sigma, h, steps, lambda x: torch.randn(1))
    )

    @wrong("2.8", "field misused")
    def score_of_state_and_time(score, x, sigma, h, steps):
        for i in range(steps):
            x = x + 0.5 * h * sigma**2 * score(x, i * h) + sigma * math.sqrt(h) * torch.randn_like(x)
        return x

    right("2.8")(shared_kicks(lambda x: torch.randn(x.shape)))
    right("2.8")(shared_kicks(lambda x: torch.normal(0.0, 1.0, size=x.shape)))
    right("2.8")(shared_kicks(lambda x: torch.randn(x.shape, generator=generator)))
    right("2.8")(shared_kicks(lambda x: torch.from_numpy(rng.standard_normal(x.shape))))

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

    wrong("2.8", "ignores `steps`")(lambda score, x, sigma, h, steps: langevin(score, x, sigma, h, 100))
    wrong("2.8", "ignores `score`")(lambda score, x, sigma, h, steps: 0.3 * x + 0.9 * torch.randn_like(x))
    wrong("2.8", "start drawn anew")(
        lambda score, x, sigma, h, steps: langevin(score, torch.randn_like(x), sigma, h, steps)
    )
    wrong("2.8", "one noise for all coordinates")(
        lambda score, x, sigma, h, steps: langevin(
            score, x, sigma, h, steps, lambda x: torch.randn(len(x), 1)
        )
    )
