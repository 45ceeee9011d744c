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

from .distributions import Chessboard, Density, Gaussian, GaussianMixture, Samplable
from .exact import marginal_velocity
from .fields import Field
from .paths import GaussianPath
from .schedulers import Scheduler, StraightLine
from .simulators import Euler, Heun, Method, flow, simulate, time_grid, walk
from .times import Time, as_time

__all__ = [
    "Chessboard",
    "Density",
    "Euler",
    "Field",
    "Gaussian",
    "GaussianMixture",
    "GaussianPath",
    "Heun",
    "Method",
    "Samplable",
    "Scheduler",
    "StraightLine",
    "Time",
    "as_time",
    "flow",
    "marginal_velocity",
    "progress",
    "simulate",
    "time_grid",
    "walk",
]


def progress() -> None:
    """Show a table of all exercises: done, and since when, or open."""
    from .checks import progress as show  # only labs need the checks, and they come after everything else

    show()
