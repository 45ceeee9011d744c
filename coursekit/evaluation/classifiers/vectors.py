"""Classifiers of 8 x 8 digits, which take an image as a row of 64 numbers; fit in two seconds."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Digits, digits


def _pixel_rows(images: Tensor) -> np.ndarray:
    """Images as rows of pixels in float64, as scikit-learn wants them."""
    if images.ndim != 4 or images.shape[1:] != (1, 8, 8):
        raise ValueError(
            f"images have shape {tuple(images.shape)}; these classifiers take (n, 1, 8, 8): rows of pixels "
            "are reshaped by images.reshape(-1, 1, 8, 8); images of 28 x 28 are for mnist_classifier()"
        )
    return images.detach().cpu().flatten(1).double().numpy()


@dataclass(frozen=True, eq=False)
class DigitClassifiers:
    """Two independent classifiers of 8 x 8 digits, fit on the training part only.

    Args:
        svm: a support vector machine; agreement is measured by its labels.
        mlp: a network with one layer of 64 hidden units, which serve as features.

    >>> judge: DigitClassifiers = digit_classifiers()
    >>> judge.classify(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3])
    """

    svm: Any
    mlp: Any

    def classify(self, images: Tensor) -> Tensor:
        """Classify each of the images by the support vector machine: (n,) labels.

        Args:
            images: (n, 1, 8, 8), pixels in [-1, 1].
        Raises:
            ValueError: the images have the wrong shape.
        """
        return torch.from_numpy(self.svm.predict(_pixel_rows(images)))

    def features(self, images: Tensor) -> Tensor:
        """Describe images by the classifier's hidden units: (n, 64) float64, none negative.

            features = relu(W images + b)

        Distances between pixels are a poor measure of similarity; those between learnt features are better.

        Args:
            images: (n, 1, 8, 8), pixels in [-1, 1].
        Raises:
            ValueError: the images have the wrong shape.
        """
        hidden = _pixel_rows(images) @ self.mlp.coefs_[0] + self.mlp.intercepts_[0]
        return torch.from_numpy(np.maximum(hidden, 0.0))


def fit_classifiers(known: Digits) -> DigitClassifiers:
    """Fit both classifiers on the training part of `known`; about two seconds on one core.

    Args:
        known: 8 x 8 digits; the held-out part is not used.
    Returns:
        The classifiers; the same for the same digits, up to rounding.

    >>> known = digits()
    >>> judge = fit_classifiers(known)
    >>> bool((judge.classify(known.test.images) == known.test.labels).double().mean() > 0.97)
    True
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    pixels, classes = _pixel_rows(known.train.images), known.train.labels.numpy()
    svm = SVC(C=10).fit(pixels, classes)
    mlp = MLPClassifier((64,), max_iter=400, random_state=0).fit(pixels, classes)
    return DigitClassifiers(svm, mlp)


@cache
def digit_classifiers() -> DigitClassifiers:
    """Return the classifiers of scikit-learn's digits, fit at the first call and kept for the process.

    >>> digit_classifiers().features(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 64])
    """
    return fit_classifiers(digits())
