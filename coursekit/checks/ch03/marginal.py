"""Exercise 3.3: samples of the marginal path of a data set."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.schedulers import bent, column, equal_share, root_mean_square
from .conditional import Scheduler, _sample_conditional
from .marginal_rivals import MISTAKES

N = 4000
TESTS = 17
"""Statistical facts in this check; they share the family's level."""

POINTS = torch.tensor([[3.0, 0.0], [-3.0, 1.0], [0.0, -3.0], [1.0, 4.0]], dtype=torch.float64)
LATE = 0.9
"""A time at which the clouds around the four points lie apart: their centres by more than ten widths."""


def _sample_marginal(points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    """One state for each time, around a data point drawn for it alone."""
    z = points[torch.randint(len(points), (len(t),))]
    return _sample_conditional(z, t, scheduler)


LOOK_RANDOM = (
    "Two runs with the same arguments should give different states: data point and noise are drawn anew "
    "for every sample. Some of yours repeat themselves. What in your function is random?"
)
LOOK_WIDTH = (
    "Late in time the samples should form one small cloud around each scaled data point, as wide as the "
    "weight of the noise. Your clouds have another width. What happens to the noise after it is drawn?"
)
LOOK_CENTRES = (
    "Your clouds do not sit on the scaled data points. Each sample belongs to one single point of the data "
    "set: draw the point first, then hand it to `sample_conditional` together with the sample's time."
)
LOOK_SHARES = (
    "The points of the data set are not drawn equally often. Every sample should pick its point by "
    "chance, all points with the same probability. Print the indices you draw."
)
LOOK_NEIGHBOURS = (
    "The points that neighbouring samples come from are not independent of one another: there is an order "
    "in them. Every sample should pick its point by chance, without regard to the others."
)
LOOK_ROWS = (
    "With one time for all samples yours are right. With another time in every row they are not: sample i "
    "belongs to time i. What do you hand to `sample_conditional` as `t`?"
)


@exercise(
    "3.3",
    "Sample the marginal path",
    "core",
    "points, t, scheduler",
    _sample_marginal,
    MISTAKES,
    random=True,
    double=True,
)
def sample_marginal(student: StudentFunction) -> Iterator[Fact]:
    """Fresh draws, clouds late in time, shares of the points, their order, and a time for every row."""
    # In single precision, as in the lab, so that what goes there goes here.
    points, late = POINTS.float(), column(LATE, N).float()
    runs = [student(points, late, bent, shape=(N, 2)).double() for _ in range(2)]
    what = "share of samples that come out the same in two runs"
    yield Fact("nothing random", what, 0.0, equal_share(*runs), LOOK_RANDOM, match_tol=0.1)
    yield from _clouds(runs[0])
    yield from _times(student)


def _clouds(x: Tensor) -> Iterator[Fact]:
    """Width, place and weight of the clouds, and the order in which they are visited."""
    m = len(POINTS)
    alpha, beta, _, _ = bent(torch.tensor(LATE, dtype=torch.float64))
    nearest = torch.cdist(x, alpha * POINTS).argmin(dim=1)
    member = torch.nn.functional.one_hot(nearest, m).double()
    count = member.sum(dim=0)
    centres = (member.T @ x) / count.clamp(min=1)[:, None]
    width = (x - centres[nearest]).square().mean().sqrt()
    tol = margin(TESTS) * float(beta) / math.sqrt(4 * N)
    what = f"width of the clouds around the data points at t = {LATE}"
    yield Fact("wrong width", what, beta, width, LOOK_WIDTH, tol, 0.06)
    away = (centres - alpha * POINTS).norm(dim=1)[count > 0].max()
    tol = margin(TESTS) * float(beta) * math.sqrt(2 * m / N)
    what = f"largest distance of a cloud's centre from its scaled data point at t = {LATE}"
    yield Fact(
        "clouds misplaced", what, 0.0, away, LOOK_CENTRES, tol, 0.3, expected_text=f"at most {tol:.2f}"
    )
    tol = margin(TESTS) * math.sqrt((1 - 1 / m) / m / N)
    share = (count / len(x)).sort(descending=True).values
    what = "shares of the data points among the samples, largest first"
    yield Fact("points not equally likely", what, torch.full((m,), 1 / m), share, LOOK_SHARES, tol, 0.08)
    missing = (count == 0).nonzero().flatten()
    place = float(missing[0] + 1) if len(missing) == 1 else 0.0
    if place > 0:
        what = "place in the data set of the one point that never comes; 0 if there is none"
        yield Fact("points not equally likely", what, 0.0, place, LOOK_SHARES)
    together = (nearest[1:] == nearest[:-1]).double().mean()
    what = "share of samples that come from the same point as the one before"
    yield Fact("points in an order", what, 1 / m, together, LOOK_NEIGHBOURS, tol)


def _times(student: StudentFunction) -> Iterator[Fact]:
    """A data set whose points are all the same tells which weights each row was mixed with."""
    times = torch.linspace(0.1, 0.9, N, dtype=torch.float64)[:, None]
    point = torch.tensor([4.0, -6.0], dtype=torch.float64)
    x = student(point.repeat(4, 1).float(), times.float(), bent, shape=(N, 2)).double()
    alpha, beta, _, _ = bent(times)
    noise = (x - alpha * point) / beta
    thirds = torch.stack([root_mean_square(part) for part in noise.chunk(3)])
    what = "spread of the noise behind early, middle and late rows, each with its own time"
    tol = margin(TESTS) / math.sqrt(4 * N / 3)
    yield Fact("rows mixed up", what, torch.ones(3), thirds, LOOK_ROWS, tol, 0.3)
