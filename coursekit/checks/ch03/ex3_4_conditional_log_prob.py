"""Exercise 3.4: log-density of the conditional path."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from ..shared.quiet import failing
from .common import (
    CONDITIONAL_LAW,
    HALF_LOG_2PI,
    WEIGHT_FAULTS,
    log_normal,
    mass,
    normaliser,
    rows,
    scalar,
    squared,
)

MISTAKES = {
    **recurring(WEIGHT_FAULTS),
    **recurring(
        {
            "distance not squared": log_normal(lambda r, beta, dim: r.norm(dim=-1) / (2 * beta**2)),
            "sign of the exponent": log_normal(lambda r, beta, dim: -squared(r, beta, dim)),
            "no half in the exponent": log_normal(lambda r, beta, dim: 2 * squared(r, beta, dim)),
            "square of the sum": log_normal(lambda r, beta, dim: r.sum(-1).square() / (2 * beta**2)),
            "mean over the coordinates": lambda x, z, a, b: CONDITIONAL_LAW(x, z, a, b) / x.shape[-1],
            "density, not its logarithm": lambda x, z, a, b: CONDITIONAL_LAW(x, z, a, b).exp(),
        }
    ),
    "beta squared for beta": (
        lambda x, z, alpha, beta: CONDITIONAL_LAW(x, z, alpha, beta**2),
        "Your law has the standard deviation `beta` squared, so it is a density, but another one. Noise is "
        "multiplied by `beta` in a sample of the path. If you call a function of a library: does it want a "
        "variance or a standard deviation?",
    ),
    "beta for beta squared in the exponent": (
        log_normal(lambda r, beta, dim: r.square().sum(-1) / (2 * beta)),
        "Your normaliser is right, but in the exponent the squared distance is divided by something with the "
        "wrong unit: `beta` is a length, so only its square can cancel a squared distance.",
    ),
    "beta squared for beta in the normaliser": (
        log_normal(front=lambda r, beta, dim: dim * (2 * beta.log() + HALF_LOG_2PI)),
        "Your exponent is right, but the normaliser counts `beta` twice as often as it should. For one "
        "coordinate the factor in front of the exponential has `beta` in the denominator once.",
    ),
    "root of beta in the normaliser": (
        log_normal(front=lambda r, beta, dim: dim * (beta.log() / 2 + HALF_LOG_2PI)),
        "Your exponent is right, but the normaliser takes `beta` for a variance: under the root in front of "
        "the exponential stands the variance, and that is not `beta` itself.",
    ),
    "no half in the normaliser": (
        log_normal(front=lambda r, beta, dim: 2 * normaliser(r, beta, dim)),
        "Your exponent is right, but your normaliser is twice as large as it should be. In front of the "
        "exponential stands one over a *root*: what becomes of a root in the logarithm?",
    ),
    "dimension missing in the normaliser": (
        log_normal(front=lambda r, beta, dim: beta.log() + HALF_LOG_2PI),
        "On the line your density is right, in more dimensions it is not: your normaliser is that of a "
        "single coordinate. Every coordinate brings a factor of its own.",
    ),
    **{
        f"dimension missing at {one}": (
            log_normal(front=front),
            f"The part of your normaliser with {other} counts every coordinate, the part with {one} counts "
            "only one. Every coordinate brings both of them.",
        )
        for one, other, front in (
            ("log beta", "2 pi", lambda r, beta, dim: beta.log() + dim * HALF_LOG_2PI),
            ("2 pi", "log beta", lambda r, beta, dim: dim * beta.log() + HALF_LOG_2PI),
        )
    },
    "two dimensions assumed": (
        log_normal(front=lambda r, beta, dim: normaliser(r, beta, 2)),
        "In the plane your density is right, elsewhere it is not: your normaliser is that of two "
        "coordinates. How many there are is written in the shape of `x`.",
    ),
    "beta squared above the line": (
        log_normal(lambda r, beta, dim: r.square().sum(-1) / 2 * beta**2),
        "Your normaliser is right. In the exponent you divide by two and then *multiply* by the square of "
        "`beta`: Python goes from left to right. What are brackets for?",
    ),
    "mean in the exponent": (
        log_normal(lambda r, beta, dim: r.square().mean(-1) / (2 * beta**2)),
        "Your normaliser is right, and on the line all is. In more dimensions the exponent is too small: you "
        "average the squares over the coordinates. The squared distance is not a mean of squares.",
    ),
    "absolute values": (
        log_normal(lambda r, beta, dim: r.abs().sum(-1) / (2 * beta**2)),
        "Your normaliser is right, but your exponent adds up absolute values. That belongs to another law, "
        "with a pointed peak. What does the exponent of a normal law do with the differences?",
    ),
    "x and z swapped": (
        lambda x, z, alpha, beta: CONDITIONAL_LAW(z, x, alpha, beta),
        "You scale the state and compare it with the data point. It goes the other way round: the centre of "
        "the path is the scaled data point, and `x` is where the density is evaluated.",
    ),
    "sign of the whole": (
        lambda x, z, alpha, beta: -CONDITIONAL_LAW(x, z, alpha, beta),
        "You return minus the log-density, as is used for a loss. Without the minus sign the log-density "
        "is largest at the centre.",
    ),
    "sign of the normaliser": (
        log_normal(front=lambda r, beta, dim: -normaliser(r, beta, dim)),
        "Your exponent is right, but the logarithm of the normaliser has the wrong sign. In the density that "
        "factor stands in the denominator: the wider the law, the lower its peak.",
    ),
    "normaliser left out": (
        log_normal(front=lambda r, beta, dim: 0 * beta),
        "You return the exponent alone, which is zero at the peak whatever the width. Without the factor in "
        "front the density does not integrate to one, and laws of different widths cannot be compared.",
    ),
    "coordinates not summed": (
        log_normal(
            lambda r, beta, dim: r.square() / (2 * beta**2), lambda r, beta, dim: beta.log() + HALF_LOG_2PI
        ),
        "You return one number for each coordinate. Independent coordinates multiply their densities, so "
        "their logarithms add up to a single number for each state.",
    ),
    "squares not summed": (
        log_normal(lambda r, beta, dim: r.square() / (2 * beta**2)),
        "You return one number for each coordinate: the squares in the exponent are not added up. The "
        "squared distance of a state is the sum of the squares of its coordinates.",
    ),
    "summed over the batch": (
        log_normal(lambda r, beta, dim: r.square().sum(0) / (2 * beta**2)),
        "You sum over the states of the batch in place of the coordinates. Each state has a log-density of "
        "its own; coordinates are on the last axis.",
    ),
    "held back far out": (
        lambda x, z, alpha, beta: (CONDITIONAL_LAW(x, z, alpha, beta).exp() + 1e-12).log(),
        "Near the centre your numbers are right; far out they stop falling, or are infinite. A density there "
        "is smaller than any float, and smaller than any bound or small number that keeps it from zero. Stay "
        "with logarithms from start to end.",
    ),
}
HINT_MASS = {
    1: "On the line your density does not integrate to one. The factor in front of the exponential of a "
    "normal law sees to that: write it down for one coordinate, and take its logarithm.",
    2: "On the line your density integrates to one, in the plane it does not. The density of independent "
    "coordinates is a product with one factor for each: what does that do to the normaliser's logarithm?",
    3: "On the line and in the plane your density integrates to one, in space it does not. How does the "
    "normaliser's logarithm depend on the number of coordinates?",
}
HINT_DROP = (
    "Your density integrates to one, but it has another width or another centre than the path. How far "
    "does the log-density of a normal law fall, from its peak to one standard deviation away?"
)
HINT_AXES = (
    "For matching rows your numbers are right, but they change when the states get an axis of their own in "
    "front of the data points. The coordinates are on the last axis: count it from the end."
)
HINT_FAR = (
    "For up to three coordinates your density is right, for many of them, or far from the centre, it is not. "
    "Which of your steps leaves the logarithms, or holds a number back at a bound?"
)


@exercise("3.4", "Conditional log-density", "core", "x, z, alpha, beta", CONDITIONAL_LAW, MISTAKES)
def conditional_log_prob(student: StudentFunction) -> Iterator[Fact]:
    """Mass in one to three dimensions, the fall from the peak, axes in front, and far out."""
    alpha, beta = scalar(0.7), scalar(0.6)
    x = torch.randn(2, 5, 2, dtype=torch.float64)
    student(x[0], x[1], alpha, beta, shape=(5,))  # in the plane first: on the line a lost sum may not show
    for dim, n in ((1, 161), (2, 61), (3, 31)):
        z = rows((0.3, -0.2, 0.1)[:dim])

        def at(x: Tensor, z: Tensor = z) -> Tensor:
            return student(x, z.expand_as(x).clone(), alpha, beta, shape=(len(x),))

        what = f"integral of the density with {dim} coordinate{'s' * (dim > 1)}"
        total = mass(at, dim, 4.8, n)
        near = 0.0015 * max(1.0, total)  # a wrong sign makes it astronomical: digits are lost then
        yield Fact("not normalised", what, 1.0, total, HINT_MASS[dim], match_tol=near)
    z = rows((1.0, -2.0), (-1.5, 0.5), (0.0, 3.0), (2.0, 2.0))
    away = rows((1.0, 0.0), (0.0, -1.0), (0.6, 0.8), (-0.8, 0.6))
    for alpha, beta, widths in ((scalar(0.7), scalar(0.4), 1.0), (scalar(0.2), scalar(1.5), 2.0)):
        peak, x = alpha * z, alpha * z + widths * beta * away
        drop = student(peak, z, alpha, beta, shape=(4,)) - student(x, z, alpha, beta, shape=(4,))
        what = f"fall of the log-density from the peak to {widths:g} beta away, beta = {float(beta):g}"
        yield Fact("wrong width or centre", what, torch.full((4,), widths**2 / 2), drop, HINT_DROP)
    x = rows((0.1, 0.2), (1.0, -1.0), (-2.0, 0.0))
    pairs = student(x[:, None], z, alpha, beta, shape=(3, 4))
    singly = torch.stack([student(row.expand(4, 2).clone(), z, alpha, beta, shape=(4,)) for row in x])
    what = "log-densities with `x` of shape (3, 1, 2) and `z` of shape (4, 2)"
    yield Fact("axes in front", what, singly, pairs, HINT_AXES)
    alone = student(x[0], z[0], alpha, beta, shape=())
    what = "log-density of one state without a batch"
    yield from failing([Fact("axes in front", what, singly[0, 0], alone, HINT_AXES)])
    yield from failing(_extremes(student))


def _extremes(student: StudentFunction) -> Iterator[Fact]:
    """45 widths away from the centre on the line, then near it in 64 dimensions."""
    alpha, beta = scalar(0.9), scalar(0.02)
    got = student(rows((0.0,)), rows((1.0,)), alpha, beta, shape=(1,), finite=False)
    right = -(math.log(0.02) + HALF_LOG_2PI) - 45**2 / 2
    what = "log-density 45 widths away from the centre, on the line"
    # What a bound or an addend holds back, and what became infinite, is one and the same mistake.
    held = got.nan_to_num(0.0, 0.0, 0.0).clamp(-2000, 200)
    printed = "" if got.isfinite().all() else f"{float(got):g}"
    far = torch.tensor([right])
    yield Fact("wrong far out", what, far, held, HINT_FAR, 0.2, 100.0, measured_text=printed)
    if float(held) > -500:
        return
    z, beta = torch.ones(2, 64, dtype=torch.float64), scalar(0.4)
    x = alpha * z + torch.tensor([[0.0], [beta]])
    peak = -64 * (math.log(0.4) + HALF_LOG_2PI)
    got = student(x, z, alpha, beta, shape=(2,), finite=False)
    what = "log-density of 64 coordinates, on the centre and one beta away in each"
    yield Fact("wrong in many dimensions", what, torch.tensor([peak, peak - 32]), got, HINT_FAR, 0.02)
