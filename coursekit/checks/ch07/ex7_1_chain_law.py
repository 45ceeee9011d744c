"""Exercise 7.1: the law of a state of the chain, given the data point."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, alike, recurring
from .common import (
    WRONG_WEIGHTS,
    Weights,
    changed_share,
    facts_hold,
    root_weights,
    shares,
    uneven,
    wrong_weights,
)

Rule = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
Of = Callable[[Tensor, Tensor], Tensor]
"""A number for each row, (batch, 1), of variances and indices (batch, 1)."""


def _left(betas: Tensor, k: Tensor) -> Tensor:
    return shares(betas)[k]


def _last(betas: Tensor, k: Tensor) -> Tensor:
    """Variance of the noise of the last step alone, 0 before the first."""
    return torch.where(k > 0, betas[(k - 1).clamp(min=0)], torch.zeros_like(betas[0]))


def _sums(betas: Tensor, k: Tensor) -> Tensor:
    return torch.cat([betas.new_zeros(1), betas.cumsum(0)])[k]


def _weight(betas: Tensor, k: Tensor) -> Tensor:
    return _left(betas, k).sqrt()


def _spread(betas: Tensor, k: Tensor) -> Tensor:
    return (1 - _left(betas, k)).sqrt()


def _parts(of_data: Of, of_noise: Of) -> Rule:
    """Mean and standard deviation by the weights of data and noise."""

    def rule(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
        betas, k = betas.double(), k.reshape(-1, 1)
        return of_data(betas, k).to(z) * z, of_noise(betas, k).to(z)

    return rule


def _rule(weights: Weights = root_weights, share: Of = _left) -> Rule:
    """Mean and standard deviation by the share that is left, and the weights that are made of it."""
    return _parts(lambda betas, k: weights(share(betas, k))[0], lambda betas, k: weights(share(betas, k))[1])


law = _rule()


def _along_coordinates(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    of_data, of_noise = root_weights(shares(betas)[k])
    return of_data * z, of_noise.expand(z.shape)


def _draw(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = law(z, k, betas)
    return mean + std * torch.randn_like(z), std


MISTAKES = recurring(
    {"variance instead of standard deviation": _rule(WRONG_WEIGHTS["root missing on the noise"])}
)
MISTAKES |= {name: mistake for name, mistake in wrong_weights(_rule).items() if "on the noise" not in name}
MISTAKES |= recurring(
    {
        "alpha for alpha-bar": _rule(share=lambda betas, k: 1 - _last(betas, k)),
        "one step too many": _rule(share=lambda betas, k: shares(betas)[k + 1]),
        "one step too few": _rule(share=lambda betas, k: shares(betas)[(k - 1).clamp(min=0)]),
        "order swapped": lambda z, k, betas: law(z, k, betas)[::-1],
    }
)
MISTAKES |= alike(
    "Your factors are not what a step leaves. Each beta is a variance, a step leaves one minus it of the "
    "variance that is there, and these rests are multiplied with one another. Work it out for two steps.",
    {
        "betas multiplied": _rule(share=lambda betas, k: shares(1 - betas)[k]),
        "betas added": _rule(share=lambda betas, k: 1 - _sums(betas, k)),
        "betas squared": _rule(share=lambda betas, k: shares(betas**2)[k]),
        "roots of the betas": _rule(share=lambda betas, k: shares(betas.sqrt())[k]),
        "the same mean beta in every step": _rule(share=lambda betas, k: (1 - betas.mean()) ** k),
    },
)
MISTAKES |= alike(
    "One of your two results is right, the other is not. Each step shrinks all that is there, the data "
    "point and the noise of the steps before it, and then adds noise of its own. After k steps, what is "
    "left of either?",
    {
        "mean does not shrink": _parts(lambda betas, k: torch.ones_like(k), _spread),
        "mean of the last step": _parts(lambda betas, k: (1 - _last(betas, k)).sqrt(), _spread),
        "spread of the last step": _parts(_weight, lambda betas, k: _last(betas, k).sqrt()),
        "noise that never shrinks": _parts(_weight, lambda betas, k: _sums(betas, k).sqrt()),
    },
)
MISTAKES |= alike(
    "Torch lines axes up from the right, so that a row of numbers stretches along the coordinates. As a "
    "column, (batch, 1), each number belongs to the state in its row.",
    {
        "standard deviation in a row": lambda z, k, betas: (law(z, k, betas)[0], law(z, k, betas)[1][:, 0]),
        "index along the wrong axis": _along_coordinates,
    },
)
MISTAKES |= {
    "k = 0 wraps round": (
        _rule(share=lambda betas, k: shares(betas)[1:][k - 1]),
        "From the first step on you are right, but at k = 0 your index is minus one, and Python counts that "
        "from the end of the table: you take the noisiest law of all for the data point itself.",
    ),
    "counted from the noise": (
        _rule(share=lambda betas, k: shares(betas)[len(betas) - k]),
        "You count from the other end. In this chain k = 0 is the data and the last index is noise, the "
        "other way round than our time.",
    ),
    "product taken for a sum in the exponent": (
        _rule(share=lambda betas, k: (-_sums(betas, k)).exp()),
        "You put minus the sum of the variances into an exponential. That is the limit of many tiny steps. "
        "For real steps the rate is a logarithm, and the product itself is exact.",
    ),
    "mean without the data point": (
        lambda z, k, betas: (shares(betas)[k].sqrt()[:, None], law(z, k, betas)[1]),
        "Your first result is only the weight of the data. The mean of the states is this weight times the "
        "data point, and has the shape of `z`.",
    ),
    "a draw in place of the law": (
        _draw,
        "You draw a state. Here its law is asked for: where the states are on average, and how far they "
        "spread. Neither is random.",
    ),
}

HINT_FIRST = (
    "After one step the law is the step's own: write down the first step of the chain for a known data "
    "point, and compare its mean and standard deviation with yours at k = 1."
)
HINT_MEAN = (
    "Your means do not follow from one another. A step multiplies the state by the root of what it leaves; "
    "so must the mean at k be made from the mean at k - 1."
)
HINT_SPREAD = (
    "Your spreads do not follow from one another. A step shrinks the variance that is there, and adds its "
    "own. Put the variance at k - 1 into that rule, and compare with yours at k."
)
HINT_START = (
    "Before the first step the state is the data point, and nothing is uncertain. What does your function "
    "do with the index 0? Which entry of your table does it take?"
)
HINT_ROWS = (
    "The same index gives other numbers when its row stands elsewhere, or beside other rows. Row i should "
    "belong to entry i of `k`, whatever the others are. Which shape do your weights have?"
)
HINT_SIZES = (
    "On the chain tried first your function is right, with other sizes it is not. The number of steps, of "
    "rows and of coordinates may be any, and `k` may be the last index, too. What do your lines take for "
    "granted?"
)


@exercise("7.1", "Many steps at once", "core", "z, k, betas", law, MISTAKES)
def chain_law(student: StudentFunction) -> Iterator[Fact]:
    """The first step, how each step follows from the last, mixed rows, k = 0, k = K and other sizes."""
    z = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.5, -1.0], [-0.7, 2.5, 2.0], [1.2, -0.4, 0.9]])

    def of(betas: Tensor, *k: int, dim: int = 3) -> Tensor:
        """Mean over z and standard deviation of states at these indices, (2, len(k), dim)."""
        rows, names = z[: len(k), :dim], ("mean", "std")
        found = student.parts(rows, torch.tensor(k), betas, shape=rows.shape, names=names, broadcast=("std",))
        return torch.stack([found[0] / rows, found[1]])

    betas = uneven(8)
    once = of(betas, 1, 2, 3)
    same = changed_share(once, of(betas, 1, 2, 3))
    yield same
    if not same.holds():
        return
    if bool((once - once[:, :1, :1]).abs().max() < 1e-6):
        what, hint = "different laws at k = 1, 2, 3", TEXTS["one index for the whole batch"]
        yield Fact("one index for the whole batch", what, 3.0, 1.0, hint)
        return
    laws = torch.cat([once, of(betas, 4, 5, 6), of(betas, 7, 2, 5)], dim=1)
    if not (yield from facts_hold(_steps(betas, laws, lambda: of(betas, 3, 7, 1, 4)))):
        return
    start = of(betas, 0, 3, 0)[:, [0, 2]]
    yield Fact("wrong start", "mean over z at k = 0", 1.0, start[0].mean(), HINT_START)
    yield Fact("wrong start", "std at k = 0", 0.0, start[1].abs().max(), HINT_START, 2e-3)
    pairs = []
    for steps, dim, k in ((8, 2, (8, 0, 8, 5)), (40, 1, (40, 17, 1)), (3, 3, (2,))):
        variances = 3 * uneven(steps) if steps > 8 else uneven(steps)
        right = torch.stack(root_weights(shares(variances)[list(k)]))[..., None].expand(2, len(k), dim)
        pairs.append((right.flatten(), of(variances, *k, dim=dim).flatten()))
    expected, measured = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    yield Fact("wrong for other sizes", "both for 8, 40 and 3 steps", expected, measured, HINT_SIZES, 2e-3)


def _steps(betas: Tensor, laws: Tensor, mixed: Callable[[], Tensor]) -> Iterator[Fact]:
    """The law after the first step, how the next ones follow from it, and indices in another order."""
    first = torch.stack([(1 - betas[0]).sqrt(), betas[0].sqrt()])
    what = "mean over z, and std, at k = 1"
    yield Fact("wrong first step", what, first, laws[:, 0].mean(dim=1), HINT_FIRST, 2e-4)
    means, spreads = laws[0, :7], laws[1, :7].square()
    kept = (1 - betas[1:7])[:, None]
    what = "mean at k = 2 … 7, by a step from your own"
    yield Fact("wrong mean", what, kept.sqrt() * means[:-1], means[1:], HINT_MEAN)
    what = "variance there"
    yield Fact("wrong spread", what, kept * spreads[:-1] + 1 - kept, spreads[1:], HINT_SPREAD)
    what = "both at k = 2 and 5, in two calls"
    yield Fact("rows mixed up", what, laws[:, [1, 4]], laws[:, [7, 8]], HINT_ROWS)
    what = "both for four indices"
    yield Fact("rows mixed up", what, laws[:, [2, 6, 0, 3]], mixed(), HINT_ROWS)
