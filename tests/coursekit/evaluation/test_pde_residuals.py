"""Residuals of the continuity and the Fokker-Planck equation, on lines and planes."""

import pytest
import torch
from laws import SCHEDULERS

from coursekit import (
    Gaussian,
    GaussianMixture,
    GaussianPath,
    Langevin,
    OrnsteinUhlenbeck,
    SDEExtension,
    continuity_residual,
    fokker_planck_residual,
    marginal_law,
    marginal_score,
    marginal_velocity,
)

LINE = GaussianMixture(
    torch.tensor([0.4, 0.6]).double(),
    torch.tensor([[-1.5], [1.0]]).double(),
    torch.full((2, 1), 0.5, dtype=torch.float64),
)
PLANE = GaussianMixture(
    torch.tensor([0.4, 0.6]).double(),
    torch.tensor([[-1.5, 0.5], [1.0, 0.0]]).double(),
    torch.tensor([[0.5, 0.6], [0.4, 0.7]]).double(),
)
every = pytest.mark.parametrize("law", [LINE, PLANE], ids=["line", "plane"])


def axes(law, n):
    return [torch.linspace(-4, 4, n, dtype=torch.float64)] * law.dim


def sizes(residual, law, counts=(41, 81)):
    """Largest residual on two grids, the second twice as fine in space and time."""
    return [float(residual(axes(law, n), 0.8 / (n - 1)).abs().max()) for n in counts]


@every
@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())
def test_the_marginal_field_carries_the_marginals(law, scheduler):
    path = GaussianPath(scheduler)
    coarse, fine = sizes(
        lambda grid, dt: continuity_residual(
            lambda t: marginal_law(law, path, t), marginal_velocity(law, path), grid, 0.5, dt
        ),
        law,
    )
    assert fine < 0.05
    assert 3 < coarse / fine < 5  # both differences are of second order


@every
def test_the_extension_keeps_them_with_half_of_sigma_squared_and_with_nothing_else(law):
    path, sigma = GaussianPath(), 1.3
    process = SDEExtension(marginal_velocity(law, path), marginal_score(law, path), sigma)

    def residual(noise):
        return sizes(
            lambda grid, dt: fokker_planck_residual(
                lambda t: marginal_law(law, path, t), process.drift, grid, 0.5, dt, noise
            ),
            law,
        )

    coarse, fine = residual(sigma)
    assert 3 < coarse / fine < 5
    assert residual(sigma * 2**0.5)[1] > 10 * fine  # sigma^2 in the place of sigma^2 / 2
    assert residual(0.0)[1] > 10 * fine


def test_sigma_may_depend_on_time():
    path = GaussianPath()
    process = SDEExtension(marginal_velocity(PLANE, path), marginal_score(PLANE, path), lambda t: 1 - t)
    now = float(process.diffusion(torch.zeros(1, 2, dtype=torch.float64), 0.5))
    coarse, fine = sizes(
        lambda grid, dt: fokker_planck_residual(
            lambda t: marginal_law(PLANE, path, t), process.drift, grid, 0.5, dt, now
        ),
        PLANE,
    )
    assert 3 < coarse / fine < 5


def test_processes_of_chapter_2_satisfy_their_equation():
    ou, start = OrnsteinUhlenbeck(1.5, 0.8), torch.tensor([[2.0]], dtype=torch.float64)

    def law(t):
        mean, std = ou.transition(start, t)
        return Gaussian(mean[0], std[0])

    coarse, fine = sizes(
        lambda grid, dt: fokker_planck_residual(law, ou.drift, grid, 0.7, dt, ou.sigma), LINE, (81, 161)
    )
    assert 3 < coarse / fine < 5
    still = fokker_planck_residual(lambda t: LINE, Langevin(LINE, 0.9).drift, axes(LINE, 801), 0.5, 0.1, 0.9)
    assert still.abs().max() < 1e-3


def test_shape_is_that_of_the_inner_points():
    uneven = [torch.linspace(-1, 1, 5), torch.linspace(-1, 1, 9)]
    law = Gaussian(torch.zeros(2))
    assert continuity_residual(lambda t: law, lambda x, t: 0 * x, uneven, 0.5, 0.1).shape == (3, 7)


@pytest.mark.parametrize("axis", [torch.zeros(2), torch.tensor([0.0, 1.0, 3.0]), torch.zeros(3, 3)])
def test_grids_without_equal_steps_are_refused(axis):
    law = Gaussian(torch.zeros(1))
    with pytest.raises(ValueError, match="equally spaced"):
        continuity_residual(lambda t: law, lambda x, t: x, [axis], 0.5, 0.1)
    with pytest.raises(ValueError, match="positive width"):
        continuity_residual(lambda t: law, lambda x, t: x, [torch.linspace(-1, 1, 5)], 0.5, 0.0)
