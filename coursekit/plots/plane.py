"""Drawings in the plane: samples, paths, arrows, a carried grid, a density."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.quiver import Quiver
from numpy.typing import NDArray
from torch import Tensor

from ..base import Field
from .style import (
    COLORS,
    SEQUENTIAL,
    SPECTRUM,
    array,
    axes,
    name_axes,
    paint,
    plane_points,
)
from .style import colorbar as add_colorbar


class _Arrows(Quiver):
    """Arrows that cost nothing while hidden; Matplotlib's would slow an animation down with every frame."""

    def draw(self, renderer: RendererBase) -> None:
        if self.get_visible():
            super().draw(renderer)


def _plane(ax: Axes | None, lim: float | None) -> Axes:
    """Axes with equal units on both sides; `lim` is half the side of the square shown."""
    ax = axes(ax, (4.2, 4.2))
    ax.set_aspect("equal")
    name_axes(ax, "$x_1$", "$x_2$")
    if lim is not None:
        ax.set(xlim=(-lim, lim), ylim=(-lim, lim))
    # The same few numbers on both sides, also where the picture is small.
    ax.locator_params(nbins=5)
    return ax


def _mesh(lim: float, n: int) -> Tensor:
    """Points of a square grid, (n * n, 2), rows from bottom to top."""
    side = torch.linspace(-lim, lim, n)
    return torch.cartesian_prod(side, side).flip(-1)


def samples(
    x: Tensor,
    ax: Axes | None = None,
    *,
    values: Tensor | None = None,
    color: str = COLORS[0],
    label: str | None = None,
    lim: float | None = None,
    size: float = 6.0,
) -> Axes:
    """Draw points of the plane.

    Args:
        x: points, (n, 2).
        ax: where to draw; None makes one.
        values: one number for each point, (n,), shown as its colour (`SPECTRUM`), on a scale from their 2 %
            to their 98 % quantile.
        color: colour of all points where there are no `values`.
        label: name in the legend.
        lim: half the side of the square shown, data units; None fits the points.
        size: area of one point in points squared.
    Returns:
        The axes.
    Raises:
        ValueError: `x` does not hold points of the plane.

    >>> ax = samples(Moons().sample(100), lim=2)
    >>> len(ax.collections)
    1
    """
    ax = _plane(ax, lim)
    points = plane_points(x, "x")
    look: dict[str, Any] = {"color": color}
    if values is not None:
        numbers = array(values)
        # A few points far out would leave the middle colours to all the others.
        low, high = np.quantile(numbers, (0.02, 0.98))
        look = {"c": numbers, "cmap": SPECTRUM, "vmin": low, "vmax": high}
    ax.scatter(points[..., 0], points[..., 1], s=size, linewidths=0, alpha=0.8, label=label, **look)
    return ax


def trajectories(
    xs: Tensor,
    ax: Axes | None = None,
    *,
    color: str | Sequence[str] = COLORS[0],
    label: str | None = None,
    lim: float | None = None,
    steps: bool = False,
) -> Axes:
    """Draw paths in the plane, with a ring where each starts and a dot where it ends.

    Args:
        xs: states as `simulate` returns them, (times, batch, 2).
        ax: where to draw; None makes one.
        color: colour of all paths, or one for each.
        label: name in the legend, once for all paths.
        lim: half the side of the square shown, data units; None fits the paths.
        steps: True marks every state on the way.
    Returns:
        The axes.
    Raises:
        ValueError: `xs` does not hold points of the plane at several times.

    >>> xs = simulate(lambda x, t: -x, torch.randn(5, 2), time_grid(10))
    >>> len(trajectories(xs).lines)
    5
    """
    points = plane_points(xs, "xs")
    if points.ndim != 3:
        raise ValueError(f"xs has shape {tuple(xs.shape)}; paths need (times, batch, 2).")
    ax = _plane(ax, lim)
    lines = ax.plot(points[..., 0], points[..., 1], linewidth=1.2, marker="." if steps else None)
    paint(lines, color)
    lines[0].set_label(label)
    start, end = points[0], points[-1]
    ax.scatter(start[:, 0], start[:, 1], s=22, facecolors="white", edgecolors=color, zorder=3)
    ax.scatter(end[:, 0], end[:, 1], s=22, color=color, zorder=3)
    return ax


def quiver(
    field: Field,
    t: float = 0.0,
    ax: Axes | None = None,
    *,
    lim: float = 3.0,
    n: int = 17,
    color: str = "#777777",
    where: Tensor | None = None,
    longest: float | None = None,
) -> Axes:
    """Draw a vector field of the plane at one time as arrows on a square grid.

    Args:
        field: `field(x, t)`, states (batch, 2).
        t: time.
        ax: where to draw; None makes one.
        lim: half the side of the square shown, data units.
        n: arrows along one side.
        color: colour of the arrows.
        where: points, (points, 2), for instance states at this time; arrows are drawn only in cells of the
            grid no further than one cell from some of them. None draws all arrows.
        longest: length of the field that spans about one cell; None takes the longest arrow drawn. Give the
            same number to panels whose arrows are compared.
    Returns:
        The axes. Arrow lengths are in proportion.
    Raises:
        ValueError: field or points are not of the plane.

    >>> ax = quiver(lambda x, t: -x, lim=2, n=5)
    >>> len(ax.collections)
    1
    """
    ax = _plane(ax, lim)
    x = _mesh(lim * (1 - 1 / n), n)
    with torch.no_grad():
        u = plane_points(field(x, t), "field(x, t)")
    if where is not None:
        mass = torch.as_tensor(plane_points(where, "where")).reshape(-1, 2).to(x)
        near = (torch.cdist(x, mass).amin(1) <= 2 * lim / n).numpy()
        x, u = x[near], u[near]
    if longest is None:
        longest = float(np.hypot(*u.T).max(initial=0.0))
    scale = max(longest, 1e-12) * n / (2.2 * lim)
    look: dict[str, Any] = {
        "color": color,
        "angles": "xy",
        "scale_units": "xy",
        "scale": scale,
        "width": 0.004,
    }
    ax.add_collection(_Arrows(ax, *x.T.numpy(), *u.T, **look))
    return ax


def _carried_lines(flow: Callable[[Tensor], Tensor], lim: float, lines: int) -> list[NDArray[Any]]:
    """Where the lines of a grid are carried, first the vertical ones; each as (points, 2).

    New points are put between neighbours whose images lie far apart or where the carried line bends, until it
    looks smooth: a map that stretches a hundredfold would show corners between points that are evenly spread.
    """
    places = torch.linspace(-lim, lim, lines)
    along = torch.linspace(-lim, lim, 121)

    def carry(which: Tensor, at: Tensor) -> Tensor:
        """Images of the points `at` (n,) of the lines `which` (n,), counted over both families."""
        point = torch.stack([places[which % lines], at], 1)
        point = torch.where(which[:, None] < lines, point, point.flip(1))
        with torch.no_grad():
            return torch.as_tensor(plane_points(flow(point), "flow(x)"))

    which = torch.arange(2 * lines).repeat_interleave(len(along))
    at = along.repeat(2 * lines)
    image = carry(which, at)
    # The shorter side of most of it: a few points that fly far away are not what the picture is about.
    size = float((image.quantile(0.95, 0) - image.quantile(0.05, 0)).min()) or 1.0
    for _ in range(9):
        step = image.diff(dim=0)
        length = step.norm(dim=1)
        within = which.diff() == 0
        turn = torch.atan2(
            step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0], (step[:-1] * step[1:]).sum(1)
        ).abs()
        bent = (turn > 0.12) & within[:-1] & within[1:]
        beside = torch.zeros_like(within)
        beside[:-1] |= bent
        beside[1:] |= bent
        coarse = within & ((length > 0.06 * size) | (beside & (length > 0.004 * size)))
        if not coarse.any():
            break
        new = coarse.nonzero()[:, 0]
        middle = (at[new] + at[new + 1]) / 2
        order = torch.cat([torch.arange(len(at), dtype=torch.float64), new + 0.5]).argsort()
        image = torch.cat([image, carry(which[new], middle)])[order]
        which, at = torch.cat([which, which[new]])[order], torch.cat([at, middle])[order]
    return [image[which == k].numpy() for k in range(2 * lines)]


def warped_grid(
    flow: Callable[[Tensor], Tensor],
    ax: Axes | None = None,
    *,
    lim: float = 2.0,
    lines: int = 13,
    view: float | None = None,
    marks: Tensor | None = None,
) -> Axes:
    """Draw where a map takes the lines of a square grid.

    A flow is a diffeomorphism: carried lines bend, but never cross others of their family, tear or fold.

    Args:
        flow: map of the plane, (batch, 2) to (batch, 2), for instance `lambda x: solve(field, x, times)`. It
            is called several times, for lines get more points where it stretches or bends them.
        ax: where to draw; None makes one.
        lim: half the side of the grid before it is carried, data units.
        lines: lines in each direction.
        view: half the side of the square shown, data units; None fits the carried grid.
        marks: places to mark with crosses, (n, 2), for instance the centres that a flow leads to.
    Returns:
        The axes; lines that were vertical are blue, lines that were level are orange.
    Raises:
        ValueError: `flow` does not return points of the plane.

    >>> ax = warped_grid(lambda x: 2 * x, lines=5)
    >>> len(ax.lines)
    10
    """
    ax = _plane(ax, view)
    for k, line in enumerate(_carried_lines(flow, lim, lines)):
        ax.plot(*line.T, color=COLORS[k // lines], linewidth=0.9)
    if marks is not None:
        look: dict[str, Any] = {"marker": "x", "s": 55, "linewidths": 2.2, "color": "black", "zorder": 4}
        ax.scatter(*plane_points(marks, "marks").reshape(-1, 2).T, **look)
    return ax


def density(
    log_prob: Callable[[Tensor], Tensor],
    ax: Axes | None = None,
    *,
    lim: float = 3.0,
    n: int = 160,
    vmax: float | None = None,
    colorbar: bool = False,
) -> Axes:
    """Draw a density of the plane as a map: white is empty, dark is dense.

    Args:
        log_prob: logarithm of the density, (batch, 2) to (batch,).
        ax: where to draw; None makes one.
        lim: half the side of the square shown, data units.
        n: picture cells along one side.
        vmax: the density that has the darkest colour; None takes the largest shown. Panels that are compared
            need one: give it, or let `plots.colorbar(axs, "density")` find it.
        colorbar: True draws a bar beside the map that says which colour is which density.
    Returns:
        The axes.

    >>> ax = density(Gaussian(torch.zeros(2)).log_prob)
    >>> len(ax.images)
    1
    """
    ax = _plane(ax, lim)
    with torch.no_grad():
        height = array(log_prob(_mesh(lim * (1 - 1 / n), n)).exp().reshape(n, n))
    ax.imshow(
        height, origin="lower", extent=(-lim, lim, -lim, lim), cmap=SEQUENTIAL, vmin=0, vmax=vmax, zorder=0
    )
    if colorbar:
        add_colorbar(ax, "density", low=0.0, high=vmax)
    return ax
