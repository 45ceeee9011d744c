"""Classifiers of digits, trained on real ones only."""

from .convolutional import ConvNet, MNISTClassifier, mnist_classifier
from .small import WindowClassifier, WindowNet, window_classifier
from .vectors import DigitClassifiers, digit_classifiers, fit_classifiers

__all__ = [
    "ConvNet",
    "DigitClassifiers",
    "MNISTClassifier",
    "WindowClassifier",
    "WindowNet",
    "digit_classifiers",
    "fit_classifiers",
    "mnist_classifier",
    "window_classifier",
]
