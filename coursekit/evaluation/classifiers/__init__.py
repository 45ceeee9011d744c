"""Classifiers of digits: they know the real ones and have never seen a generator."""

from .convolutional import ConvNet, MNISTClassifier, mnist_classifier
from .vectors import DigitClassifiers, digit_classifiers, fit_classifiers

__all__ = [
    "ConvNet",
    "DigitClassifiers",
    "MNISTClassifier",
    "digit_classifiers",
    "fit_classifiers",
    "mnist_classifier",
]
