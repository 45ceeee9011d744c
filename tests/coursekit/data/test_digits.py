"""The digits are all there, scaled, split the same way every time, and no image is in both parts."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from coursekit.data import digits

KNOWN = digits()


def test_sizes_types_and_range():
    for part, n in ((KNOWN.train, 1297), (KNOWN.test, 500)):
        images, labels = part
        assert images.shape == (n, 1, 8, 8)
        assert images.dtype == torch.float32
        assert labels.shape == (n,)
        assert labels.dtype == torch.int64
        assert images.min() == -1
        assert images.max() == 1
        assert labels.unique().tolist() == list(range(10))


def test_parts_together_are_the_whole_and_labels_stay_with_their_images():
    pixels, classes = load_digits(return_X_y=True)
    whole = torch.cat([torch.as_tensor(pixels), torch.as_tensor(classes)[:, None]], dim=1)
    parts = [
        torch.cat([(p.images.flatten(1).double() + 1) * 8, p.labels[:, None]], dim=1)
        for p in (KNOWN.train, KNOWN.test)
    ]
    assert sorted(torch.cat(parts).tolist()) == sorted(whole.tolist())


def test_rows_of_an_image_are_rows_of_the_scan():
    scans = torch.as_tensor(load_digits().images / 8 - 1).float()
    there = torch.cat([KNOWN.train.images, KNOWN.test.images])[:, 0]
    assert sum(torch.equal(scans[0], image) for image in there) == 1


def test_held_out_part_has_each_class_at_its_share():
    train, test = (torch.bincount(p.labels) for p in (KNOWN.train, KNOWN.test))
    assert ((train + test) * 500 / 1797 - test).abs().max() < 1  # nearest whole number


def test_no_held_out_image_is_in_the_training_part():
    assert torch.cdist(KNOWN.test.images.flatten(1), KNOWN.train.images.flatten(1)).min() > 0.5


def test_split_is_the_same_on_every_call():
    again = digits()
    assert torch.equal(again.train.images, KNOWN.train.images)
    assert torch.equal(again.test.labels, KNOWN.test.labels)


def test_digits_cannot_be_replaced():
    with pytest.raises(AttributeError):
        KNOWN.train = KNOWN.test


def test_the_split_is_scikit_learns_own():
    counts, classes = load_digits(return_X_y=True)
    rows = train_test_split(np.arange(len(classes)), test_size=500, stratify=classes, random_state=0)
    for part, wanted in zip((KNOWN.train, KNOWN.test), rows, strict=True):
        assert torch.equal(part.images.flatten(1), torch.tensor(counts[wanted] / 8 - 1).float())
        assert torch.equal(part.labels, torch.tensor(classes[wanted]))


def test_the_digits_cost_no_import_of_scikit_learn():
    code = "import sys; from coursekit import data; data.digits(); print('sklearn' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
