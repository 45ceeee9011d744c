"""Vector fields and stochastic processes, and the solvers that follow them step by step."""

from .base import ODESolver, SDESolver, Solver
from .ddim import DDIM, Variance
from .integrate import SOLVERS, find_solver, simulate, solve, solve_iter, time_grid
from .likelihood import divergence, log_likelihood
from .ode import Euler, Heun
from .processes import BrownianMotion, Langevin, OrnsteinUhlenbeck, Process, SDEExtension
from .sde import EulerMaruyama

__all__ = [
    "DDIM",
    "SOLVERS",
    "BrownianMotion",
    "Euler",
    "EulerMaruyama",
    "Heun",
    "Langevin",
    "ODESolver",
    "OrnsteinUhlenbeck",
    "Process",
    "SDEExtension",
    "SDESolver",
    "Solver",
    "Variance",
    "divergence",
    "find_solver",
    "log_likelihood",
    "simulate",
    "solve",
    "solve_iter",
    "time_grid",
]
