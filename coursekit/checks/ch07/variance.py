"""Exercise 7.7: the variance of the way back, exactly, for normal data."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .common import shares, uneven
from .variance_rivals import MISTAKES
from .variance_rivals import reverse_variance as reference

LOOK_ONE = (
    "For standard normal data every state of the chain is standard normal, and the way back is as uncertain "
    "as the way there: your variance should be beta. Put c = 1 in."
)
LOOK_POINT = (
    "If all data are one point, you know the data point, and the variance is that of the paper's posterior, "
    "beta-tilde. Put c = 0 in."
)
LOOK_TOTAL = (
    "The variance of x_{k-1} has two parts: what x_k tells about it, and what stays uncertain. Yours does "
    "not fill up the sum. The first part is the squared covariance of both over the variance of x_k."
)


@exercise("7.7", "The right variance", "stretch", "k, betas, alpha_bar, c", reference, MISTAKES, double=True)
def reverse_variance(student: StudentFunction) -> Iterator[Fact]:
    """Both ends, where the answers are DDPM's two variances, and the law of total variance between."""
    betas = uneven(9)
    alpha_bar = shares(betas)

    def variances(c: float, *ks: int) -> Tensor:
        return torch.stack([student(k, betas, alpha_bar, c, shape=()).double() for k in ks])

    at = torch.tensor([1, 2, 4, 7])
    beta, before, bar = betas[at - 1], alpha_bar[at - 1], alpha_bar[at]
    what, came = "variance at k = 1, 2, 4, 7 for c = 1", variances(1.0, 1, 2, 4, 7)
    yield Fact("wrong for width one", what, beta, came, LOOK_ONE)
    point = 1 / (1 / (1 - before) + (1 - beta) / beta)
    what, came = "variance at k = 2, 4, 7 for c = 0", variances(0.0, 2, 4, 7)  # at 1 it is 0, or 0 / 0
    yield Fact("wrong for one point", what, point[1:], came, LOOK_POINT)
    for c in (0.4, 2.0):
        then, now = before * c**2 + 1 - before, bar * c**2 + 1 - bar
        told = (1 - beta) * then.square() / now
        what = f"your variance, and what x_k tells, over the whole variance, for c = {c:g}"
        came = (told + variances(c, 1, 2, 4, 7)) / then
        yield Fact("parts do not add up", what, torch.ones(4), came, LOOK_TOTAL)
