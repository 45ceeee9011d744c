"""Exercise 1.1: the flow of a linear field, in closed form."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ...base import Time, as_time
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction


def _linear_flow(x0: Tensor, t: Time, theta: float, center: Tensor) -> Tensor:
    """Flow of the field -theta (x - center): the distance to the centre shrinks by exp(-theta t)."""
    return center + torch.exp(-theta * as_time(t, x0)) * (x0 - center)


def _shrink(t: Time, rate: float) -> Tensor:
    return torch.exp(-torch.as_tensor(t) * rate)


MISTAKES = {
    "grows instead of shrinking": (
        lambda x0, t, theta, center: center + _shrink(t, -theta) * (x0 - center),
        "Your states run away from the centre, but this field points towards it from everywhere. Which way "
        "does the arrow at a state right of the centre point, and which sign does that give the rate?",
    ),
    "centre taken for the origin": (
        lambda x0, t, theta, center: _shrink(t, theta) * x0,
        "Your states shrink towards the origin, as if the centre were zero. Where does the field vanish? A "
        "state that starts there must stay there for ever.",
    ),
    "centre not added back": (
        lambda x0, t, theta, center: _shrink(t, theta) * (x0 - center),
        "You return the distance from the centre rather than the state. The distance is the right thing to "
        "shrink; afterwards one has to come back to where states are measured from.",
    ),
    "centre not subtracted": (
        lambda x0, t, theta, center: center + _shrink(t, theta) * x0,
        "You add the centre, but what shrinks in your function is the state itself and not its distance "
        "from the centre. At time 0 nothing has moved yet: does your function give the starting states "
        "back?",
    ),
    "one straight step": (
        lambda x0, t, theta, center: x0 - torch.as_tensor(t) * theta * (x0 - center),
        "You follow the slope at the start in one straight line for the whole time. On the way the states "
        "come closer to the centre and the field gets weaker, so the true path bends. Solve the "
        "differential equation for the distance to the centre.",
    ),
    "rate left out": (
        lambda x0, t, theta, center: center + _shrink(t, 1.0) * (x0 - center),
        "Your result does not depend on `theta`. It is the rate of the field: twice the rate means that "
        "the same place is reached in half the time. Where should it meet `t`?",
    ),
    "time divided by the rate": (
        lambda x0, t, theta, center: center + _shrink(t, 1 / theta) * (x0 - center),
        "A larger `theta` makes your states slower; it should make them faster. `theta` is a rate, one "
        "over a time: in which way do a rate and a time combine to a number without a unit?",
    ),
    "time left out": (
        lambda x0, t, theta, center: center + math.exp(-theta) * (x0 - center),
        "Your result is the same at every time `t`. At time 0 the states have not moved, and later they "
        "come closer and closer to the centre. Where does `t` enter?",
    ),
    "distance covered instead of distance left": (
        lambda x0, t, theta, center: center + (1 - _shrink(t, theta)) * (x0 - center),
        "At time 0 your states sit on the centre and later they leave it. You multiply the distance by the "
        "part that has been covered; what counts is the part that is left.",
    ),
    "velocity instead of state": (
        lambda x0, t, theta, center: -theta * _shrink(t, theta) * (x0 - center),
        "You return how fast the states move at time `t`, not where they are. The flow is the position: at "
        "time 0 it gives back the start. Its derivative is what you have now.",
    ),
}


@exercise("1.1", "Closed-form flow", "core", "x0, t, theta, center", _linear_flow, MISTAKES, double=True)
def linear_flow(student: StudentFunction) -> Iterator[Fact]:
    """Start, fixed point, half-life, and the residual of the differential equation."""
    x0 = torch.randn(6, 2, dtype=torch.float64)
    center = torch.tensor([1.0, -2.0], dtype=torch.float64)

    def flow(t: Time, theta: float = 1.5, start: Tensor = x0) -> Tensor:
        return student(start, t, theta, center, shape=(6, 2))

    yield Fact("start moved", "shift at t = 0", 0 * x0, flow(0.0) - x0, LOOK_START)
    for theta in (1.5, 0.5):
        half = math.log(2) / theta
        what = f"distance to the centre at t = {half:.3f} (theta = {theta}), against the start"
        ratio = (flow(half, theta) - center).norm(dim=1) / (x0 - center).norm(dim=1)
        yield Fact("half-life", what, torch.full((6,), 0.5), ratio, LOOK_HALF)
    shift = flow(0.7, start=center.expand(6, 2).clone()) - center
    yield Fact("centre moves", "shift of a state that starts at the centre", 0 * x0, shift, LOOK_CENTRE)
    rate, slope = (flow(0.41) - flow(0.39)) / 0.02, -1.5 * (flow(0.4) - center)
    yield Fact("off the field", "velocity along your flow, against the field", slope, rate, LOOK_ODE, 0.01)
    column = torch.linspace(0.1, 1.0, 6, dtype=torch.float64)[:, None]
    singly = torch.stack([flow(float(t))[i] for i, t in enumerate(column)])
    yield Fact("times mixed up", "states, with `t` of shape (6, 1)", singly, flow(column), LOOK_T)


LOOK_START = (
    "At time 0 nothing has moved yet, so the flow must give back the starting states. Put t = 0 into your "
    "formula by hand: what is left over?"
)
LOOK_HALF = (
    "The states do not come closer to the centre at the rate of this field. Solve the differential "
    "equation for the distance to the centre, and follow how time and rate enter."
)
LOOK_CENTRE = (
    "At the centre the field is zero, so a state that starts there never moves. In your function it does: "
    "which distance do you let shrink, and from where do you measure it?"
)
LOOK_ODE = (
    "A flow must move with the velocity that the field has where the state is at that moment. Yours starts "
    "well but has another velocity on the way. Differentiate your formula by hand and compare."
)
LOOK_T = (
    "With a float `t` your function is right. Given one time for each state, it mixes them up: row i "
    "should be the state i at its own time. How does a (6, 1) tensor broadcast against (6, 2) in your line?"
)
