"""Exercises 3.4 and 3.5: log-densities of the conditional and of the marginal path."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .density_rivals import CONDITIONAL, conditional_law
from .mixture_rivals import MARGINAL, marginal_law

LogProb = Callable[[Tensor], Tensor]


def _scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _points(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def _mass(log_prob: LogProb, dim: int, reach: float, n: int) -> Tensor:
    """Integral of a density over a cube around the origin, by the rectangle rule."""
    side = torch.linspace(-reach, reach, n, dtype=torch.float64)
    mesh = torch.cartesian_prod(*[side] * dim).reshape(-1, dim)
    return log_prob(mesh).exp().sum() * (2 * reach / (n - 1)) ** dim


LOOK_MASS = {
    1: "On the line your density does not integrate to one. The factor in front of the exponential of a "
    "normal law sees to that: write it down for one coordinate, and take its logarithm.",
    2: "On the line your density integrates to one, in the plane it does not. The density of independent "
    "coordinates is a product with one factor for each: what does that do to the normaliser's logarithm?",
    3: "On the line and in the plane your density integrates to one, in space it does not. How does the "
    "normaliser's logarithm depend on the number of coordinates?",
}
LOOK_DROP = (
    "Your density integrates to one, but it has another width or another centre than the path. How far "
    "does the log-density of a normal law fall, from its peak to one standard deviation away?"
)
LOOK_BROADCAST = (
    "For matching rows your numbers are right, but they change when the states get an axis of their own in "
    "front of the data points. The coordinates are on the last axis: count it from the end."
)


@exercise(
    "3.4", "Conditional log-density", "core", "x, z, alpha, beta", conditional_law(), CONDITIONAL, double=True
)
def conditional_log_prob(student: StudentFunction) -> Iterator[Fact]:
    """Mass in one, two and three dimensions, the fall from the peak, and axes in front."""
    alpha, beta = _scalar(0.7), _scalar(0.6)
    x = torch.randn(2, 5, 2, dtype=torch.float64)
    student(x[0], x[1], alpha, beta, shape=(5,))  # in the plane first: on the line a lost sum may not show
    for dim, n in ((1, 161), (2, 61), (3, 31)):
        z = _points((0.3, -0.2, 0.1)[:dim])

        def at(x: Tensor, z: Tensor = z) -> Tensor:
            return student(x, z.expand_as(x).clone(), alpha, beta, shape=(len(x),))

        what = f"integral of the density with {dim} coordinate{'s' * (dim > 1)}"
        mass = float(_mass(at, dim, 4.8, n))
        near = 0.0015 * max(1.0, mass)  # a wrong sign makes it astronomical: digits are lost then
        yield Fact("not normalised", what, 1.0, mass, LOOK_MASS[dim], match_tol=near)
    z = _points((1.0, -2.0), (-1.5, 0.5), (0.0, 3.0), (2.0, 2.0))
    away = _points((1.0, 0.0), (0.0, -1.0), (0.6, 0.8), (-0.8, 0.6))
    for beta, widths in ((_scalar(0.4), 1.0), (_scalar(1.5), 2.0)):
        peak, x = alpha * z, alpha * z + widths * beta * away
        drop = student(peak, z, alpha, beta, shape=(4,)) - student(x, z, alpha, beta, shape=(4,))
        what = f"fall of the log-density from the peak to {widths:g} beta away, beta = {float(beta):g}"
        yield Fact("wrong width or centre", what, torch.full((4,), widths**2 / 2), drop, LOOK_DROP)
    x = _points((0.1, 0.2), (1.0, -1.0), (-2.0, 0.0))
    pairs = student(x[:, None], z, alpha, beta, shape=(3, 4))
    singly = torch.stack([student(row.expand(4, 2).clone(), z, alpha, beta, shape=(4,)) for row in x])
    what = "log-densities with `x` of shape (3, 1, 2) and `z` of shape (4, 2)"
    yield Fact("axes in front", what, singly, pairs, LOOK_BROADCAST)


LOOK_TOTAL = (
    "Your density does not integrate to one. A mixture adds up the densities of its parts, each times its "
    "share, and every data point has the same share. Follow the number of points through your logarithms."
)
LOOK_HALF = (
    "Halfway between two data points both clouds contribute the same, so the mixture's density is that of "
    "either cloud alone. Yours is not, far out in the tails, where densities are tiny and logarithms are "
    "large."
)
LOOK_TOP = (
    "Alone your far state is right; beside one near a data point it is not. If you take the largest term out "
    "before you leave the logarithms: each state has a largest term of its own. Over which axis do you look "
    "for it?"
)
LOOK_MANY = (
    "At a data point in many dimensions densities are huge, larger than a float can hold, while their "
    "logarithms are harmless. Your number is off there. Which of your steps leaves the logarithms?"
)
LOOK_TWICE = (
    "The same data set, written down twice, describes the same law. Yours gives another density for it: "
    "how does the number of points enter?"
)
LOOK_OWN = (
    "Together your states get other numbers than one by one. Each state sums over all data points, and "
    "never over the other states. Along which axis do you sum?"
)


@exercise(
    "3.5", "Marginal log-density", "core", "x, points, alpha, beta", marginal_law(), MARGINAL, double=True
)
def marginal_log_prob(student: StudentFunction) -> Iterator[Fact]:
    """Mass, repeated points, one state at a time, the far middle, and many dimensions."""
    alpha, beta = _scalar(0.7), _scalar(0.6)
    points = _points((1.0, 0.5), (-1.5, 1.0), (0.0, -2.0))

    def at(x: Tensor, data: Tensor = points) -> Tensor:
        return student(x, data, alpha, beta, shape=(len(x),))

    yield Fact("not normalised", "integral of the density", 1.0, _mass(at, 2, 6.0, 61), LOOK_TOTAL)
    x = _points((0.3, 0.1), (-1.0, 1.0), (0.5, -1.5))
    singly = torch.cat([at(row[None]) for row in x])
    what = "log-density of three states, asked together"
    yield Fact("states mixed up", what, singly, at(x), LOOK_OWN)
    twice = at(x, torch.cat([points, points]))
    what = "log-density at three states, every data point written down twice"
    yield Fact("not a mean", what, at(x), twice, LOOK_TWICE)
    yield from _extremes(student)


def _extremes(student: StudentFunction) -> Iterator[Fact]:
    """Densities too small and too large for a float, whose logarithms are known."""
    alpha, beta = _scalar(0.9), _scalar(0.02)
    log_peak = -math.log(0.02) - math.log(2 * math.pi) / 2
    ends, middle = _points((1.0,), (-1.0,)), _points((0.0,))
    came = student(middle, ends, alpha, beta, shape=(1,), finite=False)
    # One cloud alone, 0.9 away from its centre: that is 45 widths.
    expected = torch.tensor([log_peak - 45**2 / 2], dtype=torch.float64)
    what = "log-density halfway between two data points, 45 widths from both"
    yield Fact("wrong far out", what, expected, came, LOOK_HALF, tol=1.0)
    if not bool(torch.isfinite(came).all()):  # the densities themselves were computed: nothing more to say
        return
    both = student(torch.cat([alpha * ends[:1], middle]), ends, alpha, beta, shape=(2,), finite=False)
    expected = torch.tensor([log_peak - math.log(2), log_peak - 45**2 / 2], dtype=torch.float64)
    what = "log-densities on a data point and 45 widths from both, asked together"
    yield Fact("one maximum for all states", what, expected, both, LOOK_TOP, tol=1.0)
    ends = torch.stack([torch.ones(400), -torch.ones(400)]).double()
    came = student(alpha * ends[:1], ends, alpha, beta, shape=(1,), finite=False)
    expected = torch.tensor([400 * log_peak - math.log(2)], dtype=torch.float64)
    what = "log-density on top of one of two data points in 400 dimensions"
    yield Fact("wrong in many dimensions", what, expected, came, LOOK_MANY, tol=1.0)
