"""Data sets: real handwritten digits, small ones at hand without a download and MNIST with one."""

from .files import DataUnavailable
from .labelled import Digits, Labelled
from .loaders import digits, mnist

__all__ = ["DataUnavailable", "Digits", "Labelled", "digits", "mnist"]
