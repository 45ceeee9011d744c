"""Exercise 5.6: the score of the marginal path to a data set."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.schedulers import bent
from .conditional import column, slopes
from .marginal_rivals import MISTAKES, marginal_law

LOOK_ONE = (
    "With a single data point the marginal path is the conditional one, so the score has to be that of "
    "exercise 5.1. Yours is another one."
)
LOOK_SLOPE = (
    "Your score is not the slope of the marginal log-density, which the check measures by asking the density "
    "at neighbouring places. Each data point's score counts with its probability, given the state."
)
LOOK_FAR = (
    "Far from all data your score is not a finite number, or not the right one. Densities are too small for "
    "a float out there; stay with logarithms as long as you can."
)
LOOK_OWN = (
    "Together your states get other scores than one by one. Each state has weights of its own, over all data "
    "points, and a time of its own."
)


@exercise(
    "5.6", "Marginal score", "stretch", "x, points, t, scheduler", marginal_law(), MISTAKES, double=True
)
def marginal_score(student: StudentFunction) -> Iterator[Fact]:
    """One data point, the slope of the log-density at several times, single states, and far away."""
    points = torch.tensor([[1.0, 0.5], [-1.5, 1.0], [0.2, -1.8], [0.8, 1.4]], dtype=torch.float64)
    times = column(0.3, 0.5, 0.65, 0.8)
    alpha, beta, _, _ = bent(times)
    x = alpha * points + beta * torch.tensor([[0.8, 0.3], [-0.4, 1.0], [0.5, -0.9], [-1.0, -0.6]]).double()
    alone = student(x, points[:1], times, bent, shape=(4, 2)) * beta
    what = "score with a single data point, times beta"
    yield Fact(
        "not the conditional score", what, (alpha * points[:1] - x) / beta, alone, LOOK_ONE, 5e-3, 0.02
    )

    def log_prob(x: Tensor) -> Tensor:
        each = torch.distributions.Normal(alpha[..., None] * points, beta[..., None]).log_prob(x[:, None])
        return each.sum(-1).logsumexp(1)

    came = student(x, points, times, bent, shape=(4, 2))
    what = "score against the slope of the log-density, times beta"
    yield Fact("not the slope", what, slopes(log_prob, x) * beta, came * beta, LOOK_SLOPE, 5e-3, 0.02)
    singly = torch.cat(
        [student(x[i : i + 1], points, times[i : i + 1], bent, shape=(1, 2)) for i in range(4)]
    )
    yield Fact(
        "states mixed up", "score of four states, asked together", singly, came, LOOK_OWN, match_tol=0.02
    )
    # Beside a state near the data: what saves one of them need not save the other.
    far = torch.tensor([[0.0, 40.0], [0.5, 0.3]], dtype=torch.float64)
    late = column(0.8, 0.8)
    alpha, beta, _, _ = bent(late)
    came = student(far, points, late, bent, shape=(2, 2), finite=False) * beta**2
    what = "score far above all data, times beta squared"
    # Up there the highest of the points is the likeliest by far: e^-60 for the next.
    fact = Fact("wrong far out", what, (alpha * points[3:] - far)[0], came[0], LOOK_FAR, 0.04, 0.1)
    yield fact
    if not fact.holds():
        alone = student(far[:1], points, late[:1], bent, shape=(1, 2), finite=False)
        lost = float(alone.isnan().double().mean())
        yield Fact("wrong far out", "share of it that is lost when asked alone", 0.0, lost, LOOK_FAR)
