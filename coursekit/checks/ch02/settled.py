"""Exercise 2.7: the stationary variance of the Ornstein–Uhlenbeck process, by simulation."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...processes import OrnsteinUhlenbeck
from ...simulators import EulerMaruyama, flow, time_grid
from ..asking import Ask
from ..engine import exercise
from ..facts import Fact, variance_tolerance

N, H = 10_000, 0.1
PAIRS = ((0.25, 1.0), (2.0, 1.5))
"""A slow process and a fast one: with the first, a simulation over one or two units of time is too short."""
WAIT = 6.0
"""Times 1 / theta after which the start is forgotten: exp(-12) of the variance is missing."""


def _simulated(theta: float, sigma: float, n: int, h: float, wait: float, x0: Tensor) -> Tensor:
    """States after `wait` / theta of time, by steps of about h."""
    steps = max(1, round(wait / theta / h))
    return flow(OrnsteinUhlenbeck(theta, sigma), x0, time_grid(steps, 0.0, steps * h), EulerMaruyama())


def _stationary_variance(theta: float, sigma: float, n: int, h: float) -> float:
    """Variance of n paths of the process, once they have settled."""
    return float(_simulated(theta, sigma, n, h, WAIT, torch.zeros(n, 1)).var())


def _from_zero(theta: float, sigma: float, n: int, h: float, time: float) -> Tensor:
    return _simulated(theta, sigma, n, h, time * theta, torch.zeros(n, 1))


RIVALS: dict[str, tuple[Callable[..., Tensor | float], str]] = {
    "formula instead of simulation": (
        lambda theta, sigma, n, h: sigma**2 / (2 * theta),
        "Your number is the formula itself: it does not change from call to call, and so is not measured. "
        "Let n paths run for a while, and take the variance of where they are.",
    ),
    "standard deviation for variance": (
        lambda theta, sigma, n, h: _from_zero(theta, sigma, n, h, WAIT / theta).std(),
        "You return the standard deviation of the paths. The variance is asked for. With some pairs of rate "
        "and strength the two happen to be alike, with most they are not.",
    ),
    "not settled yet": (
        lambda theta, sigma, n, h: _from_zero(theta, sigma, n, h, 1.0).var(),
        "You stop too early. All your paths start in one place, and the slow process of this check has not "
        "yet forgotten it. How long does forgetting take: which of the arguments is a rate, and what time "
        "follows from it?",
    ),
    "one step only": (
        lambda theta, sigma, n, h: _from_zero(theta, sigma, n, h, h).var(),
        "You take a single step. The variance after it is that of one kick; the law settles only after many.",
    ),
    "variance of one path's kicks": (
        lambda theta, sigma, n, h: _from_zero(theta, sigma, n, h, WAIT / theta).var() * h,
        "Your number is smaller than the variance by a factor of the step size. Where the paths are does not "
        "depend on how finely time was divided: what do you divide or multiply at the end?",
    ),
}
LOOK_CHANCE = (
    "Your function gives the very same number when it is called again, so it is not measured on fresh "
    "paths. Is a seed set inside, or a formula returned?"
)
LOOK_VARIANCE = (
    "Your paths do not have the variance of the stationary law. Did they run long enough to forget the "
    "start, at this rate? And is the variance taken over the paths at the last time only?"
)


@exercise(
    "2.7",
    "Stationary variance by simulation",
    "stretch",
    "theta, sigma, n, h",
    _stationary_variance,
    RIVALS,
    random=True,
)
def stationary_variance(ask: Ask) -> Iterator[Fact | str]:
    """Variance of a slow and of a fast process, and whether it is measured at all."""
    came = [[float(ask(theta, sigma, N, H, shape=())) for _ in range(2)] for theta, sigma in PAIRS]
    same = float(sum(first == second for first, second in came))
    yield Fact("not measured", "pairs of calls with the same result", 0.0, same, LOOK_CHANCE)
    for (theta, sigma), (first, _) in zip(PAIRS, came, strict=True):
        exact = sigma**2 / (2 * theta)
        # Euler and Maruyama's own stationary variance is larger, by 1 / (1 - theta h / 2).
        bias = exact / (1 - theta * H / 2) - exact
        tol = variance_tolerance(N, exact, 2) + 1.1 * bias
        what = f"variance of {N:,} paths (theta = {theta}, sigma = {sigma})"
        yield Fact("wrong variance", what, exact, first, LOOK_VARIANCE, tol, 0.05 * max(1.0, first))
    yield (
        "The step size shifts the variance a little: Euler and Maruyama's own settles at "
        "sigma² / (2 theta - theta² h). Halve h, and the shift halves."
    )
