"""Attention: the slips that are made with it wherever it is written, and what weights show."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..core.facts import Fact, number
from .quiet import failing

Weigh = Callable[[Tensor, Tensor, Tensor | float], Tensor]
"""Queries (batch, heads, queries, numbers), keys, and what is added to their scores: weights of the keys."""
Apart = Callable[[Tensor, int], Tensor]
Together = Callable[[Tensor], Tensor]


def apart(x: Tensor, heads: int) -> Tensor:
    """(batch, tokens, width) -> (batch, heads, tokens, width / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def together(x: Tensor) -> Tensor:
    """(batch, heads, tokens, width / heads) -> (batch, tokens, width)."""
    return x.transpose(1, 2).flatten(2)


def in_turn(x: Tensor, heads: int) -> Tensor:
    """Hand the numbers of a token out to the heads in turn, which is wrong."""
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


def viewed(x: Tensor, heads: int) -> Tensor:
    """Cut heads across tokens, which is wrong."""
    return x.reshape(len(x), heads, x.shape[1], -1)


def softmax(q: Tensor, k: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """The right weights."""
    return (products(q, k) / math.sqrt(q.shape[-1]) + bias).softmax(dim=-1)


def products(q: Tensor, k: Tensor) -> Tensor:
    """Scalar products of queries and keys."""
    return q @ k.transpose(-1, -2)


def scores_of(q: Tensor, k: Tensor, heads: int) -> Tensor:
    """The right scores (batch, heads, queries, keys) of queries and keys (batch, tokens, width)."""
    return products(apart(q, heads), apart(k, heads)) / math.sqrt(q.shape[-1] // heads)


def scaled(scale: Callable[[Tensor], float], dim: int = -1) -> Weigh:
    """Weights from scores with another factor, or with the softmax along another axis."""
    return lambda q, k, bias: (products(q, k) * scale(q) + bias).softmax(dim=dim)


def root(q: Tensor) -> float:
    """What scores are multiplied by."""
    return q.shape[-1] ** -0.5


def _shares(q: Tensor, k: Tensor, bias: Tensor | float) -> Tensor:
    scores = products(q, k) * (torch.as_tensor(bias) == 0)
    return scores / scores.sum(dim=-1, keepdim=True)


def _of_all_pairs(q: Tensor, k: Tensor, bias: Tensor | float) -> Tensor:
    scores = products(q, k) * root(q) + bias
    return scores.flatten(2).softmax(dim=-1).view_as(scores)


WEIGHTS: dict[str, tuple[Weigh, str]] = {
    "one head's weights for all": (
        lambda q, k, bias: softmax(q, k, bias)[:, :1],
        "Every part of the values is mixed with the weights of the first head. Each head has weights of its "
        "own, from its own part of the queries and keys.",
    ),
    "mean of the heads' weights": (
        lambda q, k, bias: softmax(q, k, bias).mean(dim=1, keepdim=True),
        "You average the weights of the heads, and mix all values with the same ones. Each head mixes its "
        "own part of the values with its own weights.",
    ),
    "scores not scaled": (
        scaled(lambda q: 1.0),
        "You take the scalar products as they are. A sum of many products is large, and the softmax of large "
        "numbers looks at one token only. What brings a sum of d products back to the size of one?",
    ),
    "scaled by d, not by its root": (
        scaled(lambda q: 1 / q.shape[-1]),
        "You divide by the number of products. The sum of d independent ones grows like the root of d, and "
        "that is what is divided by.",
    ),
    "scores over their sum": (
        _shares,
        "You divide the scores by their sum. They then add up to one, but scores can be negative, and so "
        "are your weights. Which function makes positive numbers of them first?",
    ),
    "scaled after the softmax": (
        lambda q, k, bias: (products(q, k) + bias).softmax(dim=-1) * root(q),
        "You divide the weights, after the softmax, so that they no longer add up to one. It is the scores "
        "that are too large.",
    ),
    "distances for scalar products": (
        lambda q, k, bias: (-torch.cdist(q, k) * root(q) + bias).softmax(dim=-1),
        "Your scores are distances between queries and keys. A score is their scalar product: the sum of the "
        "products of their numbers.",
    ),
    "cosines for scalar products": (
        lambda q, k, bias: (products(normalize(q, dim=-1), normalize(k, dim=-1)) + bias).softmax(dim=-1),
        "You bring queries and keys to length one. How long they are matters: a long query looks at fewer "
        "keys. The scalar product is divided by one number for all.",
    ),
    "a sigmoid for the softmax": (
        lambda q, k, bias: (products(q, k) * root(q) + bias).sigmoid(),
        "You send every score through a sigmoid by itself, so the weights of a query need not add up to one. "
        "Keys compete: which function makes shares of a row of scores?",
    ),
    "one softmax for all pairs": (
        _of_all_pairs,
        "One softmax runs over all pairs of a query and a key. Each query has weights of its own, which add "
        "up to one.",
    ),
    "multiplied by the root": (
        scaled(lambda q: q.shape[-1] ** 0.5),
        "You multiply by the root where the scores should be divided by it. Are your weights close to zero "
        "and one only?",
    ),
    "softmax along the queries": (
        lambda q, k, bias: (products(q, k) * root(q) + bias).softmax(dim=-2).nan_to_num(0.0),
        "Your softmax runs along the wrong axis: the weights with which one key is looked at add up to one. "
        "Each query shares its attention out among the keys.",
    ),
    "softmax along the heads": (
        lambda q, k, bias: (products(q, k) * root(q) + bias).softmax(dim=1).nan_to_num(0.0),
        "Your softmax runs along the heads, so that heads compete for a token. Each of them shares its own "
        "attention out among the keys.",
    ),
    "weights not normalised": (
        lambda q, k, bias: (products(q, k) * root(q) + bias).exp(),
        "Your weights are positive, and they do not add up to one. A query with many fitting keys would get "
        "a long answer: a mean of the values is wanted.",
    ),
    "no softmax": (
        lambda q, k, bias: products(q, k) * root(q) * (torch.as_tensor(bias) == 0),
        "You use the scores as weights. They may be negative, and do not add up to one. What turns a row of "
        "numbers into weights?",
    ),
}
"""Slips in the weights: what they are made with, and what to tell."""

HEADS: dict[str, tuple[Apart, Together, str]] = {
    "heads split in turn": (
        in_turn,
        together,
        "You hand the numbers out to the heads in turn, and put them back in blocks. The first head has the "
        "first numbers of a token, the second the next ones.",
    ),
    "heads in turn": (
        in_turn,
        lambda x: x.permute(0, 2, 3, 1).flatten(2),
        "Your heads take turns: with three of them, the first head gets the numbers 1, 4, 7, … of a token. A "
        "head has a block of neighbouring numbers: the first head the first ones, and so on.",
    ),
    "heads cut across tokens": (
        viewed,
        lambda x: x.reshape(len(x), x.shape[2], -1),
        "You reshape to (batch, heads, tokens, …) in one go. A reshape does not move numbers, so your heads "
        "hold different tokens, and not different parts of all tokens. Split the last axis first; then two "
        "axes change places.",
    ),
    "heads not put back": (
        apart,
        lambda x: x.reshape(len(x), x.shape[2], -1),
        "At the end you reshape with the heads still in front of the tokens, so numbers of different tokens "
        "stand in one row. Which two axes have to change places back first?",
    ),
    "heads put back in turn": (
        apart,
        lambda x: x.permute(0, 2, 3, 1).flatten(2),
        "At the end the heads' numbers take turns in a token. Those of the first head should stand together, "
        "then those of the second.",
    ),
    "heads not merged": (
        apart,
        lambda x: x.transpose(1, 2),
        "Your heads still have an axis of their own. Their results stand beside one another in a token: "
        "merge the last two axes.",
    ),
    "mean over the heads": (
        apart,
        lambda x: x.mean(dim=1),
        "You average the heads. Each of them fills its own part of the token: their results stand beside one "
        "another.",
    ),
}
"""Slips with the heads: how they are split and put together, and what to tell."""

HINT_MEAN = (
    "All keys are alike here, so no token fits better than another, and every query should get the plain "
    "mean of the values. Yours does not. {0}"
)
HINT_WEIGHTS = (
    "With values that are one for one token and zero for all others, the result shows your weights, head by "
    "head. They are not the softmax of the scaled scores. {0}"
)
HINT_SCALE = (
    "Your weights are a softmax of the scalar products, which are divided by something else than the root of "
    "d: what goes into your softmax is {0} times too large for d = {2}, and {1} times for d = {3}. Which "
    "number do you divide by, and how often?"
)
HINT_VALUES = (
    "Your weights are right where all numbers of a token are alike, but with values by chance the result is "
    "not their mean: numbers of a token get into other places, or meet the weights of another head. Which "
    "part of the values does a head mix, and where do its results go?"
)
HINT_LARGE = (
    "For large scores your result is not a number, though a softmax of large scores is only a choice of the "
    "largest. An exponential overflows: subtract the largest score first, or let torch do it."
)


def of_scale(
    came: Tensor, scores: Tensor, again: Callable[[], tuple[Tensor, Tensor]], dims: tuple[int, int]
) -> list[Fact]:
    """One fact if weights are a softmax of the scores times another number than one; else none.

    Args:
        came: weights of an answer, (batch, heads, queries, keys).
        scores: the right scores.
        again: measures weights and right scores for heads of another width.
        dims: numbers of a head here, and in `again`.
    """
    scale = _scale(came, scores)
    if abs(scale) <= 1e-3 or abs(scale - 1) <= 1e-3:
        return []
    scales = [scale, _scale(*again())]
    what = f"what goes into your softmax over what should, for d = {dims[0]} and d = {dims[1]}"
    hint = HINT_SCALE.format(*map(number, scales), *dims)
    return [Fact("scores divided by something else", what, torch.ones(2), torch.tensor(scales), hint)]


def of_mean(same: Tensor, mean: Tensor, came: Tensor, alike: Tensor, strange: bool) -> Fact:
    """Whether equal keys give the mean of the values; what is wrong makes the fact's name.

    Args:
        same: results where all keys are alike, (batch, tokens, width).
        mean: what they should be.
        came: weights of other keys, (batch, heads, queries, keys).
        alike: weights of keys that are alike.
        strange: whether the values of one image make a difference for another.
    """
    name, seen = _seen_in_mean(same.double(), mean.double(), came, alike, strange)
    return Fact(name, "answers where all keys are alike", mean, same, HINT_MEAN.format(seen))


def of_weights(came: Tensor, scores: Tensor, keys: str = "keys") -> Fact:
    """Whether weights are the softmax of the right scores; what is wrong makes the fact's name."""
    name, seen = _seen_in_weights(came, scores)
    return Fact(name, f"weights of the {keys}", scores.softmax(dim=-1), came, HINT_WEIGHTS.format(seen))


def of_values(came: Tensor, values: Tensor, result: Tensor) -> Fact:
    """Whether a result is the mean of values (batch, heads, keys, numbers) with the answer's own weights."""
    wanted = together(came @ values.double())
    return Fact("values mixed up", "mean of the values, with your weights", wanted, result, HINT_VALUES)


def of_large(result: Tensor) -> Iterator[Fact]:
    """Whether a result for large scores is finite; told only if not."""
    infinite = float((~result.isfinite()).sum())
    yield from failing([Fact("overflows", "numbers that are not finite", 0.0, infinite, HINT_LARGE)])


def _seen_in_mean(
    came: Tensor, mean: Tensor, weights: Tensor, alike: Tensor, strange: bool
) -> tuple[str, str]:
    """What is wrong with results (batch, tokens, width) where all should be the mean: a name, and words.

    `alike` are the weights of keys that are alike, `weights` those of others; `strange` tells whether the
    values of one image make a difference for another.
    """
    sums = weights.sum(dim=-1)
    low, high = float(sums.min()), float(sums.max())
    if strange:
        return "images mixed", (
            "When the values of one image are changed, the results of another change too. Each image is by "
            "itself: in which of your lines do batch and tokens meet in one axis?"
        )
    if abs(low - 1) > 1e-3 or abs(high - 1) > 1e-3:
        between = number(low) if high - low < 1e-3 else f"between {number(low)} and {number(high)}"
        return "weights that do not add up to one", (
            f"With other keys, what a token gets of values of one is {between}, where it should be one: "
            "along which axis do your weights add up to one, and what happens to them afterwards?"
        )
    if torch.allclose(came.sort(dim=-1).values, mean.sort(dim=-1).values, atol=1e-3):
        return "numbers of a token in another order", (
            "Each token gets the right numbers in other places: what do the heads look like when you put "
            "them side by side, and in which order?"
        )
    if float((alike - alike.mean(dim=-1, keepdim=True)).abs().max()) > 1e-3:
        return "unequal weights for equal keys", (
            f"Your weights run from {number(alike.min())} to {number(alike.max())}. Where scores are equal, "
            "nothing may tell one key from another: not its place, and no choice of a single one."
        )
    return "no mean", (
        "Your weights add up to one, so look at what they are multiplied with: does each of them meet the "
        "value of its own key, in the same place of a token?"
    )


def _seen_in_weights(came: Tensor, scores: Tensor) -> tuple[str, str]:
    """What is wrong with weights (batch, heads, queries, keys) beside the right scores: a name, and words."""
    if float(came.min()) < -1e-4:
        return "negative weights", (
            "Some of your weights are negative: which function makes positive numbers of scores?"
        )
    if came.shape[1] > 1 and torch.allclose(came, came[:, :1].expand_as(came), atol=1e-4):
        return "the same weights in all heads", (
            "Yours are the same in all heads. Which numbers of queries and keys belong to which head?"
        )
    logs, centred = (part - part.mean(dim=-1, keepdim=True) for part in (came.clamp(min=1e-30).log(), scores))
    factor = (logs * centred).sum(-1, keepdim=True) / centred.square().sum(-1, keepdim=True)
    if torch.allclose(logs, factor * centred, atol=1e-2):
        low, high = map(number, (factor.min(), factor.max()))
        return "another scale for each query", (
            "For each query they are a softmax of the scores times a number, and that is another one for "
            f"each: from {low} to {high}. How long a query is matters: all scores are divided by one number."
        )
    above, more = (part[..., None] - part[..., None, :] for part in (came, scores))
    if bool((more[above > 1e-4] > 0).all()):
        return "another function for the softmax", (
            "No key with a smaller score has a larger weight than another, so your scores may be right. "
            "Which function turns them into weights?"
        )
    return "weights from other scores", (
        "They do not even rank the keys as the scores do. Which query and which key meet in row i and column "
        "j of a head's scores, is a score their scalar product, and in which axis do the weights compete?"
    )


def _scale(weights: Tensor, scores: Tensor) -> float:
    """The number that `scores` are multiplied by in a softmax that gives `weights`; 0 if there is none."""
    logs = weights.clamp(min=1e-30).log()
    logs, centred = (part - part.mean(dim=-1, keepdim=True) for part in (logs, scores))
    factor = float((logs * centred).sum() / centred.square().sum())
    softmax = torch.allclose(weights.sum(dim=-1), torch.ones(()).double(), atol=1e-3)
    return factor if softmax and torch.allclose(logs, factor * centred, atol=1e-2) else 0.0
