"""The style that all drawings share: palette, axes, rows of panels."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray
from torch import Tensor

# Okabe & Ito's palette, darkest first; their yellow is left out, because thin yellow lines vanish on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Surfaces: from white, so that dots and arrows show on it, to a blue that dark arrows still stand out from.
# Its lightness falls evenly, so a hill half as high is half as dark, with colour or without.
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "white to blue", ["#FFFFFF", "#D3E3F3", "#A4C8E4", "#6FA8D3", "#4488C0", "#2A6FAB", "#1A5790"]
)
# Signed numbers: blue below zero, white at zero, red above.
DIVERGING = "RdBu_r"
# Points that carry a number: from blue over purple to orange. No colour is pale, for the page is white.
SPECTRUM = LinearSegmentedColormap.from_list(
    "blue to orange", plt.get_cmap("plasma")(np.linspace(0.02, 0.84, 128))
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def array(x: Tensor | Sequence[float]) -> NDArray[Any]:
    """`x` as a NumPy array on the CPU, cut off from autograd."""
    return torch.as_tensor(x).detach().cpu().numpy()


def plane_points(x: Tensor, name: str) -> NDArray[Any]:
    """`x` as an array, once its last axis is known to hold points of the plane."""
    if x.shape[-1:] != (2,):
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; a picture of the plane needs (…, 2). "
            f"Pick two columns first, for instance {name}[..., :2]."
        )
    return array(x)


def dress(ax: Axes) -> Axes:
    """Apply the course style to an axes: its palette, and no upper or right spine."""
    ax.set_prop_cycle(color=COLORS)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def paint(lines: Sequence[Line2D], color: str | Sequence[str] | None) -> None:
    """Give lines one colour, or each its own; None leaves them as they are."""
    if color is None:
        return
    colors = [color] * len(lines) if isinstance(color, str) else list(color)
    if len(colors) != len(lines):
        raise ValueError(f"got {len(colors)} colours for {len(lines)} paths; give one, or one for each.")
    for line, each in zip(lines, colors, strict=True):
        line.set_color(each)


def plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis in plain numbers at 1, 2 and 5; the usual labels overlap in short ranges."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def name_axes(ax: Axes, x: str, y: str) -> None:
    """Name both axes; panels that share their limits are named at the edge of the figure only."""
    ax.set(xlabel=x, ylabel=y)
    if len(ax.get_shared_x_axes().get_siblings(ax)) > 1:
        ax.label_outer()


def axes(ax: Axes | None = None, size: tuple[float, float] = (5.0, 3.6)) -> Axes:
    """Return `ax`, or a new one in a figure of its own.

    Args:
        ax: where to draw; None makes a new figure.
        size: width and height of the new figure in inches.
    Returns:
        The axes to draw into.

    >>> len(axes().lines)
    0
    """
    if ax is not None:
        return ax
    return dress(plt.subplots(figsize=size, layout="compressed")[1])


def panels(
    count: int,
    titles: Sequence[str] = (),
    size: tuple[float, float] = (2.8, 2.8),
    rows: int = 1,
    share: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Make a figure with `count` axes side by side, for instance one for each time.

    Args:
        count: number of axes in all.
        titles: one for each axes, or none at all.
        size: width and height of one axes in inches.
        rows: rows to spread the axes over, filled from left to right.
        share: True gives all axes the same limits, and names and numbers only to the outer ones.
    Returns:
        The figure and its axes in the order of reading.
    Raises:
        ValueError: the titles are not as many as the axes.

    >>> figure, axs = panels(3, ["t = 0", "t = 0.5", "t = 1"])
    >>> [ax.get_title() for ax in axs]
    ['t = 0', 't = 0.5', 't = 1']
    """
    if titles and len(titles) != count:
        raise ValueError(f"panels got {len(titles)} titles for {count} axes; give one for each.")
    columns = -(-count // rows)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(columns * size[0], rows * size[1]),
        layout="compressed",
        squeeze=False,
        sharex=share,
        sharey=share,
    )
    for spare in grid.flat[count:]:
        spare.remove()
    made = [dress(ax) for ax in grid.flat[:count]]
    for ax, title in zip(made, titles, strict=False):
        ax.set_title(title, fontsize="medium")
    return figure, made


def colorbar(
    axs: Axes | Sequence[Axes],
    label: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    signed: bool = False,
) -> Colorbar:
    """Give one scale of colours to all surfaces of one or several panels, and draw it beside the last.

    Args:
        axs: axes of one figure, each with an image, a mesh or points that carry values.
        label: what the colours mean, with the unit.
        low: number of the first colour; None takes the least of all.
        high: number of the last colour; None takes the greatest of all.
        signed: True puts zero in the middle and takes the colours of `DIVERGING`.
    Returns:
        The colour bar. The panels keep their sizes.
    Raises:
        ValueError: nothing in the axes carries values.

    >>> figure, axs = panels(2)
    >>> for ax, width in zip(axs, (1.0, 2.0)):
    ...     _ = plots.density(Gaussian(torch.zeros(2), width).log_prob, ax)
    >>> colorbar(axs, "density").mappable.get_clim() == axs[0].images[0].get_clim()
    True
    """
    axs = [axs] if isinstance(axs, Axes) else list(axs)
    drawn = [(each, each.get_array()) for ax in axs for each in (*ax.images, *ax.collections)]
    valued = [(each, numbers) for each, numbers in drawn if numbers is not None]
    if not valued:
        raise ValueError(
            "colorbar found nothing that carries values; draw a density, or samples with values."
        )
    surfaces = [each for each, _ in valued]
    values = np.concatenate([np.ma.masked_invalid(numbers).compressed() for _, numbers in valued])
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    if signed:
        high = max(-low, high)
        low = -high
    for each in surfaces:
        each.set_clim(low, high)
        if signed:
            each.set_cmap(DIVERGING)
    extend = {(0, 0): "neither", (0, 1): "max", (1, 0): "min", (1, 1): "both"}[
        int(values.min() < low), int(values.max() > high)
    ]
    return axs[-1].figure.colorbar(surfaces[-1], ax=axs[-1], label=label, extend=extend, aspect=24, pad=0.04)
