"""Exercise 4.4: the flow-matching loss."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..asking import Ask
from ..ch03.common import equal_share
from ..engine import exercise
from ..facts import Fact, margin, number
from .common import Recorder, Rule, matching_loss
from .loss_rivals import RIVALS

SQUARE, CALLS, N = 96, 6, 4000
"""As many states as coordinates, so that mixed-up axes show; calls of it; states of the wide batch."""
TESTS = 6
"""Statistical numbers in the facts below; they share the family's level."""
CAP = 6.0
"""Largest ratio of two losses, and largest spread, that is told apart from others."""

LOOK_GUIDE = (
    "The check handed over a network that always knows the right answer: the velocity of each state on its "
    "line. For that network a right loss is zero; yours is not. Is the target the velocity of the path, and "
    "does the network get the state of that same path, and its time?"
)
LOOK_STATES = (
    "The states that your function shows to the network are not those of the path: without their data part, "
    "and divided by their noise weight, they should be standard normal. How is a state at time t mixed?"
)
LOOK_TIMES = (
    "Your times are not one for each state, uniform between 0 and 1. Print what you draw: its shape, its "
    "smallest and largest number, its mean."
)
LOOK_FRESH = (
    "Two calls with the same data show the network the same states. Times and noise have to be drawn afresh "
    "in every call, inside your function, and without a fixed seed."
)
LOOK_LAW = (
    "Times or noise come from another law: times are uniform between 0 and 1, noise is standard normal, and "
    "one of them is not. Draw a histogram of what you draw."
)
LOOK_SQUARE = (
    "An error that is twice as large should cost four times as much, whichever sign it has, wherever in the "
    "batch it is, and the same in every call. Yours costs something else. In which order do you square and "
    "average?"
)
LOOK_GRADIENT = (
    "The loss is a right number, but its gradient does not reach the network's weights as it should. Is a "
    "part of it detached, or turned into a plain number?"
)


@exercise(
    "4.4",
    "The flow-matching loss",
    "core",
    "net, z",
    matching_loss,
    RIVALS,
    random=True,
)
def flow_matching_loss(ask: Ask) -> Iterator[Fact | str]:
    """A network that knows the answer, the cost of an error, the gradient, and what a network is shown."""
    z = _data(SQUARE, SQUARE)
    nets = [Recorder(rule, SQUARE) for rule in (_guide(z), lambda x, t: z, _still)]
    knows, points, silent = (
        torch.stack([ask(net, z, shape=()).double() for _ in range(CALLS)]) for net in nets
    )
    ratio = _ratio(knows, silent)
    what = "loss of a network that knows"
    guided = Fact("wrong target", what, 0.0, ratio, LOOK_GUIDE, 5e-3, 0.02 + 0.25 * abs(ratio))
    yield guided
    if guided.holds():
        yield from _cost(ask)
    ratio = _ratio(points, silent)
    what = "loss of the answer z"
    mixed = [Fact("wrong target", what, 0.2, ratio, LOOK_GUIDE, 0.03, 0.02 + 0.2 * abs(ratio))]
    if nets[0].states:
        mixed += _mix(nets[0], z)
    yield from mixed
    if guided.holds() and all(fact.holds() for fact in mixed):  # else the rest would only repeat it
        yield from _shown(ask)


def _data(n: int, dim: int) -> Tensor:
    return 1 + math.sqrt(3) * torch.randn(n, dim, dtype=torch.float64)


def _still(x: Tensor, t: Tensor) -> Tensor:
    return torch.zeros_like(x)


def _guide(z: Tensor) -> Rule:
    """The velocity of each row's state on its way to the data point in the same row."""
    return lambda x, t: (z - x) / (1 - t)


def _noise(net: Recorder, z: Tensor) -> list[Tensor]:
    """The noise in the states of each call, where enough of it is left, (rows, dim)."""
    pairs = zip(net.states, net.times, strict=True)
    return [((x - t * z) / (1 - t))[(t[:, 0] < 0.5) & (t[:, 0] > -5)] for x, t in pairs]


def _ratio(known: Tensor, silent: Tensor) -> float:
    """Typical loss of one network over that of another, cut where the mean of heavy tails says nothing."""
    below = float(silent.median())
    return max(-CAP, min(CAP, float(known.median()) / below)) if abs(below) > 1e-9 else 0.0


def _mix(net: Recorder, z: Tensor) -> Iterator[Fact]:
    """How the states in a record are mixed of data and noise, and whose their times are."""
    x, t, z = torch.cat(net.states), torch.cat(net.times), z.repeat(len(net.states), 1)
    own = sum(len(t.unique()) for t in net.times) / (SQUARE * len(net.times))
    inside = float(((t >= 0) & (t <= 1)).double().mean())
    what = "share of own times, and inside"
    yield Fact("times shared", what, torch.ones(2), torch.tensor([own, inside]), LOOK_TIMES, 0.05, 0.2)
    if min(own, inside) < 0.9:
        return
    halves = [t[:, 0] < 0.5, t[:, 0] >= 0.5]
    shares = [float(((x * (z - 1))[half].mean() / 3).nan_to_num(0.0)) for half in halves]
    tol = 0.09  # a mean of times over some 290 states, and of products over their coordinates
    what = "weight of data, early and late"
    yield Fact("wrong states", what, torch.tensor([0.25, 0.75]), torch.tensor(shares), LOOK_STATES, tol)
    eps = [rows for rows in _noise(net, z[:SQUARE]) if len(rows) > 1]
    for axis, where in ((1, "within a state"), (0, "from state to state")):
        widths = [rows.std(dim=axis).mean() for rows in eps]
        spread = min(float(torch.stack(widths).mean()), CAP) if widths else 1.0
        what = f"noise {where}"
        yield Fact("wrong states", what, 1.0, spread, LOOK_STATES, 0.06, 0.02 + 0.07 * spread)
        if spread < 0.1:
            return


def _shown(ask: Ask) -> Iterator[Fact]:
    """Law of times and noise in a wide batch, and whether they are drawn afresh."""
    z = _data(N, 2)
    net = Recorder(_still, 2)
    for _ in range(2):
        ask(net, z, shape=())
    same = equal_share(net.states[0], net.states[-1]) if len(net.states) > 1 else 1.0
    what = "share of repeated states"
    yield Fact("nothing fresh", what, 0.0, same, LOOK_FRESH, near=0.1)
    t, eps = net.times[0], _noise(net, z)[0]
    normal = math.erf(1 / math.sqrt(2))
    inside = (eps.abs() < 1).double().mean() - normal
    moments = torch.stack([t.mean() - 1 / 2, t.square().mean() - 1 / 3]) * N**0.5 / 0.3
    noise = torch.stack([*eps.mean(dim=0), torch.corrcoef(eps.T)[0, 1], inside]) * len(eps) ** 0.5
    what = "times and noise, in standard errors"
    tol = margin(TESTS)
    yield Fact("wrong law", what, torch.zeros(6), torch.cat([moments, noise]), LOOK_LAW, tol)


def _error(ask: Ask, errors: Tensor) -> tuple[Tensor, Recorder]:
    """Loss of a network that is wrong by `errors` (n, dim), and that network."""
    n, dim = errors.shape
    z = _data(n, dim)
    net = Recorder(lambda x, t: (z - x) / (1 - t) + errors, dim)
    return ask(net, z, shape=()).double(), net


def _cost(ask: Ask) -> Iterator[Fact | str]:
    """How errors of several sizes and signs are added up, and whether the gradient arrives."""
    even = torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(64, 2)
    mixed = torch.tensor([[2.0, -1.0], [-2.0, 1.0]], dtype=torch.float64).repeat(32, 1)
    one, net = _error(ask, even)
    gradient = _reached(ask.last, net, even[0], one)
    kinds = (2 * even, -even, mixed, *_gathered(), even)
    others = torch.stack([_error(ask, errors)[0] for errors in kinds])
    came = (others / one).clamp(-100, 100) if float(one.abs()) > 1e-9 else others * 0
    right = torch.tensor([4.0, 1.0, 1.0, 2.0, 1.0, 1.0])
    yield Fact("wrong cost", "cost of six kinds of errors", right, came, LOOK_SQUARE, tol=0.02, near=0.05)
    what = "gradient over the right one"
    yield Fact("no gradient", what, 1.0, gradient, LOOK_GRADIENT, tol=0.02)
    factor = float(one) / 2.5
    if abs(factor - 1) > 0.02:
        yield _told(ask, factor)


def _gathered() -> tuple[Tensor, Tensor]:
    """Errors twice as large in half of the states, and errors of the same length along one axis."""
    half = torch.tensor([[2.0, 4.0], [0.0, 0.0]], dtype=torch.float64).repeat(32, 1)
    axis = torch.tensor([[math.sqrt(5), 0.0]], dtype=torch.float64).expand(64, 2)
    return half, axis


def _reached(value: Any, net: Recorder, error: Tensor, cost: Tensor) -> float:
    """Slope of the loss along the error, over twice the loss: one for squares."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return 0.0
    (slope,) = torch.autograd.grad(value.sum(), net.offset, allow_unused=True)
    return 0.0 if slope is None else float((slope * error).sum() / (2 * cost))


def _told(ask: Ask, factor: float) -> str:
    """Which constant factor a loss carries."""
    fewer = torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(32, 2)
    batch = factor / (float(_error(ask, fewer)[0]) / 2.5)
    more = torch.tensor([[1.0, 2.0, 1.0, 2.0]], dtype=torch.float64).expand(64, 4)
    axes = (float(_error(ask, more)[0]) / 2.5) / factor
    reasons = ["summed over the batch"] * (abs(batch - 2) < 0.05)
    reasons += ["summed over the coordinates"] * (abs(axes - 2) < 0.05)
    why = f" ({', and '.join(reasons)})" if reasons else ""
    said = f"Your loss is {number(factor)} times the mean{why}."
    return f"{said} Accepted; divide before comparing with a floor."
