"""Explorer of samplers: one exact network on DDPM's path, driven by every member of the family."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Generator, Tensor

from ..base import Time, as_time
from ..distributions import GaussianMixture
from ..paths import ChainScheduler, GaussianPath, convert, linear_betas, marginal_velocity
from ..plots import COLORS
from ..solvers import DDIM, Euler, EulerMaruyama, Heun, ODESolver, simulate, time_grid
from .panel import Explorer, choice, explorer, slider

PATHS = 1000
SHOWN = 25  # paths drawn; more would cover one another
REACH = 4.5  # half the height of the picture, data units
WIDTH = 0.55  # room for a histogram right of its paths, units of time
BUMPS = GaussianMixture(
    torch.tensor([0.3, 0.5, 0.2]), torch.tensor([[-1.6], [0.3], [1.8]]), torch.tensor([0.3, 0.35, 0.3])
)
PATH = GaussianPath(ChainScheduler(linear_betas()))
VELOCITY = marginal_velocity(BUMPS, PATH)
LARGE = "ancestral steps, the variance β"
RANDOM = "Euler–Maruyama"
KINDS = ["DDIM", LARGE, RANDOM, "Euler", "Heun"]


@dataclass(frozen=True)
class _Limit:
    """What DDIM becomes as its steps shrink: sigma^2 = eta^2 times the rate of noising; u gives s, too."""

    eta: float

    def drift(self, x: Tensor, t: Time) -> Tensor:
        u = VELOCITY(x, t)
        return u + self.diffusion(x, t) ** 2 / 2 * convert(u, x, t, PATH, given="velocity", wanted="score")

    def diffusion(self, x: Tensor, t: Time) -> Tensor:
        t = as_time(t, x)
        return self.eta * (2 * PATH.scheduler.alpha_dot(t) / PATH.scheduler.alpha(t)).sqrt()


def _solver(kind: str, eta: float, generator: Generator) -> ODESolver:
    if kind == "DDIM":
        return DDIM(PATH, eta, generator=generator)
    if kind == LARGE:
        return DDIM(PATH, 1.0, "forward", generator)
    return Heun() if kind == "Heun" else Euler()


@lru_cache(maxsize=8)
def _trajectories(kind: str, evaluations: int, eta: float) -> Tensor:
    """States of all paths at all times of the grid, (steps + 1, PATHS), always with the same randomness."""
    generator = Generator().manual_seed(0)
    start = torch.randn(PATHS, 1, generator=generator)  # drawn first: the same for every setting
    if kind == RANDOM:
        return simulate(_Limit(eta), start, time_grid(evaluations), EulerMaruyama(generator))[..., 0]
    solver = _solver(kind, eta, generator)
    times = time_grid(max(1, evaluations // solver.evaluations))
    return simulate(VELOCITY, start, times, solver)[..., 0]


def samplers() -> Explorer:
    """Explore samplers: the same field on DDPM's path, the same starts, another way of taking steps.

    The field is exact, that of a mixture of three bumps on the path of DDPM's 1000 betas, so whatever is
    missing at the end is the sampler's fault. Steps are of equal length in time. Beside the paths stand the
    histogram of all last states and the density of the data, and the text says how far they are apart.

    Returns:
        The explorer: a menu of samplers, sliders for the number of evaluations and for eta.
    """

    def draw(ax: Axes, sampler: str, evaluations: int, eta: float) -> str:
        xs = _trajectories(sampler, evaluations, eta if sampler in ("DDIM", RANDOM) else 0.0)
        side(ax, xs, BUMPS, 1.0, 0.0, COLORS[0])
        ax.text(1.04, -REACH + 0.1, "exact", fontsize="small")
        ax.set(xlim=(0, 1.02 + WIDTH), ylim=(-REACH, REACH), xlabel="time $t$", ylabel="state $x$")
        ax.set_xticks([0, 0.5, 1])
        distance = gap(xs[-1], BUMPS)
        ax.set_title(f"distance to the law of the data: {distance:.3f}", fontsize="medium")
        return _caption(sampler, evaluations, eta, distance)

    return explorer(
        draw,
        (6.4, 3.6),
        sampler=choice("sampler", KINDS),
        evaluations=slider("evaluations of the field", 2, 50, 10, 2),
        eta=slider("share of randomness η", 0.0, 1.0, 0.0, 0.1),
    )


def _caption(sampler: str, evaluations: int, eta: float, distance: float) -> str:
    """Say what the picture shows, and how much distance chance alone would make."""
    name = {
        "DDIM": f"DDIM with η = {eta:.1f}",
        LARGE: "ancestral sampling with the variance β (it has no η)",
        RANDOM: f"Euler–Maruyama with η = {eta:.1f}",
        "Euler": "Euler (it has no η)",
        "Heun": "Heun (it has no η)",
    }[sampler]
    chance = 1.36 / PATHS**0.5  # the law of Kolmogorov's statistic: exceeded by 5 % of samples
    return (
        f"{PATHS} paths on DDPM's path, {name}, {evaluations} evaluations. Distance to the law of the data "
        f"{distance:.3f}. In 19 of 20 cases chance alone stays below {chance:.3f}."
    )


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
