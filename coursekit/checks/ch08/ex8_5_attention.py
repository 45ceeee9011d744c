"""Exercise 8.5: attention among patches."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.attention import (
    HEADS,
    WEIGHTS,
    Apart,
    Together,
    Weigh,
    apart,
    of_large,
    of_mean,
    of_scale,
    of_values,
    of_weights,
    root,
    scaled,
    scores_of,
    softmax,
    together,
)
from ..shared.dependence import uses
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from ..shared.trained import trained_through

SIZES = ((2, 5, 12, 3), (3, 4, 16, 4), (1, 5, 6, 1), (2, 2, 4, 2), (4, 1, 3, 1))
"""Batch, tokens, width and heads."""


def _rule(weigh: Weigh = softmax, split: Apart = apart, merge: Together = together) -> Callable[..., Tensor]:
    """Attention from its parts, any of which may be wrong."""

    def rule(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        q, k, v = (split(part, heads) for part in (query, key, value))
        return merge(weigh(q, k, 0.0) @ v)

    return rule


def _reference(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    q, k, v = (apart(part, heads) for part in (query, key, value))
    return together(scaled_dot_product_attention(q, k, v))


def _whole(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    q, k, v = (apart(part, heads) for part in (query, key, value))
    return together((q @ k.transpose(-1, -2) / math.sqrt(query.shape[-1])).softmax(dim=-1) @ v)


MISTAKES: dict[str, Mistake] = {
    "one head only": (
        lambda q, k, v, heads: _reference(q, k, v, 1),
        "All numbers of a query and a key go into one scalar product, so there is one head whatever `heads` "
        "is. Each head compares its own part of the numbers, and mixes its own part of the values.",
    ),
    "one head only, with the root of a head": (
        lambda q, k, v, heads: (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1] // heads)).softmax(-1) @ v,
        "All numbers of a query and a key go into one scalar product, so there is one head whatever `heads` "
        "is; only your root knows of heads. Each head compares its own part of the numbers, and mixes its "
        "own part of the values.",
    ),
    "tokens do not look at themselves": (
        _rule(
            lambda q, k, bias: (
                (q @ k.transpose(-1, -2) * root(q))
                .masked_fill(torch.eye(q.shape[-2]).bool(), -1e9)
                .softmax(dim=-1)
            )
        ),
        "Your tokens look at all others and not at themselves. A patch may keep what it has: every token "
        "looks at all tokens, itself included, and nothing is masked.",
    ),
    "scaled by the root of the whole width": (
        _whole,
        "You scale by the width of a whole token. A head sums over its own part of it: how many products are "
        "there in one of its scores?",
    ),
    "scaled by the root of the number of tokens": (
        _rule(lambda q, k, bias: (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-2])).softmax(dim=-1)),
        "You scale by the number of tokens. A score is a sum over the numbers of a head, however many tokens "
        "there are: how many products are in it?",
    ),
    "scaled by the root of the number of heads": (
        lambda q, k, v, heads: _rule(
            lambda q, k, bias: (q @ k.transpose(-1, -2) / math.sqrt(heads)).softmax(dim=-1)
        )(q, k, v, heads),
        "You scale by the number of heads. A score is a sum over the numbers of one head: how many products "
        "are in it?",
    ),
    "softmax along the batch": (
        _rule(scaled(root, 0)),
        "Your softmax runs along the batch, so that images compete. Each query shares its attention out "
        "among the keys of its own image.",
    ),
    "weights turned over": (
        _rule(lambda q, k, bias: softmax(q, k).transpose(-1, -2)),
        "Your weights are right, and they meet the values turned over: a token gets what *others* would look "
        "for in it. Row i of the weights belongs to query i.",
    ),
    "heads compete inside a token": (
        _rule(split=lambda x, heads: x.unflatten(-1, (heads, -1)), merge=lambda x: x.flatten(2)),
        "The heads look at one another inside each token, and no token looks at another. In `@` the last two "
        "axes are multiplied: which two should these be?",
    ),
    "query added": (
        lambda q, k, v, heads: q + _reference(q, k, v, heads),
        "You add the query to the mean of the values. The sum with the input belongs to the block, which "
        "comes below; here the mean alone is wanted.",
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
    "tokens look back only": (
        _rule(
            lambda q, k, bias: (
                (q @ k.transpose(-1, -2) * root(q))
                .masked_fill(torch.ones(q.shape[-2], q.shape[-2]).triu(1).bool(), -torch.inf)
                .softmax(dim=-1)
            )
        ),
        "Your tokens look at earlier ones only, as in a model of texts. A patch of an image may look at all "
        "patches, also those that come after it.",
    ),
    "attention across the batch": (
        _rule(
            split=lambda x, heads: x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3),
            merge=lambda x: x.permute(2, 0, 1, 3).flatten(2),
        ),
        "Your images look at one another: the softmax and the mean run along the batch. Each image is by "
        "itself, and its own patches exchange what they know.",
    ),
    "input added": (
        lambda q, k, v, heads: v + _reference(q, k, v, heads),
        "You add something to the mean of the values. The sum with the input belongs to the block, which "
        "comes below; here the mean alone is wanted.",
    ),
    **{name: (_rule(weigh), words) for name, (weigh, words) in WEIGHTS.items()},
    **{name: (_rule(split=split, merge=merge), words) for name, (split, merge, words) in HEADS.items()},
}
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
        columns.append(apart(came, heads).mean(dim=-1))
    return torch.stack(columns, dim=-1).double()


@exercise("8.5", "Attention", "core", "query, key, value, heads", _reference, MISTAKES)
def attention(student: StudentFunction) -> Iterator[Fact]:
    """The mean where all keys are alike; the weights of each head; values; large scores; other shapes."""
    strange = False

    def again() -> tuple[Tensor, Tensor]:
        q, k = torch.randn(2, 2, 7, 18, dtype=torch.float64).float().double()
        return _weights(student, q, k, 2), scores_of(q, k, 2)

    for batch, tokens, width, heads in SIZES:
        first = batch == SIZES[0][0] and width == SIZES[0][2]
        shape = (batch, tokens, width)
        q, k, v = torch.randn(3, *shape, dtype=torch.float64).float().double()  # as the answer gets them
        one_key = k[:, :1].expand(shape)
        same, result = (student(q, keys, v, heads, shape=shape) for keys in (one_key, k))
        came, alike = (_weights(student, q, keys, heads) for keys in (k, one_key))
        scores = scores_of(q, k, heads)
        if first:
            noise = torch.randn(shape).double()
            other = {
                "query": student(noise, k, v, heads, shape=shape),
                "key": student(q, noise, v, heads, shape=shape),
                "value": student(q, k, torch.cat([v[:1], noise[1:]]), heads, shape=shape),
            }
            yield from failing([uses(result, other)])
            strange = not torch.allclose(other["value"][0], result[0], atol=1e-3)
            divided = of_scale(came, scores, again, (4, 9))
            yield from divided
            if divided:
                return
        facts = [
            of_mean(same, v.mean(1, keepdim=True).expand(shape), came, alike, strange),
            of_weights(came, scores),
            of_values(came, apart(v, heads), result),
        ]
        wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
        if first:
            yield from facts[: wrong + 1]
        else:
            hint = HINT_OTHER.format(tokens, width, heads)
            found = facts[wrong : wrong + 1]
            yield from (Fact("wrong in another shape", f.label, f.expected, f.measured, hint) for f in found)
        if wrong < len(facts):
            return
    shape = (2, 3, 4)
    q, k, v = torch.randn(3, *shape).double().float()
    yield from trained_through(student, q, k, v.clone().requires_grad_(), 2, shape=shape)
    yield from of_large(student(300 * q, 300 * k, v, 2, shape=shape, finite=False))
