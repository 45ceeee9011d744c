"""Exercise 7.8: the variance of a way back of any length, exactly, for normal data."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace as Numbers

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike
from .common import posterior_variance, shares, uneven

Rule = Callable[[int, int, Tensor, float], Tensor]
Variance = Callable[[Tensor, float], Tensor]
"""Variance of a state, of (alpha-bar, c)."""


def _state(bar: Tensor, c: float) -> Tensor:
    return bar * c**2 + 1 - bar


def _rule(change: Callable[[Numbers], Tensor], state: Variance = _state) -> Rule:
    """A variance, of the numbers of a way back: `beta` is what its steps took of a variance."""

    def rule(k: int, j: int, alpha_bar: Tensor, c: float) -> Tensor:
        last, table = len(alpha_bar) - 1, alpha_bar.double()
        n = Numbers(bar=table[k], before=table[j], single=table[k] / table[k - 1], c=c)
        n.beta = 1 - n.bar / n.before
        at = (max(j - 1, 0), j, k, min(k + 1, last))
        n.earlier, n.then, n.now, n.later = (state(table[i], c) for i in at)
        return change(n) + 0 * table[0]

    return rule


def _bayes(n: Numbers) -> Tensor:
    return n.beta * n.then / n.now


reference = _rule(_bayes)


def _certain_at_the_end(k: int, j: int, alpha_bar: Tensor, c: float) -> Tensor:
    return reference(k, j, alpha_bar, c) * (j > 0)


HINT_ONE = (
    "For standard normal data every state of the chain is standard normal, and the way back is as uncertain "
    "as the way there: your variance should be that of the noise which comes in between j and k. Put c = 1 "
    "in."
)
HINT_POINT = (
    "If all data are one point, you know the data point, and the variance is that of the posterior of "
    "exercise 7.3. Put c = 0 in."
)
HINT_TOTAL = (
    "The variance of x_j has two parts: what x_k tells about it, and what stays uncertain. Yours does not "
    "fill up the sum. The first part is the *square* of their covariance over the variance of x_k; the "
    "covariance is the variance of x_j times the factor by which the steps in between shrink a state."
)

MISTAKES: dict[str, Mistake] = alike(
    "You return the same whatever the data are. That is right for one width of the data only: what does "
    "your result have to do with `c`, and for which `c` is the paper's choice exact?",
    {
        "beta": _rule(lambda n: n.beta),
        "beta-tilde": _rule(posterior_variance),
        "mean of beta and beta-tilde": _rule(lambda n: (n.beta + posterior_variance(n)) / 2),
    },
)
MISTAKES |= alike(
    "The variance of a state is another one in your formula. The state is a sum of the data and the noise, "
    "each multiplied by its weight. Its variance has both parts, with the *squares* of the weights and of "
    "the width `c`; that of the data is the table's entry, without a root.",
    {
        "width for variance": _rule(_bayes, lambda bar, c: bar * c + 1 - bar),
        "c multiplied by the roots": _rule(_bayes, lambda bar, c: bar.sqrt() * c**2 + 1 - bar),
        "roots of both weights": _rule(_bayes, lambda bar, c: bar.sqrt() * c**2 + (1 - bar).sqrt()),
        "alpha-bar squared": _rule(_bayes, lambda bar, c: bar**2 * c**2 + 1 - bar),
        "weights of data and noise swapped": _rule(_bayes, lambda bar, c: bar + (1 - bar) * c**2),
        "data not shrunk": _rule(_bayes, lambda bar, c: c**2 + 1 - bar),
        "noise at full strength": _rule(_bayes, lambda bar, c: bar * c**2 + 1),
        "standard deviations of the states": _rule(_bayes, lambda bar, c: _state(bar, c).sqrt()),
        "data forgotten above": _rule(lambda n: n.beta * (1 - n.before) / n.now),
        "data forgotten below": _rule(lambda n: n.beta * n.then / (1 - n.bar)),
    },
)
MISTAKES |= alike(
    "The steps between j and k are another number than you take. What they leave of a variance is a "
    "quotient of two entries of the table; `alpha_bar` begins with the index 0, the data.",
    {
        "one step only": _rule(lambda n: (1 - n.single) * n.then / n.now),
        "all steps": _rule(lambda n: (1 - n.bar) * n.then / n.now),
        "difference of the shares": _rule(lambda n: (n.before - n.bar) * n.then / n.now),
        "states one index late": _rule(lambda n: n.beta * n.now / n.later),
        "states one index early": _rule(lambda n: n.beta * n.earlier / n.then),
    },
)
MISTAKES |= alike(
    "You return another quantity. Wanted is how uncertain the earlier state x_j still is once x_k is known. "
    "That is a variance, and less than x_j has before anything is known.",
    {
        "variance of the state": _rule(lambda n: n.then),
        "variance of the state now": _rule(lambda n: n.now),
        "variance of the data point": _rule(lambda n: n.c**2 * (1 - n.bar) / n.now),
        "standard deviation": _rule(lambda n: _bayes(n).sqrt()),
        "quotient alone": _rule(lambda n: n.then / n.now),
        "variance of x_k given x_j": _rule(lambda n: n.now - (1 - n.beta) * n.then),
    },
)
MISTAKES |= alike(
    "Your quotient of the two variances is right or nearly so, but what you make of it is not. For data of "
    "width one all states have variance one, and the way back is as uncertain as the step there.",
    {
        "fraction upside down": _rule(lambda n: n.beta * n.now / n.then),
        "squared too much": _rule(lambda n: n.beta * (n.then / n.now) ** 2),
        "root of beta": _rule(lambda n: n.beta.sqrt() * n.then / n.now),
        "root of the quotient": _rule(lambda n: n.beta * (n.then / n.now).sqrt()),
        "share left for share taken": _rule(lambda n: (1 - n.beta) * n.then / n.now),
    },
)
MISTAKES |= alike(
    HINT_TOTAL,
    {
        "gain left out": _rule(lambda n: n.then - n.then**2 / n.now),
        "root of alpha not squared": _rule(lambda n: n.then - (1 - n.beta).sqrt() * n.then**2 / n.now),
        "covariance not squared": _rule(lambda n: n.then * (1 - (1 - n.beta).sqrt())),
        "covariance not divided": _rule(lambda n: n.then - (1 - n.beta) * n.then**2),
    },
)
MISTAKES |= alike(
    "The precisions are put together in another way. One over the variance of x_j, before anything is "
    "known, and the precision of the measurement add up; the result is one over the sum. Seen from x_j, the "
    "steps multiplied by the root of what they leave and then added noise.",
    {
        "precisions added, not turned over": _rule(lambda n: 1 / n.then + (1 - n.beta) / n.beta),
        "measurement not shrunk": _rule(lambda n: 1 / (1 / n.then + 1 / n.beta)),
        "alpha-bar for alpha": _rule(lambda n: 1 / (1 / n.then + n.bar / n.beta)),
        "root of alpha for alpha": _rule(lambda n: 1 / (1 / n.then + (1 - n.beta).sqrt() / n.beta)),
        "precision of the state now": _rule(lambda n: 1 / (1 / n.now + (1 - n.beta) / n.beta)),
        "sum of the variances": _rule(lambda n: n.then + n.beta / (1 - n.beta)),
    },
)
MISTAKES |= {
    "no variance in the last step": (
        _certain_at_the_end,
        "At j = 0 you return 0, as DDPM leaves the noise of the last step out. The data are not one point, "
        "so a noisy state still leaves them uncertain.",
    ),
}


@exercise("7.8", "The right variance", "stretch", "k, j, alpha_bar, c", reference, MISTAKES)
def reverse_variance(student: StudentFunction) -> Iterator[Fact]:
    """Both ends, where the answers are DDPM's two variances, and the law of total variance between."""

    def variances(table: Tensor, c: float, ways: list[tuple[int, int]]) -> Tensor:
        return torch.stack([student(k, j, table, c, shape=()).double() for k, j in ways])

    for steps, ways in ((9, [(3, 0), (4, 1), (7, 2), (8, 7)]), (6, [(6, 2), (3, 2)])):
        table = shares(uneven(9) if steps == 9 else 4 * uneven(6))
        k, j = torch.tensor(ways).T
        bar, before = table[k], table[j]
        beta = 1 - bar / before
        what = f"variance for c = 1 at (k, j) = {', '.join(map(str, ways))} of {steps}"
        yield Fact("wrong for width one", what, beta, variances(table, 1.0, ways), HINT_ONE)
        later = [way for way in ways if way[1] > 0]  # at 0 it is 0, or 0 / 0
        point = (1 / (1 / (1 - before) + (1 - beta) / beta))[j > 0]
        what = "for c = 0, without j = 0"
        yield Fact("wrong for one point", what, point, variances(table, 0.0, later), HINT_POINT)
        parts = []
        for c in (0.4, 2.0, 0.05):
            then, now = _state(before, c), _state(bar, c)
            rest = then - (1 - beta) * then.square() / now  # what x_k leaves of it
            parts.append((variances(table, c, ways) / rest).clamp(-9, 9))
        what = "for c = 0.4, 2 and 0.05, over what x_k leaves"
        yield Fact(
            "parts do not add up", what, torch.ones(3, len(ways)), torch.stack(parts), HINT_TOTAL, 2e-3
        )
