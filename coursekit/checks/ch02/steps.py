"""Exercise 2.2: one step of the Euler–Maruyama method."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...solvers import EulerMaruyama
from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.noise import Strength, constant, correlation, different, normal, spread, within
from ..shared.test_fields import RecordingField, rms, steady, whirl
from .step_rivals import MISTAKES

N, T = 4000, 0.3
RUNS = ((0.5, 0.04), (2.0, 0.25))
"""Strengths and step sizes at which no two powers of either coincide."""
TESTS = 11
"""Statistical numbers in the facts below; they share the family's level."""


@dataclass(frozen=True)
class _Given:
    """A process whose two parts were handed over."""

    drift: Callable[..., Tensor]
    diffusion: Callable[..., Tensor | float]


def _step(
    drift: Callable[..., Tensor], diffusion: Callable[..., Tensor | float], x: Tensor, t: float, h: float
) -> Tensor:
    """Follow the drift for a time h, and add normal noise of variance sigma² h."""
    return EulerMaruyama().step(_Given(drift, diffusion), x, float(t), float(h))


def _uneven(x: Tensor, t: Tensor) -> Tensor:
    """A strength that differs from place to place and grows with time."""
    return (0.3 + t + x.square().sum(dim=1, keepdim=True) / 2).expand_as(x)


LOOK_DRIFT = (
    "Without any noise the step should be Euler's: speed times duration, exactly. Set the diffusion to zero "
    "in your line and work out by hand how far a state moves."
)
LOOK_SILENT = (
    "The diffusion coefficient is zero here, and still your states are kicked about. How strong the noise "
    "is, is said by `diffusion` alone: where does it enter your line?"
)
LOOK_SPREAD = (
    "The random part of your step does not have the right spread: its variance should be sigma squared times "
    "h. Work out which factor a standard normal number needs for that."
)
LOOK_MEAN = (
    "The random part of your step pushes in one direction: its mean is not zero. Look at the function that "
    "draws it, and at what is added to the state besides drift and noise."
)
LOOK_NORMAL = (
    "The random part of your step has the right variance but is not normal. Is it drawn by another function, "
    "or is a random number multiplied by another one?"
)
LOOK_TOGETHER = (
    "The kicks of the two coordinates go together. Each coordinate of each state needs a draw of its own: "
    "look at the shape in which you draw."
)
LOOK_AGAIN = (
    "Two calls of your step give the states the same kicks. Every step needs fresh noise: is a seed set, or "
    "a generator made, inside your function?"
)
LOOK_TIMES = (
    "Drift and diffusion should both be asked at the moment when the step begins. Compare the times at which "
    "your function asks with `t`."
)
LOOK_STATES = (
    "One of the two coefficients is asked about other states than those where the step begins. Both belong "
    "to the beginning: is `x` overwritten before the second of them is asked?"
)
LOOK_UNEVEN = (
    "With one strength for all your step is right, but not where the strength of the noise differs from "
    "state to state. Each state is kicked with its own strength. Do you average or pick one somewhere?"
)


@exercise(
    "2.2",
    "Euler–Maruyama step",
    "core",
    "drift, diffusion, x, t, h",
    _step,
    MISTAKES,
    random=True,
    double=True,
)
def euler_maruyama_step(student: StudentFunction) -> Iterator[Fact]:
    """Drift alone, noise alone (its law after one step), and both together where both are uneven."""
    x, c = torch.randn(N, 2, dtype=torch.float64), torch.tensor([1.0, -2.0], dtype=torch.float64)

    def move(drift: RecordingField, diffusion: Strength, h: float) -> Tensor:
        return student(drift, diffusion, x, T, h, shape=(N, 2)).double() - x

    ways = torch.stack(
        [move(RecordingField(steady(c), name="drift"), constant(0.0), h) / h for h in (0.1, 0.25)]
    )
    what = "mean move over h without diffusion, drift (1, -2), twice"
    yield Fact("wrong drift", what, c.repeat(2), ways.mean(dim=1).flatten(), LOOK_DRIFT, match_tol=0.2)
    what = "spread of these moves"
    yield Fact("noise without diffusion", what, 0.0, ways.std(dim=1).max(), LOOK_SILENT, 1e-6, 0.3)
    still_air = steady(0 * c)
    kicks = [move(RecordingField(still_air, name="drift"), constant(sigma), h) for sigma, h in RUNS]
    yield from _law(torch.stack([kick / (s * h**0.5) for kick, (s, h) in zip(kicks, RUNS, strict=True)]))
    again = move(RecordingField(still_air, name="drift"), constant(RUNS[1][0]), RUNS[1][1])
    if float(within(again)) > 1e-9:
        tol = mean_tolerance(2 * N, 1.0, TESTS)
        same = correlation(again, kicks[1])
        yield Fact("same noise in every step", "correlation of two calls", 0.0, same, LOOK_AGAIN, tol)
    yield from _uneven_facts(student, x)


def _law(z: Tensor) -> Iterator[Fact]:
    """Facts about kicks (runs, batch, 2) that should be standard normal."""
    what = "variance of the kicks over sigma² h, in two runs"
    tol = variance_tolerance(2 * N, 1.0, TESTS)
    yield spread("wrong spread", what, within(z), LOOK_SPREAD, tol)
    still = float(within(z).max()) < 1e-9
    if still:
        some = different(z, LOOK_SPREAD)
        yield some
        if some.measured != 1.0:  # a draw for the whole batch: its mean is a matter of chance
            return
    tol = mean_tolerance(2 * N, 1.0, TESTS)
    mean = z.mean(dim=(1, 2))
    what = "mean of the kicks over sigma sqrt(h)"
    yield Fact("wrong mean", what, torch.zeros(2), mean, LOOK_MEAN, tol, 1.5 * tol * max(1.0, float(z.std())))
    if still:
        return
    z = (z - z.mean(dim=(1, 2), keepdim=True)) / z.std(dim=(1, 2), keepdim=True)
    together = correlation(z[..., 0], z[..., 1])
    yield Fact("coordinates tied", "correlation of two coordinates", 0.0, together, LOOK_TOGETHER, tol)
    yield normal("not normal", "excess kurtosis of one step", z, LOOK_NORMAL, TESTS)


def _uneven_facts(student: StudentFunction, x: Tensor) -> Iterator[Fact]:
    """Where and when the coefficients are asked, and the kicks where these differ from state to state."""
    drift, diffusion, h = RecordingField(whirl, name="drift"), Strength(_uneven), 0.1
    after = student(drift, diffusion, x, T, h, shape=(N, 2)).double()
    asked = torch.tensor([call.t for spy in (drift, diffusion) for call in spy.calls], dtype=torch.float64)
    late = float((asked - T).abs().max()) if len(asked) else 0.0
    yield Fact("asked at the wrong time", "distance from `t` of the times asked about", 0.0, late, LOOK_TIMES)
    calls = [call for spy in (drift, diffusion) for call in spy.calls]
    off = max((rms(call.x - x) for call in calls if call.x.shape == x.shape), default=0.0)
    what = "distance from `x` of the states asked about"
    yield Fact("asked at the wrong state", what, 0.0, off, LOOK_STATES, match_tol=0.2)
    at = torch.full((N, 1), T, dtype=torch.float64)
    z = (after - x - h * whirl(x, at)) / (_uneven(x, at) * h**0.5)
    near = x.norm(dim=1) < 1.177  # the median of the distance of a normal pair
    what = "variance over sigma² h, near and far out, where sigma differs"
    # A quarter of the states is left as a margin for an unequal split.
    tol = variance_tolerance(int(0.75 * N), 1.0, TESTS)
    yield spread("wrong spread", what, torch.stack([within(z[near]), within(z[~near])]), LOOK_UNEVEN, tol)
