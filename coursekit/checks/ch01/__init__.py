"""Checks of lab 01, flows: `euler_step = checks.ch01.euler_step(euler_step)`, and so for every exercise."""

from ..shared.fields import gust, gust_flow
from .ex1_1_linear_flow import linear_flow
from .ex1_2_euler_step import euler_step
from .ex1_3_simulate import simulate
from .ex1_4_look_ahead_step import look_ahead_step
from .ex1_5_sample_flow import sample_flow
from .ex1_6_measured_order import measured_order
from .ex1_7_largest_step import largest_step
from .ex1_8_divergence import divergence
from .ex1_9_run_backwards import run_backwards
from .ex1_10_my_solver import my_solver

__all__ = [
    "divergence",
    "euler_step",
    "gust",
    "gust_flow",
    "largest_step",
    "linear_flow",
    "look_ahead_step",
    "measured_order",
    "my_solver",
    "run_backwards",
    "sample_flow",
    "simulate",
]
