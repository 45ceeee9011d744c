"""Distributions: what can be sampled, what also has a density, and what has a score as well."""

from .chessboard import Chessboard
from .empirical import Empirical
from .gaussian import Gaussian
from .mixture import GaussianMixture
from .protocols import Density, Samplable, Scored, check_points
from .sequences import ExactDenoiser, Sequences
from .toy import Circles, Moons, Spiral
from .truncated import truncated_normal

__all__ = [
    "Chessboard",
    "Circles",
    "Density",
    "Empirical",
    "ExactDenoiser",
    "Gaussian",
    "GaussianMixture",
    "Moons",
    "Samplable",
    "Scored",
    "Sequences",
    "Spiral",
    "check_points",
    "truncated_normal",
]
