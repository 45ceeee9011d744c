"""One law for all: a density integrates to one, its samples follow it, its score is its gradient."""

import math

import pytest
import torch
import torch.distributions as D
from laws import DISTRIBUTIONS, MARGINALS, SHAPES

from coursekit import (
    Chessboard,
    Circles,
    Density,
    Empirical,
    Gaussian,
    GaussianMixture,
    Moons,
    Samplable,
    Scored,
    Spiral,
)

LAWS = DISTRIBUTIONS | MARGINALS
every = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
scored = {name: law for name, law in LAWS.items() if isinstance(law, Scored)}


def box_grid(half=6.0, n=240):
    """Midpoints of a fine grid over [-half, half]^2 and the area of a cell; n cells fit all board edges."""
    ticks = (torch.arange(n, dtype=torch.float64) + 0.5) / n * 2 * half - half
    return torch.cartesian_prod(ticks, ticks), (2 * half / n) ** 2


@every
def test_density_integrates_to_one(law):
    x, area = box_grid()
    assert float(law.log_prob(x).exp().sum() * area) == pytest.approx(1, abs=1e-3)


@every
def test_samples_follow_the_density(law):
    """Chi-square of counts in coarse cells against integrated density, at five standard deviations."""
    n, cells = 20_000, 12
    x, area = box_grid()
    place = ((x + 6) / 12 * cells).floor().long()
    mass = torch.zeros(cells * cells, dtype=torch.float64)
    mass.index_add_(0, place[:, 0] * cells + place[:, 1], law.log_prob(x).exp() * area)
    z = law.sample(n, torch.Generator().manual_seed(1))
    spot = ((z + 6) / 12 * cells).floor().long().clamp(0, cells - 1)
    counts = torch.bincount(spot[:, 0] * cells + spot[:, 1], minlength=cells * cells)
    busy = mass * n > 5
    chi2 = ((counts - n * mass).square() / (n * mass))[busy].sum()
    dof = int(busy.sum()) - 1
    assert float(chi2) < dof + 5 * math.sqrt(2 * dof)
    assert int(counts[mass * n < 1e-6].sum()) == 0


@pytest.mark.parametrize("law", scored.values(), ids=scored.keys())
def test_score_is_the_gradient_of_the_log_density(law):
    x = (3 * torch.randn(200, 2, dtype=torch.float64)).requires_grad_()
    (gradient,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    torch.testing.assert_close(law.score(x), gradient, rtol=1e-6, atol=1e-8)


@every
def test_no_sample_and_no_point_are_welcome(law):
    assert law.sample(0).shape == (0, 2)
    assert law.log_prob(torch.zeros(0, 2)).shape == (0,)


def test_dtype_comes_from_the_means():
    weights, stds = torch.tensor([0.25, 0.75]), torch.tensor([0.5, 1.0])
    law = GaussianMixture(weights, torch.zeros(2, 3, dtype=torch.float64), stds)
    assert law.sample(4).dtype == law.weights.dtype == law.stds.dtype == torch.float64
    assert Gaussian(torch.zeros(2, dtype=torch.float64), 0.5).sample(4).dtype == torch.float64


@every
def test_generator_decides_the_samples(law):
    first, second = (law.sample(7, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (7, 2)
    assert not torch.equal(first, law.sample(7, torch.Generator().manual_seed(4)))


@every
def test_protocols_tell_what_can_be_asked(law):
    assert isinstance(law, Samplable)
    assert isinstance(law, Density)


def test_the_chessboard_has_no_score():
    assert not hasattr(Chessboard(), "score")


def test_gaussian_against_its_closed_form():
    law = Gaussian(torch.tensor([1.0, 2.0]), 0.5)
    x = torch.tensor([[1.0, 2.0], [1.5, 2.0]])
    peak = -math.log(2 * math.pi * 0.25)
    torch.testing.assert_close(law.log_prob(x), torch.tensor([peak, peak - 0.5]))


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("each_axis", [False, True])
def test_mixture_against_torch_s_own_in_any_dimension(dim, each_axis):
    weights, means = torch.tensor([0.2, 0.7, 0.1]), torch.randn(3, dim)
    stds = torch.rand(3, dim) + 0.2 if each_axis else torch.tensor([0.3, 1.0, 2.0])
    normal = D.Independent(D.Normal(means, stds if each_axis else stds[:, None]), 1)
    wanted = D.MixtureSameFamily(D.Categorical(weights), normal)
    x = 2 * torch.randn(50, dim)
    torch.testing.assert_close(GaussianMixture(weights, means, stds).log_prob(x), wanted.log_prob(x))


def test_far_out_the_mixture_stays_finite():
    law = DISTRIBUTIONS["mixture"]
    x = torch.tensor([[1e3, -1e3]])
    assert law.log_prob(x).isfinite().all()
    assert law.score(x).isfinite().all()


def test_dark_squares_touch_at_corners_only():
    board = Chessboard()
    assert len(board.corners()) == 8
    centres = board.corners() + board.side / 2
    assert board.contains(centres).all()
    assert not board.contains(centres + torch.tensor([board.side, 0.0])).any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Gaussian(torch.zeros(2), -1.0), "positive"),
        (lambda: Gaussian(torch.zeros(2, 2)), "one number an axis"),
        (lambda: Gaussian(torch.zeros(2), torch.ones(3)), "give a number"),
        (lambda: GaussianMixture(torch.ones(2), torch.zeros(2, 2), torch.ones(2)), "divide them"),
        (lambda: GaussianMixture(torch.tensor([0.5, 0.51]), torch.zeros(2, 2), torch.ones(2)), "divide them"),
        (lambda: GaussianMixture(torch.tensor([1.5, -0.5]), torch.zeros(2, 2), torch.ones(2)), "positive"),
        (lambda: GaussianMixture(torch.tensor([1]), torch.tensor([[0, 1]]), torch.ones(1)), r"\.float\(\)"),
        (lambda: Gaussian(torch.tensor([0, 1]), 0.5), r"\.float\(\)"),
        (lambda: GaussianMixture(torch.ones(3) / 3, torch.zeros(2, 2), torch.ones(2)), "disagree"),
        (lambda: GaussianMixture(torch.ones(2) / 2, torch.zeros(2, 2), torch.ones(3)), "stds"),
        (lambda: GaussianMixture(torch.ones(2) / 2, torch.zeros(2, 2), torch.zeros(2)), "positive"),
        (lambda: Chessboard(squares=1), "at least 2"),
        (lambda: Gaussian(torch.zeros(2)).log_prob(torch.zeros(2)), r"\(batch, 2\)"),
        (lambda: Gaussian(torch.zeros(2)).score(torch.zeros(4, 3)), r"\(batch, 2\)"),
        (lambda: Chessboard().log_prob(torch.zeros(4, 3)), r"\(batch, 2\)"),
    ],
)
def test_bad_input_is_refused_with_the_remedy(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize("law", SHAPES.values(), ids=SHAPES.keys())
def test_shapes_can_be_sampled_and_no_more(law):
    first, second = (law.sample(500, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (500, 2)
    assert isinstance(law, Samplable)
    assert not isinstance(law, Density)


def test_shapes_are_where_they_say():
    """Without blur: radii of the circles, the moons' two circles, the spiral's radius for its angle."""
    g = torch.Generator().manual_seed(0)
    radius = Circles(noise=0.0).sample(4000, g).norm(dim=1)
    inner = radius < 1.3
    torch.testing.assert_close(radius, torch.where(inner, 0.8, 1.8))
    assert abs(inner.float().mean() - 0.5) < 5 * 0.5 / 4000**0.5
    x = Moons(noise=0.0).sample(4000, g)
    upper = (x - torch.tensor([-0.5, -0.25])).norm(dim=1) - 1
    lower = (x - torch.tensor([0.5, 0.25])).norm(dim=1) - 1
    assert torch.minimum(upper.abs(), lower.abs()).max() < 1e-5
    assert (x[upper.abs() < lower.abs()][:, 1] > -0.2501).all()
    assert (x[upper.abs() > lower.abs()][:, 1] < 0.2501).all()
    x = Spiral(noise=0.0, turns=1.5, radius=3.0).sample(4000, g)
    angle = 2 * math.pi * 1.5 * x.norm(dim=1) / 3
    torch.testing.assert_close(x[:, 0], x.norm(dim=1) * angle.cos(), atol=1e-4, rtol=0)


def test_blur_has_the_stated_width():
    sharp, blurred = (
        Circles(noise=noise).sample(20_000, torch.Generator().manual_seed(1)) for noise in (0, 0.3)
    )
    assert abs((blurred - sharp).std() - 0.3) < 5 * 0.3 / (2 * 40_000) ** 0.5


def test_a_data_set_is_drawn_evenly():
    x = Empirical(torch.arange(5.0)[:, None]).sample(10_000, torch.Generator().manual_seed(0))
    counts = torch.bincount(x[:, 0].long(), minlength=5)
    assert ((counts - 2000).square() / 2000).sum() < 4 + 5 * 8**0.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Empirical(torch.zeros(3)), "n above 0"),
        (lambda: Empirical(torch.zeros(0, 2)), "n above 0"),
        (lambda: Moons(-1), "at least 0"),
        (lambda: Circles(-1), "at least 0"),
        (lambda: Spiral(-1), "at least 0"),
    ],
)
def test_bad_shapes_are_refused_with_the_remedy(make, said):
    with pytest.raises(ValueError, match=said):
        make()
