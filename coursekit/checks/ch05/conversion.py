"""Exercise 5.2: from velocity to score and back."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import Numbers, bent, straight
from .conditional import column

Scheduler = Callable[[Tensor], Numbers]
Change = Callable[..., Tensor]


def _velocity(x: Tensor, s: Tensor, a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> Tensor:
    """Through noise and data: the score gives the noise, noise and state the data, both the velocity."""
    eps = -b * s
    return a_dot * (x - b * eps) / a + b_dot * eps


def _score(x: Tensor, u: Tensor, a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> Tensor:
    """Solve the two equations of state and velocity for the noise."""
    return -(a * u - a_dot * x) / (a * b_dot - b * a_dot) / b


def _rule(velocity: Change = _velocity, score: Change = _score) -> Callable[..., Tensor]:
    """A conversion in both directions, one or both of them changed."""

    def rule(value: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler, wanted: str) -> Tensor:
        return (score if wanted == "score" else velocity)(x, value, *scheduler(t))

    return rule


def _weights(a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of state and score in the velocity."""
    return a_dot / a, b * (b * a_dot - a * b_dot) / a


def _weighed(change: Callable[..., tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """Both directions with the same wrong weights of state and score."""
    return _rule(
        lambda x, s, *numbers: change(*numbers)[0] * x + change(*numbers)[1] * s,
        lambda x, u, *numbers: (u - change(*numbers)[0] * x) / change(*numbers)[1],
    )


def _back(change: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Right from score to velocity; the way back made by `change` from (x, u, weight, weight)."""
    return _rule(score=lambda x, u, *numbers: change(x, u, *_weights(*numbers)))


def _assuming_straight(value: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler, wanted: str) -> Tensor:
    return _rule()(value, x, t, straight, wanted)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "coefficients swapped": (
        _weighed(lambda *numbers: _weights(*numbers)[::-1]),
        "The two weights have changed places: the one of the score multiplies the state, and the other way "
        "round. The weight of the state has no `beta` in it. Which of the two is that?",
    ),
    "sign of the second part": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, b**2 * a_dot / a + b * b_dot)),
        "One sign in the score's weight is turned. `beta` falls, so its derivative is negative, and both "
        "parts of the weight are positive on the way. Which part has to be subtracted?",
    ),
    "beta for beta squared": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, b * a_dot / a - b * b_dot)),
        "In the first part of the score's weight `beta` stands once and should stand twice. Put the noise, "
        "minus `beta` times the score, into the velocity, and count the factors again.",
    ),
    "beta missing at its derivative": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, b**2 * a_dot / a - b_dot)),
        "In the second part of the score's weight the derivative of `beta` stands alone. The noise is "
        "`beta` times something, so there is a factor to come.",
    ),
    "first part only": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, b**2 * a_dot / a)),
        "Half of the score's weight is missing: the noise moves the state in its own right too, at the rate "
        "of change of `beta`. Write the velocity with data and noise, then replace both.",
    ),
    "second part only": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, -b * b_dot)),
        "Half of the score's weight is missing. The data point also depends on the score once you express "
        "it by the state. Replace it in the velocity, and keep both parts.",
    ),
    "alpha upside down": (
        _weighed(lambda a, b, a_dot, b_dot: (a / a_dot, b**2 * a / a_dot - b * b_dot)),
        "You divide `alpha` by its derivative, and it should be the other way round. A velocity is something "
        "per unit of time: which of the two fractions is a rate?",
    ),
    "alpha not divided": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot, b**2 * a_dot - b * b_dot)),
        "The rate of `alpha` is there, but not divided by `alpha` itself. The data point is a difference "
        "*divided by* `alpha`: that has to show in both weights.",
    ),
    "alpha beta times the ratio": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot / a, b * a_dot / a - b_dot)),
        "Your second weight is that of the noise, not of the score: the velocity would be right if you "
        "multiplied it with minus the noise. Noise is minus `beta` times the score.",
    ),
    "state left out": (
        _weighed(lambda *numbers: (torch.zeros_like(numbers[0]), _weights(*numbers)[1])),
        "Only the score enters your velocity, not the state. Where the score is zero the cloud still moves "
        "and grows. The first weight multiplies the state.",
    ),
    "sign of the score": (
        _weighed(lambda *numbers: (_weights(*numbers)[0], -_weights(*numbers)[1])),
        "Both weights have the right size, but the score enters with the wrong sign. Noise and score point "
        "in opposite directions; where did you lose the minus?",
    ),
    "sign of the state": (
        _weighed(lambda *numbers: (-_weights(*numbers)[0], _weights(*numbers)[1])),
        "Both weights have the right size, but the state enters with the wrong sign. The signal grows with "
        "time, so the state's weight is positive.",
    ),
    "directions swapped": (
        lambda value, x, t, scheduler, wanted: _rule()(
            value, x, t, scheduler, "velocity" if wanted == "score" else "score"
        ),
        "Your two directions have changed places. `wanted` names what you should return; what you are given "
        "is the other one.",
    ),
    "straight line assumed": (
        _assuming_straight,
        "Your conversion is right for the straight line, but you do not ask the scheduler. The check hands "
        "over another one: take all four numbers from it.",
    ),
    **one_time_for_all(_rule(), 2),
    "time along the wrong axis": (
        lambda value, x, t, scheduler, wanted: _rule()(value, x, t.reshape(1, -1), scheduler, wanted),
        "Each *coordinate* gets a time of its own in your function, and each state should. `t` has the shape "
        "(batch, 1), which stretches over the coordinates by itself. Do you drop its second axis?",
    ),
    "only one direction": (
        lambda value, x, t, scheduler, wanted: _rule()(value, x, t, scheduler, "velocity"),
        'You return a velocity in both cases. If `wanted` is "score", the value you are given is the '
        "velocity, and the equation has to be solved for the score.",
    ),
    "only the other direction": (
        lambda value, x, t, scheduler, wanted: _rule()(value, x, t, scheduler, "score"),
        'You return a score in both cases. If `wanted` is "velocity", the value you are given is the score, '
        "and the velocity has to be put together from it and the state.",
    ),
    "half of the second weight": (
        _weighed(lambda *numbers: (_weights(*numbers)[0], _weights(*numbers)[1] / 2)),
        "The weight of the score is half as large as it should be. There is no half in the translation: that "
        "of the Fokker–Planck equation comes with the noise, in the next exercise.",
    ),
    "multiplied on the way back": (
        _back(lambda x, u, first, second: (u - first * x) * second),
        "From score to velocity you are right. On the way back you multiply where you should divide: solve "
        "the equation for the score, one operation at a time, in reverse order.",
    ),
    "added on the way back": (
        _back(lambda x, u, first, second: (u + first * x) / second),
        "From score to velocity you are right. On the way back the state's part has to be taken away again "
        "before you divide; you add it a second time.",
    ),
    "brackets on the way back": (
        _back(lambda x, u, first, second: u - first * x / second),
        "From score to velocity you are right. On the way back only the state's part is divided in your "
        "line: division binds more tightly than a difference. Where do brackets belong?",
    ),
    "state kept on the way back": (
        _back(lambda x, u, first, second: u / second),
        "From score to velocity you are right. On the way back you divide the whole velocity by the score's "
        "weight. The part that belongs to the state has to be taken away first.",
    ),
    "weights swapped on the way back": (
        _back(lambda x, u, first, second: (u - second * x) / first),
        "From score to velocity you are right. On the way back the two weights have changed places. Which "
        "of them belongs to the state?",
    ),
    "sign on the way back": (
        _back(lambda x, u, first, second: (first * x - u) / second),
        "From score to velocity you are right. On the way back the sign is turned. Put your score into the "
        "first direction again: does the velocity come back?",
    ),
    "noise on the way back": (
        _rule(score=lambda x, u, *numbers: -_score(x, u, *numbers) * numbers[1]),
        "From score to velocity you are right. On the way back you stop at the noise. The score is the noise "
        "with its sign turned, divided by `beta`.",
    ),
    "minus noise on the way back": (
        _rule(score=lambda x, u, *numbers: _score(x, u, *numbers) * numbers[1]),
        "From score to velocity you are right. On the way back your result is `beta` times too small: it is "
        "the noise with its sign turned, and one division is missing.",
    ),
}
LOOK_FORTH = (
    "Your velocity is not that of a state with this score. The check mixed state, velocity and score from "
    "the same data point and noise. Replace noise and data point in the velocity, one after the other, by "
    "state and score."
)
LOOK_BACK = (
    "Your score is not that of a state with this velocity, though the other direction works. Solve the "
    "equation that you used there for the score."
)


def _is_the_score(came: Tensor, value: Tensor, x: Tensor, t: Tensor) -> bool:
    """Tell whether an answer took what it was given for a velocity and made a score of it."""
    return torch.allclose(came.double(), _score(x, value, *bent(t)), rtol=0.0, atol=0.02)


@exercise(
    "5.2", "Velocity and score", "core", "value, x, t, scheduler, wanted", _rule(), MISTAKES, double=True
)
def convert(student: StudentFunction) -> Iterator[Fact]:
    """From a known score to the velocity of the same data and noise, and from that velocity back."""
    for times in (column(0.35, 0.6, 0.8), column(0.7, 0.5, 0.8, 0.4, 0.6)):
        n, dim = len(times), 3 if len(times) == 3 else 2  # first as many coordinates as states
        z, eps = torch.randn(2, n, dim, dtype=torch.float64)
        alpha, beta, alpha_dot, beta_dot = bent(times)
        x, u = alpha * z + beta * eps, alpha_dot * z + beta_dot * eps
        came = student(-eps / beta, x, times, bent, "velocity", shape=(n, dim))
        fact = Fact("wrong velocity", "velocity made from the score", u, came, LOOK_FORTH, 0.01, 0.02)
        if not fact.holds():
            yield fact
            with suppress(Fault):  # a second call shows an answer that is the same for all
                back = student(u, x, times, bent, "score", shape=(n, dim)) * beta
                if _is_the_score(came, -eps / beta, x, times):
                    yield Fact(
                        "wrong velocity", "score made from the velocity", -eps, back, LOOK_BACK, 0.01, 0.02
                    )
            return
        yield fact
        came = student(u, x, times, bent, "score", shape=(n, dim)) * beta
        fact = Fact(
            "wrong score", "score made from the velocity, times beta", -eps, came, LOOK_BACK, 0.01, 0.02
        )
        yield fact
        if not fact.holds():
            return
