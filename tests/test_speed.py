"""Regressions of speed and memory: ratios to loops by hand, with room for noise, and never seconds.

`make bench` measures the same more finely, and beside other packages.
"""

import statistics
import sys

import pytest
import torch

from benchmarks import growth, simulation, training
from benchmarks.rounds import interleaved, peak_beyond, ratios
from coursekit import Chessboard, Empirical, Euler, GaussianPath, Heun, marginal_velocity, metrics
from coursekit.nets import MLP

ROOM = 1.25
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's record of the peak is Linux's")


def median_ratio(runs, rounds=15):
    """Ours over the loop by hand; the best of three medians, since noise only lengthens."""
    return min(statistics.median(ratios(interleaved(runs, rounds), "ours", "by hand")) for _ in range(3))


@pytest.mark.parametrize(
    ("method", "by_hand"),
    [(Euler(), simulation.euler_by_hand), (Heun(), simulation.heun_by_hand)],
    ids=["Euler", "Heun"],
)
def test_simulating_costs_what_a_loop_by_hand_does(method, by_hand):
    field, x = MLP(2).requires_grad_(False), torch.randn(1_000, 2)
    runs = {
        "ours": lambda: simulation.ours(method)(field, x, 16),
        "by hand": lambda: by_hand(field, x, 16),
    }
    assert median_ratio(runs) < ROOM


def test_training_costs_what_a_loop_by_hand_does():
    data, net = Chessboard().sample(10_000), MLP(2)
    runs = {
        "ours": lambda: list(training.ours(net, data, 20, 1_000)),
        "by hand": lambda: list(training.by_hand(net, data, 20, 1_000)),
    }
    assert median_ratio(runs) < ROOM


def test_solvers_that_are_compared_make_the_same_steps():
    for field in simulation.fields().values():
        for method, known in simulation.solvers().items():
            if method != "Euler–Maruyama":
                simulation.agree(field, known)


def test_slopes_are_found():
    found = [(n, 3e-6 * n**1.5, 0.0) for n in (10, 100, 1000, 10_000)]
    assert growth.slope(found) == pytest.approx(1.5)


@linux
@pytest.mark.parametrize(
    "law", [Chessboard(), Empirical(torch.randn(4_000, 2))], ids=["chessboard", "data set"]
)
def test_exact_fields_take_memory_for_their_answer_only(law):
    """100,000 states are 0.8 MB; all pairs with squares or points would be from 100 MB to 3 GB."""
    field, x = marginal_velocity(law, GaussianPath()), torch.randn(20_000, 2)
    field(x, 0.5)
    assert peak_beyond(lambda: field(x.repeat(5, 1), 0.5)) < 90


@linux
def test_metrics_take_no_table_of_all_pairs():
    """All pairs of 5,000 are 200 MB."""
    a, b = torch.randn(5_000, 2), torch.randn(5_000, 2)
    metrics.coverage(a[:500], b[:500])
    assert peak_beyond(lambda: metrics.coverage(a, b)) < 150
