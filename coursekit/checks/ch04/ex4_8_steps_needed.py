"""Exercise 4.8: as many steps as the two-sample test asks for."""

import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from ...evaluation import two_sample_test
from ...solvers import Euler, Heun, solve, time_grid
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.test_fields import RecordingField, steady

N = 150
COUNTS = (1, 2, 4, 8, 16, 32, 64)
SHIFT = 2.0
NARROW = 0.01
LEAST = 8
"""Steps from which on Euler's are exact in the field `beating`."""


def _search(
    counts: tuple[int, ...] = COUNTS,
    solver: Any = None,
    enough: Callable[[Any], bool] = lambda test: test.statistic <= test.level(),
    tested: Callable[..., tuple[Tensor, Tensor]] = lambda x0, x1, fresh: (x1, fresh),
    found: Callable[[int], int] = lambda steps: steps,
) -> Callable[[Any, Tensor], int]:
    """Try numbers of steps in turn, until the test is content."""

    def rule(field: Any, fresh: Tensor) -> int:
        for steps in counts:
            x0 = torch.randn_like(fresh)
            with torch.no_grad():
                x1 = solve(field, x0, time_grid(steps), solver or Euler())
            if enough(two_sample_test(*tested(x0, x1, fresh))):
                return found(steps)
        return 0

    return rule


MISTAKES: dict[str, Mistake] = {
    "comparison turned round": (
        _search(enough=lambda test: test.statistic > test.level()),
        "You stop as soon as the distance is *above* the level. That is where the test sees a difference; "
        "go on until it sees none.",
    ),
    "largest number first": (
        _search(counts=COUNTS[::-1]),
        "You begin with the largest number of steps, or return the last that is enough. The smallest one is "
        "asked for.",
    ),
    "compared with the noise": (
        _search(tested=lambda x0, x1, fresh: (x1, x0)),
        "You compare the samples with the noise that they came from. They should look like the fresh data.",
    ),
    "start for the end": (
        _search(tested=lambda x0, x1, fresh: (x0, fresh)),
        "You compare the states at which the walk starts with the fresh data. The ones at which it ends are "
        "the samples: which of your tensors holds them?",
    ),
    "place in the list": (
        _search(found=COUNTS.index),
        "You return how often your loop has turned, or a place in a list, and not the number of steps "
        "itself. What does the variable hold that you return?",
    ),
    "Heun's steps": (
        _search(solver=Heun()),
        "The field is asked twice as often as Euler's steps need, as by Heun's method. Which method does "
        "`solve` use if you do not hand one over?",
    ),
}
HINTS = {
    "nothing is enough": (
        "This field leads to the wrong place, so no number of steps is enough: return 0 then. Is the "
        "distance compared with the level, and what does your function return after its loop?"
    ),
    "field not asked": (
        "Your function never asks the `field` that it was handed, so its samples are not samples of that "
        "field. Which lines make the steps, and what do they start from?"
    ),
    "starts from the data": (
        "Your states start at the fresh data points. Samples start from standard normal noise, drawn by "
        "you, and the fresh data are there to be compared with."
    ),
    "start not normal": (
        "The states that you start from are not standard normal: their mean or spread is off. Which "
        "function of torch do you draw with? Two of them have names that differ by one letter."
    ),
    "another number of samples": (
        "You draw another number of samples than there are fresh data. With fewer of them the test sees "
        "less, and is content too early: the shape of `fresh` tells how many to draw."
    ),
    "gives up at once": (
        "You try a single step and give up: the field is asked once only. Does `return 0` stand inside the "
        "loop? It belongs behind it, to be reached when no number was enough."
    ),
    "calls miscounted": (
        "With one call of the field for each of Euler's steps, trying all seven numbers takes 127 calls; "
        "yours are many more, or fewer. Are all of the numbers tried, each once, and is it Euler's method?"
    ),
    "fixed level": (
        "Here a narrow cloud misses narrow data, so its distance is a small number, and still the test "
        "tells the two apart. Do you compare with a number of your own? Each test has its own level."
    ),
    "starts at another time": (
        "The first time at which you ask the field is not 0. Noise is at time 0, data at time 1: which way "
        "does the grid of times go?"
    ),
    "ends on the way": (
        "Even with many steps you never ask the field about times near 1, so your states stop on the way. "
        "Where does your grid of times end, and how many steps do you try?"
    ),
    "wrong for a steady field": (
        "In this field all states move at one speed, or stand still, so a single step is exact. Your "
        "function wants more, or finds that no number is enough. What is compared with what, and do you "
        "return the number *at* which the test is content, or the one after it?"
    ),
    "wrong number of steps": (
        "In this field up to four steps leave samples that anyone can tell from the data, and eight or more "
        "do not. Your number is another one. Do you take the *first* at which the distance is below the "
        "level?"
    ),
}


def _fact(
    name: str, what: str, expected: float, came: float, tol: float, near: float, text: str = ""
) -> Fact:
    return Fact(name, what, expected, came, HINTS[name], tol, near, text)


def _snapped(came: Tensor, least: int) -> float:
    """The right number, if the answer is it or up to three doublings more: the test errs once in twenty.

    Twice as many stand for all that are larger, so that known wrong answers are seen by their values.
    """
    right = least <= float(came) <= 8 * least
    return float(least) if right else min(float(came), 16.0 * least)


def beating(x: Tensor, t: Tensor) -> Tensor:
    """A wind that rises and falls four times: Euler's steps meet only its peaks until there are eight."""
    return steady(_wind(SHIFT, x.shape[1]))(x, t) * (1 + torch.cos(8 * math.pi * t))


def _wind(speed: float, dim: int) -> Tensor:
    return torch.tensor([speed] + [0.0] * (dim - 1))


def _narrowing(x: Tensor, t: Tensor) -> Tensor:
    """Straight lines that draw every state in to a hundredth of its way from the origin."""
    return (NARROW - 1) * x / (1 + (NARROW - 1) * t)


def _counted(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let a whole number come in a tensor as well."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        whole = issubclass(type(value), Tensor) and value.dtype in (torch.int64, torch.int32)
        return value.double() if whole else value

    return wrapped


@exercise("4.8", "Steps enough", "stretch", "field, fresh", _search(), MISTAKES, random=True, limit=15.0)
def steps_needed(student: StudentFunction) -> Iterator[Fact]:
    """Fields that lead elsewhere, in one step, or in eight; and how the first of them is followed."""
    student.answer = _counted(student.answer)
    noise = torch.randn(N, 2)
    spy = RecordingField(steady(_wind(SHIFT, 2)))
    came = student(spy, noise - SHIFT, shape=())
    elsewhere = _fact("nothing is enough", "a field that leads elsewhere", 0.0, float(came), 0.5, 0.5)
    yield elsewhere
    if elsewhere.holds():
        facts = list(_followed(spy, noise - SHIFT))
        yield from facts
        if not all(fact.holds() for fact in facts):
            return
        still, tiny = RecordingField(steady(_wind(0, 3)), 3), RecordingField(_narrowing)
        came = student(still, torch.randn(N - 50, 3) + SHIFT, shape=())
        yield _fact("nothing is enough", "a field that stands still", 0.0, float(came), 0.5, 0.5)
        samples = float(still.calls[0].rows) if still.calls else 0.0
        if samples != N - 50:
            yield _fact("another number of samples", "samples for 100 fresh data", N - 50, samples, 0.5, 0.5)
        came = student(tiny, NARROW * (noise - SHIFT), shape=())
        yield _fact("fixed level", "a narrow cloud that misses narrow data", 0.0, float(came), 0.5, 0.5)
    yield from _steady(student, elsewhere.holds())
    if not elsewhere.holds():
        return
    came = _enough(student, beating, SHIFT, 3)
    what = "a wind that rises and falls four times, up to three doublings"
    near = 0.5 if float(came) < LEAST else 40.0
    yield _fact("wrong number of steps", what, float(LEAST), _snapped(came, LEAST), 0.5, near)


def _steady(student: StudentFunction, report: bool) -> Iterator[Fact]:
    """Fields in which a single step is exact: the answer is 1, but for the errors of the test."""
    answers = []
    for speed, dim in ((0.0, 2), (0.0, 3), (SHIFT, 2), (SHIFT, 2), (SHIFT, 1)):
        came = _enough(student, steady(_wind(speed, dim)), speed, dim)
        answers.append(float(came))
        what = f"field of speed {speed:g}, up to three doublings (16: or more)"
        near = 0.9 if float(came) < 1 else 0.5
        if report and len(answers) in (1, 2, 5):
            yield _fact("wrong for a steady field", what, 1.0, _snapped(came, 1), 0.5, near)
    if report and 1 < min(answers) <= 8:  # by chance five right answers in 3 million
        yield _fact("wrong for a steady field", "smallest of five answers", 1.0, min(answers), 0.5, 40.0)


def _enough(student: StudentFunction, rule: Callable[..., Tensor], shift: float, dim: int) -> Tensor:
    """Answer for a field that moves normal noise by `shift` in the end; where it is 0, that of new data.

    Whoever uses one noise for all numbers of steps finds none that is enough once in twenty times.
    """
    for _ in range(4):
        came = student(RecordingField(rule, dim), torch.randn(N - 30, dim) + _wind(shift, dim), shape=())
        if float(came) != 0:
            break
    return came


def _followed(spy: RecordingField, fresh: Tensor) -> Iterator[Fact]:
    """Where and when the field was evaluated."""
    calls = spy.evaluations(len(fresh))
    if not spy.calls:
        yield _fact("field not asked", "calls of the field", 127.0, calls, 40, 40)
        return
    x, times = spy.calls[0].x, spy.times()
    known = float(torch.isin(x, fresh).double().mean())
    yield _fact("starts from the data", "share of the start that is fresh data", 0.0, known, 0.1, 0.1)
    off = float(x.mean().abs() + (x.std() - 1).abs())
    yield _fact("start not normal", "start: error of mean and spread", 0.0, off, 0.6, 0.3)
    samples = float(spy.calls[0].rows)
    if samples != len(fresh):
        yield _fact("another number of samples", "samples drawn", len(fresh), samples, 0.5, 0.5)
    yield _fact("starts at another time", "first time asked", 0.0, float(times[0]), 0.01, 0.01)
    if abs(calls - 127) > 40:
        name = "gives up at once" if calls <= 1 else "calls miscounted"
        yield _fact(name, "calls of the field for all numbers", 127.0, calls, 40, 40)
    yield _fact("ends on the way", "last time asked", 1.0, float(times.max()), 0.05, 0.05, "at least 0.95")
