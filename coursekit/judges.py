"""Judges: classifiers that know the real digits and have never seen the generator."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .data import Digits, digits


def _rows(images: Tensor) -> np.ndarray:
    """Images as rows of pixels in float64, as scikit-learn wants them."""
    flat = images.detach().cpu().flatten(1)
    if flat.shape[1] != 64:
        raise ValueError(f"images have shape {tuple(images.shape)}; the judges know (n, 64) or (n, 1, 8, 8)")
    return flat.double().numpy()


@dataclass(frozen=True, eq=False)
class Judges:
    """Two independent classifiers of 8 x 8 digits, fit on the training part only.

    Args:
        svm: a support vector machine; its verdict is what agreement is measured by.
        mlp: a network with one layer of 64 hidden units, which serve as features.
    """

    svm: Any
    mlp: Any

    def classify(self, images: Tensor) -> Tensor:
        """Name the digit the support vector machine sees in each of the images (n, 64): (n,) labels.

        Raises:
            ValueError: the images have another size.
        """
        return torch.from_numpy(self.svm.predict(_rows(images)))

    def features(self, images: Tensor) -> Tensor:
        """Describe images (n, 64) by the classifier's hidden units: (n, 64) float64, none negative.

            features = relu(W images + b)

        Pixels are a poor measure of likeness; what a classifier has learnt to look at is a better one.

        Raises:
            ValueError: the images have another size.
        """
        hidden = _rows(images) @ self.mlp.coefs_[0] + self.mlp.intercepts_[0]
        return torch.from_numpy(np.maximum(hidden, 0.0))


def fit_judges(known: Digits) -> Judges:
    """Fit both judges on the training part of `known`; about two seconds on one core.

    Args:
        known: the digits; the held-out part isn't looked at.
    Returns:
        The judges; the same ones for the same digits, but for rounding.
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    pixels, classes = _rows(known.train.images), known.train.labels.numpy()
    svm = SVC(C=10).fit(pixels, classes)
    mlp = MLPClassifier((64,), max_iter=400, random_state=0).fit(pixels, classes)
    return Judges(svm, mlp)


@cache
def digit_judges() -> Judges:
    """Return the judges of scikit-learn's digits, fit at the first call and kept for the process."""
    return fit_judges(digits())
