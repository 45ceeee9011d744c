"""Exercise 3.1: the cosine scheduler and its derivatives."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...paths import Cosine
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.schedulers import Numbers

NAMES = ("alpha", "beta", "alpha_dot", "beta_dot")
HALF_PI = math.pi / 2


def _cosine_scheduler(t: Tensor) -> Numbers:
    """A quarter of a circle, from noise to data."""
    rule = Cosine()
    return rule.alpha(t), rule.beta(t), rule.alpha_dot(t), rule.beta_dot(t)


def _changed(change: Callable[[Tensor, Tensor, Tensor, Tensor], Numbers]) -> Callable[[Tensor], Numbers]:
    """The right four, then one thing done wrong with them."""
    return lambda t: change(*_cosine_scheduler(t))


def _turning(rate: float) -> Callable[[Tensor], Numbers]:
    """The same curves, run through at another rate."""
    return lambda t: (
        torch.sin(rate * t),
        torch.cos(rate * t),
        rate * torch.cos(rate * t),
        -rate * torch.sin(rate * t),
    )


def _complement(t: Tensor) -> Numbers:
    _, beta, _, beta_dot = _cosine_scheduler(t)
    return 1 - beta, beta, -beta_dot, beta_dot


def _squares(t: Tensor) -> Numbers:
    alpha, beta, alpha_dot, beta_dot = _cosine_scheduler(t)
    return alpha**2, beta**2, 2 * alpha * alpha_dot, 2 * beta * beta_dot


MISTAKES = {
    "alpha and beta swapped": (
        _changed(lambda a, b, a_dot, b_dot: (b, a, b_dot, a_dot)),
        "Your two weights have changed places: at time 0 there is all of the data and at time 1 all of the "
        "noise. In this course noise is at time 0. Which of the two goes with the data?",
    ),
    "straight line": (
        lambda t: (t, 1 - t, torch.ones_like(t), -torch.ones_like(t)),
        "This is the straight line of the lecture. It starts and ends in the right places, but on the way "
        "the point with the two weights as coordinates should follow a quarter of a circle.",
    ),
    "alpha is one minus beta": (
        _complement,
        "Your two weights add up to one. What should add up to one here is their squares: data of variance "
        "one then keep their variance all the way.",
    ),
    "squares of the weights": (
        _squares,
        "Your two weights add up to one, and are the squares of what was asked for. The squares of the "
        "weights should add up to one, not the weights themselves.",
    ),
    "half a wave": (
        _turning(math.pi),
        "You run through half a circle between time 0 and time 1, so the noise's weight ends at minus one. "
        "A quarter of the circle is enough: what is its angle in radians?",
    ),
    "angle of one": (
        _turning(1.0),
        "You take the time itself for the angle, so at time 1 the curve has not come down to zero. Which "
        "angle, in radians, has a cosine of zero? Scale time so that it arrives there.",
    ),
    "inner derivative forgotten": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, b, -a)),
        "Your weights are right, but their derivatives are too small everywhere by the same factor. The "
        "chain rule asks for the derivative of what stands inside the sine and the cosine as well.",
    ),
    "inner derivative upside down": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, b / HALF_PI, -a / HALF_PI)),
        "Your weights are right, but you divide where the chain rule multiplies: dividing by the inner "
        "factor belongs to integrals, and here derivatives are asked for.",
    ),
    "sign of beta_dot": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, a_dot, -b_dot)),
        "Your `beta_dot` is positive, as if the noise grew. Its weight falls from one to zero, so its "
        "derivative has to be negative on the way. What is the derivative of a cosine?",
    ),
    "sign of alpha_dot": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, -a_dot, b_dot)),
        "Your `alpha_dot` is negative, as if the data got weaker. Their weight grows from zero to one, so "
        "its derivative has to be positive on the way.",
    ),
    "both signs of the derivatives": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, -a_dot, -b_dot)),
        "Both of your derivatives have the wrong sign: the data's weight grows and the noise's weight "
        "falls as time goes on. Did you differentiate with respect to 1 - t?",
    ),
    "derivatives swapped": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, b_dot, a_dot)),
        "Your weights are right and your derivatives too, but the derivatives stand in each other's place. "
        "The order is alpha, beta, then the derivative of alpha, then that of beta.",
    ),
    "other order of the four": (
        _changed(lambda a, b, a_dot, b_dot: (a, a_dot, b, b_dot)),
        "You return each weight together with its own derivative. The order asked for is first both "
        "weights, alpha and beta, then both derivatives in the same order.",
    ),
}
LOOK_ENDS = (
    "The path must begin with noise alone and end with data alone. Put times 0 and 1 into your formulas by "
    "hand: how much of the data and how much of the noise is there?"
)
LOOK_SHAPE = (
    "The ends are right, but on the way the weight of the noise is another. The angle should grow in "
    "proportion to time: how far has the point turned after a third of the time, and where is it then?"
)
LOOK_SQUARES = (
    "The squares of the two weights should add up to one at every time. Solve that for the weight of the "
    "data; a well-known identity makes it short."
)
LOOK_DOT = (
    "The weight itself is right, but its derivative is not. Compare it with the difference of the weight "
    "at two neighbouring times, divided by the time between them: sign and size should agree."
)

LOOK_FINITE = (
    "On the way all is right, but at the very first or last moment one of your derivatives is infinite or "
    "not a number, although the curve has a slope there. Does your line divide by a weight that vanishes? "
    "Write that derivative without a fraction."
)


@exercise("3.1", "A scheduler and its derivatives", "core", "t", _cosine_scheduler, MISTAKES, double=True)
def cosine_scheduler(student: StudentFunction) -> Iterator[Fact]:
    """Values near the ends, the noise's curve, the sum of squares, and each derivative by differences."""

    def weights(times: Tensor, finite: bool = True) -> Tensor:
        return student.parts(times, shape=tuple(times.shape), names=NAMES, finite=finite)

    times = torch.tensor([[0.2], [1 / 3], [0.5], [2 / 3], [0.9]], dtype=torch.float64)
    alpha, beta, alpha_dot, beta_dot = weights(times)
    ends = weights(torch.tensor([[0.0], [1.0]], dtype=torch.float64), finite=False)[..., 0]
    what = "alpha, beta at t = 0 and t = 1"
    row = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    placed = Fact("wrong ends", what, row, ends[:2].flatten(), LOOK_ENDS, tol=0.003)
    yield placed
    if not placed.holds():  # whatever its derivatives are, it is another curve
        return
    yield Fact("wrong curve", "beta at t = 2/3", 0.5, beta[3, 0], LOOK_SHAPE)
    yield Fact("wrong curve", "beta at t = 1/3", math.sqrt(0.75), beta[1, 0], LOOK_SHAPE)
    one = torch.ones(5, dtype=torch.float64)
    total = (alpha**2 + beta**2)[:, 0]
    yield Fact("squares don't add up", "alpha² + beta² at five times", one, total, LOOK_SQUARES)
    h = 1e-3
    moved = (weights(times + h)[:2] - weights(times - h)[:2]) / (2 * h)
    for name, weight, dot in (("alpha", moved[0], alpha_dot), ("beta", moved[1], beta_dot)):
        what = f"{name}_dot at five times, against differences of {name}"
        yield Fact(f"wrong {name}_dot", what, weight[:, 0], dot[:, 0], LOOK_DOT)
    known = float(torch.isfinite(ends[2:]).sum())
    yield Fact("not finite at an end", "finite derivatives at t = 0 and t = 1", 4.0, known, LOOK_FINITE)
