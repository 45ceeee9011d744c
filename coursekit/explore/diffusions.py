"""Explorer of the Ornstein–Uhlenbeck process: simulated paths beside the exact law."""

import math
from typing import Any

import torch

from ..plots import COLORS, Picture, axes, picture
from ..solvers import BrownianMotion, EulerMaruyama, OrnsteinUhlenbeck, simulate, time_grid
from .processes import ProcessesExplorer, check_number, draw_histogram, draw_paths

END = 5.0
STEPS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)  # each divides END, and is a multiple of the first
WIDTH = 1.4  # room for the histogram beside the paths, in units of time
RANGES: dict[str, tuple[float, float]] = {
    "theta": (0, 4),
    "sigma": (0, 3),
    "paths": (100, 5000),
    "start": (-4, 4),
    "t": (0, END),
}


def diffusions(
    *,
    theta: float = 1.0,
    sigma: float = 1.4,
    h: float = 0.05,
    paths: int = 2000,
    start: float = 3.0,
    t: float = END,
    chain: bool = False,
) -> ProcessesExplorer:
    """Explore the Ornstein–Uhlenbeck process by Euler–Maruyama, with its exact law beside the paths.

        dX = -theta X dt + sigma dW,   X_0 = start
        mean x_0 e^(-theta t),   variance sigma^2 (1 - e^(-2 theta t)) / (2 theta)

    Uhlenbeck & Ornstein 1930; with theta = 0 it is Brownian motion. The page shows 25 paths, the exact mean
    and two standard deviations around it, and at a time that moves a histogram of all paths beside the exact
    density. The steps of one length have a law of their own,

        mean (1 - theta h)^n x_0,   variance sigma^2 h (1 - a^n) / (1 - a)  with  a = (1 - theta h)^2,

    which can be drawn, too: what parts it from the exact law is the bias of the step, and more paths do not
    help against that. All lengths of a step follow the same Brownian motion.

    Args:
        theta: rate of return, in [0, 4], per unit of time.
        sigma: diffusion coefficient, in [0, 3], data units per square root of time.
        h: length of a step, one of 0.025, 0.05, 0.1, 0.2, 0.25, 0.5 and 1, units of time.
        paths: how many, 100 to 5,000.
        start: the state at time 0, in [-4, 4], data units.
        t: the time of the histogram to begin with, in [0, 5].
        chain: True also draws the law of the steps.
    Returns:
        The explorer; as the last line of a cell it shows itself.
    Raises:
        ValueError: an argument is out of its range, or `h` is none of the steps.

    >>> diffusions(theta=3.0, h=0.5, chain=True).settings["h"]
    0.5
    """
    asked = {"theta": theta, "sigma": sigma, "paths": paths, "start": start, "t": t}
    for name, value in asked.items():
        check_number(name, value, *RANGES[name])
    if h not in STEPS:
        raise ValueError(f"h = {h}; choose one of {', '.join(f'{each:g}' for each in STEPS)}")
    settings = {"view": "diffusion", **asked, "h": h, "chain": chain}
    return ProcessesExplorer(settings, lambda: _still(settings))


def _still(s: dict[str, Any]) -> Picture:
    """What the page will show at the end, drawn by Matplotlib."""
    theta, sigma, start, paths = s["theta"], s["sigma"], s["start"], s["paths"]
    process = OrnsteinUhlenbeck(theta, sigma) if theta else BrownianMotion(sigma)
    times = time_grid(round(END / s["h"]), 0.0, END)
    x0 = torch.full((paths, 1), float(start), dtype=torch.float64)
    xs = simulate(process, x0, times, EulerMaruyama(torch.Generator().manual_seed(0)))[..., 0]
    exact = time_grid(200, 0.0, END)
    age = -torch.expm1(-2 * theta * exact) / (2 * theta) if theta else exact
    mean, std = start * torch.exp(-theta * exact), sigma * age.sqrt()
    reach = max(5.0, float((mean.abs() + 2.5 * std).max()))
    ax = axes(size=(6.4, 3.8))
    draw_paths(ax, times, xs, COLORS[5])
    ax.plot(exact, mean, color="black", linewidth=1.4)
    for edge in (mean - 2 * std, mean + 2 * std):
        ax.plot(exact, edge, color="black", linewidth=1.0, linestyle="--")
    at, spread = float(mean[-1]), float(std[-1])
    if spread > 0:
        x = torch.linspace(-reach, reach, 301, dtype=torch.float64)
        bell = torch.exp(-(((x - at) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
        draw_histogram(ax, xs[-1], x, bell, END, 0.8 * WIDTH, COLORS[5])
    ax.set(xlim=(0, END + WIDTH), ylim=(-reach, reach), xlabel="time $t$", ylabel="state $x$")
    ax.set_xticks(range(int(END) + 1))
    found = float(xs[-1].mean()), float(xs[-1].std())
    text = (
        f"25 of {paths:,} paths of Euler–Maruyama with step {s['h']:g} from {start:g}, θ = {theta:.1f}, "
        f"σ = {sigma:.1f}; dashed, two standard deviations around the exact mean; on the right a histogram "
        f"of all paths at time {END:g}, and the exact density as a line. Mean {found[0]:z.2f}, standard "
        f"deviation {found[1]:.2f}; exact {at:z.2f} and {spread:.2f}. Where scripts run, controls change it."
    )
    return picture(ax, text)
