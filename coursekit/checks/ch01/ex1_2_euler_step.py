"""Exercise 1.2: one step of Euler's method."""

from collections.abc import Iterator

import torch

from ...solvers import Euler, Heun
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.fields import RecordingField, whirl
from ..shared.mistakes import recurring
from .common import (
    arguments,
    convergence,
    evaluation_times,
    long_step,
    midpoint_step,
    moves,
    states,
    whole_batch,
)

MISTAKES: Mistakes = {
    **recurring(
        {
            "no h": lambda field, x, t, h: x + field(x, t),
            "only the increment": lambda field, x, t, h: h * field(x, t),
            "backwards": lambda field, x, t, h: x - h * field(x, t),
        }
    ),
    "t taken for h": (
        lambda field, x, t, h: x + t * field(x, t),
        "The length of your step is the time `t`, not the step size. `t` says when the step begins, and "
        "`h` says how long it lasts. Which of the two belongs where?",
    ),
    "slope at the end of the step": (
        lambda field, x, t, h: x + h * field(x, t + h),
        "You evaluate the field at the time when the step ends. Euler's method knows only the beginning: the "
        "slope at the place and time where the step starts.",
    ),
    "h squared": (
        lambda field, x, t, h: x + h * h * field(x, t),
        "The step size enters twice: with half the step you move only a quarter as far. A speed kept up "
        "for half the time covers half the distance.",
    ),
    "size of h only": (
        lambda field, x, t, h: x + abs(h) * field(x, t),
        "Your step is right for a positive `h`, but with a negative one it still goes forwards. Exercise 1.9 "
        "walks back in time with the same step: what should a negative duration do to the move?",
    ),
    "Heun's step": (
        Heun().step,
        "That is Heun's step, which looks at the slope a second time. It is more accurate, and it comes "
        "two exercises further on. Euler's step evaluates the field once only.",
    ),
    "midpoint step": (
        midpoint_step,
        "Your step looks at the slope in the middle, as the midpoint method does. It is more accurate, but "
        "Euler's step is simpler still: it evaluates the field once, where the step starts.",
    ),
    "state scaled by the slope": (
        lambda field, x, t, h: x * (1 + h * field(x, t)),
        "In your step the slope multiplies the state. A constant field must move all states by the same "
        "amount, wherever they are; yours moves the far ones further.",
    ),
}


WORDS = {
    "input edited": (
        "After the call something that you handed in is not what it was before, in most cases the start: the "
        "caller's own state has moved along. Whoever collects the states of a walk in a list is left with "
        "one of them, many times over. Print a state before and after a call."
    )
}
"""The lab's own bug, of which only the symptom is told."""


@exercise(
    "1.2",
    "Find the bug: an Euler step",
    "core",
    "field, x, t, h",
    Euler().step,
    MISTAKES,
    words=WORDS,
)
def euler_step(student: StudentFunction) -> Iterator[Fact | str]:
    """Move on a constant field, call record and tangent on a curved one, and the slope of the error."""
    x, spy = states(), RecordingField(whirl)
    after, used = arguments(student, spy, x)
    yield used
    hint = (
        "In a field that is the same everywhere and always, each state must move by speed times duration, "
        "exactly, also where `h` is negative. Work it out by hand for one state: how often does `h` come in, "
        "and do you change the state or the velocity besides?"
    )
    yield from moves(student, hint)
    yield whole_batch(spy, 16)
    hint = (
        "Euler's method looks at the field at one moment only, the one at which the step begins. Compare the "
        "times at which your function evaluates it with `t`."
    )
    yield evaluation_times("evaluated at the wrong time", spy, [0.3], hint)
    hint = (
        "With a constant field your step is right, but not here, where the velocity differs from state to "
        "state. Each row of the batch must move along its own arrow, however long that is. Do you average, "
        "sum, limit or reorder somewhere?"
    )
    arrow = whirl(x, torch.full((16, 1), 0.3))
    what = "move per unit of h in a curved field, against the arrow at the state"
    yield Fact("off the tangent", what, arrow, (after - x) / 0.1, hint)
    yield long_step(student, "off the tangent", 16, hint)
    hint = (
        "Followed over many small steps, your step does not come closer to the true path as "
        "Euler's does: half the step size should halve the error. Compare one step with a drawing of the "
        "tangent."
    )
    yield convergence(student, 1, hint)
    yield from spy.spare(16, 1)
