"""Exercise 5.2: from velocity to score and back."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.schedulers import bent, straight
from .common import SHAPES, Scheduler, factor_text, ignored, misread_scheduler, misread_times, spaced_times

Rule = Callable[..., Tensor]


def _velocity(x: Tensor, s: Tensor, a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> Tensor:
    """Through noise and data: the score gives the noise, noise and state the data, both the velocity."""
    eps = -b * s
    return a_dot * (x - b * eps) / a + b_dot * eps


def _score(x: Tensor, u: Tensor, a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> Tensor:
    """Solve the two equations of state and velocity for the noise."""
    return -(a * u - a_dot * x) / (a * b_dot - b * a_dot) / b


def _rule(velocity: Rule = _velocity, score: Rule = _score) -> Rule:
    """A conversion in both directions, one or both of them changed."""

    def rule(value: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler, wanted: str) -> Tensor:
        return (score if wanted == "score" else velocity)(x, value, *scheduler(t))

    return rule


def _weights(a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of state and score in the velocity."""
    return a_dot / a, b * (b * a_dot - a * b_dot) / a


def _weighted(first: Rule | None, second: Rule | None = None) -> Rule:
    """Both directions with wrong weights of state and score, made of the scheduler's four numbers."""

    def weights(*numbers: Tensor) -> tuple[Tensor, Tensor]:
        right = _weights(*numbers)
        return first(*numbers) if first else right[0], second(*numbers) if second else right[1]

    def velocity(x: Tensor, s: Tensor, *numbers: Tensor) -> Tensor:
        return weights(*numbers)[0] * x + weights(*numbers)[1] * s

    return _rule(velocity, lambda x, u, *n: (u - weights(*n)[0] * x) / weights(*n)[1])


def _back(change: Rule) -> Rule:
    """Right from score to velocity; the way back made by `change` from (x, u, weight, weight)."""
    return _rule(score=lambda x, u, *numbers: change(x, u, *_weights(*numbers)))


def _asking(wanted: Callable[[str], str]) -> Rule:
    return lambda value, x, t, scheduler, asked: _rule()(value, x, t, scheduler, wanted(asked))


BACK = "From score to velocity you are right. On the way back "
MISTAKES: dict[str, Mistake] = {
    **misread_times(_rule(), 2),
    **misread_scheduler(_rule(), 3),
    **recurring(
        {
            "coefficients swapped": _weighted(lambda *n: _weights(*n)[1], lambda *n: _weights(*n)[0]),
            "beta for beta squared": _weighted(None, lambda a, b, ad, bd: b * ad / a - b * bd),
            "state left out": _weighted(lambda a, *_: torch.zeros_like(a)),
            "sign of the score": _weighted(None, lambda *n: -_weights(*n)[1]),
        }
    ),
    "sign of the second part": (
        _weighted(None, lambda a, b, ad, bd: b**2 * ad / a + b * bd),
        "One sign in the score's weight is turned. `beta` falls, so its derivative is negative, and both "
        "parts of the weight are positive on the way. Which part has to be subtracted?",
    ),
    "beta missing at its derivative": (
        _weighted(None, lambda a, b, ad, bd: b**2 * ad / a - bd),
        "In the second part of the score's weight the derivative of `beta` stands alone. The noise is "
        "`beta` times something, so there is a factor to come.",
    ),
    "first part only": (
        _weighted(None, lambda a, b, ad, bd: b**2 * ad / a),
        "Half of the score's weight is missing: the noise moves the state in its own right too, at the rate "
        "of change of `beta`. Write the velocity with data and noise, then replace both.",
    ),
    "second part only": (
        _weighted(None, lambda a, b, ad, bd: -b * bd),
        "Half of the score's weight is missing. The data point also depends on the score once you express "
        "it by the state. Replace it in the velocity, and keep both parts.",
    ),
    "alpha upside down": (
        _weighted(lambda a, b, ad, bd: a / ad, lambda a, b, ad, bd: b**2 * a / ad - b * bd),
        "You divide `alpha` by its derivative, and it should be the other way round. A velocity is something "
        "per unit of time: which of the two fractions is a rate?",
    ),
    "alpha beta times the ratio": (
        _weighted(None, lambda a, b, ad, bd: b * ad / a - bd),
        "Your second weight is that of the noise, not of the score: the velocity would be right if you "
        "multiplied it with minus the noise. Noise is minus `beta` times the score.",
    ),
    "directions swapped": (
        _asking({"velocity": "score", "score": "velocity"}.__getitem__),
        "Your two directions have changed places. `wanted` names what you should return; what you are given "
        "is the other one.",
    ),
    "only one direction": (
        _asking(lambda wanted: "velocity"),
        'You return a velocity in both cases. If `wanted` is "score", the value you are given is the '
        "velocity, and the equation has to be solved for the score.",
    ),
    "only the other direction": (
        _asking(lambda wanted: "score"),
        'You return a score in both cases. If `wanted` is "velocity", the value you are given is the score, '
        "and the velocity has to be put together from it and the state.",
    ),
    "multiplied on the way back": (
        _back(lambda x, u, first, second: (u - first * x) * second),
        f"{BACK}you multiply where you should divide: solve the equation for the score, one operation at a "
        "time, in reverse order.",
    ),
    "brackets on the way back": (
        _back(lambda x, u, first, second: u - first * x / second),
        f"{BACK}only the state's part is divided in your line: division binds more tightly than a "
        "difference. Where do brackets belong?",
    ),
    "noise on the way back": (
        _rule(score=lambda x, u, a, b, *dots: -b * _score(x, u, a, b, *dots)),
        f"{BACK}you stop at the noise. The score is the noise with its sign turned, divided by `beta`.",
    ),
    "minus noise on the way back": (
        _rule(score=lambda x, u, a, b, *dots: b * _score(x, u, a, b, *dots)),
        f"{BACK}your result is `beta` times too small: it is the noise with its sign turned, and one "
        "division is missing.",
    ),
}
HINT_STATE = (
    "With the score at zero, your velocity is the state times a weight. The check reads it off at three "
    "times, and it is not the rate at which the signal grows.{} Which of the four numbers make a rate?"
)
HINT_SCORE = (
    "The state's weight in your velocity is right. The score's, read off at three times with the state at "
    "zero, is not.{} It has two parts: the data point depends on the score once you express it by the state, "
    "and the noise moves in its own right. Is a part missing, or a `beta`, or a sign?"
)
HINT_FORTH = (
    "Your velocity is not that of a state with this score. The check mixed state, velocity and score from "
    "the same data point and noise. Replace noise and data point in the velocity, one after the other, by "
    "state and score."
)
HINT_BACK = (
    "From score to velocity you are right, on the way back you are not.{} Solve the equation that you used "
    "there for the score, one operation at a time, in reverse order. Mind signs and brackets."
)
HINT_ENDS = (
    "In the middle of the path your conversion is right; nearer to its ends, though still away from 0 and 1, "
    "it is not. Is anything cut off, or added to what you divide by?"
)


def _weight(name: str, what: str, expected: Tensor, came: Tensor, hint: str) -> Fact:
    """A weight read off at three times; `came` is the result for ones in place of what it multiplies."""
    right, came = expected[:, 0], came[:, 0].double()
    hint = hint.format(factor_text(right, came))
    return Fact(name, f"{what}, at three times", right, came, hint, 0.01)


@exercise("5.2", "Velocity and score", "core", "value, x, t, scheduler, wanted", _rule(), MISTAKES)
def convert(student: StudentFunction) -> Iterator[Fact]:
    """The weights of state and score; the velocity of the same data and noise, and back, in many shapes."""
    t = spaced_times(3, 0.35, 0.8)
    ones, zero = torch.ones(2, 3, 3, dtype=torch.float64) * torch.tensor([1.0, 0.0])[:, None, None]
    others = {"value": ones / 2, "x": ones / 2, "t": t + 0.1, "scheduler": straight, "wanted": "score"}
    yield from ignored(student, (ones, ones, t, bent, "velocity"), others, (3, 3))
    first, second = _weights(*bent(t))
    by_state = student(zero, ones, t, bent, "velocity", shape=(3, 3))
    by_score = student(ones, zero, t, bent, "velocity", shape=(3, 3))
    yield _weight("wrong weight of the state", "state's weight in the velocity", first, by_state, HINT_STATE)
    yield _weight("wrong weight of the score", "score's weight in the velocity", second, by_score, HINT_SCORE)
    for n, dim in (*SHAPES, (6, 2)):
        middle, first_round = n < 6, (n, dim) == SHAPES[0]
        t = spaced_times(n, 0.35, 0.8) if middle else spaced_times(n, 0.25, 0.96)
        z, eps = torch.randn(2, n, dim, dtype=torch.float64)
        alpha, beta, alpha_dot, beta_dot = bent(t)
        x, u = alpha * z + beta * eps, alpha_dot * z + beta_dot * eps
        names = ("wrong velocity", "wrong score") if middle else ("wrong near the ends",) * 2
        hints = (HINT_FORTH, HINT_BACK.format("")) if middle else (HINT_ENDS,) * 2
        what = f", {n} of {dim} numbers"
        came = student(-eps / beta, x, t, bent, "velocity", shape=(n, dim))
        forth = Fact(names[0], f"velocity from the score{what}", u, came, hints[0], 0.02)
        if first_round or not forth.holds():
            yield forth
        if first_round and forth.holds():
            by_state = student(zero, ones, t, bent, "score", shape=(3, 3))
            by_velocity = student(ones, zero, t, bent, "score", shape=(3, 3))
            yield _weight("wrong score", "velocity's weight in the score", 1 / second, by_velocity, HINT_BACK)
            yield _weight("wrong score", "state's weight in the score", -first / second, by_state, HINT_BACK)
        # Where a score came instead, what comes for a score tells both directions swapped from one only.
        swapped = _score(x, -eps / beta, alpha, beta, alpha_dot, beta_dot)
        if not forth.holds() and not torch.allclose(came.double(), swapped, rtol=0.0, atol=0.02):
            return
        came = student(u, x, t, bent, "score", shape=(n, dim)) * beta
        back = Fact(names[1], f"score from the velocity, times beta{what}", -eps, came, hints[1], 0.02)
        if first_round or not back.holds():
            yield back
        if not (forth.holds() and back.holds()):
            return
