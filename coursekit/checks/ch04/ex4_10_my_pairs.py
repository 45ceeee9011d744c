"""Exercise 4.10: noise paired with data so that the lines between them cross less."""

import math
from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any

import torch
from torch import Tensor

from ...distributions import Chessboard
from ...training import minibatch_ot
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

BATCH, BATCHES = 96, 24
BOUND = 0.95
"""Smallest gain that passes: more than sorting reaches, and more than taking the nearest in turn."""

Coupling = Callable[[Tensor, Tensor], Tensor]


def _nearest(z: Tensor, eps: Tensor) -> Tensor:
    return eps[torch.cdist(z, eps).argmin(1)]


def _sorted_by(number: Callable[[Tensor], Tensor]) -> Coupling:
    """Pairs of equal rank in some number of a state."""
    return lambda z, eps: eps[number(eps).argsort()][number(z).argsort().argsort()]


def _in_turn(z: Tensor, eps: Tensor) -> Tensor:
    """Each data point takes the nearest noise that is left."""
    distances, order = torch.cdist(z, eps), []
    for row in distances:
        order.append(int(row.argmin()))
        distances[:, order[-1]] = math.inf
    return eps[order]


MISTAKES: dict[str, Mistake] = {
    "farthest pairs": (
        lambda z, eps: -minibatch_ot(z, -eps),
        "Your pairs are as long as they can be: the noise is sent to the far side. Look for a sign, or for "
        "a maximum where a minimum is meant.",
    ),
    "no better than chance": (
        lambda z, eps: eps[torch.randperm(len(eps))],
        "Your pairs are no better than random ones. Does what you sort or choose by say how far apart "
        "partners are? Or is the order used the wrong way round: if row i of the data goes with row k of "
        "the noise, which of the two numbers belongs inside the brackets behind `eps`?",
    ),
    "nearest noise": (
        _nearest,
        "Each data point takes the noise that is nearest to it, so some noise is taken several times and "
        "some never. The noise is then no longer normal. Each row of it may be used once.",
    ),
    "data for noise": (
        lambda z, eps: minibatch_ot(eps, z),
        "You return rows of `z`, the data, in another order. The rows of the noise are asked for: the data "
        "stay where they are, and each row of them gets a partner.",
    ),
    "coordinates torn apart": (
        lambda z, eps: eps.sort(dim=0).values.gather(0, z.argsort(dim=0).argsort(dim=0)),
        "You sort each coordinate by itself, so the rows that you return were never drawn: their "
        "coordinates come from different states. Move whole rows.",
    ),
    "one axis only": (
        _sorted_by(lambda x: x[:, 0]),
        "Your pairs are as good as after sorting data and noise along one direction. That helps along this "
        "direction alone: across it, partners are still paired at random. What could count both?",
    ),
}
HINT_ROWS = (
    "What you return is not the noise in another order: rows are missing, repeated, changed or drawn anew. "
    "The noise has to stay what it was, as a set, or the path no longer starts from a normal law. (Is a "
    "row written over before it has been copied to its new place?)"
)
HINT_GAIN = (
    "Your pairs are not short enough yet: the gain says how far you have come from random pairs towards the "
    "shortest. Draw a batch with its lines, and look for the longest of them: what would have to change for "
    "them to become shorter, and who would pay for it?"
)


def _cost(z: Tensor, eps: Tensor) -> float:
    return float((z - eps).double().square().sum(1).mean())


def gain(pairing: Coupling, batches: int = BATCHES) -> tuple[float, float]:
    """Share of the possible shortening that a pairing reaches on batches of the chessboard.

        (random - yours) / (random - optimal),   each the mean squared distance between partners

    0 for pairs at random, 1 for the solution of the assignment problem.

    Args:
        pairing: called as pairing(z, eps) on tensors (96, 2); rearranges the rows of eps.
        batches: how many batches, at least 2.
    Returns:
        The share over all batches, and its standard error from the spread over batches.
    """
    rows = []
    for _ in range(batches):
        z, eps = _batch()
        # The mean over all pairs is what random orders cost on average, without their chance.
        chance = _cost(z, eps.mean(0)) + float(eps.var(0, unbiased=False).sum())
        rows.append((chance - _cost(z, pairing(z, eps)), chance - _cost(z, minibatch_ot(z, eps))))
    won, possible = torch.tensor(rows, dtype=torch.float64).T
    share = float(won.sum() / possible.sum())
    error = (won - share * possible).std() / possible.mean() / math.sqrt(batches)
    return share, float(error)


@cache
def ladder() -> dict[str, float]:
    """Gains of ways to pair, from small to large, and the gain that passes."""
    ways: dict[str, Coupling] = {
        "sorted by one coordinate": _sorted_by(lambda x: x[:, 0]),
        "sorted by angle": _sorted_by(lambda x: torch.atan2(x[:, 1], x[:, 0])),
        "each takes the nearest that is left": _in_turn,
    }
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        gains = {name: gain(way, 200)[0] for name, way in ways.items()}
    return {"at random": 0.0} | gains | {"enough to pass": BOUND, "the shortest pairs possible": 1.0}


def _batch() -> tuple[Tensor, Tensor]:
    z = Chessboard().sample(BATCH)
    return z, torch.randn_like(z)


def _rows_of(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Notice an order that is returned in place of the rows in that order."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        kind = type(value)
        numbers = issubclass(kind, Tensor) and value.dim() == 1 and not value.is_floating_point()
        numbers |= kind.__module__ == "numpy" and getattr(value, "ndim", 0) == 1 and value.dtype.kind == "i"
        if numbers or (kind is list and value and all(type(row) is int for row in value)):
            raise Fault(
                "order returned",
                "Your function returns numbers of rows: the order itself. The rows of the noise are asked "
                "for, put in this order.",
            )
        return value

    return wrapped


@exercise("4.10", "Better pairs", "open", "z, eps", minibatch_ot, MISTAKES, limit=20.0, may_draw=True)
def my_pairs(student: StudentFunction) -> Iterator[Fact | str]:
    """Whether the rows are still those of the noise, in two shapes, and how much shorter the lines become."""
    student.answer = _rows_of(student.answer)
    for z, eps in (_batch(), (torch.randn(61, 3), torch.randn(61, 3))):
        given = student(z, eps, shape=tuple(eps.shape)).double()
        alike = (given[:, None] - eps).abs() < 1e-6
        used = float(alike.all(2).any(0).double().mean())
        numbers = float((given[..., None] - eps.flatten()).abs().min(-1).values.lt(1e-6).double().mean())
        what = "share of the rows of noise that are used, and of numbers that are noise"
        came = torch.tensor([used, numbers])
        yield Fact("not the same noise", what, torch.ones(2), came, HINT_ROWS, 1e-6, 0.15)
        if used < 1:
            yield from _changed(given, z, eps)
            student(*_batch(), shape=(BATCH, 2))  # other data: an answer that never changes shows
            return
    share, error = gain(lambda z, eps: student(z, eps, shape=(BATCH, 2)))
    what = "gain, from 0 for pairs at random to 1 for the best"
    yield Fact("gain too small", what, 1.0, share, HINT_GAIN, 1 - BOUND, 0.1, f"at least {BOUND:g}")
    if share >= BOUND:
        yield (
            f"Your gain is {share:.3f}, standard error {error:.3f}, over {BATCHES} batches of {BATCH}. The "
            "solver of the assignment problem has 1; it needs about the cube of the batch in time."
        )


def _changed(given: Tensor, z: Tensor, eps: Tensor) -> Iterator[Fact]:
    """What rows come in place of the noise: that which is nearest to each data point, or data."""
    best, nearest = (
        float((rows == each).all(1).double().mean())
        for rows, each in ((minibatch_ot(z, eps), _nearest(z, eps)), (given, _nearest(z, eps)))
    )
    what = "share of data points with the noise that is nearest"
    yield Fact("not the same noise", what, best, nearest, HINT_ROWS, 0.05)
    data = float((given[:, None] == z).all(2).any(1).double().mean())
    yield Fact("not the same noise", "share of rows that are data", 0.0, data, HINT_ROWS, 0.05)
