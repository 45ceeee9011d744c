"""Schedulers and paths: boundary values, derivatives against autograd, law of a state."""

import math

import pytest
import torch
from laws import SCHEDULERS

from coursekit import VP, Cosine, GaussianPath, LinearPath, snr

every = pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())


@every
def test_noise_at_zero_data_at_one(scheduler):
    ends = torch.tensor([0.0, 1.0])
    gaps = [scheduler.alpha(ends) - torch.tensor([0.0, 1.0]), scheduler.beta(ends) - torch.tensor([1.0, 0.0])]
    worst = float(torch.cat(gaps).abs().max())
    assert worst == pytest.approx(scheduler.boundary_error, rel=1e-4, abs=1e-7)


@every
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_derivatives_agree_with_autograd(scheduler, name):
    t = torch.linspace(0.01, 0.99, 50, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(getattr(scheduler, name)(t).sum(), t)
    torch.testing.assert_close(getattr(scheduler, f"{name}_dot")(t), slope)


@every
def test_the_rate_of_the_variance_agrees_with_the_product_and_is_finite(scheduler):
    t = torch.linspace(0, 0.99, 50, dtype=torch.float64)
    torch.testing.assert_close(scheduler.beta_sq_dot(t), 2 * scheduler.beta(t) * scheduler.beta_dot(t))
    assert scheduler.beta_sq_dot(torch.ones(1)).isfinite().all()


@every
def test_the_ratio_of_signal_to_noise_grows_without_a_stop(scheduler):
    t = torch.linspace(0, 0.999, 200, dtype=torch.float64)
    assert (snr(scheduler, t).diff() > 0).all()
    torch.testing.assert_close(snr(scheduler, t), scheduler.alpha(t) ** 2 / scheduler.beta(t) ** 2)


@pytest.mark.parametrize("scheduler", [Cosine(), VP()], ids=["cosine", "linear beta"])
def test_variance_preserving_schedulers_preserve_variance(scheduler):
    t = torch.linspace(0, 1, 50, dtype=torch.float64)
    torch.testing.assert_close(scheduler.alpha(t) ** 2 + scheduler.beta(t) ** 2, torch.ones_like(t))


def test_linear_beta_is_the_variance_preserving_sde_run_backwards():
    """alpha decays at half the noising rate: d log alpha / ds = -(b_min + s (b_max - b_min)) / 2."""
    s = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    decayed = -torch.cumulative_trapezoid(0.1 + 19.9 * s, s) / 2
    torch.testing.assert_close(VP().alpha(1 - s[1:]), decayed.exp(), rtol=1e-6, atol=0)


@every
def test_conditional_density_is_that_of_torch(scheduler):
    path, t = GaussianPath(scheduler), torch.tensor(0.4, dtype=torch.float64)
    x, z = torch.randn(2, 30, 3, dtype=torch.float64)
    normal = torch.distributions.Normal(scheduler.alpha(t) * z, scheduler.beta(t))
    torch.testing.assert_close(path.log_prob(x, z, 0.4), normal.log_prob(x).sum(1))


@every
def test_states_have_the_path_s_mean_and_variance(scheduler):
    n, t = 40_000, 0.3
    generator = torch.Generator().manual_seed(0)
    z = torch.tensor([[2.0, -1.0]]).expand(n, 2)
    x = GaussianPath(scheduler).sample(z, torch.randn(n, 2, generator=generator), t)
    alpha, beta = (float(f(torch.tensor(t))) for f in (scheduler.alpha, scheduler.beta))
    assert (x.mean(0) - alpha * z[0]).abs().max() < 5 * beta / math.sqrt(n)
    assert (x.var(0) - beta**2).abs().max() < 5 * beta**2 * math.sqrt(2 / n)


@every
def test_target_is_the_time_derivative_of_the_state(scheduler):
    path = GaussianPath(scheduler)
    z, eps = torch.randn(2, 20, 3, dtype=torch.float64)
    t = torch.rand(20, 1, dtype=torch.float64, requires_grad=True)
    slopes = [torch.autograd.grad(path.sample(z, eps, t)[:, i].sum(), t)[0] for i in range(3)]
    torch.testing.assert_close(path.target(z, eps, t).detach(), torch.cat(slopes, 1))


@every
def test_velocity_at_the_state_is_the_target(scheduler):
    path = GaussianPath(scheduler)
    z, eps = torch.randn(2, 20, 1, 4, 4, dtype=torch.float64)
    t = 0.95 * torch.rand(20, dtype=torch.float64)
    x = path.sample(z, eps, t)
    torch.testing.assert_close(path.velocity(x, z, t), path.target(z, eps, t))


def test_the_end_is_refused_where_the_velocity_is_singular():
    x = torch.zeros(2, 2)
    with pytest.raises(ValueError, match="below 1"):
        GaussianPath().velocity(x, x, 1.0)
    with pytest.raises(ValueError, match="single point"):
        GaussianPath().log_prob(x, x, 1.0)


@every
def test_a_linear_path_leads_from_one_point_to_the_other(scheduler):
    x0, z = torch.randn(2, 5, 2)
    for t, end in ((0.0, x0), (1.0, z)):
        gap = (LinearPath(scheduler).sample(z, x0, t) - end).abs().max()
        assert float(gap) <= scheduler.boundary_error * 4 + 1e-6


@pytest.mark.parametrize("call", ["sample", "target", "velocity"])
def test_shapes_that_would_be_stretched_are_refused(call):
    with pytest.raises(ValueError, match="shapes disagree"):
        getattr(GaussianPath(), call)(torch.zeros(4, 2), torch.zeros(1, 2), 0.5)
