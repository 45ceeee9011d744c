"""Exercise 4.1: the conditional field of a Gaussian path."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, one_time_for_all, recurring
from ..shared.schedulers import Numbers, bent, straight

Scheduler = Callable[[Tensor], Numbers]
Field = Callable[[Tensor, Tensor, Tensor, Scheduler], Tensor]


def _mixed(mix: Callable[..., Tensor]) -> Field:
    """A field written in state, data point and the four numbers of the scheduler."""
    return lambda x, z, t, scheduler: mix(x, z, *scheduler(t))


def _with_noise(noise: Callable[..., Tensor]) -> Field:
    """The right mix of data point and noise, with another formula for the noise."""
    return _mixed(lambda x, z, a, b, da, db: da * z + db * noise(x, z, a, b))


conditional_velocity = _with_noise(lambda x, z, a, b: (x - a * z) / b)

MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "way for velocity": lambda x, z, t, scheduler: z - x,
            "scheduler not used": lambda x, z, t, scheduler: (
                scheduler(t)[2] * z + scheduler(t)[3] * (x - t * z) / (1 - t)
            ),
            "straight line only": lambda x, z, t, scheduler: (z - x) / (1 - t),
            "towards the noise": lambda *given: -conditional_velocity(*given),
            "alpha and beta swapped": _mixed(lambda x, z, a, b, da, db: db * z + da * (x - b * z) / a),
        }
    ),
    **one_time_for_all(conditional_velocity, 2),
    "scheduler at 1 - t": (
        lambda x, z, t, scheduler: conditional_velocity(x, z, 1 - t, scheduler),
        "Your field is that of another moment: of 1 - t, as if the clock ran backwards. Noise is at time 0 "
        "in this course. With which time do you call the scheduler?",
    ),
    "way to the scaled point": (
        _mixed(lambda x, z, a, b, da, db: a * z - x),
        "You return the way from the state to the centre of the cloud. That is a distance and not a "
        "velocity: no derivative of the scheduler is in it.",
    ),
    "slopes of the straight line": (
        _mixed(lambda x, z, a, b, da, db: z - (x - a * z) / b),
        "You find the noise in the state as you should, but then subtract it from the data point, which is "
        "the velocity of the straight line alone. Which two numbers of the scheduler are speeds?",
    ),
    **alike(
        "What you use for the noise is more or less than the noise: the state holds it *times its weight*, "
        "a standard deviation. By which power of it do you have to divide, and what stands in brackets?",
        {
            "beta not divided": _with_noise(lambda x, z, a, b: x - a * z),
            "divided by beta squared": _with_noise(lambda x, z, a, b: (x - a * z) / b**2),
            "only a part divided": _with_noise(lambda x, z, a, b: x - a * z / b),
        },
    ),
    **alike(
        "What you use for the noise still has the data point in it. The state is a mix: take away exactly "
        "the part that belongs to the data, with its weight and the right sign, and then divide.",
        {
            "state for the noise": _with_noise(lambda x, z, a, b: x),
            "data left in the noise": _with_noise(lambda x, z, a, b: x / b),
            "data added": _with_noise(lambda x, z, a, b: (x + a * z) / b),
        },
    ),
    "alpha missing": (
        _with_noise(lambda x, z, a, b: (x - z) / b),
        "To find the noise you subtract the whole data point. At this time the state holds only a part of "
        "it: which number says how much?",
    ),
    "sign of the noise part": (
        _mixed(lambda x, z, a, b, da, db: da * z - db * (x - a * z) / b),
        "The part of your field that belongs to the noise has the wrong sign. The slope of the noise's "
        "weight is negative already, because the noise fades; no further minus is needed.",
    ),
    "slopes swapped": (
        _mixed(lambda x, z, a, b, da, db: db * z + da * (x - a * z) / b),
        "The two derivatives have changed places. A scheduler returns the weights of data and noise first "
        "and then their derivatives, in the same order.",
    ),
    "x and z swapped": (
        _mixed(lambda x, z, a, b, da, db: da * x + db * (z - a * x) / b),
        "State and data point have changed places in your function. Which of the two is a mix of the other "
        "and noise? Look at the order of the arguments in the line with `def`.",
    ),
    **alike(
        "A velocity is mixed of data point and noise with the derivatives of both weights. In your mix a "
        "derivative is missing, or its weight stands there: which of the scheduler's numbers do you use?",
        {
            "noise part missing": _mixed(lambda x, z, a, b, da, db: da * z),
            "beta for its slope": _mixed(lambda x, z, a, b, da, db: da * z + b * (x - a * z) / b),
            "alpha for its slope": _mixed(lambda x, z, a, b, da, db: a * z + db * (x - a * z) / b),
            "state for velocity": _mixed(lambda x, z, a, b, da, db: a * z + b * ((x - a * z) / b)),
        },
    ),
    "noise for velocity": (
        _mixed(lambda x, z, a, b, da, db: (x - a * z) / b),
        "You return the noise in the state. That is the first half of the way: now let both weights change, "
        "and say how fast the state moves.",
    ),
}
HINTS = {
    "wrong data part": (
        "These states hold no noise: x is `alpha` times z. They move only because the weight of the data "
        "changes, and your field gives another velocity. Which noise do you find in them, and by which "
        "number of the scheduler is the data point multiplied?"
    ),
    "wrong noise part": (
        "Here the data points are zero, so a state is noise times its weight, and moves only because that "
        "weight changes. Your field gives another velocity. How do you find the noise, and by which number "
        "of the scheduler is it multiplied?"
    ),
    "wrong velocity": (
        "A state that keeps its data point and its noise moves as the two weights change. Your field gives "
        "another velocity than the one measured along that path. Write the state as a mix, take the "
        "derivative with respect to time, and only then replace the noise."
    ),
    "does not land": (
        "Steps along your field should bring every state to its data point. Yours arrive elsewhere, or too "
        "early, or never. What does the field do when little time is left?"
    ),
    "axes in front": (
        "For matching rows your field is right, but it changes when the states get an axis of their own in "
        "front of the data points, as in a table of all pairs. Plain sums and products do that by themselves."
    ),
}


def _state(z: Tensor, eps: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    alpha, beta, _, _ = scheduler(t)
    return alpha * z + beta * eps


@exercise("4.1", "The field of one data point", "core", "x, z, t, scheduler", conditional_velocity, MISTAKES)
def velocity(student: StudentFunction) -> Iterator[Fact]:
    """Difference quotients of the path, the way covered by small steps, and axes in front."""
    t, h = torch.tensor([0.02, 0.35, 0.55, 0.8, 0.98], dtype=torch.float64)[:, None], 1e-4
    z, eps = torch.randn(2, 5, 3, dtype=torch.float64) + 0.5
    nothing = torch.zeros_like(z)
    for name, scheduler, point, noise in (
        ("wrong data part", bent, z[:, :2], nothing[:, :2]),
        ("wrong noise part", bent, nothing[:, :2], eps[:, :2]),
        ("wrong velocity", bent, z[:, :2], eps[:, :2]),
        ("wrong velocity", straight, z, eps),
    ):
        before, x, after = (_state(point, noise, t + shift, scheduler) for shift in (-h, 0, h))
        slope = (after - before) / (2 * h)
        u = student(x, point, t, scheduler, shape=tuple(x.shape))
        path = "the straight line" if scheduler is straight else "weights t² and 1 - t³"
        what, tol = f"velocity of five states on their paths, {path}", 1e-3 * float(slope.abs().max())
        yield Fact(name, what, slope, u, HINTS[name], tol)
    yield _landing(student)
    x, z, times = torch.randn(3, 1, 2).double(), torch.randn(4, 2).double(), t[:3, None]
    pairs = student(x, z, times, bent, shape=(3, 4, 2))
    rows = [student(x[k].expand(4, 2), z, t[k].expand(4, 1), bent, shape=(4, 2)) for k in range(3)]
    what = "velocities with `x` (3, 1, 2), `z` (4, 2) and `t` (3, 1, 1)"
    yield Fact("axes in front", what, torch.stack(rows), pairs, HINTS["axes in front"])


def _landing(student: StudentFunction) -> Fact:
    """Follow the field on the straight line in Euler's steps, which are exact there."""
    x, z = torch.randn(2, 6, 1, dtype=torch.float64)
    start, steps, h = (x - z).norm(dim=1), 18, 0.025
    for k in range(steps):
        t = torch.full((6, 1), 0.5 + k * h, dtype=torch.float64)
        x = x + h * student(x, z, t, straight, shape=(6, 1)).double()
    left = ((x - z).norm(dim=1) / start).max()
    what = "part of the way to z that is left at t = 0.95, from t = 0.5"
    return Fact("does not land", what, 0.1, left.clamp(max=1e3), HINTS["does not land"], 0.01, 0.02)
