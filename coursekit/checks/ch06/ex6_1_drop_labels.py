"""Exercise 6.1, find the bug: drop labels."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ...training import drop_labels as _library
from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance
from ..core.student_function import StudentFunction
from .common import HINTS, RATE, ROWS, TESTS, coins, labels_of

NULL, CALLS, HIGH, MANY = 7, 400, 0.8, 4000
"""The null label, batches of labels; another rate, and the size of the batch for it."""


def _reference(y: Tensor, rate: float, null: int) -> Tensor:
    return _library(y, rate, null)


def _where(gone: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, float, int], Tensor]:
    """The null label wherever `gone` says so."""
    return lambda y, rate, null: torch.where(gone(y, rate), null, y)


RULES: dict[str, Callable[..., Tensor]] = {
    "one coin for the whole batch": _where(lambda y, rate: (torch.rand(1) < rate).expand(len(y))),
    "dropped with 1 - rate": _where(lambda y, rate: torch.rand(len(y)) > rate),
    "null label equal to a real class": lambda y, rate, null: torch.where(torch.rand(len(y)) < rate, 0, y),
    "fixed number dropped": _where(lambda y, rate: torch.randperm(len(y)) < round(rate * len(y))),
    "randn for rand": _where(lambda y, rate: torch.randn(len(y)) < rate),
    "same labels each time": _where(lambda y, rate: torch.arange(len(y)) < round(rate * len(y))),
}
MISTAKES = {name: (rule, HINTS[name]) for name, rule in RULES.items()}
HINT_MASK = (
    "Your function returns which labels are dropped, true or false for each. What is asked for are the "
    "labels themselves, with `null` in place of those that are dropped."
)
HINT_DECIMAL = (
    "Your labels come back as decimal numbers. A label is an index: the network picks a row of a table with "
    "it, and that takes a whole number. Which operation turned them into decimals?"
)
HINT_RATE = (
    "You drop the same share of the labels whatever `rate` is: two different rates made no difference. "
    "How likely a drop should be is an argument of your function. Where do your lines use it?"
)


class _Read:
    """An answer whose whole-number labels the check can read, and what it did with its own."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer, self.kind, self.edits = answer, torch.long, False

    def __call__(self, y: Tensor, *more: Any) -> Any:
        """Its labels, as decimal numbers if they are whole or true and false; all else as it came."""
        before = y.clone()
        value = self.answer(y, *more)
        self.edits = self.edits or not torch.equal(y, before)
        if not issubclass(type(value), Tensor):  # an odd object may have no class of its own to be asked for
            return value
        self.kind = value.dtype
        return value if value.is_complex() or value.is_floating_point() else value.double()


@exercise("6.1", "Find the bug: dropped labels", "core", "y, rate, null", _reference, MISTAKES, random=True)
def drop_labels(student: StudentFunction) -> Iterator[Fact | str]:
    """Many batches of labels: what stands for a dropped one, how many go, and which; then other rates."""
    student.answer = read = _Read(student.answer)
    y = torch.stack([labels_of(NULL) for _ in range(CALLS)])
    shown = torch.stack([student(batch, RATE, NULL, shape=(ROWS,), may_edit=("y",)) for batch in y])
    if read.kind == torch.bool or read.kind.is_floating_point:
        mask = read.kind == torch.bool
        name, hint = ("mask returned", HINT_MASK) if mask else ("labels not whole numbers", HINT_DECIMAL)
        yield Fact(name, "share of labels that are whole numbers", 1.0, 0.0, hint)
    first = coins(shown, y, NULL)

    def dropped(rate: float, n: int, null: int) -> float:
        some = labels_of(NULL, n)
        return float((student(some, rate, null, shape=(n,), may_edit=("y",)) != some).double().mean())

    high = dropped(HIGH, MANY, NULL)
    ignored = abs(high - float((shown != y).double().mean())) < 0.03 and 0.01 < high < 0.99
    if ignored and first.name == "wrong share dropped":
        first = replace(first, name="rate not used", hint=HINT_RATE)
    yield first
    tol = mean_tolerance(MANY, HIGH * (1 - HIGH), TESTS)
    yield Fact(first.name, f"share of labels dropped at rate {HIGH}", HIGH, high, first.hint, tol)
    for rate, n, null in ((0.0, ROWS, NULL), (1.0, 5, 12), (1.0, 1, 12)):
        what = f"share of {n} label{'s' * (n > 1)} dropped at rate {rate:g}"
        yield Fact("wrong share dropped", what, rate, dropped(rate, n, null), HINTS["wrong share dropped"])
    if read.edits:
        yield (
            "Your function writes into the labels that it is given. The lab hands it copies, so it is "
            "accepted; where the caller still needs its labels, they would be lost."
        )
