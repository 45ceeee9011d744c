"""Likelihood of a flow: against closed forms, and the exact field gives the exact density."""

import pytest
import torch
from laws import DISTRIBUTIONS

from coursekit import GaussianPath, divergence, log_likelihood, marginal_law, marginal_velocity, time_grid


def test_divergence_of_a_linear_field_is_its_trace():
    matrix = torch.randn(3, 3, dtype=torch.float64)
    x = torch.randn(10, 3, dtype=torch.float64)
    torch.testing.assert_close(divergence(lambda x, t: x @ matrix.T, x, 0.0), matrix.trace().expand(10))
    assert not divergence(lambda x, t: torch.ones_like(x), x, 0.0).any()


def test_divergence_against_differences_on_a_curved_field():
    def field(x, t):
        return torch.stack([torch.sin(x[:, 0] * x[:, 1]), x[:, 1] ** 2 * x[:, 0] + t], dim=1)

    x, h = torch.randn(30, 2, dtype=torch.float64), 1e-6
    steps = h * torch.eye(2, dtype=torch.float64)
    slopes = [(field(x + d, 0.3) - field(x - d, 0.3))[:, i] / (2 * h) for i, d in enumerate(steps)]
    torch.testing.assert_close(divergence(field, x, 0.3), sum(slopes), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("law", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def test_the_exact_field_has_the_exact_density(law):
    """Up to t = 0.9 for all, where every law has a density; Heun's error falls as h^2."""
    path, x = GaussianPath(), torch.randn(40, 2, dtype=torch.float64)
    exact = marginal_law(law, path, 0.9).log_prob(x)
    gaps = [
        (log_likelihood(marginal_velocity(law, path), x, time_grid(n, 0.0, 0.9)) - exact).abs()
        for n in (100, 200)
    ]
    assert gaps[1].max() < 0.02
    assert gaps[1].mean() < gaps[0].mean() / 3


def test_network_and_tape_are_left_alone():
    net = torch.nn.Linear(2, 2)
    value = log_likelihood(lambda x, t: net(x), torch.randn(5, 2), time_grid(3))
    assert value.shape == (5,)
    assert net.weight.grad is None
    with torch.no_grad():
        assert divergence(lambda x, t: net(x), torch.randn(5, 2), 0.0).isfinite().all()


def test_images_and_times_that_fall_are_refused():
    with pytest.raises(ValueError, match=r"x\.flatten\(1\)"):
        divergence(lambda x, t: x, torch.zeros(2, 1, 4, 4), 0.0)
    with pytest.raises(ValueError, match="must increase"):
        log_likelihood(lambda x, t: x, torch.zeros(2, 2), time_grid(4).flip(0))
