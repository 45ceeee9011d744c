"""The data sets of the course: scikit-learn's small digits, and MNIST."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import idx
from .files import Source, locate, unpacked
from .labelled import Digits, Labelled

HELD_OUT = 500
SPLIT_SEED = 0

# The sums are those of the content: how a server or a folder packs it makes no difference.
MNIST = Source(
    title="MNIST",
    addresses=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sums={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    megabytes=12,
)


def digits() -> Digits:
    """Load scikit-learn's 1,797 handwritten digits, 500 of them held out; the same split on every call.

    Kaynak 1995; Alpaydin & Kaynak 1998, optical recognition of handwritten digits (their test set of 13
    writers, as scikit-learn ships it). The images come with scikit-learn: nothing is downloaded.

    Returns:
        1,297 images to train on and 500 to test on, each class at its share of the whole; images
        (n, 1, 8, 8) of float32 scaled from 0 … 16 to [-1, 1], labels (n,) of int64.
    """
    from sklearn.datasets import load_digits  # here, so that importing coursekit stays light
    from sklearn.model_selection import train_test_split

    counts, classes = load_digits(return_X_y=True)
    train, test = train_test_split(
        np.arange(len(classes)), test_size=HELD_OUT, stratify=classes, random_state=SPLIT_SEED
    )
    return Digits(_part(counts, classes, train), _part(counts, classes, test))


def _part(counts: np.ndarray, classes: np.ndarray, rows: np.ndarray) -> Labelled:
    images = torch.as_tensor(counts[rows] / 8 - 1, dtype=torch.float32).reshape(-1, 1, 8, 8)
    return Labelled(images, torch.as_tensor(classes[rows], dtype=torch.int64))


def mnist(limit: int | None = None) -> Digits:
    """Load MNIST's handwritten digits, downloading their 12 MB at the first call.

    LeCun, Bottou, Bengio & Haffner 1998; the database of LeCun, Cortes & Burges. The files are kept in the
    user's cache (COURSEKIT_HOME, if set), or read from the folder that COURSEKIT_DATA names; either way
    their content is checked at every call.

    Args:
        limit: how many training images, from the first; all 60,000 of them (188 MB) if None.
    Returns:
        60,000 images to train on, or the first of them, and 10,000 to test on: images (n, 1, 28, 28) of
        float32 scaled from 0 … 255 to [-1, 1], labels (n,) of int64.
    Raises:
        DataUnavailable: the files cannot be downloaded, stored or read; the message says what to do.
        ValueError: `limit` is below 1 or above the number of images.
    """
    images, labels, test_images, test_labels = locate(MNIST)
    train = Labelled(_scaled(images, limit), _values(labels, 1, limit).long())
    return Digits(train, Labelled(_scaled(test_images), _values(test_labels, 1).long()))


def _scaled(path: Path, limit: int | None = None) -> Tensor:
    return _values(path, 3, limit).unsqueeze(1).div_(127.5).sub_(1)


def _values(path: Path, axes: int, limit: int | None = None) -> Tensor:
    """Values of a file as float32, block by block: its bytes never lie beside all the floats."""
    with open(path, "rb") as file:
        content = unpacked(file)
        shape = idx.shape(content, axes, limit)
        values = torch.empty(shape)
        for start, block in idx.blocks(content, shape):
            values[start : start + len(block)] = torch.from_numpy(block)
    return values
