"""Exercise 5.1: the score of the conditional path."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.schedulers import bent, straight
from .common import (
    SHAPES,
    Scheduler,
    factor_text,
    gradient,
    ignored,
    misread_scheduler,
    misread_times,
    spaced_times,
)

Rule = Callable[[Tensor, Tensor, Tensor, Scheduler], Tensor]


def _rule(change: Callable[..., Tensor]) -> Rule:
    """An answer made by `change` from x, z, alpha, beta, alpha_dot and beta_dot."""
    return lambda x, z, t, scheduler: change(x, z, *scheduler(t))


_right = _rule(lambda x, z, a, b, *_: (a * z - x) / b**2)


def _log_probs(x: Tensor, z: Tensor, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    return torch.distributions.Normal(a * z, b).log_prob(x)


def _gradient_of_the_density(x: Tensor, z: Tensor, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    return _log_probs(x, z, a, b).sum(1, keepdim=True).exp() * (a * z - x) / b**2


MEAN_TAKEN = (
    "Your score is smaller the more states there are. Each state has a score of its own: is the derivative "
    "taken of a mean over the batch or over everything, where a sum would leave every row alone?"
)
MISTAKES: dict[str, Mistake] = {
    **misread_times(_right, 2),
    **misread_scheduler(_right, 3),
    **recurring(
        {
            "one over beta": _rule(lambda x, z, a, b, *_: (a * z - x) / b),
            "sign of the score": _rule(lambda x, z, a, b, *_: (x - a * z) / b**2),
            "beta squared multiplied": _rule(lambda x, z, a, b, *_: (a * z - x) * b**2),
            "beta multiplied": _rule(lambda x, z, a, b, *_: (a * z - x) * b),
            "alpha forgotten": _rule(lambda x, z, a, b, *_: (z - x) / b**2),
            "beta to the fourth": _rule(lambda x, z, a, b, *_: (a * z - x) / b**4),
            "velocity for score": _rule(lambda x, z, a, b, ad, bd: ad * z + bd / b * (x - a * z)),
            "log-density, not its slope": _rule(_log_probs),
            "mean over the coordinates": _rule(lambda x, z, a, b, *_: (a * z - x) / b**2 / x.shape[1]),
        }
    ),
    "sign, and one over beta": (
        _rule(lambda x, z, a, b, *_: (x - a * z) / b),
        "What you return is the noise in the state. The score points the other way, uphill, and it is the "
        "noise divided by one more factor. Take the derivative of the log-density step by step.",
    ),
    "brackets missing": (
        _rule(lambda x, z, a, b, *_: a * z - x / b**2),
        "Only one part of the difference is divided by the variance in your line. A division binds more "
        "tightly than a difference: where do brackets belong?",
    ),
    "width left out": (
        _rule(lambda x, z, a, b, *_: a * z - x),
        "Your score is the way to the centre, whatever the width of the cloud. The narrower the cloud, the "
        "steeper its density. Where does the variance stand in the exponent?",
    ),
    "gradient of the density": (
        _rule(_gradient_of_the_density),
        "Your arrows point the right way, but they are the gradient of the density itself: they vanish where "
        "it is small. The score is the gradient of its *logarithm*.",
    ),
    "mean over everything": (_rule(lambda x, z, a, b, *_: (a * z - x) / b**2 / x.numel()), MEAN_TAKEN),
    "mean over the batch": (_rule(lambda x, z, a, b, *_: (a * z - x) / b**2 / len(x)), MEAN_TAKEN),
}
HINT_CENTRE = (
    "In the centre of the cloud its density is largest, so the score is zero there. Yours is not. Where is "
    "the centre at time t, and is it what you subtract? Do you divide by a length that is zero there?"
)
HINT_WIDTH = (
    "One width away from the centre, the score points back to it and its length is one over the `beta` of "
    "its row.{} Write down the logarithm of the normal density and take its derivative: what becomes of the "
    "square, and of the two and the variance in the exponent?"
)
HINT_SLOPE = (
    "Your score is not the slope of the conditional log-density there, though it is right in the centre and "
    "one width from it along an axis. Does each row use its own time and data point, and each coordinate "
    "its own difference? Is anything cut off, or scaled to a length?"
)
HINT_LATE = (
    "Late in time, where the cloud is narrow, your score is too far from the slope of the log-density. "
    "Earlier it is right. Is a number added to what you divide by, or `beta` kept from getting small?"
)
HINT_FAR = (
    "Far out, forty widths from the centre, your score is not finite or not the right one; near the centre "
    "it is. Does your way lead through the density itself, which is too small for a float out there? Is "
    "anything cut off?"
)


def _extremes(student: StudentFunction) -> Iterator[Fact]:
    """The score over the right one where the cloud is narrow, and far from its centre."""
    z = torch.rand(4, 2, dtype=torch.float64)
    for when, t, widths, hint in (
        ("late in time", spaced_times(4, 0.985, 0.99), 1.0, HINT_LATE),
        ("far out", spaced_times(4), 40.0, HINT_FAR),
    ):
        alpha, beta, _, _ = bent(t)
        eps = widths * torch.randn(4, 2, dtype=torch.float64).sign()
        came = student(alpha * z + beta * eps, z, t, bent, shape=(4, 2), finite=False) * beta / -eps
        yield Fact(f"wrong {when}", f"score over the right one, {when}", torch.ones(4, 2), came, hint, 0.05)


@exercise("5.1", "Conditional score", "core", "x, z, t, scheduler", _right, MISTAKES)
def conditional_score(student: StudentFunction) -> Iterator[Fact]:
    """No argument ignored; the centre, one width from it, the slope in many shapes, late and far out."""
    for n, dim in SHAPES:
        t = spaced_times(n)
        z, x = 1 + torch.rand(n, dim, dtype=torch.float64), torch.randn(n, dim, dtype=torch.float64)
        alpha, beta, _, _ = bent(t)
        if n == dim:
            others = {"x": x + 1, "z": z + 1, "t": t + 0.1, "scheduler": straight}
            yield from ignored(student, (x, z, t, bent), others, (n, dim))
            centre = student(alpha * z, z, t, bent, shape=(n, dim), finite=False)
            yield Fact("not zero at the centre", "score at the centre", 0.0, centre.abs().max(), HINT_CENTRE)
            away = torch.eye(n, dtype=torch.float64)
            back = student(alpha * z + beta * away, z, t, bent, shape=(n, dim)) * beta
            what = "score one width from the centre, times the width"
            right, came = -torch.ones(n), back.diagonal()
            yield Fact("wrong length", what, right, came, HINT_WIDTH.format(factor_text(right, came)), 0.01)
        slope = gradient(torch.distributions.Normal(alpha * z, beta).log_prob, x) * beta
        score = student(x, z, t, bent, shape=(n, dim)) * beta
        what = f"slope of the log-density times beta, {n} of {dim} numbers"
        yield Fact("not the slope", what, slope, score, HINT_SLOPE, 0.02)
        if n == dim:
            yield from _extremes(student)
