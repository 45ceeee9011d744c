"""Exercise 7.7: the variances of the cosine schedule."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...paths import cosine_betas as _library
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike
from .common import facts_hold

Rule = Callable[[int, float], Tensor]
Angle = Callable[[Tensor, int, float], Tensor]
"""Angle over a quarter of a circle, of (k, K, offset)."""
LARGEST = 0.999


def _cosine_betas(steps: int, offset: float) -> Tensor:
    """Variances of the steps that make the share of the data fall along a squared cosine."""
    return _library(int(steps), float(offset), LARGEST)


def _right(k: Tensor, steps: int, offset: float) -> Tensor:
    return (k / steps + offset) / (1 + offset)


def _quotients(f: Tensor) -> Tensor:
    return 1 - f[1:] / f[:-1]


def _rule(
    angle: Angle = _right,
    power: int = 2,
    betas: Callable[[Tensor], Tensor] = _quotients,
    largest: float = LARGEST,
) -> Rule:
    """Variances from the power of the cosine of an angle, by what is made of its values at 0 … K."""

    def rule(steps: int, offset: float) -> Tensor:
        k = torch.arange(steps + 1, dtype=torch.float64)
        return betas((angle(k, steps, offset) * math.pi / 2).cos() ** power).clamp(max=largest)

    return rule


MISTAKES: dict[str, Mistake] = alike(
    "The angle of your cosine is another one. The offset is a part of the whole time, like k / K, to which "
    "it is added; the whole sum is divided so that k = K comes to a right angle again. Put k = 0 and k = K "
    "in.",
    {
        "offset left out": _rule(lambda k, steps, offset: k / steps),
        "offset not divided out": _rule(lambda k, steps, offset: k / steps + offset),
        "offset in steps": _rule(lambda k, steps, offset: (k + offset) / (steps + offset)),
        "offset of the paper": _rule(lambda k, steps, offset: _right(k, steps, 0.008)),
        "offset added to K": _rule(lambda k, steps, offset: k / (steps + offset) / (1 + offset)),
        "only the offset divided": _rule(lambda k, steps, offset: k / steps + offset / (1 + offset)),
        "only k / K divided": _rule(lambda k, steps, offset: k / steps / (1 + offset) + offset),
        "k not divided by K": _rule(lambda k, steps, offset: (k + offset) / (1 + offset)),
        "half a circle": _rule(lambda k, steps, offset: 2 * _right(k, steps, offset)),
        "offset subtracted": _rule(lambda k, steps, offset: (k / steps - offset) / (1 - offset)),
        "one step too few in the angle": _rule(lambda k, steps, offset: _right(k, steps + 1, offset)),
        "one step too many in the angle": _rule(lambda k, steps, offset: _right(k + 1, steps, offset)),
    },
) | alike(
    "What you return is made of the right shares, but it is no step's variance. Your step should take a "
    "part away from what is *still there*: compare the share after the step with the one before it, by a "
    "quotient. A variance is what this lacks to one.",
    {
        "share in place of variance": _rule(betas=lambda f: f[1:] / f[0]),
        "rest of all steps": _rule(betas=lambda f: 1 - f[1:] / f[0]),
        "alpha for beta": _rule(betas=lambda f: f[1:] / f[:-1]),
        "differences of the share": _rule(betas=lambda f: -f.diff()),
        "differences of alpha-bar": _rule(betas=lambda f: -f.diff() / f[0]),
        "differences over the later share": _rule(betas=lambda f: f[:-1] / f[1:] - 1),
        "logarithms of the quotients": _rule(betas=lambda f: -f.log().diff()),
        "standard deviations": _rule(betas=lambda f: _quotients(f).clamp(max=LARGEST).sqrt(), largest=1.0),
        "quotient upside down": _rule(betas=lambda f: (1 - f[:-1] / f[1:]).clamp(min=-1e6)),
    },
)
MISTAKES |= alike(
    "Your variances stand at the wrong places. Entry 0 belongs to step 1, from k = 0 to k = 1, next to the "
    "data, which adds the least noise. There is one entry for each *step*, up to the step that ends at K.",
    {
        "opposite order": _rule(betas=lambda f: _quotients(f).flip(0)),
        "first step left out": _rule(betas=lambda f: torch.cat([_quotients(f)[1:], f.new_ones(1)])),
        "first step of no size": _rule(betas=lambda f: torch.cat([f.new_zeros(1), _quotients(f)[:-1]])),
    },
)
MISTAKES |= alike(
    "Your share of the variance falls like another power of the cosine. The data's weight is the cosine; "
    "the share is its *square*. Count your squares and your roots, that of the quotient included.",
    {"cosine not squared": _rule(power=1), "cosine squared twice": _rule(power=4)},
)
MISTAKES |= {
    "not bounded": (
        _rule(largest=1.0),
        "Your last variance is 1: that step would wipe out everything at once, and the way back would "
        "divide by zero. The paper bounds all variances by 0.999.",
    ),
}

HINT_RANGE = (
    "A variance of a step lies above 0, and here at most at 0.999. Some of yours do not. What does your "
    "formula do at the first and at the last step?"
)
HINT_SHARE = (
    "With your variances the share of the data that is left does not follow the squared cosine. The check "
    "multiplies one minus your variances, and compares the root of the product with the cosine, over its "
    "value at k = 0. Is your angle right, and do you bound more than the last variance?"
)
HINT_LAST = (
    "The last variance should be cut off at 0.999: the squared cosine ends at zero, which no product of "
    "factors reaches."
)


@exercise("7.7", "The cosine schedule", "stretch", "steps, offset", _cosine_betas, MISTAKES)
def cosine_betas(student: StudentFunction) -> Iterator[Fact]:
    """Between 0 and the bound; the share along the squared cosine; the last step; for three chains."""
    for chains in (
        ((12, 0.03), (3, 0.5)),
        ((1000, 0.008),),
    ):  # the long one for those who know the short ones
        found = [(student(steps, offset, shape=(steps,)).double(), steps, offset) for steps, offset in chains]
        if not (yield from facts_hold(fact for chain in found for fact in _facts(*chain))):
            return


def _facts(betas: Tensor, steps: int, offset: float) -> Iterator[Fact]:
    outside = float(((betas <= 0) | (betas > LARGEST + 1e-6)).double().sum())
    what = "variances outside of (0, 0.999]"
    yield Fact("not a variance", what, 0.0, outside, HINT_RANGE, match_tol=1.5)
    k = torch.arange(1, steps - steps // 20)  # in single precision the last ones are no more exact
    law = torch.cos(math.pi / 2 * _right(k.double(), steps, offset))
    law = law / math.cos(math.pi / 2 * _right(torch.zeros(()), steps, offset))
    off = ((1 - betas[: len(k)]).cumprod(0).clamp(0, 1e3).sqrt() / law).clamp(max=10)
    what = f"root of alpha-bar over the cosine, {steps} steps"
    yield Fact("wrong share", what, torch.ones(len(k)), off, HINT_SHARE, 2e-3)
    what = "last variance"
    yield Fact("last step not bounded", what, LARGEST, betas[-1].clamp(min=-1), HINT_LAST, 5e-4)
