"""Exercise 7.7: the variance of the way back, exactly, for normal data."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from .common import shares, uneven

Rule = Callable[[int, Tensor, Tensor, float], Tensor]
Numbers = dict[str, Tensor]


def _rule(change: Callable[[Numbers], Tensor]) -> Rule:
    """A variance from the paper's numbers, and from the variances of the states at k - 1 and at k."""

    def rule(k: int, betas: Tensor, alpha_bar: Tensor, c: float) -> Tensor:
        bar, before, width = alpha_bar[k], alpha_bar[k - 1], torch.tensor(c, dtype=torch.float64)
        n = {
            "beta": betas[k - 1],
            "after": betas[min(k, len(betas) - 1)],
            "bar": bar,
            "before": before,
            "c": width,
        }
        n |= {"now": bar * width**2 + 1 - bar, "then": before * width**2 + 1 - before}
        return change(n)

    return rule


_reverse_variance = _rule(lambda n: n["beta"] * n["then"] / n["now"])

RIVALS: dict[str, tuple[Rule, str]] = {
    "beta": (
        _rule(lambda n: n["beta"] + 0 * n["c"]),
        "You return beta whatever the data are. That is the variance of the step *forward*; on the way back "
        "it is right for one width of the data only. For which?",
    ),
    "beta-tilde": (
        _rule(lambda n: n["beta"] * (1 - n["before"]) / (1 - n["bar"]) + 0 * n["c"]),
        "You return beta-tilde whatever the data are. It supposes that the data point is known, so it is "
        "right only where all data are one point.",
    ),
    "width for variance": (
        _rule(
            lambda n: (
                n["beta"] * (n["before"] * n["c"] + 1 - n["before"]) / (n["bar"] * n["c"] + 1 - n["bar"])
            )
        ),
        "You put the width `c` of the data where their variance belongs. A square is missing, which does not "
        "show for a width of one or zero.",
    ),
    "c multiplied by the roots": (
        _rule(
            lambda n: (
                n["beta"]
                * (n["before"].sqrt() * n["c"] ** 2 + 1 - n["before"])
                / (n["bar"].sqrt() * n["c"] ** 2 + 1 - n["bar"])
            )
        ),
        "In the variance of a state the data's variance is multiplied by the square of their weight, which "
        "is alpha-bar itself, without a root.",
    ),
    "data forgotten above": (
        _rule(lambda n: n["beta"] * (1 - n["before"]) / n["now"]),
        "Above the fraction bar you count only the noise of the state at k - 1. Its variance has the data's "
        "part too.",
    ),
    "data forgotten below": (
        _rule(lambda n: n["beta"] * n["then"] / (1 - n["bar"])),
        "Below the fraction bar you count only the noise of the state at k. Its variance has the data's part "
        "too.",
    ),
    "fraction upside down": (
        _rule(lambda n: n["beta"] * n["now"] / n["then"]),
        "Your fraction is upside down. Knowing x_k makes x_{k-1} less uncertain than it was, so the variance "
        "is below that of the state before, and for one data point it vanishes at k = 1.",
    ),
    "standard deviation": (
        _rule(lambda n: (n["beta"] * n["then"] / n["now"]).sqrt()),
        "You return a standard deviation, ready to be multiplied with noise. The exercise asks for the "
        "variance, so that it can be compared with beta.",
    ),
    "read one place too late": (
        _rule(lambda n: n["after"] * n["then"] / n["now"]),
        "You use the variance of the step after this one. The list `betas` begins with step 1 at its place "
        "0.",
    ),
    "variance of the state": (
        _rule(lambda n: n["then"]),
        "You return the variance of x_{k-1} when nothing is known. Here x_k is known, which narrows it.",
    ),
    "variance of the state now": (
        _rule(lambda n: n["now"]),
        "You return the variance of x_k. Asked for is how uncertain x_{k-1} is when x_k is known.",
    ),
    "gain left out": (
        _rule(lambda n: n["then"] - n["then"] ** 2 / n["now"]),
        "Your formula takes away what x_k tells, but without the factor of the step: the covariance of the "
        "two states is the variance of the first times the *root of alpha*, and that is squared.",
    ),
    "root of alpha not squared": (
        _rule(lambda n: n["then"] - (1 - n["beta"]).sqrt() * n["then"] ** 2 / n["now"]),
        "In what x_k takes away from the uncertainty the covariance is squared, and so is the root of alpha "
        "in it.",
    ),
    "precisions added, not turned over": (
        _rule(lambda n: 1 / n["then"] + (1 - n["beta"]) / n["beta"]),
        "You add up the precisions, which is right, and return their sum. A variance is one over it.",
    ),
    "variances added": (
        _rule(lambda n: 1 / (1 / n["then"] + 1 / n["beta"])),
        "You add the precision of the state before and that of the step. But the step also shrank the state: "
        "seen from x_{k-1}, its precision is alpha over beta.",
    ),
    "squared too much": (
        _rule(lambda n: n["beta"] * (n["then"] / n["now"]) ** 2),
        "You square the fraction of the two variances. Bayes' rule for normal laws has it once.",
    ),
    "mean of the two": (
        _rule(lambda n: n["beta"] * (1 + (1 - n["before"]) / (1 - n["bar"])) / 2 + 0 * n["c"]),
        "You return the middle between beta and beta-tilde. The truth does lie between them for narrow data, "
        "but where it lies depends on how wide they are.",
    ),
}
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


@exercise("7.7", "The right variance", "stretch", "k, betas, alpha_bar, c", _reverse_variance, RIVALS)
def reverse_variance(ask: Ask) -> Iterator[Fact]:
    """Both ends, where the answers are DDPM's two variances, and the law of total variance between."""
    betas = uneven(9)
    alpha_bar = shares(betas)

    def variances(c: float) -> Tensor:
        return torch.stack([ask(k, betas, alpha_bar, c, shape=()).double() for k in (2, 4, 7)])

    at = torch.tensor([2, 4, 7])
    beta, before, bar = betas[at - 1], alpha_bar[at - 1], alpha_bar[at]
    yield Fact("wrong for width one", "variance at k = 2, 4, 7 for c = 1", beta, variances(1.0), LOOK_ONE)
    point = 1 / (1 / (1 - before) + (1 - beta) / beta)
    yield Fact("wrong for one point", "variance at k = 2, 4, 7 for c = 0", point, variances(0.0), LOOK_POINT)
    for c in (0.4, 2.0):
        then, now = before * c**2 + 1 - before, bar * c**2 + 1 - bar
        told = (1 - beta) * then.square() / now
        what = f"your variance, and what x_k tells, over the whole variance, for c = {c:g}"
        came = (told + variances(c)) / then
        yield Fact("parts do not add up", what, torch.ones(3), came, LOOK_TOTAL)
