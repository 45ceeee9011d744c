"""Exercise 6.1: drop labels."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...training import drop_labels as _library
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .common import CALLS, LOOK, RATE, ROWS, coins, labels_of

NULL = 7


def _drop_labels(y: Tensor, rate: float, null: int) -> Tensor:
    return _library(y, rate, null)


def _where(gone: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, float, int], Tensor]:
    """The null label wherever `gone` says so."""
    return lambda y, rate, null: torch.where(gone(y, rate), null, y)


def _fixed_number(y: Tensor, rate: float) -> Tensor:
    return torch.randperm(len(y)) < round(rate * len(y))


def _uniform(y: Tensor) -> Tensor:
    return torch.rand(len(y))


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "one coin for the whole batch": (
        _where(lambda y, rate: (torch.rand(1) < rate).expand(len(y))),
        LOOK["one coin for the whole batch"],
    ),
    "dropped with 1 - rate": (_where(lambda y, rate: _uniform(y) > rate), LOOK["dropped with 1 - rate"]),
    "null label equal to a real class": (
        lambda y, rate, null: torch.where(_uniform(y) < rate, 0, y),
        LOOK["null label equal to a real class"],
    ),
    "fixed number dropped": (_where(_fixed_number), LOOK["fixed number dropped"]),
    "randn for rand": (
        _where(lambda y, rate: torch.randn(len(y)) < rate),
        LOOK["randn for rand"],
    ),
    "same labels each time": (
        _where(lambda y, rate: torch.arange(len(y)) < round(rate * len(y))),
        LOOK["same labels each time"],
    ),
}


LOOK_MASK = (
    "Your function returns which labels are dropped, true or false for each. What is asked for are the "
    "labels themselves, with `null` in the place of those that are dropped."
)
LOOK_DECIMAL = (
    "Your labels come back as decimal numbers. A label is an index: the network picks a row of a table with "
    "it, and that takes a whole number. Which operation turned them into decimals?"
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


def _not_labels(kind: torch.dtype) -> Iterator[Fact]:
    """Say what came in place of whole numbers, if something did."""
    what = "share of labels that are whole numbers"
    if kind == torch.bool:
        yield Fact("mask returned", what, 1.0, 0.0, LOOK_MASK)
    if kind.is_floating_point:
        yield Fact("labels not whole numbers", what, 1.0, 0.0, LOOK_DECIMAL)


@exercise("6.1", "Drop labels", "core", "y, rate, null", _drop_labels, MISTAKES, random=True, double=True)
def drop_labels(student: StudentFunction) -> Iterator[Fact | str]:
    """A hundred batches of labels: what stands for a dropped one, how many go, and which."""
    student.answer = read = _Read(student.answer)
    y = torch.stack([labels_of(NULL) for _ in range(CALLS)])
    shown = torch.stack([student(batch, RATE, NULL, shape=(ROWS,), may_edit=("y",)) for batch in y])
    yield from _not_labels(read.kind)
    yield coins(shown, y, NULL)
    some = labels_of(NULL)
    kept = float((student(some, 0.0, NULL, shape=(ROWS,), may_edit=("y",)) == some).double().mean())
    what = "share of labels that are kept at rate 0"
    yield Fact("wrong share dropped", what, 1.0, kept, LOOK["wrong share dropped"])
    if read.edits:
        yield (
            "Your function writes into the labels that it is given. The lab hands it copies, so it is "
            "accepted; where the caller still needs its labels, they would be lost."
        )
