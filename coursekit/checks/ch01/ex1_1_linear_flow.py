"""Exercise 1.1: the flow of a linear field, in closed form."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ...base import Time, as_time
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import uses
from ..shared.mistakes import recurring


def _linear_flow(x0: Tensor, t: Time, theta: float, center: Tensor) -> Tensor:
    """Flow of the field -theta (x - center): the distance to the centre shrinks by exp(-theta t)."""
    return center + torch.exp(-theta * as_time(t, x0)) * (x0 - center)


def _shrink(t: Time, rate: float) -> Tensor:
    return torch.exp(-torch.as_tensor(t) * rate)


MISTAKES: Mistakes = {
    **recurring(
        {
            "rate left out": lambda x0, t, theta, center: center + _shrink(t, 1.0) * (x0 - center),
            "velocity instead of state": lambda x0, t, theta, center: (
                -theta * _shrink(t, theta) * (x0 - center)
            ),
        }
    ),
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
        "from the centre. At time 0 nothing has moved yet: does your function give the starting states back?",
    ),
    "one straight step": (
        lambda x0, t, theta, center: x0 - torch.as_tensor(t) * theta * (x0 - center),
        "You follow the slope at the start in one straight line for the whole time. On the way the states "
        "come closer to the centre and the field gets weaker, so the true path bends. Solve the "
        "differential equation for the distance to the centre.",
    ),
    "time divided by the rate": (
        lambda x0, t, theta, center: center + _shrink(t, 1 / theta) * (x0 - center),
        "A larger `theta` makes your states slower; it should make them faster. `theta` is a rate, one "
        "over a time: in which way do a rate and a time combine to a number without a unit?",
    ),
    "half-life": (
        lambda x0, t, theta, center: center + 2 ** (-theta * torch.as_tensor(t)) * (x0 - center),
        "The distance to the centre shrinks to a half in your function where it should shrink to 1/e. "
        "Which base has the function that is its own derivative?",
    ),
    "distance covered instead of distance left": (
        lambda x0, t, theta, center: center + (1 - _shrink(t, theta)) * (x0 - center),
        "At time 0 your states sit on the centre and later they leave it. You multiply the distance by the "
        "part that has been covered; what counts is the part that is left.",
    ),
}


@exercise("1.1", "Closed-form flow", "core", "x0, t, theta, center", _linear_flow, MISTAKES)
def linear_flow(student: StudentFunction) -> Iterator[Fact]:
    """Start, fixed point, half-life, and the residual of the differential equation."""
    x0, center = torch.randn(6, 2).double(), torch.tensor([1.0, -2.0]).double()

    def flow(t: Time, theta: float = 1.5, start: Tensor = x0, center: Tensor = center) -> Tensor:
        return student(start, t, theta, center, shape=tuple(start.shape)).double()

    changed = {"t": flow(0.9), "theta": flow(0.4, 0.5), "center": flow(0.4, center=center + 1)}
    hint = (
        "At time 0 nothing has moved yet, so the flow must give back the starting states. Put t = 0 into "
        "your formula by hand: what is left over?"
    )
    yield Fact("start moved", "shift at t = 0", 0 * x0, flow(0.0) - x0, hint)
    yield uses(flow(0.4), changed)
    hint = (
        "The states do not come closer to the centre at the rate of this field. Solve the differential "
        "equation for the distance to the centre, and follow how time and rate enter."
    )
    for theta in (1.5, 0.5):
        half = math.log(2) / theta
        what = f"distance to the centre, against the start, at t = {half:.3f} (theta = {theta})"
        ratio = (flow(half, theta) - center).norm(dim=1) / (x0 - center).norm(dim=1)
        yield Fact("half-life", what, torch.full((6,), 0.5), ratio, hint)
    hint = (
        "At the centre the field is zero, so a state that starts there never moves. In your function it "
        "does: which distance do you let shrink, and from where do you measure it?"
    )
    shift = flow(0.7, start=center.expand(6, 2).clone()) - center
    yield Fact("centre moves", "shift of a state that starts at the centre", 0 * x0, shift, hint)
    hint = (
        "A flow must move with the velocity that the field has where the state is at that moment. Yours has "
        "another one, early, late or far from the centre. Differentiate your formula by hand and compare. "
        "Does it hold for states and times of any size?"
    )
    far, residual = torch.cat([x0[:3], 40 * x0[3:]]), []
    for t in (0.4, 3.0):
        rate = (flow(t + 0.05, start=far) - flow(t - 0.05, start=far)) / 0.1
        residual.append((rate + 1.5 * (flow(t, start=far) - center)) / (1 + (far - center).abs()))
    what = "velocity along your flow minus the field's"
    yield Fact("off the field", what, torch.zeros(2, 6, 2), torch.stack(residual), hint, 0.01)
    hint = (
        "With a float `t` your function is right. Given one time for each state, it mixes them up: row i "
        "should be the state i at its own time. How does a column of times broadcast against the states in "
        "your line?"
    )
    for batch, dim in ((6, 2), (3, 3)):
        column, start = torch.linspace(0.1, 1.0, batch)[:, None].double(), torch.randn(batch, dim).double()
        c = center[:1].expand(dim).clone()
        together = flow(column, start=start, center=c)
        singly = [flow(float(t), start=start, center=c)[i] for i, t in enumerate(column)]
        what = f"states {batch, dim} with `t` of shape {batch, 1}"
        yield Fact("times mixed up", what, torch.stack(singly), together, hint)
