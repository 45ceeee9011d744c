"""Exercise 2.5: find the bug in a friend's walk of the Ornstein–Uhlenbeck process."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance
from ..shared.mistakes import recurring
from ..shared.noise import correlation, standard_normal, within
from ..shared.quiet import failing

N, START = 4000, (3.0, -2.0)
"""Paths of a run, and where all of them begin: away from zero, so that a lost pull shows."""
FINE, COARSE = (0.0, 0.001, 0.004, 0.006, 0.01), (0.0, 0.02, 0.07, 0.1, 0.15)
"""Times of a run with noise, at which one kick can be seen by itself, and of one without."""
PAIRS = ((1.5, 0.7), (0.5, 2.0))
"""Rates and strengths for which no two powers of either coincide."""
TESTS = 16
"""Statistical numbers in the facts below; they share the family's level."""

Kick = Callable[[Any, Tensor, float], Any]
"""What a step adds to the drift's part, of strength, state and gap."""


def _walk(kick: Kick, pull: float = 1.0) -> Callable[..., Tensor]:
    """Euler and Maruyama's steps with another kick, or another multiple of the pull."""

    def walk(x0: Tensor, times: Tensor, theta: float, sigma: float) -> Tensor:
        states = [x0]
        for gap in times.diff().tolist():
            x = states[-1]
            states.append(x - pull * gap * theta * x + kick(sigma, x, gap))
        return torch.stack(states)

    return walk


_friends_walk = _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x))


def _fixed(x0: Tensor, times: Tensor, theta: float, sigma: float) -> Tensor:
    noise = torch.randn_like(x0)
    return _walk(lambda sigma, x, gap: sigma * gap**0.5 * noise)(x0, times, theta, sigma)


MISTAKES: Mistakes = {
    "the bug is still there": (
        _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x[:, :1])),
        "The bug is still there. Each coordinate by itself has the right distribution, at every time. Look "
        "at the states in the plane: after one step they all lie on one straight line. How many random "
        "numbers does a step draw, and how many does it need?",
    ),
    "the noise is gone": (
        _walk(lambda sigma, x, gap: 0 * x),
        "Now there is no noise left, and without noise it is no OU process. The noise was of the right size "
        "as you got it; the friend drew it in another shape than it should have.",
    ),
    "the noise is a fixed push": (
        _walk(lambda sigma, x, gap: sigma * gap**0.5),
        "Now every state gets the same push, always to the same side: nothing is drawn any more. The draw "
        "was needed. Was it one for each number that it is added to?",
    ),
    "the pull is gone": (
        _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x), 0.0),
        "Your walk has lost its pull to zero. The drift was right as it stood: put it back, and look at the "
        "kicks.",
    ),
    "the pull points outwards": (
        _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x), -1.0),
        "Your walk is pushed away from zero. The drift was right as it stood, with its sign; look at the "
        "kicks.",
    ),
    "the draw is gone with its factor": (
        _walk(lambda sigma, x, gap: sigma * torch.randn_like(x)),
        "Your kicks are equally strong however short the step is. The root of the time has gone with what "
        "you changed; it was right as it stood.",
    ),
    **recurring(
        {
            "sigma left out": _walk(lambda sigma, x, gap: gap**0.5 * torch.randn_like(x)),
            "h for sqrt(h)": _walk(lambda sigma, x, gap: sigma * gap * torch.randn_like(x)),
            "sigma squared": _walk(lambda sigma, x, gap: sigma**2 * gap**0.5 * torch.randn_like(x)),
            "one noise for all": _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x[:1, :1])),
            "one noise for the whole batch": _walk(
                lambda sigma, x, gap: sigma * gap**0.5 * torch.randn_like(x[:1])
            ),
            "same noise in every step": _fixed,
            "noise proportional to the state": _walk(
                lambda sigma, x, gap: sigma * x * gap**0.5 * torch.randn_like(x)
            ),
            "rand for randn": _walk(lambda sigma, x, gap: sigma * gap**0.5 * torch.rand_like(x)),
        }
    ),
}


@exercise("2.5", "Find the bug", "core", "x0, times, theta, sigma", _friends_walk, MISTAKES, random=True)
def friends_walk(student: StudentFunction) -> Iterator[Fact]:
    """The pull alone, the law of single kicks over gaps that differ, and three coordinates."""
    x0 = torch.tensor(START, dtype=torch.float64).repeat(N, 1)
    fine, coarse = (torch.tensor(times, dtype=torch.float64) for times in (FINE, COARSE))

    def walk(times: Tensor, theta: float, sigma: float) -> Tensor:
        return student(x0, times, theta, sigma, shape=(len(times), N, 2)).double()

    still = walk(coarse, PAIRS[0][0], 0.0)[:, 0] / x0[0]
    hint = (
        "Without noise every state should come down from where it starts by the drift alone. That part of "
        "the walk was right as you got it. What have you changed beside the noise?"
    )
    expected = torch.exp(-PAIRS[0][0] * coarse)[:, None].expand(5, 2)
    # Euler's steps and exact ones are both right here: they differ by less than a hundredth.
    yield Fact("wrong pull", "state without noise, over the start", expected, still, hint, 0.02)
    hint = (
        "The kicks of single steps do not have the right spread: the variance of each should be sigma "
        "squared times the length of its step. With sigma zero there should be none."
    )
    kicks = []
    for theta, sigma in PAIRS:
        path = walk(fine, theta, sigma)
        gaps = fine.diff()[:, None, None]
        # Divided by what a normal kick is multiplied with; the rest of the step is the drift's.
        kicks.append((path[1:] - (1 - theta * gaps) * path[:-1]) / (sigma * gaps.sqrt()))
    z = torch.cat([kicks[0][:2], kicks[1][2:]])
    yield from standard_normal(z, "kicks", hint, TESTS)
    if float(within(z).min()) < 1e-9:
        return
    hint = (
        "The kicks of one step and of the next go together. Every step needs a fresh draw: is one made "
        "outside of the loop?"
    )
    tied, tol = correlation(kicks[0][0], kicks[0][1]), mean_tolerance(2 * N, 1.0, TESTS)
    yield Fact("kicks tied", "correlation of two steps", 0.0, tied, hint, tol)
    hint = (
        "Two calls give the same kicks. Every call needs draws of its own: is a seed set, or a generator "
        "made, inside the function?"
    )
    same = correlation(kicks[0][3], kicks[1][3])
    yield Fact("same draws in every call", "correlation of two calls", 0.0, same, hint, tol)
    hint = (
        "In the plane the coordinates are independent; with three coordinates some of them get the same "
        "noise. How does the shape in which you draw follow from the shape of the states?"
    )
    theta, sigma = PAIRS[0]
    solid = torch.zeros(N, 3, dtype=torch.float64)
    kick = student(solid, fine[:2], theta, sigma, shape=(2, N, 3)).double()[1]
    pairs = torch.tensor([correlation(kick[:, i], kick[:, 2]) for i in (0, 1)])
    tol, what = mean_tolerance(N, 1.0, TESTS), "correlations with the third of three coordinates"
    yield from failing([Fact("coordinates tied", what, torch.zeros(2), pairs, hint, tol)])
