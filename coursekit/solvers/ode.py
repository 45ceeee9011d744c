"""Solvers of ordinary differential equations: follow a vector field."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ..base import Field, singular_at


@dataclass(frozen=True)
class Euler:
    """Follow the slope at the start of a step: one field call, global error O(h).

        x(t + h) = x + h u_t(x)

    Euler 1768; Holderrieth & Erives, simulating an ODE.

    >>> Euler().step(lambda x, t: -x, torch.ones(1, 1), 0.0, 0.1)
    tensor([[0.9000]])
    """

    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Take one step of length `h` (negative: backwards) from states `x` (batch, *event) at time `t`."""
        return x + h * field(x, t)


@dataclass(frozen=True)
class Heun:
    """Average the slopes at both ends of a step: two field calls, global error O(h^2).

        x' = x + h u_t(x),   x(t + h) = x + h/2 (u_t(x) + u_{t+h}(x'))

    Heun 1900; Holderrieth & Erives, simulating an ODE. Where the field is singular at the end of the
    step (`field.singular_at`), the step is an Euler step.

    >>> Heun().step(lambda x, t: -x, torch.ones(1, 1), 0.0, 0.1)
    tensor([[0.9050]])
    """

    order: ClassVar[int] = 2
    evaluations: ClassVar[int] = 2

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Take one step of length `h` (negative: backwards) from states `x` (batch, *event) at time `t`."""
        start = field(x, t)
        guess = x + h * start
        end = singular_at(field)
        # Ten digits: a grid of floats may miss the end by a rounding error.
        if end is not None and abs(t + h - end) <= 1e-10 * max(1.0, abs(end)):
            return guess
        return x + h * (start + field(guess, t + h)) / 2
