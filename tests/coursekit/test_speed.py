"""Regressions of work and memory, beside loops by hand, in counts and never in seconds.

A busy machine stretches seconds, and even ratios of them, but changes no count: operations of torch, numbers
they write, calls of Python functions. `make bench` measures the seconds, and beside other packages.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import growth, simulation, training
from coursekit import Chessboard, Euler, Heun
from coursekit.nets import MLP

ROOT = Path(__file__).resolve().parents[2]
ROOM = {"operations": 1.1, "numbers": 1.05, "calls": 1.15}
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's record of the peak is Linux's")


class Operations(TorchDispatchMode):
    """Counts torch's operations inside it, and the numbers that they write."""

    def __init__(self):
        super().__init__()
        self.count = self.numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        self.count += 1
        self.numbers += found.numel() if isinstance(found, torch.Tensor) else 0
        return found


def work(run):
    """What a run does: operations of torch, numbers they write, calls of Python functions."""
    run()  # what happens once only does not count
    with Operations() as seen:
        run()
    calls, before = 0, sys.getprofile()

    def count(frame, event, arg):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(before)
    return {"operations": seen.count, "numbers": seen.numbers, "calls": calls}


def assert_costs_the_same(ours, by_hand):
    ours, by_hand = work(ours), work(by_hand)
    assert {
        what: ours[what] / by_hand[what] for what in ours if ours[what] > ROOM[what] * by_hand[what]
    } == {}


@pytest.mark.parametrize(
    ("method", "by_hand"),
    [(Euler(), simulation.euler_by_hand), (Heun(), simulation.heun_by_hand)],
    ids=["Euler", "Heun"],
)
def test_simulating_costs_what_a_loop_by_hand_does(method, by_hand):
    field, x = MLP(2).requires_grad_(False), torch.randn(1_000, 2)
    assert_costs_the_same(lambda: simulation.ours(method)(field, x, 16), lambda: by_hand(field, x, 16))


def test_training_costs_what_a_loop_by_hand_does():
    data, net = Chessboard().sample(10_000), MLP(2)
    assert_costs_the_same(
        lambda: list(training.ours(net, data, 20, 1_000)),
        lambda: list(training.by_hand(net, data, 20, 1_000)),
    )


def test_work_that_is_done_twice_is_seen():
    field, x = MLP(2).requires_grad_(False), torch.randn(1_000, 2)
    with pytest.raises(AssertionError, match="operations"):
        assert_costs_the_same(
            lambda: [simulation.euler_by_hand(lambda x, t: (field(x, t), field(x, t))[0], x, 16)],
            lambda: simulation.euler_by_hand(field, x, 16),
        )


def test_solvers_that_are_compared_make_the_same_steps():
    for field in simulation.fields().values():
        for method, known in simulation.solvers().items():
            if method != "Euler–Maruyama":
                simulation.agree(field, known)


def test_slopes_are_found():
    found = [(n, 3e-6 * n**1.5, 0.0) for n in (10, 100, 1000, 10_000)]
    assert growth.slope(found) == pytest.approx(1.5)


def beyond(setting, call):
    """Megabytes that a call takes at most in a process of its own, where no test has used the heap before."""
    program = (
        f"import torch\nfrom benchmarks.rounds import peak_beyond\nfrom coursekit import *\n"
        f"from coursekit.evaluation import metrics\n{setting}\nprint(peak_beyond(lambda: {call}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@linux
@pytest.mark.parametrize("law", ["Chessboard()", "Empirical(torch.randn(4_000, 2))"])
def test_exact_fields_take_memory_for_their_answer_only(law):
    """100,000 states are 0.8 MB; all pairs with squares or points would be from 100 MB to 3 GB."""
    setting = f"field, x = marginal_velocity({law}, GaussianPath()), torch.randn(100_000, 2)"
    setting += "\nfield(x[:20_000], 0.5)"
    assert beyond(setting, "field(x, 0.5)") < 60


@linux
def test_metrics_take_no_table_of_all_pairs():
    """All pairs of 5,000 are 200 MB."""
    setting = "a, b = torch.randn(5_000, 2), torch.randn(5_000, 2)\nmetrics.coverage(a[:500], b[:500])"
    assert beyond(setting, "metrics.coverage(a, b)") < 100
