"""Explorer of the SDE extension: the flow and its noisy relatives, beside the law that they share."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Generator, Tensor

from ..base import Time
from ..distributions import GaussianMixture
from ..paths import GaussianPath, convert, marginal_law, marginal_velocity
from ..plots import COLORS
from ..solvers import EulerMaruyama, simulate, time_grid
from .panel import Explorer, choice, explorer, slider

PATHS = 1000
SHOWN = 25  # paths drawn; more would cover one another
REACH = 4.5  # half the height of the picture, data units
APART = 1.75  # from the left edge of the flow to that of the SDE, units of time
WIDTH = 0.55  # room for a histogram right of its paths, units of time
STEPS = [10, 20, 50]  # each has every time of the slider on its grid
CORRECTED, ALONE = "corrected", "left as it was"
BUMPS = GaussianMixture(
    torch.tensor([0.3, 0.5, 0.2]), torch.tensor([[-1.6], [0.3], [1.8]]), torch.tensor([0.3, 0.35, 0.3])
)
PATH = GaussianPath()
VELOCITY = marginal_velocity(BUMPS, PATH)


@dataclass(frozen=True)
class _Extended:
    """The flow to the bumps with noise, and the drift corrected or not; one posterior serves u and s."""

    sigma: float
    corrected: bool

    def drift(self, x: Tensor, t: Time) -> Tensor:
        u = VELOCITY(x, t)
        if not self.corrected or self.sigma == 0:
            return u
        return u + self.sigma**2 / 2 * convert(u, x, t, PATH, given="velocity", wanted="score")

    def diffusion(self, x: Tensor, t: Time) -> float:
        return self.sigma


@lru_cache(maxsize=8)
def _trajectories(sigma: float, drift: str, steps: int) -> Tensor:
    """States of all paths at all times of the grid, (steps + 1, PATHS), always with the same randomness."""
    generator = Generator().manual_seed(0)
    start = torch.randn(PATHS, 1, generator=generator)  # drawn first: the same for every setting
    process = _Extended(sigma, drift == CORRECTED)
    return simulate(process, start, time_grid(steps), EulerMaruyama(generator))[..., 0]


def gap(x: Tensor, law: GaussianMixture) -> float:
    """Kolmogorov–Smirnov distance between points of the line and a mixture.

        sup_x | #{x_i <= x} / n - P(X <= x) |,   Kolmogorov 1933, Smirnov 1948

    Args:
        x: points of the line, (n,).
        law: a mixture on the line.
    Returns:
        The distance, between 0 and 1.
    """
    ordered = x.double().sort().values
    z = (ordered[:, None] - law.means[:, 0].double()) / law.stds[:, 0].double()
    below = torch.special.ndtr(z) @ law.weights.double()
    n = len(ordered)
    steps = torch.arange(n + 1, dtype=torch.float64) / n
    return float(torch.maximum(steps[1:] - below, below - steps[:-1]).max())


def side(ax: Axes, xs: Tensor, law: GaussianMixture, t: float, left: float, color: str) -> None:
    """Draw the first paths, and right of them a histogram of all last states and the exact density.

    Args:
        ax: where to draw.
        xs: states at equal times from 0 to `t`, (n, PATHS).
        law: the law of the last states, a mixture on the line.
        t: the last time.
        left: place of time 0 on the axis of times.
        color: color of paths and histogram.
    """
    times = left + t * torch.linspace(0, 1, len(xs))
    lines = [torch.stack([times, x], 1).numpy() for x in xs.T[:SHOWN]]
    ax.add_collection(LineCollection(lines, colors=color, linewidths=0.7, alpha=0.8))
    edges = torch.linspace(-REACH, REACH, 61)
    counts = torch.histogram(xs[-1], edges).hist / PATHS / (edges[1] - edges[0])
    x = torch.linspace(-REACH, REACH, 201)
    density = law.log_prob(x[:, None]).exp()
    # The exact peak has one place, unless a bar is so high that it would leave the picture.
    highest = max(float(density.max()), 0.8 * float(counts.max()))
    base, scale = left + 1.02, 0.8 * WIDTH / highest
    bars = base + scale * counts
    ax.stairs(bars, edges, baseline=base, orientation="horizontal", fill=True, color=color, alpha=0.5)
    ax.plot(base + scale * density, x, color="black", linewidth=1.4)
    ax.plot([left + t, left + t], [-REACH, REACH], color="#999999", linewidth=0.8)


def extension() -> Explorer:
    """Explore the SDE extension trick: paths of a flow and of an SDE from the same starts.

        dX = [ u + sigma^2 / 2 s ] dt + sigma dW,   or without the score's part

    Both are simulated by the Euler–Maruyama method with the exact fields of a mixture of three bumps. Beside
    each bundle stand the histogram of all points at the chosen time and the exact marginal density, and the
    text says how far they are apart.

    Returns:
        The explorer: sliders for sigma and the time, menus for the drift and the number of steps.
    """

    def draw(ax: Axes, sigma: float, drift: str, t: float, steps: int) -> str:
        now = round(t * steps)
        law = marginal_law(BUMPS, PATH, t)
        assert isinstance(law, GaussianMixture)  # a mixture's marginal is one
        runs = (_trajectories(0.0, CORRECTED, steps), _trajectories(sigma, drift, steps))
        gaps = []
        for xs, left, color, name in zip(runs, (0.0, APART), COLORS, ("flow", "SDE"), strict=False):
            side(ax, xs[: now + 1], law, t, left, color)
            gaps.append(gap(xs[now], law))
            ax.text(left + 0.02, REACH + 0.2, f"{name}: distance {gaps[-1]:.3f}", color=color)
        ax.text(1.04, -REACH + 0.1, "exact", fontsize="small")
        ax.set(xlim=(0, APART + 1.02 + WIDTH), ylim=(-REACH, REACH), xlabel="time $t$", ylabel="state $x$")
        ax.set_xticks([0, 0.5, 1, APART, APART + 0.5, APART + 1], ["0", "0.5", "1"] * 2)
        return _caption(gaps, sigma, drift, t, steps)

    return explorer(
        draw,
        (8.6, 3.6),
        sigma=slider("diffusion coefficient σ", 0.0, 2.0, 1.0, 0.1),
        drift=choice("drift", [CORRECTED, ALONE]),
        t=slider("time t (0 noise, 1 data)", 0.0, 1.0, 1.0, 0.1),
        steps=choice("number of steps", STEPS, 50),
    )


def _caption(gaps: list[float], sigma: float, drift: str, t: float, steps: int) -> str:
    """Say what the picture shows, and how much distance chance alone would make."""
    chance = 1.36 / PATHS**0.5  # the law of Kolmogorov's statistic: exceeded by 5 % of samples
    return (
        f"{PATHS} paths at time {t:.1f}, {steps} steps from 0 to 1. Distance to the exact law: flow "
        f"{gaps[0]:.3f}, SDE with σ = {sigma:.1f} and the drift {drift} {gaps[1]:.3f}. "
        f"In 19 of 20 cases chance alone stays below {chance:.3f}."
    )
