"""Exercise 2.9: the stationary variance of the Ornstein–Uhlenbeck process, by simulation."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, variance_tolerance
from ..shared.mistakes import recurring

N = 20_000
FAST, COARSE, SLOW = (2.0, 1.5, 0.2), (0.5, 1.0, 0.8), (0.1, 0.6, 0.2)
"""Rate, strength and step: two whose steps are long enough to show, and one that needs a long wait."""
ONE_STEP, FEW, CALLS, SCATTER = (2.0, 1.5, 0.5), 200, 100, 4.0
"""A process that forgets everything in one step; paths and calls that show its kicks' shape; the bound."""
AWAY = 1000.0
"""Times the right variance: what a pull away from zero exceeds, and nothing else that was met."""


def _simulated(
    theta: float, sigma: float, n: int, h: float, steps: int | None = None, power: float = 0.5
) -> Tensor:
    """All states, (steps, n), of a walk from zero, settled or after `steps`; kicks like h^power."""
    x, seen = torch.zeros(n), []
    for _ in range(math.ceil(6 / (theta * h)) if steps is None else steps):
        x = (1 - theta * h) * x + h**power * sigma * torch.randn(n)
        seen.append(x)
    return torch.stack(seen)


def _stationary_variance(theta: float, sigma: float, n: int, h: float) -> float:
    """Variance of n paths of the process, once they have settled."""
    return float(_simulated(theta, sigma, n, h)[-1].var())


def _one_noise(theta: float, sigma: float, n: int, h: float) -> Tensor:
    """Variance of paths that are kicked by the same noise in every step."""
    x, kick = torch.zeros(n), h**0.5 * sigma * torch.randn(n)
    for _ in range(math.ceil(6 / (theta * h))):
        x = (1 - theta * h) * x + kick
    return x.var()


MISTAKES: Mistakes = {
    **recurring(
        {
            "one step only": lambda theta, sigma, n, h: _simulated(theta, sigma, n, h, 1).var(),
            "h for sqrt(h)": lambda theta, sigma, n, h: _simulated(theta, sigma, n, h, power=1)[-1].var(),
            "same noise in every step": _one_noise,
        }
    ),
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
        "You return the standard deviation of the paths. What is wanted is the variance. With some pairs "
        "of rate and strength the two happen to be alike, with most they are not.",
    ),
    "no pull": (
        lambda theta, sigma, n, h: sigma**2 * h * math.ceil(6 / (theta * h)) * torch.randn(n).var(),
        "Your paths spread without end, as if there were noise and nothing else: the longer they run, the "
        "larger their variance. What pulls them back to zero in every step?",
    ),
}


def _variance(came: float, theta: float, sigma: float, h: float, early: bool = False) -> Fact:
    """The measured variance, against that into which Euler and Maruyama's steps settle."""
    exact = sigma**2 / (2 * theta - theta**2 * h)
    tol = variance_tolerance(N, exact, 3)
    name, hint = (
        "wrong variance",
        "Your paths do not have the variance of the stationary distribution. Compare one step with exercise "
        "2.2: the pull, its sign, and the size of the kick. Do all of your steps have the length `h`? And "
        "is the variance taken over the paths at the last time only?",
    )
    if early:
        name, hint = (
            "not settled yet",
            "The fast process has settled, but on a slower one your variance is too small: have its paths "
            "forgotten where they started? Which of the arguments is a rate, and what wait follows from it? "
            "Or do you pool all times, those near the start included?",
        )
    if came > AWAY * exact:
        name, hint = (
            "paths run away",
            "Your paths get further and further from zero: their variance is more than a thousand times what "
            "it should be. Which sign has the drift in your line, and how large is a kick?",
        )
    if abs(came) < 1e-6 * exact:
        name, hint = (
            "paths all alike",
            "All your paths are in one place, so they have no variance at all. Is there noise in your steps, "
            "is a step made at all, and does each path get a draw of its own? Look at the shape in which you "
            "draw.",
        )
    what = f"variance of {N:,} paths, steps of {h:g} (theta = {theta}, sigma = {sigma})"
    return Fact(name, what, exact, came, hint, tol, 1.5 * tol * max(1.0, came / exact))


def _normal_kicks(student: StudentFunction) -> Fact:
    """How widely the variance of a few paths scatters, where a path forgets everything in one step.

    There a path's state is its last kick, and the scatter tells the kicks' fourth moment: 2 for normal ones,
    8 for products of two of them. As a chi-square, the right one exceeds the bound once in ten million times.
    """
    theta, sigma, h = ONE_STEP
    calls = torch.tensor([float(student(theta, sigma, FEW, h, shape=())) for _ in range(CALLS)])
    scatter = float(FEW * calls.var() / calls.mean().clamp(min=1e-9).square())
    hint = (
        "The variance is right, but it scatters from call to call more than that of normal numbers does: "
        "your kicks have the right size and another shape, many tiny ones and some huge. Is noise "
        "multiplied by noise somewhere, or drawn by another function than the normal one?"
    )
    what = f"scatter of the variance of {FEW} paths in {CALLS} calls, where normal kicks give 2"
    return Fact(
        "kicks not normal", what, 2.0, max(scatter, 2.0), hint, SCATTER - 2, 2.0, f"at most {SCATTER:g}"
    )


@exercise(
    "2.9",
    "Stationary variance by simulation",
    "stretch",
    "theta, sigma, n, h",
    _stationary_variance,
    MISTAKES,
    random=True,
)
def stationary_variance(student: StudentFunction) -> Iterator[Fact | str]:
    """Variance of two fast processes and of a slow one, and whether it is measured at all, on n paths."""
    fast, again = (float(student(*FAST[:2], N, FAST[2], shape=())) for _ in range(2))
    spread = _variance(fast, *FAST)
    if spread.name != "wrong variance":  # nothing more can be learnt from it
        yield spread
        return
    hint = (
        "Your function gives the very same number when it is called again, so it is not measured on fresh "
        "paths. Is a seed set inside, or a formula returned?"
    )
    yield Fact("not measured", "pairs of calls with the same result", 0.0, float(fast == again), hint)
    yield spread
    settled = spread.holds()
    for theta, sigma, h in (COARSE, SLOW):
        came = float(student(theta, sigma, N, h, shape=()))
        # Too small beside a process that has settled; steps of another length err on the other side.
        yield (fact := _variance(came, theta, sigma, h, early=settled and came < sigma**2 / (2 * theta)))
        settled = settled and fact.holds()
    few = torch.tensor([float(student(*COARSE[:2], 2, COARSE[2], shape=())) for _ in range(12)])
    hint = (
        "With n = 2 the variance of your paths should differ widely from call to call, and it hardly does: "
        "your number seems to come from more paths than that. Where do you use `n`?"
    )
    scatter = float((few / few.mean().clamp(min=1e-9)).std())
    what, most = "scatter of the variance of two paths, in 12 calls", "at least 0.2"
    yield Fact("ignores `n`", what, 0.2, min(scatter, 0.2), hint, 1e-3, 0.1, most)
    yield _normal_kicks(student)
    yield "The step size shifts the variance: halve h, and the shift about halves."
