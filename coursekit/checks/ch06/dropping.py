"""Exercise 6.1: drop labels."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from ...guidance import drop_labels as _library
from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from ..faults import Fault
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


RIVALS: dict[str, tuple[Callable[..., Tensor], str]] = {
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


def whole(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let the check read whole-number labels; other kinds of numbers are told from them."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        if not isinstance(value, Tensor):
            return value
        if value.dtype == torch.bool:
            raise Fault(
                "mask returned",
                "Your function returns which labels are dropped, true or false for each. What is asked for "
                "are the labels themselves, with `null` in the place of those that are dropped.",
            )
        if value.is_floating_point():
            raise Fault(
                "labels not whole numbers",
                "Your labels come back as decimal numbers. A label is an index: the network picks a row of "
                "a table with it, and that takes a whole number. Which operation turned them into decimals?",
            )
        return value.double()

    return wrapped


@exercise("6.1", "Drop labels", "core", "y, rate, null", _drop_labels, RIVALS, random=True)
def drop_labels(ask: Ask) -> Iterator[Fact]:
    """A hundred batches of labels: what stands for a dropped one, how many go, and which."""
    ask.answer = whole(ask.answer)
    y = torch.stack([labels_of(NULL) for _ in range(CALLS)])
    shown = torch.stack([ask(batch, RATE, NULL, shape=(ROWS,)) for batch in y])
    yield coins(shown, y, NULL)
    some = labels_of(NULL)
    kept = float((ask(some, 0.0, NULL, shape=(ROWS,)) == some).double().mean())
    what = "share of labels that are kept at rate 0"
    yield Fact("wrong share dropped", what, 1.0, kept, LOOK["wrong share dropped"])
