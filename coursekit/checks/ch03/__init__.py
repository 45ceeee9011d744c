"""Checks of lab 03, probability paths: `linear_path = checks.ch03.linear_path(linear_path)`, and so on."""

from .ex3_1_cosine_scheduler import cosine_scheduler
from .ex3_2_sample_conditional import sample_conditional
from .ex3_3_sample_marginal import sample_marginal
from .ex3_4_conditional_log_prob import conditional_log_prob
from .ex3_5_marginal_log_prob import marginal_log_prob
from .ex3_6_posterior import posterior
from .ex3_7_best_guess import best_guess
from .ex3_8_linear_path import linear_path
from .ex3_9_time_of_snr import time_of_snr
from .ex3_10_my_points import ladder, log_odds, my_points, recognised

__all__ = [
    "best_guess",
    "conditional_log_prob",
    "cosine_scheduler",
    "ladder",
    "linear_path",
    "log_odds",
    "marginal_log_prob",
    "my_points",
    "posterior",
    "recognised",
    "sample_conditional",
    "sample_marginal",
    "time_of_snr",
]
