"""Drawings of images side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from .style import array, axes


def _tiles(images: Tensor) -> NDArray[Any]:
    """Images as (n, side, side), from vectors or from one channel."""
    flat = images.reshape(len(images), -1)
    side = round(flat.shape[1] ** 0.5)
    if side * side != flat.shape[1]:
        raise ValueError(
            f"images has shape {tuple(images.shape)}; grey square images need (n, 64) or (n, 1, 8, 8)."
        )
    return array(flat.reshape(-1, side, side))


def digit_grid(
    images: Tensor,
    labels: Tensor | Sequence[int] | None = None,
    ax: Axes | None = None,
    *,
    columns: int = 10,
) -> Axes:
    """Draw grey images in a grid; with labels, one row for each class.

    Args:
        images: (n, 64) or (n, 1, 8, 8), values in [-1, 1]: -1 is paper, 1 is ink.
        labels: the class of each image; the rows are sorted by it and bear its name. None keeps the order.
        ax: where to draw; None makes one.
        columns: images in a row; with labels, the most shown of each class.
    Returns:
        The axes.
    Raises:
        ValueError: the images are not square, or there is not one label for each.

    >>> images, labels = data.digits().test
    >>> ax = digit_grid(images, labels, columns=5)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
    """
    tiles = _tiles(images)
    rows, names = _layout(len(tiles), labels, columns)
    side = tiles.shape[1]
    # A paper-coloured line between neighbours, and paper where a row ends early. In single precision and of
    # the page's width at most: matplotlib enlarges it to the page's pixels several times over.
    shape = len(rows) * (side + 1) - 1, max(map(len, rows)) * (side + 1) - 1
    sheet = np.full(shape, -1.0, dtype=np.float32)
    for r, row in enumerate(rows):
        for c, index in enumerate(row):
            sheet[r * (side + 1) :, c * (side + 1) :][:side, :side] = tiles[index]
    inches = min(0.065, 7.2 / shape[1])  # along a pixel
    ax = axes(ax, (shape[1] * inches + 0.4, shape[0] * inches + 0.2))
    ax.imshow(sheet, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([r * (side + 1) + (side - 1) / 2 for r in range(len(rows))] if names else [], names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _layout(
    count: int, labels: Tensor | Sequence[int] | None, columns: int
) -> tuple[list[list[int]], list[str]]:
    """Which image stands where, row by row, and the rows' names."""
    if labels is None:
        return [list(range(count))[i : i + columns] for i in range(0, count, columns)], []
    classes = torch.as_tensor(labels).flatten().tolist()
    if len(classes) != count:
        raise ValueError(f"digit_grid got {len(classes)} labels for {count} images; give one for each.")
    names = sorted(set(classes))
    return [[i for i, c in enumerate(classes) if c == name][:columns] for name in names], list(
        map(str, names)
    )
