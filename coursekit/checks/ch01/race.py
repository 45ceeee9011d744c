"""Exercise 1.8: reach a given error with as few field evaluations as possible."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ...base import Field, Time
from ...solvers import Euler, Heun, ODESolver, solve, time_grid
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.test_fields import RecordingField, gust, gust_flow, rms
from .common import states

BOUND = 0.01
"""Largest error that passes: root mean square over the batch of the distance from the exact end."""
BATCH = 64
CAP = 1024
"""Evaluations after which the search for Euler's and Heun's number gives up."""


def _my_solver(field: Field, x0: Tensor) -> Tensor:
    """Heun's method with equal steps, enough for the bound."""
    return solve(field, x0, time_grid(40), Heun())


def _still(field: Field) -> Field:
    return lambda x, t: field(x, 0.0)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "backwards": (
        lambda field, x0: solve(field, x0, time_grid(64, 1.0, 0.0)),
        "Your states move against the arrows of the field. They are handed over at time 0 and should come "
        "back as they are at time 1: in which direction does your clock run, and which sign has the step?",
    ),
    "time stands still": (
        lambda field, x0: solve(_still(field), x0, time_grid(64)),
        "Your solver seems to ask about the same time again and again, so it never meets the gust at half "
        "time. Where in your loop does `t` move on?",
    ),
}
LOOK_ASKED = (
    "In at least one of its runs your solver returns an answer without asking the field. Is it computed "
    "from a formula for one field, or remembered from an earlier run? The check uses several fields and "
    "several starts."
)
LOOK_ERROR = (
    "Your solver runs, but it does not come close enough to the exact end. The field has a sudden gust "
    "around t = 0.5: more steps help, most of all there, and so does a step of higher order. Watch how the "
    "error falls as you change one thing at a time."
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
    told = [f"{name} needs {count or f'more than {CAP}'}" for name, count in counts.items()]
    return (
        f"Field evaluations of yours: {evaluations:g}, with an error of {error:.1g}. For that error "
        f"{told[0]} and {told[1]}. Can you do with fewer? The error may be up to {BOUND:g}."
    )


@exercise("1.8", "Fewest evaluations", "open", "field, x0", _my_solver, MISTAKES, limit=10.0, double=True)
def my_solver(student: StudentFunction) -> Iterator[Fact | str]:
    """Error and number of evaluations on a nonlinear, time-dependent field, and on its mirror image."""
    errors, counts = [], []
    for sense in (1.0, -1.0):
        x0, spy = states(BATCH), RecordingField(partial(gust, sense=sense))
        errors.append(rms(student(spy, x0, shape=(BATCH, 2)) - gust_flow(x0, sense)))
        counts.append(spy.evaluations(BATCH))
    unasked = float(sum(count == 0 for count in counts))
    yield Fact("field not asked", "runs in which the field was not asked", 0.0, unasked, LOOK_ASKED)
    what = "root-mean-square distance from the exact end"
    yield Fact("error too large", what, 0.0, max(errors), LOOK_ERROR, BOUND, 0.1, f"at most {BOUND:g}")
    if max(errors) <= BOUND:
        yield _compared(x0, max(counts), max(errors))
