"""Exercise 7.5: our time, the chain's index, and the weights between two indices."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from .common import between, shares, uneven

Rule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
NAMES = ("k", "alpha", "beta")


def _index(t: Tensor, steps: int) -> Tensor:
    return steps * (1 - t)


def _weights(share: Tensor) -> tuple[Tensor, Tensor]:
    return share.sqrt(), (1 - share).clamp(min=0).sqrt()


def _rule(
    index: Callable[[Tensor, int], Tensor] = _index,
    share: Callable[[Tensor, Tensor], Tensor] = between,
    weights: Callable[[Tensor], tuple[Tensor, Tensor]] = _weights,
    told: Callable[[Tensor, Tensor, int], Tensor] = lambda k, t, steps: k,
) -> Rule:
    """The three answers from their parts: index, share that is left, weights, and the index told."""

    def rule(t: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        steps = len(alpha_bar) - 1
        k = index(t, steps)
        return told(k, t, steps), *weights(share(alpha_bar, k))

    return rule


def _linear(values: Tensor, k: Tensor) -> Tensor:
    """Interpolate the entries of a table on straight lines."""
    k = k.clamp(0, len(values) - 1)
    low = k.floor().long().clamp(max=len(values) - 2)
    return torch.lerp(values[low], values[low + 1], k - low)


def _turned(table: Tensor, k: Tensor) -> Tensor:
    """Interpolate with the two neighbours in each other's place."""
    low = k.floor().clamp(max=len(table) - 2)
    return between(table, 2 * low + 1 - k)


def _at(table: Tensor, k: Tensor) -> Tensor:
    return table[k.long().clamp(0, len(table) - 1)]


def _straight(t: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _index(t, len(alpha_bar) - 1), t, 1 - t


RIVALS: dict[str, tuple[Rule, str]] = {
    "time not turned round": (
        _rule(index=lambda t, steps: steps * t),
        "Your index grows with our time. But our time runs from noise to data, and the chain's index from "
        "data to noise: at t = 1 the index has to be 0.",
    ),
    "index turned round, weights not": (
        _rule(told=lambda k, t, steps: steps * t),
        "Your weights are right, but the index that you return runs the wrong way: at t = 1, the data, it "
        "has to be 0.",
    ),
    "one entry too many": (
        _rule(index=lambda t, steps: (steps + 1) * (1 - t)),
        "You stretch time to the number of entries in the table. It has K + 1 entries for K steps, because "
        "the index 0 has one too.",
    ),
    "one step too few": (
        _rule(index=lambda t, steps: (steps - 1) * (1 - t)),
        "At t = 0 your index is K - 1. The table has K + 1 entries, from 0 to K, so its last index is one "
        "less than its length.",
    ),
    "index from 1": (
        _rule(index=lambda t, steps: 1 + (steps - 1) * (1 - t)),
        "Your index runs from 1 to K. There are K steps, but K + 1 states: the data point itself has the "
        "index 0, at t = 1.",
    ),
    "not scaled to K": (
        _rule(told=lambda k, t, steps: 1 - t),
        "Your weights are right, but what you return for the index runs from 0 to 1. The index counts steps, "
        "up to K.",
    ),
    "nearest index": (
        _rule(share=lambda table, k: _at(table, k.round())),
        "Between two indices your weights stand still and then jump: you take those of the nearest index. A "
        "sampler in continuous time needs weights that change all the way.",
    ),
    "index rounded down": (
        _rule(share=lambda table, k: _at(table, k.floor())),
        "Between two indices your weights stand still and then jump: you cut off what stands behind the "
        "point. How far is the time on its way from one index to the next?",
    ),
    "index returned is rounded": (
        _rule(told=lambda k, t, steps: k.round()),
        "Your weights are right, but the index that you return is rounded. Between two indices it is not a "
        "whole number; give it as it is.",
    ),
    "shares on a straight line": (
        _rule(share=_linear),
        "At the indices you are right, but between them you go straight from share to share. With a constant "
        "rate it is the *logarithm* that goes straight: each half of a step leaves the same share.",
    ),
    "weights on a straight line": (
        _rule(share=lambda table, k: _linear(table.sqrt(), k).square()),
        "At the indices you are right, but between them the data's weight goes on a straight line. With a "
        "constant rate its *logarithm* does: each half of a step leaves the same share.",
    ),
    "part of the step turned round": (
        _rule(share=_turned),
        "Inside a step your weights run backwards: half a step works, but a quarter is taken for three "
        "quarters. Which of the two neighbours gets more weight when the index is nearly the lower one?",
    ),
    "root missing on alpha": (
        _rule(weights=lambda share: (share, (1 - share).clamp(min=0).sqrt())),
        "Your `alpha` is the share of the variance that is left. The data's weight is its root.",
    ),
    "root missing on beta": (
        _rule(weights=lambda share: (share.sqrt(), 1 - share)),
        "Your `beta` is the variance of the noise. The weight of the noise is its root.",
    ),
    "both roots missing": (
        _rule(weights=lambda share: (share, 1 - share)),
        "Both of your weights are shares of variance. Their roots are asked for, whose *squares* add up to "
        "one.",
    ),
    "weights that add up to one": (
        _rule(weights=lambda share: (share.sqrt(), 1 - share.sqrt())),
        "Your two weights add up to one, as on the straight line. Here their squares do.",
    ),
    "square of alpha forgotten": (
        _rule(weights=lambda share: (share.sqrt(), (1 - share.sqrt()).clamp(min=0).sqrt())),
        "Your `alpha` is right, but in `beta` it has to be squared before it is taken from one: the squares "
        "of both weights add up to one.",
    ),
    "alpha and beta swapped": (
        _rule(weights=lambda share: _weights(share)[::-1]),
        "Your two weights have changed places: at t = 1, the data, `alpha` has to be 1.",
    ),
    "half of the logarithm forgotten twice": (
        _rule(weights=lambda share: (share.sqrt().sqrt(), (1 - share.sqrt()).clamp(min=0).sqrt())),
        "You take the root of the share twice: its logarithm is halved once too often. One root makes a "
        "weight of a share of variance.",
    ),
    "straight line": (
        _straight,
        "Your weights are those of the straight line. The table says how much of the data is left on this "
        "chain: read them there.",
    ),
    "one time for the whole batch": (
        lambda t, alpha_bar: _rule()(t[:1].expand_as(t), alpha_bar),
        "You use the first of the times for all rows. Each row has a time of its own, and the results differ "
        "from row to row.",
    ),
}
LOOK_INDEX = (
    "Your index does not belong to these times. The chain takes K steps from the data, t = 1, to the noise, "
    "t = 0, all equally long. How many entries has the table, and how many steps are that?"
)
LOOK_WEIGHTS = (
    "At a time that belongs to an index your weights are not those of the chain: the root of the share that "
    "is left for the data, and the root of the rest for the noise."
)
LOOK_SQUARES = (
    "The squares of your weights do not add up to one between two indices. The chain keeps the sum of both "
    "variances at one all the way; make `beta` out of `alpha`."
)
LOOK_BETWEEN = (
    "Between two indices the noising goes on at a constant rate, so each part of a step leaves the same "
    "share as an equal part of it: in the middle of a step, alpha is the geometric mean of its neighbours."
)


@exercise("7.5", "Their index, our time", "core", "t, alpha_bar", _rule(), RIVALS)
def at_time(ask: Ask) -> Iterator[Fact]:
    """Index; weights at the chain's own times; both weights between them; the constant rate of a step."""
    steps = 16  # a power of two, so that the chain's times are exact
    alpha_bar = shares(uneven(steps) * 1.8)

    def numbers(k: Tensor) -> Tensor:
        t = (1 - k / steps)[:, None]
        return ask.parts(t, alpha_bar, shape=(len(k), 1), names=NAMES)[..., 0]

    inner = torch.tensor([3.0, 11.0, 6.0, 14.0, 9.0], dtype=torch.float64)
    away = torch.tensor([4.25, 10.75, 7.5, 12.375, 2.625, 13.25], dtype=torch.float64)
    at, off = numbers(inner), numbers(away)
    yield Fact("wrong index", "index at five of the chain's times", inner, at[0], LOOK_INDEX, 2e-3)
    left = alpha_bar[inner.long()]
    yield Fact("wrong alpha", "alpha at these times, by the table", left.sqrt(), at[1], LOOK_WEIGHTS)
    yield Fact("wrong beta", "beta at these times, by the table", (1 - left).sqrt(), at[2], LOOK_WEIGHTS)
    yield Fact("wrong index", "index at six times between", away, off[0], LOOK_INDEX, 2e-3)
    what = "alpha² + beta² at six times between"
    yield Fact("squares do not add up", what, torch.ones(6), off[1:].square().sum(0), LOOK_SQUARES)
    logs = (
        torch.stack(
            [
                numbers(5 + torch.tensor([0.001, 0.25, 0.5, 0.75, 0.999]).double())[1],
                numbers(11 + torch.tensor([0.001, 0.25, 0.5, 0.75, 0.999]).double())[1],
            ]
        )
        .clamp(min=1e-12)
        .log()
    )
    drop = (alpha_bar[[6, 12]] / alpha_bar[[5, 11]]).log() / 2
    went = (logs[:, 1:] - logs[:, :-1]) / drop[:, None]
    what = "log alpha over two steps, a quarter after another, as a share of the whole step"
    expected = torch.tensor([0.249, 0.25, 0.25, 0.249]).expand(2, 4)
    yield Fact("rate not constant", what, expected, went, LOOK_BETWEEN, 2e-3, 4e-3)
    ends = numbers(torch.tensor([0.0, steps], dtype=torch.float64))
    edge = torch.stack([torch.tensor([0.0, steps]).double(), alpha_bar[[0, -1]].sqrt()])
    yield Fact("wrong ends", "index and alpha at t = 1 and t = 0", edge, ends[:2], LOOK_INDEX, 2e-3)
