"""How good samples are: evidence, metrics, two-sample test, residuals of equations, classifiers of digits."""

from . import classifiers, metrics, text
from .claims import Claim, EvidenceError, Statements, evidence
from .pde_residuals import continuity_residual, fokker_planck_residual
from .two_sample import TwoSample, energy_distance, two_sample_test

__all__ = [
    "Claim",
    "EvidenceError",
    "Statements",
    "TwoSample",
    "classifiers",
    "continuity_residual",
    "energy_distance",
    "evidence",
    "fokker_planck_residual",
    "metrics",
    "text",
    "two_sample_test",
]
