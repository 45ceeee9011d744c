"""What several exercises of chapter 05 measure with, and the mistakes that they share."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Function, Mistake, one_time_for_all, recurring
from ..shared.schedulers import Numbers, straight

Scheduler = Callable[[Tensor], Numbers]
SHAPES = ((3, 3), (5, 2), (1, 4), (4, 1))
"""Batches (states, coordinates) to ask for; the first cannot tell an axis by its length."""


CLOCK_TURNED_ROUND = (
    "You ask about one minus the time. In this course noise is at time 0 and data at time 1, and the times "
    "that you are given are of that kind already. Where does your code turn the clock round?"
)


def spaced_times(n: int, start: float = 0.3, end: float = 0.8) -> Tensor:
    """A time of its own for each of n states, (n, 1), in float64."""
    return torch.linspace(start, end, n, dtype=torch.float64)[:, None]


def gradient(log_prob: Function, x: Tensor) -> Tensor:
    """Gradient of a log-density at states (batch, dim)."""
    x = x.clone().requires_grad_()
    return torch.autograd.grad(log_prob(x).sum(), x)[0]


def factor_text(expected: Tensor, measured: Tensor) -> str:
    """Say by which factor a measurement is off, if one factor explains all of it."""
    factor = (expected * measured).sum() / expected.square().sum()
    rest = float((measured - factor * expected).abs().max())
    return f" Yours is {number(factor)} times that." if rest < 1e-3 * float(measured.abs().max() + 1) else ""


def ignored(
    student: StudentFunction, args: tuple[Any, ...], others: Mapping[str, Any], shape: tuple[int, ...]
) -> Iterator[Fact]:
    """A fact for each argument that can take the value in `others` instead and leave the result as it is."""
    result = student(*args, shape=shape)
    for name, other in others.items():
        place = student.parameters.index(name)
        if torch.equal(result, student(*args[:place], other, *args[place + 1 :], shape=shape)):
            hint = (
                f"Your result stays the same when `{name}` alone is another one. Where should `{name}` come "
                "in? Does another variable, a fixed number or a global name of the notebook stand in its "
                "place?"
            )
            yield Fact(f"ignores `{name}`", f"share of the result that `{name}` changes", 1.0, 0.0, hint)


def misread_scheduler(right: Function, place: int) -> dict[str, Mistake]:
    """The right answer with other numbers than its scheduler's; that is argument `place`, from 0."""

    def reading(change: Callable[[Scheduler, Tensor], Numbers]) -> Function:
        def mistake(*given: Any) -> Tensor:
            changed = partial(change, given[place])
            return right(*given[:place], changed, *given[place + 1 :])

        return mistake

    def swapped(scheduler: Scheduler, t: Tensor) -> Numbers:
        a, b, a_dot, b_dot = scheduler(t)
        return b, a, b_dot, a_dot

    def third(scheduler: Scheduler, t: Tensor) -> Numbers:
        a, b, a_dot, b_dot = scheduler(t)
        return a, a_dot, b, b_dot

    def from_alpha(scheduler: Scheduler, t: Tensor) -> Numbers:
        a, _, a_dot, _ = scheduler(t)
        return a, 1 - a, a_dot, -a_dot

    def variance_preserving(scheduler: Scheduler, t: Tensor) -> Numbers:
        a, _, a_dot, _ = scheduler(t)
        root = (1 - a**2).sqrt()
        return a, root, a_dot, -a * a_dot / root

    return {
        **recurring(
            {
                "straight line assumed": reading(lambda scheduler, t: straight(t)),
                "alpha and beta swapped": reading(swapped),
                "third taken for the second": reading(third),
            }
        ),
        "clock turned round": (reading(lambda scheduler, t: scheduler(1 - t)), CLOCK_TURNED_ROUND),
        "beta computed from alpha": (
            reading(from_alpha),
            "You take one minus `alpha` for the weight of the noise. That holds on the straight line only, "
            "and the check hands over another scheduler. Which of its numbers is the noise's weight?",
        ),
        "variance-preserving path assumed": (
            reading(variance_preserving),
            "You compute the weight of the noise from `alpha`, as if their squares added up to one. Not "
            "every path is of that kind. Which of the scheduler's numbers is the noise's weight?",
        ),
    }


def misread_times(right: Function, place: int) -> dict[str, Mistake]:
    """The right answer with mistaken rows of times (batch, 1); these are argument `place`, from 0."""

    def across(*given: Any) -> Tensor:
        return right(*given[:place], given[place].reshape(1, -1), *given[place + 1 :])

    return one_time_for_all(right, place) | recurring({"time along the wrong axis": across})
