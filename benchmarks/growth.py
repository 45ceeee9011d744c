"""How cost grows with the batch, the dimension and the data set: times, memory, and slopes of both."""

import time
from collections.abc import Callable, Sequence

import torch
from scipy.stats import linregress
from torch import Tensor

import coursekit
from coursekit import (
    Chessboard,
    Empirical,
    Euler,
    EulerMaruyama,
    Gaussian,
    GaussianMixture,
    GaussianPath,
    OrnsteinUhlenbeck,
    energy_distance,
    marginal_velocity,
    solve,
    time_grid,
)
from coursekit.evaluation import metrics
from coursekit.nets import MLP

from .rounds import peak_beyond, table

BATCHES = tuple(10**k for k in range(2, 7))
DIMS = (2, 12, 64, 384, 1024, 3072)
POINTS = (1_000, 4_000, 15_000, 60_000)
PATIENCE = 20.0
"""A size is left out if the one before it says that it would take longer than so many seconds."""
Make = Callable[[int], Callable[[], object]]


def batches() -> dict[str, Make]:
    """What a batch costs, by name: for a size, the run to time."""
    mixture = GaussianMixture(torch.full((8,), 1 / 8), torch.randn(8, 2), torch.full((8, 2), 0.3))
    net, path = MLP(2).requires_grad_(False), GaussianPath()
    known = {"mixture": mixture, "chessboard": Chessboard(), "1,000 points": Empirical(torch.randn(1000, 2))}
    exact = {f"exact field, {name}": marginal_velocity(law, path) for name, law in known.items()}
    made: dict[str, Make] = {name: _evaluate(field) for name, field in exact.items()}
    return made | {
        "10 Euler steps, MLP 3 × 64": lambda n: _steps(net, torch.randn(n, 2), Euler()),
        "10 Euler–Maruyama steps, OU": lambda n: _steps(_ou(), torch.randn(n, 2), EulerMaruyama()),
        "Fréchet distance": lambda n: _two(metrics.frechet_distance, n, 2),
        "energy distance, 1 axis": lambda n: _two(energy_distance, n, 1),
        "energy distance, 2 axes": lambda n: _two(energy_distance, n, 2),
        "nearest of 1,000 points": lambda n: _with_points(metrics.nearest, n),
        "coverage of as many points": lambda n: _two(metrics.coverage, n, 2),
        "straightness, 11 times": lambda n: _straight(n),
    }


def dimensions(batch: int = 200) -> dict[str, Make]:
    """What a dimension costs, by name."""
    path = GaussianPath()

    def mixture(d: int) -> GaussianMixture:
        return GaussianMixture(torch.full((8,), 1 / 8), torch.randn(8, d), torch.full((8, d), 0.3))

    return {
        "exact field, mixture": lambda d: _at(marginal_velocity(mixture(d), path), batch, d),
        "exact field, 1,000 points": lambda d: _at(
            marginal_velocity(Empirical(torch.randn(1000, d)), path), batch, d
        ),
        "10 Euler steps, Gaussian": lambda d: _steps(
            marginal_velocity(Gaussian(torch.zeros(d)), path), torch.randn(batch, d), Euler()
        ),
        "10 Euler–Maruyama steps, OU": lambda d: _steps(_ou(), torch.randn(batch, d), EulerMaruyama()),
        "Fréchet distance": lambda d: _two(metrics.frechet_distance, batch, d),
        "energy distance": lambda d: _two(energy_distance, batch, d),
        "nearest": lambda d: _two(metrics.nearest, batch, d),
    }


def _ou() -> OrnsteinUhlenbeck:
    return OrnsteinUhlenbeck(1.0, 1.0)


def _evaluate(field: coursekit.Field) -> Make:
    return lambda n: _at(field, n, 2)


def _at(field: coursekit.Field, n: int, dim: int) -> Callable[[], object]:
    x = torch.randn(n, dim)
    return lambda: field(x, 0.5)


def _steps(field: object, x: Tensor, solver: coursekit.Solver) -> Callable[[], object]:
    return lambda: solve(field, x, time_grid(10), solver)


def _two(compare: Callable[[Tensor, Tensor], object], n: int, dim: int) -> Callable[[], object]:
    a, b = torch.randn(n, dim), torch.randn(n, dim)
    return lambda: compare(a, b)


def _with_points(compare: Callable[[Tensor, Tensor], object], n: int) -> Callable[[], object]:
    a, points = torch.randn(n, 2), torch.randn(1000, 2)
    return lambda: compare(a, points)


def _straight(n: int) -> Callable[[], object]:
    states, times = torch.randn(11, n, 2), time_grid(10)
    return lambda: metrics.straightness(states, times)


def grown(make: Make, sizes: Sequence[int]) -> list[tuple[int, float, float]]:
    """Size, seconds and megabytes for each size that is not too large."""
    found: list[tuple[int, float, float]] = []
    for size in sizes:
        if found and found[-1][1] * (size / found[-1][0]) ** max(1.0, slope(found)) > PATIENCE:
            break
        run = make(size)
        run()
        began = time.process_time()
        megabytes = peak_beyond(run)
        found.append((size, time.process_time() - began, megabytes))
    return found


def slope(found: Sequence[tuple[int, float, float]]) -> float:
    """Power of the size with which the time grows at the end: a fit of the last three on log scales."""
    if len(found) < 2:
        return 1.0
    sizes, seconds, _ = zip(*found[-3:], strict=True)
    return float(linregress(torch.tensor(sizes).log(), torch.tensor(seconds).log()).slope)


def rows(made: dict[str, Make], sizes: Sequence[int]) -> list[list[str]]:
    """A row for each cost: milliseconds by size, the slope at the end, and the most memory."""
    lines = []
    for name, make in made.items():
        found = grown(make, sizes)
        cells = [f"{1e3 * seconds:.3g}" for _, seconds, _ in found] + ["–"] * (len(sizes) - len(found))
        lines.append([name, *cells, f"{slope(found):.2f}", f"{max(mb for *_, mb in found):.0f}"])
    return lines


def data_set() -> list[list[str]]:
    """The exact field of up to 60,000 images of 784 pixels, at 100 states."""
    images, x = torch.rand(POINTS[-1], 784), torch.randn(100, 784)

    def make(n: int) -> Callable[[], object]:
        field = marginal_velocity(Empirical(images[:n]), GaussianPath())
        return lambda: field(x, 0.5)

    return rows({"exact field, n × 784, 100 states": make}, POINTS)


def section() -> str:
    """The part of the report about growth."""
    end = ["slope", "MB beyond, most"]
    by_batch = table(["ms by batch", *(f"{n:,}" for n in BATCHES), *end], rows(batches(), BATCHES))
    by_dim = table(["ms by dimension", *(f"{d:,}" for d in DIMS), *end], rows(dimensions(), DIMS))
    by_data = table(["ms by data set", *(f"{n:,}" for n in POINTS), *end], data_set())
    return f"{by_batch}\n\n{by_dim}\n\n{by_data}"
