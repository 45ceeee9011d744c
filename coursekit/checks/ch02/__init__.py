"""Checks of lab 02, diffusion processes: `brownian_path = checks.ch02.brownian_path(brownian_path)`, ..."""

from .brownian import brownian_path
from .coefficients import ou_coefficients
from .langevin import langevin_drift
from .largest import my_langevin
from .race import bias
from .race import target as race_target
from .settled import stationary_variance
from .steps import euler_maruyama_step
from .transition import ou_transition
from .variation import quadratic_variation

__all__ = [
    "bias",
    "brownian_path",
    "euler_maruyama_step",
    "langevin_drift",
    "my_langevin",
    "ou_coefficients",
    "ou_transition",
    "quadratic_variation",
    "race_target",
    "stationary_variance",
]
