"""How good samples are: metrics, the two-sample test, residuals of equations, classifiers of digits."""

from . import classifiers, metrics
from .pde_residuals import continuity_residual, fokker_planck_residual
from .two_sample import TwoSample, energy_distance, two_sample_test

__all__ = [
    "TwoSample",
    "classifiers",
    "continuity_residual",
    "energy_distance",
    "fokker_planck_residual",
    "metrics",
    "two_sample_test",
]
