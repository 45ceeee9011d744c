"""Exercise 10.2: patches look at words."""

import math
from collections.abc import Callable, Iterator
from typing import Any

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
    products,
    root,
    scaled,
    scores_of,
    softmax,
    together,
    viewed,
)
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through

SIZES = ((2, 3, 5, 12, 2), (3, 4, 4, 8, 4), (1, 6, 2, 6, 1), (2, 1, 3, 4, 2))
"""Batch, patches, words, width and heads; patches and words are equal in number once."""
Layers = tuple[Callable[[Tensor], Tensor], ...]
Sources = Callable[[Tensor, Tensor, Layers], tuple[Tensor, Tensor, Tensor]]


def _bias(padded: Tensor) -> Tensor:
    """What is added to scores (batch, heads, patches, words)."""
    return torch.zeros(padded.shape).masked_fill(padded, -torch.inf)[:, None, None]


def _sources(patches: Tensor, words: Tensor, layers: Layers) -> tuple[Tensor, Tensor, Tensor]:
    return layers[0](patches), layers[1](words), layers[2](words)


def _rule(
    weigh: Weigh = softmax,
    split: Apart = apart,
    merge: Together = together,
    bias: Callable[[Tensor], Tensor] = _bias,
    sources: Sources = _sources,
    after: Callable[[Tensor, Tensor], Tensor] = lambda weights, padded: weights,
) -> Callable[..., Tensor]:
    """Cross-attention from its parts, any of which may be wrong."""

    def rule(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
        q, k, v = (split(part, heads) for part in sources(patches, words, layers))
        return merge(after(weigh(q, k, bias(padded)), padded[:, None, None]) @ v)

    return rule


def _reference(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
    q, k, v = (apart(part, heads) for part in _sources(patches, words, layers))
    return together(scaled_dot_product_attention(q, k, v, attn_mask=~padded[:, None, None]))


def _one_head(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
    return _reference(patches, words, padded, layers, 1)


def _whole(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
    return _rule(scaled(lambda q: (q.shape[-1] * heads) ** -0.5))(patches, words, padded, layers, heads)


def _zeroed(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
    return _rule(bias=_nothing)(patches, words * ~padded[..., None], padded, layers, heads)


def _one_head_root(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
    sharper = scaled(lambda q: (q.shape[-1] / heads) ** -0.5)
    return _rule(sharper)(patches, words, padded, layers, 1)


def _nothing(padded: Tensor) -> Tensor:
    return torch.zeros(())


def _masked_scores(to: float) -> Weigh:
    """Weights where scores of padding are put to one number before the softmax."""
    return lambda q, k, bias: torch.where(torch.as_tensor(bias) == 0, products(q, k) * root(q), to).softmax(
        dim=-1
    )


def _before_scaling(q: Tensor, k: Tensor, bias: Tensor | float) -> Tensor:
    return (products(q, k) * root(q) + (torch.as_tensor(bias) != 0).float()).softmax(dim=-1)


def _plus(add: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def rule(patches: Tensor, words: Tensor, padded: Tensor, layers: Layers, heads: int) -> Tensor:
        return add(layers[0](patches), patches) + _reference(patches, words, padded, layers, heads)

    return rule


MISTAKES: dict[str, Mistake] = {
    "padding looked at": (
        _rule(bias=_nothing),
        "Your patches look at null words as at any other: `padded` makes no difference. What must a score be "
        "for its weight to vanish after the softmax?",
    ),
    "mask turned over": (
        _rule(bias=lambda padded: _bias(~padded), after=lambda w, _: w.nan_to_num(0.0)),
        "Your mask is turned over: the patches look at the null words, and at them only. `padded` is true "
        "where a word is *missing*; in torch's own attention a mask is true where one may look.",
    ),
    "mask turned over, with a large negative number": (
        _rule(bias=lambda padded: -1e9 * (~padded).float()[:, None, None]),
        "Your mask is turned over: where a caption has null words, the patches look at these only, and where "
        "it has none, at all words alike. `padded` is true where a word is *missing*.",
    ),
    "mask after the softmax": (
        _rule(bias=_nothing, after=lambda w, padded: w.masked_fill(padded, 0.0)),
        "You put weights to zero after the softmax, or the values of null words. The null words have had "
        "their share by then, and the weights that are left no longer add up to one.",
    ),
    "masked scores zero": (
        _rule(_masked_scores(0.0)),
        "You put the scores of null words to zero. The exponential of zero is one, so they are still looked "
        "at. Which score has an exponential of zero?",
    ),
    "masked scores minus one": (
        _rule(_masked_scores(-1.0)),
        "You put the scores of null words to minus one. That is a score like others. Which one has an "
        "exponential of zero?",
    ),
    "mask added as one": (
        _rule(_before_scaling),
        "You add the mask itself, a one for each null word, which makes them more attractive. What has to be "
        "added for a weight to vanish?",
    ),
    "padded words put to zero": (
        _zeroed,
        "You put the features of null words to zero. Their keys are then zero too, and so are their "
        "scores: but the exponential of zero is one, and they still take a share. Which score has an "
        "exponential of zero?",
    ),
    "one head only, with the root of a head": (
        _one_head_root,
        "All numbers of a query and a key go into one scalar product, so there is one head whatever `heads` "
        "is; only your root knows of heads. Each head compares its own part of the numbers.",
    ),
    "first caption's mask for all": (
        _rule(bias=lambda padded: _bias(padded[:1])),
        "The mask of the first caption counts for all of them. Each caption has a length of its own.",
    ),
    "padded in one, padded in all": (
        _rule(bias=lambda padded: _bias(padded.any(dim=0, keepdim=True)), after=lambda w, _: w.nan_to_num()),
        "A place that is empty in one caption is closed in all of them. Each caption has a mask of its own.",
    ),
    "queries from words": (
        _rule(
            sources=lambda p, w, layers: (layers[0](w), layers[1](p), layers[2](p)),
            bias=_nothing,
        ),
        "Your queries come from the words and the rest from the patches, so words look at patches. Who wants "
        "to know something here, and who has it?",
    ),
    "patches look at patches": (
        _rule(sources=lambda p, w, layers: (layers[0](p), layers[1](p), layers[2](p)), bias=_nothing),
        "Keys and values come from the patches: that is the attention of chapter 08, in which no word "
        "occurs.",
    ),
    "words look at words": (
        _rule(sources=lambda p, w, layers: (layers[0](w), layers[1](w), layers[2](w))),
        "All three come from the words, so the patches never take part. Who wants to know something?",
    ),
    "keys and values swapped": (
        _rule(sources=lambda p, w, layers: (layers[0](p), layers[2](w), layers[1](w))),
        "The second layer makes keys and the third makes values; you use them the other way round.",
    ),
    "queries and keys by the wrong layers": (
        _rule(sources=lambda p, w, layers: (layers[1](p), layers[0](w), layers[2](w))),
        "The layers of queries and of keys have changed places. The first of the three reads the patches.",
    ),
    "values not used": (
        _rule(sources=lambda p, w, layers: (layers[0](p), layers[1](w), layers[1](w))),
        "You average the keys. Keys say which word fits; what is handed over are the values.",
    ),
    "values not through their layer": (
        _rule(sources=lambda p, w, layers: (layers[0](p), layers[1](w), w[..., : layers[1](w).shape[-1]])),
        "You hand over the words as they are. The third layer makes values of them.",
    ),
    "one head only": (
        _one_head,
        "All numbers of a query and a key go into one scalar product, so there is one head whatever `heads` "
        "is. Each head compares its own part of the numbers, and mixes its own part of the values.",
    ),
    "scaled by the root of the whole width": (
        _whole,
        "You scale by the root of the whole width. A head sums over its own part of it: how many products "
        "are there in one of its scores?",
    ),
    "scaled by the root of the number of words": (
        _rule(lambda q, k, bias: (products(q, k) / math.sqrt(k.shape[-2]) + bias).softmax(dim=-1)),
        "You scale by the number of words. A score is a sum over the numbers of a head, however many words "
        "there are: how many products are in it?",
    ),
    "heads cut across tokens, and put back as they should": (
        _rule(split=viewed),
        "You reshape queries, keys and values to (batch, heads, tokens, …) in one go. A reshape moves no "
        "numbers, so your heads hold different tokens, and not different parts of all tokens. Split the last "
        "axis first; then two axes change places.",
    ),
    "query added": (
        _plus(lambda query, patches: query),
        "You add the query to what a patch gets. The sum with the patch belongs to the block; here the mean "
        "alone is wanted.",
    ),
    **{name: (_rule(weigh), words) for name, (weigh, words) in WEIGHTS.items()},
    **{name: (_rule(split=split, merge=merge), words) for name, (split, merge, words) in HEADS.items()},
}
HINT_PADDED = (
    "Null words are looked at: with values of one in them and zero elsewhere, the result should be zero. "
    "Their weights should vanish, as if those words were not there. Where in your lines does `padded` come "
    "in?"
)
HINT_REST = (
    "Without null words your weights are right, and null words get none; but the other words' weights are "
    "not what they were if the null words did not exist at all. They should share all of the attention: do "
    "they add up to one?"
)
HINT_TURNED = (
    "Without null words your result is not a number, and with nothing but null words it is one: your mask is "
    "turned over. `padded` is true where a word is *missing*; in torch's own attention a mask is true where "
    "one may look."
)
HINT_NOTHING_LEFT = (
    "Without null words your result is a number everywhere, and with some it is not. A softmax of scores "
    "that are all minus infinity divides zero by zero. No caption here lacks all words: along which axis "
    "does yours run, or which words does your mask leave?"
)
HINT_LARGEST = (
    "For large scores your result is a number everywhere if there are no null words, and not if there are "
    "some. When the largest score is that of a null word, all other exponentials beside it are zero, and "
    "zero is divided by zero. Null words have to be out before the largest score is looked for."
)
HINT_OTHER = (
    "With {0} patches, {1} words and {2} heads your function is not right, though it was in the first "
    "case. Is a number of the first case written into it, or is the axis of words taken for that of "
    "patches?"
)


def _probe(
    student: StudentFunction, patches: Tensor, words: Tensor, padded: Tensor, maps: list[Tensor], heads: int
) -> Tensor:
    """Weights (batch, heads, patches, words): each word in turn has values of one, and all others zero.

    The number of a word stands in its own features, where only the layer of values reads it.
    """
    batch, count, length, dim = len(words), patches.shape[1], words.shape[1], words.shape[2]
    width, columns = maps[0].shape[1], []
    marked = torch.cat([words, torch.eye(length).expand(batch, length, length)], dim=2)
    # As long as a word, so that a layer that is handed the wrong one of them still works.
    seen = torch.cat([patches, torch.zeros(batch, count, length)], dim=2)
    for word in range(length):
        layers = (
            lambda x: x[..., :dim].float() @ maps[0],
            lambda x: x[..., :dim].float() @ maps[1],
            lambda x, word=word: x[..., dim + word, None].float().expand(*x.shape[:-1], width),
        )
        came = student(seen, marked, padded, layers, heads, shape=(batch, count, width))
        columns.append(apart(came, heads).mean(dim=-1))
    return torch.stack(columns, dim=-1).double()


def _not_finite(student: StudentFunction, *given: Any, shape: tuple[int, ...]) -> Fact | None:
    """What masks have to do with a result that is not finite; None if it is, or if they have nothing."""
    patches, words, padded, *rest = given

    def infinite(mask: Tensor) -> float:
        came = student(patches, words, mask, *rest, shape=shape, finite=False)
        return float((~came.isfinite()).sum())

    open_ = infinite(torch.zeros_like(padded))
    if open_ and not infinite(torch.ones_like(padded)):
        what = "numbers that are not finite, without null words"
        return Fact("mask turned over", what, 0.0, open_, HINT_TURNED)
    some = 0.0 if open_ else infinite(padded)
    what = "numbers that are not finite, with null words"
    return Fact("nothing left to look at", what, 0.0, some, HINT_NOTHING_LEFT) if some else None


def _last(student: StudentFunction) -> Iterator[Fact]:
    """Whether gradients get through, and large scores."""
    patches, words = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    padded = torch.arange(5).expand(2, 5) > 3
    plain = (lambda x: x.float(),) * 3
    given = (patches, words.clone().requires_grad_(), padded, plain, 2)
    yield from trained_through(student, *given, shape=(2, 3, 4))
    large = (300 * patches, 300 * words)
    came = student(*large, padded, plain, 2, shape=(2, 3, 4), finite=False)
    whole = student(*large, torch.zeros_like(padded), plain, 2, shape=(2, 3, 4), finite=False)
    infinite = float((~came.isfinite()).sum())
    if infinite and bool(whole.isfinite().all()):
        what = "numbers that are not finite, large scores and null words"
        yield Fact("null words when the largest score is taken", what, 0.0, infinite, HINT_LARGEST)
    else:
        yield from of_large(whole)


@exercise(
    "10.2", "Patches look at words", "core", "patches, words, padded, layers, heads", _reference, MISTAKES
)
def cross_attention(student: StudentFunction) -> Iterator[Fact]:
    """The mean of equal keys; weights without and with null words; values; other sizes; large scores."""
    strange = False

    def again() -> tuple[Tensor, Tensor]:
        patches, words, padded = torch.randn(2, 4, 18), torch.randn(2, 7, 18), torch.zeros(2, 7).bool()
        maps = [torch.randn(18, 18) / 18**0.5 for _ in range(3)]
        q, k = patches @ maps[0], words @ maps[1]
        return _probe(student, patches, words, padded, maps, 2), scores_of(q, k, 2).double()

    for batch, count, length, width, heads in SIZES:
        first, dim = count == SIZES[0][1], width
        patches, words = torch.randn(batch, count, dim), torch.randn(batch, length, dim)
        maps = [torch.randn(dim, width) / dim**0.5 * 1.5 for _ in range(3)]
        layers = tuple(lambda x, m=m: x.float() @ m for m in maps)
        shape = (batch, count, width)
        open_, padded = torch.zeros(batch, length, dtype=torch.bool), torch.zeros(batch, length).bool()
        # The last caption is the shortest, so that neither mask stands for both.
        padded[-1, length - max(1, length // 2) :] = True
        padded[0, length - 1 :] |= length > 2
        q, k, v = (layers[0](patches), layers[1](words), layers[2](words))
        if first and (fact := _not_finite(student, patches, words, padded, layers, heads, shape=shape)):
            yield fact
            return
        one_key = (layers[0], lambda x, key=maps[1][0]: key.expand(*x.shape[:-1], len(key)), layers[2])
        same = student(patches, words, open_, one_key, heads, shape=shape)
        whole = student(patches, words, padded, layers, heads, shape=shape)
        without = _probe(student, patches, words, open_, maps, heads)
        with_ = _probe(student, patches, words, padded, maps, heads)
        alike = _probe(student, patches, words[:, :1].expand(words.shape), open_, maps, heads)
        scores = scores_of(q, k, heads).double()
        kept = (scores + _bias(padded)).softmax(dim=-1)
        mean = v.mean(dim=1, keepdim=True).expand(shape)
        gone = with_ * padded[:, None, None]
        if first:
            others = torch.cat([words[:1], torch.randn(words[1:].shape)])
            one, other = (student(patches, w, open_, layers, heads, shape=shape) for w in (words, others))
            strange = not torch.allclose(other[0], one[0], atol=1e-3)
            divided = of_scale(without, scores, again, (6, 9))
            yield from divided
            if divided:
                return
        facts = [
            of_mean(same, mean, without, alike, strange),
            of_weights(without, scores, "words"),
            Fact("padding seen", "weights of null words", torch.zeros_like(gone), gone, HINT_PADDED),
            Fact("wrong weights beside padding", "weights beside null words", kept, with_, HINT_REST),
            of_values(with_, apart(v, heads), whole),
        ]
        wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
        if first:
            yield from facts[: wrong + 1] if wrong != 2 else facts[:4]
        else:
            hint = HINT_OTHER.format(count, length, heads)
            found = facts[wrong : wrong + 1]
            yield from (Fact("wrong in another shape", f.label, f.expected, f.measured, hint) for f in found)
        if wrong < len(facts):
            return
    yield from _last(student)
