"""Facts about losses that match a network to a target: what the network is shown, and what it is charged."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.schedulers import bent
from ..shared.test_fields import slopes_of
from . import matching_words as words
from .matching_net import DIM, N, Net, Shown, Task

Charge = Callable[[Net], tuple[float, Shown]]

QUIET = 0.8
"""Noise is read off the states before this time; later it is divided by too small a `beta`."""
ALONE = ("one time for the whole batch", "one time always")
"""Names of the faults of losses whose rows share a time."""
TESTS = 10
"""Statistical numbers in the facts below; they share the family's level."""


def facts(student: StudentFunction, task: Task) -> Iterator[Fact | str]:
    """Everything that a loss of this kind can be held to."""
    z = 2 * torch.randn(N, DIM, dtype=torch.float64) + 1

    def charge(answer: Net) -> tuple[float, Shown]:
        net = Shown(z, task, answer)
        args = (net.spy, z, bent, task.last) if task.told else (net.spy, z, bent)
        return float(student(*args, shape=())), net

    seed = int(torch.randint(2**31, ()))
    torch.default_generator.manual_seed(seed)
    silent, net = charge(lambda right, t, at: 0.0 * right)
    _, other = charge(lambda right, t, at: right + 5.0)
    clock = list(_times(net, other, task))
    # Whether states fit the times that are told says more about wrong times; with one time it is chance.
    states = list(_states(net, other)) if all(fact.holds() for fact in clock[:1]) else []
    yield from clock
    yield from states
    if not all(fact.holds() for fact in clock + states):
        return
    target = list(_target(student, task, z, charge, silent, seed))
    yield from target
    if not all(fact.holds() for fact in target):
        return
    yield from _price(charge)
    whole = charge(lambda right, t, at: right + 10.0)[0] / 100
    if abs(whole - 1) > 0.02:
        yield words.FACTOR.format(f"{whole:.0f}" if abs(whole - round(whole)) < 0.02 else f"{whole:.3f}")


def _times(net: Shown, other: Shown, task: Task) -> Iterator[Fact]:
    """Times that the network is shown: one for each row, even up to the cut-off."""
    (_, t, _), (_, later, _) = net.rows(), other.rows()
    own = len(t.unique()) / len(t)
    what = "rows with their own time"
    moved = float((t != later).double().mean())
    if own < 0.5:
        yield Fact(ALONE[0], what, 1.0, own, words.LOOK_OWN, 0.02, 4e-4)
        yield Fact(ALONE[1], "share of times that change with the call", 1.0, moved, words.LOOK_OWN)
        if moved == 0:
            yield Fact(ALONE[1], "mean time", task.last / 2, t.mean(), words.LOOK_OWN, 1e-3, 1e-3)
        return
    yield Fact(ALONE[0], what, 1.0, own, words.LOOK_OWN, 0.02, 0.1)
    beyond = min(1.0, max(0.0, float(t.max()) - task.last))
    what = f"latest time beyond {task.last:g}"
    look = words.LOOK_BEYOND if task.told else words.LOOK_BEYOND_ONE
    yield Fact("times beyond the cut-off", what, 0.0, beyond, look, 1e-5, 0.02)
    share = torch.stack([t.mean(), t.std() * 12**0.5 / 2]).clamp(max=1.5 * task.last) / task.last
    what = "mean and spread of the times, scaled"
    tol = margin(TESTS) / (12 * N) ** 0.5 + 0.01
    near = 0.04 + 0.05 * float(share.abs().max())
    yield Fact("times not uniform", what, torch.full((2,), 0.5), share, words.LOOK_TIMES, tol, near)
    first = float(t.min())
    if first > 0.02:
        yield Fact("times begin late", "earliest time", 0.0, first, words.LOOK_EARLY, 0.01, 0.01)
    latest = min(1.0, float(t.max()) / task.last)
    if latest < 0.99:  # by chance once in three million
        yield Fact("times stop early", "latest time, over the last one", 1.0, latest, words.LOOK_EARLY, 0.01)
    if moved < 0.5:
        what = "share of times that change with the call"
        yield Fact(_repeating(net, other), what, 1.0, moved, words.LOOK_LADDER, 0.5, 0.1)


def _repeating(net: Shown, other: Shown) -> str:
    """What repeats itself, where the times do: they alone, or the noise too."""
    same = float((net.rows()[2] == other.rows()[2]).double().mean())
    return "the same draw each time" if same > 0.5 else "the same times always"


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
        match_tol=0.1,
    )


def _target(
    student: StudentFunction, task: Task, z: Tensor, charge: Charge, silent: float, seed: int
) -> Iterator[Fact]:
    """What an answer costs that is right; and if it costs something, which answer would not."""
    # The same draws as for the silent net, or else a few late rows would decide what the ratio is.
    torch.default_generator.manual_seed(seed)
    paid = abs(charge(lambda right, t, at: right)[0] / max(abs(silent), 1e-12)) ** 0.5
    what = "root of the loss of a perfect net, relative"
    nearly = task.close < paid < 0.1
    near = 0.02 if nearly else 1e4  # how much it costs is chance; what tells targets apart comes below
    name, look = ("nearly the target", words.LOOK_NEARLY) if nearly else ("wrong target", words.LOOK_TARGET)
    fact = Fact(name, what, 0.0, min(paid, 1e3), look, task.close, near if paid > task.close else 0.02)
    yield fact
    slopes, net = _slopes(student, task, z, 0.0)
    if not bool(slopes.any()):
        yield Fact("no gradient", "slope of the loss by the net's answers", 1.0, 0.0, words.LOOK_GRADIENT)
        return
    if fact.holds():
        return
    _, t, eps = net.rows()
    right = task.right(eps, bent(t)[1])
    spans = ((-1.0, 0.4), (0.6, QUIET), (0.7, 0.9))
    early, late, end = ((t[:, 0] > low) & (t[:, 0] <= high) for low, high in spans)

    def like(known: Tensor, rows: Tensor) -> Tensor:
        pair = torch.stack([-slopes[rows].flatten(), known[rows].flatten()])
        return torch.corrcoef(pair)[0, 1].nan_to_num(0.0)

    growth = [
        known[end].square().mean().sqrt() / known[early].square().mean().sqrt() for known in (slopes, right)
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


def _slopes(student: StudentFunction, task: Task, z: Tensor, level: float) -> tuple[Tensor, Shown]:
    """Gradient of the loss by the network's answers, all of them `level`; zero if there is none."""
    net = Shown(z, task, lambda right, t, at: level + 0 * right)
    knobs: list[Tensor] = []

    def knob(right: Tensor, t: Tensor, at: slice) -> Tensor:
        knobs.append((level + 0 * right).detach().requires_grad_())
        return knobs[-1]

    def slope(*args: object) -> Tensor:
        with torch.enable_grad():
            value = student.answer(*args)
            if not isinstance(value, Tensor) or not value.requires_grad or not knobs:
                return torch.zeros_like(z)
            found = slopes_of(value, knobs)
        return torch.cat([torch.zeros_like(k) if g is None else g for k, g in zip(knobs, found, strict=True)])

    net.answer = knob
    args = (net.spy, z, bent, task.last) if task.told else (net.spy, z, bent)
    return StudentFunction(student.number, student.parameters, slope, student.limit)(
        *args, shape=(N, DIM)
    ).double(), net


def _price(charge: Charge) -> Iterator[Fact]:
    """What errors of different kinds cost, and whether it depends on time."""

    def cost(error: float | Tensor, low: float = -1.0, high: float = 0.7) -> float:
        """Cost for each row in a stretch of time in which the network is off by `error`."""

        def off(right: Tensor, t: Tensor, at: slice) -> Tensor:
            wrong = error[at] if isinstance(error, Tensor) else error
            return right + wrong * ((t > low) & (t <= high))

        paid, net = charge(off)
        t = net.rows()[1]
        return paid / max(int(((t > low) & (t <= high)).sum()), 1)

    half = (torch.arange(N, dtype=torch.float64) % 2 * 10)[:, None].expand(N, DIM)
    signs = 2 * half - 10
    single = torch.tensor([[10.0, 0.0]], dtype=torch.float64).expand(N, DIM)
    unit = cost(10.0)
    if unit < 0:
        yield Fact("negative", "sign of the loss of a network that errs", 1.0, -1.0, words.LOOK_SIGN)
        return
    unit = max(unit, 1e-12)
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
