"""Judges: classifiers that know the real digits and have never seen the generator."""

from .convolutional import MNISTJudges, Reader, mnist_judges
from .vectors import Judges, digit_judges, fit_judges

__all__ = ["Judges", "MNISTJudges", "Reader", "digit_judges", "fit_judges", "mnist_judges"]
