"""Exercise 4.4: the flow-matching loss."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin, number
from ..core.student_function import StudentFunction
from ..shared.schedulers import equal_share
from ..shared.test_fields import slopes_of
from . import loss_words as words
from .common import Recorder, Rule, matching_loss
from .loss_rivals import MISTAKES

SQUARE, CALLS, N = 96, 6, 4000
"""As many states as coordinates, so that mixed-up axes show; calls of it; states of the wide batch."""
TESTS = 8
"""Statistical numbers in the facts below; they share the family's level."""
CAP = 6.0
"""Largest ratio of two losses, and largest spread, that is told apart from others."""


@exercise(
    "4.4",
    "The flow-matching loss",
    "core",
    "net, z",
    matching_loss,
    MISTAKES,
    random=True,
    limit=12.0,
    double=True,
)
def flow_matching_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """A network that knows the answer, the cost of an error, the gradient, and what a network is shown."""
    z = _data(SQUARE, SQUARE)
    nets = [Recorder(rule, *z.shape) for rule in (_guide(z), lambda x, t, at: z[at], _still)]
    knows, points, silent = (torch.stack([_asked(student, net, z) for _ in range(CALLS)]) for net in nets)
    found = list(_clock(nets)) if nets[0].states else []
    yield from found
    if not all(fact.holds() for fact in found):
        return
    mixed = list(_mix(nets[0], z)) if nets[0].states else []
    yield from mixed
    ratio = _ratio(knows, silent)
    what = "loss of a network that knows"
    guided = Fact("wrong target", what, 0.0, ratio, words.LOOK_GUIDE, 5e-3, 0.02 + 0.25 * abs(ratio))
    yield guided
    if guided.holds():
        yield from _cost(student)
    ratio = _ratio(points, silent)
    what = "loss of the answer z"
    mixed.append(Fact("wrong target", what, 0.2, ratio, words.LOOK_GUIDE, 0.03, 0.02 + 0.2 * abs(ratio)))
    yield mixed[-1]
    if guided.holds() and all(fact.holds() for fact in mixed):  # else the rest would only repeat it
        yield from _shown(student)


def _asked(student: StudentFunction, net: Recorder, z: Tensor) -> Tensor:
    value = student(net, z, shape=()).double()
    net.close()
    return value


def _data(n: int, dim: int) -> Tensor:
    return 1 + math.sqrt(3) * torch.randn(n, dim, dtype=torch.float64)


def _still(x: Tensor, t: Tensor, at: Tensor) -> Tensor:
    return torch.zeros_like(x)


def _guide(z: Tensor) -> Rule:
    """The velocity of each row's state on its way to the data point in the same row."""
    # A time of exactly 1 is no fault of the answer's arithmetic; what is wrong with it shows elsewhere.
    return lambda x, t, at: (z[at] - x) / torch.where(t == 1, 1.0, 1 - t)


def _noise(net: Recorder, z: Tensor) -> list[Tensor]:
    """The noise in the states of each call, where enough of it is left, (rows, dim)."""
    pairs = zip(net.states, net.times, strict=True)
    return [((x - t * z) / (1 - t))[(t[:, 0] < 0.5) & (t[:, 0] > -5)] for x, t in pairs]


def _ratio(known: Tensor, silent: Tensor) -> float:
    """Typical loss of one network over that of another, cut where the mean of heavy tails says nothing."""
    below = float(silent.median())
    return max(-CAP, min(CAP, float(known.median()) / below)) if abs(below) > 1e-9 else 0.0


def _clock(nets: list[Recorder]) -> Iterator[Fact]:
    """Times that the networks are told: one for each state, inside, fresh, and even."""
    times = [t for net in nets for t in net.times]
    t = torch.cat(times)
    own = sum(len(column.unique()) for column in times) / len(t)
    inside = float(((t >= 0) & (t <= 1)).double().mean())
    what = "share of own times"
    yield Fact("times shared", what, 1.0, own, words.LOOK_TIMES, 0.05, 0.004)
    if inside < 1:
        yield Fact(
            "times shared", "share of times between 0 and 1", 1.0, inside, words.LOOK_TIMES, 0.01, 0.08
        )
    if min(own, inside) < 0.9:
        return
    changed = 1 - equal_share(times[0], times[1])
    name = "nothing fresh" if torch.equal(nets[0].states[0], nets[0].states[1]) else "the same times always"
    if changed < 0.95:
        what = "share of times that change from call to call"
        yield Fact(name, what, 1.0, changed, words.LOOK_AGAIN, 0.05, 0.1)
    came = torch.stack([t.mean(), t.std() * math.sqrt(3)])
    tol = margin(TESTS) * 0.29 / len(t) ** 0.5
    what = "times: mean, scaled spread"
    yield Fact("times not even", what, torch.full((2,), 0.5), came, words.LOOK_EVEN, tol, 0.04)


def _mix(net: Recorder, z: Tensor) -> Iterator[Fact]:
    """How the states in a record are mixed of data and noise."""
    x, t, points = torch.cat(net.states), torch.cat(net.times), z.repeat(len(net.states), 1)
    halves = [t[:, 0] < 0.5, t[:, 0] >= 0.5]
    shares = [float(((x * (points - 1))[half].mean() / 3).nan_to_num(0.0)) for half in halves]
    tol = 0.09  # a mean of times over some 290 states, and of products over their coordinates
    what = "weight of data, early and late"
    yield Fact("wrong states", what, torch.tensor([0.25, 0.75]), torch.tensor(shares), words.LOOK_STATES, tol)
    eps = [rows for rows in _noise(net, z) if len(rows) > 1]
    for axis, where in ((1, "within a state"), (0, "from state to state")):
        widths = [rows.std(dim=axis).mean() for rows in eps]
        spread = min(float(torch.stack(widths).mean()), CAP) if widths else 1.0
        what = f"noise {where}"
        yield Fact("wrong noise", what, 1.0, spread, words.LOOK_NOISE, 0.06, 0.02 + 0.07 * spread)
        if spread < 0.05:
            return


def _shown(student: StudentFunction) -> Iterator[Fact]:
    """Law of times and noise in a wide batch, and whether they are drawn afresh."""
    z = _data(N, 2)
    net = Recorder(_still, N, 2)
    for _ in range(2):
        _asked(student, net, z)
    same = equal_share(net.states[0], net.states[-1]) if len(net.states) > 1 else 1.0
    what = "share of repeated states"
    yield Fact("nothing fresh", what, 0.0, same, words.LOOK_FRESH, match_tol=0.1)
    t, eps = net.times[0], _noise(net, z)[0]
    normal = math.erf(1 / math.sqrt(2))
    inside = (eps.abs() < 1).double().mean() - normal
    moments = torch.stack([t.mean() - 1 / 2, t.square().mean() - 1 / 3]) * N**0.5 / 0.3
    noise = torch.stack([*eps.mean(dim=0), torch.corrcoef(eps.T)[0, 1], inside]) * len(eps) ** 0.5
    what = "times and noise, in standard errors"
    tol = margin(TESTS)
    yield Fact("wrong law", what, torch.zeros(6), torch.cat([moments, noise]), words.LOOK_LAW, tol)


def _error(student: StudentFunction, errors: Tensor) -> tuple[Tensor, Recorder]:
    """Loss of a network that is wrong by `errors` (n, dim), and that network."""
    n, dim = errors.shape
    z = _data(n, dim)
    guide = _guide(z)
    net = Recorder(lambda x, t, at: guide(x, t, at) + errors[at], n, dim)
    return _asked(student, net, z), net


def _cost(student: StudentFunction) -> Iterator[Fact | str]:
    """How errors of several sizes and signs are added up, and whether the gradient arrives."""
    even = torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(64, 2)
    mixed = torch.tensor([[2.0, -1.0], [-2.0, 1.0]], dtype=torch.float64).repeat(32, 1)
    one, net = _error(student, even)
    gradient = _reached(student.last, net, even[0], one)
    kinds = (2 * even, -even, mixed, *_gathered(), even)
    others = torch.stack([_error(student, errors)[0] for errors in kinds])
    came = (others / one).clamp(-100, 100) if float(one.abs()) > 1e-9 else others * 0
    right = torch.tensor([4.0, 1.0, 1.0, 2.0, 1.0, 1.0])
    cost = Fact(
        "wrong cost", "cost of six kinds of errors", right, came, words.LOOK_SQUARE, tol=0.02, match_tol=0.05
    )
    yield cost
    if cost.holds() and float(one) < 0:
        yield Fact("negative", "sign of the loss of a network that errs", 1.0, -1.0, words.LOOK_SIGN)
    what = "gradient over the right one"
    yield Fact("no gradient", what, 1.0, gradient, words.LOOK_GRADIENT, tol=0.02)
    factor = float(one) / 2.5
    if abs(factor - 1) > 0.02:
        yield _told(student, factor)


def _gathered() -> tuple[Tensor, Tensor]:
    """Errors twice as large in half of the states, and errors of the same length along one axis."""
    half = torch.tensor([[2.0, 4.0], [0.0, 0.0]], dtype=torch.float64).repeat(32, 1)
    axis = torch.tensor([[math.sqrt(5), 0.0]], dtype=torch.float64).expand(64, 2)
    return half, axis


def _reached(value: Any, net: Recorder, error: Tensor, cost: Tensor) -> float:
    """Slope of the loss along the error, over twice the loss: one for squares."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return 0.0
    (slope,) = slopes_of(value, [net.offset])
    return 0.0 if slope is None else float((slope * error).sum() / (2 * cost))


def _told(student: StudentFunction, factor: float) -> str:
    """Which constant factor a loss carries."""
    fewer = torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(32, 2)
    batch = factor / (float(_error(student, fewer)[0]) / 2.5)
    more = torch.tensor([[1.0, 2.0, 1.0, 2.0]], dtype=torch.float64).expand(64, 4)
    axes = (float(_error(student, more)[0]) / 2.5) / factor
    reasons = ["summed over the batch"] * (abs(batch - 2) < 0.05)
    reasons += ["summed over the coordinates"] * (abs(axes - 2) < 0.05)
    why = f" ({', and '.join(reasons)})" if reasons else ""
    said = f"Your loss is {number(factor)} times the mean{why}."
    return f"{said} Accepted; divide before comparing with a floor."
