"""Exercise 2.8: the strength of the noise, measured on a recorded path."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise
from ..core.facts import margin
from ..shared.dependence import uses

STEPS, PATHS, BEGIN = 600, 60, 0.7
"""Increments and paths of a record, and the time of its first state, which is not 0."""


def _gaps(times: Tensor) -> Tensor:
    return times.diff()[:, None, None]


def _span(times: Tensor) -> Tensor:
    return times[-1] - times[0]


def _sigma_from_path(path: Tensor, times: Tensor) -> Tensor:
    """Root of the quadratic variation for each unit of time."""
    return (path.diff(dim=0).square().sum(dim=0) / _span(times)).sqrt()


def _of(estimate: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """An estimate from increments (steps, n, dim) and gaps (steps, 1, 1)."""
    return lambda path, times: estimate(path.diff(dim=0), _gaps(times).to(path))


ONE_GAP = (
    "You treat all gaps between the times as equally long. They need not be: an increment over a long gap "
    "has a larger variance than one over a short gap. Where do you read the times?"
)
TOO_MANY_AXES = (
    "You put together more than one path. Every path and coordinate has a strength of its own: along which "
    "axis does time run, and along which do you add up?"
)
MISTAKES: Mistakes = {
    "variance for strength": (
        lambda path, times: _sigma_from_path(path, times).square(),
        "You return the square of the strength. The squares of the increments add up to a variance: what "
        "turns it into what stands in front of dW?",
    ),
    "time left out": (
        _of(lambda moves, gaps: moves.square().sum(dim=0).sqrt()),
        "Your number grows with the length of the record. Squared increments add up in proportion to the "
        "time that passes: what is the variance for *one* unit of time?",
    ),
    "mean for sum": (
        _of(lambda moves, gaps: moves.square().mean(dim=0).sqrt()),
        "You average the squared increments, so your number says how far the path gets in one gap, and "
        "changes with the grid. A strength belongs to one unit of time: how long do all gaps last?",
    ),
    "mean for sum, then the time": (
        lambda path, times: (path.diff(dim=0).square().mean(dim=0) / _span(times)).sqrt(),
        "You average the squared increments over the gaps and divide by the time of the whole record. One of "
        "the two is too much: is it all increments for all of the time, or one increment for one gap?",
    ),
    "square of the sum": (
        lambda path, times: ((path[-1] - path[0]).square() / _span(times)).sqrt(),
        "You use only where the path begins and where it ends. That is a single increment, as good as one "
        "throw of a die; the many increments in between tell much more. In which order do square and sum "
        "come?",
    ),
    "absolute values": (
        _of(lambda moves, gaps: (moves.abs() / gaps.sqrt()).mean(dim=0)),
        "You average the sizes of the increments. The mean size of a normal number is less than its standard "
        "deviation, by a fixed factor. What would the mean *square* be?",
    ),
    "length of the path": (
        lambda path, times: path.diff(dim=0).abs().sum(dim=0) / _span(times),
        "You measure how long the path is. For a process with noise that grows without limit as the grid "
        "gets finer. What has to be done to the increments so that their sum settles?",
    ),
    "gap for its root": (
        _of(lambda moves, gaps: (moves / gaps).square().mean(dim=0).sqrt()),
        "You divide each increment by its gap, as for a speed. A path with noise has no speed: on a finer "
        "grid your number grows without limit. How does the standard deviation of an increment grow with "
        "its gap?",
    ),
    "root of the time left out": (
        lambda path, times: path.diff(dim=0).square().sum(dim=0).sqrt() / _span(times),
        "You divide by the time after you have taken the root. It is the variance that grows in proportion "
        "to the time: what belongs under the root?",
    ),
    "last time for the span": (
        lambda path, times: (path.diff(dim=0).square().sum(dim=0) / times[-1]).sqrt(),
        "You divide by the time at which the record ends. It need not begin at time 0: for how long was the "
        "path observed?",
    ),
    "first gap for all": (
        _of(lambda moves, gaps: (moves.square().mean(dim=0) / gaps[0]).sqrt()),
        ONE_GAP,
    ),
    "last gap for all": (
        _of(lambda moves, gaps: (moves.square().mean(dim=0) / gaps[-1]).sqrt()),
        ONE_GAP,
    ),
    "states for increments": (
        lambda path, times: path.std(dim=0),
        "You measure how widely the states of the path are scattered. That depends on where the path leads; "
        "the noise shows in how it changes from one time to the next.",
    ),
    "squared states": (
        lambda path, times: (path.square().sum(dim=0) / _span(times)).sqrt(),
        "You square the states themselves, so the result depends on where the path lies. What changes from "
        "one time to the next?",
    ),
    "one number for all": (
        lambda path, times: _sigma_from_path(path, times).square().mean().sqrt().expand(path.shape[1:]),
        TOO_MANY_AXES,
    ),
    "coordinates put together": (
        lambda path, times: (
            _sigma_from_path(path, times).square().sum(dim=1, keepdim=True).sqrt().expand(path.shape[1:])
        ),
        TOO_MANY_AXES,
    ),
    "mean over the paths": (
        lambda path, times: (
            _sigma_from_path(path, times).square().mean(dim=0, keepdim=True).sqrt().expand(path.shape[1:])
        ),
        TOO_MANY_AXES,
    ),
}


def _record(sigma: Tensor, begin: float = BEGIN, unit: float = 0.001) -> tuple[Tensor, Tensor]:
    """A Brownian path for each entry of sigma (n, dim), and its times, with gaps of one and three units."""
    gaps = unit * (1 + 2.0 * (torch.arange(STEPS, dtype=torch.float64) % 2))
    moves = sigma * gaps[:, None, None].sqrt() * torch.randn(STEPS, *sigma.shape, dtype=torch.float64)
    zero = torch.zeros(1, dtype=torch.float64)
    path = torch.cat([torch.zeros(1, *sigma.shape).double(), moves.cumsum(0)])
    return path, begin + torch.cat([zero, gaps.cumsum(0)])


@exercise("2.8", "The noise in one path", "stretch", "path, times", _sigma_from_path, MISTAKES)
def sigma_from_path(student: StudentFunction) -> Iterator[Fact]:
    """Strengths of known paths, each by itself; nothing from a smooth part or from where a path lies."""
    sigma = torch.linspace(0.4, 2.5, 2 * PATHS, dtype=torch.float64).reshape(2, PATHS).T.contiguous()
    path, times = _record(sigma)

    def found(path: Tensor, times: Tensor = times) -> Tensor:
        return student(path, times, shape=tuple(path.shape[1:])).double()

    first = found(path)
    # A root of 600 squares is off by a share of 0.03, and gaps that differ make this a little more.
    error = 1.2 / (2 * STEPS) ** 0.5
    tol = margin(2) * error / (2 * PATHS) ** 0.5 + 0.002
    yield uses(first, {"path": found(2 * path + 1), "times": found(path, 2 * times)})
    hint = (
        "The strengths you find are off on average. Take one increment over a gap: which variance does it "
        "have, for a given strength? Then ask what all increments together say about the strength, when the "
        "gaps are not equally long."
    )
    ratio = first / sigma
    what = f"mean of found over true strength, {2 * PATHS} paths"
    near = 1.5 * tol * max(1.0, float(ratio.mean().abs()))
    yield Fact("wrong strength", what, 1.0, ratio.mean(), hint, tol, near)
    hint = (
        "On average your strengths are right, single ones are not: they are further off than chance "
        "explains. Every path and coordinate has a strength of its own, and every increment tells "
        "something about it."
    )
    tol = margin(4 * PATHS) * error + 0.01
    yield Fact(
        "single paths off", "found over true strength, path by path", torch.ones_like(ratio), ratio, hint, tol
    )
    hint = (
        "On a record of twice the time, with every gap twice as long and the same strength, your numbers "
        "change. How does the variance of an increment depend on its gap?"
    )
    longer, their_times = _record(sigma, 0.0, 0.002)
    came = (found(longer, their_times) / sigma).mean()
    tol = margin(2) * error / (2 * PATHS) ** 0.5 + 0.002
    yield Fact("depends on the record", "the same mean, gaps twice as long", 1.0, came, hint, tol)
    hint = (
        "Lifting a whole path changes none of its increments, so the strength must stay as it is. Yours "
        "changes: does a state enter by itself somewhere, not only in differences?"
    )
    lifted = (found(path + 3) / first - 1).abs().max()
    yield Fact("depends on the height", "change when a path is lifted by 3", 0.0, lifted, hint)
    hint = (
        "A smooth drift should hardly be seen: over a short gap it moves the path in proportion to the gap, "
        "the noise in proportion to its root. Yours takes it for noise. Do you square each increment before "
        "you add, and only then divide?"
    )
    smooth = torch.sin(3 * times)[:, None, None]
    came = (found(path + smooth) / sigma).mean()
    yield Fact("sees the drift", "the same mean, with a smooth drift added", 1.0, came, hint, 0.03)
