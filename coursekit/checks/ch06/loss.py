"""Exercise 6.3: the flow-matching loss with dropped labels."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from .common import CALLS, RATE, ROWS, Told, coins, labels_of
from .loss_rivals import MISTAKES, loss_of

SQUARE, REPEATS, NULL = 96, 8, 5
"""As many images as pixels in a row, so that mixed-up axes show; calls of it; the null label."""
CAP = 6.0
"""Largest ratio of two losses that is told apart from others."""
TESTS = 4

LOOK_TARGET = (
    "The check handed over a network that always knows the right answer: the velocity of each state on its "
    "way to its own image. For that network a right loss is zero; yours is not. Are target, state and time "
    "those of one and the same path?"
)
LOOK_ONCE = (
    "One call of your loss asks the network several times. For training, once is enough: each image is "
    "shown with one label, its own or the null label. Combining two fields comes later, when images are made."
)
LOOK_TIMES = (
    "Your times are not one for each image, uniform between 0 and 1. Print what you draw: its shape, its "
    "smallest and largest number, its mean."
)
LOOK_STATES = (
    "The states that your function shows to the network are not those of the path. How much of the image, "
    "and how much noise, is in a state early on, how much late?"
)
LOOK_FRESH = (
    "Two calls with the same images show the network the same states. Times and noise have to be drawn "
    "afresh in every call, inside your function, and without a fixed seed."
)
LOOK_NOISE = (
    "The noise in your states is not standard normal, with a draw of its own for each pixel of each image. "
    "Which function draws it, and in which shape?"
)
LOOK_SQUARE = (
    "An error that is twice as large should cost four times as much, whichever sign it has. Yours costs "
    "something else. In which order do you square and average?"
)
LOOK_GRADIENT = (
    "The loss is a right number, but its gradient does not reach the network's weights as it should. Is a "
    "part of it detached, or turned into a plain number?"
)


class _Batch:
    """Images and labels for one call, and a network that says what it was shown."""

    def __init__(self, student: StudentFunction, rule: Any, n: int, width: int) -> None:
        self.ask, self.n, self.width = student, n, width
        self.z = 1 + 3**0.5 * torch.randn(n, 1, 1, width, dtype=torch.float64)
        self.y = labels_of(NULL, n)
        self.rule, self.net = rule, Told(self._answer, (1, 1, width), NULL)
        self.trouble: Fault | None = None

    def _answer(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        if len(x) == self.n:
            return self.rule(x, t, self.z)
        both = len(x) == 2 * self.n
        name = "both branches in the loss" if both else "images left out"
        words = (
            LOOK_ONCE
            if both
            else (
                f"Your function shows the network {len(x)} of {self.n} images. All of them count, also those "
                "whose label is dropped: it is the label that goes, not the image."
            )
        )
        self.trouble = Fault(name, words)  # told later: the line that asks is not the one to mend
        return torch.zeros_like(x)

    def loss(self) -> Tensor:
        """The answer for this batch; labels may be edited."""
        try:
            value = self.ask(self.net, self.z, self.y, NULL, RATE, shape=(), may_edit=("y",)).double()
        except Fault as fault:
            raise self.trouble or fault from None
        if self.trouble:
            raise self.trouble
        if len(self.net.asked) > 1:
            raise Fault("both branches in the loss", LOOK_ONCE)
        if not self.net.asked:
            raise Fault(
                "net not asked",
                "Your loss never asks the network anything, so it cannot train it. Call `net` with states, "
                "times and labels, and compare its answer with the velocity.",
            )
        return value


def _knows(x: Tensor, t: Tensor, z: Tensor) -> Tensor:
    return (z - x) / (1 - t)


def _still(x: Tensor, t: Tensor, z: Tensor) -> Tensor:
    return torch.zeros_like(x)


def _points(x: Tensor, t: Tensor, z: Tensor) -> Tensor:
    return z


@exercise(
    "6.3",
    "The loss with dropped labels",
    "core",
    "net, z, y, null, rate",
    loss_of(),
    MISTAKES,
    random=True,
    double=True,
)
def guidance_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """The labels that a network is shown; then its states, its target, the cost of an error, the gradient."""
    silent = _typical(student, _still)[0]
    knows = _target(student, _knows, 0.0, silent)[0]
    yield knows
    if knows.holds():
        yield from _cost(student)
    seen = _target(student, _points, 0.2, silent)
    for fact in seen:
        yield fact
        if not fact.holds():  # the rest would only repeat it
            return
    if not knows.holds():
        return
    batches = [_Batch(student, _still, ROWS, 2) for _ in range(CALLS)]
    for batch in batches:
        batch.loss()
    shown = torch.stack([batch.net.asked[-1].y for batch in batches])
    yield coins(shown, torch.stack([batch.y for batch in batches]), NULL)
    yield from (fact for fact in (*_drawn(batches), *_fresh(student)) if not fact.holds())


def _typical(student: StudentFunction, rule: Any) -> tuple[float, list[_Batch]]:
    batches = [_Batch(student, rule, SQUARE, SQUARE) for _ in range(REPEATS)]
    return float(torch.stack([batch.loss() for batch in batches]).median()), batches


def _target(student: StudentFunction, rule: Any, right: float, silent: float) -> tuple[Fact, ...]:
    """Loss of a network that knows something, over that of one that knows nothing, and its times."""
    value, batches = _typical(student, rule)
    ratio = max(-CAP, min(CAP, value / silent)) if abs(silent) > 1e-9 else 0.0
    who = "answers with the image" if right else "knows each velocity"
    what = f"loss of a network that {who}, over a silent one's"
    tol, near = 0.03 if right else 5e-3, 0.03 + 0.25 * abs(ratio)
    own = sum(len(batch.net.asked[-1].t.unique()) for batch in batches) / (SQUARE * REPEATS)
    words = "share of own times"
    return (
        Fact("wrong target", what, right, ratio, LOOK_TARGET, tol, near),
        Fact("times shared", words, 1.0, own, LOOK_TIMES, 0.05, 0.2),
        _weights(batches),
    )


def _weights(batches: list[_Batch]) -> Fact:
    """How much of the image is in the states, before half time and after."""
    x = torch.cat([batch.net.asked[-1].x for batch in batches]).flatten(1)
    z = torch.cat([batch.z for batch in batches]).flatten(1)
    late = torch.cat([batch.net.asked[-1].t for batch in batches]) >= 0.5
    came = torch.stack([(x * (z - 1))[half].mean() / 3 for half in (~late, late)]).nan_to_num(0.0)
    what = "weight of the image, early and late"
    return Fact("wrong states", what, torch.tensor([0.25, 0.75]), came, LOOK_STATES, 0.09)


def _noise(batch: _Batch) -> Tensor:
    """The noise in the states of a batch, where enough of it is left, (rows, width)."""
    asked = batch.net.asked[-1]
    t = asked.t[:, None]
    eps = (asked.x.flatten(1) - t * batch.z.flatten(1)) / (1 - t)
    return eps[(asked.t < 0.5) & (asked.t > -5)]


def _drawn(batches: list[_Batch]) -> Iterator[Fact]:
    """Law of the times, and of the noise."""
    t = torch.cat([batch.net.asked[-1].t for batch in batches])
    moments = torch.stack([t.mean(), t.square().mean()])
    what = "mean and mean square of the times"
    tol = margin(TESTS) * 0.3 / len(t) ** 0.5
    yield Fact("times not uniform", what, torch.tensor([1 / 2, 1 / 3]), moments, LOOK_TIMES, tol)
    eps = torch.cat([_noise(batch) for batch in batches])
    if len(eps) < 1000:
        return
    within = torch.stack([part.std(dim=0).mean() for part in map(_noise, batches) if len(part) > 3]).mean()
    found = torch.tensor([0.0, float(within), 0.0])
    if float(within) > 0.1:  # else there is one draw in each batch, and nothing more to be learnt from it
        found[0], found[2] = eps.mean(), torch.corrcoef(eps.T)[0, 1]
    what = "noise: mean, spread within a batch, correlation of two pixels"
    yield Fact("wrong noise", what, torch.tensor([0.0, 1.0, 0.0]), found, LOOK_NOISE, 0.12)


def _fresh(student: StudentFunction) -> Iterator[Fact]:
    """Whether two calls with the same images draw anew."""
    batch = _Batch(student, _still, ROWS, 2)
    states = []
    for _ in range(2):
        batch.loss()
        states.append(batch.net.asked.pop().x)
    first, second = states
    same = float((first == second).flatten(1).all(dim=1).double().mean())
    what = "share of states equal in two calls"
    yield Fact("nothing fresh", what, 0.0, same, LOOK_FRESH, match_tol=0.1)


def _wrong_by(student: StudentFunction, errors: Tensor) -> tuple[Tensor, Told]:
    """Loss of a network that knows the answer, but is wrong by `errors` (n, 1, 1, width)."""
    batch = _Batch(student, lambda x, t, z: _knows(x, t, z) + errors, len(errors), errors.shape[-1])
    return batch.loss(), batch.net


def _cost(student: StudentFunction) -> Iterator[Fact | str]:
    """How errors of several sizes and signs are added up, and whether the gradient arrives."""
    even = torch.tensor([1.0, 2.0], dtype=torch.float64).expand(64, 1, 1, 2)
    signs = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(32).reshape(64, 1, 1, 1)
    axis = torch.tensor([5**0.5, 0.0], dtype=torch.float64).expand(64, 1, 1, 2)
    one, net = _wrong_by(student, even)
    gradient = _reached(student.last, net, even[0], one)
    others = torch.stack([_wrong_by(student, errors)[0] for errors in (2 * even, -even, signs * even, axis)])
    came = (others / one).clamp(-100, 100) if float(one.abs()) > 1e-9 else others * 0
    what = "cost of four kinds of errors, over plain ones"
    yield Fact("wrong cost", what, torch.tensor([4.0, 1.0, 1.0, 1.0]), came, LOOK_SQUARE, 0.02, 0.05)
    what = "gradient, over the right one"
    yield Fact("no gradient", what, 1.0, gradient, LOOK_GRADIENT, tol=0.02)
    factor = float(one) / 2.5
    if abs(factor - 1) > 0.02:
        yield (
            f"Your loss is {number(factor)} times the mean over images and pixels. It is accepted: its "
            "minimum is the same."
        )


def _reached(value: Any, net: Told, error: Tensor, cost: Tensor) -> float:
    """Slope of the loss along the error, over twice the loss: one for squares."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return 0.0
    (slope,) = torch.autograd.grad(value.sum(), net.offset, allow_unused=True)
    return 0.0 if slope is None else float((slope * error).sum() / (2 * cost))
