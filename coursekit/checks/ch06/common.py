"""A network that is told labels and keeps a record, and what a record of labels says about dropping them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.facts import Fact, margin
from ..core.faults import Fault, described

Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What a network answers: states (rows, *event), times and labels (rows, 1, …, 1) -> (rows, *event)."""
CALLS, ROWS, RATE = 100, 64, 0.3
"""Batches of labels, labels in each, and the rate at which they are to be dropped."""
TESTS = 2 + ROWS
"""Statistical numbers in the facts about dropped labels; they share the family's level."""


@dataclass(frozen=True)
class Call:
    """One call of a network: states, times (rows,) and labels (rows,)."""

    x: Tensor
    t: Tensor
    y: Tensor


class LabelledNet(nn.Module):
    """A network with a rule for its answers and an offset to be differentiated, that keeps a record.

    Args:
        rule: its answers, before the offset.
        event: shape of one state.
        null: the label that means "no label given".
    """

    def __init__(self, rule: Rule, event: tuple[int, ...], null: int) -> None:
        super().__init__()
        self.rule, self.event, self.null = rule, event, null
        self.offset = nn.Parameter(torch.zeros(event, dtype=torch.float64))
        self.calls: list[Call] = []

    def forward(self, *given: object) -> Tensor:
        """Answer to states (rows, *event), times and labels (rows,), in the precision of the states."""
        x, t, y = self._checked(*given)
        axes = (-1, *[1] * len(self.event))
        self.calls.append(Call(x.detach().double().clone(), t.clone(), y.clone()))
        answer = self.rule(x.double(), t.reshape(axes), y.double().reshape(axes)) + self.offset
        return answer.to(x.dtype)

    def _checked(self, *given: object) -> tuple[Tensor, Tensor, Tensor]:
        if len(given) != 3:
            raise _misused(f"{len(given)} arguments", "It takes three: the states, the time and the labels.")
        x, t, y = given
        if not isinstance(x, Tensor) or x.shape[1:] != self.event:
            wanted = ", ".join(["batch", *map(str, self.event)])
            raise _misused(f"{described(x)} as its first argument", f"It takes states of shape ({wanted}).")
        if not isinstance(y, Tensor) or y.shape != x.shape[:1] or y.is_floating_point():
            what = described(y) + (" of decimal numbers" if isinstance(y, Tensor) else "")
            raise _misused(
                f"{what} as its third argument", f"It takes whole-number labels of shape ({len(x)},) there."
            )
        if isinstance(t, int | float) and not isinstance(t, bool):
            return x, torch.full((len(x),), float(t), dtype=torch.float64), y
        if isinstance(t, Tensor) and (t.numel() == 1 or t.shape[:1] == (len(x),) == (t.numel(),)):
            return x, t.detach().double().reshape(-1).expand(len(x)), y
        raise _misused(
            f"{described(t)} as its second argument",
            "It takes the states first and the time second: a number, or one time for each state.",
        )


Told = LabelledNet


def _misused(what: str, advice: str) -> Fault:
    return Fault("net misused", f"Your function calls `net` with {what}. {advice}")


def labels_of(classes: int, n: int = ROWS) -> Tensor:
    """Labels, by chance."""
    return torch.randint(classes, (n,))


HINTS = {
    "never dropped": (
        "No label was ever dropped: all came back as they were. Without the null label the network never "
        "learns the field of all images together, and guidance has nothing to compare with."
    ),
    "all dropped": (
        "Every label was dropped, in every batch, so no class is ever learnt. Each label should be dropped "
        "with probability `rate`, and kept otherwise."
    ),
    "one coin for the whole batch": (
        "Whole batches are dropped or kept: one coin decides for all labels at once. Every label needs a "
        "coin of its own, so draw as many random numbers as there are labels."
    ),
    "null label equal to a real class": (
        "A dropped label becomes one that belongs to a real class. Then this class is shown images of all "
        "kinds, and nothing stands for no label at all. Which label is `null`?"
    ),
    "null label not the one given": (
        "A dropped label becomes a number that is neither a class nor the null label handed over. Is it "
        "written into your function? Another network has another number of classes: use `null`."
    ),
    "labels mixed up": (
        "Labels that are not dropped should stay what they were, each in its own row. In yours some turn "
        "into other labels. Which operation moves or changes the ones that are kept?"
    ),
    "dropped with 1 - rate": (
        "You keep labels with probability `rate` and drop the others; it should be the other way round. "
        "For small rates nearly all labels are lost. Turn the comparison round."
    ),
    "randn for rand": (
        "Your coin compares a normal number with `rate`. It lies below a small rate more than half of the "
        "time. A probability asks for numbers that are uniform between 0 and 1."
    ),
    "wrong share dropped": (
        "Your share of dropped labels is not `rate`. A number that is uniform between 0 and 1 lies below "
        "`rate` with exactly that probability. How is your coin made?"
    ),
    "same labels each time": (
        "The same rows of the batch are dropped again and again, and others never. Which rows are dropped "
        "has to be left to chance, anew in every call and without a fixed seed."
    ),
    "fixed number dropped": (
        "Every batch loses exactly the same number of labels. So the coins are not independent, and in a "
        "batch of one label nothing could ever be dropped. Let each label decide by a coin of its own."
    ),
    "one coin for several labels": (
        "The number of dropped labels changes too much from batch to batch: some labels are dropped or kept "
        "together, by one coin. Every label needs a coin of its own. How many do you toss?"
    ),
}
LOOK = HINTS


def coins(shown: Tensor, y: Tensor, null: int) -> Fact:
    """What labels (calls, rows) after dropping say, beside those before: the first fact that does not hold.

    If all do, the share of the labels dropped.
    """
    facts = [*_replaced(shown, y, null), *_counted((shown != y).double())]
    wrong = [fact for fact in facts if not fact.holds()]
    return wrong[0] if wrong else next(fact for fact in facts if fact.name == "wrong share dropped")


def _named(name: str, what: str, expected: float, came: float, tol: float, near: float = 1.0) -> Fact:
    return Fact(name, what, expected, came, HINTS[name], tol, near)


def _replaced(shown: Tensor, y: Tensor, null: int) -> Iterator[Fact]:
    """What stands in place of labels that are gone."""
    strange = shown[(shown != y) & (shown != null)]
    values = strange.unique()
    if len(values) == 1:
        name = (
            "null label equal to a real class" if 0 <= int(values) < null else "null label not the one given"
        )
        yield _named(name, "label in place of dropped ones", null, float(values), 0.1, 1e3)
    share = len(strange) / shown.numel()
    yield _named("labels mixed up", "share of labels that became others", 0.0, share, 1e-3)


def _counted(gone: Tensor) -> Iterator[Fact]:
    """How many labels are gone, whether they go together, and which rows they stand in."""
    none, every = ((gone.mean(1) == end).double().mean().item() for end in (0, 1))
    name = (
        "never dropped"
        if none > 0.95
        else "all dropped"
        if every > 0.95
        else "one coin for the whole batch"
        if none + every > 0.9
        else "one coin for several labels"
    )
    yield _named(name, "share of batches that lose all labels or none", 0.0, none + every, 0.02)
    share, sigma = float(gone.mean()), math.sqrt(RATE * (1 - RATE) / gone.numel())
    tol = (
        margin(TESTS) * math.sqrt(RATE * (1 - RATE) / len(gone)) + 0.02
    )  # a tail a little heavier than normal
    what = "largest gap between the drops of a row and those of all"
    away = float((gone.mean(dim=0) - share).abs().max())
    yield _named("same labels each time", what, 0.0, away, tol)
    halfway = 0.5 * (1 + math.erf(RATE / math.sqrt(2)))
    others = {"dropped with 1 - rate": 1 - RATE, "randn for rand": halfway}
    name = next((n for n, s in others.items() if abs(share - s) < 5 * sigma), "wrong share dropped")
    yield _named(name, f"share of labels dropped at rate {RATE}", RATE, share, margin(TESTS) * sigma)
    ratio = float(gone.mean(1).var() * gone.shape[1] / (RATE * (1 - RATE)))
    name = "one coin for several labels" if ratio > 1 else "fixed number dropped"
    what = "variance of the number of drops in a batch, over that of independent coins"
    # Twice the normal tolerance above, where the law of a variance has the longer tail.
    tol = min(0.95, 1.5 * margin(TESTS) * math.sqrt(2 / len(gone)))
    yield _named(name, what, 1.0, ratio, tol)
