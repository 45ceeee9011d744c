"""Follow a vector field or a stochastic process; the solver is chosen by what is given."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import TypeGuard, overload

import torch
from torch import Tensor

from ..base import Field, time_shape
from .base import ODESolver, SDESolver, Solver
from .ode import Euler, Heun
from .processes import Process
from .sde import EulerMaruyama

SOLVERS: dict[str, Solver] = {"euler": Euler(), "heun": Heun(), "euler-maruyama": EulerMaruyama()}
"""The solvers that have a name: `solve(field, x0, times, "euler")`."""


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

    >>> time_grid(4)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000], dtype=torch.float64)
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


@overload
def solve_iter(
    field: Process, x0: Tensor, times: Tensor, solver: SDESolver | str | None = None
) -> Iterator[Tensor]: ...
@overload
def solve_iter(
    field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None
) -> Iterator[Tensor]: ...
def solve_iter(
    field: Field | Process, x0: Tensor, times: Tensor, solver: Solver | str | None = None
) -> Iterator[Tensor]:
    """Follow a field or a process from `x0` and yield the state at each of the times, the first one included.

    The caller records, draws or stops. Gradients follow torch's current mode; `simulate` and `solve` turn
    them off.

    Args:
        field: a field, called as field(x, t) with a float t, or a process, with `drift` and `diffusion`.
        x0: states at times[0], (batch, *event), floating-point.
        times: (n,) times, increasing, or decreasing for a run backwards; `time_grid(20)` makes one.
        solver: how to take a step: an instance, or a name in `SOLVERS`. Unless given, Heun() for a field
            and EulerMaruyama() for a process.
    Yields:
        n states, each shaped like `x0`; the first is `x0` itself.
    Raises:
        TypeError: the solver does not fit: one for fields was given a process, or the other way round.
        ValueError: no solver has this name, times do not run one way, `x0` has no event axis or holds
            integers, or (at the first step) the field's answer is of another shape than the states.

    >>> [round(x.item(), 4) for x in solve_iter(lambda x, t: -x, torch.ones(1, 1), time_grid(2), "euler")]
    [1.0, 0.5, 0.25]
    """
    time_shape(x0)  # for its errors
    return _steps(_step_of(field, solver), x0, _check_times(times))


def _step_of(field: Field | Process, solver: Solver | str | None) -> Callable[[Tensor, float, float], Tensor]:
    """The step of the chosen solver along what is given, called as step(x, t, h)."""
    chosen = _chosen(field, solver)
    name = type(chosen).__name__
    if isinstance(chosen, SDESolver):
        if _is_process(field):
            return partial(chosen.step, field)
        raise TypeError(
            f"{name} follows a process, with drift and diffusion, but this is a field: leave the solver out "
            "or give Heun(), or add noise to the field with SDEExtension(field, score, sigma)"
        )
    if callable(field):
        return partial(chosen.step, field)
    if _is_process(field):
        raise TypeError(
            f"{name} follows a field, but {type(field).__name__} is a process: leave the solver out or give "
            "EulerMaruyama()"
        )
    raise TypeError(
        f"{type(field).__name__} can't be followed: give a field, called as field(x, t), or a process, with "
        "the methods drift(x, t) and diffusion(x, t)"
    )


def _chosen(field: Field | Process, solver: Solver | str | None) -> Solver:
    if solver is None:
        return EulerMaruyama() if _is_process(field) else Heun()
    if isinstance(solver, str):
        return find_solver(solver)
    if isinstance(solver, type):
        raise TypeError(f"{solver.__name__} is a class; give a solver made from it, {solver.__name__}()")
    return solver


def find_solver(name: str) -> Solver:
    """Return the solver of a name in `SOLVERS`, in upper or lower case; ValueError if there is none.

    >>> find_solver("heun")
    Heun()
    """
    try:
        return SOLVERS[name.lower()]
    except KeyError:
        raise ValueError(f"no solver is called '{name}'; there are {', '.join(SOLVERS)}") from None


def _is_process(field: object) -> TypeGuard[Process]:
    return hasattr(field, "drift") and hasattr(field, "diffusion")


def _steps(step: Callable[[Tensor, float, float], Tensor], x: Tensor, ticks: list[float]) -> Iterator[Tensor]:
    yield x
    shape = x.shape
    for t, after in pairwise(ticks):
        x = step(x, t, after - t)
        if x.shape != shape:
            raise ValueError(
                f"a step made states of shape {tuple(x.shape)} out of {tuple(shape)}; "
                "the field must answer with one velocity for each state, shaped like the states"
            )
        yield x


def _gradients_of(x0: Tensor) -> torch.set_grad_enabled:
    """Track gradients inside if the start asks for them, and the caller has not turned them off."""
    return torch.set_grad_enabled(x0.requires_grad and torch.is_grad_enabled())


@overload
def simulate(field: Process, x0: Tensor, times: Tensor, solver: SDESolver | str | None = None) -> Tensor: ...
@overload
def simulate(field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None) -> Tensor: ...
def simulate(field: Field | Process, x0: Tensor, times: Tensor, solver: Solver | str | None = None) -> Tensor:
    """Follow a field or a process from `x0` and record the states at all times.

    Gradients are tracked only if `x0` requires them.

    Args:
        field: a field, called as field(x, t) with a float t, or a process, with `drift` and `diffusion`.
        x0: states at times[0], (batch, *event), floating-point.
        times: (n,) times, increasing, or decreasing for a run backwards.
        solver: how to take a step: an instance, or a name in `SOLVERS`. Unless given, Heun() for a field
            and EulerMaruyama() for a process.
    Returns:
        Trajectories, (n, batch, *event); entry 0 is `x0`.
    Raises:
        TypeError, ValueError: as for `solve_iter`.

    >>> simulate(lambda x, t: -x, torch.ones(5, 2), time_grid(10)).shape
    torch.Size([11, 5, 2])
    >>> simulate(BrownianMotion(), torch.zeros(5, 2), time_grid(10)).shape
    torch.Size([11, 5, 2])
    """
    time_shape(x0)  # for its errors
    ticks, step = _check_times(times), _step_of(field, solver)
    with _gradients_of(x0):
        states = x0.new_empty((len(ticks), *x0.shape))
        for i, x in enumerate(_steps(step, x0, ticks)):
            states[i] = x
        return states


@overload
def solve(field: Process, x0: Tensor, times: Tensor, solver: SDESolver | str | None = None) -> Tensor: ...
@overload
def solve(field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None) -> Tensor: ...
def solve(field: Field | Process, x0: Tensor, times: Tensor, solver: Solver | str | None = None) -> Tensor:
    """Follow a field or a process from `x0` and return the state at the last time.

    Of a field it is the flow map, numerically. Arguments, gradients and errors are those of `simulate`; the
    states on the way are not kept.

    Returns:
        States at times[-1], shaped like `x0`.

    >>> round(solve(lambda x, t: -x, torch.ones(1, 1), time_grid(100)).item(), 4)
    0.3679
    """
    time_shape(x0)  # for its errors
    ticks, step = _check_times(times), _step_of(field, solver)
    with _gradients_of(x0):
        x = x0
        for x in _steps(step, x0, ticks):  # noqa: B007 (the last one is what is wanted)
            pass
        return x
