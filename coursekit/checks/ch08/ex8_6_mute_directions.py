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
    (8, 3, 3, 1e-6),
    (4, 6, 4, 1.0),
    (5, 5, 4, 1e4),
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
        "You count as if the columns of the last layer were independent. If one column is a combination of "
        "others, the network can say even less: what counts is the rank. If you do count singular values, "
        "mind that rounding leaves none of them at exactly zero.",
    ),
    "singular vectors that are not there": (
        lambda w: (lambda u, s: u[:, s <= 1e-5 * s.max()])(*torch.linalg.svd(w, full_matrices=False)[:2]),
        "You look for the mute directions among as many vectors as there are hidden units or outputs, "
        "whichever are fewer. Those that no hidden unit speaks in are not among them: a decomposition can "
        "be asked for in full.",
    ),
    "the first columns of QR": (
        lambda w: torch.linalg.qr(w, mode="complete")[0][:, w.shape[0] - _directions(w).shape[1] :],
        "You take the columns of the weights in their order, as QR does. If one of them depends on those "
        "before it, the vector in its place points anywhere, and a later one still speaks: the mute ones "
        "need not come last. Which decomposition sorts by size?",
    ),
    "one direction too many": (
        _left(lambda w, s: max(w.shape[0] - _directions(w).shape[1] - 1, 0)),
        "You return one direction too many, the last of those in which the network answers. Python counts "
        "from zero: with three that speak, which index has the first mute one? If you count singular "
        "values, is one of them taken for zero that is only smaller than others?",
    ),
    "one direction too few": (
        _left(lambda w, s: w.shape[0] - _directions(w).shape[1] + 1),
        "You return one direction too few: the first mute one is left out. Python counts from zero: with "
        "three that speak, which index has the first mute one?",
    ),
    "all where none is mute": (
        lambda w: torch.linalg.svd(w)[0][:, -_directions(w).shape[1] :],
        "Where there is no mute direction, you return all directions. A slice that begins at minus nothing "
        "begins at the start: count from the front.",
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
    "Weights of {0} outputs and {1} hidden units, with the rank {2}, leave {3} directions mute, and you "
    "return {4}. {5}"
)
HINT_ZERO = (
    "Here all weights are zero, as those of a network's last layer often are before training. What is then "
    "the largest singular value, what does your line make of a division by it, and is anything above zero?"
)
HINT_MANY = (
    "Here are more hidden units than outputs. What is mute is a matter of the outputs: how many singular "
    "values are there, and how many of them are above zero?"
)
HINT_DEPEND = (
    "Here columns depend on each other, so some singular values are zero but for rounding. The weights are "
    "in single precision: with what do you compare?"
)
HINT_FULL = (
    "Here no column depends on others, and each of them speaks in one direction of its own. Print the "
    "singular values: which of them do you take for zero, and which indices does your slice keep?"
)
HINT_SIZE = (
    "These weights are like others that went well, but {0} as a whole. Weights times a number have the same "
    "mute directions: is what counts as zero a fixed number in your function, where it should be a small "
    "share of the largest singular value?"
)
HINT_BASIS = (
    "Your directions are mute, but they are not orthonormal: each should have length one, and no two should "
    "have anything in common. Multiply the matrix's transpose by itself, and look."
)


def _count(outputs: int, hidden: int, rank: int, found: int) -> str:
    """What to say of a wrong number of directions: how many there are, and what is special in this case."""
    special = HINT_ZERO if rank == 0 else HINT_MANY if hidden > outputs else HINT_DEPEND
    special = HINT_FULL if rank == min(outputs, hidden) else special
    return HINT_COUNT.format(outputs, hidden, rank, outputs - rank, found, special)


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


@exercise("8.6", "Mute directions", "stretch", "weight", _directions, MISTAKES, may_draw=True)
def mute_directions(student: StudentFunction) -> Iterator[Fact]:
    """Orthogonal to the columns, as many as there are, orthonormal; for weights of any rank and size."""
    for i, (outputs, hidden, rank, size) in enumerate(CASES):
        mix = torch.randn(rank, hidden).double()
        if rank < hidden:  # what depends on other columns is not always the last of them
            mix[:, 1] = mix[:, 0]
        weight = size * torch.randn(outputs, rank).double() @ mix
        weight = weight.float()
        k = outputs - rank
        q = _answer(student, weight, k)
        found = q.shape[1]
        what = f", {outputs} outputs, {hidden} hidden, rank {rank}"
        spoken = _spoken(weight.double(), rank, q) if found and rank else torch.zeros(())
        gram = (q.T @ q - torch.eye(found)).abs().max() if found else torch.zeros(())
        name, hint = "the wrong number", _count(outputs, hidden, rank, found)
        if size != 1:
            name, hint = "a fixed threshold", HINT_SIZE.format("small" if size < 1 else "large")
        facts = [
            Fact(name, f"mute directions{what}", float(k), float(found), hint, 0.5),
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
        if found != k:
            speaks = size == 1 and not facts[1].holds()
            facts = facts[1::-1] if speaks else facts[:1]
        yield from facts if i < 2 else failing(facts)
        if not all(fact.holds() for fact in facts):
            if i == 0:  # once more with other weights: an answer that is always the same is told so
                _answer(student, weight.flip(0), k)
            return
