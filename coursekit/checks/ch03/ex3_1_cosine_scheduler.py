"""Exercise 3.1: the cosine scheduler and its derivatives."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from ..shared.quiet import failing
from ..shared.schedulers import Numbers, straight
from .common import cosine_scheduler as _reference

NAMES = ("alpha", "beta", "alpha_dot", "beta_dot")
HALF_PI = math.pi / 2


def _changed(change: Callable[..., Numbers]) -> Callable[[Tensor], Numbers]:
    """The right four, then one thing done wrong with them."""
    return lambda t: change(*_reference(t))


def _turning(rate: float) -> Callable[[Tensor], Numbers]:
    """The same curves, run through at another rate."""
    return lambda t: (
        torch.sin(rate * t),
        torch.cos(rate * t),
        rate * torch.cos(rate * t),
        -rate * torch.sin(rate * t),
    )


RATES = {
    "half a wave": (math.pi, "half a circle"),
    "a whole turn": (2 * math.pi, "a whole circle"),
    "an eighth of a turn": (math.pi / 4, "an eighth of the circle"),
    "angle of one": (1.0, "an angle of one"),
    "angle in degrees": (90.0, "an angle of 90, which would be right in degrees,"),
}
TURNS = {
    name: (
        _turning(rate),
        f"You run through {way} between time 0 and time 1. It should be a quarter of the circle: only then "
        "does the noise's weight come down to zero and stop there. What is its angle in radians?",
    )
    for name, (rate, way) in RATES.items()
}
MISTAKES = recurring({"straight line": straight}) | {
    **TURNS,
    "alpha and beta swapped": (
        _changed(lambda a, b, a_dot, b_dot: (b, a, b_dot, a_dot)),
        "Your two weights have changed places: at time 0 there is all of the data and at time 1 all of the "
        "noise. In this course noise is at time 0. Which of the two goes with the data?",
    ),
    "alpha is one minus beta": (
        _changed(lambda a, b, a_dot, b_dot: (1 - b, b, -b_dot, b_dot)),
        "Your two weights add up to one. What should add up to one here is their squares: data of variance "
        "one then keep their variance all the way.",
    ),
    "squares of the weights": (
        _changed(lambda a, b, a_dot, b_dot: (a**2, b**2, 2 * a * a_dot, 2 * b * b_dot)),
        "Your two weights add up to one, and are the squares of the right ones. The squares of the "
        "weights should add up to one, not the weights themselves.",
    ),
    "inner derivative forgotten": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, b, -a)),
        "Your weights are right, but their derivatives are too small everywhere by the same factor. The "
        "chain rule has one more factor: the derivative of what stands inside the sine and the cosine.",
    ),
    "inner derivative upside down": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, b / HALF_PI, -a / HALF_PI)),
        "Your weights are right, but you divide where the chain rule multiplies: dividing by the inner "
        "factor belongs to integrals, not to derivatives.",
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
    "derivative of the other weight": (
        _changed(lambda a, b, a_dot, b_dot: (a, b, HALF_PI * a, -HALF_PI * b)),
        "Each of your derivatives is a multiple of the very weight it belongs to, as if sine and cosine were "
        "their own derivatives. What does a sine become when you differentiate it, and what a cosine?",
    ),
    "other order of the four": (
        _changed(lambda a, b, a_dot, b_dot: (a, a_dot, b, b_dot)),
        "You return each weight together with its own derivative. The order is first both "
        "weights, alpha and beta, then both derivatives in the same order.",
    ),
}
HINT_ENDS = (
    "The path must begin with noise alone and end with data alone. Put times 0 and 1 into your formulas by "
    "hand: how much of the data and how much of the noise is there?"
)
HINT_CURVE = (
    "The ends are right, but on the way the weight of the noise is another. The angle should grow in "
    "proportion to time: how far has the point turned after a third of the time, and where is it then?"
)
HINT_SQUARES = (
    "The squares of the two weights should add up to one at every time. Solve that for the weight of the "
    "data; a well-known identity makes it short."
)
HINT_DOT = (
    "The weight itself is right, but its derivative is not. Compare it with the difference of the weight "
    "at two neighbouring times, divided by the time between them: sign and size should agree."
)
HINT_DOT_ENDS = (
    "On the way all is right, but at the very first or last moment one of your derivatives is infinite, not "
    "a number or another one than next to it, although the curve has a slope there. Does your line divide by "
    "a weight that vanishes? Write that derivative without a fraction."
)
HINT_SHAPES = (
    "For a column of times your weights are right, for times of another shape they are not. Each number that "
    "you return should depend on the one time in the same place. Does a line of yours name an axis?"
)


@exercise("3.1", "A scheduler and its derivatives", "core", "t", _reference, MISTAKES)
def cosine_scheduler(student: StudentFunction) -> Iterator[Fact]:
    """Both ends, the noise's curve, the sum of squares, and each derivative, for times of several shapes."""

    def numbers(times: Tensor, finite: bool = True) -> Tensor:
        return student.parts(times, shape=tuple(times.shape), names=NAMES, finite=finite)

    times = torch.cat([torch.tensor([2 / 3]), torch.linspace(0.02, 0.98, 14)]).double()[:, None]
    alpha, beta, *dots = numbers(times)[..., 0]
    ends = numbers(torch.tensor([[0.0], [1.0]], dtype=torch.float64), finite=False)[..., 0]
    what = "alpha, beta at t = 0 and t = 1"
    right = torch.tensor([0.0, 1.0, 1.0, 0.0])
    placed = Fact("wrong ends", what, right, ends[:2].flatten(), HINT_ENDS, tol=0.003)
    yield placed
    if not placed.holds():  # whatever its derivatives are, it is another curve
        return
    yield Fact("wrong curve", "beta at t = 2/3", 0.5, beta[0], HINT_CURVE)
    turned = (HALF_PI * times[:, 0]).cos()
    yield Fact("wrong curve", "beta at fifteen times", turned, beta, HINT_CURVE)
    total = alpha**2 + beta**2
    yield Fact(
        "squares don't add up", "alpha² + beta² at fifteen times", torch.ones(15), total, HINT_SQUARES, 0.002
    )
    slopes = (HALF_PI * turned, -HALF_PI * (HALF_PI * times[:, 0]).sin())
    for name, slope, dot in zip(NAMES[2:], slopes, dots, strict=True):
        what = f"{name} at fifteen times"
        yield Fact(f"wrong {name}", what, slope, dot, HINT_DOT, tol=0.003)
    known = torch.tensor([HALF_PI, 0.0, 0.0, -HALF_PI])
    what, got = "alpha_dot, beta_dot at t = 0 and t = 1", ends[2:].flatten()
    name = "wrong derivative at an end" if bool(got.isfinite().all()) else "not finite at an end"
    yield Fact(name, what, known, got, HINT_DOT_ENDS, tol=0.01)
    for shape in ((), (4,), (2, 1, 1, 1), (3, 5)):  # as the lab hands them over, and as images will
        times = torch.rand(shape, dtype=torch.float64)
        got = numbers(times)[1]
        what = f"beta for times of shape {shape}" if shape else "beta for a single time without axes"
        right = (HALF_PI * times).cos()
        yield from failing([Fact("wrong for other shapes", what, right, got, HINT_SHAPES)])
