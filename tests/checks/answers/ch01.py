"""Chapter 01, flows: answers as students write them."""

import functools
import itertools
import math

import numpy as np
import torch

from . import right, wrong


class Callable:
    def __call__(self, field, x, t, h):
        return x + field(x, t).mul(h)


class Module(torch.nn.Module):
    def forward(self, field, x, t, h):
        return x + field(x, t).mul(h)


def any_power(power, field, x, t, h):
    return x + h**power * field(x, t)


def fit(x, y):
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    return ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()


REMEMBERED = {}
GENERATOR = torch.Generator().manual_seed(7)


def states_of(step, field, x, pairs):
    """The time loop, over any pairs of a time and a length."""
    states = [x]
    for t, h in pairs:
        states.append(step(field, states[-1], t, h))
    return torch.stack(states)


def gaps(times):
    return list(zip(times[:-1], times.diff(), strict=True))


def back(times):
    return [(times[i], times[i - 1] - times[i]) for i in range(len(times) - 1, 0, -1)]


def euler(field, x, steps, turns=None):
    for k in range(turns or steps):
        x = x + field(x, k / steps) / steps
    return x


def heun(field, x, t, h):
    k1 = field(x, t)
    return x + h * (k1 + field(x + h * k1, t + h)) / 2


class Ex1_1:
    wrong("1.1", "half-life")(lambda x0, t, theta, center: center + (x0 - center) * 2 ** (-theta * t))
    wrong("1.1", "raises")(lambda x0, t, theta, center: center + (x0 - center) * torch.exp(-theta * t))
    wrong("1.1", "raises")(lambda x0, t, theta, center: center + (x0 - center) * math.exp(-theta * t))

    @wrong("1.1", "grows instead of shrinking")
    def sign(x0, t, theta, center):
        t = torch.as_tensor(t)
        return center + (x0 - center) * torch.exp(theta * t)

    @wrong("1.1", "centre not subtracted")
    def centre_only_added(x0, t, theta, center):
        decay = torch.exp(-theta * torch.as_tensor(t))
        return x0 * decay + center

    @wrong("1.1", "times mixed up")
    def mean_time(x0, t, theta, center):
        return center + (x0 - center) * math.exp(-theta * float(torch.as_tensor(t).mean()))

    @right("1.1")
    def as_tensor(x0, t, theta, center):
        t = torch.as_tensor(t, dtype=x0.dtype)
        return center + (x0 - center) * torch.exp(-theta * t)

    @right("1.1")
    def power_of_e(x0, t, theta, center):
        return x0 * math.e ** (-theta * t) + center * (1 - math.e ** (-theta * t))

    @right("1.1")
    def own_copy_in_place(x0, t, theta, center):
        d = x0.clone()
        d -= center
        d *= torch.exp(-theta * torch.as_tensor(t))
        d += center
        return d

    @right("1.1")
    def two_cases(x0, t, theta, center):
        decay = math.exp(-theta * t) if isinstance(t, float) else torch.exp(-theta * t)
        return center + decay * (x0 - center)

    wrong("1.1", "random result")(
        lambda x0, t, theta, center: (
            center + (x0 - center) * math.e ** (-theta * t) + 0.1 * torch.randn_like(x0)
        )
    )
    wrong("1.1", "off the field")(
        lambda x0, t, theta, center: (center + (x0 - center) * math.e ** (-theta * t)).clamp(-5, 5)
    )
    wrong("1.1", "times mixed up")(
        lambda x0, t, theta, center: (
            center
            + (x0 - center)
            * math.e ** (-theta * (t if isinstance(t, float) or len(x0) != x0.shape[1] else t.flatten()))
        )
    )


class Ex1_2:
    wrong("1.2", "off the tangent")(lambda field, x, t, h: x + h * field(x, t).mean(dim=0))
    wrong("1.2", "ignores `t`")(lambda field, x, t, h: x + h * field(x, 0.0))
    wrong("1.2", "field misused")(lambda field, x, t, h: x + h * field(t, x))
    wrong("1.2", "wrong move")(lambda field, x, t, h: x + h / 2 * field(x, t))
    wrong("1.2", "field misused")(lambda field, x, t, h: x + h * field(x, t, h))
    wrong("1.2", "raises")(lambda field, x, t, h: x + h * field(x))
    wrong("1.2", "raises")(lambda field, x, t, h: x + h * field)

    @wrong("1.2", "slope at the end of the step")
    def late(field, x, t, h):
        t = t + h
        return x + h * field(x, t)

    @wrong("1.2", "input edited")
    def overwrites_x(field, x, t, h):
        x += h * field(x, t)
        return x

    @wrong("1.2", "gradient switched on")
    def follows_its_input(field, x, t, h):
        x.requires_grad_()
        return x + h * field(x, t)

    @right("1.2")
    def asks_twice(field, x, t, h):
        assert field(x, t).shape == x.shape
        return x + h * field(x, t)

    @wrong("1.2", "looping over the batch axis")
    def row_by_row(field, x, t, h):
        rows = []
        for i in range(len(x)):
            rows.append(x[i] + h * field(x[i], t))
        return torch.stack(rows)

    right("1.2")(lambda field, x, t, h: x + h * field(x, t))
    right("1.2")(lambda field, x, t, h: x + h * field(x, torch.full((len(x), 1), t)))
    right("1.2")(lambda field, x, t, h: x + h * field(x, t))
    right("1.2")(Callable())
    right("1.2")(Module())
    right("1.2")(functools.partial(any_power, 1))

    @right("1.2")
    def keywords_and_default(field, x, t, h=0.1, verbose=False):
        if verbose:
            print(x)
        return torch.add(x, field(x=x, t=t), alpha=h)

    @right("1.2")
    def grad_carrying(field, x, t, h):
        weight = torch.ones(1, requires_grad=True)
        return x + weight * h * field(x, t)

    @right("1.2")
    @torch.no_grad()
    def no_grad_own_clone(field, x, t, h):
        x = x.clone()
        x += h * field(x, t)
        return x

    @right("1.2")
    def double_then_stub(field, x, t, h):
        return x.double() + h * field(x, t).double()
        raise NotImplementedError("Exercise 1.2: fill me in")

    @right("1.2")
    class Stepper:
        """A class that is used like a function: making one gives the next state."""

        def __new__(cls, field, x, t, h):
            return x + h * field(x, t)

    wrong("1.2", "part of the batch")(lambda field, x, t, h: x + h * field(x[:1], t))
    wrong("1.2", "size of h only")(lambda field, x, t, h: x + abs(h) * field(x, t))
    wrong("1.2", "ignores `h`")(lambda field, x, t, h: x + 0.1 * field(x, t))
    wrong("1.2", "off the tangent")(lambda field, x, t, h: (x + h * field(x, t)).clamp(-3, 3))
    wrong("1.2", "random result")(lambda field, x, t, h: x + h * field(x, t) + 0.01 * torch.randn_like(x))


class Ex1_3:
    @wrong("1.3", "overwritten states")
    def same_tensor(step, field, x0, times):
        states = [x := x0.clone()]
        for t, h in gaps(times):
            x[:] = step(field, x, t, h)
            states.append(x)
        return torch.stack(states)

    @wrong("1.3", "input edited")
    def writes_into_x0(step, field, x0, times):
        return torch.stack([x0.clone(), *(x0.copy_(step(field, x0, t, h)).clone() for t, h in gaps(times))])

    wrong("1.3", "time stands still")(
        lambda step, field, x0, times: states_of(step, field, x0, [(times[0], h) for h in times.diff()])
    )

    wrong("1.3", "time taken for a length")(
        lambda step, field, x0, times: states_of(step, field, x0, itertools.pairwise(times))
    )

    wrong("1.3", "ignores `step`")(
        lambda step, field, x0, times: states_of(lambda f, x, t, h: x + h * f(x, t), field, x0, gaps(times))
    )

    wrong("1.3", "wrong type")(lambda step, field, x0, times: list(states_of(step, field, x0, gaps(times))))

    wrong("1.3", "wrong lengths")(
        lambda step, field, x0, times: states_of(step, field, x0, [(t, 0.01) for t in times[:-1]])
    )

    @wrong("1.3", "start missing")
    def zeros_first(step, field, x0, times):
        states = torch.zeros(len(times), *x0.shape)
        for i in range(len(times) - 1):
            x = x0 if i == 0 else states[i]
            states[i + 1] = step(field, x, times[i], times[i + 1] - times[i])
        return states

    @right("1.3")
    def buffer(step, field, x0, times):
        states = torch.empty(len(times), *x0.shape)
        states[0] = x0
        for i in range(len(times) - 1):
            states[i + 1] = step(field, states[i], float(times[i]), float(times[i + 1] - times[i]))
        return states

    @right("1.3")
    def pairs(step, field, x0, times):
        states = [x0]
        for t, h in zip(times.tolist(), times.diff().tolist(), strict=False):
            states.append(step(field, states[-1], t, h))
        return torch.stack(states)

    @right("1.3")
    def tensors_of_time(step, field, x0, times):
        x, states = x0, x0[None]
        for i in range(1, len(times)):
            x = step(field, x, times[i - 1], times[i] - times[i - 1])
            states = torch.cat([states, x[None]])
        return states

    @wrong("1.3", "wrong shape")
    def as_many_steps_as_times(step, field, x0, times):
        return states_of(step, field, x0, [(t, times[1] - times[0]) for t in times])

    @wrong("1.3", "one step too many")
    def last_gap_twice(step, field, x0, times):
        steps = gaps(times)
        return states_of(step, field, x0, [*steps, (times[-1], steps[-1][1])])

    wrong("1.3", "ignores `step`")(lambda step, field, x0, times: states_of(heun, field, x0, gaps(times)))
    wrong("1.3", "wrong number of steps")(
        lambda step, field, x0, times: states_of(
            step, field, x0, [(t, h) for t, h in gaps(times) for _ in (1, 2)]
        )[::2]
    )
    wrong("1.3", "raises")(
        lambda step, field, x0, times: states_of(
            step, field, x0, [(times[i], times[i + 1] - times[i]) for i in range(4)]
        )
    )


class Ex1_4:
    @right("1.4")
    def two_slopes(field, x, t, h, c=1.0):
        k1 = field(x, t)
        k2 = field(x + c * h * k1, t + c * h)
        return x + h * ((1 - 1 / (2 * c)) * k1 + k2 / (2 * c))

    @right("1.4")
    def corrected_euler(field, x, t, h, c=1):
        k1 = field(x, t)
        guess = x + c * h * k1
        return x + h * k1 + h / (2 * c) * (field(guess, t + c * h) - k1)

    @right("1.4")
    def slope_by_difference(field, x, t, h, c=1.0):
        s = c * h
        u = field(x, t)
        acceleration = (field(x + s * u, t + s) - u) / s
        return x + h * u + h**2 / 2 * acceleration

    @right("1.4")
    def second_slope_first(field, x, t, h, c=1.0):
        later = field(x + c * h * field(x, t), torch.as_tensor(t + c * h))
        w = torch.tensor(0.5) / c
        return torch.lerp(x + h * field(x, torch.as_tensor(t)), x + h * later, w)

    @right("1.4")
    def a_column_of_times(field, x, t, h, c=1.0):
        column = torch.full((len(x), 1), float(t))
        k1 = field(x, column)
        k2 = field(x + c * h * k1, column + c * h)
        return x + h / (2 * c) * ((2 * c - 1) * k1 + k2)

    @wrong("1.4", "equal weights")
    def mean_of_both(field, x, t, h, c=1.0):
        k1 = field(x, t)
        return x + h / 2 * (k1 + field(x + c * h * k1, t + c * h))

    @wrong("1.4", "Heun's step, whatever c is")
    def as_in_the_lecture(field, x, t, h, c=1.0):
        return heun(field, x, t, h)

    @wrong("1.4", "t not advanced in the second slope")
    def clock_forgotten(field, x, t, h, c=1.0):
        k1 = field(x, t)
        k2 = field(x + c * h * k1, t)
        return x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * k2)

    @wrong("1.4", "c as the weight")
    def weight_grows_with_c(field, x, t, h, c=1.0):
        k1 = field(x, t)
        return x + h * ((1 - c) * k1 + c * field(x + c * h * k1, t + c * h))

    @wrong("1.4", "slopes weighed wrongly")
    def brackets_missing(field, x, t, h, c=1.0):
        k1 = field(x, t)
        w = 1 / 2 * c**2
        return x + h * ((1 - w) * k1 + w * field(x + c * h * k1, t + c * h))

    @wrong("1.4", "second slope misplaced")
    def trial_backwards(field, x, t, h, c=1.0):
        k1 = field(x, t)
        return x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x - c * h * k1, t + c * h))

    @wrong("1.4", "evaluated at the wrong times")
    def time_scaled(field, x, t, h, c=1.0):
        k1 = field(x, t)
        return x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x + c * h * k1, c * (t + h)))

    @wrong("1.4", "input edited")
    def x_written(field, x, t, h, c=1.0):
        start = x.clone()
        k1 = field(x, t)
        x += c * h * k1
        return start + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x, t + c * h))

    @wrong("1.4", "looping over the batch axis")
    def row_by_row(field, x, t, h, c=1.0):
        out = torch.empty_like(x)
        for i in range(x.shape[0]):
            k1 = field(x[i : i + 1], t)
            k2 = field(x[i : i + 1] + c * h * k1, t + c * h)
            out[i] = (x[i : i + 1] + h * ((1 - 0.5 / c) * k1 + 0.5 / c * k2))[0]
        return out

    @wrong("1.4", "no share of its own")
    def c_must_be_given(field, x, t, h, c):
        k1 = field(x, t)
        return x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x + c * h * k1, t + c * h))

    @wrong("1.4", "another share of its own")
    def midpoint_unless_told_otherwise(field, x, t, h, c=0.5):
        k1 = field(x, t)
        return x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x + c * h * k1, t + c * h))

    @wrong("1.4", "wrong parameters")
    def without_c(field, x, t, h):
        return heun(field, x, t, h)

    @wrong("1.4", "off the two slopes")
    def held_in_a_box(field, x, t, h, c=1.0):
        k1 = field(x, t)
        return (x + h * ((1 - 0.5 / c) * k1 + 0.5 / c * field(x + c * h * k1, t + c * h))).clamp(-4, 4)


class Ex1_5:
    wrong("1.5", "rand for randn")(lambda field, n, dim, steps: euler(field, torch.rand(n, dim), steps))

    @wrong("1.5", "whole walk returned")
    def trajectory(field, n, dim, steps):
        xs, h = [torch.randn(n, dim)], 1 / steps
        for k in range(steps):
            xs.append(xs[-1] + h * field(xs[-1], k * h))
        return torch.stack(xs)

    @wrong("1.5", "samples move differently")
    def noisy(field, n, dim, steps):
        x, h = torch.randn(n, dim), 1 / steps
        for k in range(steps):
            x = x + h * field(x, k * h) + 0.3 * math.sqrt(h) * torch.randn(n, dim)
        return x

    @wrong("1.5", "samples move differently")
    def fresh_noise_each_step(field, n, dim, steps):
        h = 1 / steps
        x = torch.randn(n, dim)
        for k in range(steps):
            x = torch.randn(n, dim) + h * field(x, k * h)
        return x

    wrong("1.5", "wrong spread")(lambda field, n, dim, steps: euler(field, 0.5 * torch.randn(n, dim), steps))

    wrong("1.5", "wrong mean")(lambda field, n, dim, steps: euler(field, 1 + torch.randn(n, dim), steps))

    @wrong("1.5", "looping over the batch axis")
    def sample_by_sample(field, n, dim, steps):
        samples = []
        for _ in range(n):
            x = torch.randn(1, dim)
            for k in range(steps):
                x = x + field(x, k / steps) / steps
            samples.append(x[0])
        return torch.stack(samples)

    wrong("1.5", "ignores `steps`")(lambda field, n, dim, steps: euler(field, torch.randn(n, dim), 5))

    @right("1.5")
    def by_linspace(field, n, dim, steps):
        x, times = torch.randn(n, dim), torch.linspace(0, 1, steps + 1)
        for i in range(steps):
            x = x + (times[i + 1] - times[i]) * field(x, times[i])
        return x

    @wrong("1.5", "seed set inside")
    def seeded(field, n, dim, steps):
        torch.manual_seed(0)
        return euler(field, torch.randn(n, dim), steps)

    @wrong("1.5", "repeats itself")
    def seeded_apart(field, n, dim, steps):
        return euler(field, torch.randn((n, dim), generator=torch.Generator().manual_seed(7)), steps)

    @right("1.5")
    def own_generator_float64(field, n, dim, steps):
        x = torch.randn((n, dim), generator=GENERATOR, dtype=torch.float64)
        for k in range(steps):
            x = x + field(x, torch.full((n, 1), k / steps)) / steps
        return x

    @right("1.5")
    def numpy_noise(field, n, dim, steps):
        x = torch.from_numpy(np.random.default_rng().normal(size=(n, dim)))
        t = 0.0
        for _ in range(steps):
            x = x + field(x, t) / steps
            t = t + 1 / steps
        return x

    @right("1.5")
    @torch.no_grad()
    def in_place_on_its_own(field, n, dim, steps):
        x = torch.distributions.Normal(0.0, 1.0).sample((n, dim))
        for t in torch.arange(steps) / steps:
            x += field(x, t) / steps
        return x

    wrong("1.5", "not normal")(
        lambda field, n, dim, steps: euler(field, 12**0.5 * (torch.rand(n, dim) - 0.5), steps)
    )
    wrong("1.5", "draws recur")(
        lambda field, n, dim, steps: euler(
            field,
            torch.randn(n // 2 + 1, dim).repeat(2, 1)[:n]
            * torch.tensor([1.0] * (n // 2 + 1) + [-1.0] * (n // 2 + 1))[:n, None],
            steps,
        )
    )
    wrong("1.5", "draws centred")(
        lambda field, n, dim, steps: euler(field, (x := torch.randn(n, dim)) - x.mean(dim=0), steps)
    )
    wrong("1.5", "wrong end")(
        lambda field, n, dim, steps: (
            (x := torch.randn(n, dim)) + sum(field(x, k / steps) / steps for k in range(steps))
        )
    )
    wrong("1.5", "samples move differently")(
        lambda field, n, dim, steps: euler(field, torch.randn(n, dim), steps).clamp(-3, 3)
    )


class Ex1_6:
    wrong("1.6", "wrong type")(lambda errors, hs: np.polyfit(hs.log().numpy(), errors.log().numpy(), 1))
    wrong("1.6", "wrong shape")(lambda errors, hs: errors.log().diff() / hs.log().diff())
    wrong("1.6", "not least squares")(lambda errors, hs: (errors.log().diff() / hs.log().diff()).max())

    @wrong("1.6", "wrong type")
    def slope_and_intercept(errors, hs):
        slope, intercept = np.polyfit(np.log(hs.numpy()), np.log(errors.numpy()), 1)
        return slope, intercept

    right("1.6")(lambda errors, hs: np.polyfit(np.log2(hs.numpy()), np.log2(errors.numpy()), 1)[0])

    @right("1.6")
    def lstsq(errors, hs):
        columns = torch.stack([hs.log10(), torch.ones_like(hs)], dim=1)
        return torch.linalg.lstsq(columns, errors.log10()[:, None]).solution[0]

    @right("1.6")
    def covariance(errors, hs):
        both = torch.cov(torch.stack([hs.log(), errors.log()]))
        return both[0, 1] / both[0, 0]

    @right("1.6")
    def python_only(errors, hs):
        xs, ys = [math.log(h) for h in hs], [math.log(e) for e in errors]
        mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
        up = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
        return up / sum((x - mx) ** 2 for x in xs)

    wrong("1.6", "halving assumed")(
        lambda errors, hs: fit(torch.arange(len(errors), 0, -1).double(), errors.log2())
    )
    wrong("1.6", "wrong power")(lambda errors, hs: math.log2(errors[0] / errors[1]))
    right("1.6")(
        lambda errors, hs: np.polyfit(np.log(hs.numpy() + 1e-12), np.log(errors.numpy() + 1e-12), 1)[0]
    )


class Ex1_7:
    @right("1.7")
    def each_eigenvalue(matrix):
        return min(-2 * lam.real / abs(lam) ** 2 for lam in torch.linalg.eigvals(matrix).tolist())

    @right("1.7")
    def by_numpy(matrix):
        lam = np.linalg.eigvals(matrix.numpy())
        return float(np.min(-2 * lam.real / (lam.real**2 + lam.imag**2)))

    @right("1.7")
    def by_bisection(matrix):
        lam = torch.linalg.eigvals(matrix)
        low, high = 0.0, 100.0
        for _ in range(60):
            mid = (low + high) / 2
            low, high = (mid, high) if (1 + mid * lam).abs().max() <= 1 else (low, mid)
        return low

    @right("1.7")
    def real_part_of_the_inverse(matrix):
        return torch.min(-2 * (1 / torch.linalg.eigvals(matrix)).real)

    @right("1.7")
    def of_the_inverse_matrix(matrix):
        return -2 * torch.linalg.eigvals(torch.linalg.inv(matrix)).real.max()

    @wrong("1.7", "half of the limit")
    def no_overshooting(matrix):
        lam = torch.linalg.eigvals(matrix)
        return (-lam.real / lam.abs() ** 2).min().item()

    @wrong("1.7", "size of the eigenvalues only")
    def lectures_formula(matrix):
        return 2 / torch.linalg.eigvals(matrix).abs().max()

    @wrong("1.7", "real parts only")
    def largest_rate(matrix):
        return 2 / (-torch.linalg.eigvals(matrix).real).max()

    @wrong("1.7", "minus two over the smallest rate")
    def sign_of_the_largest(matrix):
        return 2 / torch.linalg.eigvals(matrix).real.max()

    @wrong("1.7", "symmetric matrix assumed")
    def by_eigvalsh(matrix):
        return 2 / torch.linalg.eigvalsh(matrix).abs().max()

    @wrong("1.7", "not the limit")
    def smallest_singular_value(matrix):
        return 2 / torch.linalg.svdvals(matrix).min()

    @wrong("1.7", "wrong dtype")
    def stays_complex(matrix):
        lam = torch.linalg.eigvals(matrix)
        return 2 / lam[0]

    @wrong("1.7", "wrong shape")
    def a_limit_for_each(matrix):
        lam = torch.linalg.eigvals(matrix)
        return -2 * lam.real / lam.abs() ** 2

    @wrong("1.7", "raises")
    def compares_complex_numbers(matrix):
        return 2 / torch.linalg.eigvals(matrix).max()

    @wrong("1.7", "not the limit")
    def the_largest_eigenvalue_decides(matrix):
        values = torch.linalg.eigvals(matrix)
        last = values[values.abs().argmax()]
        return -2 * last.real / last.abs() ** 2

    @wrong("1.7", "not the limit")
    def the_fastest_decay_decides(matrix):
        values = torch.linalg.eigvals(matrix)
        last = values[values.real.argmin()]
        return -2 * last.real / last.abs() ** 2


class Ex1_8:
    @right("1.8")
    def component_by_component(field, x, t):
        x = x.clone().requires_grad_()
        u = field(x, t)
        total = torch.zeros(len(x))
        for i in range(x.shape[1]):
            total = total + torch.autograd.grad(u[:, i].sum(), x, retain_graph=True)[0][:, i]
        return total

    @right("1.8")
    def by_jacobian(field, x, t):
        jacobian = torch.autograd.functional.jacobian(lambda x: field(x, t).sum(0), x)
        return jacobian.diagonal(dim1=0, dim2=2).sum(-1)

    @right("1.8")
    def state_by_state(field, x, t):
        rows = [torch.autograd.functional.jacobian(lambda row: field(row[None], t)[0], row) for row in x]
        return torch.stack([matrix.trace() for matrix in rows])

    @right("1.8")
    def central_differences(field, x, t, eps=1e-4):
        total = 0
        for i in range(x.shape[1]):
            step = torch.zeros_like(x)
            step[:, i] = eps
            total = total + (field(x + step, t) - field(x - step, t))[:, i] / (2 * eps)
        return total

    @right("1.8")
    def forward_mode(field, x, t):
        eye = torch.eye(x.shape[1], dtype=x.dtype)
        parts = [torch.func.jvp(lambda x: field(x, t), (x,), (e.expand_as(x),))[1] @ e for e in eye]
        return torch.stack(parts).sum(0)

    @right("1.8")
    def with_backward(field, x, t):
        total = torch.zeros(len(x), dtype=x.dtype)
        for i in range(x.shape[1]):
            y = x.detach().clone().requires_grad_(True)
            field(y, t)[:, i].sum().backward()
            total += y.grad[:, i]
        return total

    @wrong("1.8", "wrong shape")
    def squeezed(field, x, t):
        x = x.clone().requires_grad_()
        u, parts = field(x, t), []
        for i in range(x.shape[1]):
            parts.append(torch.autograd.grad(u[:, i].sum(), x, retain_graph=True)[0][:, i])
        return torch.stack(parts).sum(0).squeeze()

    @wrong("1.8", "sum of the whole Jacobian")
    def one_gradient_for_all(field, x, t):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(field(x, t).sum(), x)[0].sum(1)

    @wrong("1.8", "gradient of the sum")
    def not_even_summed(field, x, t):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(field(x, t).sum(), x)[0]

    @wrong("1.8", "gradients piled up")
    def backward_without_zero(field, x, t):
        x = x.clone().requires_grad_()
        total = torch.zeros(len(x), dtype=x.dtype)
        for i in range(x.shape[1]):
            field(x, t)[:, i].sum().backward()
            total += x.grad[:, i]
        return total

    @wrong("1.8", "gradient switched on")
    def in_the_callers_tensor(field, x, t):
        x.requires_grad_()
        u = field(x, t)
        return sum(
            torch.autograd.grad(u[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(x.shape[1])
        )

    @wrong("1.8", "mean over the batch differentiated")
    def mean_for_sum(field, x, t):
        y = x.clone().requires_grad_()
        u = field(y, t)
        return sum(
            torch.autograd.grad(u[:, i].mean(), y, retain_graph=True)[0][:, i] for i in range(x.shape[1])
        )

    @wrong("1.8", "raises")
    def gradient_forgotten(field, x, t):
        return torch.autograd.grad(field(x, t)[:, 0].sum(), x)[0][:, 0]

    @wrong("1.8", "ignores `t`")
    def at_time_zero(field, x, t):
        x = x.clone().requires_grad_()
        u = field(x, 0.0)
        return sum(
            torch.autograd.grad(part.sum(), x, retain_graph=True)[0][:, i] for i, part in enumerate(u.T)
        )

    @wrong("1.8", "raises")
    def graph_not_kept(field, x, t):
        x = x.clone().requires_grad_()
        u = field(x, t)
        return sum(torch.autograd.grad(part.sum(), x)[0][:, i] for i, part in enumerate(u.T))

    @wrong("1.8", "wrong in a curved field")
    def one_sided_and_coarse(field, x, t, eps=0.1):
        steps = [eps * e for e in torch.eye(x.shape[1], dtype=x.dtype)]
        return sum((field(x + e, t) - field(x, t))[:, i] / eps for i, e in enumerate(steps))

    @wrong("1.8", "wrong trace")
    def change_along_the_field(field, x, t, eps=1e-5):
        return (field(x + eps * field(x, t), t) - field(x, t)).sum(1) / eps


class Ex1_9:
    wrong("1.9", "h stays positive")(
        lambda step, field, x1, times: states_of(step, field, x1, [(t, -h) for t, h in back(times)])
    )

    wrong("1.9", "field negated, steps too long")(
        lambda step, field, x1, times: states_of(
            step, lambda x, t: -field(x, t), x1, [(t, -h) for t, h in back(times)]
        )
    )

    wrong("1.9", "rows in the order of the times")(
        lambda step, field, x1, times: states_of(step, field, x1, back(times)).flip(0)
    )

    wrong("1.9", "wrong way back")(
        lambda step, field, x1, times: states_of(
            step, field, x1, [(t, (times[0] - times[-1]) / (len(times) - 1)) for t in times.flip(0)[:-1]]
        )
    )

    right("1.9")(lambda step, field, x1, times: states_of(step, field, x1, back(times)))

    @right("1.9")
    def flipped_grid(step, field, x1, times):
        back = times.flip(0).tolist()
        states = [x1]
        for t, before in itertools.pairwise(back):
            states.append(step(field, states[-1], t, before - t))
        return torch.stack(states)

    @right("1.9")
    def mirrored_clock(step, field, x1, times):
        """The same walk seen from a clock that runs forwards while the field's own runs backwards."""

        def mirrored(x, s):
            return -field(x, times[-1] - s)

        clock = times[-1] - times.flip(0)
        states = [x1]
        for i in range(len(times) - 1):
            states.append(step(mirrored, states[-1], clock[i], clock[i + 1] - clock[i]))
        return torch.stack(states)

    wrong("1.9", "ignores `step`")(lambda step, field, x1, times: states_of(heun, field, x1, back(times)))


class Ex1_10:
    wrong("1.10", "error too large")(lambda field, x0: euler(field, x0, 20))

    @wrong("1.10", "nearly there")
    def heun_with_few_steps(field, x0):
        x = x0
        for k in range(14):
            x = heun(field, x, k / 14, 1 / 14)
        return x

    @wrong("1.10", "field not evaluated")
    def hard_coded(field, x0):
        angle = (2 + 0.8 * math.sqrt(math.pi)) / (1 + x0.square().sum(1))
        c, s = angle.cos(), angle.sin()
        return torch.stack([c * x0[:, 0] - s * x0[:, 1], s * x0[:, 0] + c * x0[:, 1]], dim=1)

    @wrong("1.10", "field not evaluated")
    def slopes_remembered(field, x0):
        x = x0
        for k in range(400):
            if k not in REMEMBERED:
                REMEMBERED[k] = field(x, k / 400).detach()
            x = x + REMEMBERED[k] / 400
        return x

    right("1.10")(lambda field, x0: euler(field, x0, 400))

    @right("1.10")
    def runge_kutta(field, x0):
        x, h = x0, 1 / 9
        for k in range(9):
            t = k * h
            a = field(x, t)
            b = field(x + h / 2 * a, t + h / 2)
            c = field(x + h / 2 * b, t + h / 2)
            x = x + h / 6 * (a + 2 * b + 2 * c + field(x + h * c, t + h))
        return x

    @right("1.10")
    def short_steps_in_the_gust(field, x0):
        ends = torch.cat(
            [torch.linspace(0, 0.3, 5), torch.linspace(0.3, 0.7, 21)[1:], torch.linspace(0.7, 1, 5)[1:]]
        )
        x = x0
        for t, h in zip(ends[:-1], ends.diff(), strict=True):
            middle = x + h / 2 * field(x, t)
            x = x + h * field(middle, t + h / 2)
        return x

    wrong("1.10", "error too large")(lambda field, x0: euler(field, x0, 400, 200))
    wrong("1.10", "error too large")(lambda field, x0: 1e30 * euler(field, x0, 400))
    right("1.10")(lambda field, x0: euler(lambda x, t: field(x, t + float(torch.rand(1)) / 4000), x0, 2000))
