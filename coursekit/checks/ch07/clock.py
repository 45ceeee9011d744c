"""Exercise 7.5: our time, the chain's index, and the weights between two indices."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .clock_rivals import MISTAKES, rule
from .common import shares, uneven, watched

NAMES = ("k", "alpha", "beta")
LOOK_INDEX = (
    "Your index does not belong to these times. The chain takes K steps from the data, t = 1, to the noise, "
    "t = 0, all equally long. How many entries has the table, and how many steps are that?"
)
LOOK_WEIGHTS = (
    "At a time that belongs to an index your weights are not those of the chain: the root of the share that "
    "is left for the data, and the root of the rest for the noise."
)
LOOK_SQUARES = (
    "The squares of your weights do not add up to one between two indices. The chain keeps the sum of both "
    "variances at one all the way; make `beta` out of `alpha`."
)
LOOK_BETWEEN = (
    "Between two indices the noising goes on at a constant rate, so each part of a step leaves the same "
    "share as an equal part of it: in the middle of a step, alpha is the geometric mean of its neighbours."
)


LOOK_STEPS = (
    "Your index runs up to 1,000, the number of steps in the notebook. Here is a chain of another length, as "
    "in the picture below: the table that you are given says how many steps there are."
)
LOOK_ENDS = (
    "Between the ends you are right. At t = 0 the index is K, the last entry of the table: which two entries "
    "do you mix there, and is the part of the way counted from the lower of the two?"
)


@exercise("7.5", "Their index, our time", "core", "t, alpha_bar", rule(), MISTAKES, double=True)
def at_time(student: StudentFunction) -> Iterator[Fact]:
    """Index; weights at the chain's own times; both weights between them; the constant rate of a step."""
    steps = 16  # a power of two, so that the chain's times are exact
    alpha_bar = shares(uneven(steps) * 4)

    def numbers(k: Tensor) -> Tensor:
        t = (1 - k / steps)[:, None]
        return student.parts(t, alpha_bar, shape=(len(k), 1), names=NAMES)[..., 0]

    if not (yield from watched(_inside(numbers, alpha_bar))):
        return
    ends = numbers(torch.tensor([0.0, steps], dtype=torch.float64))
    edge = torch.stack([torch.tensor([0.0, steps]).double(), alpha_bar[[0, -1]].sqrt()])
    yield Fact("wrong ends", "index and alpha at t = 1 and t = 0", edge, ends[:2], LOOK_ENDS, 2e-3)


def _inside(numbers: Callable[[Tensor], Tensor], alpha_bar: Tensor) -> Iterator[Fact]:
    """What holds away from the ends of time, for the answers (3, len(k)) at the times of indices `k`."""
    inner = torch.tensor([3.0, 11.0, 6.0, 14.0, 9.0], dtype=torch.float64)
    away = torch.tensor([4.25, 10.75, 7.5, 12.375, 2.625, 13.25], dtype=torch.float64)
    start = torch.tensor(
        [0.16, 0.08], dtype=torch.float64
    )  # so near that an index for 1,000 steps has an entry
    first = numbers(start)[0]
    if bool((first / start * (len(alpha_bar) - 1) - 1000).abs().max() < 1):
        what = "index at t = 0.99 and 0.995, for 16 steps"
        yield Fact("K of the notebook", what, start, first, LOOK_STEPS, 2e-3)
        return
    at, off = numbers(inner), numbers(away)
    what = "index at five of the chain's times"
    yield Fact("wrong index", what, inner, at[0], LOOK_INDEX, 2e-3)
    left = alpha_bar[inner.long()]
    yield Fact("wrong alpha", "alpha at these times, by the table", left.sqrt(), at[1], LOOK_WEIGHTS)
    yield Fact("wrong beta", "beta at these times, by the table", (1 - left).sqrt(), at[2], LOOK_WEIGHTS)
    yield Fact("wrong index", "index at six times between", away, off[0], LOOK_INDEX, 2e-3)
    what = "alpha² + beta² at six times between"
    yield Fact("squares do not add up", what, torch.ones(6), off[1:].square().sum(0), LOOK_SQUARES)
    parts = torch.tensor([0.001, 0.25, 0.5, 0.75, 0.999]).double()
    logs = torch.stack([numbers(low + parts)[1] for low in (5, 11)]).clamp(min=1e-12).log()
    drop = (alpha_bar[[6, 12]] / alpha_bar[[5, 11]]).log() / 2
    went = (logs[:, 1:] - logs[:, :-1]) / drop[:, None]
    what = "log alpha over two steps, a quarter after another, as a share of the whole step"
    expected = torch.tensor([0.249, 0.25, 0.25, 0.249]).expand(2, 4)
    yield Fact("rate not constant", what, expected, went, LOOK_BETWEEN, 2e-3, 4e-3)
