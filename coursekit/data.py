"""Data sets: small, real and at hand without a download."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

HELD_OUT = 500
SPLIT_SEED = 0


class Labelled(NamedTuple):
    """Images and their labels: z, y = digits.train."""

    images: Tensor
    """(n, 64), pixels in [-1, 1]: -1 is paper, 1 is ink."""
    labels: Tensor
    """(n,), whole numbers."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits, 8 x 8 pixels, in a part to train on and a part that training never sees.

    Args:
        train: 1,297 images and labels.
        test: 500 images and labels, as many of each class as its share of the whole gives.
    """

    train: Labelled
    test: Labelled


def digits() -> Digits:
    """Load scikit-learn's 1,797 handwritten digits, 500 of them held out; the same split on every call.

    Kaynak 1995; Alpaydin & Kaynak 1998, optical recognition of handwritten digits (their test set of 13
    writers, as scikit-learn ships it). The images come with scikit-learn: nothing is downloaded.

    Returns:
        Both parts, images as vectors (n, 64) of float32 scaled from 0 … 16 to [-1, 1].
    """
    from sklearn.datasets import load_digits  # here, so that importing coursekit stays light
    from sklearn.model_selection import train_test_split

    counts, classes = load_digits(return_X_y=True)
    train, test = train_test_split(
        np.arange(len(classes)), test_size=HELD_OUT, stratify=classes, random_state=SPLIT_SEED
    )
    return Digits(_part(counts, classes, train), _part(counts, classes, test))


def _part(counts: np.ndarray, classes: np.ndarray, rows: np.ndarray) -> Labelled:
    images = torch.as_tensor(counts[rows] / 8 - 1, dtype=torch.float32)
    return Labelled(images, torch.as_tensor(classes[rows], dtype=torch.int64))
