"""Exercise 2.7: the stationary variance of the Ornstein–Uhlenbeck process, by simulation."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...solvers import EulerMaruyama, OrnsteinUhlenbeck, solve, time_grid
from ..core.engine import exercise
from ..core.facts import Fact, variance_tolerance
from ..core.student_function import StudentFunction

N, H = 20_000, 0.2
SLOW, FAST = (0.1, 0.6), (2.0, 1.5)
"""Rate and strength of both processes: the slow one needs a long wait, the fast one shows the step size."""
WAIT = 6.0
"""Times 1 / theta after which the start is forgotten: exp(-12) of the variance is missing."""
AWAY = 1000.0
"""Times the right variance: what a pull away from zero exceeds, and nothing else that was met."""


def _simulated(theta: float, sigma: float, h: float, time: float, x0: Tensor) -> Tensor:
    """States after a time, by steps of about h."""
    steps = max(1, round(time / h))
    return solve(OrnsteinUhlenbeck(theta, sigma), x0, time_grid(steps, 0.0, steps * h), EulerMaruyama())


def _stationary_variance(theta: float, sigma: float, n: int, h: float) -> float:
    """Variance of n paths of the process, once they have settled."""
    return float(_simulated(theta, sigma, h, WAIT / theta, torch.zeros(n, 1)).var())


def _walked(theta: float, sigma: float, n: int, h: float, kick: float, noise: Tensor | None = None) -> Tensor:
    """All states, (steps, n), of a walk with kicks of another size, or the same noise in every step."""
    x, seen = torch.zeros(n), []
    for _ in range(math.ceil(5 / (theta * h))):
        x = (1 - theta * h) * x + kick * sigma * (torch.randn(n) if noise is None else noise)
        seen.append(x)
    return torch.stack(seen)


MISTAKES: dict[str, tuple[Callable[..., Tensor | float], str]] = {
    "formula instead of simulation": (
        lambda theta, sigma, n, h: sigma**2 / (2 * theta),
        "Your number is the formula itself: it does not change from call to call, and so is not measured. "
        "Let n paths run for a while, and take the variance of where they are.",
    ),
    "not by steps of h": (
        lambda theta, sigma, n, h: sigma**2 / (2 * theta) * torch.randn(n).var(),
        "Your number is the variance of the process itself. Euler and Maruyama's steps of the given length "
        "settle at another one, and this bias is part of what is to be measured. Does `h` reach your steps, "
        "are they Euler and Maruyama's, and are there any?",
    ),
    "standard deviation for variance": (
        lambda theta, sigma, n, h: _stationary_variance(theta, sigma, n, h) ** 0.5,
        "You return the standard deviation of the paths. The variance is asked for. With some pairs of rate "
        "and strength the two happen to be alike, with most they are not.",
    ),
    "one step only": (
        lambda theta, sigma, n, h: _simulated(theta, sigma, h, h, torch.zeros(n, 1)).var(),
        "You take a single step. The variance after it is that of one kick; the law settles only after many.",
    ),
    "h for sqrt(h)": (
        lambda theta, sigma, n, h: _walked(theta, sigma, n, h, h)[-1].var(),
        "Your number is too small, by a factor of the step size. Kicks cancel in part, and it is their "
        "*variances* that add up to a time: how large is then a single kick in a step of length h? Compare "
        "with exercise 2.2.",
    ),
    "same noise in every step": (
        lambda theta, sigma, n, h: _walked(theta, sigma, n, h, h**0.5, torch.randn(n))[-1].var(),
        "Your number is far too large, as if each path were kicked in one direction over and over. Where is "
        "the noise drawn: before the loop, or anew in each of its turns?",
    ),
    "pooled over all times": (
        lambda theta, sigma, n, h: _walked(theta, sigma, n, h, h**0.5).var(),
        "Your variance is taken over all times together, those near the start included, where the paths "
        "have hardly spread. Only where they are in the end is asked for.",
    ),
}
LOOK_ALIKE = (
    "All your paths are in one place, so they have no variance at all. Is there noise in your steps, and "
    "does each path get a draw of its own? Look at the shape in which you draw."
)
LOOK_AWAY = (
    "Your paths run away from zero, further with every step. The drift of this process pulls back to zero: "
    "which sign has it in your line?"
)
LOOK_CHANCE = (
    "Your function gives the very same number when it is called again, so it is not measured on fresh "
    "paths. Is a seed set inside, or a formula returned?"
)
LOOK_SETTLED = (
    "The fast process has settled, but on the slow one you stop too early: its paths have not yet forgotten "
    "where they started. How long does forgetting take: which of the arguments is a rate, and what time "
    "follows from it?"
)
LOOK_VARIANCE = (
    "Your paths do not have the variance of the stationary law. Compare one step with exercise 2.2: the "
    "pull, its sign, and the size of the kick. And is the variance taken over the paths at the last time "
    "only?"
)


def _variance(came: float, theta: float, sigma: float, early: bool) -> Fact:
    """The measured variance, against that into which Euler and Maruyama's steps settle."""
    exact = sigma**2 / (2 * theta - theta**2 * H)
    tol = variance_tolerance(N, exact, 2)
    name, look = ("not settled yet", LOOK_SETTLED) if early else ("wrong variance", LOOK_VARIANCE)
    if came > AWAY * exact:
        name, look = "drift away from zero", LOOK_AWAY
    if came < 1e-6 * exact:
        name, look = "paths all alike", LOOK_ALIKE
    what = f"variance of {N:,} paths in steps of {H:g} (theta = {theta}, sigma = {sigma})"
    return Fact(name, what, exact, came, look, tol, max(2 * tol, 0.08 * came))


@exercise(
    "2.7",
    "Stationary variance by simulation",
    "stretch",
    "theta, sigma, n, h",
    _stationary_variance,
    MISTAKES,
    random=True,
    double=True,
)
def stationary_variance(student: StudentFunction) -> Iterator[Fact | str]:
    """Variance of a fast and of a slow process, and whether it is measured at all."""
    fast, again = (float(student(*FAST, N, H, shape=())) for _ in range(2))
    spread = _variance(fast, *FAST, early=False)
    if spread.name != "wrong variance":  # nothing more can be learnt from it
        yield spread
        return
    same = float(fast == again)
    yield Fact("not measured", "pairs of calls with the same result", 0.0, same, LOOK_CHANCE)
    yield spread
    slow = float(student(*SLOW, N, H, shape=()))
    early = spread.holds() and slow < SLOW[1] ** 2 / (2 * SLOW[0])
    yield _variance(slow, *SLOW, early)
    yield (
        "The step size shifts the variance: Euler and Maruyama's own settles at "
        "sigma² / (2 theta - theta² h). Halve h, and the shift about halves."
    )
