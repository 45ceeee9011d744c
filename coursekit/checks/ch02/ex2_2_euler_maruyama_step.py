"""Exercise 2.2: one step of the Euler–Maruyama method."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance, variance_tolerance
from ..shared.dependence import uses
from ..shared.fields import RecordingField, rms, steady, whirl
from ..shared.mistakes import recurring
from ..shared.noise import Strength, constant, correlation, spread, standard_normal, within

N, T = 4000, 0.3
RUNS = ((0.5, 0.04), (2.0, 0.25))
"""Strengths and step sizes at which no two powers of either coincide."""
TESTS = 14
"""Statistical numbers in the facts below; they share the family's level."""


def _step(drift: Any, diffusion: Any, x: Tensor, t: float, h: float) -> Tensor:
    """Follow the drift for a time h, and add normal noise of variance sigma² h."""
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.randn_like(x)


def _by(
    kick: Callable[[Any, Tensor, float], Any], way: Callable[[Tensor, float], Any] = lambda u, h: h * u
) -> Callable[..., Tensor]:
    """A step with another kick, of strength, state and step size, or another way, of drift and step size."""
    return lambda drift, diffusion, x, t, h: x + way(drift(x, t), h) + kick(diffusion(x, t), x, h)


def _right(s: Any, x: Tensor, h: float) -> Tensor:
    return s * h**0.5 * torch.randn_like(x)


def _scaled(factor: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """A step with other noise."""
    return _by(lambda s, x, h: s * h**0.5 * factor(x))


def _late(drift: Any, diffusion: Any, x: Tensor, t: float, h: float) -> Tensor:
    moved = x + h * drift(x, t)
    return moved + diffusion(moved, t) * h**0.5 * torch.randn_like(x)


def _seeded(x: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)


MISTAKES: Mistakes = {
    **recurring(
        {
            "h for sqrt(h)": _by(lambda s, x, h: h * s * torch.randn_like(x)),
            "no noise": _by(lambda s, x, h: 0 * s),
            "backwards": _by(_right, lambda u, h: -h * u),
            "only the increment": lambda drift, diffusion, x, t, h: _step(drift, diffusion, x, t, h) - x,
            "sigma squared": _by(lambda s, x, h: s**2 * h**0.5 * torch.randn_like(x)),
            "sigma left out": _by(lambda s, x, h: h**0.5 * torch.randn_like(x)),
            "noise multiplied twice": _scaled(lambda x: torch.randn_like(x) * torch.randn_like(x)),
            "one noise for the whole batch": _scaled(lambda x: torch.randn_like(x[:1])),
            "one noise for all": _scaled(lambda x: torch.randn_like(x[:1, :1])),
            "one noise for all coordinates": _scaled(lambda x: torch.randn_like(x[:, :1])),
            "same noise in every step": _scaled(_seeded),
            "rand for randn": _scaled(torch.rand_like),
            "noise proportional to the state": _scaled(lambda x: x * torch.randn_like(x)),
        }
    ),
    "noise without h": (
        _by(lambda s, x, h: s * torch.randn_like(x)),
        "Your kicks are equally strong however short the step is, so a finer grid makes a wilder path. A "
        "short step collects little noise: how does the variance of the increments grow with time?",
    ),
    "the same noise added without chance": (
        _by(lambda s, x, h: s * h**0.5),
        "The size of your kick is right, but it is no kick: every state is shifted the same way, every time. "
        "What is a standard deviation multiplied with to become a random number?",
    ),
    "no h on the drift": (
        _by(_right, lambda u, h: u),
        "The drift in your step moves the states equally far however short the step is. It is a speed, so "
        "the distance covered depends on how long the step lasts.",
    ),
    "sqrt(h) on the drift too": (
        _by(_right, lambda u, h: h**0.5 * u),
        "Your root multiplies the drift as well as the noise. Only the noise grows like the root of the "
        "time; the drift is a speed, and goes on as in Euler's method.",
    ),
    "drift forgotten": (
        _by(_right, lambda u, h: 0 * u),
        "Your step adds noise and nothing else: the states know no direction. Which of the arguments did you "
        "not use?",
    ),
    "root of sigma": (
        _by(lambda s, x, h: abs(s) ** 0.5 * h**0.5 * torch.randn_like(x)),
        "The root in your line covers the diffusion coefficient too. The variance of a kick is proportional "
        "to the time and to the *square* of the coefficient: of which of the two is the root taken?",
    ),
    "state drawn anew": (
        lambda drift, diffusion, x, t, h: _step(drift, diffusion, torch.randn_like(x), t, h),
        "Your step begins at states that it draws itself, not at those it is given. A walk would forget in "
        "every step where it has come to. What does the first term of your sum have to be?",
    ),
    "diffusion evaluated after the drift": (
        _late,
        "You let the drift move the states first, and evaluate the diffusion at the new ones. Both "
        "coefficients belong to the state and time at which the step begins. Is `x` overwritten too early?",
    ),
    "coefficients at the end of the step": (
        lambda drift, diffusion, x, t, h: _step(drift, diffusion, x, t + h, h),
        "You evaluate the coefficients at the time when the step ends. The step knows only its beginning: "
        "the state and the time that were handed over.",
    ),
}


@exercise("2.2", "Euler–Maruyama step", "core", "drift, diffusion, x, t, h", _step, MISTAKES, random=True)
def euler_maruyama_step(student: StudentFunction) -> Iterator[Fact]:
    """Drift alone, noise alone (its law after one step), and both together where both are uneven."""
    x, c = torch.randn(N, 2).double(), torch.tensor([1.0, -2.0]).double()

    def move(diffusion: Strength, h: float, drift: Any = None, t: float = T) -> Tensor:
        return (
            student(
                RecordingField(drift or steady(c), name="drift"), diffusion, x, t, h, shape=(N, 2)
            ).double()
            - x
        )

    silent = constant(0.0)
    ways = torch.stack([move(silent, h) / h for h in (0.1, 0.25)])
    yield uses(move(silent, 0.1, whirl), {"t": move(silent, 0.1, whirl, 0.8), "h": move(silent, 0.2, whirl)})
    hint = (
        "The diffusion coefficient is zero and the drift the same for all, and still your states move "
        "differently. How strong the noise is, is said by `diffusion` alone: where does it enter your line? "
        "And does the step start from the states that are handed over?"
    )
    spreads = ways.std(dim=1).max()
    yield Fact("moves differ without diffusion", "spread of these moves", 0.0, spreads, hint, 1e-4, 0.3)
    hint = (
        "Without any noise the step should be Euler's: speed times duration, exactly. Set the diffusion to "
        "zero in your line and work out by hand how far a state moves."
    )
    way, what = ways.mean(dim=1).flatten(), "move over h without diffusion, drift (1, -2), twice"
    yield Fact("wrong drift", what, c.repeat(2), way, hint, match_tol=0.2)
    kicks = [move(constant(sigma), h, steady(0 * c)) for sigma, h in RUNS]
    hint = (
        "The random part of your step does not have the right spread: its variance should be sigma squared "
        "times h. Work out which factor a standard normal number needs for that."
    )
    z = torch.stack([kick / (s * h**0.5) for kick, (s, h) in zip(kicks, RUNS, strict=True)])
    yield from standard_normal(z, "kicks", hint, TESTS)
    again = move(constant(RUNS[1][0]), RUNS[1][1], steady(0 * c))
    if float(within(again)) > 1e-9:
        hint = (
            "Two calls of your step give the states the same kicks. Every step needs fresh noise: is a seed "
            "set, or a generator made, inside your function?"
        )
        same, tol = correlation(again, kicks[1]), mean_tolerance(2 * N, 1.0, TESTS)
        yield Fact("same noise in every step", "correlation of two calls", 0.0, same, hint, tol)
    yield from _uneven(student, x)


def _uneven(student: StudentFunction, x: Tensor) -> Iterator[Fact]:
    """Where and when the coefficients are evaluated, and the kicks where these differ from state to state."""
    h, at = 0.1, torch.full((N, 1), T, dtype=torch.float64)

    def strength(x: Tensor, t: Tensor) -> Tensor:
        """Differs from place to place and from coordinate to coordinate, and grows with time."""
        return (0.3 + t + x.square().sum(dim=1, keepdim=True) / 2) * torch.linspace(1, 2, x.shape[1]).to(x)

    drift, diffusion = RecordingField(whirl, name="drift"), Strength(strength)
    after = student(drift, diffusion, x, T, h, shape=(N, 2)).double()
    calls = [*drift.calls, *diffusion.calls]
    hint = (
        "Drift and diffusion should both be evaluated at the moment when the step begins. Compare the "
        "times at which your function calls them with `t`."
    )
    late = max((abs(call.t - T) for call in calls), default=0.0)
    yield Fact("evaluated at the wrong time", "times of evaluation, minus `t`", 0.0, late, hint)
    hint = (
        "One of the two coefficients is evaluated at other states than those where the step begins. Both "
        "belong to the beginning: is `x` overwritten before the second of them is called?"
    )
    off = max((rms(call.x - x) for call in calls if call.x.shape == x.shape), default=0.0)
    what = "states of evaluation, minus `x`"
    yield Fact("evaluated at the wrong state", what, 0.0, off, hint, match_tol=0.2)
    z = (after - x - h * whirl(x, at)) / (strength(x, at)[:, :1] * h**0.5)
    wide, still = torch.randn(N, 3).double(), RecordingField(lambda x, t: 0 * x, 3, "drift")
    end = student(still, Strength(strength, whole=True, dim=3), wide, T, h, shape=(N, 3)).double()
    last = ((end - wide) / (strength(wide, at) * h**0.5))[:, -1:]
    near = x.norm(dim=1) < 1.177  # the median of the distance of a normal pair
    hint = (
        "With one strength for all your step is right, but not where the strength of the noise differs from "
        "state to state, or from coordinate to coordinate. `diffusion` may return a number, a column or a "
        "tensor like `x`. Do you average or pick one value somewhere?"
    )
    # A quarter of the states is left as a margin for an unequal split.
    came, tol = (
        [within(z[near]), within(z[~near]), within(last)],
        variance_tolerance(int(0.75 * N), 1.0, TESTS),
    )
    yield spread("wrong spread", "variance where sigma differs", torch.stack(came), hint, tol)
