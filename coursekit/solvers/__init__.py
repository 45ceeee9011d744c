"""Vector fields and stochastic processes, and the solvers that follow them step by step."""

from .ddim import DDIM, Variance
from .likelihood import divergence, log_likelihood
from .processes import BrownianMotion, Langevin, OrnsteinUhlenbeck, Process, SDEExtension
from .solvers import Euler, EulerMaruyama, Heun, Solver, simulate, solve, solve_iter, time_grid

__all__ = [
    "DDIM",
    "BrownianMotion",
    "Euler",
    "EulerMaruyama",
    "Heun",
    "Langevin",
    "OrnsteinUhlenbeck",
    "Process",
    "SDEExtension",
    "Solver",
    "Variance",
    "divergence",
    "log_likelihood",
    "simulate",
    "solve",
    "solve_iter",
    "time_grid",
]
