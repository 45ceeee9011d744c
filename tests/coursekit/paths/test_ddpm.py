"""DDPM's chain: steps against the closed form, posterior against Bayes' rule, its place in our time."""

import math

import pytest
import torch

from coursekit import (
    ChainScheduler,
    ForwardChain,
    GaussianPath,
    OrnsteinUhlenbeck,
    cosine_betas,
    linear_betas,
)

SCHEDULES = {"linear": linear_betas, "cosine": cosine_betas}
each = pytest.mark.parametrize("betas", SCHEDULES.values(), ids=SCHEDULES.keys())


def test_linear_betas_are_those_of_the_paper():
    betas = linear_betas()
    assert betas.dtype == torch.float64
    assert betas.shape == (1000,)
    assert betas[[0, -1]].tolist() == pytest.approx([1e-4, 0.02])
    # Ho et al. 2020, section 4: hardly any signal is left, KL(q(x_T | x_0) || N(0, I)) is about 1e-5 bits.
    assert float(ForwardChain(betas).alpha_bar[-1]) == pytest.approx(4.0e-5, rel=0.02)


def test_cosine_betas_follow_the_cosine_until_their_bound():
    share = ForwardChain(cosine_betas(50)).alpha_bar
    turned = torch.cos(math.pi / 2 * (torch.arange(51, dtype=torch.float64) / 50 + 0.008) / 1.008) ** 2
    torch.testing.assert_close(share[:-1], (turned / turned[0])[:-1])
    assert float(cosine_betas(50).max()) == 0.999


@each
def test_many_steps_have_the_law_of_one_jump(betas):
    n, chain = 20_000, ForwardChain(betas(25))
    generator = torch.Generator().manual_seed(1)
    z = torch.tensor([[1.5, -0.5]]).expand(n, 2)
    x = z
    for k in range(1, 21):
        x = chain.step(x, k, generator)
    left = float(chain.alpha_bar[20])
    assert (x.mean(0) - math.sqrt(left) * z[0]).abs().max() < 4.5 * math.sqrt((1 - left) / n)
    assert (x.var(0) - (1 - left)).abs().max() < 4.5 * (1 - left) * math.sqrt(2 / n)
    one_noise = torch.randn(n, 2, generator=generator)
    jumped = chain.sample(z, 20, one_noise)
    torch.testing.assert_close(jumped, math.sqrt(left) * z + math.sqrt(1 - left) * one_noise)


def test_one_step_adds_fresh_gaussian_noise_of_variance_beta():
    n, chain = 40_000, ForwardChain(torch.tensor([0.1, 0.3, 0.5]))
    x = 2 * torch.ones(n, 1)
    k = torch.arange(n) % 3 + 1  # each state takes a step of its own
    moved = chain.step(x, k)
    for number, beta in enumerate([0.1, 0.3, 0.5], 1):
        part = moved[k == number]
        assert abs(float(part.mean()) - 2 * math.sqrt(1 - beta)) < 5 * math.sqrt(beta / len(part))
        assert abs(float(part.var()) - beta) < 5 * beta * math.sqrt(2 / len(part))
        kurtosis = float(((part - part.mean()) / part.std()).pow(4).mean())
        assert abs(kurtosis - 3) < 5 * math.sqrt(24 / len(part))


@each
def test_the_posterior_is_bayes_rule(betas):
    """q(x_{k-1} | x_k, z) is in proportion to q(x_k | x_{k-1}) q(x_{k-1} | z), as a function of x_{k-1}."""
    chain, k = ForwardChain(betas(12)), 5
    x, z = torch.randn(2, 30, 1, dtype=torch.float64)
    mean, variance = chain.posterior(x, z, k)
    before = torch.linspace(-3, 3, 7, dtype=torch.float64)
    beta, left = chain.betas[k - 1], chain.alpha_bar[k - 1]
    joint = torch.distributions.Normal((1 - beta).sqrt() * before, beta.sqrt()).log_prob(x)
    joint = joint + torch.distributions.Normal(left.sqrt() * z, (1 - left).sqrt()).log_prob(before)
    gap = joint - torch.distributions.Normal(mean, variance.sqrt()).log_prob(before)
    torch.testing.assert_close(gap, gap[:, :1].expand_as(gap))


def test_the_first_step_s_posterior_is_the_data_point():
    x, z = torch.randn(2, 4, 3, dtype=torch.float64)
    mean, variance = ForwardChain(linear_betas()).posterior(x, z, 1)
    torch.testing.assert_close(mean, z)
    assert variance.shape == (4, 1)
    assert float(variance.abs().max()) == 0


def test_indices_and_times_are_each_other_s_inverse():
    chain = ForwardChain(linear_betas())
    assert (chain.time(0), chain.time(1000), chain.time(250)) == (1.0, 0.0, 0.75)
    assert (chain.index(1.0), chain.index(0.0), chain.index(0.75)) == (0, 1000, 250)
    k = torch.arange(1001)
    assert torch.equal(chain.index(chain.time(k)), k)
    assert torch.equal(chain.index(chain.time(k).float()), k)


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_scheduler_passes_through_every_state_of_the_chain(betas, dtype):
    chain, scheduler = ForwardChain(betas()), ChainScheduler(betas())
    t = chain.time(torch.arange(1001)).to(dtype)
    rtol = 1e-4 if dtype == torch.float32 else 1e-9
    torch.testing.assert_close(scheduler.alpha(t), chain.alpha_bar.sqrt().to(t), rtol=rtol, atol=0)
    torch.testing.assert_close(scheduler.beta(t), (1 - chain.alpha_bar).sqrt().to(t), rtol=rtol, atol=1e-12)


@each
def test_between_two_states_the_scheduler_is_an_ornstein_uhlenbeck_process(betas):
    """From x_{k-1}, after any part of a step: theta = rate / 2 and a stationary variance of 1."""
    scheduler, k = ChainScheduler(betas(10)), 4
    rate = -10 * math.log(1 - float(betas(10)[k - 1]))
    x = torch.ones(5, 1, dtype=torch.float64)
    part = torch.tensor([0.0, 0.02, 0.05, 0.08, 0.1], dtype=torch.float64)[:, None]
    mean, std = OrnsteinUhlenbeck(rate / 2, math.sqrt(rate)).transition(x, part)
    start = torch.full_like(part, 1 - (k - 1) / 10)
    decay = scheduler.alpha(start - part) / scheduler.alpha(start)
    torch.testing.assert_close(mean, decay)
    fresh = scheduler.beta(start - part).square() - (decay * scheduler.beta(start)).square()
    torch.testing.assert_close(std.square(), fresh)


def test_where_two_steps_meet_the_derivative_is_that_towards_the_data():
    betas = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64)
    scheduler, chain = ChainScheduler(betas), ForwardChain(betas)
    for dtype in (torch.float32, torch.float64):
        t = chain.time(torch.tensor([1, 2, 3])).to(dtype)
        rates = 2 * scheduler.alpha_dot(t) / scheduler.alpha(t)
        torch.testing.assert_close(rates, (-3 * torch.log1p(-betas)).to(dtype))


def test_the_chain_s_states_are_the_path_s_states():
    chain, path = ForwardChain(linear_betas()), GaussianPath(ChainScheduler(linear_betas()))
    z, eps = torch.randn(2, 6, 1, 3, 3, dtype=torch.float64)
    k = torch.tensor([0, 1, 10, 500, 999, 1000])
    torch.testing.assert_close(chain.sample(z, k, eps), path.sample(z, eps, chain.time(k)))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: linear_betas(0), "at least one step"),
        (lambda: linear_betas(5, 0.0), "above 0"),
        (lambda: ForwardChain(torch.tensor([0.1, 1.0])), "below 1"),
        (lambda: ChainScheduler(torch.zeros(2, 2)), "line"),
        (lambda: ForwardChain(linear_betas(9)).step(torch.zeros(2, 1), 0), "from 1 to 9"),
        (lambda: ForwardChain(linear_betas(9)).sample(torch.zeros(2, 1), 10, torch.zeros(2, 1)), "0 to 9"),
        (lambda: ForwardChain(linear_betas(9)).sample(torch.zeros(2, 1), 1, torch.zeros(1, 1)), "same shape"),
        (lambda: ForwardChain(linear_betas(9)).posterior(torch.zeros(2, 1), torch.zeros(1, 1), 1), "same"),
        (lambda: ForwardChain(linear_betas(9)).time(0.5), "integers"),
        (lambda: ForwardChain(linear_betas(9)).index(1.5), "between 0, noise"),
    ],
)
def test_faults_are_told_with_their_remedy(call, said):
    with pytest.raises(ValueError, match=said):
        call()
