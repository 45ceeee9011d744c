"""Explorers of a network that generates handwritten digits."""

from functools import lru_cache

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..nets import ImageNetwork, load_pretrained
from ..plots import digit_grid
from ..solvers import find_solver, simulate, solve, time_grid
from ..training import guided
from .panel import Explorer, button, choice, explorer, slider

STEPS = 20
EVERY = "every digit"
OFFERED = ["Euler", "Heun"]


def _states(net: ImageNetwork, noise: Tensor, y: Tensor, w: float) -> Tensor:
    """States from noise to images, (STEPS + 1, batch, *event)."""
    field = guided(net, y, w)
    return simulate(field, noise, time_grid(STEPS))


def digit(net: ImageNetwork | None = None, w: float = 2.0) -> Explorer:
    """Generate a handwritten digit of one's choice, and show how it comes out of the noise.

    Args:
        net: a network of square images with labels 0 to 9, null label 10; None loads the
            course's own of 28 × 28 pixels.
        w: guidance scale.
    Returns:
        The explorer: a menu for the digit, and a button for another one from new noise.
    """
    made = load_pretrained("mnist") if net is None else net
    shown = range(0, STEPS + 1, STEPS // 5)

    def draw(ax: Axes, label: int, again: int) -> str:
        noise = torch.randn(1, *made.event, generator=torch.Generator().manual_seed(again))
        strip = _states(made, noise, torch.tensor([label]), w)[list(shown), 0]
        digit_grid(strip, ax=ax, columns=len(shown))
        side = made.event[-1]
        ax.set_xticks(
            [(side + 1) * i + (side - 1) / 2 for i in range(len(shown))],
            [f"t = {k / STEPS:.1f}" for k in shown],
        )
        return f"Noise turns into a handwritten {label}, in {len(shown)} pictures from t = 0 to t = 1."

    return explorer(
        draw,
        (6.0, 1.5),
        label=choice("digit", list(range(10)), 3),
        again=button("Another one from new noise"),
    )


def guidance(net: ImageNetwork | None = None, most: float = 6.0) -> Explorer:
    """Explore what the guidance scale, the solver and its steps do to generated digits.

    Args:
        net: a network of square images with labels 0 to 9, null label 10; None loads the course's own.
        most: greatest guidance scale offered.
    Returns:
        The explorer: a menu for the digit (or every digit), sliders for w and the number of steps, a menu for
        the solver, and a button for new noise; the noise stays the same until it is pressed.
    """
    made = load_pretrained("digits") if net is None else net

    @lru_cache(maxsize=256)
    def images(label: int | str, w: float, steps: int, solver: str, seed: int) -> Tensor:
        y = torch.arange(10).repeat_interleave(10) if label == EVERY else torch.tensor([label] * 40)
        noise = torch.randn(100, *made.event, generator=torch.Generator().manual_seed(seed))
        field = guided(made, y, w)
        return solve(field, noise[: len(y)], time_grid(steps), solver)

    def draw(ax: Axes, label: int | str, w: float, steps: int, solver: str, seed: int) -> str:
        found = images(label, w, steps, solver, seed)
        rows = torch.arange(10).repeat_interleave(10) if label == EVERY else None
        digit_grid(found, rows, ax)
        meaning = {0.0: ", which ignores the label", 1.0: ", the class as it was learnt"}.get(w, "")
        what = (
            "10 generated images of each digit"
            if label == EVERY
            else f"40 generated images of the digit {label}"
        )
        # Heun evaluates the field twice in a step, guidance two branches of it unless one has no weight.
        evaluations = steps * find_solver(solver).evaluations * (1 if w in (0.0, 1.0) else 2)
        cost = f"{steps} steps of {solver}: each image took {evaluations} evaluations of the network"
        return f"{what} at guidance scale w = {w:.2f}{meaning}. {cost}."

    return explorer(
        draw,
        (4.6, 4.6),
        label=choice("digit", [EVERY, *range(10)]),
        w=slider("guidance scale w", 0.0, most, 1.5, 0.25),
        steps=slider("steps", 1, 30, 20),
        solver=choice("solver", OFFERED, "Heun"),
        seed=button("Another noise"),
    )
