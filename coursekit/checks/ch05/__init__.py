"""Checks of lab 05, Fokker–Planck and score matching: `score_loss = checks.ch05.score_loss(score_loss)`."""

from .ex5_1_conditional_score import conditional_score
from .ex5_2_convert import convert
from .ex5_3_extended_drift import extended_drift
from .ex5_4_score_loss import score_loss
from .ex5_5_noise_loss import noise_loss
from .ex5_6_marginal_score import marginal_score
from .ex5_7_fokker_planck_residual import fokker_planck_residual
from .ex5_8_probability_flow import probability_flow
from .ex5_9_my_sigma import distance, my_sigma

__all__ = [
    "conditional_score",
    "convert",
    "distance",
    "extended_drift",
    "fokker_planck_residual",
    "marginal_score",
    "my_sigma",
    "noise_loss",
    "probability_flow",
    "score_loss",
]
