"""Pictures of two digits with captions, some combinations of which are held out."""

import re
from typing import Literal, NamedTuple

import torch
from torch import Generator, Tensor

from ..base import ink_centre, resample
from .labelled import Labelled
from .loaders import digits

CANVAS = 16
"""Pixels along a side of the pictures and of the clips."""
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOCABULARY = (*NUMBERS, "a", "left", "right", "of")
"""All words of the captions; a word's index is its place here, so that a digit's word has its value.

"An" is no word of its own: `caption` writes it before "eight", and `word_indices` takes it for "a".
"""
NULL_WORD = len(VOCABULARY)
"""The index that stands for "no word given": six of them are no caption."""
CAPTION_WORDS = 6
"""Words in a caption: "a three left of a seven"."""
HELD_OUT = frozenset((left, (left + step) % 10) for left in range(10) for step in (3, 6))
"""Ordered pairs (left, right) that no training picture shows: 20 of 100.

Each digit still stands on the left of eight others, and on the right of eight, and for each of the pairs the
pictures show the same digits in the other order.
"""

Pairs = Literal["seen", "held out", "all"]
Part = Literal["train", "test"]

ZOOM = 0.9
"""Size of a digit, so that two stand side by side."""
COLUMNS = (4.0, 11.5)
"""Where the centres of the left and of the right digit lie, up to `JITTER`."""
ROW = 7.5
JITTER = 0.5


class Placed(NamedTuple):
    """Pictures of two digits, with captions as word indices.

    >>> pictures = data.placed_digits(3)
    >>> pictures.images.shape, pictures.words.shape
    (torch.Size([3, 1, 16, 16]), torch.Size([3, 6]))
    """

    images: Tensor
    """(n, 1, 16, 16), pixels in [-1, 1]: -1 is paper, 1 is ink."""
    words: Tensor
    """(n, 6), indices into `VOCABULARY`."""
    left: Tensor
    """(n,), the digit on the left."""
    right: Tensor
    """(n,), the digit on the right."""


def placed_digits(
    n: int, pairs: Pairs = "seen", part: Part = "train", generator: Generator | None = None
) -> Placed:
    """Make pictures of two of scikit-learn's digits side by side, with captions.

    A picture of a three beside a seven is called "a three left of a seven" or "a seven right of a three",
    each with probability 1/2: the same four words in another order say the opposite ("a seven left of a
    three"). The pairs of `HELD_OUT` are never "seen": a network that has learnt what the words mean can draw
    them all the same. Pairs are drawn uniformly, then a handwritten digit for each, placed to a fraction of a
    pixel.

    Args:
        n: pictures.
        pairs: which ordered pairs: "seen", for training; "held out", for the test; or "all".
        part: the part of `digits()` that the handwriting is from.
        generator: source of randomness; torch's own unless given.
    Returns:
        Images, captions, and the digits on the left and on the right.
    Raises:
        ValueError: `n` is below 1, or a name is unknown.
        DataUnavailable: scikit-learn is not installed.

    >>> pictures = data.placed_digits(5, "held out", "test")
    >>> all((a, b) in data.HELD_OUT for a, b in zip(pictures.left.tolist(), pictures.right.tolist()))
    True
    """
    known = _part(n, part)
    both = pairs_of(pairs)[torch.randint(len(pairs_of(pairs)), (n,), generator=generator)]
    left, right = both.unbind(1)
    canvases = []
    for digit, column in ((left, COLUMNS[0]), (right, COLUMNS[1])):
        images = draw_of_class(known, digit, generator)
        ink = (images[:, 0] + 1) / 2
        where = torch.tensor([ROW, column]) + JITTER * (2 * torch.rand(n, 2, generator=generator) - 1)
        canvases.append(resample(ink, CANVAS, ink_centre(ink), where, ZOOM))
    images = 2 * torch.maximum(*canvases)[:, None] - 1
    return Placed(images, pair_words(left, right, torch.rand(n, generator=generator) < 0.5), left, right)


def _part(n: int, part: Part) -> Labelled:
    if n < 1 or part not in ("train", "test"):
        raise ValueError(f"n = {n} of part '{part}'; give a positive number, and 'train' or 'test'")
    whole = digits()
    return whole.train if part == "train" else whole.test


def draw_of_class(known: Labelled, digit: Tensor, generator: Generator | None) -> Tensor:
    """Draw for each digit of a row (n,) one of its handwritten images, (n, 1, 8, 8)."""
    order = known.labels.argsort(stable=True)
    counts = known.labels.bincount(minlength=10)
    first = counts.cumsum(0) - counts
    chosen = (torch.rand(len(digit), generator=generator, dtype=torch.float64) * counts[digit]).long()
    return known.images[order[first[digit] + chosen]]


def pairs_of(pairs: Pairs) -> Tensor:
    """List the ordered pairs of digits that are "seen", "held out", or "all" of them: (pairs, 2).

    Raises ValueError for another name.

    >>> [len(data.pairs_of(pairs)) for pairs in ("seen", "held out", "all")]
    [80, 20, 100]
    """
    wanted = {"seen": (False,), "held out": (True,), "all": (False, True)}
    if pairs not in wanted:
        raise ValueError(f"pairs = '{pairs}'; choose one of {', '.join(wanted)}")
    every = ((left, right) for left in range(10) for right in range(10))
    return torch.tensor([pair for pair in every if (pair in HELD_OUT) in wanted[pairs]])


def pair_words(left: Tensor, right: Tensor, turned: Tensor | None = None) -> Tensor:
    """Write captions of pairs: "a LEFT left of a RIGHT", or "a RIGHT right of a LEFT" where turned.

    Args:
        left: the digit on the left, (n,).
        right: the digit on the right, (n,).
        turned: whether the caption begins with the digit on the right, (n,) of bool; never unless given.
    Returns:
        Word indices, (n, 6).

    >>> words = data.pair_words(torch.tensor([3]), torch.tensor([7]), torch.tensor([True]))
    >>> data.caption(words[0])
    'a seven right of a three'
    """
    turned = torch.zeros_like(left, dtype=torch.bool) if turned is None else turned
    a, of, to_left, to_right = (
        torch.full_like(left, VOCABULARY.index(word)) for word in ("a", "of", "left", "right")
    )
    first, second = torch.where(turned, right, left), torch.where(turned, left, right)
    return torch.stack([a, first, torch.where(turned, to_right, to_left), of, a, second], dim=1)


def word_indices(caption: str) -> Tensor:
    """Look the words of a caption up in the vocabulary: (6,) indices. "An" is the word "a".

    Raises ValueError if a word is unknown, or there are not six of them.

    >>> data.word_indices("a three left of a seven")
    tensor([10,  3, 11, 13, 10,  7])
    """
    words = ["a" if word == "an" else word for word in caption.lower().split()]
    unknown = [word for word in words if word not in VOCABULARY]
    if unknown or len(words) != CAPTION_WORDS:
        raise ValueError(
            f"'{caption}': {f'unknown: {unknown[0]}' if unknown else f'{len(words)} words'}; write as in "
            f"'a three left of a seven', with {CAPTION_WORDS} of the words {', '.join(VOCABULARY)}"
        )
    return torch.tensor([VOCABULARY.index(word) for word in words])


def caption(words: Tensor) -> str:
    """Spell word indices (6,) out, with "an" before "eight"; the null word is left out.

    >>> data.caption(data.word_indices("a three left of a seven"))
    'a three left of a seven'
    >>> data.caption(data.word_indices("an eight left of a seven"))
    'an eight left of a seven'
    """
    text = " ".join(VOCABULARY[index] for index in words.tolist() if index != NULL_WORD)
    return re.sub(r"\ba(?= eight\b)", "an", text)
