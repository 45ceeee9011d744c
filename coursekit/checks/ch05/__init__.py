"""Checks of lab 05, Fokker–Planck and score matching: `score_loss = checks.ch05.score_loss(score_loss)`."""

from .conditional import conditional_score
from .conversion import convert
from .drift import extended_drift
from .ex5_4_score_loss import score_loss
from .ex5_5_noise_loss import noise_loss
from .marginal import marginal_score
from .ode import probability_flow
from .residual import fokker_planck_residual
from .strength import distance, my_sigma

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
