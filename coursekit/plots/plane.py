"""Drawings in the plane: samples, paths, arrows, a carried grid, a density."""

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.quiver import Quiver
from torch import Tensor

from ..base import Field
from .style import COLORS, array, axes, plane_points


class _Arrows(Quiver):
    """Arrows that cost nothing while hidden; Matplotlib's would slow an animation down with every frame."""

    def draw(self, renderer: RendererBase) -> None:
        if self.get_visible():
            super().draw(renderer)


def _plane(ax: Axes | None, lim: float | None) -> Axes:
    """Axes with equal units on both sides; `lim` is half the side of the square shown."""
    ax = axes(ax, (4.2, 4.2))
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
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
        values: one number for each point, (n,), shown as its colour (cividis).
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
    look = {"color": color} if values is None else {"c": array(values), "cmap": "cividis"}
    ax.scatter(points[..., 0], points[..., 1], s=size, linewidths=0, alpha=0.8, label=label, **look)
    return ax


def trajectories(
    xs: Tensor,
    ax: Axes | None = None,
    *,
    color: str = COLORS[0],
    label: str | None = None,
    lim: float | None = None,
    steps: bool = False,
) -> Axes:
    """Draw paths in the plane, with a ring where each starts and a dot where it ends.

    Args:
        xs: states as `simulate` returns them, (times, batch, 2).
        ax: where to draw; None makes one.
        color: colour of all paths.
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
    lines = ax.plot(points[..., 0], points[..., 1], color=color, linewidth=1.2, marker="." if steps else None)
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
) -> Axes:
    """Draw a vector field of the plane at one time as arrows on a square grid.

    Args:
        field: `field(x, t)`, states (batch, 2).
        t: time.
        ax: where to draw; None makes one.
        lim: half the side of the square shown, data units.
        n: arrows along one side.
        color: colour of the arrows.
    Returns:
        The axes. Arrow lengths are in proportion; the longest spans about one cell of the grid.

    >>> ax = quiver(lambda x, t: -x, lim=2, n=5)
    >>> len(ax.collections)
    1
    """
    ax = _plane(ax, lim)
    x = _mesh(lim * (1 - 1 / n), n)
    with torch.no_grad():
        u = plane_points(field(x, t), "field(x, t)")
    longest = max(float((u**2).sum(-1).max()) ** 0.5, 1e-12)
    scale = longest * n / (2.2 * lim)
    look = {"color": color, "angles": "xy", "scale_units": "xy", "scale": scale, "width": 0.004}
    ax.add_collection(_Arrows(ax, *x.T.numpy(), *u.T, **look))
    return ax


def warped_grid(
    flow: Callable[[Tensor], Tensor],
    ax: Axes | None = None,
    *,
    lim: float = 2.0,
    lines: int = 13,
    view: float | None = None,
) -> Axes:
    """Draw where a map takes the lines of a square grid.

    A flow is a diffeomorphism: carried lines bend, but never cross others of their family, tear or fold.

    Args:
        flow: map of the plane, (batch, 2) to (batch, 2), for instance `lambda x: solve(field, x, times)`.
        ax: where to draw; None makes one.
        lim: half the side of the grid before it is carried, data units.
        lines: lines in each direction.
        view: half the side of the square shown, data units; None fits the carried grid.
    Returns:
        The axes; lines that were vertical are blue, lines that were level are orange.

    >>> ax = warped_grid(lambda x: 2 * x, lines=5)
    >>> len(ax.lines)
    10
    """
    ax = _plane(ax, view)
    places, along = torch.linspace(-lim, lim, lines), torch.linspace(-lim, lim, 121)
    vertical = torch.cartesian_prod(places, along)
    with torch.no_grad():
        carried = flow(torch.cat([vertical, vertical.flip(-1)]))
    points = plane_points(carried, "flow(x)").reshape(2, lines, len(along), 2)
    for family, color in zip(points, COLORS, strict=False):
        ax.plot(family[..., 0].T, family[..., 1].T, color=color, linewidth=0.9)
    return ax


def density(
    log_prob: Callable[[Tensor], Tensor], ax: Axes | None = None, *, lim: float = 3.0, n: int = 160
) -> Axes:
    """Draw a density of the plane as a map of brightness.

    Args:
        log_prob: logarithm of the density, (batch, 2) to (batch,).
        ax: where to draw; None makes one.
        lim: half the side of the square shown, data units.
        n: picture cells along one side.
    Returns:
        The axes; bright is dense.

    >>> ax = density(Gaussian(torch.zeros(2)).log_prob)
    >>> len(ax.images)
    1
    """
    ax = _plane(ax, lim)
    with torch.no_grad():
        height = log_prob(_mesh(lim * (1 - 1 / n), n)).exp().reshape(n, n)
    ax.imshow(array(height), origin="lower", extent=(-lim, lim, -lim, lim), cmap="cividis")
    return ax
