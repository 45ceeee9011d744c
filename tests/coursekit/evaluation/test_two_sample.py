"""Two-sample statistics: closed forms, level under the null, power against a shift."""

import math

import pytest
import torch

from coursekit import energy_distance, two_sample_test


def test_energy_distance_of_two_point_masses_and_of_normals():
    assert energy_distance(torch.zeros(3, 2), torch.tensor([[3.0, 4.0]] * 2)) == pytest.approx(10)
    n = 4000
    a, b = torch.randn(n, 1), 2 + torch.randn(n, 1)
    # E|N(m, 2)| in closed form for m = 2 and m = 0, where N(m, 2) is the difference of two normals
    apart = 2 * math.exp(-1) / math.sqrt(math.pi) + 2 * math.erf(1)
    exact = 2 * apart - 4 / math.sqrt(math.pi)
    assert energy_distance(a, b) == pytest.approx(exact, abs=5 * 4 / math.sqrt(n))
    assert energy_distance(a, b) == pytest.approx(energy_distance(b, a))


def test_chunks_do_not_change_the_distance():
    a, b = torch.randn(2300, 2), torch.randn(1100, 2) + 0.3
    rows = torch.cdist(a.double(), b.double()).mean() * 2
    exact = rows - torch.cdist(a.double(), a.double()).mean() - torch.cdist(b.double(), b.double()).mean()
    assert energy_distance(a, b) == pytest.approx(float(exact))


@pytest.mark.parametrize("ties", [False, True])
def test_a_line_needs_no_pairs(ties):
    """The sorted form against the same points in a plane, where all pairs are taken."""
    a, b = torch.randn(300, 1), torch.randn(200, 1) + 0.3
    if ties:
        a, b = a.round(), b.round()
    flat = [torch.cat([points, torch.zeros_like(points)], dim=1) for points in (a, b)]
    assert energy_distance(a, b) == pytest.approx(energy_distance(*flat), abs=1e-9)


def test_the_statistic_of_the_test_is_the_energy_distance():
    a, b = torch.randn(80, 3), torch.randn(50, 3) * 1.5
    found = two_sample_test(a, b, 20)
    assert found.statistic == pytest.approx(energy_distance(a, b))
    assert found.null.shape == (20,)


def test_p_values_are_uniform_when_both_sets_share_a_law():
    g = torch.Generator().manual_seed(0)
    p = [
        two_sample_test(torch.randn(40, 2, generator=g), torch.randn(60, 2, generator=g), 99, g).p_value
        for _ in range(200)
    ]
    p = torch.tensor(p)
    assert abs(p.mean() - 0.505) < 5 * 0.29 / 200**0.5
    assert (p <= 0.1).sum() <= 20 + 5 * 18**0.5


def test_a_shift_is_found_and_the_level_is_the_null_s_quantile():
    g = torch.Generator().manual_seed(0)
    found = two_sample_test(torch.randn(300, 2, generator=g), torch.randn(300, 2, generator=g) + 0.5, 200, g)
    assert found.p_value == pytest.approx(1 / 201)
    assert found.statistic > found.level(0.01) > found.level(0.5)
    assert abs(float((found.null > found.level(0.05)).float().mean()) - 0.05) <= 0.01


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (torch.zeros(5, 2), torch.zeros(5, 3), "same event"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "at least 2"),
        (torch.zeros(6000, 1), torch.zeros(2, 1), "at most 6000"),
    ],
)
def test_bad_input_is_refused_with_the_remedy(a, b, said):
    with pytest.raises(ValueError, match=said):
        two_sample_test(a, b)
