"""Companion package of the course: flows, probability paths, simulators, training and plots in small pieces.

Import it before torch. It asks for one thread and for waiting threads that sleep, because two
threads on busy cores are many times slower than one. Set `OMP_NUM_THREADS` yourself to overrule it.
"""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "OMP_NUM_THREADS" not in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:  # too late for the variable: torch has already read it
        sys.modules["torch"].set_num_threads(1)

from .chains import ChainScheduler, ForwardChain, cosine_betas, linear_betas
from .conversions import Prediction, convert, converted
from .ddim import DDIM
from .distributions import Chessboard, Density, Gaussian, GaussianMixture, Samplable, Scored
from .exact import marginal_score, marginal_velocity
from .fields import Field
from .likelihood import divergence, log_likelihood
from .marginals import marginal
from .paths import GaussianPath, LinearPath
from .posteriors import posterior
from .processes import BrownianMotion, Langevin, OrnsteinUhlenbeck, Process, SDEExtension
from .residuals import continuity_residual, fokker_planck_residual
from .samplers import Circles, Empirical, Moons, Spiral
from .schedulers import Cosine, LinearBeta, Scheduler, SquareRoot, StraightLine, snr
from .simulators import Euler, EulerMaruyama, Heun, Method, flow, simulate, time_grid, walk
from .times import Time, as_time
from .twosample import TwoSample, energy_distance, two_sample_test

__all__ = [
    "DDIM",
    "BrownianMotion",
    "ChainScheduler",
    "Chessboard",
    "Circles",
    "Cosine",
    "Density",
    "Empirical",
    "Euler",
    "EulerMaruyama",
    "Field",
    "ForwardChain",
    "Gaussian",
    "GaussianMixture",
    "GaussianPath",
    "Heun",
    "Langevin",
    "LinearBeta",
    "LinearPath",
    "Method",
    "Moons",
    "OrnsteinUhlenbeck",
    "Prediction",
    "Process",
    "SDEExtension",
    "Samplable",
    "Scheduler",
    "Scored",
    "Spiral",
    "SquareRoot",
    "StraightLine",
    "Time",
    "TwoSample",
    "as_time",
    "continuity_residual",
    "convert",
    "converted",
    "cosine_betas",
    "divergence",
    "energy_distance",
    "flow",
    "fokker_planck_residual",
    "linear_betas",
    "log_likelihood",
    "marginal",
    "marginal_score",
    "marginal_velocity",
    "posterior",
    "progress",
    "simulate",
    "snr",
    "time_grid",
    "two_sample_test",
    "walk",
]


def progress() -> None:
    """Show a table of all exercises: done, and since when, or open."""
    from .checks import progress as show  # only labs need the checks, and they come after everything else

    show()
