"""Conversions: against exact fields, for every pair of predictions and every scheduler; where they end."""

from itertools import product

import pytest
import torch
from laws import DISTRIBUTIONS, POINTS, SCHEDULERS

from coursekit import (
    ConvertedField,
    GaussianPath,
    Heun,
    convert,
    marginal_law,
    marginal_score,
    marginal_velocity,
    posterior_weights,
    solve,
    time_grid,
)
from coursekit.base import singular_at

NAMES = ("velocity", "score", "noise", "data")
every = pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())


@every
@pytest.mark.parametrize(("given", "wanted"), [*product(NAMES, NAMES)])
def test_all_four_are_one_affine_map_of_data_and_noise(scheduler, given, wanted):
    path = GaussianPath(scheduler)
    z, eps = torch.randn(2, 50, 3, dtype=torch.float64)
    t = 0.05 + 0.9 * torch.rand(50, 1, dtype=torch.float64)
    x = path.sample(z, eps, t)
    known = {
        "velocity": path.target(z, eps, t),
        "score": -eps / scheduler.beta(t),
        "noise": eps,
        "data": z,
    }
    torch.testing.assert_close(convert(known[given], x, t, path, given=given, wanted=wanted), known[wanted])


@every
@pytest.mark.parametrize("law", [*DISTRIBUTIONS.values(), POINTS], ids=[*DISTRIBUTIONS, "data set"])
def test_exact_velocity_and_exact_score_are_one_another(law, scheduler):
    path = GaussianPath(scheduler)
    velocity, score = marginal_velocity(law, path), marginal_score(law, path)
    x = 1.5 * torch.randn(40, 2, dtype=torch.float64)
    for t in (0.1, 0.5, 0.9):
        torch.testing.assert_close(ConvertedField(velocity, path, "velocity", "score")(x, t), score(x, t))
        torch.testing.assert_close(ConvertedField(score, path, "score", "velocity")(x, t), velocity(x, t))


@every
def test_exact_denoiser_of_a_data_set_is_its_posterior_average(scheduler):
    path, x = GaussianPath(scheduler), torch.randn(40, 2, dtype=torch.float64)
    denoiser = ConvertedField(marginal_velocity(POINTS, path), path, "velocity", "data")
    points = POINTS.points.double()
    torch.testing.assert_close(denoiser(x, 0.4), posterior_weights(x, points, path, 0.4) @ points)


@pytest.mark.parametrize("law", [*DISTRIBUTIONS.values(), POINTS], ids=[*DISTRIBUTIONS, "data set"])
def test_score_is_the_gradient_of_the_marginal(law):
    x = torch.randn(40, 2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(marginal_law(law, GaussianPath(), 0.6).log_prob(x).sum(), x)
    torch.testing.assert_close(
        marginal_score(law, GaussianPath())(x.detach(), 0.6), slope, rtol=1e-5, atol=1e-5
    )


def test_from_velocity_noise_and_data_are_known_at_both_ends():
    path, x = GaussianPath(), torch.randn(2, 4, 2)
    for t, wanted in ((0.0, "data"), (0.0, "noise"), (1.0, "data"), (1.0, "noise")):
        state = path.sample(x[0], x[1], t)
        got = convert(path.target(x[0], x[1], t), state, t, path, given="velocity", wanted=wanted)
        torch.testing.assert_close(got, x[0] if wanted == "data" else x[1])


@pytest.mark.parametrize(
    ("given", "wanted", "t", "remedy"),
    [
        ("noise", "data", 0.0, "above 0"),
        ("score", "velocity", 0.0, "above 0"),
        ("data", "noise", 1.0, "below 1"),
        ("velocity", "score", 1.0, "below 1"),
    ],
)
def test_where_a_prediction_says_nothing_the_remedy_is_named(given, wanted, t, remedy):
    x = torch.randn(3, 2)
    with pytest.raises(ValueError, match=remedy):
        convert(x, x, torch.tensor([0.5, 0.5, t]), GaussianPath(), given=given, wanted=wanted)


def test_the_new_field_says_where_it_ends():
    path, field = GaussianPath(), marginal_velocity(DISTRIBUTIONS["mixture"], GaussianPath())
    assert singular_at(ConvertedField(field, path, "velocity", "noise")) is None
    assert singular_at(ConvertedField(field, path, "velocity", "score")) == 1.0
    assert singular_at(ConvertedField(field, path, "data", "velocity")) == 1.0
    board = marginal_velocity(DISTRIBUTIONS["chessboard"], path)
    assert singular_at(ConvertedField(board, path, "velocity", "noise")) == 1.0


@pytest.mark.parametrize(("name", "end"), [("linear beta", 1.0), ("chain", 1.0), ("cosine", None)])
def test_a_learned_noise_makes_a_velocity_that_heun_can_follow_to_the_end(name, end):
    """DDPM's path is infinitely steep at t = 1, so the last step there must not ask for the field."""
    field = ConvertedField(lambda x, t: x, GaussianPath(SCHEDULERS[name]), "noise", "velocity")
    assert singular_at(field) == end
    assert solve(field, torch.ones(3, 1), time_grid(4, 0.2), Heun()).isfinite().all()


def test_unknown_names_and_shapes_are_refused():
    x = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="'speed' is not one of velocity, score"):
        convert(x, x, 0.5, GaussianPath(), given="speed", wanted="score")
    with pytest.raises(ValueError, match="they must agree"):
        convert(x[:, :1], x, 0.5, GaussianPath(), given="noise", wanted="score")
