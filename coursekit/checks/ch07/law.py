"""Exercise 7.1: the law of a state of the chain, given the data point."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from .common import shares, uneven

Weights = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Rule = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def _rule(weights: Weights) -> Rule:
    """Mean and standard deviation from the weights of data and noise, of (betas, indices as a column)."""

    def rule(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
        of_data, of_noise = weights(betas.double(), k.reshape(-1, 1))
        return of_data * z, of_noise

    return rule


def _made(change: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Rule:
    """Weights as `change` makes them from the share of variance that is left."""
    return _rule(lambda betas, k: change(shares(betas)[k]))


def _left(left: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """The right weights of a wrong share, of (betas, indices)."""

    def weights(betas: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        share = left(betas, k)
        return share.sqrt(), (1 - share).sqrt()

    return _rule(weights)


def _last(betas: Tensor, k: Tensor) -> Tensor:
    """Variance of the noise of the last step alone, 0 before the first."""
    return torch.where(k > 0, betas[(k - 1).clamp(min=0)], torch.zeros_like(betas[0]))


_law = _made(lambda a: (a.sqrt(), (1 - a).sqrt()))


def _drawn(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = _law(z, k, betas)
    return mean + std * torch.randn_like(z), std


RIVALS: dict[str, tuple[Rule, str]] = {
    "alpha for alpha-bar": (
        _left(lambda betas, k: 1 - _last(betas, k)),
        "Your law is that of the last step alone, as if the state before it had been the data point. All k "
        "steps have shrunk it. Which of the paper's two letters has a bar, and what does the bar stand for?",
    ),
    "root missing on the data": (
        _made(lambda a: (a, (1 - a).sqrt())),
        "Your mean shrinks too fast. The share of the *variance* that is left is the product of all the "
        "factors; the data point itself is multiplied by a standard deviation's worth of it.",
    ),
    "variance instead of standard deviation": (
        _made(lambda a: (a.sqrt(), 1 - a)),
        "Your second result is the variance. A standard deviation is asked for, which one can multiply noise "
        "with. What turns the one into the other?",
    ),
    "both roots missing": (
        _made(lambda a: (a, 1 - a)),
        "Both of your weights are shares of variance, and they add up to one. States add up otherwise: the "
        "*squares* of the two weights have the sum one.",
    ),
    "weights that add up to one": (
        _made(lambda a: (a.sqrt(), 1 - a.sqrt())),
        "Your two weights add up to one, as on the straight line. In this chain it is the variances that do: "
        "the squares of the weights have the sum one.",
    ),
    "root taken twice": (
        _made(lambda a: (a.sqrt(), (1 - a.sqrt()).sqrt())),
        "Your mean is right, and in your standard deviation the root is taken of the share before it is "
        "subtracted from one as well as after. One root, round the whole difference, is enough.",
    ),
    "data and noise swapped": (
        _made(lambda a: ((1 - a).sqrt(), a.sqrt())),
        "Your two weights have changed places: after few steps nothing of the data would be left. At k = 0 "
        "the state *is* the data point.",
    ),
    "k = 0 wraps round": (
        _left(lambda betas, k: shares(betas)[1:][k - 1]),
        "From the first step on you are right, but at k = 0 your index is minus one, and Python counts that "
        "from the end of the table: you take the noisiest law of all for the data point itself.",
    ),
    "one step too many": (
        _left(lambda betas, k: shares(betas)[k + 1]),
        "You have made one step too many. The table begins with the variance of step 1 at its place 0, so "
        "the product over k steps ends with the place k - 1.",
    ),
    "one step too few": (
        _left(lambda betas, k: shares(betas)[(k - 1).clamp(min=0)]),
        "You have made one step too few: after the first step your state is still the data point. The "
        "product over k steps has k factors. Where does your slice or your index end?",
    ),
    "counted from the noise": (
        _left(lambda betas, k: shares(betas)[len(betas) - k]),
        "You count from the other end. In this chain k = 0 is the data and the last index is noise, the "
        "other way round than our time.",
    ),
    "betas multiplied": (
        _left(lambda betas, k: torch.cat([betas.new_ones(1), betas.cumprod(0)])[k]),
        "You multiply the variances of the noise. What a step leaves of the data is the rest, one minus "
        "that; these rests are multiplied.",
    ),
    "betas added": (
        _left(lambda betas, k: torch.cat([betas.new_ones(1), 1 - betas.cumsum(0)])[k]),
        "You add up what the steps take away. Each step takes its share of what the steps before it have "
        "left, so it is what they *leave* that has to be combined, and not by a sum.",
    ),
    "product taken for a sum in the exponent": (
        _left(lambda betas, k: torch.cat([betas.new_ones(1), torch.exp(-betas.cumsum(0))])[k]),
        "You put minus the sum of the variances into an exponential. That is the limit of many tiny steps. "
        "For real steps the rate is a logarithm, and the product itself is exact.",
    ),
    "mean does not shrink": (
        _rule(lambda betas, k: (torch.ones_like(betas[k * 0]), (1 - shares(betas)[k]).sqrt())),
        "Your mean stays at the data point for ever. Each step multiplies the state by a number below one "
        "before it adds noise, and in the end nothing is left.",
    ),
    "mean of the last step": (
        _rule(lambda betas, k: ((1 - _last(betas, k)).sqrt(), (1 - shares(betas)[k]).sqrt())),
        "Your spread is right, but your mean shrinks by the last step alone. All k steps have shrunk it, one "
        "after the other.",
    ),
    "spread of the last step": (
        _rule(lambda betas, k: (shares(betas)[k].sqrt(), _last(betas, k).sqrt())),
        "Your mean is right, but your spread is that of the last step's noise alone. The noise of the steps "
        "before it is still there, though it has shrunk.",
    ),
    "noise that never shrinks": (
        _rule(
            lambda betas, k: (
                shares(betas)[k].sqrt(),
                torch.cat([betas.new_zeros(1), betas.cumsum(0)])[k].sqrt(),
            )
        ),
        "You add up the variances of all kicks. But every later step shrinks the noise that is already in "
        "the state, as it shrinks the data: old noise counts for less.",
    ),
    "order swapped": (
        lambda z, k, betas: _law(z, k, betas)[::-1],
        "Your two results are in the other order: first the mean, then the standard deviation. Look at the "
        "line with `return`.",
    ),
    "index along the wrong axis": (
        lambda z, k, betas: tuple(
            part(shares(betas)[k])
            for part in (lambda a: a.sqrt() * z, lambda a: (1 - a).sqrt().expand(z.shape))
        ),
        "Each *coordinate* gets an index of its own in your function, and each state should. A row of "
        "numbers stretches along the last axis; as a column, (batch, 1), it belongs to the states.",
    ),
    "one index for the whole batch": (
        lambda z, k, betas: _law(z, k[:1].expand_as(k), betas),
        "You use the first of the indices for all states. Each entry of `k` belongs to the state in the same "
        "row, and the weights have to differ from row to row.",
    ),
    "a draw in place of the law": (
        _drawn,
        "You draw a state. Here its law is asked for: where the states are on average, and how far they "
        "spread. Neither is random.",
    ),
}
LOOK_DRAWN = (
    "Asked twice about the same states, your function answers differently. Mean and standard deviation "
    "describe the law of the state; neither is itself a draw from it."
)
LOOK_FIRST = (
    "After one step the law is the step's own: write down the first step of the chain for a known data "
    "point, and compare its mean and standard deviation with yours at k = 1."
)
LOOK_MEAN = (
    "Your means do not follow from one another. A step multiplies the state by the root of what it leaves; "
    "so must the mean at k be made from the mean at k - 1."
)
LOOK_SPREAD = (
    "Your spreads do not follow from one another. A step shrinks the variance that is there, and adds its "
    "own. Put the variance at k - 1 into that rule, and compare with yours at k."
)
LOOK_START = (
    "Before the first step the state is the data point, and nothing is uncertain. What does your function "
    "do with the index 0? Which entry of your table does it take?"
)
LOOK_ROWS = (
    "With one index for all states your function is right. Given one index for each state it mixes them up: "
    "row i should belong to entry i of `k`. Which shape do your weights have?"
)


@exercise("7.1", "Many steps at once", "core", "z, k, betas", _law, RIVALS)
def chain_law(ask: Ask) -> Iterator[Fact]:
    """The first step, how mean and variance of each step follow from the last ones, k = 0, and mixed rows."""
    betas = uneven(8)
    z = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.5, -1.0], [-0.7, 2.5, 2.0], [1.2, -0.4, 0.9]]).double()

    def law(*k: int) -> Tensor:
        """Mean over z and standard deviation of states at these indices, (2, len(k), 3)."""
        rows, names = z[: len(k)], ("mean", "std")
        found = ask.parts(rows, torch.tensor(k), betas, shape=rows.shape, names=names, broadcast=("std",))
        return torch.stack([found[0] / rows, found[1]])

    twice = [law(1, 2, 3) for _ in range(2)]
    changed = (twice[0] != twice[1]).double().mean(dim=(1, 2))
    what = "share that changes when asked again"
    yield Fact("random result", what, torch.zeros(2), changed, LOOK_DRAWN)
    if float(changed.sum()) > 0:
        return
    first = torch.stack([(1 - betas[0]).sqrt(), betas[0].sqrt()])
    what = "mean over z, and std, at k = 1"
    yield Fact("wrong first step", what, first, twice[0][:, 0].mean(dim=1), LOOK_FIRST, 2e-4)
    laws = torch.cat([twice[0], law(4, 5, 6), law(7, 2, 5)], dim=1)
    means, spreads = laws[0, :7], laws[1, :7].square()
    kept = (1 - betas[1:7])[:, None]
    what = "mean over z at k = 2 … 7, by a step from your own before"
    yield Fact("wrong mean", what, kept.sqrt() * means[:-1], means[1:], LOOK_MEAN)
    what = "variance there, by a step from your own before"
    yield Fact("wrong spread", what, kept * spreads[:-1] + 1 - kept, spreads[1:], LOOK_SPREAD)
    what = "both at k = 2 and 5, in two calls"
    yield Fact("rows mixed up", what, laws[:, [1, 4]], laws[:, [7, 8]], LOOK_ROWS)
    mixed = law(3, 7, 1, 4)
    what = "both for four states with an index each"
    yield Fact("rows mixed up", what, laws[:, [2, 6, 0, 3]], mixed, LOOK_ROWS)
    start = law(0, 0, 0)
    yield Fact("wrong start", "mean over z at k = 0", 1.0, start[0].mean(), LOOK_START)
    yield Fact("wrong start", "std at k = 0", 0.0, start[1].abs().max(), LOOK_START)
