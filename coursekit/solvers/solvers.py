"""Simulators: follow a vector field, or a stochastic process, by small steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Protocol

import torch
from torch import Generator, Tensor

from ..base import Field, singular_at, time_shape
from .processes import Process


class Solver(Protocol):
    """One way of taking a step; it declares the order that the tests then measure."""

    order: ClassVar[int]
    """Global error O(h^order) on a smooth field; of averages, where steps are random."""
    evaluations: ClassVar[int]
    """Field calls in one step."""

    def step(self, field: Any, x: Tensor, t: float, h: float) -> Tensor:
        """State at time t + h of a point that is at `x` at time t."""
        ...


@dataclass(frozen=True)
class Euler:
    """Follow the slope at the start of a step: one field call, global error O(h).

        x(t + h) = x + h u_t(x)

    Euler 1768; Holderrieth & Erives, simulating an ODE.
    """

    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Take one step of length `h` (negative: backwards) from states `x` (batch, *event) at time `t`."""
        return x + h * field(x, t)


@dataclass(frozen=True)
class Heun:
    """Average the slopes at both ends of a step: two field calls, global error O(h^2).

        x' = x + h u_t(x),   x(t + h) = x + h/2 (u_t(x) + u_{t+h}(x'))

    Heun 1900; Holderrieth & Erives, simulating an ODE. Where the field is singular at the end of the
    step (`field.singular_at`), the step is an Euler step.
    """

    order: ClassVar[int] = 2
    evaluations: ClassVar[int] = 2

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Take one step of length `h` (negative: backwards) from states `x` (batch, *event) at time `t`."""
        start = field(x, t)
        guess = x + h * start
        end = singular_at(field)
        # Ten digits: a grid of floats may miss the end by a rounding error.
        if end is not None and abs(t + h - end) <= 1e-10 * max(1.0, abs(end)):
            return guess
        return x + h * (start + field(guess, t + h)) / 2


@dataclass(frozen=True)
class EulerMaruyama:
    """Follow the drift at the start of a step and add a random kick that grows with the root of the step.

        X(t + h) = X + h drift + sqrt(h) diffusion eps,   eps from N(0, I)

    Maruyama 1955; Holderrieth & Erives, simulating an SDE. Averages converge at `order` 1 (the weak order).
    Single paths, on the same Brownian motion, converge at `strong_order`, 1/2, and at
    `strong_order_additive`, 1, where the diffusion does not depend on the state.

    Args:
        generator: source of the kicks, on the states' device; torch's own unless given.
    """

    order: ClassVar[int] = 1
    strong_order: ClassVar[float] = 0.5
    strong_order_additive: ClassVar[float] = 1.0
    evaluations: ClassVar[int] = 1

    generator: Generator | None = None

    def step(self, field: Process, x: Tensor, t: float, h: float) -> Tensor:
        """Take one random step of length `h` > 0 from states `x` (batch, *event) of a process at time `t`.

        Raises ValueError if `h` is not positive: a process runs forwards only.
        """
        if not h > 0:
            raise ValueError(f"h = {h}; a stochastic process runs forwards, so let the times increase")
        increment = torch.empty_like(x).normal_(0, h**0.5, generator=self.generator)
        return self.advance(field, x, t, h, increment)

    @staticmethod
    def advance(field: Process, x: Tensor, t: float, h: float, increment: Tensor) -> Tensor:
        """Take the step that belongs to a given increment of Brownian motion.

        Args:
            field: the process.
            x: states, (batch, *event).
            t: time.
            h: length of the step.
            increment: W(t + h) - W(t), from N(0, h I), shaped like `x`.
        Returns:
            States at time t + h, shaped like `x`.
        """
        moved = x.add(field.drift(x, t), alpha=h)
        sigma = field.diffusion(x, t)
        if isinstance(sigma, Tensor):
            return moved.addcmul_(sigma, increment)
        return moved.add_(increment, alpha=sigma)


def time_grid(steps: int, start: float = 0.0, end: float = 1.0) -> Tensor:
    """Divide the time from `start` to `end` into equal steps.

    Args:
        steps: number of steps, at least 1.
        start: first time.
        end: last time; below `start` for a run backwards.
    Returns:
        (steps + 1,) times in float64, so that the grid's own rounding never shows in an error.
    Raises:
        ValueError: `steps` is below 1.
    """
    if steps < 1:
        raise ValueError(f"steps = {steps}, but a grid needs at least one step")
    return torch.linspace(start, end, steps + 1, dtype=torch.float64)


def _check_times(times: Tensor) -> list[float]:
    """Return the times as floats; they must form a line and run one way."""
    times = torch.as_tensor(times, dtype=torch.float64, device="cpu")  # some devices have no float64
    if times.dim() != 1 or len(times) < 2:
        raise ValueError(
            f"times have shape {tuple(times.shape)}; give at least two in a line, such as time_grid(20)"
        )
    gaps = times.diff()
    if not (bool((gaps > 0).all()) or bool((gaps < 0).all())):
        raise ValueError("times must increase all the way, or decrease all the way for a run backwards")
    return times.tolist()


def solve_iter(
    field: Field | Process, x0: Tensor, times: Tensor, method: Solver | None = None
) -> Iterator[Tensor]:
    """Follow `field` from `x0` and yield the state at each of the times, the first one included.

    The caller records, draws or stops. Gradients follow torch's current mode; `simulate` and `solve` turn
    them off.

    Args:
        field: called as field(x, t) with a float t.
        x0: states at times[0], (batch, *event).
        times: (n,) times, increasing, or decreasing for a run backwards; `time_grid(20)` makes one.
        method: how to take a step; Heun() unless told otherwise.
    Yields:
        n states, each shaped like `x0`; the first is `x0` itself.
    Raises:
        ValueError: times do not run one way, `x0` has no event axis or holds whole numbers, or (at the
            first step) the field's answer is of another shape than the states.
    """
    time_shape(x0)  # for its errors
    return _steps(field, x0, _check_times(times), method or Heun())


def _steps(field: Field | Process, x: Tensor, ticks: list[float], method: Solver) -> Iterator[Tensor]:
    yield x
    shape = x.shape
    for t, after in pairwise(ticks):
        x = method.step(field, x, t, after - t)
        if x.shape != shape:
            raise ValueError(
                f"a step made states of shape {tuple(x.shape)} out of {tuple(shape)}; "
                "the field must answer with one velocity for each state, shaped like the states"
            )
        yield x


def _gradients_of(x0: Tensor) -> torch.set_grad_enabled:
    """Track gradients inside if the start asks for them, and the caller has not turned them off."""
    return torch.set_grad_enabled(x0.requires_grad and torch.is_grad_enabled())


def simulate(field: Field | Process, x0: Tensor, times: Tensor, method: Solver | None = None) -> Tensor:
    """Follow `field` from `x0` and record the states at all times.

    Gradients are tracked only if `x0` requires them.

    Args:
        field: called as field(x, t) with a float t.
        x0: states at times[0], (batch, *event).
        times: (n,) times, increasing, or decreasing for a run backwards.
        method: how to take a step; Heun() unless told otherwise.
    Returns:
        Trajectories, (n, batch, *event); entry 0 is `x0`.
    Raises:
        ValueError: as for `solve_iter`.
    """
    with _gradients_of(x0):
        states = x0.new_empty((len(times), *x0.shape))
        for i, x in enumerate(solve_iter(field, x0, times, method)):
            states[i] = x
        return states


def solve(field: Field | Process, x0: Tensor, times: Tensor, method: Solver | None = None) -> Tensor:
    """Follow `field` from `x0` and return the state at the last time: the flow map, numerically.

    Arguments, gradients and errors as for `simulate`; the states on the way are not kept.

    Returns:
        States at times[-1], shaped like `x0`.
    """
    with _gradients_of(x0):
        x = x0
        for x in solve_iter(field, x0, times, method):  # noqa: B007 (the last one is what is wanted)
            pass
        return x
