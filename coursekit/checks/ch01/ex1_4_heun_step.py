"""Exercise 1.4: one step of Heun's method."""

from collections.abc import Iterator

import torch

from ...solvers import Euler, Heun
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.mistakes import recurring
from ..shared.test_fields import Call, RecordingField, whirl
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
            "no h": lambda field, x, t, h: x + (field(x, t) + field(x + field(x, t), t + h)) / 2,
            "only the increment": lambda field, x, t, h: Heun().step(field, x, t, h) - x,
            "backwards": lambda field, x, t, h: 2 * x - Heun().step(field, x, t, h),
        }
    ),
    "no h in the trial step": (
        lambda field, x, t, h: x + h * (field(x, t) + field(x + field(x, t), t + h)) / 2,
        "Your trial step, the one that finds the place for the second slope, goes too far: its length does "
        "not depend on `h`. The trial step is an Euler step of the same duration.",
    ),
    "no h in the final step": (
        lambda field, x, t, h: x + (field(x, t) + field(x + h * field(x, t), t + h)) / 2,
        "Both slopes are taken in the right places, but then the state follows their mean for a whole unit "
        "of time, whatever `h` is. How long does a step last?",
    ),
    "t not advanced in the second slope": (
        lambda field, x, t, h: x + h * (field(x, t) + field(x + h * field(x, t), t)) / 2,
        "Your second slope is taken at the right place but at the old time. The trial step has carried the "
        "state to the end of the step: what does the clock show there? Fields that stand still hide this; "
        "this one changes with time.",
    ),
    "second slope at the old state": (
        lambda field, x, t, h: x + h * (field(x, t) + field(x, t + h)) / 2,
        "Your second slope is taken at the right time but at the old place. By the end of the step the "
        "state has moved; an Euler step is a good guess of where to.",
    ),
    "Euler's step": (
        Euler().step,
        "Your result is that of Euler's step: only the slope at the start counts. If you compute a second "
        "slope, it is the first one again. Heun's method takes a trial step and looks at the slope there.",
    ),
    "midpoint in place of Heun": (
        midpoint_step,
        "That is the midpoint method: it looks at the slope half-way through the step and goes by that "
        "alone. It is a good method, also of second order, but Heun's looks at the two ends of the step.",
    ),
    "slopes added, not averaged": (
        lambda field, x, t, h: x + h * (field(x, t) + field(x + h * field(x, t), t + h)),
        "You go twice as far as you should: the two slopes are added, but both describe the same step. In "
        "a constant field both are equal, and the step must be that of Euler.",
    ),
    "only the second slope": (
        lambda field, x, t, h: x + h * field(x + h * field(x, t), t + h),
        "You compute both slopes but follow the second one alone. That is as inaccurate as following the "
        "first alone, with the error on the other side. Use both.",
    ),
    "trial step of half the length": (
        lambda field, x, t, h: x + h * (field(x, t) + field(x + h / 2 * field(x, t), t + h)) / 2,
        "Your trial step goes only half-way, but the second slope is meant to be the one at the end of the "
        "step. Let place and time of the second slope belong together.",
    ),
    "continued from the trial step": (
        lambda field, x, t, h: h * field(x, t) + Heun().step(field, x, t, h),
        "Your final step starts where the trial step ended, so the states move twice. The trial is only a "
        "look ahead: the step itself starts from the old state.",
    ),
}


def _cubic(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Field 3t², the same at every state: steps become rules for the area under a curve."""
    return 3 * t**2 * torch.ones_like(x)


def _late(spy: RecordingField) -> Call:
    """The last of the calls at the latest time."""
    return max(reversed(spy.calls), key=lambda call: round(call.t, 4))


@exercise("1.4", "Heun step", "core", "field, x, t, h", Heun().step, MISTAKES)
def heun_step(student: StudentFunction) -> Iterator[Fact]:
    """Move on a constant field, places, times and weights of both slopes, and the slope of the error."""
    x, spy = states(), RecordingField(whirl)
    after, used = arguments(student, spy, x)
    yield used
    if torch.equal(after.float(), x.float()):  # nothing moves, so nothing more is to be learnt
        return
    hint = (
        "In a field that is the same everywhere and always, both slopes are equal and each state must move "
        "by speed times duration, exactly, also where `h` is negative. Work it out by hand for one state."
    )
    yield from moves(student, hint)
    yield whole_batch(spy, 16)
    hint = (
        "Heun's method looks at the field at the two ends of the step: when it begins and when it is over. "
        "Compare the times at which your function asks, and count from `t`."
    )
    yield evaluation_times("asked at the wrong times", spy, [0.3, 0.4], hint)
    if spy.calls and spy.calls[-1].x.shape == x.shape:
        hint = (
            "The second slope is not taken where it should be. A trial step, as long as the step itself and "
            "along the first slope, tells where the state will be about then. Print that place and check it "
            "by hand."
        )
        trial = Euler().step(RecordingField(whirl), x, 0.3, 0.1)
        what = "place of the second slope in a curved field"
        yield Fact("second slope misplaced", what, trial, _late(spy).x, hint)
    hint = (
        "In a field that depends on time only, your step must go by the mean of the slopes at its two ends, "
        "as when an area is measured by a trapezoid. How much does each of your slopes count?"
    )
    area = (student(RecordingField(_cubic), x, 0.3, 0.4, shape=(16, 2)) - x).mean()
    what = "move from t = 0.3 to 0.7 where the slope is 3 t²"
    yield Fact("slopes weighed wrongly", what, 0.4 * (0.27 + 1.47) / 2, area, hint)
    hint = (
        "A single step goes wrong where the velocity differs from state to state. Each row must move along "
        "the mean of its own two arrows, however long they are. Do you average, sum, limit or reorder rows?"
    )
    yield long_step(student, "off the mean slope", 128.5, hint)
    hint = (
        "Followed over many small steps, your step is not of second order: half the step size should leave a "
        "quarter of the error. Check in which place, at which time and with which weight each slope enters."
    )
    yield convergence(student, 2, hint)
