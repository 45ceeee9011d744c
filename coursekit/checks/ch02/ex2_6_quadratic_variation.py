"""Exercise 2.6: quadratic variation."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance
from ..shared.mistakes import recurring


def _quadratic_variation(path: Tensor) -> Tensor:
    """Sum of the squared increments along time."""
    return path.diff(dim=0).square().sum(dim=0)


LEFT_OUT = (
    "You leave increments out. Between n times there are n - 1 increments, one for each pair of neighbours: "
    "check where your slices or your loop begin and end, and how far apart the two states are."
)
TOO_MANY_AXES = (
    "You add up over more than time. Every path has a quadratic variation of its own in each coordinate: "
    "along which axis does time run, and along which do you sum?"
)
MISTAKES: Mistakes = {
    **recurring(
        {
            "square of the sum": lambda path: path.diff(dim=0).sum(dim=0).square(),
            "mean for sum": lambda path: path.diff(dim=0).square().mean(dim=0),
        }
    ),
    "absolute values": (
        lambda path: path.diff(dim=0).abs().sum(dim=0),
        "You add up the lengths of the increments, which is the way travelled. For Brownian motion that "
        "grows without limit as the grid gets finer. The quadratic variation adds something smaller: what "
        "does its name say?",
    ),
    "increments not squared": (
        lambda path: path.diff(dim=0).sum(dim=0),
        "You add up the increments themselves, so ups and downs cancel: what is left is the way from start "
        "to end. What has to be done to each increment before the sum?",
    ),
    "root taken": (
        lambda path: path.diff(dim=0).square().sum(dim=0).sqrt(),
        "You take the root at the end. It would be the length of the vector of all increments; the quadratic "
        "variation is the sum of squares itself.",
    ),
    "states for increments": (
        lambda path: path.square().sum(dim=0),
        "You square the states themselves, so the result depends on where the path lies. Variation is about "
        "changes: what changes from one time to the next?",
    ),
    "distance from the start": (
        lambda path: (path - path[0]).square().sum(dim=0),
        "You square the distance of every state from the start. An increment leads from one time to the "
        "*next* one: which two neighbours do you subtract?",
    ),
    "mean increment subtracted": (
        lambda path: (path.diff(dim=0) - path.diff(dim=0).mean(dim=0)).square().sum(dim=0),
        "You subtract the mean increment before squaring, as one does for a variance. For the quadratic "
        "variation the increments are squared as they are.",
    ),
    "only start and end of each pair": (lambda path: _quadratic_variation(path[::2]), LEFT_OUT),
    "last increment left out": (lambda path: _quadratic_variation(path[:-1]), LEFT_OUT),
    "first increment left out": (lambda path: _quadratic_variation(path[1:]), LEFT_OUT),
    "running sum": (
        lambda path: path.diff(dim=0).square().cumsum(dim=0),
        "You return the sum as it grows along the path. Here only its last value is asked for, one number "
        "for each path and coordinate.",
    ),
    "all paths in one": (lambda path: path.diff(dim=0).square().sum(), TOO_MANY_AXES),
    "coordinates added up": (lambda path: path.diff(dim=0).square().sum(dim=(0, 2)), TOO_MANY_AXES),
    "along the batch": (
        lambda path: path.diff(dim=1).square().sum(dim=1),
        "Your differences are taken between one path and the next. Increments belong to one path, between "
        "one time and the next: which axis is time?",
    ),
}


@exercise("2.6", "Quadratic variation", "stretch", "path", _quadratic_variation, MISTAKES)
def quadratic_variation(student: StudentFunction) -> Iterator[Fact]:
    """Sums that one can do by hand, and the two limits: a smooth path and Brownian motion."""
    steps = torch.tensor([1.5, 1, -1, 2, 1, 2, -1, 0.5], dtype=torch.float64)[:, None, None]
    heights = torch.tensor([[0.5, 1.0], [1.5, 2.0], [0.1, 9.0]], dtype=torch.float64)
    stairs = torch.cat([torch.zeros(1, 3, 2).double(), (steps * heights).cumsum(0)])
    total, what = steps.square().sum() * heights.square(), "variation of stairs of eight steps up or down"
    hint = (
        "For a path of steps one can do the sum by hand: square every step up or down, and add. Your number "
        "is another one. Which differences do you take, what do you do to each of them, and along which axis "
        "and how do you put them together?"
    )
    yield Fact("wrong sum", what, total, student(stairs, shape=(3, 2)), hint, match_tol=0.01)
    hint = (
        "Lifting a whole path changes none of its steps, so the variation must stay as it is. Yours changes: "
        "does a state enter by itself somewhere, not only in differences?"
    )
    lifted = student(stairs + 3, shape=(3, 2))
    yield Fact("depends on the height", f"{what}, lifted by 3", total, lifted, hint, match_tol=0.01)
    hint = (
        "A smooth path has hardly any quadratic variation: a step half as long has a square that is a "
        "quarter. On a fine grid the sum goes to zero, but yours does not."
    )
    line = torch.linspace(0, 1, 1001, dtype=torch.float64)[:, None, None].expand(1001, 3, 2).clone()
    came = student(line, shape=(3, 2)).mean()
    yield Fact("smooth path", "variation of a straight line on a fine grid", 0.001, came, hint, 5e-4)
    hint = (
        "The quadratic variation of Brownian motion comes close to the time that has passed, for each path. "
        "Yours does not on average. What do you do with the increments before you add them up?"
    )
    count, end = 500, 2.0
    motion = (torch.randn(count, 200, 2, dtype=torch.float64) * (end / count) ** 0.5).cumsum(0)
    came = student(torch.cat([torch.zeros(1, 200, 2).double(), motion]), shape=(200, 2)).mean()
    # A squared normal number of variance v has the variance 2 v².
    tol = mean_tolerance(count * 200 * 2, 2 * end**2, 1)
    what = "mean variation of Brownian motion until t = 2"
    yield Fact("wrong for Brownian motion", what, end, came, hint, tol)
