"""Exercise 3.8: the linear path between two arbitrary laws."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...paths import LinearPath
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all, recurring
from ..shared.quiet import failing


def _reference(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """State at time t of the straight line from x0 to x1."""
    return LinearPath().sample(x1, x0, t)


def _weighed(weigh: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Both ends with other weights, each row at its own time."""

    def rule(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
        first, second = weigh(t.reshape(-1, *[1] * (x0.dim() - 1)))
        return first * x0 + second * x1

    return rule


MISTAKES = {
    **recurring(
        {
            "time along the wrong axis": lambda x0, x1, t: (1 - t) * x0 + t * x1,
            "velocity instead of state": _weighed(lambda t: (-torch.ones_like(t), torch.ones_like(t))),
        }
    ),
    **one_time_for_all(_reference, 2),
    "one axis for every event": (
        lambda x0, x1, t: (1 - t[:, None]) * x0 + t[:, None] * x1,
        "For vectors your path is right, for images it is not: there the times run along the wrong axis, "
        "because they get one axis more whatever the states look like. How many do they need?",
    ),
    "ends swapped": (
        _weighed(lambda t: (t, 1 - t)),
        "Your path starts in `x1` and ends in `x0`. At time 0 it has to be at `x0`: which of the two weights "
        "is one there?",
    ),
    "only the way covered": (
        _weighed(lambda t: (-t, t)),
        "You return how far the state has come from its start, not where it is. At time 0 nothing has been "
        "covered, and the state is at `x0`.",
    ),
    "starts from the other end": (
        _weighed(lambda t: (-t, 1 + t)),
        "You add the way covered to `x1`, so your path begins where it should end and runs on from there. "
        "From which end does the state set out?",
    ),
    "backwards from the start": (
        _weighed(lambda t: (1 + t, -t)),
        "Your path begins in `x0` and then runs away from `x1`. Look at the sign of the way: from the start "
        "to the end is end minus start.",
    ),
    "first end not faded out": (
        _weighed(lambda t: (torch.ones_like(t), t)),
        "The second end comes in as it should, but the first one is there with its full weight at all "
        "times. At time 1 nothing of it should be left.",
    ),
    "second end not faded in": (
        _weighed(lambda t: (1 - t, torch.ones_like(t))),
        "The first end fades out as it should, but the second one is there with its full weight at all "
        "times. At time 0 the path has to know nothing of it.",
    ),
    "cosine weights": (
        _weighed(lambda t: (torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t))),
        "You mix with the cosine scheduler. It starts and ends in the right places, but the path between is "
        "not a straight line at constant speed: halfway in time it should be halfway between the ends.",
    ),
    "roots of the weights": (
        _weighed(lambda t: ((1 - t).sqrt(), t.sqrt())),
        "You mix with the roots of the weights. They start and end in the right places, but halfway in time "
        "the state should be halfway between the ends.",
    ),
}
HINT_ENDS = (
    "The path does not begin and end where it should. Put time 0 and time 1 into your line by hand: it has "
    "to give the first end, and then the second."
)
HINT_SPEED = (
    "The ends are right, but the way between is not. On a straight line at constant speed the part of the "
    "way that is covered equals the time."
)
HINT_ROWS = (
    "Your states are not at their own times. State i of the batch belongs to time i. Print the shape of `t` "
    "before you multiply, and say which axis torch will line up with which."
)
BATCHES = (
    ((4, 4), "vectors"),
    ((4, 1, 4, 4), "images"),
    ((3, 2, 3, 5), "images in two colours"),
    ((5, 2), "pairs"),
    ((1, 3), "a single vector"),
)
"""As many states as coordinates first: there a wrong axis stops nothing."""


def _covered(x: Tensor, x0: Tensor, x1: Tensor) -> Tensor:
    """Part of the way from x0 to x1, from the projection of each state, (batch,)."""
    way, gone = (x1 - x0).flatten(1), (x - x0).flatten(1)
    return (gone * way).sum(1) / way.square().sum(1)


def _off(x: Tensor, x0: Tensor, x1: Tensor) -> Tensor:
    """Distance of each state from the line through its ends, in lengths of the way, (batch,)."""
    way = (x1 - x0).flatten(1)
    rest = (x - x0).flatten(1) - _covered(x, x0, x1)[:, None] * way
    return rest.norm(dim=1) / way.norm(dim=1)


@exercise("3.8", "Between any two distributions", "stretch", "x0, x1, t", _reference, MISTAKES)
def linear_path(student: StudentFunction) -> Iterator[Fact]:
    """Ends, and place on the line, for vectors and images, with as many states as coordinates and others."""
    for place, (shape, kind) in enumerate(BATCHES):
        facts = _at(student, shape, kind)
        yield from facts if place < 2 else failing(facts)


def _at(student: StudentFunction, shape: tuple[int, ...], kind: str) -> Iterator[Fact]:
    """Ends, the middle, and own times, for states of one shape."""

    def states(times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x0, x1 = torch.randn(2, *shape, dtype=torch.float64)
        return student(x0, x1, times.double(), shape=shape).double(), x0, x1

    n = shape[0]
    (start, x0, _), (end, _, x1) = states(torch.zeros(n)), states(torch.ones(n))
    away = torch.stack([(start - x0).abs().max(), (end - x1).abs().max()])
    what = f"distance from the ends at t = 0 and 1, {kind}"
    yield Fact("wrong ends", what, torch.zeros(2), away, HINT_ENDS)
    gone = [_covered(*states(torch.full((n,), time))) for time in (0.5, 0.25)]
    part = torch.stack([each[(each - each.median()).abs().argmax()] for each in gone])
    what = f"part of the way at t = 0.5 and 0.25, {kind}"
    yield Fact("not at constant speed", what, torch.tensor([0.5, 0.25]), part, HINT_SPEED)
    times = torch.tensor([0.13, 0.71, 0.32, 0.94, 0.55])[:n]
    got, what = states(times), f"part of the way at own times, {kind}"
    yield Fact("rows mixed up", what, times, _covered(*got), HINT_ROWS)
    yield Fact("rows mixed up", "distance from the line", 0.0, _off(*got).max(), HINT_ROWS)
