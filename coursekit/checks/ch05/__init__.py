"""Checks of lab 05, Fokker–Planck and score matching: `score_loss = checks.ch05.score_loss(score_loss)`."""

from .ex5_1_normal_score import normal_score
from .ex5_2_convert import convert
from .ex5_3_sde_drift import sde_drift
from .ex5_4_score_loss import score_loss
from .ex5_5_weighted_loss import weighted_loss
from .ex5_6_noise_loss import noise_loss
from .ex5_7_marginal_score import marginal_score
from .ex5_8_fokker_planck_residual import fokker_planck_residual
from .ex5_9_probability_flow import probability_flow
from .ex5_10_my_sigma import distance, my_sigma

__all__ = [
    "convert",
    "distance",
    "fokker_planck_residual",
    "marginal_score",
    "my_sigma",
    "noise_loss",
    "normal_score",
    "probability_flow",
    "score_loss",
    "sde_drift",
    "weighted_loss",
]
