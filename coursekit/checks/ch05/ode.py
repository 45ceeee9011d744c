"""Exercise 5.8: sampling with the probability-flow ODE."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from ..shared.schedulers import Numbers, bent, straight
from ..shared.test_fields import RecordingField

Scheduler = Callable[[Tensor], Numbers]
Slope = Callable[[Tensor, Tensor, tuple[float, ...]], Tensor]
MEAN = torch.tensor([1.5, -1.0], dtype=torch.float64)
STD = 0.5


def _velocity(x: Tensor, s: Tensor, numbers: tuple[float, ...]) -> Tensor:
    a, b, a_dot, b_dot = numbers
    return a_dot / a * x + b * (b * a_dot - a * b_dot) / a * s


def _rule(
    slope: Slope = _velocity,
    kick: float = 0.0,
    clock: Callable[[list[float], int], float] = lambda ticks, i: ticks[i],
    length: Callable[[list[float], int], float] = lambda ticks, i: ticks[i + 1] - ticks[i],
    short: int = 0,
    late: int = 0,
    kept: float = 1.0,
    scheduled: Scheduler | None = None,
) -> Callable[..., Tensor]:
    """Euler's steps along a velocity made of the score, any part of which may be wrong."""

    def sample(score: Callable[..., Tensor], x: Tensor, times: Tensor, scheduler: Scheduler) -> Tensor:
        ticks = times.tolist()
        for i in range(late, len(ticks) - 1 - short):
            t, h = clock(ticks, i), length(ticks, i)
            numbers = tuple(map(float, (scheduled or scheduler)(torch.tensor(t, dtype=torch.float64))))
            x = kept * x + h * slope(x, score(x, t), numbers) + kick * abs(h) ** 0.5 * torch.randn_like(x)
        return x

    return sample


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "noise in the ODE": (
        _rule(kick=1.0),
        "Your steps are random. The probability-flow ODE has no noise at all: chance enters with the start "
        "alone, and the same start leads to the same end.",
    ),
    "noise added to the extended drift": (
        _rule(lambda x, s, numbers: _velocity(x, s, numbers) + s / 2, kick=1.0),
        "This is the SDE with noise of strength one, drift corrected and all. Its law is right, but here the "
        "member of the family without noise is asked for.",
    ),
    "corrected without noise": (
        _rule(lambda x, s, numbers: _velocity(x, s, numbers) + s / 2),
        "You follow the drift of the SDE and leave out its noise. The correction belongs to the noise: with "
        "sigma zero both go.",
    ),
    "score for velocity": (
        _rule(lambda x, s, numbers: s),
        "You follow the score itself: that climbs to the densest place. The ODE follows the *velocity*, "
        "which exercise 5.2 makes of the score.",
    ),
    "coefficients swapped": (
        _rule(lambda x, s, numbers: _velocity(s, x, numbers)),
        "Your velocity has the weights of state and score in each other's place. Which argument of your "
        "conversion is the state?",
    ),
    "sign of the score": (
        _rule(lambda x, s, numbers: _velocity(x, -s, numbers)),
        "The score enters your velocity with the wrong sign, so that the states run away from the data.",
    ),
    "state left out": (
        _rule(lambda x, s, numbers: _velocity(0 * x, s, numbers)),
        "Only the score enters your velocity. The state's own part, which stretches the cloud as the signal "
        "grows, is missing.",
    ),
    "time stands still": (
        _rule(clock=lambda ticks, i: ticks[0]),
        "Every step asks about the first time. The field changes along the path: each step begins at a time "
        "of its own.",
    ),
    "equal steps assumed": (
        _rule(length=lambda ticks, i: (ticks[-1] - ticks[0]) / (len(ticks) - 1)),
        "You take all steps alike. The times need not be equally spaced: each step is as long as the gap "
        "from its time to the next.",
    ),
    "steps of one over their number": (
        _rule(length=lambda ticks, i: 1 / (len(ticks) - 1)),
        "Your step is one over the number of steps, as if time ran from 0 to 1. It runs from the first of "
        "the times to the last; each step is as long as its gap.",
    ),
    "step size forgotten": (
        _rule(length=lambda ticks, i: 1.0),
        "Your steps are not multiplied by their length. A velocity times a duration is a way.",
    ),
    "backwards": (
        _rule(length=lambda ticks, i: ticks[i] - ticks[i + 1]),
        "Your steps have negative length: the states move away from where the field points. What is the gap "
        "from a time to the next?",
    ),
    "one step short": (
        _rule(short=1),
        "Your walk stops one step before the last of the times. How many steps lead through a row of times?",
    ),
    "first step left out": (
        _rule(late=1),
        "Your walk begins at the second of the times: the way from the first to the second is missing. With "
        "which pairs of times does your loop run?",
    ),
    "returns in the loop": (
        lambda score, x, times, scheduler: _rule()(score, x, times[:2], scheduler),
        "Your function takes one step, from the first time to the second, and returns. How far is the line "
        "with `return` indented?",
    ),
    "state replaced by its step": (
        _rule(kept=0.0),
        "You replace the state by its step. A step is a way: it has to be added to the place where the state "
        "is.",
    ),
    "one step only": (
        lambda score, x, times, scheduler: _rule()(score, x, times[[0, -1]], scheduler),
        "You take one step from the first to the last time. The field changes on the way: go from each time "
        "to the next.",
    ),
    "straight line assumed": (
        _rule(scheduled=straight),
        "Your conversion is right for the straight line, but you do not ask the scheduler. The check hands "
        "over another one.",
    ),
}
LOOK_RANDOM = (
    "From the same start your states come to different ends. The probability-flow ODE has no noise: is "
    "something drawn inside your function?"
)
LOOK_BEGIN = (
    "The score is never asked at the first of the times, though the states are those of that time. At which "
    "pair of times does your walk begin?"
)
LOOK_SHAPE = (
    "The cloud arrives with the wrong place or size. For normal data the flow shifts and stretches the cloud "
    "in a known way. Follow the velocity that belongs to the score, from each time to the next."
)
LOOK_COARSE = (
    "After a few uneven steps the cloud is farther off than Euler's steps would be. Do you follow the "
    "velocity that belongs to the score? Does every step have its own length, and does the last one count?"
)


def _law(times: Tensor) -> tuple[Tensor, Tensor]:
    alpha, beta, _, _ = bent(times)
    return alpha, (alpha**2 * STD**2 + beta**2).sqrt()


def _pull(x: Tensor, t: Tensor) -> Tensor:
    """Exact score for normal data."""
    alpha, width = _law(t)
    return (alpha * MEAN - x) / width**2


def _told(t: Tensor) -> Numbers:
    """The scheduler of this check, which says so if it is given a plain number."""
    if not isinstance(t, Tensor):
        raise Fault(
            "scheduler misused",
            f"Your function calls `scheduler` with {described(t)}. A scheduler takes times as a tensor, as "
            "that of the lab does: `times.tolist()` makes plain numbers, a loop over `times` does not.",
        )
    return bent(t)


_told.__name__ = _told.__qualname__ = "scheduler"


def _began(student: StudentFunction, x: Tensor, times: Tensor) -> Iterator[Fact]:
    """The first time at which the score is asked."""
    spy = RecordingField(_pull, name="score")
    student(spy, x, times, _told, shape=(50, 2))
    first = float(spy.times().min()) if spy.calls else 1.0
    if abs(first - float(times[0])) > 1e-3:
        yield Fact("begins late", "first time at which the score is asked", times[0], first, LOOK_BEGIN)


def _arrived(student: StudentFunction, times: Tensor) -> Tensor:
    """Place and size of the cloud at the end, over what they should be."""
    alpha, width = _law(times[[0, -1]])
    kept = torch.randn(100, 2, dtype=torch.float64)
    kept = (kept - kept.mean(0)) / kept.std()
    x = student(
        RecordingField(_pull, name="score"), alpha[0] * MEAN + width[0] * kept, times, _told, shape=(100, 2)
    ).double()
    place = (x.mean(0) / (alpha[1] * MEAN)).mean()
    size = (x - x.mean(0)).square().sum().sqrt() / (kept.square().sum().sqrt() * width[1])
    return torch.stack([place, size])


@exercise(
    "5.8",
    "The probability-flow ODE",
    "stretch",
    "score, x, times, scheduler",
    _rule(),
    MISTAKES,
    limit=8.0,
    double=True,
)
def probability_flow(student: StudentFunction) -> Iterator[Fact]:
    """The same end twice, place and size of a normal cloud, and an uneven grid of few steps."""
    coarse = torch.tensor([0.2, 0.3, 0.4, 0.5, 0.58, 0.66, 0.72, 0.8], dtype=torch.float64)
    x = torch.randn(50, 2, dtype=torch.float64)
    ends = [student(RecordingField(_pull, name="score"), x, coarse, _told, shape=(50, 2)) for _ in range(2)]
    apart = float((ends[0] - ends[1]).abs().max())
    what = "distance of the ends of two walks from the same start"
    yield Fact("random", what, 0.0, min(apart, 1.0), LOOK_RANDOM, 1e-6, 0.3)
    if apart < 1e-6:
        yield from _began(student, x, coarse)
        came = _arrived(student, coarse)
        near = 2e-3 + 2e-4 * min(float(came.abs().max()), 1e6)
        what = "place and size of the cloud after seven uneven steps, over what they should be"
        yield Fact("wrong steps", what, torch.ones(2), came, LOOK_COARSE, 0.15, near)
    fine = torch.linspace(0.2, 0.9, 61, dtype=torch.float64) ** 1.3
    came = _arrived(student, fine)
    size = min(float(came.abs().max()), 1e6)
    near = 0.03 + 0.3 * size if apart > 1e-6 else 2e-3 + 2e-4 * size
    what = "place and size of the cloud after sixty steps, over what they should be"
    yield Fact("wrong law", what, torch.ones(2), came, LOOK_SHAPE, 0.04, near)
