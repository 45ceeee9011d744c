"""The data sets of the course: scikit-learn's small digits, and MNIST."""

import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .files import DataSource, DataUnavailable, read
from .labelled import Digits, Labelled

# The sums are those of the contents: how a server or a folder compresses them makes no difference.
MNIST = DataSource(
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sums={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    megabytes=55,
)


def digits() -> Digits:
    """Load scikit-learn's 1,797 handwritten digits, 500 of them held out; the same split on every call.

    Kaynak 1995; Alpaydin & Kaynak 1998, optical recognition of handwritten digits (their test set of 13
    writers, as scikit-learn ships it). The images come with scikit-learn: nothing is downloaded.

    Returns:
        1,297 images to train on and 500 to test on, stratified by class; images
        (n, 1, 8, 8) of float32 scaled from 0 … 16 to [-1, 1], labels (n,) of int64.
    Raises:
        DataUnavailable: scikit-learn is not installed.

    >>> digits().train.images.shape
    torch.Size([1297, 1, 8, 8])
    """
    table = _digits_table()
    counts, classes = table[:, :-1], table[:, -1].astype(np.int64)
    split = json.loads((files(__package__) / "digits_split.json").read_text(encoding="utf-8"))
    train, test = (_rows_of(counts, classes, np.array(split[part])) for part in ("train", "test"))
    return Digits(train, test)


def _digits_table() -> NDArray[np.float64]:
    """Rows of scikit-learn's own file: 64 counts of ink and the digit.

    Importing scikit-learn for it would take 80 MB in every kernel. The split beside this module is
    `train_test_split(range(1797), test_size=500, stratify=digit, random_state=0)`, made once.
    """
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise DataUnavailable("scikit-learn is missing, which brings the digits: set the course up again")
    return np.loadtxt(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")


def _rows_of(counts: NDArray[np.float64], classes: NDArray[np.int64], rows: NDArray[np.int64]) -> Labelled:
    images = torch.as_tensor(counts[rows] / 8 - 1, dtype=torch.float32).reshape(-1, 1, 8, 8)
    return Labelled(images, torch.as_tensor(classes[rows], dtype=torch.int64))


def mnist(limit: int | None = None) -> Digits:
    """Load MNIST's handwritten digits, downloading 12 MB at the first call.

    LeCun, Bottou, Bengio & Haffner 1998; the database of LeCun, Cortes & Burges. The files are kept in the
    user's cache (COURSEKIT_HOME, if set), or read from the folder that COURSEKIT_DATA names; either way their
    contents are verified at every call.

    Args:
        limit: how many training images, from the first; all 60,000 of them (188 MB) if None.
    Returns:
        60,000 images to train on, or the first of them, and 10,000 to test on: images (n, 1, 28, 28) of
        float32 scaled from 0 … 255 to [-1, 1], labels (n,) of int64.
    Raises:
        DataUnavailable: the files cannot be downloaded, stored or read; the message names the remedy.
        ValueError: `limit` is below 1 or above the number of images.

    >>> mnist(limit=1000).train.images.shape  # doctest: +SKIP
    torch.Size([1000, 1, 28, 28])
    """
    images, labels, test_images, test_labels = (_values(read(MNIST, name)) for name in MNIST.sums)
    if limit is not None and not 1 <= limit <= len(labels):
        raise ValueError(f"limit = {limit}; choose between 1 and the {len(labels)} that there are")
    return Digits(_labelled(images[:limit], labels[:limit]), _labelled(test_images, test_labels))


def _values(contents: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Values of an idx file: behind a header of 4 bytes, of which the last is the number of axes, and their
    lengths of 4 bytes each, the largest first (LeCun, Cortes & Burges, the MNIST database).
    """
    axes = int(contents[3])
    lengths = contents[4 : 4 + 4 * axes].tobytes()
    return contents[4 + 4 * axes :].reshape(np.frombuffer(lengths, ">u4").tolist())


def _labelled(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Labelled:
    pixels = torch.from_numpy(images).float().unsqueeze(1).div_(127.5).sub_(1)
    return Labelled(pixels, torch.from_numpy(labels).long())
