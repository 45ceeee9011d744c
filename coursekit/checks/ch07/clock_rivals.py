"""Known wrong translations of our time, and what to tell the student who is seen to make one."""

from collections.abc import Callable

import torch
from torch import Tensor

from .common import between

Rule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def _index(t: Tensor, steps: int) -> Tensor:
    return steps * (1 - t)


def _weights(share: Tensor) -> tuple[Tensor, Tensor]:
    return share.sqrt(), (1 - share).clamp(min=0).sqrt()


def rule(
    index: Callable[[Tensor, int], Tensor] = _index,
    share: Callable[[Tensor, Tensor], Tensor] = between,
    weights: Callable[[Tensor], tuple[Tensor, Tensor]] = _weights,
    told: Callable[[Tensor, Tensor, int], Tensor] = lambda k, t, steps: k,
) -> Rule:
    """The three answers from their parts: index, share that is left, weights, and the index told."""

    def answer(t: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        steps = len(alpha_bar) - 1
        k = index(t, steps)
        return told(k, t, steps), *weights(share(alpha_bar, k))

    return answer


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


MISTAKES: dict[str, tuple[Rule, str]] = {
    "time not turned round": (
        rule(index=lambda t, steps: steps * t),
        "Your index grows with our time. But our time runs from noise to data, and the chain's index from "
        "data to noise: at t = 1 the index has to be 0.",
    ),
    "index turned round, weights not": (
        rule(told=lambda k, t, steps: steps * t),
        "Your weights are right, but the index that you return runs the wrong way: at t = 1, the data, it "
        "has to be 0.",
    ),
    "one entry too many": (
        rule(index=lambda t, steps: (steps + 1) * (1 - t)),
        "You stretch time to the number of entries in the table. It has K + 1 entries for K steps, because "
        "the index 0 has one too.",
    ),
    "one step too few": (
        rule(index=lambda t, steps: (steps - 1) * (1 - t)),
        "At t = 0 your index is K - 1. The table has K + 1 entries, from 0 to K, so its last index is one "
        "less than its length.",
    ),
    "index from 1": (
        rule(index=lambda t, steps: 1 + (steps - 1) * (1 - t)),
        "Your index runs from 1 to K. There are K steps, but K + 1 states: the data point itself has the "
        "index 0, at t = 1.",
    ),
    "weights not turned round": (
        rule(index=lambda t, steps: steps * t, told=lambda k, t, steps: steps * (1 - t)),
        "Your index is right, but your weights are those of the other end: at t = 1, the data, `alpha` has "
        "to be 1. Do you look the shares up with the same index?",
    ),
    "order of the results": (
        lambda t, alpha_bar: (*rule()(t, alpha_bar)[1:], rule()(t, alpha_bar)[0]),
        "Your three results are in another order. The index comes first, then the weight of the data, then "
        "that of the noise.",
    ),
    "not scaled to K": (
        rule(told=lambda k, t, steps: 1 - t),
        "Your weights are right, but what you return for the index runs from 0 to 1. The index counts steps, "
        "up to K.",
    ),
    "nearest index": (
        rule(share=lambda table, k: _at(table, k.round())),
        "Between two indices your weights stand still and then jump: you take those of the nearest index. A "
        "sampler in continuous time needs weights that change all the way.",
    ),
    "index rounded down": (
        rule(share=lambda table, k: _at(table, k.floor())),
        "Between two indices your weights stand still and then jump: you cut off what stands behind the "
        "point. How far is the time on its way from one index to the next?",
    ),
    "index returned is rounded": (
        rule(told=lambda k, t, steps: k.round()),
        "Your weights are right, but the index that you return is rounded. Between two indices it is not a "
        "whole number; give it as it is.",
    ),
    "index returned is cut off": (
        rule(told=lambda k, t, steps: k.floor()),
        "Your weights are right, but from the index that you return you have cut off what stands behind the "
        "point. Between two indices it is not a whole number; give it as it is.",
    ),
    "shares on a straight line": (
        rule(share=_linear),
        "At the indices you are right, but between them you go straight from share to share. With a constant "
        "rate it is the *logarithm* that goes straight: each half of a step leaves the same share.",
    ),
    "weights on a straight line": (
        rule(share=lambda table, k: _linear(table.sqrt(), k).square()),
        "At the indices you are right, but between them the data's weight goes on a straight line. With a "
        "constant rate its *logarithm* does: each half of a step leaves the same share.",
    ),
    "part of the step turned round": (
        rule(share=_turned),
        "Inside a step your weights run backwards: half a step works, but a quarter is taken for three "
        "quarters. Which of the two neighbours gets more weight when the index is nearly the lower one?",
    ),
    "root missing on alpha": (
        rule(weights=lambda share: (share, (1 - share).clamp(min=0).sqrt())),
        "Your `alpha` is the share of the variance that is left. The data's weight is its root.",
    ),
    "root missing on beta": (
        rule(weights=lambda share: (share.sqrt(), 1 - share)),
        "Your `beta` is the variance of the noise. The weight of the noise is its root.",
    ),
    "both roots missing": (
        rule(weights=lambda share: (share, 1 - share)),
        "Both of your weights are shares of variance. Their roots are asked for, whose *squares* add up to "
        "one.",
    ),
    "weights that add up to one": (
        rule(weights=lambda share: (share.sqrt(), 1 - share.sqrt())),
        "Your two weights add up to one, as on the straight line. Here their squares do.",
    ),
    "square of alpha forgotten": (
        rule(weights=lambda share: (share.sqrt(), (1 - share.sqrt()).clamp(min=0).sqrt())),
        "Your `alpha` is right, but in `beta` it has to be squared before it is taken from one: the squares "
        "of both weights add up to one.",
    ),
    "alpha and beta swapped": (
        rule(weights=lambda share: _weights(share)[::-1]),
        "Your two weights have changed places: at t = 1, the data, `alpha` has to be 1.",
    ),
    "half of the logarithm forgotten twice": (
        rule(weights=lambda share: (share.sqrt().sqrt(), (1 - share.sqrt()).clamp(min=0).sqrt())),
        "You take the root of the share twice: its logarithm is halved once too often. One root makes a "
        "weight of a share of variance.",
    ),
    "straight line": (
        _straight,
        "Your weights are those of the straight line. The table says how much of the data is left on this "
        "chain: read them there.",
    ),
    "one time for the whole batch": (
        lambda t, alpha_bar: rule()(t[:1].expand_as(t), alpha_bar),
        "You use the first of the times for all rows. Each row has a time of its own, and the results differ "
        "from row to row.",
    ),
}
