"""Checks of lab 01, flows: `euler_step = checks.ch01.euler_step(euler_step)`, and so for every exercise."""

from ..shared.test_fields import gust, gust_flow
from .closed_form import linear_flow
from .euler import euler_step
from .heun import heun_step
from .orders import measured_order
from .race import my_solver
from .sampling import sample_flow
from .walks import run_backwards, simulate

__all__ = [
    "euler_step",
    "gust",
    "gust_flow",
    "heun_step",
    "linear_flow",
    "measured_order",
    "my_solver",
    "run_backwards",
    "sample_flow",
    "simulate",
]
