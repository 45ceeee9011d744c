"""The style that all drawings share: palette, axes, rows of panels."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

# Okabe & Ito's palette, darkest first; their yellow is left out, because thin yellow lines vanish on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
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
        share: True gives all axes the same limits.
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
