"""Explorer of the Ornstein–Uhlenbeck process: simulated paths beside the exact law."""

import math

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Tensor

from ..plots import COLORS
from ..solvers import EulerMaruyama, OrnsteinUhlenbeck, simulate, time_grid
from .panel import Explorer, choice, explorer, slider

END = 5.0
SHOWN = 30  # paths drawn; more would cover one another
REACH = 5.0  # half the height of the picture, data units: it stands still while the controls move
WIDTH = 1.4  # room for the histogram beside the paths, in units of time
STEPS = [0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0]  # each divides END


def _bell(mean: float, std: float, x: Tensor) -> Tensor:
    return torch.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def _paths(ax: Axes, times: Tensor, xs: Tensor) -> None:
    """Draw the first paths of xs (times, paths) over time, as one collection: it draws fastest."""
    lines = [torch.stack([times, x.to(times)], 1).numpy() for x in xs.T[:SHOWN]]
    ax.add_collection(LineCollection(lines, colors=COLORS[5], linewidths=0.7, alpha=0.7))


def _law(ax: Axes, process: OrnsteinUhlenbeck, start: float) -> tuple[float, float]:
    """Draw the exact mean and twice the exact width over time; return both at the end."""
    times = time_grid(100, 0.0, END)
    mean, std = (part[:, 0] for part in process.transition(times.new_full((101, 1), start), times))
    ax.plot(times, mean, color="black", linewidth=1.4)
    for edge in (mean - 2 * std, mean + 2 * std):
        ax.plot(times, edge, color="black", linewidth=1.0, linestyle="--")
    return float(mean[-1]), float(std[-1])


def _histogram(ax: Axes, ends: Tensor, mean: float, std: float) -> None:
    """Draw the last states as a histogram on its side, right of the paths, with the exact density."""
    edges = torch.linspace(-REACH, REACH, 51, dtype=torch.float64)
    counts = torch.histogram(ends.double(), edges).hist / (len(ends) * (edges[1] - edges[0]))
    scale = 0.8 * WIDTH / float(_bell(mean, std, torch.tensor(mean)))  # the exact peak has one place
    ax.stairs(END + scale * counts, edges, baseline=END, orientation="horizontal", fill=True, color=COLORS[5])
    x = torch.linspace(-REACH, REACH, 301)
    ax.plot(
        END + scale * _bell(mean, std, x), x, color=COLORS[1], linewidth=1.6, label="exact law at the end"
    )
    ax.axvline(END, color="black", linewidth=0.8)


def diffusions(end_paths: int = 2000) -> Explorer:
    """Explore the Ornstein–Uhlenbeck process by Euler–Maruyama, with its exact law beside the paths.

        dX = -theta X dt + sigma dW,   X_0 = start

    The picture shows up to 30 simulated paths, the exact mean and twice the exact standard deviation around
    it, and at the end a histogram of all paths beside the exact density.

    Args:
        end_paths: greatest number of paths offered.
    Returns:
        The explorer.
    """

    def draw(ax: Axes, theta: float, sigma: float, h: float, paths: int, start: float) -> str:
        process = OrnsteinUhlenbeck(theta, sigma)
        times = time_grid(round(END / h), 0.0, END)
        generator = torch.Generator().manual_seed(0)  # the noise stays while the controls move
        x0 = torch.full((paths, 1), start)
        xs = simulate(process, x0, times, EulerMaruyama(generator))[..., 0]
        _paths(ax, times, xs)
        mean, std = _law(ax, process, start)
        _histogram(ax, xs[-1], mean, std)
        found = float(xs[-1].mean()), float(xs[-1].std())
        ax.set(xlim=(0, END + WIDTH), ylim=(-REACH, REACH), xlabel="time $t$", ylabel="state $x$")
        ax.set_xticks(range(int(END) + 1))
        ax.set_title(f"stationary std = {process.stationary_std:.2f}", fontsize="medium", y=1.01)
        # Words in the colours of what they name; a legend would take a tenth of the time of an answer.
        ax.text(0.1, -4.7, "exact mean, and ± 2 standard deviations", fontsize="small")
        ax.text(END + 0.08, -4.7, "exact law", fontsize="small", color=COLORS[1])
        return _caption(found, (mean, std), paths, h, theta)

    return explorer(
        draw,
        (6.4, 4.0),
        theta=slider("rate θ (1 / time)", 0.1, 4.0, 1.0, 0.1),
        sigma=slider("diffusion coefficient σ", 0.1, 3.0, 1.4, 0.1),
        h=choice("step size h", STEPS, 0.05),
        paths=slider("number of paths", 20, end_paths, 500, 20),
        start=slider("start x₀ (data units)", -4.0, 4.0, 3.0, 0.5),
    )


def _caption(found: tuple[float, float], law: tuple[float, float], paths: int, h: float, theta: float) -> str:
    """Say what the picture shows, and name the step if it is too long."""
    words = (
        f"{paths} paths at time {END:g}: mean {found[0]:z.2f}, standard deviation {found[1]:.2f}; "
        f"exact law: mean {law[0]:z.2f}, standard deviation {law[1]:.2f}."
    )
    if theta * h > 2:
        return words + f" The step is unstable: θh = {theta * h:.1f} is above 2."
    return words
