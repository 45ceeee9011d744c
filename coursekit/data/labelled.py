"""Images with their labels, in a training part and a test part."""

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
    """(n,), integers."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits, in a training part and a test part.

    Args:
        train: images and labels to train on.
        test: images and labels held out for evaluation.

    >>> digits = data.digits()
    >>> digits.test.images.shape
    torch.Size([500, 1, 8, 8])
    """

    train: Labelled
    test: Labelled
