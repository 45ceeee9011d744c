"""Exercise 1.9: the same walk, backwards."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Field
from ...solvers import Euler, Heun, solve, time_grid
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.fields import RecordingField, ramp, rms, whirl
from ..shared.mistakes import recurring
from .common import TIMES, RecordingStep, Step, from_the_start, right_walk, row, states, walk


def _run_backwards(step: Step, field: Field, x1: Tensor, times: Tensor) -> Tensor:
    """All states of a walk from the last of the times to the first."""
    return right_walk(step, field, x1, times.flip(0))


def _against(starts: Callable[[Tensor], Tensor], sign: int, turned: bool = False) -> Callable[..., Tensor]:
    """A walk by steps of the right sizes, with another sign, other beginnings or the arrows turned."""

    def mistake(step: Step, field: Any, x1: Tensor, times: Tensor) -> Tensor:
        lengths = (sign * times.diff().flip(0)).tolist()
        return walk(
            step, (lambda x, t: -field(x, t)) if turned else field, x1, starts(times).tolist(), lengths
        )

    return mistake


def _later(times: Tensor) -> Tensor:
    return times.flip(0)[:-1]


def _one_more(step: Step, field: Any, x1: Tensor, times: Tensor) -> Tensor:
    rows = _run_backwards(step, field, x1, times)
    return torch.cat([rows, step(field, rows[-1], float(times[0]), float(times[-1] - times[0]))[None]])


MISTAKES: Mistakes = {
    **recurring(
        {
            "grid one short": lambda step, field, x1, times: _run_backwards(step, field, x1, times[1:]),
            "one step too many": _one_more,
            "return inside the loop": lambda step, field, x1, times: _run_backwards(
                step, field, x1, times[-2:]
            ),
            "only the last state": lambda step, field, x1, times: _run_backwards(step, field, x1, times)[-1],
            "state not carried on": lambda step, field, x1, times: from_the_start(
                step, field, x1, times.flip(0)
            ),
        }
    ),
    "h stays positive": (
        _against(_later, 1),
        "You go through the times from last to first, but each step still lasts a positive time, so the "
        "states move on instead of back. What is the difference between the time a step ends and the time "
        "it starts now?",
    ),
    "t at the wrong end": (
        _against(lambda times: times.flip(0)[1:], -1),
        "Your steps have the right lengths, but `t` is the time where each step arrives. Also on the way "
        "back `t` belongs to the state that the step starts from, which is now the later of the two.",
    ),
    "field negated, clock forwards": (
        lambda step, field, x1, times: right_walk(step, lambda x, t: -field(x, t), x1, times),
        "You turn the arrows round but let the clock run forwards, so the states meet the field of the "
        "first moment when they should meet that of the last. For a field that never changes this would "
        "do; this one changes.",
    ),
    "field negated, steps too long": (
        _against(_later, 1, turned=True),
        "You negate the field and keep the steps positive. For Euler's step that is the same, but a step "
        "that looks ahead, as Heun's does, then evaluates the field later still. Let the clock "
        "itself run backwards.",
    ),
    "turned round twice": (
        _against(_later, -1, turned=True),
        "You negate the field and let time run backwards as well. Two reversals cancel: the states go on "
        "as if forwards. Which of the two alone is enough?",
    ),
    "forwards again": (
        right_walk,
        "You walk forwards from the states you were given. They belong to the last of the times, and the "
        "walk should lead from there to the first. In which order do you go through `times`?",
    ),
    "rows in the order of the times": (
        lambda step, field, x1, times: _run_backwards(step, field, x1, times).flip(0),
        "Your walk is right, but the rows are in the order of the times. As in the time loop, the first "
        "row is where the walk starts, and here it starts at the last of the times.",
    ),
}


@exercise("1.9", "Run backwards", "stretch", "step, field, x1, times", _run_backwards, MISTAKES)
def run_backwards(student: StudentFunction) -> Iterator[Fact]:
    """First row, states where Heun's steps are exact, where Euler's begin, and the way there and back."""
    x1, times = states(6), row(TIMES)
    ticks = times.flip(0)
    step = RecordingStep(Heun().step)
    rows = student(step, RecordingField(ramp), x1, times, shape=(5, 6, 2))
    hint = (
        "The first row must be the states that were handed over, before any step, and the last row belongs "
        "to the first of the times. What does your list contain before the loop begins, and is it turned "
        "round afterwards?"
    )
    yield Fact("start missing", "first row against the states handed over", x1, rows[0], hint)
    yield step.calls(4)
    hint = (
        "The states on the way back are not where they should be. A backward step starts from the state at "
        "its own time and lasts a negative time: check both for the first step, from the last time to the "
        "one before."
    )
    way, what = (rows - x1).mean(dim=(1, 2)), "mean way in the field 2t with Heun's steps"
    yield Fact("wrong way back", what, ticks.square() - 1, way, hint)
    x1 = states(6)  # others: an answer that does not use `step` must not seem to use nothing at all
    rows = student(RecordingStep(Euler().step), RecordingField(ramp), x1, times, shape=(5, 6, 2))
    # Euler's step goes by the slope where it begins, so on the way back by that of the later time.
    path = torch.cat([row([0.0]), (2 * ticks[:-1] * ticks.diff()).cumsum(0)])
    yield Fact("wrong way back", "the same with Euler's steps", path, (rows - x1).mean(dim=(1, 2)), hint)
    hint = (
        "Going forwards and then backwards with many small steps should lead back to the start, up to a "
        "small error of the method. Yours ends elsewhere. Follow time and step size of the first backward "
        "step by hand."
    )
    grid = time_grid(20)
    there = solve(RecordingField(whirl), x1, grid)
    back = student(Heun().step, RecordingField(whirl), there, grid, shape=(21, 6, 2))[-1]
    what = "distance from the start after there and back in 20 steps"
    yield Fact("does not return", what, 0.0, rms(back - x1), hint, 0.05, expected_text="at most 0.05")
