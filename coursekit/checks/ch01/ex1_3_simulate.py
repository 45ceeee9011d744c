"""Exercise 1.3: many steps in a row."""

from collections.abc import Iterator

from torch import Tensor

from ...base import Field
from ...solvers import Euler, Heun
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.fields import RecordingField, ramp, rms, whirl
from ..shared.mistakes import TEXTS, recurring
from .common import TIMES, RecordingStep, Step, from_the_start, one_more, right_walk, row, states, walk


def _simulate(step: Step, field: Field, x0: Tensor, times: Tensor) -> Tensor:
    """All states of a walk by `step`, the first one included."""
    return right_walk(step, field, x0, times)


def _mean_gap(times: Tensor) -> list[float]:
    return [float(times[-1] - times[0]) / (len(times) - 1)] * (len(times) - 1)


MISTAKES: Mistakes = {
    **recurring(
        {
            "grid one short": lambda step, field, x0, times: right_walk(step, field, x0, times[:-1]),
            "one step too many": one_more,
            "start left out": lambda step, field, x0, times: right_walk(step, field, x0, times)[1:],
            "only the last state": lambda step, field, x0, times: right_walk(step, field, x0, times)[-1],
            "time on the wrong axis": lambda step, field, x0, times: right_walk(
                step, field, x0, times
            ).transpose(0, 1),
            "state not carried on": from_the_start,
            "equal steps assumed": lambda step, field, x0, times: walk(
                step, field, x0, times[:-1].tolist(), [float(times[1] - times[0])] * (len(times) - 1)
            ),
            "time stands still": lambda step, field, x0, times: walk(
                step, field, x0, [float(times[0])] * (len(times) - 1), times.diff().tolist()
            ),
            "return inside the loop": lambda step, field, x0, times: right_walk(step, field, x0, times[:2]),
        }
    ),
    "overwritten states": (
        lambda step, field, x0, times: (
            right_walk(step, field, x0, times)[-1:].expand(len(times), *x0.shape).clone()
        ),
        "All your rows are the same: the last state. Does your loop write into one tensor again and again, "
        "which the list then holds many times? Let every step make a new tensor, or keep a copy.",
    ),
    "grid counted, not read": (
        lambda step, field, x0, times: walk(step, field, x0, times[:-1].tolist(), _mean_gap(times)),
        TEXTS["equal steps assumed"],
    ),
    "t of the end of the step": (
        lambda step, field, x0, times: walk(step, field, x0, times[1:].tolist(), times.diff().tolist()),
        "Each of your steps is given the time at which it ends. A step starts from a state, and `t` is the "
        "time of that very state.",
    ),
    "time taken for a length": (
        lambda step, field, x0, times: walk(step, field, x0, times[:-1].tolist(), times[1:].tolist()),
        "You hand the next time to `step` where it expects a length. How long does a step last that leads "
        "from 0.5 to 0.6? Compute that from two entries of the list.",
    ),
    "index taken for a time": (
        lambda step, field, x0, times: walk(step, field, x0, range(len(times) - 1), times.diff().tolist()),
        "You hand the counter of your loop to `step` as the time. The counter says which entry of the "
        "list; the entry itself is the time.",
    ),
}


@exercise("1.3", "The time loop", "core", "step, field, x0, times", _simulate, MISTAKES)
def simulate(student: StudentFunction) -> Iterator[Fact]:
    """First row, beginnings and lengths of the steps, and all states where Heun's steps are exact."""
    x0, times = states(6), row(TIMES)
    step = RecordingStep(Heun().step)
    rows = student(step, RecordingField(ramp), x0, times, shape=(5, 6, 2))
    hint = (
        "The first row must be the starting states themselves, before any step. Look at what your list or "
        "tensor contains before the loop begins, and whether the loop overwrites it."
    )
    yield Fact("start missing", "first row against the starting states", x0, rows[0], hint)
    yield step.calls(4)
    hint = (
        "Your steps begin at the wrong times. Each step starts at the time that belongs to the state it "
        "starts from; the list `times` names it. Print `t` inside your loop."
    )
    yield Fact("wrong times", "times at which the steps begin", times[:-1], row(step.starts), hint)
    hint = (
        "Your steps have the wrong lengths. The times need not be equally spaced, so each step lasts from "
        "its own time to the next one in the list. Print `h` inside your loop."
    )
    yield Fact("wrong lengths", "lengths of the steps", times.diff(), row(step.lengths), hint)
    hint = (
        "The times and lengths of the steps are right, but the states in the rows are not those that the "
        "steps give. Does each step start from the state that the one before returned, and use the `step` "
        "and `field` handed over?"
    )
    way = (rows - x0).mean(dim=(1, 2))
    yield Fact("wrong states", "mean way from the start in the field 2t", times.square() - 0.01, way, hint)
    # Another step, another field, and a grid of another length.
    x0, times = states(1), row([-0.5, 0.2, 0.3])
    step = RecordingStep(Euler().step)
    rows = student(step, RecordingField(whirl), x0, times, shape=(3, 1, 2))
    truth = right_walk(Euler().step, RecordingField(whirl), x0, times)
    right, away = (row([rms(x - x0) for x in path]) for path in (truth, rows))
    yield Fact("wrong states", "distance from the start in a curved field", right, away, hint)
