"""Images with their labels, in a part to train on and a part to test on."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class Labelled(NamedTuple):
    """Images and their labels: z, y = digits.train.

    >>> images, labels = data.digits().train
    >>> images.shape, labels.shape
    (torch.Size([1297, 1, 8, 8]), torch.Size([1297]))
    """

    images: Tensor
    """(n, channels, size, size), pixels in [-1, 1]: -1 is paper, 1 is ink."""
    labels: Tensor
    """(n,), whole numbers."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits in a part to train on and a part that training never sees.

    Args:
        train: images and labels to learn from.
        test: images and labels held out, for measuring.

    >>> digits = data.digits()
    >>> digits.test.images.shape
    torch.Size([500, 1, 8, 8])
    """

    train: Labelled
    test: Labelled
