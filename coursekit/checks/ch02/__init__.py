"""Checks of lab 02, diffusion processes: `brownian_path = checks.ch02.brownian_path(brownian_path)`, ..."""

from .ex2_1_brownian_path import brownian_path
from .ex2_2_euler_maruyama_step import euler_maruyama_step
from .ex2_3_ou_coefficients import ou_coefficients
from .ex2_4_ou_transition import ou_transition
from .ex2_5_friends_walk import friends_walk
from .ex2_6_langevin_drift import langevin_drift
from .ex2_7_noisy_flow import noisy_flow
from .ex2_8_sigma_from_path import sigma_from_path
from .ex2_9_stationary_variance import stationary_variance
from .ex2_10_my_langevin import bias, my_langevin
from .ex2_10_my_langevin import target as race_target

__all__ = [
    "bias",
    "brownian_path",
    "euler_maruyama_step",
    "friends_walk",
    "langevin_drift",
    "my_langevin",
    "noisy_flow",
    "ou_coefficients",
    "ou_transition",
    "race_target",
    "sigma_from_path",
    "stationary_variance",
]
