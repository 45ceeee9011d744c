"""Residuals on grids: how far a density and a field are from satisfying their equation."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..base import Field
from ..distributions import Density


def continuity_residual(
    law: Callable[[float], Density], velocity: Field, axes: Sequence[Tensor], t: float, dt: float
) -> Tensor:
    """Left side of the continuity equation on a grid, by central differences.

        d/dt p_t(x) + div( p_t(x) u_t(x) )

    It is zero where `velocity` carries the density. The differences leave an error O(dt^2 + spacing^2).
    Holderrieth & Erives, continuity equation.

    Args:
        law: gives the density's law at a time, such as lambda t: marginal_law(data, path, t).
        velocity: the field u_t(x).
        axes: one row of equally spaced coordinates for each dimension, each with at least 3, data units.
        t: time, at least `dt` away from where `law` or `velocity` is not defined.
        dt: half the width of the difference in time.
    Returns:
        The residual at the grid's inner points, (n1 - 2, …, nd - 2), density per unit time.
    Raises:
        ValueError: an axis has fewer than 3 points or unequal spacing, or `dt` is not positive.

    >>> path, axis = GaussianPath(), torch.linspace(-3, 3, 61, dtype=torch.float64)
    >>> data = Gaussian(torch.zeros(1, dtype=torch.float64))
    >>> law, field = lambda t: marginal_law(data, path, t), marginal_velocity(data, path)
    >>> residual = continuity_residual(law, field, [axis], t=0.5, dt=0.01)
    >>> residual.shape, bool(residual.abs().max() < 0.01)
    (torch.Size([59]), True)
    """
    return fokker_planck_residual(law, velocity, axes, t, dt, sigma=0.0)


def fokker_planck_residual(
    law: Callable[[float], Density],
    drift: Field,
    axes: Sequence[Tensor],
    t: float,
    dt: float,
    sigma: float,
) -> Tensor:
    """Left side of the Fokker-Planck equation, minus its right, on a grid, by central differences.

        d/dt p_t(x) + div( p_t(x) f_t(x) ) - sigma^2 / 2 Laplacian p_t(x)

    It is zero where dX = f_t(X) dt + sigma dW carries the density. The differences leave an error
    O(dt^2 + spacing^2). Holderrieth & Erives, Fokker-Planck equation.

    Args:
        law: gives the density's law at a time, such as lambda t: marginal_law(data, path, t).
        drift: the field f_t(x).
        axes: one row of equally spaced coordinates for each dimension, each with at least 3, data units.
        t: time, at least `dt` away from where `law` or `drift` is not defined.
        dt: half the width of the difference in time.
        sigma: diffusion coefficient, at least 0, data units per square root of time.
    Returns:
        The residual at the grid's inner points, (n1 - 2, …, nd - 2), density per unit time.
    Raises:
        ValueError: an axis has fewer than 3 points or unequal spacing, or `dt` is not positive.

    >>> law = Gaussian(torch.zeros(1, dtype=torch.float64))
    >>> axis = torch.linspace(-3, 3, 61, dtype=torch.float64)
    >>> process = OrnsteinUhlenbeck(theta=0.5, sigma=1.0)
    >>> residual = fokker_planck_residual(lambda t: law, process.drift, [axis], t=0.5, dt=0.01, sigma=1.0)
    >>> bool(residual.abs().max() < 0.01)
    True
    """
    spacing = [_spacing(axis) for axis in axes]
    if not dt > 0:
        raise ValueError(f"dt = {dt}; a difference in time needs a positive width")
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    rows, shape = points.reshape(-1, len(axes)), points.shape[:-1]

    def density(time: float) -> Tensor:
        return law(time).log_prob(rows).exp().reshape(shape)

    now = density(t)
    flux = now[..., None] * drift(rows, t).reshape(points.shape)
    total = _inner((density(t + dt) - density(t - dt)) / (2 * dt), keep=None)
    for axis, width in enumerate(spacing):
        before, after = _shifted(flux[..., axis], axis)
        total = total + (after - before) / (2 * width)
        before, after = _shifted(now, axis)
        total = total - sigma**2 / 2 * (after - 2 * _inner(now, keep=None) + before) / width**2
    return total


def _spacing(axis: Tensor) -> float:
    steps = axis.diff()
    if (
        axis.dim() != 1
        or len(axis) < 3
        or bool((steps - steps.mean()).abs().max() > 1e-3 * steps.mean().abs())
    ):
        raise ValueError(
            "an axis of the grid is at least 3 equally spaced numbers, such as torch.linspace gives"
        )
    return float(steps.double().mean())


def _inner(values: Tensor, keep: int | None) -> Tensor:
    """Leave out the first and the last row along each axis but `keep`."""
    cut = tuple(slice(None) if axis == keep else slice(1, -1) for axis in range(values.dim()))
    return values[cut]


def _shifted(values: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The neighbours below and above along one axis, at the inner points."""
    row = _inner(values, keep=axis)
    return row.narrow(axis, 0, row.shape[axis] - 2), row.narrow(axis, 2, row.shape[axis] - 2)
