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

from .base import Field, Time, as_time
from .distributions import (
    Chessboard,
    Circles,
    Density,
    Empirical,
    Gaussian,
    GaussianMixture,
    Moons,
    Samplable,
    Scored,
    Spiral,
)
from .evaluation import (
    TwoSample,
    continuity_residual,
    energy_distance,
    fokker_planck_residual,
    two_sample_test,
)
from .paths import (
    VP,
    ChainScheduler,
    CondOT,
    ConvertedField,
    Cosine,
    ForwardChain,
    GaussianPath,
    LinearPath,
    Prediction,
    Scheduler,
    SquareRoot,
    convert,
    cosine_betas,
    linear_betas,
    marginal_law,
    marginal_score,
    marginal_velocity,
    posterior_weights,
    snr,
)
from .solvers import (
    DDIM,
    BrownianMotion,
    Euler,
    EulerMaruyama,
    Heun,
    Langevin,
    OrnsteinUhlenbeck,
    Process,
    SDEExtension,
    Solver,
    divergence,
    log_likelihood,
    simulate,
    solve,
    solve_iter,
    time_grid,
)

__all__ = [
    "DDIM",
    "VP",
    "BrownianMotion",
    "ChainScheduler",
    "Chessboard",
    "Circles",
    "CondOT",
    "ConvertedField",
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
    "LinearPath",
    "Moons",
    "OrnsteinUhlenbeck",
    "Prediction",
    "Process",
    "SDEExtension",
    "Samplable",
    "Scheduler",
    "Scored",
    "Solver",
    "Spiral",
    "SquareRoot",
    "Time",
    "TwoSample",
    "as_time",
    "continuity_residual",
    "convert",
    "cosine_betas",
    "divergence",
    "energy_distance",
    "fokker_planck_residual",
    "linear_betas",
    "log_likelihood",
    "marginal_law",
    "marginal_score",
    "marginal_velocity",
    "posterior_weights",
    "progress",
    "restore",
    "save",
    "simulate",
    "snr",
    "solve",
    "solve_iter",
    "time_grid",
    "two_sample_test",
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
    from .backup import save as put  # only labs need it

    put(notebook)


def restore(
    saved: str | os.PathLike[str] | None = None, notebook: str | os.PathLike[str] | None = None
) -> None:
    """Write a new notebook beside this lab, with the work of a saved file in it; no file is changed.

    Args:
        saved: the file; None: the newest of this lab, beside it or in the course's folder.
        notebook: the lab's path; needed only where a cell cannot tell in which notebook it is.
    """
    from .backup import restore as bring  # only labs need it

    bring(saved, notebook)
