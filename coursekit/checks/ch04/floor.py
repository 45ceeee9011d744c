"""Exercise 4.7: the floor of the loss, by Monte Carlo."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from .common import column_of
from .floor_rivals import MISTAKES, estimate

N, DIM = 4000, 16
NAMES = ("the estimate", "its standard error")
CENTRE = 2.0
WIDTHS = (0.5, 1.5)
TESTS = 6
"""Statistical facts in this check; they share the family's level."""


LOOK_FLOOR = (
    "The data are a Gaussian here, and their floor is known: half of pi times their width. "
    "Your estimate is further from it than chance explains. Is it the exercise 4.4 loss of the given field?"
)
LOOK_DRAWS = (
    "The states or times at which you ask the field are not those of the path: one time for each data point, "
    "uniform between 0 and 1, and standard normal noise. Print mean and spread of what you draw."
)
LOOK_FRESH = (
    "Two calls with the same data ask the field at the same places. Then your number repeats itself, and its "
    "error is hidden. Is a seed set inside your function?"
)
LOOK_ERROR = (
    "Your estimate is right, its standard error is not. It is the spread of the single draws, one for each "
    "data point, divided by the root of their number."
)


class Exact:
    """Exact marginal velocity on the straight line to N(CENTRE, width² I), with a record."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.states: list[Tensor] = []
        self.times: list[Tensor] = []

    def __call__(self, x: Tensor, t: Tensor | float) -> Tensor:
        """Velocity at states (rows, DIM) and a time, a number or one for each row."""
        rows = column_of(t, x, "field")
        self.states.append(x.detach().double())
        self.times.append(rows.double())
        slope = (rows * self.width**2 - (1 - rows)) / (rows**2 * self.width**2 + (1 - rows) ** 2)
        return CENTRE + slope * (x - rows * CENTRE)


def floor_of(width: float) -> tuple[float, float]:
    """Floor for a Gaussian, pi width / 2, and the spread of one draw around it, (DIM axes in the mean).

    At time t the conditional velocity is normal around the field, with the variance
    v = width² / (t² width² + (1-t)²); its integral over [0, 1] is pi width / 2.
    """
    t = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    v = width**2 / (t**2 * width**2 + (1 - t) ** 2)
    floor = math.pi * width / 2
    return floor, math.sqrt((1 + 2 / DIM) * float(v.square().mean()) - floor**2)


@exercise(
    "4.7", "The floor of the loss", "stretch", "field, z", estimate(), MISTAKES, random=True, double=True
)
def loss_floor(student: StudentFunction) -> Iterator[Fact | str]:
    """Estimate and standard error for two Gaussians, whose floors are known."""
    factors = []
    for width in WIDTHS:
        z = CENTRE + width * torch.randn(N, DIM, dtype=torch.float64)
        floor, spread = floor_of(width)
        field = Exact(width)
        came, error = (float(part) for part in student.parts(field, z, shape=(), names=NAMES))
        if width == WIDTHS[0]:
            drawn = list(_draws(student, field, z))
            yield from drawn
            if not all(fact.holds() for fact in drawn):
                return
        tol = margin(TESTS) * spread / N**0.5
        factor = DIM if abs(came / DIM - floor) < tol else 1  # summed over the axes
        factors.append(factor)
        came, error = min(came / factor, 1e3), error / factor * N**0.5 / spread
        what = f"floor for a Gaussian of width {width:g}"
        yield Fact("wrong floor", what, floor, came, LOOK_FLOOR, tol, tol + 0.02 * abs(came))
        what = "standard error, over the right one"
        # The squared squares have heavy tails: their spread is known to some ten per cent.
        near = 0.001 + 0.25 * min(error, 1e3)
        yield Fact("wrong standard error", what, 1.0, min(error, 1e3), LOOK_ERROR, 0.3, near)
    if factors == [DIM] * len(WIDTHS):
        yield "You sum over the coordinates, where the lab takes their mean. That is accepted."


def _asked_again(student: StudentFunction, field: Exact, z: Tensor) -> tuple[Tensor, Tensor]:
    """States and times of a second call."""
    field.states, field.times = [], []
    student.parts(field, z, shape=(), names=NAMES)
    return torch.cat(field.states), torch.cat(field.times)


def _draws(student: StudentFunction, field: Exact, z: Tensor) -> Iterator[Fact]:
    """Where the field was asked: fresh places, times of their own, and normal noise."""
    if not field.states or len(torch.cat(field.times)) != len(z):
        return
    x, t = torch.cat(field.states), torch.cat(field.times)
    eps = ((x - t * z) / (1 - t))[(t[:, 0] < 0.5 + 1e-9) & (t[:, 0] >= 0)]
    own = len(t.unique()) / N
    if own < 0.9:
        yield Fact("times shared", "share of draws with a time of their own", 1.0, own, LOOK_DRAWS)
        same = float((_asked_again(student, field, z)[1] == t).double().mean())
        yield Fact("times shared", "share of times that come again", 0.0, same, LOOK_DRAWS)
        return
    came = torch.stack([t.mean(), t.std() * math.sqrt(3)])
    if float((came - 0.5).abs().max()) > margin(TESTS) * 0.29 / N**0.5:
        yield Fact("wrong times", "times: mean, scaled spread", torch.full((2,), 0.5), came, LOOK_DRAWS, 0.02)
    moments = torch.stack([eps.mean(), eps.std()]) if len(eps) > 1 else torch.tensor([0.0, 1.0])
    off = float((moments - torch.tensor([0.0, 1.0])).abs().max())
    if off > 0.1:  # some 30,000 numbers: a hundredth would be chance
        yield Fact(
            "wrong noise",
            "mean and spread of the noise",
            torch.tensor([0.0, 1.0]),
            moments.clamp(-6, 6),
            LOOK_DRAWS,
            0.1,
        )
    if torch.equal(_asked_again(student, field, z)[0], x):
        yield Fact("nothing fresh", "share of places that come again", 0.0, 1.0, LOOK_FRESH)
