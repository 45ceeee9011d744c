"""Facts and probes: known flows, tolerances that hold their level, numbers that read well."""

import pytest
import torch

import coursekit
from coursekit.checks.ch01 import ex1_10_my_solver as race
from coursekit.checks.core.facts import Fact, mean_tolerance, slope, variance_tolerance
from coursekit.checks.shared.fields import RecordingField, gust, gust_flow, rms, whirl, whirl_flow


def test_known_flows_are_the_flows_of_their_fields():
    """The derivative along the flow is the field: residual of a central difference, O(d²)."""
    torch.manual_seed(0)
    x0, d = torch.randn(50, 2, dtype=torch.float64), 1e-4
    for t in (0.1, 0.5, 0.9):
        rate = (whirl_flow(x0, t + d) - whirl_flow(x0, t - d)) / (2 * d)
        assert rms(rate - RecordingField(whirl)(whirl_flow(x0, t), t)) < 1e-5
    for sense in (1.0, -1.0):
        times = coursekit.time_grid(500)
        field = RecordingField(lambda x, t, sense=sense: gust(x, t, sense))
        assert rms(coursekit.solve(field, x0, times) - gust_flow(x0, sense)) < 1e-4


def test_the_number_of_evaluations_is_the_least_for_that_error():
    torch.manual_seed(0)
    x0 = torch.randn(64, 2, dtype=torch.float64)
    for method in (coursekit.Euler(), coursekit.Heun()):
        for error in (0.3, 0.03, 0.01):
            count = race.needed(method, x0, error)
            steps = count // method.evaluations
            assert race._error(method, x0, steps) <= error * (1 + 1e-6)
            assert race._error(method, x0, steps - max(1, steps // 16)) > error
        assert race.needed(method, x0, 1e-9) is None


def test_statistical_tolerances_hold_their_level():
    """4,000 samples: none of the two tests at level 5e-7 each may fail, and 1/20 of the margin must often."""
    torch.manual_seed(1)
    x = torch.randn(4000, 500)
    mean, spread = x.mean(dim=1).abs(), (x.var(dim=1) - 1).abs()
    for came, tol in ((mean, mean_tolerance(500, 1.0, 2)), (spread, variance_tolerance(500, 1.0, 2))):
        assert (came > tol).sum() == 0
        assert (came > tol / 20).float().mean() > 0.5


def test_slope_of_a_line():
    x = torch.tensor([0.0, 1.0, 5.0])
    assert slope(x, 3 - 2 * x) == pytest.approx(-2.0)


def test_a_fact_reads_well():
    fact = Fact("name", "what", torch.tensor([1.0, -2.0]), torch.tensor([0.1, -0.00001]), "look")
    assert not fact.holds()
    assert fact.numbers() == ("(1, -2)", "(0.1, 0)")
    far = Fact("name", "what", torch.zeros(3, 4), torch.diag(torch.tensor([1.0, 9, 1, 1]))[:3], "look")
    assert far.numbers() == ("0 (row 2 of 3, column 2 of 4)", "9")
    assert Fact("name", "what", 1.0, torch.ones(3), "look").holds() is False
    longer = Fact("name", "what", torch.zeros(9), torch.zeros(8), "look")
    assert longer.numbers()[0].startswith("9 values")
