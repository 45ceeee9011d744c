"""Exercise 4.2: how likely each data point is to lie behind a state."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.schedulers import bent, straight
from .conditional import Scheduler
from .weight_rivals import MISTAKES, weigh

N = 3000
TIMES = torch.tensor([0.2, 0.45, 0.6, 0.8], dtype=torch.float64)[:, None]
POINTS = torch.tensor([[1.0, 0.5], [-1.2, 1.0], [0.3, -1.5]], dtype=torch.float64)

LOOK_SUM = (
    "The weights of one state over all data points have to add up to one: some data point lies behind it. "
    "Yours do not. Along which axis of (batch, n) do the data points stand?"
)
LOOK_START = (
    "At time 0 a state is pure noise and says nothing about its data point, so all points should have the "
    "same weight. Which number of the scheduler is zero at that time, and where does it enter?"
)
LOOK_ODDS = (
    "How many times likelier one data point is than another is the ratio of two normal densities at the "
    "state. Yours is another ratio. Write down the exponent of the density of a cloud around one data point."
)
LOOK_HONEST = (
    "States were made from data points that the check knows. Points with the weight 0.7 should be the right "
    "ones seven times out of ten; yours are too sure or not sure enough."
)
LOOK_LATE = (
    "Late in time every density is tiny, smaller than any float. Still both points should have the weight "
    "one half halfway between them, and a state beyond one of them belongs to that one. Stay with logarithms "
    "until the sum is made."
)
LOOK_OWN = (
    "Together your states get other weights than one by one. Each state is compared with all data points, "
    "and never with the other states; and each has its own time."
)


def _log_odds(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    """Log of how many times likelier the first point is than each other, by Bayes' rule, (batch, n - 1)."""
    alpha, beta, _, _ = scheduler(t)
    law = torch.distributions.Normal(alpha[..., None] * points, beta[..., None])
    density = law.log_prob(x[:, None]).sum(-1)
    return density[:, :1] - density[:, 1:]


def _log(weights: Tensor) -> Tensor:
    return weights.double().clamp(min=1e-30).log()


@exercise(
    "4.2", "Who stands behind this state", "core", "x, points, t, scheduler", weigh(), MISTAKES, double=True
)
def posterior_weights(student: StudentFunction) -> Iterator[Fact]:
    """Sums, the start, odds in the plane and in space, honesty, one by one, and late in time."""
    x = torch.randn(4, 2, dtype=torch.float64)
    came = student(x, POINTS, TIMES, bent, shape=(4, 3))
    what = "sums of the weights of four states"
    summed = Fact("do not sum to one", what, torch.ones(4), came.double().sum(1), LOOK_SUM)
    yield summed
    start = student(x, POINTS, torch.zeros_like(TIMES), bent, shape=(4, 3), finite=False)
    what = "weights of three data points at t = 0"
    yield Fact("not equal at the start", what, torch.full((4, 3), 1 / 3), start, LOOK_START)
    for dim in (2, 3):
        x, points = torch.randn(4, dim, dtype=torch.float64), torch.randn(3, dim, dtype=torch.float64)
        came = _log(student(x, points, TIMES, bent, shape=(4, 3)))
        odds, true = came[:, :1] - came[:, 1:], _log_odds(x, points, TIMES, bent)
        what = f"log-odds of the first data point, {dim} coordinates"
        yield Fact("wrong odds", what, true, odds, LOOK_ODDS, 1e-3 * (1 + float(true.abs().max())))
    yield _honest(student)
    rows = [student(x[k : k + 1], points, TIMES[k : k + 1], bent, shape=(1, 3)) for k in range(4)]
    what = "weights of four states, asked together"
    yield Fact("states mixed up", what, torch.cat(rows), came.exp(), LOOK_OWN)
    if not summed.holds():  # shares of another kind: how they are made late in time adds nothing
        return
    late, ends = torch.full((2, 1), 0.98, dtype=torch.float64), torch.tensor([[1.0], [-1.0]]).double()
    # Asked together: what saves one of them need not save the other.
    came = student(torch.tensor([[0.0], [3.0]]).double(), ends, late, straight, shape=(2, 2), finite=False)
    what = "weights of two data points at t = 0.98, for the states halfway and beyond the first"
    yield Fact("underflow", what, torch.tensor([0.5, 0.5, 1.0, 0.0]), came.flatten(), LOOK_LATE)


def _honest(student: StudentFunction) -> Fact:
    """Weight of the true point, against the sum of squared weights, which is its mean."""
    rows = torch.randint(3, (N,))
    t = 0.9 * torch.rand(N, 1, dtype=torch.float64)
    alpha, beta, _, _ = bent(t)
    x = alpha * POINTS[rows] + beta * torch.randn(N, 2, dtype=torch.float64)
    came = student(x, POINTS, t, bent, shape=(N, 3)).double()
    gap = came[torch.arange(N), rows] - came.square().sum(1)
    tol = margin(1) * 0.5 / N**0.5  # the gap lies between -1 and 1, and is far narrower than that
    what = "mean weight of the true point, minus what the weights promise"
    return Fact("not honest", what, 0.0, gap.mean().clamp(-10, 10), LOOK_HONEST, tol)
