"""Exercise 6.3: the flow-matching loss with dropped labels."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...training import drop_labels
from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import Function, Mistake, recurring
from ..shared.regression_loss import LossTask, Record, measure, mistakes
from ..shared.schedulers import straight

NULL, RATE, IMAGE = 5, 0.3, (1, 8, 8)
HINTS = {
    "replaced": "Some labels that the network is told are neither those of their images nor the null label. "
    "A label that is dropped becomes `null`, as it is handed over; all others stay what they were, each in "
    "its own row. Print the labels before and after.",
    "share": "The share of labels that are dropped is not `rate`. A number that is uniform between 0 and 1 "
    "lies below `rate` with exactly that probability. How is your coin made, how many coins are there, and "
    "does what you have dropped reach the network?",
    "together": "Labels are dropped in the right share, but not each by a coin of its own: whole batches "
    "go, or always the same rows, or always as many. How many random numbers do you draw in each call, and "
    "how?",
}  # fmt: skip

TASK = LossTask(
    target=lambda s: s.z - s.eps,
    path=lambda y, null, rate: straight,
    given=lambda batch, rows: (torch.randint(NULL, (rows,)), NULL, RATE),
    labels=lambda y, null, rate: drop_labels(y, rate, null),
    batches=((8, IMAGE, 24), (96, IMAGE, 16), (1, IMAGE, 1)),
)


def _labels(record: Record) -> Iterator[Fact]:
    """What stands in place of dropped labels, how many are dropped, and whether each is by itself."""
    y = torch.cat([given[0] for given in record.given])
    other = (record.y != y) & (record.y != NULL)
    real = other & (record.y >= 0) & (record.y < NULL)
    came = torch.stack([real.double().mean(), (other & ~real).double().mean()])
    what = "share of labels that became another class, or no class"
    yield Fact("labels mixed up", what, torch.zeros(2), came, HINTS["replaced"], 1e-3, 0.1)
    gone = (record.y == NULL).double().reshape(len(record.given), -1)
    calls, rows = gone.shape
    together = ((gone.mean(dim=1) - 0.5).abs() == 0.5).double().mean()
    what, hint = "share of batches that lose all labels or none", HINTS["together"]
    yield Fact("labels dropped together", what, 0.0, together, hint, 0.02)
    variance = RATE * (1 - RATE)
    tol = 0.29 if together > 0.02 else margin(10) * (variance / gone.numel()) ** 0.5  # batches are few
    yield Fact("wrong share dropped", f"share dropped at rate {RATE}", RATE, gone.mean(), HINTS["share"], tol)
    if together > 0.02:
        return
    ratio = (gone.mean(dim=1).var() * rows / variance).clamp(max=1.0)
    what = "variance of the number dropped in a batch, over that of coins"
    yield Fact("as many dropped each time", what, 1.0, ratio, hint, 0.95, 0.5)
    ratio = (gone.mean(dim=0).var() * calls / variance).clamp(max=3.0)
    what = "variance of how often a row is dropped, over that of coins"
    yield Fact("same labels each time", what, 1.0, ratio, hint, 1.0)


def dropped(rule: Callable[[Tensor, float, int], Tensor], **parts: Any) -> Function:
    """The loss with another way to drop labels: `rule` of (y, rate, null)."""
    return TASK.loss(labels=lambda y, null, rate: rule(y, rate, null), **parts)


def coins(y: Tensor) -> Tensor:
    """A number between 0 and 1 for each label."""
    return torch.rand(len(y))


def _first(y: Tensor, rate: float, null: int) -> Tensor:
    return torch.where(torch.arange(len(y)) < rate * len(y), null, y)


def _as_many(y: Tensor, rate: float, null: int) -> Tensor:
    return torch.where(torch.randperm(len(y)) < rate * len(y), null, y)


def _image_dropped(net: Any, z: Tensor, y: Tensor, null: int, rate: float) -> Tensor:
    """Black out images in place of labels."""
    kept = torch.rand(len(z), 1, 1, 1) >= rate
    return dropped(lambda y, rate, null: y)(net, kept * z, y, null, rate)


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "one coin for the whole batch": dropped(
                lambda y, rate, null: torch.where(torch.rand(1) < rate, null, y)
            ),
            "dropped with 1 - rate": dropped(lambda y, rate, null: torch.where(coins(y) > rate, null, y)),
            "null label equal to a real class": dropped(
                lambda y, rate, null: torch.where(coins(y) < rate, 0, y)
            ),
        }
    ),
    "never dropped": (
        dropped(lambda y, rate, null: y),
        "No label was ever dropped: all reach the network as they were. Without the null label it never "
        "learns the field of all images together, and guidance has nothing to compare with.",
    ),
    "all dropped": (
        dropped(lambda y, rate, null: torch.full_like(y, null)),
        "Every label was dropped, in every batch, so no class is ever learnt. Each label should be dropped "
        "with probability `rate`, and kept otherwise.",
    ),
    "null label not the one given": (
        dropped(lambda y, rate, null: torch.where(coins(y) < rate, 10, y)),
        "A dropped label becomes a number that is neither a class nor the null label handed over. Is it "
        "written into your function? Another network has another number of classes: use `null`.",
    ),
    "randn for rand": (
        dropped(lambda y, rate, null: torch.where(torch.randn(len(y)) < rate, null, y)),
        "Your coin compares a normal number with `rate`. It lies below a small rate more than half of the "
        "time. A probability asks for numbers that are uniform between 0 and 1.",
    ),
    "same labels each time": (
        dropped(_first),
        "The same rows of the batch are dropped again and again, and others never. Which rows are dropped "
        "has to be left to chance, anew in every call and without a fixed seed.",
    ),
    "as many dropped each time": (
        dropped(_as_many),
        "Every batch loses exactly the same number of labels. So the coins are not independent, and in a "
        "batch of one label nothing could ever be dropped. Let each label decide by a coin of its own.",
    ),
    "image dropped in place of the label": (
        _image_dropped,
        "Every label reaches the network as it was; it is the *image* that you black out now and then. The "
        "network then learns that a label may mean an empty page. It is the label that has to go.",
    ),
    **mistakes(TASK, "times", "velocity"),
}


@exercise(
    "6.3",
    "The loss with dropped labels",
    "core",
    "net, z, y, null, rate",
    TASK.loss(),
    MISTAKES,
    random=True,
    limit=12.0,
)
def guidance_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states, noise and labels that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK, _labels)
