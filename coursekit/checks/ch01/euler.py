"""Exercise 1.2: one step of Euler's method."""

from collections.abc import Iterator

import torch

from ...solvers import Euler, Heun
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.test_fields import RecordingField, steady, whirl
from .common import asked, convergence, midpoint_step, states, whole_batch

MISTAKES = {
    "no h": (
        lambda field, x, t, h: x + field(x, t),
        "Your step goes equally far however small `h` is. The field is a speed, so the way made in one "
        "step depends on how long the step lasts. Which argument did you not use?",
    ),
    "only the increment": (
        lambda field, x, t, h: h * field(x, t),
        "You return how far the states move, not where they arrive. A step hands back the next state: "
        "think of where the move starts from.",
    ),
    "backwards": (
        lambda field, x, t, h: x - h * field(x, t),
        "Your step goes against the arrows of the field: every state moves by the right amount in the "
        "opposite direction. Look at the sign in your line.",
    ),
    "t taken for h": (
        lambda field, x, t, h: x + t * field(x, t),
        "The length of your step is the time `t`, not the step size. `t` says when the step begins, and "
        "`h` says how long it lasts. Which of the two belongs where?",
    ),
    "slope at the end of the step": (
        lambda field, x, t, h: x + h * field(x, t + h),
        "You ask the field at the time when the step ends. Euler's method knows only the beginning: the "
        "slope at the place and time where the step starts.",
    ),
    "h squared": (
        lambda field, x, t, h: x + h * h * field(x, t),
        "The step size enters twice: with half the step you move only a quarter as far. A speed kept up "
        "for half the time gives half the way.",
    ),
    "Heun's step": (
        Heun().step,
        "That is Heun's step, which looks at the slope a second time. It is more accurate, and it comes "
        "two exercises further on. Euler's step asks the field once only.",
    ),
    "midpoint step": (
        midpoint_step,
        "Your step looks at the slope half-way, as the midpoint method does. It is more accurate, but "
        "Euler's step is simpler still: it asks the field once, where the step starts.",
    ),
    "state scaled by the slope": (
        lambda field, x, t, h: x * (1 + h * field(x, t)),
        "In your step the slope multiplies the state. A constant field must move all states by the same "
        "amount, wherever they are; yours moves the far ones further.",
    ),
}
LOOK_STEADY = (
    "In a field that is the same everywhere and always, each state must move by speed times duration, "
    "exactly. Work it out by hand for one state and compare it with what your function gives."
)
LOOK_TIME = (
    "Euler's method looks at the field at one moment only, the one at which the step begins. Compare the "
    "times at which your function asks with `t`."
)
LOOK_TANGENT = (
    "With a constant field your step is right, but not here, where the velocity differs from state to "
    "state. Each row of the batch must move along its own arrow. Do you average, sum or reorder somewhere?"
)
LOOK_ORDER = (
    "Followed over many small steps, your step does not come closer to the true path in the way that "
    "Euler's does: half the step size should halve the error. Compare one step with a drawing of the "
    "tangent."
)


@exercise("1.2", "Euler step", "core", "field, x, t, h", Euler().step, MISTAKES, double=True)
def euler_step(student: StudentFunction) -> Iterator[Fact]:
    """Move on a constant field, call record and tangent on a curved one, and the slope of the error."""
    x, c = states(), torch.tensor([1.0, -2.0], dtype=torch.float64)
    for h in (0.1, 0.2):
        move = (student(RecordingField(steady(c)), x, 0.3, h, shape=(16, 2)) - x).mean(dim=0)
        yield Fact("wrong move", f"move in a constant field (1, -2) with h = {h}", h * c, move, LOOK_STEADY)
    spy = RecordingField(whirl)
    after = student(spy, x, 0.3, 0.1, shape=(16, 2))
    yield whole_batch(spy, 16)
    yield asked("asked at the wrong time", spy, [0.3], LOOK_TIME)
    arrow = whirl(x, torch.full((16, 1), 0.3, dtype=torch.float64))
    what = "move per unit of h in a curved field, against the arrow at the state"
    yield Fact("off the tangent", what, arrow, (after - x) / 0.1, LOOK_TANGENT)
    yield convergence(student, 1, LOOK_ORDER)
