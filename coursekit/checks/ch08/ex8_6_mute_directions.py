"""Exercise 8.6: the directions in which a last layer says nothing."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

CASES = (
    (7, 3, 3, 1.0),
    (6, 4, 2, 1.0),
    (8, 3, 3, 1e-3),
    (4, 6, 4, 1.0),
    (5, 5, 4, 50.0),
    (5, 9, 3, 1.0),
    (4, 4, 4, 1.0),
    (3, 2, 0, 1.0),
)
"""Outputs, hidden width, rank and size of the weights."""


def _directions(weight: Tensor) -> Tensor:
    left, sizes, _ = torch.linalg.svd(weight)
    rank = int((sizes > 1e-5 * sizes.max().clamp(min=1e-30)).sum())
    return left[:, rank:]


def _left(first: Callable[[Tensor, Tensor], int]) -> Callable[[Tensor], Tensor]:
    """The left singular vectors from the one that `first` counts from the sizes."""

    def rule(weight: Tensor) -> Tensor:
        left, sizes, _ = torch.linalg.svd(weight)
        return left[:, first(weight, sizes) :]

    return rule


MISTAKES: dict[str, Mistake] = {
    "number of hidden units taken for the rank": (
        _left(lambda w, s: min(w.shape)),
        "You count as if the columns of the last layer were independent: outputs minus hidden units. If one "
        "column is a combination of others, the network can say even less. What counts is the rank.",
    ),
    "the directions that speak": (
        lambda w: torch.linalg.svd(w)[0][:, : w.shape[0] - _directions(w).shape[1]],
        "You return the directions in which the network *can* answer: they span the columns of the weights. "
        "The mute ones are what is orthogonal to all of them.",
    ),
    "hidden directions": (
        lambda w: torch.linalg.svd(w)[2][w.shape[1] - _directions(w.T).shape[1]:].T,
        "Your directions are those of hidden units that the last layer ignores: they have as many numbers as "
        "there are hidden units. Wanted are directions of the output.",
    ),
    "reduced factor": (
        lambda w: torch.linalg.qr(w)[0],
        "You return an orthonormal basis of what the columns span, which is where the network *can* answer. "
        "The default of torch stops there; what is mute is the rest of the space.",
    ),
    "all singular vectors": (
        lambda w: torch.linalg.svd(w)[0],
        "You return a basis of the whole space: all singular vectors, those that speak among them. Which of "
        "them belong to singular values of zero, or to none?",
    ),
    "singular vectors of the hidden side": (
        lambda w: torch.linalg.svd(w)[2].T,
        "Your vectors have as many numbers as there are hidden units. Wanted are directions of the output: a "
        "decomposition has two sides.",
    ),
    "rows for columns": (
        lambda w: torch.linalg.svd(w)[0][w.shape[0] - _directions(w).shape[1] :],
        "You slice rows of the left singular vectors, and the vectors are the columns. Which axis comes "
        "second?",
    ),
    "a projector": (
        lambda w: _directions(w) @ _directions(w).T,
        "You return the matrix that projects onto the mute directions, with as many columns as outputs. "
        "Wanted is a basis, with one column for each mute direction.",
    ),
    "directions as rows": (
        lambda w: _directions(w).T,
        "Your directions are the rows. Each should be a column, so that `x @ Q` gives a state's coordinates.",
    ),
    "one mute direction": (
        lambda w: torch.linalg.svd(w)[0][:, -1:],
        "You return one direction, however many there are. Count them for the weights of the check: outputs "
        "minus the number of independent columns.",
    ),
}  # fmt: skip
HINT_MUTE = (
    "Your columns are not mute: the last layer answers in them. Multiply its weights, transposed, by your "
    "directions: whatever the hidden units say, zero should come out. Did you take the first vectors where "
    "the last are meant, or those of the other side?"
)
HINT_COUNT = (
    "Weights of {0} outputs and {1} hidden units, with the rank {2}, leave {3} directions mute. Your number "
    "is another. How do you count, and what does it give where columns depend on each other, or where there "
    "are more hidden units than outputs?"
)
HINT_BASIS = (
    "Your directions are mute, but they are not orthonormal: each should have length one, and no two should "
    "have anything in common. Multiply the matrix's transpose by itself, and look."
)


def _answer(student: StudentFunction, weight: Tensor, k: int) -> Tensor:
    """The directions that an answer finds, however many."""
    outputs = len(weight)
    try:
        return student(weight, shape=(outputs, k)).double()
    except Fault as fault:
        value = fault.value if fault.name == "wrong shape" else None
        if value is not None and value.dim() == 2 and len(value) == outputs:
            return value.double()
        raise


def _spoken(weight: Tensor, rank: int, q: Tensor) -> Tensor:
    """Largest share of a direction that lies in what the columns span: 0 for a mute one."""
    spoken = torch.linalg.svd(weight)[0][:, :rank]
    return ((spoken.T @ q).norm(dim=0) / q.norm(dim=0).clamp(min=1e-9)).max()


@exercise("8.6", "Mute directions", "stretch", "weight", _directions, MISTAKES)
def mute_directions(student: StudentFunction) -> Iterator[Fact]:
    """Orthogonal to the columns, as many as there are, orthonormal; for weights of any rank and size."""
    for i, (outputs, hidden, rank, size) in enumerate(CASES):
        weight = size * torch.randn(outputs, rank).double() @ torch.randn(rank, hidden).double()
        weight = weight.float()
        k = outputs - rank
        q = _answer(student, weight, k)
        found = q.shape[1]
        what = f", {outputs} outputs, {hidden} hidden, rank {rank}"
        spoken = _spoken(weight.double(), rank, q) if found and rank else torch.zeros(())
        gram = (q.T @ q - torch.eye(found)).abs().max() if found else torch.zeros(())
        hint = HINT_COUNT.format(outputs, hidden, rank, k)
        facts = [
            Fact("the wrong number", f"mute directions{what}", float(k), float(found), hint, 0.5),
            Fact(
                "not mute",
                f"largest share of one of your directions in what the columns span{what}",
                0.0,
                spoken.clamp(max=1e3),
                HINT_MUTE,
                1e-3,
                0.3,
            ),
            Fact(
                "not orthonormal",
                f"largest entry of Q'Q - 1{what}",
                0.0,
                gram.clamp(max=1e3),
                HINT_BASIS,
                1e-3,
            ),
        ]
        facts = facts if found == k else facts[1::-1] if not facts[1].holds() else facts[:1]
        yield from facts if i < 2 else failing(facts)
        if not all(fact.holds() for fact in facts):
            return
