"""Data sets of handwritten digits: scikit-learn's small ones, which need no download, and MNIST."""

from .files import DataUnavailable
from .labelled import Digits, Labelled
from .loaders import digits, mnist

__all__ = ["DataUnavailable", "Digits", "Labelled", "digits", "mnist"]
