"""Checks of lab 03, probability paths: `linear_path = checks.ch03.linear_path(linear_path)`, and so on."""

from .conditional import sample_conditional
from .cosine import cosine_scheduler
from .densities import conditional_log_prob, marginal_log_prob
from .hiding import evidence, my_points, recognised
from .linear import linear_path
from .marginal import sample_marginal
from .snr import time_of_snr

__all__ = [
    "conditional_log_prob",
    "cosine_scheduler",
    "evidence",
    "linear_path",
    "marginal_log_prob",
    "my_points",
    "recognised",
    "sample_conditional",
    "sample_marginal",
    "time_of_snr",
]
