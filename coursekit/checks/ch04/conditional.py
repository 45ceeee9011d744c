"""Exercise 4.1: the conditional field of a Gaussian path."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import Numbers, bent, straight

Scheduler = Callable[[Tensor], Numbers]
Field = Callable[[Tensor, Tensor, Tensor, Scheduler], Tensor]
RULES = {"weights t² and 1 - t³": bent, "the straight line": straight}


def _mixed(mix: Callable[..., Tensor]) -> Field:
    """A field written in state, data point and the four numbers of the scheduler."""
    return lambda x, z, t, scheduler: mix(x, z, *scheduler(t))


conditional_velocity = _mixed(lambda x, z, a, b, da, db: da * z + db * (x - a * z) / b)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "way for velocity": (
        lambda x, z, t, scheduler: z - x,
        "You return the way that is left to the data point, not the velocity. A state that is to arrive in "
        "time has to be faster the less time is left: what is missing? And where does the scheduler come in?",
    ),
    "way to the scaled point": (
        _mixed(lambda x, z, a, b, da, db: a * z - x),
        "You return the way from the state to the centre of the cloud. That is a distance and not a "
        "velocity: no derivative of the scheduler is in it.",
    ),
    "straight line only": (
        lambda x, z, t, scheduler: (z - x) / (1 - t),
        "On the straight line your field is right, with other schedulers it is not. Ask the scheduler that "
        "is handed over for its four numbers, and start from the derivative of the mix of data and noise.",
    ),
    "slopes of the straight line": (
        _mixed(lambda x, z, a, b, da, db: z - (x - a * z) / b),
        "You find the noise in the state as you should, but then subtract it from the data point, which is "
        "the velocity of the straight line alone. Which two numbers of the scheduler are speeds?",
    ),
    "beta not divided": (
        _mixed(lambda x, z, a, b, da, db: da * z + db * (x - a * z)),
        "What remains of the state without its data part is the noise *times its weight*. You use it as if "
        "it were the noise. Near the end of time the difference is large.",
    ),
    "divided by beta squared": (
        _mixed(lambda x, z, a, b, da, db: da * z + db * (x - a * z) / b**2),
        "You divide by the square of the noise's weight. The weight is a standard deviation here, no "
        "variance: which power of it stands in front of the noise in the state?",
    ),
    "state for the noise": (
        _mixed(lambda x, z, a, b, da, db: da * z + db * x),
        "You put the whole state where the noise belongs. The velocity is the slope of the data's weight "
        "times the data point plus the slope of the noise's weight times the noise: find the noise first.",
    ),
    "data left in the noise": (
        _mixed(lambda x, z, a, b, da, db: da * z + db / b * x),
        "You divide the state by the noise's weight, but the data point is still in it. Take its part away "
        "before you divide.",
    ),
    "alpha missing": (
        _mixed(lambda x, z, a, b, da, db: da * z + db * (x - z) / b),
        "To find the noise you subtract the whole data point. At this time the state holds only a part of "
        "it: which number says how much?",
    ),
    "sign of the noise part": (
        _mixed(lambda x, z, a, b, da, db: da * z - db * (x - a * z) / b),
        "The part of your field that belongs to the noise has the wrong sign. The slope of the noise's "
        "weight is negative already, because the noise fades; no further minus is needed.",
    ),
    "towards the noise": (
        _mixed(lambda x, z, a, b, da, db: -da * z - db * (x - a * z) / b),
        "Your field is right but for its sign: it leads from the data back to the noise. Time 1 is data in "
        "this course.",
    ),
    "slopes swapped": (
        _mixed(lambda x, z, a, b, da, db: db * z + da * (x - a * z) / b),
        "The two derivatives have changed places. A scheduler returns the weights of data and noise first "
        "and then their derivatives, in the same order.",
    ),
    "alpha and beta swapped": (
        _mixed(lambda x, z, a, b, da, db: db * z + da * (x - b * z) / a),
        "Data and noise have changed places throughout. Which of the scheduler's weights grows from zero to "
        "one, and whose is it?",
    ),
    "state for velocity": (
        _mixed(lambda x, z, a, b, da, db: a * z + b * ((x - a * z) / b)),
        "You mix data and noise with their weights, which gives back the state itself. A velocity is mixed "
        "with the derivatives of the weights.",
    ),
    "noise for velocity": (
        _mixed(lambda x, z, a, b, da, db: (x - a * z) / b),
        "You return the noise in the state. That is the first half of the way: now let both weights change, "
        "and say how fast the state moves.",
    ),
    **one_time_for_all(conditional_velocity, 2),
}
LOOK_SPEED = (
    "A state that keeps its data point and its noise moves as the two weights change. Your field gives "
    "another velocity than the one measured along that path. Write the state as a mix, take the derivative "
    "with respect to time, and only then replace the noise."
)
LOOK_LANDING = (
    "Steps along your field should bring every state to its data point. Yours arrive elsewhere, or too "
    "early, or never. What does the field do when little time is left?"
)
LOOK_AXES = (
    "For matching rows your field is right, but it changes when the states get an axis of their own in "
    "front of the data points. Exercise 4.3 will need that: plain sums and products do it by themselves."
)


def _place(z: Tensor, eps: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    alpha, beta, _, _ = scheduler(t)
    return alpha * z + beta * eps


@exercise(
    "4.1",
    "The field of one data point",
    "core",
    "x, z, t, scheduler",
    conditional_velocity,
    MISTAKES,
    double=True,
)
def velocity(student: StudentFunction) -> Iterator[Fact]:
    """Difference quotients of the path, the way covered by small steps, and axes in front."""
    t = torch.tensor([0.15, 0.35, 0.55, 0.75, 0.9], dtype=torch.float64)[:, None]
    h = 1e-4
    for name, scheduler in RULES.items():
        z, eps = torch.randn(2, 5, 2, dtype=torch.float64) + 0.5
        u = student(_place(z, eps, t, scheduler), z, t, scheduler, shape=(5, 2))
        moved = _place(z, eps, t + h, scheduler) - _place(z, eps, t - h, scheduler)
        slope = moved / (2 * h)
        tol = 1e-3 * float(slope.abs().max())
        yield Fact(
            "wrong velocity", f"velocity of five states on their paths, {name}", slope, u, LOOK_SPEED, tol
        )
    yield _landing(student)
    x, times = torch.randn(3, 1, 2, dtype=torch.float64), t[:3, None]
    z = torch.randn(4, 2, dtype=torch.float64)
    pairs = student(x, z, times, bent, shape=(3, 4, 2))
    rows = [
        student(x[k].expand(4, 2).clone(), z, t[k : k + 1].expand(4, 1).clone(), bent, shape=(4, 2))
        for k in range(3)
    ]
    what = "velocities with `x` (3, 1, 2), `z` (4, 2) and `t` (3, 1, 1)"
    yield Fact("axes in front", what, torch.stack(rows), pairs, LOOK_AXES)


def _landing(student: StudentFunction) -> Fact:
    """Follow the field on the straight line in Euler's steps, which are exact there."""
    x, z = torch.randn(2, 6, 2, dtype=torch.float64)
    start, steps, h = (x - z).norm(dim=1), 18, 0.025
    for k in range(steps):
        t = torch.full((6, 1), 0.5 + k * h, dtype=torch.float64)
        x = x + h * student(x, z, t, straight, shape=(6, 2)).double()
    left = ((x - z).norm(dim=1) / start).max()
    what = "part of the way to z that is left at t = 0.95, from t = 0.5"
    return Fact("does not land", what, 0.1, left.clamp(max=1e3), LOOK_LANDING, tol=0.01, match_tol=0.02)
