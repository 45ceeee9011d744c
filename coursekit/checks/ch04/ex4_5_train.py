"""Exercise 4.5: the training loop, and a smoothed copy of the network."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from ...training import fit
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.quiet import failing
from .common import column_of, matching_loss

STEPS, RATE, POINTS, BATCH = 100, 0.1, 2000, 256
DECAY = 0.98
"""So slow that after all steps an eighth of the copy is still the start."""
EXACT = 1e-4
"""Rounding, a hundredfold: an average that is one update behind is twenty times as far off, or more."""
WEIGHTS = "three weights of the smoothed network"


def _train(
    net: Any,
    loss: Callable[..., Tensor],
    data: Tensor,
    steps: int,
    lr: float,
    decay: float,
    finish: Callable[[Tensor, Any, Any], Any] = lambda losses, smooth, net: (losses, smooth),
) -> Any:
    """Train by the loop of coursekit, with a copy that follows."""

    def plain(net: Any, z: Tensor, y: Any = None, *, generator: Any = None) -> Tensor:
        return loss(net, z)

    smooth, losses = copy.deepcopy(net).requires_grad_(False), []
    for step in fit(net, plain, data, steps, batch=BATCH, lr=lr):
        losses.append(step.loss)
        for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
            average.lerp_(weight.detach(), 1 - decay)
    return finish(torch.tensor(losses), smooth, net)


def _other(**changes: Any) -> Callable[..., Any]:
    """The loop with another average, or another result."""
    return lambda *given: _train(*given, **changes)


def _steps(number: Callable[[int], int]) -> Callable[..., Any]:
    return lambda net, loss, data, steps, lr, decay: _train(net, loss, data, number(steps), lr, decay)


MISTAKES: dict[str, Mistake] = {
    "returns before the end": (
        _steps(lambda steps: 1),
        "Your function returns after the first step: it hands back a single loss. How far is the line with "
        "`return` indented?",
    ),
    "only the last loss": (
        _other(finish=lambda losses, smooth, net: (losses[-1], smooth)),
        "You return the last loss alone. The losses of all steps are asked for: keep each one in a list, "
        "made before the loop.",
    ),
    "one step short": (
        _steps(lambda steps: steps - 1),
        "You return one loss too few. `steps` is the number of updates: does your loop start at 1 and stop "
        "before `steps`?",
    ),
    **recurring({"one step too many": _steps(lambda steps: steps + 1)}),
    "steps not used": (
        _steps(lambda steps: STEPS),
        "Your loop runs the same number of times however many `steps` are asked for. Where does that "
        "argument come into your function?",
    ),
}
HINTS = {
    "loss not used": (
        "The `loss` that was handed over was never computed. The same loop should train with any loss, so "
        "it calls the one it is given, with the network and a batch."
    ),
    "loss computed once": (
        "The loss was computed once, not once in every step. It belongs inside the loop: the weights have "
        "changed since, and a new batch needs a new loss."
    ),
    "steps miscounted": (
        "Your loop computes the loss more often, or less often, than there are steps. One step is one "
        "batch, one loss, one update. How often does your loop run?"
    ),
    "trains a copy": (
        "The loss is computed with another network than the one that was handed over, so that one learns "
        "nothing. Train `net` itself: no copy, and no new network inside the function."
    ),
    "whole data set in each step": (
        "Every step uses the whole data set, or most of it. A small random part is enough for a step, and "
        "lets you take many more of them in the same time."
    ),
    "same batch each time": (
        "Every step uses the same data points, so the network learns these by heart and never sees the "
        "others. Where is the batch drawn: before the loop, or inside it?"
    ),
    "not the data": (
        "Some rows of your batches are no data points. A batch is made of rows of `data`, as they are; "
        "noise is drawn by the loss."
    ),
    "only a part of the data": (
        "Many rows of `data` never come into a batch, however long you train. From which range do you draw "
        "the row numbers? It should be as long as the data."
    ),
    "batch of another size": (
        "Your batches have another number of rows than the 256 that are asked for. Smaller ones make each "
        "gradient noisier, larger ones each step slower."
    ),
    "rows in order": (
        "Your batches are stretches of `data`, one after the other. Data are often sorted, and then a "
        "stretch is no picture of the whole: draw the rows at random."
    ),
    "no backward": (
        "The weights never change, and no gradient was computed. A loss is a number with a history; which "
        "call sends it backwards through that history?"
    ),
    "no optimiser step": (
        "Gradients were computed, but the weights never change. Which call of the optimiser uses the "
        "gradients? If you update by hand: the network's own weights have to be changed, in place."
    ),
    "gradients cleared too early": (
        "Gradients are computed and the optimiser makes its step, but the weights never change: in between "
        "the gradients are cleared. Where in the loop does `zero_grad` stand?"
    ),
    "new tensors for the weights": (
        "Gradients are computed, but the weights of `net` never change. Do you give a new tensor the name "
        "of a weight? The network keeps its old one: an update has to change the weight in place."
    ),
    "weights stand still": (
        "In some of the steps the weights do not change. Every step should end with an update: does an `if` "
        "skip some of them?"
    ),
    "update before the gradient": (
        "The first step leaves the weights as they are, and each later one uses the gradient of the step "
        "before. Your update comes before its gradient is computed: in which order are the calls?"
    ),
    "several updates in a step": (
        "The optimiser makes more than one update for each loss. The gradient belongs to the weights at "
        "which it was computed: after one update a new batch and a new gradient are due."
    ),
    "gradients add up": (
        "The gradient in your weights is that of this step and all steps before it: torch adds each new "
        "gradient to what is already there. What has to be done once in every step?"
    ),
    "another gradient": (
        "The gradient that your optimiser uses does not point along that of the step's own loss. Are old "
        "gradients cleared in *every* step? Is something added to the loss or to the gradient?"
    ),
    "optimiser made anew": (
        "All weights move by the same length in every step, as in the very first step of a fresh optimiser "
        "such as Adam. It has a memory: where do you make it, before the loop or inside?"
    ),
    "uphill": (
        "The loss grows from step to step: your updates follow the gradient uphill, or are much too large. "
        "Look for a sign, in the loss or in the update."
    ),
    "not trained": (
        "After all steps the network is still far from the best it could be. Does every step follow its own "
        "batch's gradient, with the learning rate `lr` that was handed over?"
    ),
    "losses not those of the steps": (
        "The losses that you return are not those of the steps, in their order. Keep the number of each "
        "step in a list."
    ),
    "copy never moves": (
        "Your smoothed network still has the weights from before the training. Is its update inside the "
        "loop, and does it change the copy's weights *in place*? A new tensor under the name of a weight is "
        "not seen by the network."
    ),
    "copy follows at once": (
        "Your smoothed network has nearly the weights that the trained one has in the end. It should be "
        "copied before the loop, with tensors of its own, and then move only a small part of the distance in "
        "each step: which of the two, average or new weights, does `decay` multiply?"
    ),
    "begun at zero": (
        "Your average begins at zero, and its weights are too small. It begins with the weights that the "
        "network has before the first step."
    ),
    "all steps alike": (
        "Your copy is the plain mean of the weights of all steps, so that the first bad ones count as much "
        "as the last. In a moving average old weights fade: each update multiplies what they count by "
        "`decay`."
    ),
    "warm-up": (
        "Your copy forgets its start sooner than it should: its decay begins small and grows, as in "
        "coursekit's own `EMA`. That is a good idea. In this exercise each update uses `decay` itself."
    ),
    "one update behind": (
        "Your average takes in the weights that the network had *before* the step's update, so it never sees "
        "those of the last step. In which order do update and average come in your loop?"
    ),
    "another average": (
        "The weights of your smoothed network are not the moving average of those that the network had "
        "after each step. In an update, which part of the average is kept, how much of the new weights "
        "comes in, and do both add up to one?"
    ),
    "lr not used": (
        "With a learning rate of one millionth the weights still move a lot. Is `lr` handed on to the "
        "optimiser, or does another number stand there?"
    ),
}


class Line(nn.Module):
    """Three weights on the line: constant, time, and what a state has beyond its mean.

    Their three columns are uncorrelated on the path to data around 1.5, so every optimiser finds its way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([-1.0, 1.0, -1.0]))

    def columns(self, x: Tensor, t: Tensor) -> Tensor:
        """Columns (rows, 3) at states (rows, 1) and times (rows, 1)."""
        return torch.cat([torch.ones_like(t), 2 * (3**0.5) * (t - 0.5), x - 1.5 * t], dim=1)

    def forward(self, x: Tensor, t: Tensor | float) -> Tensor:
        """Velocity (rows, 1)."""
        return (self.columns(x, column_of(t, x)) * self.weight).sum(1, keepdim=True)


class RecordingLoss:
    """A loss that keeps a record of every call: network, batch, weights, gradient and value."""

    def __init__(self, net: Line) -> None:
        self.net = net
        self.batches: list[Tensor] = []
        self.weights: list[Tensor] = []
        self.values: list[float] = []
        self.own: list[Tensor] = []
        """Gradient of each loss."""
        self.held: list[Tensor] = []
        """What stands in the weights' `.grad` after each backward pass."""
        self.strangers = self.gradients = self.updates = 0
        self.busy = False
        net.weight.register_hook(self._count)
        net.weight.register_post_accumulate_grad_hook(self._keep)

    def _count(self, gradient: Tensor) -> None:
        self.gradients += not self.busy

    def _keep(self, weight: Tensor) -> None:
        self.held.append(torch.zeros(3) if weight.grad is None else weight.grad.detach().clone())

    def __call__(self, net: Any, z: Tensor, *more: object) -> Tensor:
        """Flow-matching loss of a batch (rows, 1)."""
        if more or not isinstance(z, Tensor) or z.dim() != 2 or z.shape[1] != 1 or len(z) == 0:
            raise Fault(
                "loss misused",
                "Your function calls `loss` with something else than a network and a batch of data points. "
                "It is called as `loss(net, z)`, where `z` holds some rows of `data`.",
            )
        self.strangers += net is not self.net
        value = matching_loss(net, z.detach())
        self.batches.append(z.detach().clone())
        self.weights.append(self.net.weight.detach().clone())
        self.values.append(float(value.detach()))
        if net is self.net and value.requires_grad:
            self.busy = True
            self.own.append(torch.autograd.grad(value, self.net.weight, retain_graph=True)[0])
            self.busy = False
        return value

    @contextmanager
    def counting_updates(self) -> Iterator[None]:
        """Count the updates that optimisers make of the network's weights."""

        def note(optimiser: Optimizer, args: object, more: object) -> None:
            owned = (weight for group in optimiser.param_groups for weight in group["params"])
            self.updates += any(weight is self.net.weight for weight in owned)

        handle = register_optimizer_step_post_hook(note)
        try:
            yield
        finally:
            handle.remove()


def excess(net: Line, data: Tensor) -> float:
    """Excess loss of a trained Line over the best one, as a share of the excess that it started with."""
    z = data.repeat(10, 1)
    t, eps = torch.rand(len(z), 1), torch.randn_like(z)
    rows = net.columns(t * z + (1 - t) * eps, t)
    matrix = rows.T @ rows / len(z)
    best = torch.linalg.solve(matrix, rows.T @ (z - eps) / len(z))[:, 0]  # by least squares
    first, end = Line().weight.detach() - best, net.weight.detach() - best
    return min(float((end @ matrix @ end) / (first @ matrix @ first)), 1e3)


def _read(answer: Callable[..., Any], copies: list[Any]) -> Callable[..., Any]:
    """Keep the smoothed network and hand on the losses, which may come as a list or a NumPy row as well."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        if value is None:
            return None
        pair = list(value) if type(value) in (tuple, list) and len(value) == 2 else []
        networks = [issubclass(type(part), nn.Module) for part in pair]
        if networks == [True, False]:
            raise Fault(
                "order of the two",
                "Your function returns the network first and the losses second. The task asks for the losses "
                "first, and whoever called you takes the two in that order.",
            )
        if networks == [False, False] and any(issubclass(type(part), dict) for part in pair):
            raise Fault(
                "weights for a network",
                "Your function returns the smoothed weights by name, and not a network. Whoever called you "
                "wants to ask it for velocities: return the copy that holds these weights.",
            )
        if networks != [False, True]:
            if not (networks or _plausible(value, args[3])):
                return value  # the engine has words for it
            raise Fault(
                "not losses and network",
                "Your function should return two things: the losses of all steps, and the smoothed copy of "
                f"the network. It returned {described(value)}.",
            )
        if pair[1] is args[0]:
            raise Fault(
                "a second name for the network",
                "Your smoothed network is the trained one itself. `smooth = net` does not copy anything: it "
                "gives the same network a second name. Which module of Python copies everything inside?",
            )
        copies.append(pair[1])
        return _listed(pair[0], args[1])

    return wrapped


def _plausible(value: Any, steps: int) -> bool:
    """Tell whether a value looks like one of the two results, or like more than two."""
    kind = type(value)
    if issubclass(kind, nn.Module) or kind in (tuple, list):
        return True
    rows = issubclass(kind, Tensor) or (kind.__module__ == "numpy" and hasattr(kind, "ndim"))
    return rows and value.ndim == 1 and len(value) == steps


def _listed(value: Any, loss: Any) -> Any:
    """Losses as a tensor, from a list of numbers or a NumPy row too; notice what comes in their place."""
    kind = type(value)
    if _single(value) and _made_of_all(float(value), getattr(loss, "values", [])):
        raise Fault(
            "one number for all losses",
            "You return one number made of all losses, such as their mean or their sum. The losses "
            "themselves are asked for, one for each step: put them side by side in one tensor.",
        )
    if kind is float:
        return torch.tensor(value)
    if kind in (list, tuple) and value and all(map(_single, value)):
        return torch.tensor([float(one) for one in value])
    return torch.as_tensor(value) if kind.__module__ == "numpy" and getattr(value, "ndim", 0) == 1 else value


def _single(one: Any) -> bool:
    if issubclass(type(one), Tensor):
        return bool(one.numel() == 1)
    return type(one) in (int, float) or (type(one).__module__ == "numpy" and getattr(one, "size", 0) == 1)


def _made_of_all(value: float, seen: list[float]) -> bool:
    """Tell whether a number is the mean or the sum of the losses that were recorded."""
    wholes = (sum(seen), sum(seen) / max(len(seen), 1))
    return len(seen) > 1 and any(abs(value - whole) < 1e-3 * (1e-9 + abs(whole)) for whole in wholes)


def _fact(name: str, what: str, expected: float, came: float, tol: float, wanted: str = "") -> Fact:
    return Fact(name, what, expected, came, HINTS[name], tol, expected_text=wanted)


@exercise(
    "4.5",
    "The training loop",
    "core",
    "net, loss, data, steps, lr, decay",
    _train,
    MISTAKES,
    random=True,
    limit=20.0,
)
def train(student: StudentFunction) -> Iterator[Fact]:
    """Three weights to be learnt: what each step was given and did, and how near they came; the copy; lr."""
    copies: list[Any] = []
    student.answer = _read(student.answer, copies)
    data, net = 1.5 + 0.5 * torch.randn(POINTS, 1), Line()
    # Torch imports a good deal with the first optimiser; on a busy computer that is not the answer's time.
    torch.optim.SGD(net.parameters(), lr=RATE)
    record = RecordingLoss(net)
    with record.counting_updates():
        losses = student(net, record, data, STEPS, RATE, DECAY, shape=(STEPS,)).double()
    count = len(record.values)
    names = {0: "loss not used", 1: "loss computed once"}
    yield _fact(names.get(count, "steps miscounted"), "losses computed", STEPS, count, 0.5)
    if count <= 1:
        return
    copied = _fact("trains a copy", "share with another network", 0.0, record.strangers / count, 1e-3)
    yield from failing([copied])
    left = excess(net, data)
    if record.strangers == 0 and count == STEPS:
        yield from _batches(record, data)
        yield from _updates(record, left)
    name = "not trained" if left <= 1.2 else "uphill"
    yield _fact(name, "part of the excess loss that is left", 0.0, left, 0.05, "at most 0.05")
    apart = float((losses - torch.tensor(record.values)).abs().max()) if count == STEPS else 1e3
    yield _fact("losses not those of the steps", "error of the losses returned", 0.0, min(apart, 1e3), 1e-3)
    if record.strangers == 0 and count == STEPS:
        yield _smoothed(record, copies[-1])
    second = Line()
    before = second.weight.detach().clone()
    student(second, RecordingLoss(second), data[:700], 4, 1e-6, DECAY, shape=(4,))
    moved = float((second.weight.detach() - before).abs().max())
    yield _fact("lr not used", "way of a weight with a tiny lr", 0.0, moved, 1e-4, "below 1e-4")


def _batches(record: RecordingLoss, data: Tensor) -> Iterator[Fact]:
    """How many rows a batch has, whether they are data, how many are ever drawn, and in which order."""
    size = sum(map(len, record.batches)) / STEPS
    what = "part of the data in a step"
    whole = _fact("whole data set in each step", what, 0.0, size / POINTS, 0.5, "at most 0.5")
    yield from failing([whole])
    if size > POINTS / 2:
        return
    pairs = zip(record.batches, record.batches[1:], strict=False)
    same = sum(a.shape == b.shape and bool((a == b).all()) for a, b in pairs) / (STEPS - 1)
    yield _fact("same batch each time", "share of batches that repeat", 0.0, same, 0.5)
    known = float(torch.isin(torch.cat(record.batches), data).double().mean())
    yield from failing([_fact("not the data", "share of rows from the data", 1.0, known, 1e-3)])
    if known < 1:
        return
    if abs(size - BATCH) > 8:  # the last batch of a round through the data may be shorter
        yield _fact("batch of another size", "rows in a batch", BATCH, size, 8)
    ordered, places = data[:, 0].sort()
    rows = [places[torch.searchsorted(ordered, z[:, 0])] for z in record.batches]
    drawn = len(torch.cat(rows).unique()) / POINTS
    yield _fact("only a part of the data", "share of the data ever drawn", 1.0, drawn, 0.05)
    steps = torch.cat([numbers.diff() for numbers in rows])
    follow = float((steps == 1).double().mean()) if len(steps) else 0.0
    if follow > 0.5:
        yield _fact("rows in order", "share of rows that follow their neighbour in `data`", 0.0, follow, 0.5)


def _stands_still(record: RecordingLoss) -> str:
    """Why the weights never change."""
    if record.held:
        return "gradients cleared too early" if record.updates else "no optimiser step"
    return "new tensors for the weights" if record.gradients else "no backward"


def _updates(record: RecordingLoss, left: float) -> Iterator[Fact]:
    """Whether the weights move in every step, along the gradient of that step, with a steady optimiser."""
    moves = torch.stack([*record.weights, record.net.weight.detach()]).diff(dim=0)
    moving = moves.any(dim=1)
    share = float(moving.double().mean())
    late = "update before the gradient" if moving[1:].all() else "weights stand still"
    yield _fact(
        late if share else _stands_still(record), "share of steps that move weights", 1.0, share, 0.005
    )
    if not share:
        return
    if record.updates > STEPS:
        yield _fact("several updates in a step", "updates for each loss", 1.0, record.updates / STEPS, 0.005)
    if len(record.held) == len(record.own) == STEPS:
        held, own = torch.stack(record.held), torch.stack(record.own)
        aside, summed = (
            float((torch.cosine_similarity(held, right).abs() < 0.999).double().mean())
            for right in (own, own.cumsum(0))
        )
        name = "gradients add up" if summed < aside else "another gradient"
        yield _fact(name, "share of gradients that are not those of the step", 0.0, aside, 0.05)
    if left > 1.2:
        return
    lengths = moves.abs()
    alike = (lengths - lengths[0, 0]).abs() < 0.05 * lengths[0, 0]
    same = float(alike.all(dim=1).double().mean())
    yield _fact("optimiser made anew", "share of steps of one length", 0.0, same, 0.5)


def _average(weights: Tensor, kept: Callable[[int], float]) -> Tensor:
    """Moving average of rows, the first of which is the start; update k keeps a part of it."""
    average = weights[0]
    for k, row in enumerate(weights[1:], 1):
        average = kept(k) * average + (1 - kept(k)) * row
    return average


def _smoothed(record: RecordingLoss, smooth: nn.Module) -> Fact:
    """How the weights of the copy are made of those that the network had after each step."""
    weights = torch.stack([*record.weights, record.net.weight.detach()]).double()
    came = [part.detach().double().flatten() for part in smooth.parameters()]
    got = came[0] if [len(part) for part in came] == [3] else torch.zeros(3).double()
    right, near = _average(weights, lambda k: DECAY), 0.03
    by_torch = _average(weights[1:], lambda k: DECAY)  # torch's own average begins with the first update
    right = min(right, by_torch, key=lambda each: float((got - each).abs().max()))
    if float((got - right).abs().max()) <= EXACT:
        return Fact("another average", WEIGHTS, right, got, HINTS["another average"], EXACT)
    right = _average(weights, lambda k: DECAY)
    others = {
        "copy never moves": weights[0],
        "copy follows at once": weights[-1],
        "begun at zero": right - weights[0] * DECAY**STEPS,
        "all steps alike": _average(weights, lambda k: (k - 1) / k),
        "warm-up": _average(weights, lambda k: min(DECAY, k / (k + 9))),
        "one update behind": _average(torch.cat([weights[:1], weights[:-1]]), lambda k: DECAY),
    }
    far = {name: float((got - other).abs().max()) for name, other in others.items()}
    name = min(far, key=far.__getitem__)
    name = name if far[name] < near else "another average"
    return Fact(name, WEIGHTS, right, got, HINTS[name], EXACT)
