"""Exercise 3.3: samples of the marginal path of a data set."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all, recurring
from ..shared.quiet import failing
from ..shared.schedulers import bent, column, equal_share
from .common import GAUSSIAN_FAULTS, Sampler, Scheduler, mix, sample_conditional
from .ex3_2_sample_conditional import spread_by_time

N, TESTS = 4000, 24
"""Samples, and statistical numbers in this check; they share the family's level."""
POINTS = torch.tensor([[3.0, 0.0], [-3.0, 1.0], [0.0, -3.0], [1.0, 4.0]], dtype=torch.float64)
LATE = 0.9
"""A time at which the clouds around the four points lie apart: their centres by more than ten widths."""

Choice = Callable[[Tensor, int], Tensor]


def _at_random(points: Tensor, n: int) -> Tensor:
    return points[torch.randint(len(points), (n,))]


def _around(choose: Choice = _at_random, conditional: Sampler = sample_conditional) -> Sampler:
    """A state around each of the chosen data points."""
    return lambda points, t, scheduler: conditional(choose(points, len(t)), t, scheduler)


_reference = _around()


def _averaged_samples(points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    states = [sample_conditional(z.expand(len(t), -1), t, scheduler) for z in points]
    return torch.stack(states).mean(dim=0)


def _same_choice(points: Tensor, n: int) -> Tensor:
    return points[torch.randint(len(points), (n,), generator=torch.Generator().manual_seed(0))]


MISTAKES = {
    **recurring({name: _around(conditional=rule) for name, rule in GAUSSIAN_FAULTS.items()}),
    **one_time_for_all(_reference, 1),
    "one z for the whole batch": (
        _around(lambda points, n: _at_random(points, 1).expand(n, -1)),
        "All samples of a run come from one data point: you draw a single z for the whole batch. Then the "
        "batch shows a conditional path, and never the marginal one. How many indices do you draw?",
    ),
    "averaged samples": (
        _averaged_samples,
        "You draw a sample around every data point and average them. A mixture of laws is not the law of an "
        "average: each sample comes from one point, and which one is left to chance. Your average has less "
        "noise and sits in between, where there may be no data at all.",
    ),
    "averaged data": (
        _around(lambda points, n: points.mean(dim=0).expand(n, -1)),
        "All your samples lie around the mean of the data set, where there may be no data at all. A mixture "
        "does not average its parts: each sample belongs to one data point, and which one is left to chance.",
    ),
    "coordinates of different points": (
        _around(lambda points, n: points.gather(0, torch.randint(len(points), (n, points.shape[1])))),
        "You draw an index for every coordinate, so a sample takes its coordinates from different data "
        "points and lands where there are none. One index for each sample picks a whole row.",
    ),
    "points in turn": (
        _around(lambda points, n: points[torch.arange(n) % len(points)]),
        "You go through the data points in turn: one after the other, then again from the first. Every "
        "point comes equally often, but nothing about it is random. Draw the index of each sample.",
    ),
    "points in blocks": (
        _around(lambda points, n: points[torch.arange(n) * len(points) // n]),
        "Your samples come in blocks: first all of one data point, then all of the next. Every point comes "
        "equally often, but nothing about it is random. Draw the index of each sample.",
    ),
    "same points in every run": (
        _around(_same_choice),
        "The noise is fresh in every run, but the data points are not: sample i always comes from the same "
        "point. Which point lies behind a sample is left to chance each time. Is a seed set inside your "
        "function?",
    ),
    "one point never drawn": (
        _around(lambda points, n: points[torch.randint(len(points) - 1, (n,))]),
        "The last data point never appears among your samples, and the others appear too often. The upper "
        "end of `torch.randint` is not included: which is the last index you should be able to draw?",
    ),
    "first point never drawn": (
        _around(lambda points, n: points[torch.randint(1, len(points), (n,))]),
        "The first data point never appears among your samples, and the others appear too often. Which "
        "index does the first row of a tensor have, and which is the lowest that you draw?",
    ),
    "no noise": (
        _around(conditional=mix(noise=torch.zeros_like)),
        "Your samples are scaled data points without any noise, so many of them are equal. Around the point "
        "that was drawn comes a sample of the conditional path, with fresh noise.",
    ),
    "data alone": (
        lambda points, t, scheduler: _at_random(points, len(t)),
        "Your samples are data points as they are, so many of them are equal. That is the law at time 1. "
        "At other times each point that was drawn has to go through `sample_conditional`.",
    ),
    "times drawn anew": (
        lambda points, t, scheduler: _reference(points, torch.rand_like(t), scheduler),
        "You draw times of your own and do not use those that are handed over, so the cloud is the same "
        "mixture of all times whatever `t` is. Only the data point and the noise are drawn; `t` is given.",
    ),
    "points not used": (
        lambda points, t, scheduler: torch.randn(len(t), points.shape[1]),
        "Your samples are standard normal noise, whatever the data set is. That is the law at time 0. Later "
        "each sample belongs to a data point: draw one, and hand it to `sample_conditional`.",
    ),
}
HINT_RANDOM = (
    "Two runs with the same arguments should give different states: data point and noise are drawn anew "
    "for every sample. Some of yours repeat themselves. What in your function is random?"
)
HINT_WIDTH = (
    "Late in time the samples should form one small cloud around each scaled data point, as wide as the "
    "weight of the noise. Your clouds have another width. What happens to the noise after it is drawn?"
)
HINT_CENTRES = (
    "Your clouds do not sit on the scaled data points. Each sample belongs to one single point of the data "
    "set: draw the point first, then hand it to `sample_conditional` together with the sample's time."
)
HINT_SHARES = (
    "The points of the data set are not drawn equally often. Every sample should pick its point by "
    "chance, all points with the same probability. Print the indices you draw."
)
HINT_NEIGHBOURS = (
    "The points that neighbouring samples come from are not independent of one another: there is an order "
    "in them. Every sample should pick its point by chance, without regard to the others."
)
HINT_AGAIN = (
    "Sample i comes from the same data point in two runs far more, or far less, often than chance allows. "
    "The point behind each sample should be drawn anew in every call. Where is it chosen?"
)
HINT_NOISE = (
    "The clouds have the right place and width, but their noise is not standard normal with a draw of its "
    "own for each coordinate: too many or too few states lie near the centre, or the coordinates go together."
)
HINT_ROWS = (
    "With one time for all samples yours are right. With another time in every row they are not: sample i "
    "belongs to time i. What do you hand to `sample_conditional` as `t`?"
)


@exercise(
    "3.3", "Sample the marginal path", "core", "points, t, scheduler", _reference, MISTAKES, random=True
)
def sample_marginal(student: StudentFunction) -> Iterator[Fact]:
    """Fresh draws, clouds late in time, shares and order of the points, and a time for every row."""
    runs = [student(POINTS, column(LATE, N), bent, shape=(N, 2)).double() for _ in range(2)]
    what = "share of samples that come out the same in two runs"
    yield Fact("nothing random", what, 0.0, equal_share(*runs), HINT_RANDOM, match_tol=0.05)
    yield from _clouds(*runs)
    yield from _times(student)


def _clouds(x: Tensor, again: Tensor) -> Iterator[Fact]:
    """Width, place and weight of the clouds, the order in which they are visited, and their noise."""
    m = len(POINTS)
    alpha, beta, _, _ = bent(torch.tensor(LATE, dtype=torch.float64))
    nearest, other = (torch.cdist(run, alpha * POINTS).argmin(dim=1) for run in (x, again))
    member = torch.nn.functional.one_hot(nearest, m).double()
    count = member.sum(dim=0)
    centres = (member.T @ x) / count.clamp(min=1)[:, None]
    width = (x - centres[nearest]).square().mean().sqrt()
    tol = margin(TESTS) * float(beta) / math.sqrt(4 * N)
    what = f"width of the clouds around the data points at t = {LATE}"
    yield Fact("wrong width", what, beta, width, HINT_WIDTH, tol, 1.5 * tol * max(1, 2 * float(width / beta)))
    away = (centres - alpha * POINTS).norm(dim=1)[count > 0].max()
    tol = margin(TESTS) * float(beta) * math.sqrt(2 * m / N)
    what = f"largest distance of a cloud's centre from its scaled data point at t = {LATE}"
    near = 1.5 * tol * max(1, float(width / beta))
    most = f"at most {tol:.2f}"
    yield Fact("clouds misplaced", what, 0.0, away, HINT_CENTRES, tol, near, expected_text=most)
    tol = margin(TESTS) * math.sqrt((1 - 1 / m) / m / N)
    share = (count / len(x)).sort(descending=True).values
    what = "shares of the data points among the samples, largest first"
    yield Fact("points not equally likely", what, torch.full((m,), 1 / m), share, HINT_SHARES, tol, 0.05)
    missing = (count == 0).nonzero().flatten()
    place = float(missing[0] + 1) if len(missing) == 1 else 0.0
    if place > 0:
        what = "place in the data set of the one point that never comes; 0 if there is none"
        yield Fact("points not equally likely", what, 0.0, place, HINT_SHARES)
    together = (nearest[1:] == nearest[:-1]).double().mean()
    what = "share of samples that come from the same point as the one before"
    yield Fact("points in an order", what, 1 / m, together, HINT_NEIGHBOURS, tol)
    if abs(float(width - beta)) < 0.1 * float(beta) and float(away) < 0.1:  # else nothing can be said of it
        yield from failing(_noise_facts(x, alpha * POINTS[nearest], beta))
    if int(count.min()) == 0:  # what two runs have in common is left to chance then
        return
    what = "share of samples that come from the same point in both runs"
    both = (nearest == other).double().mean()
    yield from failing([Fact("same points in every run", what, 1 / m, both, HINT_AGAIN, tol)])


def _noise_facts(x: Tensor, centres: Tensor, beta: Tensor) -> Iterator[Fact]:
    """Ties and shape of the noise around the centres."""
    noise = (x - centres) / beta
    tied = torch.corrcoef(noise.T)[0, 1].nan_to_num(0.0)
    tol = margin(TESTS) / math.sqrt(N)
    yield Fact("noise not normal", "correlation of the noise's coordinates", 0.0, tied, HINT_NOISE, tol)
    inside, normal = (noise.abs() < 1).double().mean(), math.erf(1 / math.sqrt(2))
    tol = margin(TESTS) * math.sqrt(normal * (1 - normal) / (2 * N))
    what = "share of the noise within one standard deviation"
    yield Fact("noise not normal", what, normal, inside, HINT_NOISE, tol)


def _times(student: StudentFunction) -> Iterator[Fact]:
    """Data sets whose points are all the same tell which weights each row was mixed with."""
    for m, point in ((7, (4.0, -6.0, 2.0)), (1, (3.0,))):
        z = torch.tensor(point, dtype=torch.float64)
        t = 0.1 + 0.8 * torch.rand(N, 1).double()
        got = spread_by_time(student(z.repeat(m, 1), t, bent, shape=(N, len(z))).double(), z, t)
        what = f"spread of the noise in early, middle and late rows, {len(z)} coordinate{'s' * (m > 1)}"
        tol = margin(TESTS) / math.sqrt(2 * len(z) * N / 3)
        near = 1.5 * tol * max(1, float(got.max()))
        spread = Fact("rows mixed up", what, torch.ones(3), got, HINT_ROWS, tol, near)
        yield from [spread] if m > 1 else failing([spread])
