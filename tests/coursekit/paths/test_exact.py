"""Exact fields: against Monte-Carlo posterior averages, closed forms, and where they carry noise."""

import math

import pytest
import torch
from laws import DISTRIBUTIONS, POINTS, SCHEDULERS

from coursekit import (
    Chessboard,
    Empirical,
    Gaussian,
    GaussianPath,
    Heun,
    marginal_law,
    marginal_velocity,
    posterior_weights,
    solve,
    time_grid,
)
from coursekit.distributions import truncated_normal

LAWS = {**DISTRIBUTIONS, "data set": POINTS}
every = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
PATH = GaussianPath()


def posterior_average(law, x, t, n=200_000):
    """Self-normalised importance estimate of E[u(x | z) | x] over prior samples, and its standard error."""
    z = law.sample(n, torch.Generator().manual_seed(0)).double()
    log_weight = -(x[:, None] - t * z).square().sum(-1) / (2 * (1 - t) ** 2)
    weight = log_weight.softmax(-1)[..., None]
    velocity = (z - x[:, None]) / (1 - t)
    mean = (weight * velocity).sum(1)
    return mean, (weight.square() * (velocity - mean[:, None]).square()).sum(1).sqrt()


@every
@pytest.mark.parametrize("t", [0.0, 0.002, 0.2, 0.6])
def test_field_is_the_posterior_average_of_conditional_velocities(law, t):
    x = torch.tensor([[0.3, -0.7], [1.2, 0.9], [0.0, 0.0], [-1.0, 0.4]], dtype=torch.float64)
    mean, error = posterior_average(law, x, t)
    assert ((marginal_velocity(law, PATH)(x, t) - mean).abs() < 5 * error + 1e-9).all()


@every
def test_float32_is_enough_everywhere(law):
    field = marginal_velocity(law, PATH)
    x = 4 * torch.randn(400, 2, dtype=torch.float64)
    for t in (0.0, 1e-4, 0.1, 0.5, 0.9, 0.99):
        exact = field(x, t)
        assert exact.isfinite().all()
        assert ((field(x.float(), t) - exact).abs() < 2e-4 * (1 + exact.abs()) / (1 - t)).all()


@pytest.mark.parametrize("law", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def test_field_carries_noise_to_the_data(law):
    """Each axis' end points against fresh samples: Kolmogorov distance at the 1e-5 level, both axes."""
    n = 8_000
    generator = torch.Generator().manual_seed(5)
    x = solve(marginal_velocity(law, PATH), torch.randn(n, 2, generator=generator), time_grid(60), Heun())
    z = law.sample(n, generator)
    for a, b in zip(x.T, z.T, strict=True):
        both = torch.cat([a, b]).sort().values
        gap = torch.searchsorted(a.sort().values, both) - torch.searchsorted(b.sort().values, both)
        assert gap.abs().max() / n < math.sqrt(-math.log(1e-5 / 4) / n)
    if isinstance(law, Chessboard):
        assert law.contains(x).float().mean() > 0.99


def test_gaussian_flow_against_its_closed_form():
    """A Gaussian is carried by x -> mean t + x0 sqrt(t^2 s^2 + (1-t)^2), and Heun gets there at rate h^2."""
    law = Gaussian(torch.tensor([1.0, -2.0], dtype=torch.float64), 0.3)
    x0 = torch.randn(50, 2, dtype=torch.float64)
    x = solve(marginal_velocity(law, PATH), x0, time_grid(400), Heun())
    torch.testing.assert_close(x, law.mean + 0.3 * x0, atol=1e-4, rtol=0)


@every
def test_field_has_finite_gradients(law):
    """Divergences by autograd need them, also where the code chooses between forms."""
    field = marginal_velocity(law, PATH)
    x = (3 * torch.randn(300, 2, dtype=torch.float64)).requires_grad_()
    for t in (0.0, 0.3, 0.95):
        (gradient,) = torch.autograd.grad(field(x, t)[:, 0].sum(), x)
        assert gradient.isfinite().all()
        step = torch.zeros_like(x)
        step[:, 0] = 1e-5
        change = (field(x + step, t) - field(x - step, t))[:, 0].detach() / 2e-5
        torch.testing.assert_close(gradient[:, 0], change, rtol=1e-3, atol=1e-3)


@every
def test_each_state_has_its_own_time(law):
    """batch = dim, where plain broadcasting would be silently wrong."""
    field, x, t = marginal_velocity(law, PATH), torch.randn(2, 2), torch.tensor([0.2, 0.9])
    singly = torch.cat([field(x[i : i + 1], float(t[i])) for i in range(2)])
    for column in (t, t[:, None]):
        torch.testing.assert_close(field(x, column), singly)


@every
def test_no_state_is_welcome(law):
    assert marginal_velocity(law, PATH)(torch.zeros(0, 2), 0.5).shape == (0, 2)


def test_the_singular_end_is_declared_and_refused():
    field = marginal_velocity(Chessboard(), PATH)
    assert field.singular_at == 1.0
    with pytest.raises(ValueError, match="singular at t = 1"):
        field(torch.zeros(2, 2), torch.tensor([0.5, 1.0]))  # one of them is enough
    assert marginal_velocity(DISTRIBUTIONS["mixture"], PATH).singular_at is None


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())
def test_a_mixture_s_field_is_finite_to_the_end_on_every_path(scheduler):
    """Also where beta' is infinite: at t = 1 every state is its own data point."""
    law, x = DISTRIBUTIONS["mixture"], torch.randn(30, 2, dtype=torch.float64)
    field = marginal_velocity(law, GaussianPath(scheduler))
    assert field(x, 1.0).isfinite().all()
    torch.testing.assert_close(field(x, 1.0), field(x, 1 - 1e-9), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS.keys())
@pytest.mark.parametrize("t", [0.05, 0.5, 0.95])
def test_a_data_set_s_field_is_the_weighted_sum_of_conditional_fields(scheduler, t):
    path, x = GaussianPath(scheduler), torch.randn(50, 2, dtype=torch.float64)
    points = 2 * torch.randn(7, 2, dtype=torch.float64)
    weights = posterior_weights(x, points, path, t)
    summed = sum(weights[:, i, None] * path.velocity(x, z.expand_as(x), t) for i, z in enumerate(points))
    torch.testing.assert_close(marginal_velocity(Empirical(points), path)(x, t), summed, rtol=1e-9, atol=1e-9)


def test_a_large_data_set_is_averaged_block_by_block():
    """More pairs than fit one block, in an image's shape and with times of their own; in one piece."""
    points, x = torch.randn(9_000, 1, 2, 2), torch.randn(1_500, 1, 2, 2)
    t = 0.9 * torch.rand(1_500)
    path = GaussianPath()
    z = (posterior_weights(x, points, path, t) @ points.flatten(1)).reshape(x.shape)
    torch.testing.assert_close(
        marginal_velocity(Empirical(points), path)(x, t), path.velocity(x, z, t), rtol=1e-4, atol=1e-4
    )


def test_the_exact_field_of_a_data_set_returns_the_data_set():
    x = solve(marginal_velocity(POINTS, PATH), torch.randn(200, 2), time_grid(100), Heun())
    assert torch.cdist(x, POINTS.points).min(1).values.max() < 1e-4


def test_unknown_laws_and_shapes_are_refused_with_the_remedy():
    with pytest.raises(TypeError, match="there is one for Gaussian"):
        marginal_velocity(object(), PATH)
    for law in (DISTRIBUTIONS["mixture"], Chessboard()):
        with pytest.raises(ValueError, match=r"\(batch, 2\)"):
            marginal_velocity(law, PATH)(torch.zeros(3, 5), 0.5)


def test_mean_of_a_truncated_normal_lies_inside_its_interval():
    """Also where single precision rounds by more than the distance from the end."""
    middle, width = (16 * torch.rand(20_000)).exp(), (16 * torch.rand(20_000) - 3).exp()
    _, place = truncated_normal(middle - width / 2, middle + width / 2)
    assert (place.abs() <= 1).all()


@pytest.mark.parametrize("width", [0.0, 1e-6, 0.3, 0.999, 1.001, 3.0, 40.0])
def test_truncated_normal_against_fine_quadrature(width):
    """Average density and mean on intervals of every width, near zero and far out, in both dtypes."""
    middle = torch.tensor([-30.0, -9.0, -1.9, -0.2, 0.0, 0.6, 2.5, 12.0, 35.0], dtype=torch.float64)
    ticks = (torch.arange(400_000, dtype=torch.float64) + 0.5) / 400_000 * 2 - 1
    y = middle[:, None] + width / 2 * ticks
    log_density = -y.square() / 2 - math.log(2 * math.pi) / 2
    log_average = log_density.logsumexp(-1) - math.log(len(ticks))
    place = (log_density.softmax(-1) * ticks).sum(-1)
    got_log, got_place = truncated_normal(middle - width / 2, middle + width / 2)
    torch.testing.assert_close(got_log, log_average, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(got_place, place, rtol=1e-5, atol=1e-6)
    single = truncated_normal((middle - width / 2).float(), (middle + width / 2).float())[1]
    torch.testing.assert_close(single.double(), place, rtol=1e-3, atol=1e-4)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_in_blocks_get_the_same_answers(law, dtype, monkeypatch):
    """Blocks of very few states against one block, with times that differ, values and gradients."""
    x, t = torch.randn(50, 2, dtype=dtype, requires_grad=True), 0.9 * torch.rand(50, 1, dtype=dtype)
    field, density = marginal_velocity(law, PATH), marginal_law(law, PATH, 0.4)
    whole = field(x, t), density.log_prob(x), density.score(x)
    (slope,) = torch.autograd.grad(whole[0].square().sum(), x)
    monkeypatch.setattr("coursekit.base.chunking.CHUNK_SIZE", 500)
    parts = field(x, t), density.log_prob(x), density.score(x)
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(torch.autograd.grad(parts[0].square().sum(), x)[0], slope)
