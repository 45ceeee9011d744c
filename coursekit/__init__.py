"""Companion package of the course: probability paths, solvers, networks, training and plots in small pieces.

What a reader needs first stands here; the folders below hold the rest. Importing it changes nothing in the
process: call `coursekit.limit_threads()` to compute on one thread, as the notebooks do.
"""

import os

from .base import Field, Time, as_time, check_installation, installed_version, limit_threads
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
    Sequences,
    Spiral,
)
from .evaluation import (
    EvidenceError,
    TwoSample,
    continuity_residual,
    energy_distance,
    evidence,
    fokker_planck_residual,
    two_sample_test,
)
from .nets import MLP, DiT, FiLMMLP, TokenMLP, TokenTransformer, UNet, load_pretrained
from .paths import (
    VP,
    ChainScheduler,
    CondOT,
    ConvertedField,
    Cosine,
    DiscretePath,
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
    DenoisedJumps,
    Euler,
    EulerMaruyama,
    Heun,
    JumpEuler,
    Langevin,
    MarkovChain,
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
    unmask,
)
from .training import (
    EMA,
    drop_labels,
    fit,
    guided,
    masked_loss,
    minibatch_ot,
    noise_loss,
    prediction_loss,
    score_loss,
    velocity_loss,
    with_dropped_labels,
)

__version__ = installed_version()

__all__ = [
    "DDIM",
    "EMA",
    "MLP",
    "VP",
    "BrownianMotion",
    "ChainScheduler",
    "Chessboard",
    "Circles",
    "CondOT",
    "ConvertedField",
    "Cosine",
    "DenoisedJumps",
    "Density",
    "DiT",
    "DiscretePath",
    "Empirical",
    "Euler",
    "EulerMaruyama",
    "EvidenceError",
    "FiLMMLP",
    "Field",
    "ForwardChain",
    "Gaussian",
    "GaussianMixture",
    "GaussianPath",
    "Heun",
    "JumpEuler",
    "Langevin",
    "LinearPath",
    "MarkovChain",
    "Moons",
    "OrnsteinUhlenbeck",
    "Prediction",
    "Process",
    "SDEExtension",
    "Samplable",
    "Scheduler",
    "Scored",
    "Sequences",
    "Solver",
    "Spiral",
    "SquareRoot",
    "Time",
    "TokenMLP",
    "TokenTransformer",
    "TwoSample",
    "UNet",
    "__version__",
    "as_time",
    "check_installation",
    "continuity_residual",
    "convert",
    "cosine_betas",
    "divergence",
    "drop_labels",
    "energy_distance",
    "evidence",
    "fit",
    "fokker_planck_residual",
    "guided",
    "limit_threads",
    "linear_betas",
    "load_pretrained",
    "log_likelihood",
    "marginal_law",
    "marginal_score",
    "marginal_velocity",
    "masked_loss",
    "minibatch_ot",
    "noise_loss",
    "posterior_weights",
    "prediction_loss",
    "progress",
    "restore",
    "save",
    "score_loss",
    "simulate",
    "snr",
    "solve",
    "solve_iter",
    "time_grid",
    "two_sample_test",
    "unmask",
    "velocity_loss",
    "with_dropped_labels",
]


def progress() -> None:
    """Show a table of all exercises: done, and since when, or open.

    >>> coursekit.progress()  # doctest: +SKIP
    """
    from .checks import progress as show  # only labs need the checks, and they come after everything else

    show()


def save(notebook: str | os.PathLike[str] | None = None) -> None:
    """Put your work in this lab, and its progress, into one small file to download.

    Args:
        notebook: the lab's path; needed only where a cell cannot tell in which notebook it is.

    >>> coursekit.save()  # doctest: +SKIP
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

    >>> coursekit.restore()  # doctest: +SKIP
    """
    from .backup import restore as bring  # only labs need it

    bring(saved, notebook)
