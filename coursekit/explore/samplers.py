"""Explorer of samplers: one exact field on DDPM's path, driven by every member of the family."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Generator, Tensor

from ..base import Time, as_time
from ..distributions import GaussianMixture
from ..paths import ChainScheduler, GaussianPath, convert, linear_betas, marginal_velocity
from ..plots import COLORS, Picture, panels, picture
from ..solvers import DDIM, Euler, EulerMaruyama, Heun, ODESolver, simulate, time_grid
from .processes import ProcessesExplorer, check_number, draw_histogram, draw_paths

Sampler = Literal["ddim", "ancestral", "maruyama", "euler", "heun"]
"""DDIM, ancestral steps with the variance beta, Euler–Maruyama, Euler, Heun."""

REACH = 4.5  # half the height of the picture, data units
WIDTH = 0.5  # room for a histogram right of its paths, units of time
BUMPS = GaussianMixture(
    torch.tensor([0.3, 0.5, 0.2], dtype=torch.float64),
    torch.tensor([[-1.6], [0.3], [1.8]], dtype=torch.float64),
    torch.tensor([0.3, 0.35, 0.3], dtype=torch.float64),
)
PATH = GaussianPath(ChainScheduler(linear_betas()))
VELOCITY = marginal_velocity(BUMPS, PATH)
NAMES: dict[str, str] = {
    "ddim": "DDIM, η = {eta:.1f}",
    "ancestral": "ancestral, variance β",
    "maruyama": "Euler–Maruyama, η = {eta:.1f}",
    "euler": "Euler",
    "heun": "Heun",
}


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


def samplers(
    samplers: Sequence[Sampler] = ("ddim", "ddim"),
    *,
    evaluations: int = 10,
    eta: float | Sequence[float] = (0.0, 1.0),
    paths: int = 1000,
) -> ProcessesExplorer:
    """Explore samplers side by side: the same field, the same starts, another way of taking steps.

        x' = alpha' z^ + sqrt(beta'^2 - sigma^2) eps^ + sigma xi,
        sigma^2 = eta^2 beta'^2 (beta^2 - (alpha / alpha')^2 beta'^2) / beta^2

    Song et al. 2021, denoising diffusion implicit models: the step of DDIM; with eta = 1 it is the ancestral
    step of Ho et al. 2020. The field is exact, that of a mixture of three bumps on the path of DDPM's 1000
    betas, so whatever is missing at the end is the sampler's fault. Steps are of equal length in time, and
    samplers that draw noise draw the same normal numbers. Beside the paths stand a histogram of all states
    and the exact density, and the words say how far they are apart, and how far chance alone takes them.

    Args:
        samplers: two to four of "ddim", "ancestral" (steps with the variance beta), "maruyama"
            (Euler–Maruyama, what DDIM becomes as its steps shrink), "euler" and "heun"; one may come twice.
        evaluations: of the field, by each sampler: an even number from 2 to 50. A step of Heun takes two.
        eta: share of fresh noise, in [0, 1], of DDIM and of Euler–Maruyama: one for all, or one for each.
        paths: how many, 500 to 5,000.
    Returns:
        The explorer; as the last line of a cell it shows itself.
    Raises:
        ValueError: a sampler is unknown, there are not two to four of them or not as many values of eta, or a
            number is out of its range.

    >>> samplers(["ddim", "heun"], evaluations=20, eta=0.5).settings["samplers"]
    [{'kind': 'ddim', 'eta': 0.5}, {'kind': 'heun', 'eta': 0.5}]
    """
    kinds = list(samplers)
    if not 2 <= len(kinds) <= 4 or not set(kinds) <= set(get_args(Sampler)):
        raise ValueError(f"samplers = {kinds}; choose two to four of {', '.join(get_args(Sampler))}")
    etas = [eta] * len(kinds) if isinstance(eta, float | int) else list(eta)
    if len(etas) != len(kinds):
        raise ValueError(
            f"eta has {len(etas)} values for {len(kinds)} samplers; give one number, or one for each"
        )
    for each in etas:
        check_number("eta", each, 0, 1)
    check_number("evaluations", evaluations, 2, 50)
    if evaluations % 2:
        raise ValueError(f"evaluations = {evaluations}; give an even number, for a step of Heun takes two")
    check_number("paths", paths, 500, 5000)
    chosen = [{"kind": kind, "eta": float(each)} for kind, each in zip(kinds, etas, strict=True)]
    settings = {"view": "samplers", "samplers": chosen, "evaluations": evaluations, "paths": paths}
    return ProcessesExplorer(settings, lambda: _still(settings))


def trajectories(kind: Sampler, evaluations: int, eta: float, x0: Tensor, generator: Generator) -> Tensor:
    """States of a sampler at the times of its grid.

    Args:
        kind: which sampler.
        evaluations: of the field, even.
        eta: share of fresh noise, in [0, 1], where the sampler has one.
        x0: states at t = 0, (paths, 1).
        generator: source of the noise.
    Returns:
        The states, (steps + 1, paths, 1).
    """
    if kind == "maruyama":
        return simulate(_Limit(eta), x0, time_grid(evaluations), EulerMaruyama(generator))
    known: dict[str, ODESolver] = {
        "ddim": DDIM(PATH, eta, generator=generator),
        "ancestral": DDIM(PATH, 1.0, "forward", generator),
        "euler": Euler(),
        "heun": Heun(),
    }
    solver = known[kind]
    return simulate(VELOCITY, x0, time_grid(evaluations // solver.evaluations), solver)


def gap(x: Tensor, law: GaussianMixture) -> float:
    """Kolmogorov–Smirnov distance between points of the line and a mixture.

        sup_x | #{x_i <= x} / n - P(X <= x) |,   Kolmogorov 1933, Smirnov 1948

    Args:
        x: points of the line, (n, 1).
        law: a mixture on the line.
    Returns:
        The distance, between 0 and 1.
    """
    ordered = x.double().sort(0).values
    z = (ordered - law.means[:, 0].double()) / law.stds[:, 0].double()
    below = torch.special.ndtr(z) @ law.weights.double()
    n = len(ordered)
    steps = torch.arange(n + 1, dtype=torch.float64) / n
    return float(torch.maximum(steps[1:] - below, below - steps[:-1]).max())


def _still(settings: dict[str, Any]) -> Picture:
    """What the page will show at t = 1, drawn by Matplotlib."""
    chosen, evaluations, paths = (settings[name] for name in ("samplers", "evaluations", "paths"))
    names = [NAMES[each["kind"]].format(**each) for each in chosen]
    figure, axs = panels(
        len(chosen), names, (6.8 / min(2, len(chosen)), 3.0), rows=(len(chosen) + 1) // 2, share=True
    )
    x = torch.linspace(-REACH, REACH, 301, dtype=torch.float64)
    exact, distances = BUMPS.log_prob(x[:, None]).exp(), []
    for ax, each, color in zip(axs, chosen, COLORS, strict=False):
        generator = Generator().manual_seed(0)  # the same starts, and the same noise
        x0 = torch.randn(paths, 1, dtype=torch.float64, generator=generator)
        xs = trajectories(each["kind"], evaluations, each["eta"], x0, generator)
        draw_paths(ax, time_grid(len(xs) - 1), xs[..., 0], color)
        draw_histogram(ax, xs[-1, :, 0], x, exact, 1.0, 0.8 * WIDTH, color)
        ax.set(
            xlim=(0, 1 + WIDTH),
            ylim=(-REACH, REACH),
            xlabel="time $t$",
            ylabel="state $x$",
            xticks=[0, 0.5, 1],
        )
        ax.label_outer()
        distances.append(gap(xs[-1], BUMPS))
    told = "; ".join(f"{name}: {distance:.3f}" for name, distance in zip(names, distances, strict=True))
    text = (
        f"25 of {paths:,} paths of each sampler on DDPM’s path, from the same noise, {evaluations} "
        f"evaluations each; beside them a histogram of all last states and, as a line, the density of the "
        f"data. Distance between the two: {told}. In 19 of 20 cases chance alone stays below "
        f"{1.36 / paths**0.5:.3f}. Where scripts run, controls choose samplers, evaluations and η."
    )
    return picture(figure, text)
