"""What the explorers of processes on the line share: what the page runs, and parts of their stills."""

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Tensor

from .browser import STATIC, BrowserExplorer

SHOWN = 25  # paths drawn; more would cover one another


class ProcessesExplorer(BrowserExplorer):
    """The explorer that `diffusions` and `samplers` make; `settings["view"]` says which of the two."""

    name = "processes"
    _esm = STATIC / "processes.js"


def draw_paths(ax: Axes, times: Tensor, xs: Tensor, color: str) -> None:
    """Draw the first paths of xs (times, paths) over time."""
    lines = [torch.stack([times.double(), x.double()], 1).numpy() for x in xs.T[:SHOWN]]
    ax.add_collection(LineCollection(lines, colors=color, linewidths=0.7, alpha=0.7))


def draw_histogram(
    ax: Axes, ends: Tensor, x: Tensor, density: Tensor, edge: float, width: float, color: str
) -> None:
    """Draw states as a histogram on its side, right of `edge`, and over it the exact density.

    Args:
        ax: where to draw.
        ends: states, (paths,).
        x: equally spaced places over the height of the picture, (n,).
        density: the exact density there, (n,).
        edge: where the histogram stands, units of time.
        width: of the higher of the two, units of time.
        color: of the histogram.
    """
    edges = torch.linspace(float(x[0]), float(x[-1]), 61, dtype=torch.float64)
    counts = torch.histogram(ends.double(), edges).hist / (len(ends) * (edges[1] - edges[0]))
    # The exact peak has one place, unless a bar is so high that it would leave the picture.
    scale = width / max(float(density.max()), 0.8 * float(counts.max()))
    bars = edge + scale * counts
    ax.stairs(bars, edges, baseline=edge, orientation="horizontal", fill=True, color=color, alpha=0.5)
    ax.plot(edge + scale * density, x, color="black", linewidth=1.4)
    ax.axvline(edge, color="#999999", linewidth=0.8)


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number that the page's slider does not have, in words."""
    if not low <= value <= high:
        raise ValueError(f"{name} = {value}; give a number from {low:g} to {high:g}")
