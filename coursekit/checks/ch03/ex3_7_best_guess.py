"""Exercise 3.7, find the bug: the mean of the data points behind each state."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike
from ..shared.quiet import failing
from .common import Density, rows, scalar

Shares = Callable[[Tensor], Tensor]
"""Weights from a table of exponents (batch, points)."""


def _guess(shares: Shares) -> Density:
    """Mean of the data points, weighted by shares that are made from the exponents of their clouds."""

    def rule(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        squared = (x[:, None] - alpha * points).square().sum(-1)
        return shares(-squared / (2 * beta**2)) @ points

    return rule


def shifted(shift: Shares, divide: Shares = lambda parts: parts / parts.sum(1, keepdim=True)) -> Shares:
    """Exponentials after a shift, then divided."""
    return lambda logs: divide((logs - shift(logs)).exp())


def _patched(logs: Tensor) -> Tensor:
    """The friend's weights, and where they are not numbers the likeliest data point."""
    shares = shifted(torch.max)(logs)
    return torch.where(shares.isnan(), torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]), shares)


_reference = _guess(lambda logs: logs.softmax(1))
MISTAKES: dict[str, Mistake] = {
    "the bug is still there": (
        _guess(shifted(torch.max)),
        "The bug is still there: each state has the right guess when it is alone, but in a batch some states "
        "lose all of their weights, and zero divided by zero is not a number. What does one state get to "
        "know about the others, in which line? Look at the shape of each intermediate result.",
    ),
    "covered up": (
        _guess(shifted(torch.max, lambda parts: parts / (parts.sum(1, keepdim=True) + 1e-12))),
        "The `nan` is gone, but the guess that has taken its place is wrong: the weights of such a state are "
        "all zero, and what you changed only hides it. Go one line further up: why do all of its weights "
        "vanish, although one data point is much likelier than the others?",
    ),
    "no shift at all": (
        _guess(shifted(lambda logs: torch.zeros(1))),
        "Without any shift a state is lost even when it is alone, if it is far from all data points: all of "
        "its exponentials vanish. The shift has its purpose; it only takes the wrong number out.",
    ),
    "largest of each column": (
        _guess(shifted(lambda logs: logs.max(0, keepdim=True).values)),
        "You take the largest number of each *column* out, so every data point has a shift of its own, and "
        "that does not cancel in the quotient. A state may be shifted as you like, as long as the shift is "
        "the same for all of its data points.",
    ),
    **alike(
        "Your weights add up to one over the states of the batch. They are to say which *data point* is "
        "behind a state: along which axis of the table do the data points stand?",
        {
            "normalised over the states": _guess(lambda logs: logs.softmax(0)),
            "sum over all states": _guess(shifted(torch.max, lambda parts: parts / parts.sum(0))),
            "shift of each state, sum over all states": _guess(
                shifted(lambda logs: logs.max(1, keepdim=True).values, lambda parts: parts / parts.sum(0))
            ),
        },
    ),
    "nearest point in the holes": (
        _guess(_patched),
        "The `nan` is gone, but in its place stands the likeliest data point alone. A state can be far from "
        "all data points and still halfway between two of them; then both count. Go further up: why do all "
        "weights of such a state vanish?",
    ),
    "nearest point only": (
        _guess(lambda logs: torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]).to(logs)),
        "Your guess is the likeliest data point alone. Early in time many points are nearly as likely, and "
        "the mean over them is asked of the function: each counts by its weight.",
    ),
}
HINT_LINE = (
    "For two data points at -1 and 1 the guess is known in closed form, a hyperbolic tangent of the state. "
    "The function had this right before you changed it: what else than the bug has changed?"
)
HINT_START = (
    "With `alpha` zero the state says nothing, and the guess has to be the mean of all data points. Do the "
    "weights of each state still add up to one over the data points?"
)
HINT_TOGETHER = (
    "Alone these states have the right guess, together they do not. Something in the function lets one "
    "state depend on the others: look for a reduction over the whole table, or over the wrong axis. A bound, "
    "or a small number that is added, only hides it."
)
HINT_ALONE = (
    "A state far from all data points has lost its guess, even alone. All of its exponentials vanish, or "
    "become infinite, unless the right number is taken out of its exponents first: which one makes the "
    "largest of them exactly one?"
)


@exercise("3.7", "Find the bug: holes in a picture", "core", "x, points, alpha, beta", _reference, MISTAKES)
def best_guess(student: StudentFunction) -> Iterator[Fact]:
    """A closed form on the line, the start, states alone and together, near and far."""
    ends = rows((1.0,), (-1.0,))
    x = torch.tensor([[-0.8], [-0.2], [0.1], [0.5]]).double()
    alpha, beta = scalar(0.6), scalar(0.7)
    got = student(x, ends, alpha, beta, shape=(4, 1)).double()
    right = torch.tanh(alpha * x / beta**2)
    yield Fact("wrong on the line", "guesses for data points at -1 and 1", right, got, HINT_LINE)
    points = rows((1.0, 0.5), (-1.5, 1.0), (0.0, -2.0))
    x = rows((0.3, 0.1), (-1.0, 1.0), (0.5, -1.5), (2.0, 2.0))
    start = student(x, points, scalar(0.0), scalar(1.0), shape=(4, 2))
    what = "guesses with alpha = 0, where all data points are equally likely"
    yield Fact("wrong at the start", what, points.mean(0).expand(4, 2), start, HINT_START)
    alpha, beta = scalar(0.7), scalar(0.6)
    alone = torch.cat([student(row[None], points, alpha, beta, shape=(1, 2)) for row in x])
    together = student(x, points, alpha, beta, shape=(4, 2))
    yield Fact(
        "states mixed up",
        "guesses for four states near the data, in one batch",
        alone,
        together,
        HINT_TOGETHER,
    )
    alpha, beta = scalar(0.9), scalar(0.05)
    far = torch.cat([alpha * points[:1], rows((-3.0, 2.0), (0.2, -4.0))])  # the nearest point is plain
    alone = torch.cat([student(row[None], points, alpha, beta, shape=(1, 2), finite=False) for row in far])
    what = "guesses on a data point, and at two states far from all of them, one at a time"
    yield Fact("lost far out", what, points, alone, HINT_ALONE)
    together = student(far, points, alpha, beta, shape=(3, 2), finite=False)
    yield Fact(
        "states mixed up", "guesses for the same three states in one batch", points, together, HINT_TOGETHER
    )
    points, odds = rows((1.0, 1.0), (1.0, -1.0), (0.0, 0.0)), torch.tensor(1.5).double()
    # The log-odds of the first two at height y are 2 alpha y / beta²: near the middle line, 0.6 to 0.4.
    aside = torch.stack([scalar(3.0), beta**2 / (2 * alpha) * odds.log()])[None]
    company = torch.cat([points[2:], aside])
    right = rows((0.0, 0.0), (1.0, 0.2))
    got = student(company, points, alpha, beta, shape=(2, 2), finite=False)
    what = "guesses on a data point, and far out about halfway between two others, in one batch"
    yield Fact("states mixed up", what, right, got, HINT_TOGETHER, 3e-3)
    space = torch.randn(5, 3, dtype=torch.float64)
    alpha, beta = scalar(0.5), scalar(0.8)
    one = torch.ones(2, 3, dtype=torch.float64)
    got = student(space[:2], one[:1], alpha, beta, shape=(2, 3))
    yield from failing([Fact("wrong at the start", "guesses for a single data point", one, got, HINT_START)])
