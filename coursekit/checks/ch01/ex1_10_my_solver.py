"""Exercise 1.10: reach a given error with as few field evaluations as possible."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from ...base import Field, Time
from ...solvers import Euler, Heun, ODESolver, solve, time_grid
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.fields import RecordingField, gust, gust_flow, rms
from ..shared.mistakes import recurring
from .common import states

BOUND, NEAR, CAP = 0.01, 0.05, 1024
"""Largest error that passes; largest that is called a near miss; evaluations after which the search for the
others' number gives up."""


def _my_solver(field: Field, x0: Tensor) -> Tensor:
    """Heun's method with equal steps, enough for the bound."""
    return solve(field, x0, time_grid(40), Heun())


MISTAKES: Mistakes = recurring(
    {
        "backwards": lambda field, x0: solve(field, x0, time_grid(64, 1.0, 0.0)),
        "time stands still": lambda field, x0: solve(lambda x, t: field(x, 0.0), x0, time_grid(64)),
    }
)


def _gust(x: Tensor, t: Time) -> Tensor:
    return gust(x, torch.as_tensor(t, dtype=x.dtype))


def _error(method: ODESolver, x0: Tensor, steps: int) -> float:
    return rms(solve(_gust, x0, time_grid(steps), method) - gust_flow(x0))


def needed(method: ODESolver, x0: Tensor, error: float) -> int | None:
    """Field evaluations with which `method`, in equal steps, comes as close as `error`; None beyond the cap.

    Guesses the steps from the error at 32 and the method's order, then goes up or down by thirty-seconds.
    """
    cap = CAP // method.evaluations
    guess = 32 * (_error(method, x0, 32) / max(error, 1e-12)) ** (1 / method.order)
    steps = max(1, min(cap, int(guess)))
    error *= 1 + 1e-9  # the very same method must find its own number
    while _error(method, x0, steps) > error:
        if steps == cap:
            return None
        steps = min(cap, steps + max(1, steps // 32))
    while steps > 1 and _error(method, x0, fewer := steps - 1 - steps // 11) <= error:
        steps = fewer
    return steps * method.evaluations


def _compared(x0: Tensor, evaluations: float, error: float) -> str:
    """The number that says whether it got better."""
    counts = {name: needed(method, x0, error) for name, method in (("Euler", Euler()), ("Heun", Heun()))}
    others = [f"{name} needs {count or f'more than {CAP}'}" for name, count in counts.items()]
    return (
        f"Field evaluations of yours: {evaluations:g}, with an error of {error:.1g}. For that error "
        f"{others[0]} and {others[1]}. Can you do with fewer? The error may be up to {BOUND:g}."
    )


# The lab's own race is in double precision.
@exercise(
    "1.10",
    "Fewest evaluations",
    "open",
    "field, x0",
    _my_solver,
    MISTAKES,
    may_draw=True,
    limit=10.0,
    double=True,
)
def my_solver(student: StudentFunction) -> Iterator[Fact | str]:
    """Error and number of evaluations on a nonlinear, time-dependent field, and on its mirror image."""
    errors, counts = [], []
    for sense in (1.0, -1.0):
        x0, spy = states(64), RecordingField(partial(gust, sense=sense))
        errors.append(rms(student(spy, x0, shape=(64, 2)) - gust_flow(x0, sense)))
        counts.append(spy.evaluations(64))
    hint = (
        "In at least one of its runs your solver returns an answer without evaluating the field. Is it "
        "computed from a formula for one field, or remembered from an earlier run? The check uses several "
        "fields and several starts."
    )
    runs = float(sum(count == 0 for count in counts))
    yield Fact("field not evaluated", "runs in which the field was not evaluated", 0.0, runs, hint)
    what, asked = "root-mean-square distance from the exact end", f"{max(counts):g} evaluations"
    name, hint, near = (
        "error too large",
        f"Your solver runs, and takes {asked}, but it does not come close to the exact end. Follow a field "
        "that you can solve, to see whether it arrives at time 1 at all. The gust around t = 0.5 needs many "
        "steps, or a step of higher order. Watch how the error falls as you change one thing at a time.",
        0.1,
    )
    if BOUND < max(errors) <= NEAR:
        name, hint, near = (
            "nearly there",
            f"Nearly: with {asked} your error is {max(errors) / BOUND:.2f} times the largest that passes. "
            "The solver does what it should. A few steps more will do it, or as many in better places: where "
            "do yours lie, and where does the field change fastest?",
            BOUND,
        )
    yield Fact(name, what, 0.0, max(errors), hint, BOUND, near, f"at most {BOUND:g}")
    if max(errors) <= BOUND:
        yield _compared(x0, max(counts), max(errors))
