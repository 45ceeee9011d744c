"""The small digits as sequences of tokens: 64 places, and a few levels of grey as the alphabet."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .labelled import Labelled
from .loaders import digits

SIZE = 8
"""Pixels along a side."""


class LabelledTokens(NamedTuple):
    """Sequences of tokens and their labels: z, y = data.digit_tokens().train.

    >>> z, y = data.digit_tokens().test
    >>> z.shape, y.shape
    (torch.Size([500, 64]), torch.Size([500]))
    """

    tokens: Tensor
    """(n, 64) integers: 0 is paper, the last level is ink."""
    labels: Tensor
    """(n,) integers, the digit."""


@dataclass(frozen=True, eq=False)
class DigitTokens:
    """Handwritten digits as sequences of tokens, in a training part and a test part.

    Args:
        train: tokens and labels to train on.
        test: tokens and labels held out for evaluation.
        levels: levels of grey, the size of the alphabet.

    >>> data.digit_tokens(levels=2).levels
    2
    """

    train: LabelledTokens
    test: LabelledTokens
    levels: int


def digit_tokens(levels: int = 4) -> DigitTokens:
    """Round the digits of `digits()` to a few levels of grey, and write each as a row of 64 tokens.

        token = round( (pixel + 1) / 2 · (levels - 1) ),   line after line

    Args:
        levels: levels of grey, from 2 to 17; the images have 17.
    Returns:
        1,297 rows to train on and 500 held out, the split of `digits()`.
    Raises:
        ValueError: `levels` lies outside.
        DataUnavailable: scikit-learn is not installed.

    >>> z, y = data.digit_tokens().train
    >>> z.shape, z.unique()
    (torch.Size([1297, 64]), tensor([0, 1, 2, 3]))
    """
    if not 2 <= levels <= 17:
        raise ValueError(f"levels = {levels}; give a number from 2 to 17, which the images themselves have")
    whole = digits()
    return DigitTokens(_rounded(whole.train, levels), _rounded(whole.test, levels), levels)


def _rounded(part: Labelled, levels: int) -> LabelledTokens:
    tokens = ((part.images.flatten(1) + 1) / 2 * (levels - 1)).round().long()
    return LabelledTokens(tokens, part.labels)


def tokens_to_images(x: Tensor, levels: int = 4) -> Tensor:
    """Draw sequences of tokens: (n, 64) to images (n, 1, 8, 8) with pixels in [-1, 1].

    Where a place is hidden, that is holds the index `levels`, the pixel is not a number.

    Args:
        x: tokens, (n, 64).
        levels: levels of grey, those of `digit_tokens`.

    >>> tokens_to_images(torch.zeros(2, 64, dtype=torch.long)).unique()
    tensor([-1.])
    """
    pixels = 2 * x / (levels - 1) - 1
    return torch.where(x == levels, torch.nan, pixels).reshape(-1, 1, SIZE, SIZE)
