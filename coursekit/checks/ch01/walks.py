"""Exercises 1.3 and 1.7: many steps in a row, forwards and backwards."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor

from ... import solvers
from ...base import Field
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.test_fields import RecordingField, ramp, rms, whirl
from .common import states
from .walk_rivals import BACKWARDS, FORWARDS

Step = Callable[[Field, Tensor, float, float], Tensor]


class _Given:
    """A step function in the place of one of coursekit's methods."""

    order: ClassVar[int] = 0
    evaluations: ClassVar[int] = 0

    def __init__(self, step: Step) -> None:
        self.step = step


def _simulate(step: Step, field: Field, x0: Tensor, times: Tensor) -> Tensor:
    """All states of a walk by `step`, the first one included."""
    return solvers.simulate(field, x0, times, _Given(step))


def _run_backwards(step: Step, field: Field, x1: Tensor, times: Tensor) -> Tensor:
    """All states of a walk from the last of the times to the first."""
    return solvers.simulate(field, x1, times.flip(0), _Given(step))


class _Recorder:
    """A step that notes when it starts, how long it lasts, and where it starts from."""

    def __init__(self, step: Callable[..., Tensor]) -> None:
        self.step = step
        self.starts: list[float] = []
        self.lengths: list[float] = []

    def __call__(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        self.starts.append(float(t))
        self.lengths.append(float(h))
        return self.step(field, x, float(t), float(h))


_Recorder.__name__ = _Recorder.__call__.__qualname__ = "step"  # the name in Python's own messages


def _row(values: Any) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


TIMES = (0.1, 0.2, 0.5, 0.6, 1.0)
"""Not equally spaced, and not from 0: a grid that is counted instead of read shows."""

LOOK_FIRST = (
    "The first row must be the starting states themselves, before any step. Look at what your list or "
    "tensor contains before the loop begins, and whether the loop overwrites it."
)
LOOK_STARTS = (
    "Your steps begin at the wrong times. Each step starts at the time that belongs to the state it starts "
    "from; the list `times` names it. Print `t` inside your loop."
)
LOOK_LENGTHS = (
    "Your steps have the wrong lengths. The times need not be equally spaced, so each step lasts from its "
    "own time to the next one in the list. Print `h` inside your loop."
)
LOOK_STATES = (
    "The times and lengths of the steps are right, but the states in the rows are not those that the steps "
    "give. Does each step start from the state that the one before returned, and use the `step` and "
    "`field` handed over?"
)


@exercise("1.3", "The time loop", "core", "step, field, x0, times", _simulate, FORWARDS, double=True)
def simulate(student: StudentFunction) -> Iterator[Fact]:
    """First row, beginnings and lengths of the steps, and all states where Heun's steps are exact."""
    x0, times = states(6), _row(TIMES)
    recorder = _Recorder(solvers.Heun().step)
    rows = student(recorder, RecordingField(ramp), x0, times, shape=(5, 6, 2))
    yield Fact("start missing", "first row against the starting states", x0, rows[0], LOOK_FIRST)
    yield Fact(
        "wrong times", "times at which the steps begin", times[:-1], _row(recorder.starts), LOOK_STARTS
    )
    yield Fact("wrong lengths", "lengths of the steps", times.diff(), _row(recorder.lengths), LOOK_LENGTHS)
    way = (rows - x0).mean(dim=(1, 2))
    what = "mean way from the start, row by row, in the field 2t"
    yield Fact("wrong states", what, times.square() - times[0] ** 2, way, LOOK_STATES)
    curved = student(_Recorder(solvers.Euler().step), RecordingField(whirl), x0, times, shape=(5, 6, 2))
    away = [rms(row - x0) for row in curved]
    truth = [rms(row - x0) for row in _euler_path(x0, times)]
    yield Fact(
        "wrong states",
        "distance from the start, row by row, in a curved field",
        _row(truth),
        _row(away),
        LOOK_STATES,
    )


def _euler_path(x: Tensor, times: Tensor) -> list[Tensor]:
    """Euler's polygon, corner by corner."""
    path = [x]
    for t, h in zip(times[:-1].tolist(), times.diff().tolist(), strict=True):
        path.append(solvers.Euler().step(RecordingField(whirl), path[-1], t, h))
    return path


LOOK_RETURN = (
    "Going forwards and then backwards with many small steps should lead back to the start, up to a small "
    "error of the method. Yours ends elsewhere. Follow time and step size of the first backward step by "
    "hand."
)
LOOK_BACK = (
    "The states on the way back are not where they should be. A backward step starts from the state at its "
    "own time and lasts a negative time: check both for the first step, from the last time to the one "
    "before."
)


@exercise("1.7", "Run backwards", "stretch", "step, field, x1, times", _run_backwards, BACKWARDS, double=True)
def run_backwards(student: StudentFunction) -> Iterator[Fact]:
    """First row, states where Heun's steps are exact, where Euler's begin, and the way there and back."""
    x1, times = states(6), _row(TIMES)
    ticks = times.flip(0)
    rows = student(solvers.Heun().step, RecordingField(ramp), x1, times, shape=(5, 6, 2))
    yield Fact("start missing", "first row against the states handed over", x1, rows[0], LOOK_FIRST)
    way = (rows - x1).mean(dim=(1, 2))
    what = "mean way from there, row by row, in the field 2t with Heun's steps"
    yield Fact("wrong way back", what, ticks.square() - ticks[0] ** 2, way, LOOK_BACK)
    x1 = states(6)  # others: an answer that does not use `step` must not seem to use nothing at all
    way = (student(solvers.Euler().step, RecordingField(ramp), x1, times, shape=(5, 6, 2)) - x1).mean(
        dim=(1, 2)
    )
    # Euler's step goes by the slope where it begins, so on the way back by that of the later time.
    path = torch.cat([_row([0.0]), (2 * ticks[:-1] * ticks.diff()).cumsum(0)])
    yield Fact("wrong way back", "the same with Euler's steps", path, way, LOOK_BACK)
    grid = solvers.time_grid(20)
    there = solvers.solve(RecordingField(whirl), x1, grid)
    back = student(solvers.Heun().step, RecordingField(whirl), there, grid, shape=(21, 6, 2))[-1]
    what = "distance from the start after there and back, 20 steps of Heun each way"
    yield Fact("does not return", what, 0.0, rms(back - x1), LOOK_RETURN, 0.05, expected_text="at most 0.05")
