"""Checks of the labs' exercises: facts about an answer, and in words what they show.

from coursekit import checks
euler_step = checks.ch01.euler_step(euler_step)
"""

from . import ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10, ch11
from .core.faults import CheckFailed
from .core.progress_table import progress

__all__ = [
    "CheckFailed",
    "ch01",
    "ch02",
    "ch03",
    "ch04",
    "ch05",
    "ch06",
    "ch07",
    "ch08",
    "ch09",
    "ch10",
    "ch11",
    "progress",
]
