"""Exercise 7.3: the law of an earlier state of the chain, given a later one and the data point."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace as Numbers

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, recurring
from .common import shares, uneven

Rule = Callable[[Tensor, Tensor, int, int, Tensor], tuple[Tensor, Tensor]]
Number = Callable[[Numbers], Tensor]
"""A number, of alpha-bar `a` at k and `b` at j, and the quotient `r` of the two."""


def rule(
    of_state: Number = lambda n: n.r.sqrt() * (1 - n.b) / (1 - n.a),
    of_data: Number = lambda n: n.b.sqrt() * (1 - n.r) / (1 - n.a),
    variance: Number = lambda n: (1 - n.b) * (1 - n.r) / (1 - n.a),
    places: Callable[[int, int, int], tuple[int, int]] = lambda k, j, last: (k, j),
) -> Rule:
    """A posterior from its parts: both weights in the mean, the variance, and the places in the table."""

    def law(x: Tensor, z: Tensor, k: int, j: int, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
        at, to = places(k, j, len(alpha_bar) - 1)
        n = Numbers(a=alpha_bar[at].double(), b=alpha_bar[to].double())
        n.r = n.a / n.b
        return of_data(n).to(z) * z + of_state(n).to(x) * x, variance(n).to(x)

    return law


def _witnesses(
    of_data: Number = lambda n: n.b.sqrt(),
    of_state: Number = lambda n: 1 / n.r.sqrt(),
    first: Number = lambda n: 1 - n.b,
    second: Number = lambda n: (1 - n.r) / n.r,
) -> Rule:
    """A posterior from what its two witnesses say of x_j: the estimate and variance of each."""
    return rule(
        lambda n: of_state(n) * first(n) / (first(n) + second(n)),
        lambda n: of_data(n) * second(n) / (first(n) + second(n)),
        lambda n: first(n) * second(n) / (first(n) + second(n)),
    )


posterior_law = rule()
"""Mean and variance of x_j, given x_k and the data point: the library's own version."""


def _always_one_step(k: int, j: int, last: int) -> tuple[int, int]:
    return k, k - 1


def _precise(x: Tensor, z: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """By precisions as they stand: at j = 0 one of them is infinite, and the mean is inf over inf."""
    forwards, backwards = 1 / (1 - b), a / b / (1 - a / b)
    total = forwards + backwards
    return (forwards * b.sqrt() * z + backwards * x / (a / b).sqrt()) / total, 1 / total


HINT_VARIANCE = (
    "Two Gaussians in x_j are multiplied, so one over the variance is the sum of one over each of theirs. "
    "One says what the data point tells about x_j, the other what x_k tells about it, seen from x_j. Write "
    "both variances down by themselves, and print them."
)
HINT_STATE = (
    "The state does not count as it should. The later state is the earlier one times a number below one, "
    "plus noise: undo the factor, and weigh the result by its share of the precision."
)
HINT_DATA = (
    "The data point does not count as it should. At the index j it is expected with its own weight, and this "
    "estimate counts by its share of the precision."
)
HINT_END = (
    "At j = 0 nothing is uncertain: x_0 is the data point, and the variance is zero. One of your two "
    "Gaussians has no width there, so a division by its variance is one by zero. Which form of the same "
    "fraction does without it?"
)
HINT_SIZES = (
    "On the chain tried first your law is right, on others it is not. The number of steps, of rows and of "
    "coordinates may be any, `k` may be the last index, and j any smaller one. What do your lines take for "
    "granted?"
)

MISTAKES: dict[str, Mistake] = alike(
    "Your variance is not made of the two variances as it should be: *precisions* add up. The more one "
    "knows about x_j, the smaller its variance, so the result is smaller than either of the two.",
    {
        "precisions not turned over": rule(variance=lambda n: (1 - n.a) / (1 - n.b) / (1 - n.r)),
        "variances added": rule(variance=lambda n: 1 - n.b + (1 - n.r) / n.r),
        "standard deviation": rule(variance=lambda n: ((1 - n.b) * (1 - n.r) / (1 - n.a)).sqrt()),
        "variance of x_j without x_k": rule(variance=lambda n: 1 - n.b),
        "variance of the noise in between": rule(variance=lambda n: 1 - n.r),
    },
)
MISTAKES |= alike(
    "What the later state says about the earlier one is read wrongly. By the chain, x_k is the root of a "
    "share times x_j, plus noise. Solve this for x_j: the division changes the noise, too, and its variance "
    "by the square.",
    {
        "noise in between not divided": _witnesses(second=lambda n: 1 - n.r),
        "noise divided by the root": _witnesses(second=lambda n: (1 - n.r) / n.r.sqrt()),
        "state not divided": _witnesses(of_state=lambda n: torch.ones_like(n.r)),
        "state divided by the share": _witnesses(of_state=lambda n: 1 / n.r),
        "state and noise not divided": _witnesses(
            lambda n: n.b.sqrt(), lambda n: 0 * n.r + 1, second=lambda n: 1 - n.r
        ),
        "state multiplied": _witnesses(of_state=lambda n: n.r.sqrt()),
    },
)
MISTAKES |= alike(
    "Between j and k the chain makes only *some* of the steps. What do they leave of the variance that was "
    "there at j? It is neither what all k steps leave, nor a difference of two entries of the table.",
    {
        "all steps in place of those between": _witnesses(
            of_state=lambda n: 1 / n.a.sqrt(), second=lambda n: (1 - n.a) / n.a
        ),
        "difference of the shares": _witnesses(second=lambda n: (n.b - n.a) / n.r),
        "difference of the shares, not divided": _witnesses(second=lambda n: n.b - n.a),
    },
)
MISTAKES |= alike(
    "What the data point says about x_j is read wrongly. It is the law of exercise 7.1 at the index j: the "
    "data point times a root, with the variance that is missing to one.",
    {
        "data point not shrunk": _witnesses(of_data=lambda n: torch.ones_like(n.b)),
        "root missing on the data point": _witnesses(of_data=lambda n: n.b),
        "standard deviation for its variance": _witnesses(first=lambda n: (1 - n.b).sqrt()),
    },
)
MISTAKES |= alike(
    "Your variance is right, your mean is not. Both witnesses enter it, and each counts by its *precision*: "
    "who is sure counts more. Near the data x_j is nearly known from the data point.",
    {
        "weights of state and data swapped": rule(
            lambda n: n.b.sqrt() * (1 - n.r) / (1 - n.a), lambda n: n.r.sqrt() * (1 - n.b) / (1 - n.a)
        ),
        "weighted by variance": rule(
            lambda n: (1 - n.r) / n.r.sqrt() / (1 - n.a), lambda n: n.b.sqrt() * (1 - n.b) * n.r / (1 - n.a)
        ),
        "plain average": rule(lambda n: 0.5 / n.r.sqrt(), lambda n: n.b.sqrt() / 2),
        "mean of the data point alone": rule(lambda n: 0 * n.r, lambda n: n.b.sqrt()),
        "mean of the state alone": rule(lambda n: 1 / n.r.sqrt(), lambda n: 0 * n.b),
        "product of the two precisions missing": rule(
            lambda n: n.r.sqrt() / (1 - n.r), lambda n: n.b.sqrt() / (1 - n.b)
        ),
    },
)
MISTAKES |= alike(
    "Your two tables of numbers belong to other indices. The state `x` lies at k, and the law is that of "
    "the state at the smaller index j, which may be many steps away. `alpha_bar` begins with the index 0.",
    {
        "indices swapped": rule(places=lambda k, j, last: (j, k)),
        "always one step": rule(places=_always_one_step),
        "table one place too early": rule(places=lambda k, j, last: (k - 1, max(j - 1, 0))),
        "table one place too late": rule(places=lambda k, j, last: (min(k + 1, last), min(j + 1, last))),
    },
)
MISTAKES |= alike(
    "Two things are known about x_j, the later state and the data point, and your law knows only one of "
    "them. Together they leave less doubt than either.",
    {
        "law without the later state": rule(lambda n: 0 * n.r, lambda n: n.b.sqrt(), lambda n: 1 - n.b),
        "law without the data point": rule(
            lambda n: 1 / n.r.sqrt(), lambda n: 0 * n.b, lambda n: (1 - n.r) / n.r
        ),
    },
)
MISTAKES |= {
    "forward law for the backward one": (
        _witnesses(of_state=lambda n: n.r.sqrt(), second=lambda n: 1 - n.r),
        "You take what the chain says of x_k given x_j for what x_k says of x_j: the state shrinks once "
        "more. Write the density of x_k given x_j down, and read it as a function of x_j.",
    ),
    "standard deviations for variances": (
        _witnesses(first=lambda n: (1 - n.b).sqrt(), second=lambda n: ((1 - n.r) / n.r).sqrt()),
        "You weigh by standard deviations. Precision is one over the *variance*, and it is precisions that "
        "add up when two Gaussians are multiplied.",
    ),
    "noise kept, nothing uncertain": (
        rule(
            lambda n: ((1 - n.b) / (1 - n.a)).sqrt(),
            lambda n: n.b.sqrt() - (n.a * (1 - n.b) / (1 - n.a)).sqrt(),
            lambda n: 0 * n.b,
        ),
        "You take the noise in the later state for the noise in the earlier one. Some of it came in "
        "between, so the earlier state is not known for certain. (Section 4 makes a sampler out of your "
        "idea.)",
    ),
}
MISTAKES |= recurring({"order swapped": lambda *given: posterior_law(*given)[::-1]})
MISTAKES |= {
    "a draw in place of the law": (
        lambda *given: (
            posterior_law(*given)[0] + posterior_law(*given)[1].sqrt() * torch.randn_like(given[0]),
            posterior_law(*given)[1],
        ),
        "You draw a state. Here its law is wanted: its mean, and its variance. Neither is random.",
    ),
    "divided by zero at the end": (
        lambda x, z, k, j, alpha_bar: _precise(x, z, alpha_bar[k], alpha_bar[j]),
        HINT_END,
    ),
}


@exercise("7.3", "Back, if you knew the data", "core", "x, z, k, j, alpha_bar", posterior_law, MISTAKES)
def posterior(student: StudentFunction) -> Iterator[Fact]:
    """Precisions that add up, both weights in the mean, certainty at the end, and other sizes."""
    alpha_bar = shares(3 * uneven(9))
    x, z = torch.randn(2, 5, 3)

    def of(x: Tensor, z: Tensor, k: int, j: int, table: Tensor, finite: bool = True) -> Tensor:
        """Mean and variance, (2, batch, dim)."""
        names = ("mean", "variance")
        return student.parts(
            x, z, k, j, table, shape=x.shape, names=names, broadcast=("variance",), finite=finite
        )

    pairs = ((5, 2), (8, 7), (4, 1))
    zero = torch.zeros(5, 3)
    of_state = torch.stack([of(x, zero, k, j, alpha_bar) for k, j in pairs])
    of_data = torch.stack([of(zero, z, k, j, alpha_bar)[0] for k, j in pairs])
    b, r = torch.stack([torch.stack([alpha_bar[j], alpha_bar[k] / alpha_bar[j]]) for k, j in pairs]).T
    total = 1 / (1 - b) + r / (1 - r)
    what = "at (k, j) = " + ", ".join(map(str, pairs))
    sums = of_state[:, 1] * total[:, None, None]
    label = f"variance times the sum of both precisions, {what}"
    yield Fact("wrong variance", label, torch.ones(3), sums.mean(dim=(1, 2)), HINT_VARIANCE)
    weights = (of_state[:, 0] * x).sum(dim=(1, 2)) / x.square().sum()
    right = r.sqrt() / (1 - r) / total
    yield Fact("wrong mean", f"weight of the state in the mean, {what}", right, weights, HINT_STATE)
    weights = (of_data * z).sum(dim=(1, 2)) / z.square().sum()
    right = b.sqrt() / (1 - b) / total
    yield Fact("wrong mean", f"weight of the data point, {what}", right, weights, HINT_DATA)
    end = of(x, z, 6, 0, alpha_bar, finite=False)
    yield Fact("wrong end", "mean at j = 0, minus the data point", zero, end[0] - z, HINT_END)
    yield Fact("wrong end", "variance at j = 0", 0.0, end[1].mean(), HINT_END, 1e-4)
    other = shares(2 * uneven(20))
    found, wanted = [], []
    for table, k, j, rows, dim in ((alpha_bar, 9, 3, 2, 1), (other, 20, 11, 1, 4), (other, 7, 6, 3, 2)):
        x, z = torch.randn(2, rows, dim)
        mean, variance = posterior_law(x, z, k, j, table)
        wanted.append(torch.cat([mean.flatten(), variance.reshape(1)]))
        law = of(x, z, k, j, table)
        found.append(torch.cat([law[0].flatten(), law[1].mean().reshape(1)]))
    what = "means and variances on chains of 9 and 20 steps"
    yield Fact("wrong for other sizes", what, torch.cat(wanted), torch.cat(found), HINT_SIZES, 2e-3)
