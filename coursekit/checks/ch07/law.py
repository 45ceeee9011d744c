"""Exercise 7.1: the law of a state of the chain, given the data point."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .common import uneven, watched
from .law_rivals import MISTAKES, law

LOOK_DRAWN = (
    "Asked twice about the same states, your function answers differently. Mean and standard deviation "
    "describe the law of the state; neither is itself a draw from it."
)
LOOK_FIRST = (
    "After one step the law is the step's own: write down the first step of the chain for a known data "
    "point, and compare its mean and standard deviation with yours at k = 1."
)
LOOK_MEAN = (
    "Your means do not follow from one another. A step multiplies the state by the root of what it leaves; "
    "so must the mean at k be made from the mean at k - 1."
)
LOOK_SPREAD = (
    "Your spreads do not follow from one another. A step shrinks the variance that is there, and adds its "
    "own. Put the variance at k - 1 into that rule, and compare with yours at k."
)
LOOK_START = (
    "Before the first step the state is the data point, and nothing is uncertain. What does your function "
    "do with the index 0? Which entry of your table does it take?"
)
LOOK_ROWS = (
    "With one index for all states your function is right. Given one index for each state it mixes them up: "
    "row i should belong to entry i of `k`. Which shape do your weights have?"
)


@exercise("7.1", "Many steps at once", "core", "z, k, betas", law, MISTAKES, double=True)
def chain_law(student: StudentFunction) -> Iterator[Fact]:
    """The first step, how mean and variance of each step follow from the last ones, mixed rows, and k = 0."""
    betas = uneven(8)
    z = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.5, -1.0], [-0.7, 2.5, 2.0], [1.2, -0.4, 0.9]]).double()

    def of(*k: int) -> Tensor:
        """Mean over z and standard deviation of states at these indices, (2, len(k), 3)."""
        rows, names = z[: len(k)], ("mean", "std")
        found = student.parts(rows, torch.tensor(k), betas, shape=rows.shape, names=names, broadcast=("std",))
        return torch.stack([found[0] / rows, found[1]])

    twice = [of(1, 2, 3) for _ in range(2)]
    changed = (twice[0] != twice[1]).double().mean(dim=(1, 2))
    what = "share that changes when asked again"
    yield Fact("random result", what, torch.zeros(2), changed, LOOK_DRAWN)
    if float(changed.sum()) > 0:
        return
    laws = torch.cat([twice[0], of(4, 5, 6), of(7, 2, 5)], dim=1)
    if not (yield from watched(_steps(betas, laws, lambda: of(3, 7, 1, 4)))):
        return
    start = of(0, 0, 0)
    yield Fact("wrong start", "mean over z at k = 0", 1.0, start[0].mean(), LOOK_START)
    yield Fact("wrong start", "std at k = 0", 0.0, start[1].abs().max(), LOOK_START)


def _steps(betas: Tensor, laws: Tensor, mixed: Callable[[], Tensor]) -> Iterator[Fact]:
    """The law after the first step, how the next ones follow from it, and indices in another order.

    Args:
        betas: the variances.
        laws: mean over z and standard deviation at 1 … 7 and once more at 2 and 5, (2, 9, 3).
        mixed: asks for the same at 3, 7, 1, 4, (2, 4, 3), once all else is measured.
    """
    first = torch.stack([(1 - betas[0]).sqrt(), betas[0].sqrt()])
    what = "mean over z, and std, at k = 1"
    yield Fact("wrong first step", what, first, laws[:, 0].mean(dim=1), LOOK_FIRST, 2e-4)
    means, spreads = laws[0, :7], laws[1, :7].square()
    kept = (1 - betas[1:7])[:, None]
    what = "mean over z at k = 2 … 7, by a step from your own before"
    yield Fact("wrong mean", what, kept.sqrt() * means[:-1], means[1:], LOOK_MEAN)
    what = "variance there, by a step from your own before"
    yield Fact("wrong spread", what, kept * spreads[:-1] + 1 - kept, spreads[1:], LOOK_SPREAD)
    what = "both at k = 2 and 5, in two calls"
    yield Fact("rows mixed up", what, laws[:, [1, 4]], laws[:, [7, 8]], LOOK_ROWS)
    what = "both for four states with an index each"
    yield Fact("rows mixed up", what, laws[:, [2, 6, 0, 3]], mixed(), LOOK_ROWS)
