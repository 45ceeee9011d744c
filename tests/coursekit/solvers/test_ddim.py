"""DDIM against closed forms, where a step has an exact law."""

import math
from itertools import pairwise

import pytest
import torch
from laws import SCHEDULERS

from coursekit import (
    DDIM,
    ChainScheduler,
    Cosine,
    Empirical,
    Euler,
    ForwardChain,
    Gaussian,
    GaussianPath,
    convert,
    cosine_betas,
    linear_betas,
    marginal_law,
    marginal_velocity,
    simulate,
    solve,
    time_grid,
)

every = pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())
VARIANCES = ["posterior", "forward"]


def wavy(x, t):
    """A velocity of no path in particular."""
    return torch.sin(3 * x) + t


def test_on_the_straight_line_it_is_euler():
    x0 = torch.randn(50, 3, dtype=torch.float64)
    for times in (time_grid(7), time_grid(5, 1.0, 0.2), torch.tensor([0.0, 0.3, 0.35, 1.0])):
        ours = simulate(wavy, x0, times, DDIM(GaussianPath()))
        torch.testing.assert_close(ours, simulate(wavy, x0, times, Euler()), rtol=1e-12, atol=1e-12)


def test_with_any_scheduler_it_is_euler_in_the_coordinates_of_the_straight_line():
    """Divide by alpha + beta, with alpha / (alpha + beta) for the clock: a step is an Euler step there."""
    path, t, h = GaussianPath(Cosine()), 0.3, 0.2
    law = Gaussian(torch.tensor([0.7], dtype=torch.float64), 0.4)
    x = torch.randn(20, 1, dtype=torch.float64)
    now, after = (torch.tensor(each, dtype=torch.float64) for each in (t, t + h))
    total, clock = [], []
    for each in (now, after):
        total.append(path.scheduler.alpha(each) + path.scheduler.beta(each))
        clock.append(path.scheduler.alpha(each) / total[-1])
    straight = marginal_velocity(law, GaussianPath())
    stepped = Euler().step(straight, x / total[0], float(clock[0]), float(clock[1] - clock[0]))
    torch.testing.assert_close(DDIM(path).step(marginal_velocity(law, path), x, t, h), stepped * total[1])


@pytest.mark.parametrize("scheduler", [Cosine(), SCHEDULERS["linear beta"]], ids=["cosine", "linear beta"])
def test_its_error_falls_with_the_declared_order(scheduler):
    path = GaussianPath(scheduler)
    law = Gaussian(torch.tensor([1.0], dtype=torch.float64), 0.3)
    x0 = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    times = (0.1, 0.9)
    start, end = marginal_law(law, path, times[0]), marginal_law(law, path, times[1])
    exact = end.mean + end.std / start.std * (x0 - start.mean)  # the flow between two Gaussians
    steps = [50, 100, 200]
    errors = [
        float((solve(marginal_velocity(law, path), x0, time_grid(n, *times), DDIM(path)) - exact).abs().max())
        for n in steps
    ]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(DDIM.order, abs=0.1)


@every
@pytest.mark.parametrize("grid", [(0.0, 0.4), (0.2, 0.9), (0.5, 1.0)], ids=str)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_a_single_data_point_is_followed_exactly_by_every_member(scheduler, grid, eta):
    """Song et al. 2021: whatever eta, the law of x' given z is that of the path. Here even in one step."""
    path, n, point = GaussianPath(scheduler), 20_000, 1.3
    law = Empirical(torch.tensor([[point]], dtype=torch.float64))
    t, after = grid
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    z = torch.full_like(noise, point)
    x = path.sample(z, noise, t)
    moved = DDIM(path, eta, generator=generator).step(marginal_velocity(law, path), x, t, after - t)
    alpha, beta = (
        float(f(torch.tensor(after).double())) for f in (path.scheduler.alpha, path.scheduler.beta)
    )
    assert abs(float(moved.mean()) - alpha * point) <= 5 * beta / math.sqrt(n) + 1e-9
    assert abs(float(moved.var()) - beta**2) <= 5 * beta**2 * math.sqrt(2 / n) + 1e-9
    if eta == 0:
        torch.testing.assert_close(moved, path.sample(z, noise, after))
    elif beta > 0 and t > 0:
        eps = (moved - alpha * point) / beta
        correlation = float(torch.corrcoef(torch.cat([eps, noise], 1).T)[0, 1])
        before = [float(f(torch.tensor(t).double())) for f in (path.scheduler.alpha, path.scheduler.beta)]
        fresh = eta**2 * (1 - (before[0] / alpha * beta / before[1]) ** 2)
        # With eta = 0 the noise is the same as before, with eta = 1 as new as the forward process makes it.
        assert correlation == pytest.approx(math.sqrt(1 - fresh), abs=5 / math.sqrt(n))


@every
@pytest.mark.parametrize("grid", [(0.0, 0.4), (0.2, 0.9)], ids=str)
def test_the_forward_variance_is_exact_for_standard_normal_data(scheduler, grid):
    """One step of any length: x' keeps its variance and its covariance with x."""
    path, n, (t, after) = GaussianPath(scheduler), 40_000, grid
    law = Gaussian(torch.zeros(1, dtype=torch.float64))
    generator = torch.Generator().manual_seed(3)
    x = marginal_law(law, path, t).std * torch.randn(n, 1, generator=generator, dtype=torch.float64)
    method = DDIM(path, 1.0, "forward", generator)
    moved = method.step(marginal_velocity(law, path), x, t, after - t)
    wanted = float(marginal_law(law, path, after).std ** 2)
    assert float(moved.var()) == pytest.approx(wanted, rel=5 * math.sqrt(2 / n))
    now, later = (torch.tensor(each, dtype=torch.float64) for each in grid)
    decay = float(path.scheduler.alpha(now) / path.scheduler.alpha(later))
    both = torch.cov(torch.cat([x, moved], 1).T)
    expected = decay * wanted  # Cov(x, x'), as x is decay x' plus noise of its own
    error = math.sqrt((float(both[0, 0]) * wanted + expected**2) / n)
    assert abs(float(both[0, 1]) - expected) < 5 * error


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("betas", [linear_betas, cosine_betas], ids=["linear", "cosine"])
def test_ancestral_steps_are_the_chain_s_posterior_with_the_guess_put_in(betas, variance):
    chain, path = ForwardChain(betas(20)), GaussianPath(ChainScheduler(betas(20)))
    field = marginal_velocity(Gaussian(torch.tensor([1.0, -1.0], dtype=torch.float64), 0.6), path)
    x = torch.randn(30, 2, dtype=torch.float64)
    for k in range(20, 0, -1):
        t, h = chain.time(k), chain.time(k - 1) - chain.time(k)
        moved = DDIM(path, 1.0, variance, torch.Generator().manual_seed(k)).step(field, x, t, h)
        guess = convert(field(x, t), x, t, path, given="velocity", wanted="data")
        mean, small = chain.posterior(x, guess, k)
        spread = small.sqrt() if variance == "posterior" else chain.betas[k - 1].sqrt() * (k > 1)
        xi = torch.empty_like(x).normal_(generator=torch.Generator().manual_seed(k))
        torch.testing.assert_close(moved, mean + spread * xi, rtol=1e-9, atol=1e-9)
        x = moved


@pytest.mark.parametrize("variance", VARIANCES)
def test_the_last_step_lands_on_the_guess_without_noise(variance):
    path = GaussianPath(ChainScheduler(linear_betas()))
    law = Empirical(torch.tensor([[2.0]]))
    x = torch.randn(100, 1)
    landed = solve(marginal_velocity(law, path), x, time_grid(10), DDIM(path, 1.0, variance))
    torch.testing.assert_close(landed, torch.full_like(x, 2.0))


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_with_many_steps_every_member_reaches_the_law_of_the_data(eta):
    path, n, law = (
        GaussianPath(Cosine()),
        20_000,
        Gaussian(torch.tensor([0.5, -1.0]), torch.tensor([0.3, 0.8])),
    )
    x0 = torch.randn(n, 2, generator=torch.Generator().manual_seed(4))
    x = solve(marginal_velocity(law, path), x0, time_grid(200), DDIM(path, eta))
    assert ((x.mean(0) - law.mean).abs() < 5 * law.std / math.sqrt(n) + 0.005).all()
    # The bias of 200 steps of a method of order 1; with four times fewer steps it is four times as large.
    assert ((x.var(0) / law.std**2 - 1).abs() < 5 * math.sqrt(2 / n) + 0.05).all()


def test_faults_are_told_with_their_remedy():
    path = GaussianPath()
    with pytest.raises(ValueError, match="ancestral"):
        DDIM(path, 1.5)
    with pytest.raises(ValueError, match="posterior, forward"):
        DDIM(path, variance="small")
    with pytest.raises(ValueError, match="eta = 0"):
        DDIM(path, 0.5).step(wavy, torch.zeros(2, 1), 0.5, -0.1)
