"""Facts about losses that match a network to a target: what the network is shown, and what it is charged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..asking import Ask
from ..ch03.common import bent
from ..facts import Fact, margin
from ..faults import Fault
from ..probes import Spy
from . import matching_words as words

N, DIM = 1500, 2
QUIET = 0.8
"""Noise is read off the states before this time; later it is divided by too small a `beta`."""
TESTS = 10
"""Statistical numbers in the facts below; they share the family's level."""


@dataclass(frozen=True)
class Task:
    """One exercise: the network's right answer from (eps, beta), and the last time of training."""

    right: Callable[[Tensor, Tensor], Tensor]
    last: float
    told: bool
    """Whether the loss is told the last time as its last argument."""


class Shown:
    """A network for the answer under test: what it was shown, and answers as the fact needs them."""

    def __init__(self, z: Tensor, task: Task, answer: Callable[..., Tensor]) -> None:
        self.z, self.task, self.answer = z, task, answer
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.spy = Spy(self._rule, DIM, "net")
        self.spy.__name__ = "net"  # type: ignore[attr-defined]

    def _rule(self, x: Tensor, t: Tensor) -> Tensor:
        self.seen.append((x.detach(), t.detach()))
        rows = sum(len(x) for x, _ in self.seen)
        z = self.z[rows - len(x) : rows]
        if z.shape != x.shape:
            return 0.0 * x
        alpha, beta, _, _ = bent(t)
        eps = (x - alpha * z) / beta.clamp(min=1e-9)
        return self.answer(self.task.right(eps, beta.clamp(min=1e-9)), t)

    def rows(self) -> tuple[Tensor, Tensor, Tensor]:
        """States, times and the noise that lies between state and data point."""
        if not self.seen:
            raise Fault("net not asked", words.NOT_ASKED)
        x, t = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
        if len(x) != len(self.z):
            raise Fault("net misused", words.OTHER_ROWS.format(len(x), len(self.z)))
        alpha, beta, _, _ = bent(t)
        return x, t, (x - alpha * self.z) / beta.clamp(min=1e-9)


Net = Callable[[Tensor, Tensor], Tensor]
Charge = Callable[[Net], tuple[float, Shown]]


def facts(ask: Ask, task: Task) -> Iterator[Fact | str]:
    """Everything that a loss of this kind can be held to."""
    z = 2 * torch.randn(N, DIM, dtype=torch.float64) + 1

    def charge(answer: Net) -> tuple[float, Shown]:
        net = Shown(z, task, answer)
        args = (net.spy, z, bent, task.last) if task.told else (net.spy, z, bent)
        return float(ask(*args, shape=())), net

    seed = int(torch.randint(2**31, ()))
    torch.default_generator.manual_seed(seed)
    silent, net = charge(lambda right, t: 0.0 * right)
    _, other = charge(lambda right, t: right + 5.0)
    for group in (_times(net, other, task), _states(net, other), _target(ask, task, z, charge, silent, seed)):
        found = list(group)
        yield from found
        if not all(fact.holds() for fact in found):
            return
    yield from _price(charge)
    whole = charge(lambda right, t: right + 10.0)[0] / 100
    if abs(whole - 1) > 0.02:
        yield words.FACTOR.format(f"{whole:.0f}" if abs(whole - round(whole)) < 0.02 else f"{whole:.3f}")


def _times(net: Shown, other: Shown, task: Task) -> Iterator[Fact]:
    """Times that the network is shown: one for each row, even up to the cut-off."""
    (_, t, _), (_, later, _) = net.rows(), other.rows()
    own = len(t.unique()) / len(t)
    what = "rows with their own time"
    yield Fact("one time for the whole batch", what, 1.0, own, words.LOOK_OWN, 0.02, 0.1)
    if own < 0.5:
        moved = float((t != later).double().mean())
        yield Fact("one time always", "share of times that change with the call", 1.0, moved, words.LOOK_OWN)
        return
    beyond = max(0.0, float(t.max()) - task.last)
    what = f"latest time beyond {task.last:g}"
    yield Fact("times beyond the cut-off", what, 0.0, beyond, words.LOOK_BEYOND, 1e-5, 0.02)
    share = torch.stack([t.mean(), t.std() * 12**0.5 / 2]) / task.last
    what = "mean and spread of the times, scaled"
    tol = margin(TESTS) / (12 * N) ** 0.5 + 0.01
    yield Fact("times not uniform", what, torch.full((2,), 0.5), share, words.LOOK_TIMES, tol, 0.04)


def _states(net: Shown, other: Shown) -> Iterator[Fact]:
    """The noise between states and data points: standard normal early and late, and fresh in each call."""
    (_, t, eps), (_, _, fresh) = net.rows(), other.rows()
    bands = [(t[:, 0] > low) & (t[:, 0] <= high) for low, high in ((-1.0, 0.4), (0.4, QUIET))]
    if min(int(band.sum()) for band in bands) < 50:
        return
    spread = torch.stack([eps[band].std(dim=0).mean() for band in bands])
    tol = margin(TESTS) / (2 * 2 * 0.35 * N) ** 0.5
    what = "spread of (x - alpha z) / beta, early and late"
    near = 0.02 + 0.1 * float(spread.max())
    yield Fact("wrong state", what, torch.ones(2), spread, words.LOOK_STATE, tol, near)
    if float(spread.max()) < 0.01:  # one draw for all: nothing more can be learnt from it
        return
    both = eps[bands[0] | bands[1]]
    data = [torch.corrcoef(torch.stack([eps[band].flatten(), net.z[band].flatten()]))[0, 1] for band in bands]
    came = torch.stack([*both.mean(0), torch.corrcoef(both.T)[0, 1], *data])
    tol = margin(TESTS) / (0.35 * N) ** 0.5
    what = "its means and correlations"
    yield Fact(
        "wrong noise", what, torch.zeros(5), came, words.LOOK_NOISE, tol, 0.15 + 0.1 * float(both.std())
    )
    same = float((eps == fresh).double().mean())
    yield Fact(
        "the same draw each time",
        "noise drawn again",
        0.0,
        same,
        words.LOOK_FRESH,
        near=0.1,
    )


def _target(ask: Ask, task: Task, z: Tensor, charge: Charge, silent: float, seed: int) -> Iterator[Fact]:
    """What an answer costs that is right; and if it costs something, which answer would not."""
    # The same draws as for the silent net, or else a few late rows would decide what the ratio is.
    torch.default_generator.manual_seed(seed)
    paid = charge(lambda right, t: right)[0] / max(abs(silent), 1e-12)
    what = "loss of a perfect net, relative"
    near = 1e4 if paid > 0.01 else 0.05  # how much it costs is chance; what tells targets apart comes below
    fact = Fact("wrong target", what, 0.0, min(paid, 1e3), words.LOOK_TARGET, 0.01, near)
    yield fact
    slopes, net = _slopes(ask, task, z, 0.0)
    if not bool(slopes.any()):
        yield Fact("no gradient", "slope of the loss by the net's answers", 1.0, 0.0, words.LOOK_GRADIENT)
        return
    if fact.holds():
        return
    _, t, eps = net.rows()
    right = task.right(eps, bent(t)[1])
    early, late = ((t[:, 0] > low) & (t[:, 0] <= high) for low, high in ((-1.0, 0.4), (0.6, QUIET)))

    def like(known: Tensor, rows: Tensor) -> Tensor:
        pair = torch.stack([-slopes[rows].flatten(), known[rows].flatten()])
        return torch.corrcoef(pair)[0, 1].nan_to_num(0.0)

    growth = [
        known[late].square().mean().sqrt() / known[early].square().mean().sqrt() for known in (slopes, right)
    ]
    came = [
        like(right, early),
        like(right, late),
        like(z, early),
        like(z, late),
        (growth[0] / growth[1]).log(),
    ]
    what = (
        "correlation of the target with the right one, and with the data, early and late; log of its growth"
    )
    expected = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0])
    yield Fact("wrong target", what, expected, torch.stack(came), words.LOOK_TARGET, 0.05, 0.25)


def _slopes(ask: Ask, task: Task, z: Tensor, level: float) -> tuple[Tensor, Shown]:
    """Gradient of the loss by the network's answers, all of them `level`; zero if there is none."""
    net = Shown(z, task, lambda right, t: level + 0 * right)
    knobs: list[Tensor] = []

    def knob(right: Tensor, t: Tensor) -> Tensor:
        knobs.append((level + 0 * right).detach().requires_grad_())
        return knobs[-1]

    def slope(*args: object) -> Tensor:
        with torch.enable_grad():
            value = ask.answer(*args)
            if not isinstance(value, Tensor) or not value.requires_grad or not knobs:
                return torch.zeros_like(z)
            found = torch.autograd.grad(value, knobs, allow_unused=True)
        return torch.cat([torch.zeros_like(k) if g is None else g for k, g in zip(knobs, found, strict=True)])

    net.answer = knob
    args = (net.spy, z, bent, task.last) if task.told else (net.spy, z, bent)
    return Ask(ask.number, ask.parameters, slope, ask.limit)(*args, shape=(N, DIM)).double(), net


def _price(charge: Charge) -> Iterator[Fact]:
    """What errors of different kinds cost, and whether it depends on time."""

    def cost(error: float | Tensor, low: float = -1.0, high: float = 0.7) -> float:
        """Cost for each row in a stretch of time in which the network is off by `error`."""

        def off(right: Tensor, t: Tensor) -> Tensor:
            fits = isinstance(error, Tensor) and len(error) == len(right)
            wrong = error if fits or not isinstance(error, Tensor) else error[:1]
            return right + wrong * ((t > low) & (t <= high))

        paid, net = charge(off)
        t = net.rows()[1]
        return paid / max(int(((t > low) & (t <= high)).sum()), 1)

    half = (torch.arange(N, dtype=torch.float64) % 2 * 10)[:, None].expand(N, DIM)
    signs = 2 * half - 10
    single = torch.tensor([[10.0, 0.0]], dtype=torch.float64).expand(N, DIM)
    unit = max(cost(10.0), 1e-12)
    dear = cost(20.0) / 4, cost(signs), 2 * cost(single), 2 * cost(half)
    what = "cost of doubled (over 4), alternating, one-sided, sparse errors"
    came = torch.tensor(dear) / unit
    fact = Fact("not a mean of squares", what, torch.ones(4), came, words.LOOK_SQUARES, 0.1, 0.15)
    yield fact
    if not fact.holds():
        return
    late = cost(10.0, 0.7, 0.9) / max(cost(10.0, -1.0, 0.45), 1e-12)
    what = "cost of errors late over early"
    yield Fact("weighted by time", what, 1.0, late, words.LOOK_WEIGHT, 0.05, 0.03 + 0.1 * late)
