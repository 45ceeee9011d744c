"""Exercise 1.4: a step that looks ahead, with weights that make it second order wherever it looks."""

import inspect
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Field
from ...solvers import Euler, Heun
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..core.faults import Fault
from ..shared.fields import Call, RecordingField, whirl
from ..shared.mistakes import alike, recurring
from ..shared.quiet import failing
from .common import (
    Step,
    arguments,
    convergence,
    evaluation_times,
    long_step,
    midpoint_step,
    moves,
    states,
    whole_batch,
)

Part = Callable[[float, float], float]
"""A length or a weight, from h and c."""


def look_ahead(
    place: Part = lambda h, c: c * h,
    time: Part = lambda h, c: c * h,
    weight: Part = lambda h, c: 1 / (2 * c),
    first_weight: Part | None = None,
    duration: Part = lambda h, c: h,
) -> Step:
    """A step with two slopes: how far the trial goes in space and time, and how much its slope counts."""

    def step(field: Field, x: Tensor, t: float, h: float, c: float = 1.0) -> Tensor:
        first = field(x, t)
        second = field(x + place(h, c) * first, t + time(h, c))
        rest = 1 - weight(h, c) if first_weight is None else first_weight(h, c)
        return x + duration(h, c) * (rest * first + weight(h, c) * second)

    return step


_reference = look_ahead()


def _always(step: Step) -> Step:
    """A step that has no use for c."""
    return lambda field, x, t, h, c=1.0: step(field, x, t, h)


NO_DEFAULT = (
    "Your step is right when it is told where to look, but it is also called as `(field, x, t, h)`, like an "
    "Euler step. Then the share is to be 1. How does Python write, in the line with `def`, a value for an "
    "argument that is not given?"
)
MISTAKES: Mistakes = {
    **recurring(
        {
            "no h": look_ahead(lambda h, c: c, duration=lambda h, c: 1.0),
            "only the increment": lambda field, x, t, h, c: _reference(field, x, t, h, c) - x,
            "backwards": lambda field, x, t, h, c: 2 * x - _reference(field, x, t, h, c),
        }
    ),
    "no h in the trial step": (
        look_ahead(lambda h, c: c),
        "Your trial step, the one that finds the place for the second slope, goes too far: its length does "
        "not depend on `h`. It should cover the share `c` of the step.",
    ),
    "no h in the final step": (
        look_ahead(duration=lambda h, c: 1.0),
        "Both slopes are taken in the right places, but then the state follows their mix for a whole unit "
        "of time, whatever `h` is. How long does a step last?",
    ),
    "t not advanced in the second slope": (
        look_ahead(time=lambda h, c: 0.0),
        "Your second slope is taken at the right place but at the old time. The trial step has carried the "
        "state ahead: what does the clock show there? Fields that stand still hide this; this one changes "
        "with time.",
    ),
    "second slope at the old state": (
        look_ahead(lambda h, c: 0.0),
        "Your second slope is taken at the right time but at the old place. By then the state has moved; an "
        "Euler step is a good guess of where to.",
    ),
    "Euler's step": (
        _always(Euler().step),
        "Your result is that of Euler's step: only the slope at the start counts. If you compute a second "
        "slope, it is the first one again, or its weight is zero.",
    ),
    "Heun's step, whatever c is": (
        _always(Heun().step),
        "Your step is Heun's, which looks at the end of the step. That is the case `c` = 1; for another `c` "
        "place, time and weight of the second slope are others.",
    ),
    "midpoint step, whatever c is": (
        _always(midpoint_step),
        "Your step is that of the midpoint method. That is the case `c` = ½; for another `c` place, time and "
        "weight of the second slope are others.",
    ),
    "equal weights": (
        look_ahead(weight=lambda h, c: 0.5),
        "Both slopes are taken in the right places, and you go by their mean. That is of second order only "
        "if the second one belongs to the end of the step. How much must a slope count that is taken nearer "
        "by? Try the field 2t, whose exact move you know.",
    ),
    "second slope alone": (
        look_ahead(weight=lambda h, c: 1.0),
        "Both slopes are taken in the right places, and you follow the second one alone. That is of second "
        "order only halfway through the step. Try the field 2t, whose exact move you know.",
    ),
    **alike(
        "Both slopes are taken in the right places, but for most `c` your weights are not those of second "
        "order. In the field 2t the exact move is known: which weight of the second slope gives it?",
        {
            "weights swapped": look_ahead(weight=lambda h, c: 1 - 1 / (2 * c)),
            "c as the weight": look_ahead(weight=lambda h, c: c),
            "one minus c as the weight": look_ahead(weight=lambda h, c: 1 - c),
            "half of c as the weight": look_ahead(weight=lambda h, c: c / 2),
            "one over c as the weight": look_ahead(weight=lambda h, c: 1 / c),
        },
    ),
    "slopes added": (
        look_ahead(first_weight=lambda h, c: 1.0, weight=lambda h, c: 1.0),
        "You go twice as far as you should: the two slopes are added, but both describe the same step. In "
        "a constant field both are equal, and the step must be that of Euler.",
    ),
    "trial step of the whole length": (
        look_ahead(lambda h, c: h),
        "Your trial step covers the whole step in space, but only the share `c` of it in time. Let place and "
        "time of the second slope belong together.",
    ),
    "time of the whole step": (
        look_ahead(time=lambda h, c: h),
        "Your trial step covers the share `c` of the step in space, but the clock has moved on by all of it. "
        "Let place and time of the second slope belong together.",
    ),
    "continued from the trial step": (
        lambda field, x, t, h, c: c * h * field(x, t) + _reference(field, x, t, h, c),
        "Your final step starts where the trial step ended, so the states move too far. The trial is only a "
        "look ahead: the step itself starts from the old state.",
    ),
}


def _cubic(x: Tensor, t: Tensor) -> Tensor:
    """Field 3t², the same at every state: steps become rules for the area under a curve."""
    return 3 * t**2 * torch.ones_like(x)


def _late(spy: RecordingField) -> Call:
    """The last of the calls at the latest time."""
    return max(reversed(spy.calls), key=lambda call: round(call.t, 4))


def _default(student: StudentFunction, x: Tensor, whole: Tensor) -> Iterator[Fact]:
    """What the step does when it is called without a share: it should look at the end of the step."""
    answer = student.answer
    try:
        inspect.signature(answer).bind(*"fxth")
    except TypeError:
        raise Fault("no share of its own", NO_DEFAULT) from None
    except ValueError:  # a built-in function has no signature; the call will tell
        pass
    student.answer = lambda field, x, t, h, c: answer(field, x, t, h)
    try:
        came = student(RecordingField(whirl), x, 0.3, 0.1, 1.0, shape=whole.shape)
    finally:
        student.answer = answer
    what = "states after a step without `c`"
    yield from failing([Fact("another share of its own", what, whole, came, NO_DEFAULT)])


@exercise("1.4", "A step that looks ahead", "core", "field, x, t, h, c", _reference, MISTAKES)
def look_ahead_step(student: StudentFunction) -> Iterator[Fact | str]:
    """Move on a constant field, places, times and weights of both slopes, and the slope of the error."""

    def at(c: float) -> Callable[..., Tensor]:
        return lambda *args, shape: student(*args, c, shape=shape)

    x, spy = states(), RecordingField(whirl)
    other = at(1.0)(RecordingField(whirl), x, 0.3, 0.1, shape=(16, 2))
    after, used = arguments(at(0.7), spy, x, c=other)
    yield from failing([used])
    if torch.equal(after.float(), x.float()):  # nothing moves, so nothing more is to be learnt
        return
    hint = (
        "In a field that is the same everywhere and always, both slopes are equal and each state must move "
        "by speed times duration, exactly, also where `h` is negative. So what do the weights add up to?"
    )
    yield from moves(at(0.7), hint)
    yield from failing([whole_batch(spy, 16)])
    hint = (
        "The field should be evaluated twice: when the step begins, and when the share `c` of it is over. "
        "Compare the times at which your function does so, and count from `t`."
    )
    yield evaluation_times("evaluated at the wrong times", spy, [0.3, 0.37], hint)
    if spy.calls and spy.calls[-1].x.shape == x.shape:
        hint = (
            "The second slope is not taken where it should be. A trial step along the first slope, for the "
            "share `c` of the duration, tells where the state will be about then. Print that place and check "
            "it by hand."
        )
        trial = Euler().step(RecordingField(whirl), x, 0.3, 0.07)
        what = "place of the second slope in a curved field, c = 0.7"
        yield Fact("second slope misplaced", what, trial, _late(spy).x, hint)
    hint = (
        "In a field that depends on time only, the weights alone decide how far a step goes. Work out on "
        "paper for the field 2t which weight makes the move exact, and put your `c` into the result."
    )
    got, right = [], []
    for c in (0.5, 0.8, 1.0):
        end = student(RecordingField(_cubic), x, 0.3, 0.4, c, shape=(16, 2))
        got.append((end.double() - x).mean())
        right.append(0.4 * (0.27 + (3 * (0.3 + 0.4 * c) ** 2 - 0.27) / (2 * c)))
    what = "moves in the field 3 t², c = 0.5, 0.8, 1"
    yield Fact("slopes weighed wrongly", what, torch.tensor(right), torch.stack(got), hint)
    hint = (
        "A single step goes wrong where the velocity differs from state to state. Each row must move along "
        "its own two arrows, however long they are. Do you average, sum, limit or reorder rows?"
    )
    yield long_step(at(0.7), "off the two slopes", 128.5, hint)
    yield from _default(student, x, other)
    hint = (
        "Followed over many small steps, your step is not of second order: half the step size should leave a "
        "quarter of the error. Check in which place, at which time and with which weight each slope enters."
    )
    yield convergence(at(0.7), 2, hint)
    yield from spy.spare(16, 2)
