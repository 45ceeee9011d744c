"""Whether a network can be trained through an answer."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .quiet import failing


def trained_through(student: StudentFunction, *given: Any, shape: tuple[int, ...]) -> Iterator[Fact]:
    """Whether a gradient leads from the result back to that of the arguments which asks for one."""
    student(*given, shape=shape)
    learns = float(isinstance(student.last, Tensor) and student.last.requires_grad)
    hint = (
        "Your numbers are right, but no gradient leads from them back to what you were handed, and a "
        "network is trained through this function. Look for `.detach()`, `.tolist()`, `.item()`, NumPy, "
        "`torch.tensor(…)` or `torch.no_grad`."
    )
    yield from failing([Fact("no gradient", "gradient that arrives", 1.0, learns, hint)])
