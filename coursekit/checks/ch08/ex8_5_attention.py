"""Exercise 8.5: attention among patches."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import normalize, scaled_dot_product_attention

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

SIZES = ((2, 5, 12, 3), (3, 4, 16, 4), (1, 5, 6, 1), (2, 2, 4, 2), (4, 1, 3, 1))
"""Batch, tokens, width and heads."""
Weigh = Callable[[Tensor, Tensor], Tensor]


def _apart(x: Tensor, heads: int) -> Tensor:
    """(batch, tokens, width) -> (batch, heads, tokens, width / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _together(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def _in_turn(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


def _viewed(x: Tensor, heads: int) -> Tensor:
    return x.reshape(len(x), heads, x.shape[1], -1)


def _softmax(q: Tensor, k: Tensor) -> Tensor:
    return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(dim=-1)


def _rule(
    weigh: Weigh = _softmax,
    apart: Callable[[Tensor, int], Tensor] = _apart,
    together: Callable[[Tensor], Tensor] = _together,
) -> Callable[..., Tensor]:
    """Attention from its parts, any of which may be wrong."""

    def rule(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        q, k, v = (apart(part, heads) for part in (query, key, value))
        return together(weigh(q, k) @ v)

    return rule


def _reference(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    q, k, v = (_apart(part, heads) for part in (query, key, value))
    return _together(scaled_dot_product_attention(q, k, v))


def _scores(scale: Callable[[Tensor], float], dim: int = -1) -> Callable[..., Tensor]:
    return _rule(lambda q, k: (q @ k.transpose(-1, -2) * scale(q)).softmax(dim=dim))


def _usual(q: Tensor) -> float:
    return q.shape[-1] ** -0.5


def _whole(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    q, k, v = (_apart(part, heads) for part in (query, key, value))
    return _together((q @ k.transpose(-1, -2) / math.sqrt(query.shape[-1])).softmax(dim=-1) @ v)


MISTAKES: dict[str, Mistake] = {
    "one head only": (
        lambda q, k, v, heads: _reference(q, k, v, 1),
        "All numbers of a query and a key go into one scalar product, so there is one head whatever `heads` "
        "is. Each head compares its own part of the numbers, and mixes its own part of the values.",
    ),
    "scores not scaled": (
        _scores(lambda q: 1.0),
        "You take the scalar products as they are. A sum of many products is large, and the softmax of large "
        "numbers looks at one token only. What brings a sum of d products back to the size of one?",
    ),
    "scaled by the root of the whole width": (
        _whole,
        "You scale by the width of a whole token. A head sums over its own part of it: how many products are "
        "there in one of its scores?",
    ),
    "scaled by d, not by its root": (
        _scores(lambda q: 1 / q.shape[-1]),
        "You divide by the number of products. The sum of d independent ones grows like the root of d, and "
        "that is what is divided by.",
    ),
    "scaled by the root of the number of tokens": (
        _rule(lambda q, k: (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-2])).softmax(dim=-1)),
        "You scale by the number of tokens. A score is a sum over the numbers of a head, however many tokens "
        "there are: how many products are in it?",
    ),
    "scaled after the softmax": (
        _rule(lambda q, k: (q @ k.transpose(-1, -2)).softmax(dim=-1) * _usual(q)),
        "You divide the weights, after the softmax, so that they no longer add up to one. It is the scores "
        "that are too large.",
    ),
    "distances for scalar products": (
        _rule(lambda q, k: (-torch.cdist(q, k) * _usual(q)).softmax(dim=-1)),
        "Your scores are distances between queries and keys. A score is their scalar product: the sum of the "
        "products of their numbers.",
    ),
    "cosines for scalar products": (
        _rule(lambda q, k: (normalize(q, dim=-1) @ normalize(k, dim=-1).transpose(-1, -2)).softmax(dim=-1)),
        "You bring queries and keys to length one. How long they are matters: a long query looks at fewer "
        "keys. The scalar product is divided by one number for all.",
    ),
    "a sigmoid for the softmax": (
        _rule(lambda q, k: (q @ k.transpose(-1, -2) * _usual(q)).sigmoid()),
        "You send every score through a sigmoid by itself, so the weights of a query need not add up to one. "
        "Keys compete: which function makes shares of a row of scores?",
    ),
    "weights turned over": (
        _rule(lambda q, k: _softmax(q, k).transpose(-1, -2)),
        "Your weights are right, and they meet the values turned over: a token gets what *others* would look "
        "for in it. Row i of the weights belongs to query i.",
    ),
    "one softmax for all pairs": (
        _rule(
            lambda q, k: (q @ k.transpose(-1, -2) * _usual(q)).flatten(2).softmax(-1).view(*q.shape[:3], -1)
        ),
        "One softmax runs over all pairs of a query and a key. Each query has weights of its own, which add "
        "up to one.",
    ),
    "heads not merged": (
        _rule(together=lambda x: x.transpose(1, 2)),
        "Your heads still have an axis of their own. Their results stand beside one another in a token: "
        "merge the last two axes.",
    ),
    "mean over the heads": (
        _rule(together=lambda x: x.mean(dim=1)),
        "You average the heads. Each of them fills its own part of the token: their results stand beside one "
        "another.",
    ),
    "heads compete inside a token": (
        _rule(apart=lambda x, heads: x.unflatten(-1, (heads, -1)), together=lambda x: x.flatten(2)),
        "The heads look at one another inside each token, and no token looks at another. In `@` the last two "
        "axes are multiplied: which two should these be?",
    ),
    "heads split in turn": (
        _rule(apart=_in_turn),
        "You hand the numbers out to the heads in turn, and put them back in blocks. The first head has the "
        "first numbers of a token, the second the next ones.",
    ),
    "query added": (
        lambda q, k, v, heads: q + _reference(q, k, v, heads),
        "You add the query to the mean of the values. The sum with the input belongs to the block, which "
        "comes below; here the mean alone is wanted.",
    ),
    "multiplied by the root": (
        _scores(lambda q: q.shape[-1] ** 0.5),
        "You multiply by the root where the scores should be divided by it. Are your weights close to zero "
        "and one only?",
    ),
    "softmax along the queries": (
        _scores(_usual, -2),
        "Your softmax runs along the wrong axis: the weights with which one key is looked at add up to one. "
        "Each query shares its attention out among the keys.",
    ),
    "softmax along the heads": (
        _scores(_usual, 1),
        "Your softmax runs along the heads, so that heads compete for a token. Each of them shares its own "
        "attention out among the keys.",
    ),
    "weights not normalised": (
        _rule(lambda q, k: (q @ k.transpose(-1, -2) * _usual(q)).exp()),
        "Your weights are positive, and they do not add up to one. A query with many fitting keys would get "
        "a long answer: a mean of the values is wanted.",
    ),
    "no softmax": (
        _rule(lambda q, k: q @ k.transpose(-1, -2) * _usual(q)),
        "You use the scores as weights. They may be negative, and do not add up to one. What turns a row of "
        "numbers into weights?",
    ),
    "query and key swapped": (
        lambda q, k, v, heads: _reference(k, q, v, heads),
        "Queries and keys have changed places. The query is what a token looks for, and belongs to the token "
        "that gets the answer; the key is what the others offer.",
    ),
    "values not used": (
        lambda q, k, v, heads: _reference(q, k, k, heads),
        "You average the keys. Keys say who fits; what is handed over are the values.",
    ),
    "heads in turn": (
        _rule(apart=_in_turn, together=lambda x: x.permute(0, 2, 3, 1).flatten(2)),
        "Your heads take every so many-th number of a token. A head has a block of neighbouring numbers: the "
        "first head the first ones, and so on.",
    ),
    "heads cut across tokens": (
        _rule(apart=_viewed, together=lambda x: x.reshape(len(x), x.shape[2], -1)),
        "You reshape to (batch, heads, tokens, …) in one go. A reshape does not move numbers, so your heads "
        "hold different tokens, and not different parts of all tokens. Split the last axis first; then two "
        "axes change places.",
    ),
    "heads not put back": (
        _rule(together=lambda x: x.reshape(len(x), x.shape[2], -1)),
        "At the end you reshape with the heads still in front of the tokens, so numbers of different tokens "
        "stand in one row. Which two axes have to change places back first?",
    ),
    "heads put back in turn": (
        _rule(together=lambda x: x.permute(0, 2, 3, 1).flatten(2)),
        "At the end the heads' numbers take turns in a token. Those of the first head should stand together, "
        "then those of the second.",
    ),
    "tokens look back only": (
        _rule(
            lambda q, k: (
                (q @ k.transpose(-1, -2) * _usual(q))
                .masked_fill(torch.ones(q.shape[-2], q.shape[-2]).triu(1).bool(), -torch.inf)
                .softmax(dim=-1)
            )
        ),
        "Your tokens look at earlier ones only, as in a model of texts. A patch of an image may look at all "
        "patches, also those that come after it.",
    ),
    "attention across the batch": (
        _rule(
            apart=lambda x, heads: x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3),
            together=lambda x: x.permute(2, 0, 1, 3).flatten(2),
        ),
        "Your images look at one another: the softmax and the mean run along the batch. Each image is by "
        "itself, and its own patches exchange what they know.",
    ),
    "input added": (
        lambda q, k, v, heads: v + _reference(q, k, v, heads),
        "You add something to the mean of the values. The sum with the input belongs to the block, which "
        "comes below; here the mean alone is wanted.",
    ),
}
HINT_MEAN = (
    "All keys are alike here, so no token fits better than another, and every query should get the plain "
    "mean of the values. Yours does not. Do your weights add up to one, along which axis, and are they "
    "multiplied with the values?"
)
HINT_WEIGHTS = (
    "With values of zeros and a single one, the result shows your weights, head by head. They are not the "
    "softmax of the scaled scores. Work out by hand one query and two keys: the difference of two scores, "
    "over the root of the numbers in a head, is the logarithm of the ratio of their weights."
)
HINT_LARGE = (
    "For large scores your result is not a number, though a softmax of large scores is only a choice of the "
    "largest. An exponential overflows: subtract the largest score first, or let torch do it."
)
HINT_OTHER = (
    "In another shape, {0} tokens of width {1} with {2} heads, your function is not right. Is a number of "
    "the first case written into it, or an axis of length one removed?"
)


def _weights(student: StudentFunction, q: Tensor, k: Tensor, heads: int) -> Tensor:
    """The weights that an answer gives, (batch, heads, queries, keys), read off with values of 0 and 1."""
    batch, tokens, width = q.shape
    columns = []
    for key in range(tokens):
        value = torch.zeros_like(q)
        value[:, key] = 1.0
        came = student(q, k, value, heads, shape=(batch, tokens, width))
        columns.append(_apart(came, heads).mean(dim=-1))
    return torch.stack(columns, dim=-1)


@exercise("8.5", "Attention", "core", "query, key, value, heads", _reference, MISTAKES)
def attention(student: StudentFunction) -> Iterator[Fact]:
    """The mean where all keys are alike; the weights of each head; values; large scores; other shapes."""
    for batch, tokens, width, heads in SIZES:
        first = batch == SIZES[0][0] and width == SIZES[0][2]
        shape = (batch, tokens, width)
        q, k, v = torch.randn(3, *shape, dtype=torch.float64).float()
        same = student(q, k[:, :1].expand(shape), v, heads, shape=shape)
        result = student(q, k, v, heads, shape=shape)
        came = _weights(student, q, k, heads)
        scores = _apart(q, heads) @ _apart(k, heads).transpose(-1, -2) / math.sqrt(width // heads)
        wanted = scores.softmax(dim=-1)
        mixed = _together(came @ _apart(v, heads))
        facts = [
            Fact(
                "no mean",
                "answers where all keys are alike",
                v.mean(1, keepdim=True).expand(shape),
                same,
                HINT_MEAN,
            ),
            Fact("wrong weights", "weights of the keys", wanted, came, HINT_WEIGHTS),
            Fact("values mixed up", "mean of the values, with your weights", mixed, result, HINT_WEIGHTS),
            Fact(
                "wrong answers",
                "mean of the values",
                _together(wanted @ _apart(v, heads)),
                result,
                HINT_WEIGHTS,
            ),
        ]
        wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
        if first:
            yield from facts[: min(wrong + 1, 3)]
            yield from failing(facts[3:][:1] if wrong == 3 else [])
        else:
            hint = HINT_OTHER.format(tokens, width, heads)
            found = facts[wrong : wrong + 1]
            yield from (Fact("wrong in another shape", f.label, f.expected, f.measured, hint) for f in found)
        if wrong < len(facts):
            return
    shape = (2, 3, 4)
    q, k, v = torch.randn(3, *shape).double().float()
    came = student(300 * q, 300 * k, v, 2, shape=shape, finite=False)
    yield from failing(
        [Fact("overflows", "numbers that are not finite", 0.0, float((~came.isfinite()).sum()), HINT_LARGE)]
    )
