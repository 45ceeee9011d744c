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
    "restore",
    "save",
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


def save(notebook: str | os.PathLike[str] | None = None) -> None:
    """Put your work in this lab, and its progress, into one small file to download.

    Args:
        notebook: the lab's path; needed only where a cell cannot tell in which notebook it is.
    """
    from .work import save as put  # only labs need it

    put(notebook)


def restore(
    saved: str | os.PathLike[str] | None = None, notebook: str | os.PathLike[str] | None = None
) -> None:
    """Write a new notebook beside this lab, with the work of a saved file in it; no file is changed.

    Args:
        saved: the file; None: the newest of this lab, beside it or in the course's folder.
        notebook: the lab's path; needed only where a cell cannot tell in which notebook it is.
    """
    from .work import restore as bring  # only labs need it

    bring(saved, notebook)
