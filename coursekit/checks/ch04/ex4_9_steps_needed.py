"""Exercise 4.9: as few steps as a tolerance permits, measured from the same starts."""

import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from ...solvers import Euler, Heun, solve, time_grid
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.fields import RecordingField, Rule, steady
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

COUNTS = (1, 2, 4, 8, 16, 32, 64)
MANY = 512

Distance = Callable[[Tensor], Tensor]
"""One number from the differences of all ends (batch, dim)."""


def _rms(gap: Tensor) -> Tensor:
    return gap.square().sum(1).mean().sqrt()


def _search(
    counts: tuple[int, ...] = COUNTS,
    many: int = MANY,
    solver: Any = None,
    distance: Distance = _rms,
    enough: Callable[[float, float], bool] = lambda distance, tol: distance <= tol,
    truth: Callable[[Any, Tensor, Tensor, int], Tensor] = lambda field, x0, end, steps: end,
    start: Callable[[Tensor], Tensor] = lambda x0: x0,
    found: Callable[[int], int] = lambda steps: steps,
) -> Callable[[Any, Tensor, float], int]:
    """Try numbers of steps in turn, until the ends are near the true ones."""

    def walk(field: Any, x0: Tensor, steps: int) -> Tensor:
        with torch.no_grad():
            return solve(field, x0, time_grid(steps), solver or Euler())

    def rule(field: Any, x0: Tensor, tol: float) -> int:
        end = walk(field, start(x0), many)
        for steps in counts:
            gap = walk(field, start(x0), steps) - truth(field, x0, end, steps)
            if enough(float(distance(gap)), tol):
                return found(steps)
        return 0

    return rule


MISTAKES: dict[str, Mistake] = {
    "comparison turned round": (
        _search(enough=lambda distance, tol: distance > tol),
        "You stop as soon as the distance is *above* the tolerance. Go on until it is at most that.",
    ),
    "largest number first": (
        _search(counts=COUNTS[::-1]),
        "You begin with the largest number of steps, or return the last that is enough. The smallest one is "
        "asked for.",
    ),
    "compared with the start": (
        _search(truth=lambda field, x0, end, steps: x0),
        "You compare the ends with the states that the walk starts from. They should be near the *true* "
        "ends, those after very many steps.",
    ),
    "compared with twice as many": (
        _search(truth=lambda field, x0, end, steps: solve(field, x0, time_grid(2 * steps), Euler())),
        "You compare each number of steps with the next one. Two walks that are both far off can agree; the "
        "distance that counts is the one to the true ends, after 512 steps.",
    ),
    "place in the list": (
        _search(found=COUNTS.index),
        "You return how often your loop has turned, or a place in a list, and not the number of steps "
        "itself. What does the variable hold that you return?",
    ),
    "the next number": (
        _search(found=lambda steps: 2 * steps),
        "You return twice the number that was enough. Is the number doubled before it is returned?",
    ),
    "Heun's steps": (
        _search(solver=Heun()),
        "Your numbers are those of Heun's method, which gets near the true ends with fewer steps. Which "
        "method does `solve` use if you do not hand one over?",
    ),
    "coordinates for states": (
        _search(distance=lambda gap: gap.square().mean().sqrt()),
        "You average over all coordinates, so your distance is too short, the more of them there are. How "
        "far is a *state* from its true end? Add up its coordinates' squares, then average over states.",
    ),
    "root left out": (
        _search(distance=lambda gap: gap.square().sum(1).mean()),
        "You compare the mean *squared* distance with the tolerance, which is a distance. Which operation is "
        "still to come?",
    ),
    "mean of the distances": (
        _search(distance=lambda gap: gap.norm(dim=1).mean()),
        "You take the plain mean of the distances. In a root mean square the squares are averaged first, so "
        "that the few states that are far off count for more.",
    ),
    "farthest state": (
        _search(distance=lambda gap: gap.norm(dim=1).max()),
        "You wait for the state that is farthest off. The task asks for the root of the *mean* squared "
        "distance.",
    ),
    "fresh noise for each walk": (
        _search(start=torch.randn_like),
        "Your walks do not start at the states that were handed over, or not all at the same ones. Ends can "
        "be compared one by one only if they come from the same starts.",
    ),
}
HINTS = {
    "starts elsewhere": (
        "The first states at which you ask the field are not those of `x0`. Each walk starts there, so that "
        "its ends can be compared with the true ones, one by one."
    ),
    "starts at another time": (
        "The first time at which you ask the field is not 0. Noise is at time 0, data at time 1: which way "
        "does the grid of times go?"
    ),
    "ends on the way": (
        "You never ask the field about times near 1, so your states stop on the way. Where does your grid of "
        "times end?"
    ),
    "field not asked": (
        "Your function never asks the `field` that it was handed. Which lines make the steps, and what do "
        "they start from?"
    ),
    "steady": (
        "In this field all states stand still, or move at one speed, so a single step is exact. Your "
        "function wants another number. What is compared with what, and do you return the number *at* which "
        "it is enough?"
    ),
    "nothing is enough": (
        "In this field states turn so fast that no number of steps up to 64 comes near the true ends: return "
        "0 then. What does your function return after its loop, and what does it take for the true ends?"
    ),
    "wrong number of steps": (
        "In this field the error of each number of steps is known by a formula, and the tolerance lies well "
        "between two of them. Yours is another number. How is one distance made of the differences of all "
        "states, and is it the first number at which that is small enough?"
    ),
    "tolerance not used": (
        "With a smaller tolerance the same field needs more steps, and your number is not what it should be. "
        "Where does `tol` come into your function?"
    ),
}


def _wind(dim: int) -> Tensor:
    return torch.tensor([2.0] + [0.0] * (dim - 1))


def beating(x: Tensor, t: Tensor) -> Tensor:
    """A wind that rises and falls four times: Euler's steps meet only its peaks until there are eight."""
    return steady(_wind(x.shape[1]))(x, t) * (1 + torch.cos(8 * math.pi * t))


def fading(x: Tensor, t: Tensor) -> Tensor:
    """Every state decays at rate 2: n steps of Euler leave (1 - 2/n)^n of it, exactly e^-2 would be left."""
    return -2 * x


def spinning(x: Tensor, t: Tensor) -> Tensor:
    """Turn round the origin, ten times: Euler's steps lead far out."""
    return 20 * math.pi * torch.stack([-x[:, 1], x[:, 0]], dim=1)


def _of_lengths(lengths: Tensor, dim: int) -> Tensor:
    """States of these lengths in random directions."""
    x = torch.randn(len(lengths), dim)
    return lengths[:, None] * x / x.norm(dim=1, keepdim=True)


def _counted(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let a whole number come in a tensor as well."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        whole = issubclass(type(value), Tensor) and value.dtype in (torch.int64, torch.int32)
        return value.double() if whole else value

    return wrapped


@exercise("4.9", "Steps enough", "stretch", "field, x0, tol", _search(), MISTAKES, limit=15.0)
def steps_needed(student: StudentFunction) -> Iterator[Fact]:
    """Fields in which the error of each number of steps is known; and how the first of them is followed."""
    student.answer = _counted(student.answer)
    few = _of_lengths(torch.cat([torch.full((90,), 0.5), torch.full((10,), 5.0)]), 4)  # rms 1.65, mean 0.95

    def number(name: str, what: str, rule: Rule, x0: Tensor, tol: float, right: int) -> Fact:
        field = RecordingField(rule, x0.shape[1])
        came = student(field, x0, tol, shape=())
        asked.append(field)
        return Fact(name, f"steps for {what}", float(right), float(came), HINTS[name], 0.5, 0.5)

    asked: list[RecordingField] = []
    x0 = torch.randn(60, 2)
    first = number("steady", "a field that stands still, tolerance 0.01", steady(torch.zeros(2)), x0, 0.01, 1)
    how = list(_followed(asked[0], x0))
    yield from how
    if not all(fact.holds() for fact in how):
        return
    yield first
    yield number("steady", "a steady wind, tolerance 0.01", steady(_wind(2)), x0, 0.01, 1)
    what = "ten turns, tolerance 0.1 (0: none)"
    none = number("nothing is enough", what, spinning, torch.randn(60, 2), 0.1, 0)
    name, last = "ends on the way", float(asked[-1].times().max())
    yield from failing([Fact(name, "last time asked", 1.0, last, HINTS[name], 0.05, 0.01, "at least 0.95")])
    yield none
    yield number("wrong number of steps", "gusts, tolerance 0.1", beating, torch.randn(60, 3), 0.1, 8)
    what = "a decay of states near and far, tolerance 0.075"
    yield number("wrong number of steps", what, fading, few, 0.075, 8)
    what = "a decay of states of one length, tolerance 0.075"
    alike = _of_lengths(torch.full((50,), 1.5), 4)
    yield number("wrong number of steps", what, fading, alike, 0.075, 8)
    yield number("tolerance not used", "the first decay, tolerance 0.02", fading, few, 0.02, 32)


def _followed(field: RecordingField, x0: Tensor) -> Iterator[Fact]:
    """Where and when the field was evaluated."""
    if not field.calls:
        yield Fact("field not asked", "calls of the field", 512.0, 0.0, HINTS["field not asked"], 500.0)
        return
    times, name = field.times(), "starts elsewhere"
    starts = [call.x for call in field.calls if call.t < 1e-6] or [field.calls[0].x]
    known = float(torch.isin(torch.cat(starts), x0).double().mean())
    yield Fact(name, "share of the starts that are `x0`", 1.0, known, HINTS[name], 0.1)
    name = "starts at another time"
    yield Fact(name, "first time asked", 0.0, float(times[0]), HINTS[name], 0.01)
