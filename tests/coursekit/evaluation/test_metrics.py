"""Metrics against closed forms and by what must not change them."""

import math

import pytest
import torch

from coursekit.evaluation.metrics import (
    accuracy,
    coverage,
    frechet_distance,
    frechet_floor,
    nearest,
    nearest_neighbour_ratio,
    straightness,
    within_class_diversity,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def exactly(mean, root):
    """Samples whose mean and covariance (root root^T) are exactly as given."""
    x = torch.randn(400, len(mean), generator=seeded(), dtype=torch.float64)
    x = x - x.mean(0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return white @ root.T + mean


def test_pairs_in_blocks_are_all_pairs(monkeypatch):
    x, real = torch.randn(70, 3, generator=seeded(1)), torch.randn(40, 3, generator=seeded(2))
    whole, share = nearest(x, real), coverage(x, real)
    monkeypatch.setattr("coursekit.evaluation.metrics._TABLE", 100)
    assert torch.equal(nearest(x, real)[0], whole[0])
    assert torch.equal(nearest(x, real)[1], whole[1])
    assert coverage(x, real) == share


def test_frechet_distance_of_diagonal_gaussians():
    """Axes that agree: sum of squared differences of means and of widths."""
    m, n = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([0.0, 1.0, 0.5]).double()
    s, r = torch.tensor([0.5, 2.0, 1.0]).double(), torch.tensor([1.5, 1.0, 0.1]).double()
    wanted = float((m - n).square().sum() + (s - r).square().sum())
    assert frechet_distance(exactly(m, s.diag()), exactly(n, r.diag())) == pytest.approx(wanted, rel=1e-9)


def test_frechet_distance_where_covariances_do_not_commute():
    """Two dimensions: tr M^1/2 = sqrt(tr M + 2 sqrt(det M)) for M = C_a C_b."""
    a, b = torch.tensor([[1.0, 0.0], [0.8, 0.6]]).double(), torch.tensor([[2.0, 0.0], [-1.0, 0.5]]).double()
    m = (a @ a.T) @ (b @ b.T)
    cross = math.sqrt(m.trace() + 2 * math.sqrt(torch.linalg.det(m)))
    wanted = float((a @ a.T).trace() + (b @ b.T).trace()) - 2 * cross
    mean = torch.zeros(2).double()
    assert frechet_distance(exactly(mean, a), exactly(mean, b)) == pytest.approx(wanted, rel=1e-9)


def test_frechet_distance_with_fewer_samples_than_axes():
    """Axes that are not used change nothing, however many there are."""
    a, b = torch.randn(30, 5, generator=seeded(1)), 2 * torch.randn(20, 5, generator=seeded(2)) + 1
    turn = torch.linalg.qr(torch.randn(200, 5, generator=seeded(3), dtype=torch.float64))[0].T
    assert frechet_distance(a.double() @ turn, b.double() @ turn) == pytest.approx(frechet_distance(a, b))


def test_frechet_distance_laws():
    a, b = torch.randn(60, 5, generator=seeded(1)), 2 * torch.randn(80, 5, generator=seeded(2)) + 1
    turn = torch.linalg.qr(torch.randn(5, 5, generator=seeded(3), dtype=torch.float64))[0]
    d = frechet_distance(a, b)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(b, a) == pytest.approx(d)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * d)
    assert frechet_distance(a.double() @ turn + 7, b.double() @ turn + 7) == pytest.approx(d)
    assert frechet_distance(a.reshape(60, 1, 5), b.reshape(80, 1, 5)) == d


def test_frechet_distance_of_fewer_samples_than_axes_is_finite():
    few = torch.randn(3, 10, generator=seeded())
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_is_biased_in_small_samples_and_the_floor_shows_it():
    pool, held_out = torch.randn(2000, 4, generator=seeded(1)), torch.randn(100, 4, generator=seeded(2))
    pool = pool[pool[:, 0].argsort()]  # in an order that shows if not all of it takes part
    small = frechet_floor(pool, held_out, generator=seeded(3))
    large = frechet_floor(pool, torch.randn(1000, 4, generator=seeded(4)), generator=seeded(3))
    assert small.shape == (20,)
    assert small.std() > 0
    assert small.mean() < 0.5
    assert 0 < large.mean() < small.mean() / 3  # the bias falls like 1 / n


def test_frechet_errors():
    with pytest.raises(ValueError, match="at least 2"):
        frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="like with like"):
        frechet_distance(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(ValueError, match="fewer than"):
        frechet_floor(torch.zeros(4, 3), torch.zeros(5, 3))


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_samples_of_a_broken_generator_are_refused(broken):
    real, made = torch.randn(9, 2), torch.randn(9, 2)
    made[3, 1] = broken
    for call in (
        lambda: frechet_distance(made, real),
        lambda: nearest(made, real),
        lambda: coverage(made, real),
    ):
        with pytest.raises(ValueError, match="not a number"):
            call()


def test_agreement_counts():
    assert accuracy(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 0, 4])) == 0.75
    for a, b in ((torch.zeros(3), torch.zeros(3, 1)), (torch.zeros(0), torch.zeros(0))):
        with pytest.raises(ValueError, match="labels have shapes"):
            accuracy(a, b)


def test_nearest_finds_copies_and_near_copies_exactly():
    among = 100 + torch.randn(50, 6, generator=seeded())
    x = among[[7, 3, 20]].clone()
    x[2, 0] += 0.01
    distances, rows = nearest(x, among)
    assert rows.tolist() == [7, 3, 20]
    assert distances[:2].tolist() == [0, 0]
    assert distances[2].item() == pytest.approx(0.01, rel=1e-3)
    assert distances.dtype == torch.float64
    far = 1e6 + torch.randn(50, 6, generator=seeded(), dtype=torch.float64)  # where squares lose the digits
    assert nearest(far + 0.01, far)[0].min().item() == pytest.approx(0.01 * 6**0.5, rel=1e-6)


def test_ratio_tells_copies_peers_and_strangers_apart():
    train, held_out, peers = (torch.randn(400, 5, generator=seeded(s)) for s in (1, 2, 3))
    assert nearest_neighbour_ratio(train[:50], train, held_out) == 0
    # A median of 400 distances that vary by about a third: 2 %; the ratio of two such, within 5 errors.
    assert nearest_neighbour_ratio(peers, train, held_out) == pytest.approx(1, abs=0.15)
    assert nearest_neighbour_ratio(peers + 10, train, held_out) > 5
    with pytest.raises(ValueError, match="nothing to compare"):
        nearest_neighbour_ratio(peers, train, train)


def test_coverage_counts_the_real_samples_within_reach():
    """On a line 0, 1, 3 with k = 1 the radii are 1, 1, 2."""
    real = torch.tensor([[0.0], [1.0], [3.0]])
    assert coverage(torch.tensor([[-0.5]]), real, k=1) == pytest.approx(1 / 3)
    assert coverage(torch.tensor([[-0.5], [4.5]]), real, k=1) == pytest.approx(2 / 3)
    assert coverage(torch.tensor([[10.0]]), real, k=1) == 0
    assert coverage(torch.tensor([[-1.0]]), real, k=1) == 0  # at the radius is not within it
    assert coverage(real, real, k=1) == 1
    assert coverage(torch.tensor([[-2.0]]), real, k=2) == pytest.approx(1 / 3)  # radii 3, 2, 3


def expected_coverage(n, m, k):
    """Of m real samples by n fresh ones: uncovered if the k nearest of n + m - 1 others are all real."""
    uncovered = [(m - 1 - i) / (m - 1 + n - i) for i in range(k)]
    return 1 - math.prod(uncovered)


def test_expected_coverage_by_counting():
    """One fresh sample and m - 1 real ones in a random order: is the fresh one among the first k?"""
    assert expected_coverage(1, 3, 1) == pytest.approx(1 / 3)
    assert expected_coverage(1, 5, 2) == pytest.approx(2 / 5)


@pytest.mark.parametrize(("n", "m", "k"), [(200, 200, 5), (50, 200, 2), (200, 50, 1)])
def test_coverage_by_the_same_law_is_as_expected(n, m, k):
    found = [
        coverage(torch.randn(n, 3, generator=seeded(s)), torch.randn(m, 3, generator=seeded(1000 + s)), k)
        for s in range(60)
    ]
    values = torch.tensor(found)
    assert values.mean().item() == pytest.approx(
        expected_coverage(n, m, k), abs=4 * values.std().item() / 60**0.5
    )


def test_coverage_shows_a_missing_kind():
    real = torch.cat(
        [torch.randn(200, 3, generator=seeded(1)), torch.randn(200, 3, generator=seeded(2)) + 20]
    )
    half = torch.randn(400, 3, generator=seeded(3))
    assert 0.45 < coverage(half, real) <= 0.5


def test_coverage_errors():
    with pytest.raises(ValueError, match="at least 6"):
        coverage(torch.zeros(3, 2), torch.zeros(5, 2))
    with pytest.raises(ValueError, match="number 1"):
        coverage(torch.zeros(3, 2), torch.zeros(5, 2), k=0)


def test_diversity_of_counted_pairs():
    """Class 0: pairs at distances 3, 4 and 5; class 7: one pair at distance 2, which counts the same."""
    x = torch.tensor([[0.0, 0.0], [10.0, 0.0], [3.0, 0.0], [0.0, 4.0], [10.0, 2.0]])
    y = torch.tensor([0, 7, 0, 0, 7])
    assert within_class_diversity(x, y) == pytest.approx(((9 + 16 + 25) / 3 + 4) / 2)


def test_diversity_is_the_mean_over_all_pairs():
    x, y = torch.randn(60, 2, 3, generator=seeded()) + 1e4, torch.arange(60) % 3
    pairs = [torch.pdist(x[y == c].flatten(1).double()).square().mean() for c in range(3)]
    assert within_class_diversity(x, y) == pytest.approx(float(sum(pairs) / 3), rel=1e-9)


def test_diversity_laws():
    x, y = torch.randn(90, 4, generator=seeded(1), dtype=torch.float64), torch.arange(90) % 3
    d = within_class_diversity(x, y)
    assert within_class_diversity(3 * x, y) == pytest.approx(9 * d)
    assert within_class_diversity(x + 100 * y[:, None], y) == pytest.approx(
        d
    )  # where classes lie is no matter
    assert within_class_diversity(y[:, None].double(), y) == 0  # one sample for each class, over and over
    # In a standard normal law |x - x'|^2 is 2 chi^2 with 4 degrees: 8 on average. tr C of n has 2 * 4 / n.
    assert d == pytest.approx(8, abs=5 * 2 * (8 / 90) ** 0.5)


def test_diversity_errors():
    with pytest.raises(ValueError, match="only one sample of class 4"):
        within_class_diversity(torch.zeros(3, 2), torch.tensor([1, 1, 4]))
    for y in (torch.zeros(4), torch.zeros(3, 1)):
        with pytest.raises(ValueError, match="one label for each"):
            within_class_diversity(torch.zeros(3, 2), y)
    with pytest.raises(ValueError, match="not a number"):
        within_class_diversity(torch.tensor([[1.0], [math.nan]]), torch.zeros(2))


def test_straight_walks_at_constant_speed_are_straight():
    times = torch.tensor([0.0, 0.1, 0.4, 1.0])
    start, across = torch.randn(2, 1, 20, 2)
    assert straightness(start + times[:, None, None] * across, times) == pytest.approx(0, abs=1e-10)


def test_straightness_of_a_half_circle_against_its_integral():
    """Speed pi, chord 2: E |dx/dt - chord|^2 = pi^2 - 4, over 4. A pause costs the same as a bend."""
    times = torch.linspace(0, 1, 2001, dtype=torch.float64)
    circle = torch.stack([-(torch.pi * times).cos(), (torch.pi * times).sin()], -1)[:, None]
    assert straightness(circle, times) == pytest.approx((torch.pi**2 - 4) / 4, rel=1e-4)
    late = torch.where(times > 0.5, 2 * times - 1, 0.0)[:, None, None]
    assert straightness(late, times) == pytest.approx(1.0, rel=1e-4)


def test_straightness_needs_states_at_its_times():
    with pytest.raises(ValueError, match="at least 3"):
        straightness(torch.zeros(4, 2, 2), torch.zeros(3))
