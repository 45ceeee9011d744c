"""Exercise 7.2: L_simple, the loss with which DDPM is trained."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from . import loss_words as words
from .common import between, shares, uneven
from .loss_parts import loss
from .loss_rivals import MISTAKES
from .loss_shown import Answer, Shown

N, DIM, STEPS = 1800, 2, 30
TESTS = 12
"""Statistical numbers in the facts below; they share the family's level."""


Charge = Callable[[Answer], tuple[float, Shown]]


@exercise("7.2", "The simple loss", "core", "net, z, alpha_bar", loss(), MISTAKES, random=True, double=True)
def simple_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """States and indices that the network is shown, the target, the square, the weight, the gradient."""
    z = 16 * torch.randn(N, DIM, dtype=torch.float64) + 8  # so large that a wrong weight shows
    alpha_bar = shares(uneven(STEPS) * 2.5)

    def charge(answer: Answer) -> tuple[float, Shown]:
        shown = Shown(z, alpha_bar, answer)
        return float(student(shown.net, z, alpha_bar, shape=())), shown

    silent, shown = charge(lambda right, k: 0.0 * right)
    _, other = charge(lambda right, k: right + 5.0)
    asked = list(_indices(shown, other))
    yield from asked
    if len(asked) == 1:
        return
    states = list(_states(shown, other))
    yield from states
    if not all(fact.holds() for fact in asked + states):
        return
    target = list(_target(student, charge, silent, alpha_bar))
    yield from target
    if not all(fact.holds() for fact in target):
        return
    yield from _price(charge)
    whole = charge(lambda right, k: right + 10.0)[0] / 100
    if abs(whole - 1) > 0.02:
        yield words.FACTOR.format(f"{whole:.0f}" if abs(whole - round(whole)) < 0.02 else f"{whole:.3f}")


def _indices(shown: Shown, other: Shown) -> Iterator[Fact]:
    """Indices that the network is told: whole, one for each row, evenly from 1 to K."""
    (_, k, _), (_, later, _) = shown.rows(), other.rows()
    moved = float((k != later).double().mean()) if k.shape == later.shape else 1.0
    if len(k.unique()) == 1:
        fact = Fact(
            "one index always", "share of indices that change with the call", 1.0, moved, words.LOOK_OWN
        )
        one = Fact(
            "one index for the whole batch",
            "different indices in the batch",
            float(STEPS),
            1.0,
            words.LOOK_OWN,
        )
        yield fact if moved == 0 else one
        return
    whole = float((k == k.round()).double().mean())
    yield Fact("not an index", "share of whole indices", 1.0, whole, words.LOOK_WHOLE, match_tol=0.05)
    ends = torch.stack([k.min(), k.max()])
    what = f"ends of the indices, K = {STEPS}"
    yield Fact("wrong indices", what, torch.tensor([1.0, STEPS]), ends, words.LOOK_ENDS, 1e-6, 0.01)
    tol = margin(TESTS) / (12 * N) ** 0.5
    middle = torch.stack([k.mean() - 0.5, k.std() * 12**0.5 / 2]) / STEPS
    what = "their mean and spread, scaled"
    yield Fact("indices not even", what, torch.full((2,), 0.5), middle, words.LOOK_EVEN, tol + 0.01, 0.05)
    if moved == 0:
        what = "share of the indices that change with the call"
        yield Fact("the same indices each time", what, 1.0, moved, words.LOOK_ANEW)


def _states(shown: Shown, other: Shown) -> Iterator[Fact]:
    """The noise between states and data: standard normal at all indices, and fresh in each call."""
    (x, k, eps), (_, _, fresh) = shown.rows(), other.rows()
    if float((eps - eps[:1]).abs().max()) < 1e-3:
        what = "different noises in the batch"
        yield Fact("one noise for the whole batch", what, float(N), 1.0, words.LOOK_EACH)
        return
    share = between(shown.alpha_bar, k)
    noise = (1 - share).sqrt().clamp(min=0.05)
    bands, weight = _bands(k), _of_data(x, shown.z, k)
    rest, ratio = (x - weight * shown.z) / noise, weight / share.sqrt()
    of_data = torch.stack([ratio[b].mean() for b in bands])
    spread = torch.stack([rest[b].std(dim=0).mean() for b in bands])
    rest = rest[bands[0] | bands[1] | bands[2]]
    what = "weight of the data, relative"
    tol = margin(TESTS) / (2 * 0.25 * N) ** 0.5 / 4  # there is at least four times as much data as noise
    yield Fact("wrong state", what, torch.ones(3), of_data, words.LOOK_STATE, tol, 0.025)
    what = "weight of the noise, relative"
    tol = margin(TESTS) / (2 * 2 * 0.25 * N) ** 0.5
    near = 0.02 + 0.12 * float(spread.max())
    yield Fact("wrong state", what, torch.ones(3), spread, words.LOOK_STATE, tol, near)
    if float(spread.max()) < 0.01 or len(rest) < 50:  # one draw for all: nothing more can be learnt from it
        return
    came = torch.stack([*rest.mean(0), torch.corrcoef(rest.T)[0, 1]])
    tol = margin(TESTS) / (0.8 * N) ** 0.5
    near = 0.2 + 0.1 * min(float(rest.std()), 2.0)
    yield Fact("wrong noise", "its means and correlation", torch.zeros(3), came, words.LOOK_NOISE, tol, near)
    if len(eps) != len(fresh):
        return
    same = float((eps == fresh).double().mean())
    yield Fact("the same draw each time", "noise drawn again", 0.0, same, words.LOOK_FRESH, match_tol=0.1)


def _of_data(x: Tensor, z: Tensor, k: Tensor) -> Tensor:
    """Weight of the data in the states of each index, by least squares: a column, as `k`."""
    at = k[:, 0].round().long().clamp(0, STEPS)
    product, square = (torch.zeros(STEPS + 1).to(x).index_add(0, at, (a * z).sum(1)) for a in (x, z))
    return (product / square.clamp(min=1e-9))[at][:, None]


def _bands(k: Tensor) -> list[Tensor]:
    """Rows after few, some and many steps; all rows where one would be empty."""
    ends = (0.5, STEPS / 3, 2 * STEPS / 3, STEPS + 0.5)
    found = [(k[:, 0] > low) & (k[:, 0] <= high) for low, high in pairwise(ends)]
    return [band if int(band.sum()) > 20 else torch.ones_like(band) for band in found]


def _target(student: StudentFunction, charge: Charge, silent: float, alpha_bar: Tensor) -> Iterator[Fact]:
    """What an answer costs that is right; and if it costs something, which answer would not."""
    paid, shown = charge(lambda right, k: right)
    paid = paid / max(abs(silent), 1e-12)
    near = 1e4 if paid > 0.01 else 0.05  # how much it costs is chance; what tells targets apart comes below
    fact = Fact(
        "wrong target", "loss of a perfect net, relative", 0.0, min(paid, 1e3), words.LOOK_TARGET, 0.01, near
    )
    yield fact
    slopes, shown = _slopes(student, shown.z, alpha_bar)
    if not bool(slopes.any()):
        what = "slope of the loss by the net's answers"
        if bool(_slopes(student, shown.z, alpha_bar, 1.0)[0].any()):  # there is one, but not at zero
            yield Fact("difference of squares", f"{what}, where they are 0", 1.0, 0.0, words.LOOK_DIFFERENCE)
        else:
            yield Fact("no gradient", what, 1.0, 0.0, words.LOOK_GRADIENT)
        return
    if fact.holds():
        return
    _, k, eps = shown.rows()
    few, _, many = _bands(k)

    def like(known: Tensor, rows: Tensor) -> Tensor:
        return torch.corrcoef(torch.stack([-slopes[rows].flatten(), known[rows].flatten()]))[0, 1].nan_to_num(
            0.0
        )

    growth = (slopes[few].square().mean() / slopes[many].square().mean()).log() / 2
    came = torch.stack([like(eps, few), like(eps, many), like(shown.z, few), like(shown.z, many), growth])
    what = "correlation of the target with noise and data, after few and many steps; log of its growth"
    expected = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0])
    yield Fact("wrong target", what, expected, came, words.LOOK_TARGET, 0.1, 0.25)


def _slopes(
    student: StudentFunction, z: Tensor, alpha_bar: Tensor, answer: float = 0.0
) -> tuple[Tensor, Shown]:
    """Gradient of the loss by the network's answers, all of them the same; zero if there is none."""
    knobs: list[Tensor] = []

    def knob(right: Tensor, k: Tensor) -> Tensor:
        knobs.append(torch.full_like(right, answer).requires_grad_())
        return knobs[-1]

    shown = Shown(z, alpha_bar, knob)

    def slope(*args: object) -> Tensor:
        with torch.enable_grad():
            value = student.answer(*args)
            if not isinstance(value, Tensor) or not value.requires_grad or not knobs:
                return torch.zeros_like(z)
            found = torch.autograd.grad(value, knobs, allow_unused=True)
        return torch.cat([torch.zeros_like(a) if g is None else g for a, g in zip(knobs, found, strict=True)])

    asked = StudentFunction(student.number, student.parameters, slope, student.limit)
    return asked(shown.net, z, alpha_bar, shape=(N, DIM)).double(), shown


def _price(charge: Charge) -> Iterator[Fact]:
    """What errors of different kinds cost, and whether it depends on the index."""

    def cost(error: float | Tensor, low: float = -1.0, high: float = STEPS) -> float:
        """Cost for each row in a stretch of indices in which the network is off by `error`."""
        rows = 0

        def off(right: Tensor, k: Tensor) -> Tensor:
            nonlocal rows
            wrong = error[rows : rows + len(right)] if isinstance(error, Tensor) else error
            rows += len(right)
            return right + wrong * ((k > low) & (k <= high))

        paid, shown = charge(off)
        k = shown.rows()[1]
        return paid / max(int(((k > low) & (k <= high)).sum()), 1)

    half = (torch.arange(N, dtype=torch.float64) % 2 * 10)[:, None].expand(N, DIM)
    single = torch.tensor([[10.0, 0.0]], dtype=torch.float64).expand(N, DIM)
    unit = cost(10.0)
    if unit < 0:
        yield Fact("sign of the loss", "sign of what an error costs", 1.0, -1.0, words.LOOK_SIGN)
        return
    unit = max(unit, 1e-12)
    dear = cost(20.0) / 4, cost(2 * half - 10), 2 * cost(single), 2 * cost(half)
    what = "cost of four kinds of errors, relative"
    fact = Fact(
        "not a mean of squares", what, torch.ones(4), torch.tensor(dear) / unit, words.LOOK_SQUARES, 0.1, 0.15
    )
    yield fact
    if fact.holds():
        few = cost(10.0, -1.0, STEPS / 3) / max(cost(10.0, STEPS * 2 / 3, STEPS), 1e-12)
        what = "cost at low k over high k"
        yield Fact("weighted", what, 1.0, few, words.LOOK_WEIGHT, 0.05, 0.03 + 0.12 * few)
