"""Classifiers of digits, trained on real ones only."""

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
