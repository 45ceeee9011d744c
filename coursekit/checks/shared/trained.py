"""Whether a network can be trained through an answer."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .quiet import failing


def trained_through(
    student: StudentFunction, *given: Any, shape: tuple[int, ...], weights: Mapping[str, Tensor] | None = None
) -> Iterator[Fact]:
    """Whether a gradient leads from the result back to that of the arguments which asks for one.

    `weights` are those of the parts that were handed over, by what they belong to: one must reach each.
    """
    student(*given, shape=shape)
    learns = float(isinstance(student.last, Tensor) and student.last.requires_grad)
    hint = (
        "Your numbers are right, but no gradient leads from them back to what you were handed, and a "
        "network is trained through this function. Look for `.detach()`, `.tolist()`, `.item()`, NumPy, "
        "`torch.tensor(…)` or `torch.no_grad`."
    )
    yield from failing([Fact("no gradient", "gradient that arrives", 1.0, learns, hint)])
    if not learns or not weights:
        return
    assert isinstance(student.last, Tensor)
    try:
        found = torch.autograd.grad(student.last.sum(), tuple(weights.values()), allow_unused=True)
    except RuntimeError as error:
        if "inplace" not in str(error):
            raise
        hint = (
            "Your numbers are right, but training stops at the gradient: a tensor that it still needs has "
            "been changed in place. Look for `+=`, `*=` and functions with an underscore at the end; make "
            "new tensors instead."
        )
        yield from failing([Fact("changed in place", "gradient that can be computed", 1.0, 0.0, hint)])
        return
    missed = [name for name, slope in zip(weights, found, strict=True) if slope is None or not slope.any()]
    hint = (
        f"Your numbers are right, but no gradient reaches {' and '.join(missed)}, so that part would never "
        "learn. Look for `.detach()` or `torch.no_grad` on the way there."
    )
    what = "parts that a gradient reaches"
    yield from failing([Fact("no gradient", what, len(weights), len(weights) - len(missed), hint)])
