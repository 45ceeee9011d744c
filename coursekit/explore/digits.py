"""Explorers of a network that generates handwritten digits."""

from functools import cache

import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from .. import checkpoints
from ..guidance import guided
from ..plots import digit_grid
from ..simulators import Heun, simulate, time_grid
from .panel import Explorer, button, choice, explorer, slider

IMAGE = (1, 8, 8)
STEPS = 20
NULL = 10
EVERY = "every digit"


def _states(net: nn.Module, noise: Tensor, y: Tensor, w: float) -> Tensor:
    """States from noise to images, (STEPS + 1, batch, *IMAGE)."""
    field = guided(net, y, w, NULL)
    return simulate(field, noise, time_grid(STEPS), Heun())


def digit(net: nn.Module | None = None, w: float = 1.5) -> Explorer:
    """Generate a handwritten digit of one's choice, and show how it comes out of the noise.

    Args:
        net: a network of images (1, 8, 8) with labels 0 to 9, null label 10; None loads the course's own.
        w: guidance scale.
    Returns:
        The explorer: a menu for the digit, and a button for another one from new noise.
    """
    made = checkpoints.digits() if net is None else net
    shown = range(0, STEPS + 1, STEPS // 5)

    def draw(ax: Axes, label: int, again: int) -> str:
        noise = torch.randn(1, *IMAGE, generator=torch.Generator().manual_seed(again))
        strip = _states(made, noise, torch.tensor([label]), w)[list(shown), 0]
        digit_grid(strip, ax=ax, columns=len(shown))
        ax.set_xticks([9 * i + 3.5 for i in range(len(shown))], [f"t = {k / STEPS:.1f}" for k in shown])
        return f"Noise turns into a handwritten {label}, in {len(shown)} pictures from t = 0 to t = 1."

    return explorer(
        draw,
        (6.0, 1.5),
        label=choice("digit", list(range(10)), 3),
        again=button("Another one from new noise"),
    )


def guidance(net: nn.Module | None = None, most: float = 6.0) -> Explorer:
    """Explore what the guidance scale w does to generated digits; the noise stays the same.

    Args:
        net: a network of images (1, 8, 8) with labels 0 to 9, null label 10; None loads the course's own.
        most: greatest guidance scale offered.
    Returns:
        The explorer: a menu for the digit (or every digit) and a slider for w.
    """
    made = checkpoints.digits() if net is None else net
    noise = torch.randn(10 * 10, *IMAGE, generator=torch.Generator().manual_seed(0))

    @cache
    def images(label: int | str, w: float) -> Tensor:
        y = torch.arange(10).repeat_interleave(10) if label == EVERY else torch.tensor([label] * 40)
        return _states(made, noise[: len(y)], y, w)[-1]

    def draw(ax: Axes, label: int | str, w: float) -> str:
        found = images(label, w)
        rows = torch.arange(10).repeat_interleave(10) if label == EVERY else None
        digit_grid(found, rows, ax)
        meaning = {0.0: ", which ignores the label", 1.0: ", the class as it was learnt"}.get(w, "")
        what = (
            "10 generated images of each digit"
            if label == EVERY
            else f"40 generated images of the digit {label}"
        )
        return f"{what} at guidance scale w = {w:.2f}{meaning}."

    return explorer(
        draw,
        (4.6, 4.6),
        label=choice("digit", [EVERY, *range(10)]),
        w=slider("guidance scale w", 0.0, most, 1.5, 0.25),
    )
