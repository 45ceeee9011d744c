"""Distributions: what can be sampled, what also has a density, and what has a score as well.

Three protocols distinguish them. A data set can be sampled, but its density is unknown. A uniform
distribution has a density, but no useful score. So code requires what it needs: `Samplable`, `Density` or
`Scored`.
"""

from typing import Protocol, runtime_checkable

from torch import Generator, Tensor


@runtime_checkable
class Samplable(Protocol):
    """Anything that can be sampled.

    >>> isinstance(Moons(), Samplable)
    True
    """

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` independent samples, (n, *event)."""
        ...


@runtime_checkable
class Density(Samplable, Protocol):
    """A law with a density that can be evaluated.

    >>> isinstance(Chessboard(), Density), isinstance(Moons(), Density)
    (True, False)
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """Natural logarithm of the density at points `x` (batch, *event), as (batch,)."""
        ...


@runtime_checkable
class Scored(Density, Protocol):
    """A law with a smooth density, whose gradient can be evaluated too.

    >>> isinstance(Gaussian(torch.zeros(2)), Scored), isinstance(Chessboard(), Scored)
    (True, False)
    """

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density at points `x` (batch, *event), same shape, per data unit."""
        ...


def check_points(x: Tensor, dim: int) -> None:
    """Raise a ValueError unless `x` holds points of a space with `dim` axes, (batch, dim)."""
    if x.dim() != 2 or x.shape[1] != dim:
        raise ValueError(f"points have shape {tuple(x.shape)}; this distribution takes (batch, {dim})")


def _check_real(x: Tensor, name: str) -> None:
    if not x.is_floating_point():
        raise ValueError(f"{name} has type {x.dtype}; make it floating-point, for example with .float()")
