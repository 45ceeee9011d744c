"""Explorer of a Markov chain on three states: its distribution flows on a triangle."""

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..plots import COLORS
from ..solvers import MarkovChain
from .panel import Explorer, choice, explorer, slider

BACK = 0.2  # rate of the three jumps that have no slider, so that every state can be left
END = 4.0
CORNERS = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]], dtype=torch.float64)
SIDES = ((-0.05, -0.04), (0.05, -0.04), (0.0, 0.05))  # where the corners' names stand
STARTS = {
    "certainly state 0": (1.0, 0.0, 0.0),
    "certainly state 1": (0.0, 1.0, 0.0),
    "certainly state 2": (0.0, 0.0, 1.0),
    "half 0, half 1": (0.5, 0.5, 0.0),
}


def _chain(up: float, on: float, home: float) -> MarkovChain:
    """Rates 0 to 1, 1 to 2 and 2 to 0, and the same small one for the ways back."""
    rates = torch.tensor(
        [[0.0, BACK, home], [up, 0.0, BACK], [BACK, on, 0.0]], dtype=torch.float64
    )  # [to, from]
    return MarkovChain(rates - rates.sum(0).diag())


def _grid(n: int = 11) -> Tensor:
    """Distributions inside the triangle, (k, 3)."""
    inner = [(a, b, n - a - b) for a in range(1, n) for b in range(1, n - a)]
    return torch.tensor(inner, dtype=torch.float64) / n


def simplex() -> Explorer:
    """Explore how the distribution of a chain of three states flows, by the forward equation.

        dp/dt = Q p,   p a point of the triangle whose corners are the three states

    Returns:
        The explorer: sliders for the rates from 0 to 1, from 1 to 2 and from 2 to 0 (the ways back have a
        rate of 0.2) and for the time, and a menu for the start.
    """

    def draw(ax: Axes, up: float, on: float, home: float, t: float, start: str) -> str:
        chain, p0 = _chain(up, on, home), torch.tensor(STARTS[start], dtype=torch.float64)
        ax.set_axis_off()
        grid = _grid()
        (x, y), (u, v) = (grid @ CORNERS).T, (chain.derivative(grid) @ CORNERS).T
        ax.quiver(x, y, u, v, color="#888888", scale=15, width=0.004)
        ax.plot(*CORNERS[[0, 1, 2, 0]].T, color="black", linewidth=1)
        for name, corner, side in zip("012", CORNERS.tolist(), SIDES, strict=True):
            ax.text(corner[0] + side[0], corner[1] + side[1], name, ha="center", va="center")
        way = chain.transition(torch.linspace(0, t, 60)) @ p0
        ax.plot(*(way @ CORNERS).T, color=COLORS[0], linewidth=2)
        settled = chain.stationary()
        ax.plot(*(settled @ CORNERS), "o", color="black", markersize=5)
        ax.plot(*(way[-1] @ CORNERS), "o", color=COLORS[1], markersize=9)
        ax.set(xlim=(-0.12, 1.12), ylim=(-0.1, 0.97), aspect="equal")
        now, end = (", ".join(f"{share:.0%}" for share in law.tolist()) for law in (way[-1], settled))
        speed = float(chain.derivative(way[-1]).abs().sum()) / 2
        return (
            f"At t = {t:.2f} the states 0, 1 and 2 have the probabilities {now} (orange), and {speed:.0%} of "
            f"all chains change over in a unit of time, net. In the end there are {end} (black)."
        )

    return explorer(
        draw,
        (4.6, 4.1),
        up=slider("rate from 0 to 1", 0.0, 3.0, 1.5, 0.1),
        on=slider("rate from 1 to 2", 0.0, 3.0, 0.8, 0.1),
        home=slider("rate from 2 to 0", 0.0, 3.0, 0.3, 0.1),
        t=slider("time t", 0.0, END, 0.5, 0.05),
        start=choice("start", list(STARTS)),
    )
