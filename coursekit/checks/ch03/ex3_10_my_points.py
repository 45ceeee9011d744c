"""Exercise 3.10: twelve points whose path looks Gaussian for as long as possible."""

import math
from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

N = 12
LEVEL = 0.01
"""Log-odds per state at which the points count as recognised: a thousand states then say e^10 to 1."""
BOUND = 0.53
"""Earliest time of recognition that passes."""
EARLIEST, LATEST = 0.05, 0.85
"""Between these times the moment is looked for; the clouds are still wide against the grid's cells."""


def standardised(points: Tensor) -> Tensor:
    """Shift, turn and stretch points (n, dim) so that their mean is 0 and their covariance the identity."""
    points = points.double() / points.double().abs().max().clamp(min=1e-300)  # no square overflows
    centred = points - points.mean(dim=0)
    factor = torch.linalg.cholesky(centred.T @ centred / len(points))
    return torch.linalg.solve_triangular(factor, centred.T, upper=False).T


def log_odds(points: Tensor, t: float) -> float:
    """Logarithm of the odds that one state gives, on average, to the points and against a Gaussian.

        J(t) = E[ log p_t(x) - log q_t(x) ],  x ~ p_t

    p_t is the marginal of the straight-line Gaussian path to the points, and q_t the Gaussian with the same
    mean and covariance: the Kullback-Leibler divergence, by the rectangle rule on a grid.

    Args:
        points: (n, 2), standardised first, so that size and shape of the cloud tell nothing.
        t: time in [0, 0.85]; later the grid would be too coarse.
    Returns:
        Natural logarithm of the odds per state, at least 0 up to rounding.
    """
    z = standardised(points)
    scale = math.hypot(t, 1 - t)  # q_t is then standard normal
    alpha, beta = t / scale, (1 - t) / scale
    side = torch.linspace(-6, 6, 81, dtype=torch.float64)
    x = torch.cartesian_prod(side, side)
    squared = (x.square().sum(1)[:, None] - 2 * alpha * x @ z.T + alpha**2 * z.square().sum(1)) / beta**2
    log_p = torch.logsumexp(-squared / 2, dim=1) - math.log(len(z) * beta**2)
    log_q = -x.square().sum(1) / 2  # both without log(2 pi)
    cell = float(side[1] - side[0]) ** 2 / (2 * math.pi)
    return float((log_p.exp() * (log_p - log_q)).sum()) * cell


def recognised(points: Tensor) -> float:
    """Time at which the points (n, 2) are recognised: where `log_odds` reaches 0.01, by bisection."""
    low, high = EARLIEST, LATEST
    for _ in range(13):
        middle = (low + high) / 2
        low, high = (middle, high) if log_odds(points, middle) < LEVEL else (low, middle)
    return (low + high) / 2


def ring(n: int, radius: float = 1.0) -> Tensor:
    """Place n points evenly on a circle around the origin, (n, 2)."""
    angle = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


def _grid() -> Tensor:
    return torch.cartesian_prod(torch.arange(4.0), torch.arange(3.0)).double()


def _middle(inside: int) -> Tensor:
    return torch.cat([torch.zeros(inside, 2, dtype=torch.float64), ring(N - inside)])


def _my_points() -> Tensor:
    """A ring around three points in the middle."""
    return _middle(3)


MISTAKES = {
    "ring": (
        lambda: ring(N),
        "Your points lie on a ring. The middle of a Gaussian is where most of its samples are, and yours is "
        "empty. Can you keep the directions equal and bring some points inside?",
    ),
    "one in the middle of a ring": (
        lambda: _middle(1),
        "A ring with one point in the middle is better than a ring alone, but it is still seen too early. In "
        "which direction did the number move, and what could be a larger step that way?",
    ),
    "two in the middle of a ring": (
        lambda: _middle(2),
        "A ring with two points in the middle nearly passes. What changed when the points went from the ring "
        "to the middle? There is more where that got from.",
    ),
    "even grid": (
        _grid,
        "Your points fill a rectangle evenly. Its corners stand out, and along the sides the tails that a "
        "Gaussian has are cut off. Shapes without corners hide better.",
    ),
    "four corners": (
        lambda: ring(4).repeat(3, 1),
        "Your points sit in four places, so late in time four modes appear, far from the middle, where a "
        "Gaussian has its samples. Use more of the twelve places that you have.",
    ),
    "three corners": (
        lambda: ring(3).repeat(4, 1),
        "Your points sit in three places. A triangle is lopsided in every direction, which is seen early. "
        "Use more of the twelve places that you have.",
    ),
}
HINT_LINE = (
    "Your points lie on a line, or all in one place, so they cannot be stretched to the same spread in all "
    "directions. Move at least one of them well away from the line through the others."
)
HINT_EARLY = (
    "Your points are recognised too early. The Gaussian that they are compared with has the same mean and "
    "covariance, so what gives them away is the rest: lopsidedness, corners, an empty middle, or a point far "
    "out. Change one thing at a time."
)


# Found by gradient descent on the log-odds, from random starts: the best of a search, perhaps not the best.
@cache
def ladder() -> dict[str, float]:
    """Times of recognition to compare with, from early to late, and the time that passes."""
    found = torch.cat([torch.zeros(1, 2, dtype=torch.float64), ring(4, 0.3), ring(7)])
    return {
        "a ring of twelve": recognised(ring(N)),
        "a grid of four by three": recognised(_grid()),
        "enough to pass": BOUND,
        "the best of our search": recognised(found),
    }


@exercise("3.10", "The longest hiding", "open", "", _my_points, MISTAKES, may_draw=True, limit=10.0)
def my_points(student: StudentFunction) -> Iterator[Fact | str]:
    """Spread of the points in their narrowest direction, their pattern, and when they are recognised."""
    points = student(shape=(N, 2)).double()
    points = points / points.abs().max().clamp(min=1e-300)
    widths = torch.linalg.svdvals(points - points.mean(dim=0))
    narrow = float(widths[-1] / widths[0]) if float(widths[0]) > 0 else 0.0
    what = "narrowest spread of the points over the widest"
    yield Fact("points on a line", what, 1.0, narrow, HINT_LINE, 0.999, 1.0, "at least 0.001")
    if narrow < 0.001:
        return
    z = standardised(points)
    places = len((1e4 * z).round().unique(dim=0))
    # These two always hold. They tell patterns apart that are recognised at the same time.
    what = "different places among the twelve points"
    yield Fact("pattern", what, N, places, HINT_EARLY, N, 0.5, f"at most {N}")
    what, tails = "mean of r to the fourth, after shift and stretch", float(z.square().sum(1).square().mean())
    yield Fact("pattern", what, 8.0, tails, HINT_EARLY, math.inf, 0.02, "8 for a Gaussian")
    time = recognised(points)
    # A time after the bound is as good as the bound itself; what comes before it fails.
    what = "time at which the points are recognised"
    yield Fact("recognised too early", what, 1.0, time, HINT_EARLY, 1 - BOUND, 0.002, f"at least {BOUND:g}")
    rungs = ", ".join(f"{name} until {when:.3f}" for name, when in ladder().items() if when != BOUND)
    yield f"Your points hide until t = {time:.3f}; the later, the better. To compare: {rungs}."
