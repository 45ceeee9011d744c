"""Known wrong laws of a state of the chain, and what to tell the student who is seen to write one."""

from collections.abc import Callable

import torch
from torch import Tensor

from .common import shares

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


law = _made(lambda a: (a.sqrt(), (1 - a).sqrt()))


def _drawn(z: Tensor, k: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = law(z, k, betas)
    return mean + std * torch.randn_like(z), std


MISTAKES: dict[str, tuple[Rule, str]] = {
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
    "both roots taken twice": (
        _made(lambda a: (a.sqrt().sqrt(), (1 - a.sqrt()).sqrt())),
        "In both results the root is taken twice: of the factors before they are multiplied, or of the "
        "share, and then once more. The product of the *variances'* factors is what has to be rooted, once.",
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
        lambda z, k, betas: law(z, k, betas)[::-1],
        "Your two results are in the other order: first the mean, then the standard deviation. Look at the "
        "line with `return`.",
    ),
    "standard deviation in a row": (
        lambda z, k, betas: (law(z, k, betas)[0], law(z, k, betas)[1][:, 0]),
        "Your mean is right. Your standard deviation has the shape (batch,), and a row of numbers stretches "
        "along the coordinates. As a column, (batch, 1), each belongs to its state.",
    ),
    "mean without the data point": (
        lambda z, k, betas: (shares(betas)[k].sqrt()[:, None], law(z, k, betas)[1]),
        "Your first result is only the weight of the data. The mean of the states is this weight times the "
        "data point, and has the shape of `z`.",
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
        lambda z, k, betas: law(z, k[:1].expand_as(k), betas),
        "You use the first of the indices for all states. Each entry of `k` belongs to the state in the same "
        "row, and the weights have to differ from row to row.",
    ),
    "a draw in place of the law": (
        _drawn,
        "You draw a state. Here its law is asked for: where the states are on average, and how far they "
        "spread. Neither is random.",
    ),
}
