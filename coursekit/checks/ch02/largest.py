"""Exercise 2.8: Langevin dynamics in steps as large as the bias allows."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...distributions import GaussianMixture
from ..asking import Ask
from ..engine import exercise
from ..facts import Fact, mean_tolerance, variance_tolerance

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

Score = Callable[[Tensor], Tensor]


def _my_langevin(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Steps of Euler and Maruyama."""
    for _ in range(steps):
        x = x + h * sigma**2 / 2 * score(x) + sigma * h**0.5 * torch.randn_like(x)
    return x


def _with(drift: float, kick: float, power: float = 0.5) -> Callable[..., Tensor]:
    """Euler and Maruyama's steps, with another factor before the drift, the kick, or another power of h."""

    def walk(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
        for _ in range(steps):
            x = x + drift * h * sigma**2 / 2 * score(x) + kick * sigma * h**power * torch.randn_like(x)
        return x

    return walk


RIVALS: dict[str, tuple[Callable[..., Tensor], str]] = {
    "missing half": (
        _with(2.0, 1.0),
        "Your pull is twice what the noise can balance, so your samples crowd round the peaks, however small "
        "the steps are. Look once more at exercise 2.5.",
    ),
    "no noise": (
        _with(1.0, 0.0),
        "There is no noise in your steps: all samples climb to a peak of the density and stay there. That "
        "is a search for the most likely point, not sampling.",
    ),
    "no drift": (
        _with(0.0, 1.0),
        "Your steps do not use the score: noise alone spreads the samples further and further. What keeps "
        "them together?",
    ),
    "away from the peaks": (
        _with(-1.0, 1.0),
        "Your drift points downhill, away from where the target is dense. In which direction does the score "
        "point?",
    ),
    "h for sqrt(h)": (
        _with(1.0, 1.0, 1.0),
        "Your noise shrinks as fast as the step size, so small steps hardly know any noise. Kicks add up by "
        "their variances: how does the size of one depend on h?",
    ),
    "one step only": (
        lambda score, x, sigma, h, steps: _my_langevin(score, x, sigma, h, 1),
        "You take one step, whatever `steps` says. The samples need time to find the target: repeat the "
        "step, each from where the one before ended.",
    ),
}
LOOK_STEPS = (
    "After a few short steps your states should have moved by the drift times the time, on average, and "
    "their kicks should have added up to the variance sigma² times the time. One of the two is off. Compare "
    "your line with exercises 2.2 and 2.5."
)
LOOK_BIAS = (
    "Even with small steps your samples do not settle into the target: their mean or variance is off by more "
    "than the bound. Print both after more and more steps. Does every step start where the one before ended?"
)


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
        self.law, self.states = target(), 0

    def __call__(self, x: Tensor) -> Tensor:
        """Score of the target at states `x` (n, 1)."""
        self.states += len(x)
        return self.law.score(x)


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


@exercise(
    "2.8",
    "The largest step",
    "open",
    "score, x, sigma, h, steps",
    _my_langevin,
    RIVALS,
    random=True,
    limit=60.0,
)
def my_langevin(ask: Ask) -> Iterator[Fact | str]:
    """A few short steps, then the ladder of sigma² h; the number is where the bias comes to the bound."""
    law, sigma, steps, end = target(), 1.5, 20, 0.04
    x = torch.full((N, 1), -2.0, dtype=torch.float64)
    move = ask(law.score, x, sigma, end / steps, steps, shape=(N, 1)).double() - x
    spread = sigma * end**0.5
    # Kicks may be shared between neighbouring steps, and the pull weakens a little on the way.
    tol = variance_tolerance(N, 1.0, 2) + 0.1
    came = float(move.var()) / spread**2
    what = f"variance after {steps} short steps, divided by sigma² times their time"
    yield Fact("wrong steps", what, 1.0, came, LOOK_STEPS, tol, 0.0005 + came / 10)
    drift = float(sigma**2 / 2 * law.score(x[:1]))
    tol = mean_tolerance(N, 1.0, 2) * spread / end + 0.1 * abs(drift)
    what = "mean way after these steps, divided by their time"
    yield Fact("wrong steps", what, drift, move.mean() / end, LOOK_STEPS, tol)
    came_to = climb(lambda *args: ask(*args, shape=tuple(args[1].shape)))
    what = f"bias with sigma² h = {FIRST:g}"
    yield Fact(
        "bias too large", what, 0.0, min(came_to.first, 1e3), LOOK_BIAS, BOUND, 0.1, f"at most {BOUND:g}"
    )
    if came_to.first <= BOUND:
        yield (
            f"Your largest sigma² h for each call of the score: {came_to.best:.2f}, where the bias is "
            f"{BOUND:g}; the standard error of the draws is {came_to.error:.3f}. Euler and Maruyama's steps "
            f"reach about {plain_limit():.2f}. Can you go further?"
        )
