"""Marginal laws and posterior weights, against Bayes' rule. Their densities: test_distributions."""

import pytest
import torch
from laws import DISTRIBUTIONS, POINTS, SCHEDULERS

from coursekit import Chessboard, Empirical, Gaussian, GaussianPath, Moons, marginal_law, posterior_weights

PATHS = {name: GaussianPath(scheduler) for name, scheduler in SCHEDULERS.items()}
every = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())


@every
def test_posterior_is_bayes_rule_over_the_data_points(path):
    x = torch.randn(6, 2, dtype=torch.float64)
    points = POINTS.points.double()
    likelihood = torch.stack([path.log_prob(x, z.expand_as(x), 0.6).exp() for z in points], dim=1)
    expected = likelihood / likelihood.sum(1, keepdim=True)
    torch.testing.assert_close(posterior_weights(x, points, path, 0.6), expected)
    torch.testing.assert_close(posterior_weights(x, points, path, torch.full((6,), 0.6).double()), expected)


def test_each_state_has_its_own_time():
    x = torch.randn(3, 1, 4, 4)
    points = torch.randn(5, 1, 4, 4)
    t = torch.tensor([0.1, 0.5, 0.9])
    together = posterior_weights(x, points, GaussianPath(), t)
    alone = torch.cat(
        [posterior_weights(x[i : i + 1], points, GaussianPath(), float(t[i])) for i in range(3)]
    )
    torch.testing.assert_close(together, alone)


def test_late_the_nearest_point_takes_all_without_overflow():
    weights = posterior_weights(POINTS.points, POINTS.points, GaussianPath(), 0.9999)
    torch.testing.assert_close(weights, torch.eye(5))
    assert posterior_weights(torch.full((1, 2), 1e4), POINTS.points, GaussianPath(), 0.99).isfinite().all()


def test_a_data_set_is_a_mixture_of_equal_gaussians():
    """Equal to the general mixture with the data points as means and a vanishing width."""
    law = marginal_law(POINTS, GaussianPath(), 0.7)
    x = torch.randn(9, 2)
    torch.testing.assert_close(
        law.log_prob(x),
        torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(torch.ones(5)),
            torch.distributions.Independent(torch.distributions.Normal(0.7 * POINTS.points, 0.3), 1),
        ).log_prob(x),
    )


@every
def test_at_the_start_every_marginal_is_nearly_noise(path):
    noise = Gaussian(torch.zeros(2))
    x = torch.randn(50, 2)
    for law in [*DISTRIBUTIONS.values(), POINTS]:
        gap = (marginal_law(law, path, 0.0).log_prob(x) - noise.log_prob(x)).abs().max()
        assert float(gap) < 40 * path.scheduler.boundary_error + 1e-5


def test_at_the_end_a_mixture_is_the_data():
    law = DISTRIBUTIONS["mixture"]
    x = law.sample(20)
    torch.testing.assert_close(marginal_law(law, GaussianPath(), 1.0).log_prob(x), law.log_prob(x))


@pytest.mark.parametrize("law", [Chessboard(), POINTS], ids=["chessboard", "data set"])
def test_where_there_is_no_noise_left_the_remedy_is_named(law):
    with pytest.raises(ValueError, match="below 1"):
        marginal_law(law, GaussianPath(), 1.0)
    with pytest.raises(ValueError, match="below 1"):
        posterior_weights(POINTS.points, POINTS.points, GaussianPath(), 1.0)


def test_other_laws_and_spaces_are_refused():
    with pytest.raises(TypeError, match="there is one for Gaussian"):
        marginal_law(Moons(), GaussianPath(), 0.5)
    with pytest.raises(ValueError, match="same space"):
        marginal_law(Empirical(torch.zeros(3, 4)), GaussianPath(), 0.5).log_prob(torch.zeros(2, 3))
