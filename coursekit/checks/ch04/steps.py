"""Exercise 4.8: as many steps as the two-sample test asks for."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...simulators import Euler, flow, time_grid
from ...twosample import two_sample_test
from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from ..probes import Spy, steady

N = 150
COUNTS = (1, 2, 4, 8, 16, 32, 64)
SHIFT = 2.0
LEAST = 8
"""Steps from which on Euler's are exact in the field `beating`."""

Field = Callable[[Tensor, Any], Tensor]


def _search(
    counts: tuple[int, ...] = COUNTS,
    start: Callable[[Tensor], Tensor] = torch.randn_like,
    ends: tuple[float, float] = (0.0, 1.0),
    enough: Callable[[Any], bool] = lambda test: test.statistic <= test.level(),
    against: Callable[[Tensor, Tensor], Tensor] = lambda fresh, x0: fresh,
) -> Callable[[Field, Tensor], int]:
    """Try numbers of steps in turn, until the test is content."""

    def rule(field: Field, fresh: Tensor) -> int:
        for steps in counts:
            x0 = start(fresh)
            with torch.no_grad():
                x1 = flow(field, x0, time_grid(steps, *ends), Euler())
            if enough(two_sample_test(x1, against(fresh, x0))):
                return steps
        return 0

    return rule


RIVALS: dict[str, tuple[Callable[..., Any], str]] = {
    "comparison turned round": (
        _search(enough=lambda test: test.statistic > test.level()),
        "You stop as soon as the distance is *above* the level. That is where the test sees a difference; go "
        "on until it sees none.",
    ),
    "largest number first": (
        _search(counts=COUNTS[::-1]),
        "You begin with the largest number of steps, or return the last that is enough. The smallest one is "
        "asked for.",
    ),
    "compared with the noise": (
        _search(against=lambda fresh, x0: x0),
        "You compare the samples with the noise that they came from. They should look like the fresh data.",
    ),
}
LOOK_NEVER = (
    "This field leads to the wrong place, so no number of steps is enough: return 0 then. Is the distance "
    "compared with the level, and what does your function return after its loop?"
)
LOOK_DATA = (
    "Your states start at the fresh data points. Samples start from standard normal noise, drawn by you, and "
    "the fresh data are there to be compared with."
)
LOOK_NOISE = (
    "The states that you start from are not standard normal: their spread is wrong. Two functions of torch "
    "that draw random numbers have names that differ by one letter."
)
LOOK_START = (
    "The first time at which you ask the field is not 0. Noise is at time 0, data at time 1: which way does "
    "the grid of times go?"
)
LOOK_END = (
    "Even with many steps you never ask the field about times near 1, so your states stop on the way. Where "
    "does your grid of times end, and how many steps do you try?"
)
LOOK_ONE = (
    "In this field all states move at one speed, or stand still, so a single step is exact. Your function "
    "wants more, or finds that no number is enough. What is compared with what?"
)
LOOK_MANY = (
    "In this field up to four steps leave samples that anyone can tell from the data, and eight or more "
    "do not. Your number is another one. Do you take the *first* number at which the distance is below the "
    "level?"
)


def _snapped(came: Tensor, least: int) -> float:
    """The right number, if the answer is it or up to three doublings more: the test errs once in twenty."""
    return float(least) if least <= float(came) <= 8 * least else float(came)


def beating(x: Tensor, t: Tensor) -> Tensor:
    """A wind that rises and falls four times: Euler's steps meet only its peaks until there are eight."""
    return SHIFT * (1 + torch.cos(8 * math.pi * t)) * torch.tensor([1.0, 0.0], dtype=x.dtype).expand_as(x)


@exercise(
    "4.8",
    "Steps enough",
    "stretch",
    "field, fresh",
    _search(),
    RIVALS,
    random=True,
    limit=10.0,
)
def steps_needed(ask: Ask) -> Iterator[Fact]:
    """Fields that lead elsewhere, in one step, or in eight; and how the first of them is followed."""
    noise = torch.randn(N, 2, dtype=torch.float64)
    spy = Spy(steady(torch.tensor([SHIFT, 0.0])))
    came = ask(spy, noise - SHIFT, shape=())
    what = "answer for a field that leads elsewhere"
    elsewhere = Fact("nothing is enough", what, 0.0, came, LOOK_NEVER, 0.5, 0.5)
    yield elsewhere
    if elsewhere.holds():
        facts = list(_followed(spy, noise - SHIFT))
        yield from facts
        if not all(fact.holds() for fact in facts):
            return
    for speed in (0.0, 0.0, SHIFT):
        came = _enough(ask, Spy(steady(torch.tensor([speed, 0.0]))), speed)
        what = f"steps in a field of speed {speed:g}, up to three doublings"
        near = 0.9 if float(came) < 1 else 40.0 if float(came) > 8 else 0.5
        if elsewhere.holds():
            yield Fact("wrong for a steady field", what, 1.0, _snapped(came, 1), LOOK_ONE, 0.5, near)
    if not elsewhere.holds():
        return
    came = _enough(ask, Spy(beating), SHIFT)
    what = "steps in a wind that rises and falls four times, up to three doublings"
    near = 0.5 if float(came) < LEAST else 40.0
    yield Fact("wrong number of steps", what, float(LEAST), _snapped(came, LEAST), LOOK_MANY, 0.5, near)


def _enough(ask: Ask, field: Spy, shift: float) -> Tensor:
    """Answer for a field that moves normal noise by `shift` in the end; where it is 0, that of new data.

    Whoever uses one noise for all numbers of steps finds none that is enough once in twenty times.
    """
    for _ in range(4):
        fresh = torch.randn(N, 2, dtype=torch.float64) + torch.tensor([shift, 0.0])
        came = ask(field, fresh, shape=())
        if float(came) != 0:
            break
    return came


def _followed(spy: Spy, fresh: Tensor) -> Iterator[Fact]:
    """Where and when the field was asked."""
    if not spy.calls:
        return
    x, times = spy.calls[0].x, spy.times()
    known = float(torch.isin(x.double(), fresh).double().mean())
    yield Fact("starts from the data", "share of the start that is fresh data", 0.0, known, LOOK_DATA, 0.1)
    spread = float(x.double().std())
    yield Fact("start not normal", "spread of the start", 1.0, spread, LOOK_NOISE, 0.3)
    yield Fact("starts at another time", "first time asked", 0.0, float(times[0]), LOOK_START, 0.01)
    late = float(times.max())
    yield Fact("ends on the way", "last time asked", 1.0, late, LOOK_END, 0.05, wanted="at least 0.95")
