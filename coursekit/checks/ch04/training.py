"""Exercise 4.5: the training loop."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from ...training import fit
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from .learner import Line, Watch, excess, updates_of
from .training_words import LOOK

STEPS, RATE, POINTS, BATCH = 100, 0.1, 2000, 256


def _train(net: nn.Module, loss: Callable[..., Tensor], data: Tensor, steps: int, lr: float) -> Tensor:
    """Train by the loop of coursekit."""
    batch = min(BATCH, len(data))

    def plain(net: nn.Module, z: Tensor, y: Any = None, *, generator: Any = None) -> Tensor:
        return loss(net, z)

    return torch.tensor([step.loss for step in fit(net, plain, data, steps, batch=batch, lr=lr)])


def _stopped(net: Any, loss: Any, data: Tensor, steps: int, lr: float) -> Tensor:
    return _train(net, loss, data, 1, lr)


def _last(net: Any, loss: Any, data: Tensor, steps: int, lr: float) -> Tensor:
    return _train(net, loss, data, steps, lr)[-1]


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "returns before the end": (
        _stopped,
        "Your function returns after the first step: it hands back a single loss. How far is the line with "
        "`return` indented?",
    ),
    "only the last loss": (
        _last,
        "You return the last loss alone. The losses of all steps are asked for: keep each one in a list, "
        "made before the loop.",
    ),
    "one step short": (
        lambda net, loss, data, steps, lr: _train(net, loss, data, steps - 1, lr),
        "You return one loss too few. `steps` is the number of updates: does your loop start at 1 and stop "
        "before `steps`?",
    ),
    "one step too many": (
        lambda net, loss, data, steps, lr: _train(net, loss, data, steps + 1, lr),
        "You return one loss too many. `steps` is the number of updates: how often does your loop run?",
    ),
}


def listed(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let losses come as a list of numbers or a NumPy row as well; something in their place is told."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        kind = type(value)
        if issubclass(kind, nn.Module):
            raise Fault(
                "network returned",
                "Your function returns the network. It is trained in place, so whoever called you has it "
                "already; return the losses of all steps.",
            )
        if _single(value) and _made_of_all(float(value), args[1]):
            raise Fault("one number for all losses", LOOK["one number for all losses"])
        if kind is float or (kind in (list, tuple) and value and all(map(_single, value))):
            return torch.tensor(
                value if kind is float else [float(one) for one in value], dtype=torch.float64
            )
        if kind.__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
            return torch.as_tensor(value)
        return value

    return wrapped


def _single(one: Any) -> bool:
    if issubclass(type(one), Tensor):
        return bool(one.numel() == 1)
    return type(one) in (int, float) or (type(one).__module__ == "numpy" and getattr(one, "size", 0) == 1)


def _made_of_all(value: float, watch: Any) -> bool:
    """Tell whether a number is the mean or the sum of the losses that were watched."""
    seen = watch.values if isinstance(watch, Watch) else []
    return len(seen) > 1 and any(
        abs(value - whole) < 1e-3 * (1e-9 + abs(whole)) for whole in (sum(seen), sum(seen) / len(seen))
    )


def _named(name: str, what: str, expected: float, came: float, tol: float, wanted: str = "") -> Fact:
    return Fact(name, what, expected, came, LOOK[name], tol, expected_text=wanted)


@exercise(
    "4.5",
    "The training loop",
    "core",
    "net, loss, data, steps, lr",
    _train,
    MISTAKES,
    random=True,
    limit=20.0,
    double=True,
)
def train(student: StudentFunction) -> Iterator[Fact]:
    """Three weights to be learnt: what each step was given and did, and how near they came; then lr."""
    student.answer = listed(student.answer)
    data = 1.5 + 0.5 * torch.randn(POINTS, 1, dtype=torch.float64)
    net = Line()
    # Torch imports a good deal with the first optimiser; on a busy computer that is not the answer's time.
    torch.optim.SGD(net.parameters(), lr=RATE)
    watch = Watch(net)
    with updates_of(net) as updates:
        losses = student(net, watch, data, STEPS, RATE, shape=(STEPS,)).double()
    yield from _calls(watch)
    if len(watch.values) == 1:
        return
    left = excess(net, data)
    if watch.strangers == 0 and len(watch.values) == STEPS:
        yield from _batches(watch, data)
        yield from _updates(watch, left, len(updates))
    what = "part of the excess loss that is left"
    yield _named("uphill" if left > 1.2 else "not trained", what, 0.0, left, 0.05, "at most 0.05")
    seen = torch.tensor(watch.values, dtype=torch.float64)
    apart = float((losses - seen).abs().max()) if len(seen) == STEPS else 1e3
    what = "error of the losses returned"
    yield _named("losses not those of the steps", what, 0.0, min(apart, 1e3), 1e-3)
    other = Line()
    before = other.weight.detach().clone()
    student(other, Watch(other), data, 4, 1e-6, shape=(4,))
    moved = float((other.weight.detach() - before).abs().max())
    yield _named("lr not used", "way of a weight with a tiny lr", 0.0, moved, 1e-3, "below 0.001")


def _calls(watch: Watch) -> Iterator[Fact]:
    count = len(watch.values)
    name = "loss computed once" if count == 1 else "steps miscounted"
    yield _named(name, "losses computed", STEPS, count, 0.5)
    share = watch.strangers / max(count, 1)
    yield _named("trains a copy", "share with another network", 0.0, share, 1e-3)


def _batches(watch: Watch, data: Tensor) -> Iterator[Fact]:
    size = sum(map(len, watch.batches)) / STEPS / POINTS
    yield _named("whole data set in each step", "part of the data in a step", 0.0, size, 0.5, "at most 0.5")
    if size > 0.5:
        return
    pairs = zip(watch.batches, watch.batches[1:], strict=False)
    same = sum(a.shape == b.shape and bool((a == b).all()) for a, b in pairs) / (STEPS - 1)
    yield _named("same batch each time", "share of batches that repeat", 0.0, same, 0.5)
    known = torch.isin(torch.cat(watch.batches).double(), data).double().mean()
    yield _named("not the data", "share of rows from the data", 1.0, float(known), 1e-3)
    if known == 1:
        yield from _rows(watch, data)


def _rows(watch: Watch, data: Tensor) -> Iterator[Fact]:
    """How many rows a batch has, how much of the data is ever drawn, and in which order."""
    ordered, places = data[:, 0].sort()
    rows = [places[torch.searchsorted(ordered, z[:, 0].double())] for z in watch.batches]
    size = sum(map(len, rows)) / STEPS
    if abs(size - BATCH) > 8:  # the last batch of a round through the data may be shorter
        yield _named("batch of another size", "rows in a batch", BATCH, size, 8)
    share = len(torch.cat(rows).unique()) / POINTS
    yield _named("only a part of the data", "share of the data ever drawn", 1.0, share, 0.05)
    steps = torch.cat([numbers.diff() for numbers in rows])
    follow = float((steps == 1).double().mean()) if len(steps) else 0.0
    if follow > 0.5:
        yield _named("rows in order", "share of rows that follow their neighbour in `data`", 0.0, follow, 0.5)


def _stands_still(watch: Watch, updates: int) -> str:
    """Why the weights never change."""
    if watch.held:
        return "gradients cleared too early" if updates else "no optimiser step"
    return "new tensors for the weights" if watch.asked else "no backward"


def _updates(watch: Watch, left: float, updates: int) -> Iterator[Fact]:
    """Whether the weights move in every step, along the gradient of that step, with a steady optimiser."""
    trail = torch.stack([*watch.weights, watch.net.weight.detach()])
    moves = trail.diff(dim=0)
    moved = float((moves.abs().max(dim=1).values > 0).double().mean())
    late = moved and not bool(moves[0].any()) and bool(moves[1:].any(dim=1).all())
    some = "update before the gradient" if late else "weights stand still"
    name = some if moved else _stands_still(watch, updates)
    yield _named(name, "share of steps that move weights", 1.0, moved, 0.005)
    if not moved:
        return
    if updates > STEPS:
        what = "updates for each loss"
        yield _named("several updates in a step", what, 1.0, updates / STEPS, 0.005)
    if len(watch.held) == len(watch.own) == STEPS:
        along = torch.cosine_similarity(torch.stack(watch.held), torch.stack(watch.own)).abs()
        aside = float((along < 0.999).double().mean())
        what = "share of gradients mixed with older ones"
        yield _named("gradients add up", what, 0.0, aside, 0.05)
    if left > 1.2:
        return
    lengths = moves.abs()
    alike = (lengths - lengths[0, 0]).abs() < 0.05 * lengths[0, 0]
    what = "share of steps of one length"
    yield _named("optimiser made anew", what, 0.0, float(alike.all(dim=1).double().mean()), 0.5)
