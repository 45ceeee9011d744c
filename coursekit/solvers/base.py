"""What a solver is: one small step along a vector field, a stochastic process, or a jump process."""

from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor

from ..base import Field
from .processes import JumpProcess, Process


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


@runtime_checkable
class JumpSolver(Protocol):
    """One way of taking a random step of a jump process, told from others by its `probabilities`.

    >>> isinstance(JumpEuler(), JumpSolver), isinstance(EulerMaruyama(), JumpSolver)
    (True, False)
    """

    order: ClassVar[int]
    """Laws converge with error O(h^order) in total variation."""
    evaluations: ClassVar[int]
    """Evaluations of the process in one step."""

    def step(self, process: JumpProcess, x: Tensor, t: float, h: float, /) -> Tensor:
        """State at time t + h, h > 0, of sequences that are `x` (batch, length) at time `t`."""
        ...

    def probabilities(self, process: JumpProcess, x: Tensor, t: float, h: float, /) -> Tensor:
        """Law of each place after the step, (batch, length, states)."""
        ...


Solver = ODESolver | SDESolver | JumpSolver
"""What `simulate` and `solve` take; each refuses the wrong kind in a sentence."""
