"""Exercise 7.6: the variances of the cosine schedule."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...paths import cosine_betas as _library
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

Rule = Callable[[int, float], Tensor]
LARGEST = 0.999


def _cosine_betas(steps: int, offset: float) -> Tensor:
    """Variances of the steps that make the share of the data fall along a squared cosine."""
    return _library(int(steps), float(offset), LARGEST)


def _share(steps: int, offset: float, count: int | None = None) -> Tensor:
    k = torch.arange((steps if count is None else count) + 1, dtype=torch.float64)
    return torch.cos((k / steps + offset) / (1 + offset) * math.pi / 2).square()


def _from(shares: Callable[[int, float], Tensor], largest: float = LARGEST) -> Rule:
    """Variances from the shares at 0 … K."""

    def rule(steps: int, offset: float) -> Tensor:
        f = shares(steps, offset)
        return (1 - f[1:] / f[:-1]).clamp(max=largest)

    return rule


def _angle(angle: Callable[[Tensor, float], Tensor], power: int = 2) -> Rule:
    """Variances from the power of the cosine of an angle, of (k / K, offset)."""
    return _from(
        lambda steps, offset: (
            angle(torch.arange(steps + 1, dtype=torch.float64) / steps, offset).cos() ** power
        )
    )


MISTAKES: dict[str, tuple[Rule, str]] = {
    "cosine not squared": (
        _angle(lambda s, offset: (s + offset) / (1 + offset) * math.pi / 2, 1),
        "Your share of the variance falls like a cosine. It should fall like its *square*: the data's weight "
        "is the cosine, and a variance is a square. (Or do you take a root of the quotient?)",
    ),
    "offset left out": (
        _angle(lambda s, offset: s * math.pi / 2),
        "You do not use the offset. Without it the first steps are so small that the noise in them can "
        "hardly be found.",
    ),
    "offset not divided out": (
        _angle(lambda s, offset: (s + offset) * math.pi / 2),
        "You add the offset, but the angle then goes beyond the quarter of a circle at the end. Divide, so "
        "that k = K comes to the right angle again.",
    ),
    "offset in steps": (
        _angle(lambda s, offset: (s + offset * s[1]) / (1 + offset * s[1]) * math.pi / 2),
        "Your offset is counted in steps. It is a part of the whole time, like k / K, to which it is added.",
    ),
    "offset of the paper": (
        lambda steps, offset: _cosine_betas(steps, 0.008),
        "You put 0.008 in for the offset, which is the paper's choice. Here it is an argument: use the one "
        "that you are given.",
    ),
    "offset added to K": (
        _from(
            lambda steps, offset: (
                (torch.arange(steps + 1).double() / (steps + offset) / (1 + offset) * math.pi / 2).cos() ** 2
            )
        ),
        "Brackets: you add the offset to K, below the fraction bar. It is added to the quotient k / K.",
    ),
    "only the offset divided": (
        _angle(lambda s, offset: (s + offset / (1 + offset)) * math.pi / 2),
        "Brackets: you divide only the offset by one plus the offset. The whole sum is divided, so that the "
        "angle ends at a quarter of a circle.",
    ),
    "k not divided by K": (
        _from(
            lambda steps, offset: (
                ((torch.arange(steps + 1).double() + offset) / (1 + offset) * math.pi / 2).cos() ** 2
            )
        ),
        "Your angle grows by about a quarter of a circle with every step. It is k / K that runs from 0 to 1, "
        "over the whole chain.",
    ),
    "half a circle": (
        _angle(lambda s, offset: (s + offset) / (1 + offset) * math.pi),
        "Your angle runs through half a circle, so that the squared cosine falls to zero half way and rises "
        "again. A quarter is enough.",
    ),
    "not bounded": (
        _from(_share, largest=1.0),
        "Your last variance is 1: that step would wipe out everything at once, and the way back would divide "
        "by zero. The paper bounds all variances by 0.999.",
    ),
    "share in place of variance": (
        lambda steps, offset: _share(steps, offset)[1:] / _share(steps, offset)[0],
        "You return alpha-bar, the share that is left after k steps. A variance belongs to one step: what "
        "does that step take away from what was there?",
    ),
    "rest of all steps": (
        lambda steps, offset: (1 - _share(steps, offset)[1:] / _share(steps, offset)[0]).clamp(max=LARGEST),
        "You return the variance of the noise after *all* k steps. A step's own variance compares the share "
        "with that of the step before.",
    ),
    "alpha for beta": (
        lambda steps, offset: _share(steps, offset)[1:] / _share(steps, offset)[:-1],
        "You return what each step leaves. The variance of its noise is the rest to one.",
    ),
    "differences of the share": (
        lambda steps, offset: (_share(steps, offset)[:-1] - _share(steps, offset)[1:]).clamp(max=LARGEST),
        "You subtract shares. A step takes away a part of what is *still there*, so compare two neighbours "
        "by a quotient.",
    ),
    "differences of alpha-bar": (
        lambda steps, offset: -(_share(steps, offset) / _share(steps, offset)[0]).diff().clamp(min=-LARGEST),
        "You subtract shares. A step takes away a part of what is *still there*, so compare two neighbours "
        "by a quotient.",
    ),
    "standard deviations": (
        lambda steps, offset: _cosine_betas(steps, offset).sqrt(),
        "You return standard deviations. The paper's beta is a variance: noise is multiplied by its root "
        "later, where it is added.",
    ),
    "quotient upside down": (
        lambda steps, offset: (1 - _share(steps, offset)[:-1] / _share(steps, offset)[1:]).clamp(
            -1e6, LARGEST
        ),
        "Your variances are negative, because your quotient is upside down: the share after the step over "
        "the share before it is below one.",
    ),
    "sine for cosine": (
        lambda steps, offset: _cosine_betas(steps, offset).flip(0),
        "Your variances stand in the opposite order, with the largest at the beginning. Step 1 is next to "
        "the data and adds the least noise.",
    ),
    "one step too few in the angle": (
        lambda steps, offset: _from(
            lambda n, s: torch.cos(
                (torch.arange(n + 1).double() / (n + 1) + s) / (1 + s) * math.pi / 2
            ).square()
        )(steps, offset),
        "Your angle does not reach the quarter of a circle at k = K. It is k / K that runs from 0 to 1: "
        "there are K steps, and K + 1 values of k.",
    ),
    "first step of no size": (
        lambda steps, offset: torch.cat([torch.zeros(1).double(), _cosine_betas(steps, offset)[:-1]]),
        "Your list begins with a variance of 0, so that all others stand one place too late. It has one "
        "entry for each *step*; step 1 goes from k = 0 to k = 1.",
    ),
}
LOOK_RANGE = (
    "A variance of a step lies above 0, and here at most at 0.999. Some of yours do not. What does your "
    "formula do at the first and at the last step?"
)
LOOK_SHARE = (
    "With your variances the share of the data that is left does not follow the squared cosine. The check "
    "multiplies one minus your variances, and compares the root of the product with the cosine, over its "
    "value at k = 0."
)
LOOK_LAST = (
    "The last variance should be cut off at 0.999: the squared cosine ends at zero, which no product of "
    "factors reaches."
)


@exercise("7.6", "The cosine schedule", "stretch", "steps, offset", _cosine_betas, MISTAKES, double=True)
def cosine_betas(student: StudentFunction) -> Iterator[Fact]:
    """Between 0 and the bound; the share along the squared cosine; the last step."""
    for steps, offset in ((12, 0.03), (20, 0.1)):
        betas = student(steps, offset, shape=(steps,)).double()
        outside = float(((betas <= 0) | (betas > LARGEST + 1e-6)).double().sum())
        what = f"variances outside of (0, 0.999], with {steps} steps"
        yield Fact("not a variance", what, 0.0, outside, LOOK_RANGE, match_tol=1.5)
        k = torch.arange(1, steps, dtype=torch.float64)
        law = torch.cos(math.pi / 2 * (k / steps + offset) / (1 + offset))
        law = law / math.cos(math.pi / 2 * offset / (1 + offset))
        left = (1 - betas[:-1]).cumprod(0).clamp(0, 1e3).sqrt()
        what = f"root of alpha-bar after 1 … {steps - 1} steps, over the cosine"
        yield Fact(
            "wrong share", what, torch.ones(steps - 1), (left / law).clamp(max=10), LOOK_SHARE, match_tol=5e-3
        )
        yield Fact(
            "last step not bounded",
            "variance of the last step",
            LARGEST,
            betas[-1].clamp(min=-1),
            LOOK_LAST,
            5e-4,
        )
