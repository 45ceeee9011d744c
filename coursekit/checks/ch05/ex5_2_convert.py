"""Exercise 5.2: from velocity to score and back."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.schedulers import bent, straight
from .common import SHAPES, Scheduler, ignored, misread_scheduler, misread_times, spaced_times

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
    "beta squared in both parts": (
        _weighted(None, lambda a, b, ad, bd: b**2 * (ad / a - bd)),
        "Both parts of your second weight are multiplied by the variance. In one of them `beta` stands "
        "once: which of the two comes from the noise that moves the state in its own right?",
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
    "alpha not divided": (
        _weighted(lambda a, b, ad, bd: ad, lambda a, b, ad, bd: b**2 * ad - b * bd),
        "The rate of `alpha` is there, but not divided by `alpha` itself. The data point is a difference "
        "*divided by* `alpha`: that has to show in both weights.",
    ),
    "alpha beta times the ratio": (
        _weighted(None, lambda a, b, ad, bd: b * ad / a - bd),
        "Your second weight is that of the noise, not of the score: the velocity would be right if you "
        "multiplied it with minus the noise. Noise is minus `beta` times the score.",
    ),
    "score times beta for the noise": (
        _weighted(None, lambda a, b, ad, bd: ad / a - bd / b),
        "You take minus the score divided by `beta` for the noise. Which of the two is larger when `beta` is "
        "small, the noise or the score? Solve the score's equation for the noise once more.",
    ),
    "sign of the state": (
        _weighted(lambda *n: -_weights(*n)[0]),
        "Both weights have the right size, but the state enters with the wrong sign. The signal grows with "
        "time, so the state's weight is positive.",
    ),
    "half of the second weight": (
        _weighted(None, lambda *n: _weights(*n)[1] / 2),
        "The weight of the score is half as large as it should be. There is no half in the translation: that "
        "of the Fokker–Planck equation comes with the noise, in the next exercise.",
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
    "added on the way back": (
        _back(lambda x, u, first, second: (u + first * x) / second),
        f"{BACK}the state's part has to be taken away again before you divide; you add it a second time.",
    ),
    "brackets on the way back": (
        _back(lambda x, u, first, second: u - first * x / second),
        f"{BACK}only the state's part is divided in your line: division binds more tightly than a "
        "difference. Where do brackets belong?",
    ),
    "state kept on the way back": (
        _back(lambda x, u, first, second: u / second),
        f"{BACK}you divide the whole velocity by the score's weight. The part that belongs to the state has "
        "to be taken away first.",
    ),
    "weights swapped on the way back": (
        _back(lambda x, u, first, second: (u - second * x) / first),
        f"{BACK}the two weights have changed places. Which of them belongs to the state?",
    ),
    "sign on the way back": (
        _back(lambda x, u, first, second: (first * x - u) / second),
        f"{BACK}the sign is turned. Put your score into the first direction again: does the velocity return?",
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
HINT_FORTH = (
    "Your velocity is not that of a state with this score. The check mixed state, velocity and score from "
    "the same data point and noise. Replace noise and data point in the velocity, one after the other, by "
    "state and score."
)
HINT_BACK = (
    "Your score is not that of a state with this velocity, though the other direction works. Solve the "
    "equation that you used there for the score."
)
HINT_ENDS = (
    "In the middle of the path your conversion is right; nearer to its ends, though still away from 0 and 1, "
    "it is not. Is anything cut off, or added to what you divide by?"
)


@exercise("5.2", "Velocity and score", "core", "value, x, t, scheduler, wanted", _rule(), MISTAKES)
def convert(student: StudentFunction) -> Iterator[Fact]:
    """From a known score to the velocity of the same data and noise, and back, in many shapes."""
    for n, dim in (*SHAPES, (6, 2)):
        middle = n < 6
        t = spaced_times(n, 0.35, 0.8) if middle else spaced_times(n, 0.25, 0.96)
        z, eps = torch.randn(2, n, dim, dtype=torch.float64)
        alpha, beta, alpha_dot, beta_dot = bent(t)
        x, u = alpha * z + beta * eps, alpha_dot * z + beta_dot * eps
        if (n, dim) == SHAPES[0]:
            others = {"value": u, "x": x + 1, "t": t + 0.1, "scheduler": straight, "wanted": "score"}
            yield from ignored(student, (-eps / beta, x, t, bent, "velocity"), others, (n, dim))
        forth, back = ("wrong velocity", "wrong score") if middle else ("wrong near the ends",) * 2
        hints = (HINT_FORTH, HINT_BACK) if middle else (HINT_ENDS,) * 2
        came = student(-eps / beta, x, t, bent, "velocity", shape=(n, dim))
        fact = Fact(forth, "velocity made from the score", u, came, hints[0], 0.02)
        yield fact
        if not fact.holds():
            # Where a score came instead, what comes for a score tells both directions swapped from one only.
            swapped = _score(x, -eps / beta, alpha, beta, alpha_dot, beta_dot)
            with suppress(Fault):
                score = student(u, x, t, bent, "score", shape=(n, dim)) * beta
                if torch.allclose(came.double(), swapped, rtol=0.0, atol=0.02):
                    yield Fact(forth, "score made from the velocity", -eps, score, hints[1], 0.02)
            return
        came = student(u, x, t, bent, "score", shape=(n, dim)) * beta
        fact = Fact(back, "score made from the velocity, times beta", -eps, came, hints[1], 0.02)
        yield fact
        if not fact.holds():
            return
