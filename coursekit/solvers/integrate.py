"""Follow a vector field, a stochastic process or a jump process; the solver is chosen by what is given."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Literal, overload

import torch
from torch import Tensor

from ..base import Field, time_shape
from .base import JumpSolver, ODESolver, SDESolver, Solver
from .markov import JumpEuler
from .ode import Euler, Heun
from .processes import JumpProcess, Process
from .sde import EulerMaruyama

SOLVERS: dict[str, Solver] = {
    "euler": Euler(),
    "heun": Heun(),
    "euler-maruyama": EulerMaruyama(),
    "jump-euler": JumpEuler(),
}
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
    field: JumpProcess, x0: Tensor, times: Tensor, solver: JumpSolver | str | None = None
) -> Iterator[Tensor]: ...
@overload
def solve_iter(
    field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None
) -> Iterator[Tensor]: ...
def solve_iter(
    field: Field | Process | JumpProcess, x0: Tensor, times: Tensor, solver: Solver | str | None = None
) -> Iterator[Tensor]:
    """Follow a field or a process from `x0` and yield the state at each of the times, the first one included.

    The caller records, draws or stops. Gradients follow torch's current mode; `simulate` and `solve` turn
    them off.

    Args:
        field: a field, called as field(x, t) with a float t; a process, with `drift` and `diffusion`; or a
            jump process, with `jumps`.
        x0: states at times[0], (batch, *event), floating-point; for a jump process (batch, length) of int64.
        times: (n,) times, increasing, or decreasing for a run backwards; `time_grid(20)` makes one.
        solver: how to take a step: an instance, or a name in `SOLVERS`. Unless given, Heun() for a field,
            EulerMaruyama() for a process and JumpEuler() for a jump process.
    Yields:
        n states, each shaped like `x0`; the first is `x0` itself.
    Raises:
        TypeError: the solver does not fit: one for fields was given a process, or the other way round.
        ValueError: no solver has this name, times do not run one way, `x0` has no event axis or holds
            integers (for a jump process: anything else), or (at the first step) the field's answer is of
            another shape than the states.

    >>> [round(x.item(), 4) for x in solve_iter(lambda x, t: -x, torch.ones(1, 1), time_grid(2), "euler")]
    [1.0, 0.5, 0.25]
    """
    step = _step_of(field, solver)
    _check_start(field, x0)
    return _steps(step, x0, _check_times(times))


Kind = Literal["field", "process", "jump process"]

HOW: dict[Kind, str] = {
    "field": "a field: give Heun(), or leave the solver out",
    "process": "a process: give EulerMaruyama(), or leave the solver out",
    "jump process": "a jump process: give JumpEuler(), or leave the solver out",
}
"""How each kind is followed, for messages."""


def _kind_of(field: object) -> Kind | None:
    if hasattr(field, "jumps"):
        return "jump process"
    if hasattr(field, "drift") and hasattr(field, "diffusion"):
        return "process"
    return "field" if callable(field) else None


def _followed_by(solver: Solver) -> Kind:
    """What a solver follows."""
    if isinstance(solver, JumpSolver):
        return "jump process"
    return "process" if isinstance(solver, SDESolver) else "field"


def _check_start(field: object, x0: Tensor) -> None:
    if _kind_of(field) != "jump process":
        time_shape(x0)  # for its errors
    elif x0.dim() != 2 or x0.dtype != torch.int64:
        raise ValueError(
            f"states have shape {tuple(x0.shape)} and type {x0.dtype}; a jump process takes whole numbers "
            "(batch, length), for example with .long()"
        )


def _step_of(
    field: Field | Process | JumpProcess, solver: Solver | str | None
) -> Callable[[Tensor, float, float], Tensor]:
    """The step of the chosen solver along what is given, called as step(x, t, h)."""
    kind = _kind_of(field)
    if kind is None:
        raise TypeError(
            f"{type(field).__name__} can't be followed: give a field, called as field(x, t), a process, with "
            "the methods drift(x, t) and diffusion(x, t), or a jump process, with jumps(x, t)"
        )
    chosen = _chosen(kind, solver)
    wanted = _followed_by(chosen)
    if wanted == "field" and kind == "process" and callable(field):
        kind = "field"  # some processes are called like fields, too
    if wanted != kind:
        noisy = ", or add noise to the field with SDEExtension(field, score, sigma)"
        raise TypeError(
            f"{type(chosen).__name__} follows a {wanted}, but {type(field).__name__} is {HOW[kind]}"
            + (noisy if wanted == "process" and kind == "field" else "")
        )
    return partial(chosen.step, field)  # type: ignore[arg-type]


def _chosen(kind: Kind, solver: Solver | str | None) -> Solver:
    if solver is None:
        return {"field": Heun(), "process": EulerMaruyama(), "jump process": JumpEuler()}[kind]  # type: ignore[return-value]
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
def simulate(
    field: JumpProcess, x0: Tensor, times: Tensor, solver: JumpSolver | str | None = None
) -> Tensor: ...
@overload
def simulate(field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None) -> Tensor: ...
def simulate(
    field: Field | Process | JumpProcess, x0: Tensor, times: Tensor, solver: Solver | str | None = None
) -> Tensor:
    """Follow a field or a process from `x0` and record the states at all times.

    Gradients are tracked only if `x0` requires them.

    Args:
        field: a field, called as field(x, t) with a float t; a process, with `drift` and `diffusion`; or a
            jump process, with `jumps`.
        x0: states at times[0], (batch, *event), floating-point; for a jump process (batch, length) of int64.
        times: (n,) times, increasing, or decreasing for a run backwards.
        solver: how to take a step: an instance, or a name in `SOLVERS`. Unless given, Heun() for a field,
            EulerMaruyama() for a process and JumpEuler() for a jump process.
    Returns:
        Trajectories, (n, batch, *event); entry 0 is `x0`.
    Raises:
        TypeError, ValueError: as for `solve_iter`.

    >>> simulate(lambda x, t: -x, torch.ones(5, 2), time_grid(10)).shape
    torch.Size([11, 5, 2])
    >>> simulate(BrownianMotion(), torch.zeros(5, 2), time_grid(10)).shape
    torch.Size([11, 5, 2])
    """
    step = _step_of(field, solver)
    _check_start(field, x0)
    ticks = _check_times(times)
    with _gradients_of(x0):
        states = x0.new_empty((len(ticks), *x0.shape))
        for i, x in enumerate(_steps(step, x0, ticks)):
            states[i] = x
        return states


@overload
def solve(field: Process, x0: Tensor, times: Tensor, solver: SDESolver | str | None = None) -> Tensor: ...
@overload
def solve(
    field: JumpProcess, x0: Tensor, times: Tensor, solver: JumpSolver | str | None = None
) -> Tensor: ...
@overload
def solve(field: Field, x0: Tensor, times: Tensor, solver: ODESolver | str | None = None) -> Tensor: ...
def solve(
    field: Field | Process | JumpProcess, x0: Tensor, times: Tensor, solver: Solver | str | None = None
) -> Tensor:
    """Follow a field or a process from `x0` and return the state at the last time.

    Of a field it is the flow map, numerically. Arguments, gradients and errors are those of `simulate`; the
    states on the way are not kept.

    Returns:
        States at times[-1], shaped like `x0`.

    >>> round(solve(lambda x, t: -x, torch.ones(1, 1), time_grid(100)).item(), 4)
    0.3679
    """
    step = _step_of(field, solver)
    _check_start(field, x0)
    ticks = _check_times(times)
    with _gradients_of(x0):
        x = x0
        for x in _steps(step, x0, ticks):  # noqa: B007 (the last one is what is wanted)
            pass
        return x
