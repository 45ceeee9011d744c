"""Exercise 5.9: sampling with the probability-flow ODE."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from ..shared.fields import RecordingField
from ..shared.mistakes import TEXTS, Mistake, recurring
from ..shared.schedulers import Numbers, bent, straight
from .common import Scheduler, ignored, misread_scheduler

Slope = Callable[[Tensor, Tensor, tuple[float, ...]], Tensor]
Ticks = Callable[[list[float], int], float]
MEAN, STD = torch.tensor([1.5, -1.0, 0.6], dtype=torch.float64), 0.5


def _velocity(x: Tensor, s: Tensor, numbers: tuple[float, ...]) -> Tensor:
    a, b, a_dot, b_dot = numbers
    return a_dot / a * x + b * (b * a_dot - a * b_dot) / a * s


def _as_a_velocity(x: Tensor, s: Tensor, numbers: tuple[float, ...]) -> Tensor:
    """What the conversion makes of the score if it takes that for a velocity."""
    a, b, a_dot, b_dot = numbers
    return (s - a_dot / a * x) / (b * (b * a_dot - a * b_dot) / a)


def _rule(
    slope: Slope = _velocity,
    kick: float = 0.0,
    clock: Ticks = lambda ticks, i: ticks[i],
    length: Ticks = lambda ticks, i: ticks[i + 1] - ticks[i],
    steps: slice = slice(None),
    kept: float = 1.0,
    carried: bool = True,
) -> Callable[..., Tensor]:
    """Euler's steps along a velocity made of the score, any part of which may be wrong."""

    def sample(score: Callable[..., Tensor], x: Tensor, times: Tensor, scheduler: Scheduler) -> Tensor:
        ticks, start = times.tolist(), x
        for i in range(len(ticks) - 1)[steps]:
            t, h, x = clock(ticks, i), length(ticks, i), x if carried else start
            numbers = tuple(map(float, scheduler(torch.tensor(t, dtype=torch.float64))))
            noise = kick * abs(h) ** 0.5 * torch.randn_like(x) if kick else 0.0
            x = kept * x + h * slope(x, score(x, t), numbers) + noise
        return x

    return sample


MISTAKES: dict[str, Mistake] = {
    **misread_scheduler(_rule(), 3),
    **recurring(
        {
            "coefficients swapped": _rule(lambda x, s, numbers: _velocity(s, x, numbers)),
            "sign of the score": _rule(lambda x, s, numbers: _velocity(x, -s, numbers)),
            "state left out": _rule(lambda x, s, numbers: _velocity(0 * x, s, numbers)),
            "time stands still": _rule(clock=lambda ticks, i: ticks[0]),
            "equal steps assumed": _rule(length=lambda ticks, i: (ticks[-1] - ticks[0]) / (len(ticks) - 1)),
            "no h": _rule(length=lambda ticks, i: 1.0),
            "backwards": _rule(length=lambda ticks, i: ticks[i] - ticks[i + 1]),
            "one step short": _rule(steps=slice(-1)),
            "one step only": lambda score, x, times, scheduler: _rule()(score, x, times[[0, -1]], scheduler),
            "mean score of the batch": _rule(lambda x, s, n: _velocity(x, s.mean(0, keepdim=True), n)),
            "state not carried on": _rule(carried=False),
        }
    ),
    "first gap for all": (_rule(length=lambda ticks, i: ticks[1] - ticks[0]), TEXTS["equal steps assumed"]),
    "steps of one over their number": (
        _rule(length=lambda ticks, i: 1 / (len(ticks) - 1)),
        TEXTS["equal steps assumed"],
    ),
    "root of the step": (
        _rule(length=lambda ticks, i: (ticks[i + 1] - ticks[i]) ** 0.5),
        "You multiply the velocity by the root of the time step. A root belongs to noise, whose variance "
        "grows with time; what moves at a velocity covers a way in proportion to the time.",
    ),
    "clock one step ahead": (
        _rule(clock=lambda ticks, i: ticks[i + 1]),
        "Each of your steps asks for the velocity at the time where the step ends, for a state of the time "
        "where it begins. Which of the two times of a pair belongs to the state?",
    ),
    "noise in the ODE": (
        _rule(kick=1.0),
        "Your steps are random. The probability-flow ODE has no noise at all: chance enters with the start "
        "alone, and the same start leads to the same end.",
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
    "score converted into a score": (
        _rule(_as_a_velocity),
        "Your conversion takes the score for a velocity, and makes a score of it. Here the score is known "
        "and the velocity is wanted: which of the two words do you hand to your conversion?",
    ),
    "first step left out": (
        _rule(steps=slice(1, None)),
        "Your walk begins at the second of the times: the way from the first to the second is missing. With "
        "which pairs of times does your loop run?",
    ),
    "returns in the loop": (
        _rule(steps=slice(1)),
        "Your function takes one step, from the first time to the second, and returns. How far is the line "
        "with `return` indented?",
    ),
    "state replaced by its step": (
        _rule(kept=0.0),
        "You replace the state by its step. A step is a way: it has to be added to the place where the state "
        "is.",
    ),
}
HINT_RANDOM = (
    "From the same start your states come to different ends. The probability-flow ODE has no noise: is "
    "something drawn inside your function, or kept from one call to the next?"
)
HINT_BEGIN = (
    "The score is never asked at the first of the times, though the states are of that time. With which "
    "pair of times does your walk begin, which of the two do you ask about, and does your clock run forwards?"
)
HINT_LAW = (
    "The cloud arrives with the wrong place or size, or its states do not arrive at their own ends. For "
    "normal data the flow shifts and stretches the cloud in a known way. Follow the velocity that belongs to "
    "the score, from each time to the next."
)
HINT_COARSE = (
    "After a few uneven steps the states are farther off than Euler's steps would be. Is your "
    "velocity that of exercise 5.2, with state, score and scheduler at one and the same time? Does every "
    "step have its own length and ask for the score anew, and is anything averaged or cut off?"
)


def _law(times: Tensor, scheduler: Scheduler = bent) -> tuple[Tensor, Tensor]:
    """Weight of the mean, and width, of normal data on the path."""
    alpha, beta, _, _ = scheduler(times)
    return alpha, (alpha**2 * STD**2 + beta**2).sqrt()


def _score(scheduler: Scheduler, dim: int = 2) -> RecordingField:
    """Exact score for normal data."""

    def rule(x: Tensor, t: Tensor) -> Tensor:
        alpha, width = _law(t, scheduler)
        return (alpha * MEAN[:dim].to(x) - x) / width**2

    return RecordingField(rule, dim, "score")


def _of_tensors(scheduler: Scheduler) -> Scheduler:
    """A scheduler which says so if it is given a plain number."""

    def checked(t: Tensor) -> Numbers:
        if not isinstance(t, Tensor):
            raise Fault(
                "scheduler misused",
                f"Your function calls `scheduler` with {described(t)}. A scheduler takes times as a tensor, "
                "as that of the lab does: `times.tolist()` makes plain numbers, a loop over `times` doesn't.",
            )
        return scheduler(t)

    checked.__name__ = checked.__qualname__ = "scheduler"
    return checked


def _ends(
    student: StudentFunction, times: Tensor, start: Tensor, scheduler: Scheduler = bent
) -> tuple[Tensor, Tensor, Tensor]:
    """Where the states with this noise (n, dim) arrive, where the flow takes them, and how far off that is.

    The root of the mean square of the differences is in units of the cloud's width.
    """
    n, dim = start.shape
    alpha, width = _law(times[[0, -1]], scheduler)
    begin, right = (alpha[k] * MEAN[:dim] + width[k] * start for k in (0, 1))
    x = student(_score(scheduler, dim), begin, times, _of_tensors(scheduler), shape=(n, dim)).double()
    return x, right, (x - right).square().mean().sqrt() / width[1]


def _arrival(student: StudentFunction, times: Tensor) -> Tensor:
    """Place and size of a cloud at the end, over what they should be, and how far its states are off."""
    start = torch.randn(100, 2, dtype=torch.float64)
    x, right, off = _ends(student, times, (start - start.mean(0)) / start.std())
    place = (x.mean(0) / right.mean(0)).mean()
    size = (x - x.mean(0)).square().sum().sqrt() / (right - right.mean(0)).square().sum().sqrt()
    return torch.stack([place, size, off]).clamp(-1e6, 1e6)


@exercise(
    "5.9", "The probability-flow ODE", "stretch", "score, x, times, scheduler", _rule(), MISTAKES, limit=8.0
)
def probability_flow(student: StudentFunction) -> Iterator[Fact]:
    """The same end twice, the law of a normal cloud and each state's end, after few uneven steps and many."""
    coarse = torch.tensor([0.2, 0.3, 0.4, 0.5, 0.58, 0.66, 0.72, 0.8], dtype=torch.float64)
    x = torch.randn(50, 2, dtype=torch.float64)
    spy = _score(bent)
    ends = [student(score, x, coarse, _of_tensors(bent), shape=(50, 2)) for score in (spy, _score(bent))]
    apart = float((ends[0] - ends[1]).abs().max())
    what = "distance of the ends of two walks from the same start"
    yield Fact("random", what, 0.0, min(apart, 1.0), HINT_RANDOM, 1e-6, 0.3)
    expected = torch.tensor([1.0, 1.0, 0.0])
    if apart < 1e-6:
        others = {
            "score": _score(straight),
            "x": x + 1,
            "times": coarse**1.1,
            "scheduler": _of_tensors(straight),
        }
        yield from ignored(student, (_score(bent), x, coarse, _of_tensors(bent)), others, (50, 2))
        first = float(spy.times().min()) if spy.calls else 1.0
        if abs(first - float(coarse[0])) > 1e-3:
            yield Fact("begins late", "first time at which the score is asked", coarse[0], first, HINT_BEGIN)
        came = _arrival(student, coarse)
        what = "place and size after seven uneven steps, over the right ones, and distance from the own ends"
        near = 2e-3 + 2e-4 * float(came.abs().max())
        yield Fact("wrong steps", what, expected, came, HINT_COARSE, 0.15, near)
    came = _arrival(student, torch.linspace(0.2, 0.9, 61, dtype=torch.float64) ** 1.3)
    size = float(came.abs().max())
    near = 0.03 + 0.3 * size if apart > 1e-6 else 2e-3 + 2e-4 * size
    what = "place and size after sixty steps, over the right ones, and distance from the own ends"
    yield Fact("wrong law", what, expected, came, HINT_LAW, 0.04, near)
    for n, dim in ((1, 3), (3, 1)) if apart < 1e-6 else ():
        start = torch.linspace(-1, 1, 3, dtype=torch.float64).reshape(n, dim)
        *_, off = _ends(student, torch.linspace(0.1, 0.9, 81, dtype=torch.float64), start, straight)
        what = f"distance from the own ends on the straight line, {n} of {dim} numbers"
        yield Fact("wrong law", what, 0.0, off.clamp(max=1e6), HINT_LAW, 0.04)
