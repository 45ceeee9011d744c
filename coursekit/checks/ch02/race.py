"""The race of exercise 2.8: its target, the bias of samples, and how large a step a sampler can bear."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...distributions import GaussianMixture
from ..shared.test_fields import Scored

BOUND = 0.1
"""Largest bias that passes: see `_bias`."""
N, FINE = 12_000, 20_000
"""States of a run on the ladder, and of each of the runs that settle the number."""
REPEATS, ASIDE = 6, 0.2
"""How often it is settled, which gives its standard error; how far apart the two runs of each time are."""
FIRST, RATIO, RUNGS = 0.2, 1.25, 16
"""The ladder of sigma² h: its first rung, the ratio of neighbours, and where it ends."""
CLOCK = 10.0
"""sigma² times the time of every run: the start has then faded to a thousandth."""
LEAST = 16
"""Least number of steps of a run: in steps that are nearly too long for a sampler, its start fades slowly."""
SIGMAS = (2.0, 1.0, 0.5)
"""Strengths in turn, rung by rung: the law must not depend on them."""


def target() -> GaussianMixture:
    """Two overlapping hills of different width on the line, with mean -0.05 and variance 0.996."""
    means = torch.tensor([[-0.5], [1.0]], dtype=torch.float64)
    return GaussianMixture(torch.tensor([0.7, 0.3]), means, torch.tensor([0.8, 0.5]))


def moments() -> tuple[float, float]:
    """Mean and variance of the target, by adding up over its hills."""
    law = target()
    mean = (law.weights[:, None] * law.means).sum()
    square = (law.weights[:, None] * (law.means.square() + law.stds.square())).sum()
    return float(mean), float(square - mean**2)


def bias(x: Tensor) -> float:
    """How far samples (n, 1) are off the target: the larger of two relative errors.

    That of the mean is counted in standard deviations of the target, that of the variance in variances.
    Samples that run away count as infinitely far off.
    """
    mean, variance = moments()
    off = torch.stack([(x.mean() - mean) / variance**0.5, x.var() / variance - 1]).abs().max()
    return float(off) if bool(torch.isfinite(off)) else float("inf")


class Counted:
    """A score that counts for how many states it is asked."""

    def __init__(self) -> None:
        self.score, self.states = Scored(target().score, 1), 0

    def __call__(self, x: Tensor, *more: object, **named: object) -> Tensor:
        """Score of the target at states `x` (n, 1)."""
        values = self.score(x, *more, **named)
        self.states += len(x)
        return values


def start(n: int) -> Tensor:
    """States (n, 1) on both sides of the hills, in turn: their variance is wrong, and nearly balanced."""
    return 2.0 * (torch.arange(n, dtype=torch.float64)[:, None] % 2) * 2 - 2


@dataclass(frozen=True)
class Reached:
    """How far a sampler gets: its bias on the first rung, and where the bias comes to the bound.

    `best` is in sigma² h for each time that the score is asked, and `error` its standard error.
    """

    first: float
    best: float = 0.0
    error: float = 0.0


def _run(run: Callable[..., Tensor], product: float, sigma: float, n: int) -> tuple[Tensor, float]:
    """States (n, 1) after a run at this sigma² h, and how often the score was asked in one step."""
    score, steps = Counted(), max(math.ceil(CLOCK / product), LEAST)
    x = run(score, start(n), sigma, product / sigma**2, steps).double()
    return x, max(score.states, 1) / (n * steps)


def _settle(run: Callable[..., Tensor], product: float) -> float:
    """Where the bias comes to the bound, in sigma² h, on the line through runs on both sides of `product`."""
    (low, _), (high, _) = (_run(run, product * (1 + side), SIGMAS[1], FINE) for side in (-ASIDE, ASIDE))
    below, above = (min(bias(x), 1.0) for x in (low, high))
    slope = max(above - below, 1e-3) / (2 * ASIDE * product)
    way = (BOUND - (below + above) / 2) / slope
    way = min(max(way, -0.25 * product), 0.25 * product)  # a line is no good further out
    return product + way


def climb(run: Callable[..., Tensor]) -> Reached:
    """Go up the ladder of sigma² h as long as the bias stays below the bound; then settle where it meets it.

    Args:
        run: called as run(score, x, sigma, h, steps).
    Returns:
        How far it gets; `best` is 0 if the first rung is above the bound.
    """
    first = below = asked = 0.0
    for rung in range(RUNGS):
        product = FIRST * RATIO**rung
        x, asked = _run(run, product, SIGMAS[rung % len(SIGMAS)], N)
        off = bias(x)
        first = off if rung == 0 else first
        if off > BOUND and rung == 0:
            return Reached(first)
        if off > BOUND:
            share = (BOUND - below) / (off - below)
            near = product / RATIO * (1 + share * (RATIO - 1))
            # Each time all over: where the two runs stand is a matter of chance too.
            ends = torch.tensor([_settle(run, _settle(run, near)) for _ in range(REPEATS)]) / asked
            return Reached(first, float(ends.mean()), float(ends.std()) / REPEATS**0.5)
        below = off
    return Reached(first, FIRST * RATIO ** (RUNGS - 1) / asked)


def plain_limit() -> float:
    """Where Euler and Maruyama's steps come to the bound, from their own stationary law on a grid."""
    law, grid = target(), torch.linspace(-6, 6, 241, dtype=torch.float64)[:, None]
    low, high = 0.1, 2.0
    for _ in range(8):
        product = (low + high) / 2
        to = torch.exp(-((grid.T - grid - product / 2 * law.score(grid)) ** 2) / (2 * product))
        settled = torch.linalg.matrix_power(to / to.sum(dim=1, keepdim=True), 256)[120]
        mean, variance = moments()
        off = (settled * (grid[:, 0] - mean).square()).sum() / variance - 1
        low, high = (low, product) if off > BOUND else (product, high)
    return low
