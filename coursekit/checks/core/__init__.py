"""The engine of all checks, and what every exercise is written with."""

from .engine import Mistakes, exercise
from .facts import Fact, mean_tolerance, slope, variance_tolerance
from .student_function import StudentFunction

__all__ = ["Fact", "Mistakes", "StudentFunction", "exercise", "mean_tolerance", "slope", "variance_tolerance"]
