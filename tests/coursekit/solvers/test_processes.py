"""Processes against closed forms, and Euler-Maruyama against the orders that it declares."""

import math

import pytest
import torch
from laws import DISTRIBUTIONS, PROCESSES

from coursekit import (
    BrownianMotion,
    Chessboard,
    EulerMaruyama,
    Gaussian,
    Langevin,
    OrnsteinUhlenbeck,
    simulate,
    solve,
    time_grid,
    two_sample_test,
)

every = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES.keys())


@every
def test_one_step_has_the_moments_of_its_law(process):
    """Mean, variance and kurtosis after a single step: noise that is multiplied twice has kurtosis 9."""
    n, h = 100_000, 0.04
    start = torch.tensor([[0.5, -1.0]])
    method = EulerMaruyama(torch.Generator().manual_seed(0))
    x = method.step(process, start.expand(n, 2), 0.0, h)
    kick = (x - start - h * process.drift(start, 0.0)) / (process.diffusion(start, 0.0) * math.sqrt(h))
    assert kick.mean(0).abs().max() < 5 / math.sqrt(n)
    assert (kick.var(0) - 1).abs().max() < 5 * math.sqrt(2 / n)
    assert ((kick**4).mean(0) - 3).abs().max() < 5 * math.sqrt(96 / n)
    assert abs(torch.corrcoef(kick.T)[0, 1]) < 5 / math.sqrt(n)


def test_ornstein_uhlenbeck_transition_solves_its_moment_equations():
    """m' = -theta m and v' = -2 theta v + sigma^2, by autograd at many times."""
    process = OrnsteinUhlenbeck(theta=1.5, sigma=0.8)
    t = torch.linspace(0.01, 3, 40, dtype=torch.float64)[:, None].requires_grad_()
    mean, std = process.transition(torch.full((40, 1), 2.0, dtype=torch.float64), t)
    mean_dot, var_dot = (torch.autograd.grad(y.sum(), t, retain_graph=True)[0] for y in (mean, std**2))
    torch.testing.assert_close(mean_dot, -1.5 * mean)
    torch.testing.assert_close(var_dot, -3.0 * std**2 + 0.64)
    at_start = process.transition(torch.full((1, 1), 2.0), 0.0)
    assert (float(at_start[0]), float(at_start[1])) == (2.0, 0.0)
    late = process.transition(torch.full((1, 1), 2.0), 50.0)
    assert float(late[1]) == pytest.approx(process.stationary_std)


def test_transitions_compose():
    process, x0 = OrnsteinUhlenbeck(0.7, 1.1), torch.tensor([[1.3]], dtype=torch.float64)
    mean, std = process.transition(x0, 0.4)
    mean, more = process.transition(mean, 0.5)
    once_mean, once_std = process.transition(x0, 0.9)
    torch.testing.assert_close(mean, once_mean)
    torch.testing.assert_close((std * math.exp(-0.7 * 0.5)) ** 2 + more**2, once_std**2)


def test_langevin_for_a_gaussian_is_ornstein_uhlenbeck():
    x = torch.randn(20, 2)
    langevin = Langevin(Gaussian(torch.zeros(2), 0.5), sigma=1.3)
    process = OrnsteinUhlenbeck(theta=1.3**2 / (2 * 0.25), sigma=1.3)
    torch.testing.assert_close(langevin.drift(x, 0.0), process.drift(x, 0.0))
    assert process.stationary_std == pytest.approx(0.5)


def test_langevin_keeps_its_target_and_a_wrong_half_does_not():
    law, n = DISTRIBUTIONS["flat normal"], 1200
    g = torch.Generator().manual_seed(2)

    class Doubled(Langevin):
        def drift(self, x, t):
            return 2 * super().drift(x, t)

    fresh, start = law.sample(n, g), law.sample(n, g)
    kept, lost = (
        solve(kind(law), start, time_grid(200, 0, 4), EulerMaruyama(g)) for kind in (Langevin, Doubled)
    )
    assert two_sample_test(kept, fresh, generator=g).p_value > 0.001
    assert two_sample_test(lost, fresh, generator=g).p_value < 0.006


def slope(hs, errors):
    x, y = torch.tensor(hs).double().log(), torch.tensor(errors).double().log()
    return float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())


class Geometric:
    """dX = a X dt + b X dW: its solution on a given Brownian motion is x0 exp((a - b^2/2) t + b W_t)."""

    a, b = 0.5, 0.8

    def drift(self, x, t):
        return self.a * x

    def diffusion(self, x, t):
        return self.b * x


def coupled_error(process, exact, steps, finest=512, n=4000):
    """Mean gap at t = 1 between Euler-Maruyama and `exact`, on the same Brownian increments."""
    g = torch.Generator().manual_seed(7)
    fine = torch.randn(finest, n, 1, generator=g, dtype=torch.float64) / math.sqrt(finest)
    x = start = torch.ones(n, 1, dtype=torch.float64)
    for k, increment in enumerate(fine.unflatten(0, (steps, -1)).sum(1)):
        x = EulerMaruyama.advance(process, x, k / steps, 1 / steps, increment)
    return float((x - exact(start, fine)).abs().mean())


def test_strong_order_with_noise_that_depends_on_the_state():
    def exact(start, fine):
        return start * ((Geometric.a - Geometric.b**2 / 2) + Geometric.b * fine.sum(0)).exp()

    steps = (8, 16, 32, 64, 128)
    found = slope([1 / n for n in steps], [coupled_error(Geometric(), exact, n) for n in steps])
    assert found == pytest.approx(EulerMaruyama.strong_order, abs=0.1)


def test_strong_order_with_additive_noise():
    process = OrnsteinUhlenbeck(2.0, 1.0)

    def exact(start, fine):  # the same scheme, sixteen times finer than the finest below
        x = start
        for k, increment in enumerate(fine):
            x = EulerMaruyama.advance(process, x, k / 512, 1 / 512, increment)
        return x

    steps = (4, 8, 16, 32)
    found = slope([1 / n for n in steps], [coupled_error(process, exact, n) for n in steps])
    assert found == pytest.approx(EulerMaruyama.strong_order_additive, abs=0.1)


def test_weak_order_by_the_exact_moments_of_the_scheme():
    """A linear process adds up the variances of its kicks: one run for each kick, and nothing to average."""
    theta, sigma = 2.0, 1.0
    process = OrnsteinUhlenbeck(theta, sigma)
    _, std = process.transition(torch.zeros(1, 1, dtype=torch.float64), 1.0)

    def variance(n):
        ends = torch.eye(n, dtype=torch.float64)[:, :, None] / math.sqrt(n)  # one kick in each run, at step k
        x = torch.zeros(n, 1, dtype=torch.float64)
        for k in range(n):
            x = EulerMaruyama.advance(process, x, k / n, 1 / n, ends[:, k])
        return float(x.square().sum())

    steps = (10, 20, 40, 80)
    errors = [abs(variance(n) - float(std) ** 2) for n in steps]
    assert slope([1 / n for n in steps], errors) == pytest.approx(EulerMaruyama.order, abs=0.1)


def test_without_noise_it_is_euler():
    process = OrnsteinUhlenbeck(1.0, 0.0)
    end = solve(process, torch.ones(3, 2, dtype=torch.float64), time_grid(10), EulerMaruyama())
    torch.testing.assert_close(end, torch.full((3, 2), 0.9**10, dtype=torch.float64))


def test_the_generator_decides_and_every_path_and_step_has_its_own_kick():
    x0, times = torch.zeros(5, 2), time_grid(4)
    xs, again, other = (
        simulate(BrownianMotion(), x0, times, EulerMaruyama(torch.Generator().manual_seed(s)))
        for s in (1, 1, 2)
    )
    assert torch.equal(xs, again)
    assert not torch.equal(xs, other)
    assert xs.diff(dim=0).flatten().unique().numel() == 4 * 5 * 2


def test_start_and_increment_are_not_written_to():
    x, dw = torch.zeros(3, 2), torch.ones(3, 2)
    for process in (BrownianMotion(), Geometric()):
        EulerMaruyama.advance(process, x, 0.0, 0.1, dw)
    assert torch.equal(x, torch.zeros(3, 2))
    assert torch.equal(dw, torch.ones(3, 2))


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda: BrownianMotion(-1), ValueError, "at least 0"),
        (lambda: OrnsteinUhlenbeck(0, 1), ValueError, "positive"),
        (lambda: OrnsteinUhlenbeck(1, -1), ValueError, "at least 0"),
        (lambda: OrnsteinUhlenbeck(1, 1).transition(torch.zeros(2, 1), -0.1), ValueError, "forwards"),
        (lambda: Langevin(Chessboard()), TypeError, "no score"),
        (
            lambda: solve(BrownianMotion(), torch.zeros(2, 1), time_grid(3, 1, 0), EulerMaruyama()),
            ValueError,
            "forwards",
        ),
    ],
)
def test_bad_input_is_refused_with_the_remedy(make, kind, said):
    with pytest.raises(kind, match=said):
        make()
