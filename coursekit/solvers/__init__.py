"""Vector fields and stochastic processes, and the solvers that follow them step by step."""

from .base import JumpSolver, ODESolver, SDESolver, Solver
from .ddim import DDIM, Variance
from .integrate import SOLVERS, find_solver, simulate, solve, solve_iter, time_grid
from .likelihood import divergence, log_likelihood
from .markov import DenoisedJumps, JumpEuler, JumpPaths, MarkovChain, draw_tokens, gillespie, two_state
from .ode import Euler, Heun
from .processes import BrownianMotion, JumpProcess, Langevin, OrnsteinUhlenbeck, Process, SDEExtension
from .sde import EulerMaruyama
from .unmask import ChooseOrder, unmask

__all__ = [
    "DDIM",
    "SOLVERS",
    "BrownianMotion",
    "ChooseOrder",
    "DenoisedJumps",
    "Euler",
    "EulerMaruyama",
    "Heun",
    "JumpEuler",
    "JumpPaths",
    "JumpProcess",
    "JumpSolver",
    "Langevin",
    "MarkovChain",
    "ODESolver",
    "OrnsteinUhlenbeck",
    "Process",
    "SDEExtension",
    "SDESolver",
    "Solver",
    "Variance",
    "divergence",
    "draw_tokens",
    "find_solver",
    "gillespie",
    "log_likelihood",
    "simulate",
    "solve",
    "solve_iter",
    "time_grid",
    "two_state",
    "unmask",
]
