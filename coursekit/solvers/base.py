"""What a solver is: one small step along a vector field, or along a stochastic process."""

from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor

from ..base import Field
from .processes import Process


class ODESolver(Protocol):
    """One way of taking a step along a vector field; the tests measure the order that it declares.

    >>> solver: ODESolver = Heun()
    >>> solver.order, solver.evaluations
    (2, 2)
    """

    order: ClassVar[int]
    """Global error O(h^order) on a smooth field."""
    evaluations: ClassVar[int]
    """Field evaluations in one step."""

    def step(self, field: Field, x: Tensor, t: float, h: float, /) -> Tensor:
        """State at time t + h of a point that is at `x` (batch, *event) at time `t`."""
        ...


@runtime_checkable
class SDESolver(Protocol):
    """One way of taking a random step along a stochastic process, told from others by its `strong_order`.

    >>> isinstance(EulerMaruyama(), SDESolver), isinstance(Heun(), SDESolver)
    (True, False)
    """

    order: ClassVar[int]
    """Weak order: averages converge with error O(h^order)."""
    strong_order: ClassVar[float]
    """Strong order: single paths, on the same Brownian motion, converge with error O(h^strong_order)."""
    evaluations: ClassVar[int]
    """Evaluations of the drift in one step."""

    def step(self, process: Process, x: Tensor, t: float, h: float, /) -> Tensor:
        """State at time t + h, h > 0, of a point that is at `x` (batch, *event) at time `t`."""
        ...


Solver = ODESolver | SDESolver
"""What `simulate` and `solve` take; each refuses the wrong kind in a sentence."""
