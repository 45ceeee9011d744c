"""Exercise 8.2: find the bug in a friend's loss, which compares velocities and clips a denominator."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.regression_loss import LossTask, Part, Sample, measure, mistakes
from .common import CLIPS, LEAST

HINTS = {
    "target": "The check hands over a network that answers with the data point itself, up to a known error, "
    "and in your loss another answer is the best. The perfect answer, converted, is a multiple of z − ε: is "
    "your target the same multiple?",
    "nearly": "At some times your loss compares with the right thing, and at others it does not. With the "
    "perfect answer put in by hand, what are the two velocities there, and what are both divided by?",
    "own weight": "An error of the data point should count as the error of a velocity that it makes: divided "
    "by what is clipped, and then squared. At some times yours counts otherwise.",
}


def _path(least: float) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Weights of data and noise, and the clipped denominator in the place of the last derivative."""
    return lambda t: (t, 1 - t, torch.ones_like(t), (1 - t).clamp(min=least))


def _below(s: Sample) -> Tensor:
    """What the friend divides by."""
    return s.beta_dot


def _least(s: Sample) -> float:
    """The clip: the smallest denominator, since some row of every batch is late."""
    return float(_below(s).min())


TASK = LossTask(
    target=lambda s: s.z,
    path=_path,
    weight=lambda s: 1 / _below(s).square(),
    hints=HINTS,
    named=True,
    compared=lambda s, aim: (aim - s.x) / _below(s),
    given=lambda batch, rows: (LEAST[batch],),
    batches=((24, (24,), 8), (96, (16,), 16), (200, (1,), 1)),
)


def _compared_with(target: Part) -> Part:
    """The data point for which the answer's velocity is `target`."""
    return lambda s: s.x + _below(s) * target(s)


def _late_times_moved(net: Any, z: Tensor, least: float) -> Tensor:
    """The loss at times that are cut off where the clip begins."""
    loss = TASK.loss(times=lambda z, last: TASK.draw(z, last).clamp(max=1 - least))
    return loss(net, z, least)


def _answer_only(below: Part) -> Callable[..., Tensor]:
    """The loss whose answer is divided by another number, and whose target is the true velocity."""
    return TASK.loss(
        target=lambda s: s.x + below(s) * (s.z - s.eps),
        weight=lambda s: 1 / below(s).square(),
    )


SKIPPED = {"the last time always", "the same draw each time", "two draws of noise"}
"""What another check of the same facts cannot see: the target has no noise in it."""
GENERAL = {name: found for name, found in mistakes(TASK, "times").items() if name not in SKIPPED}
MISTAKES: dict[str, Mistake] = {
    "the target is not clipped": (
        TASK.loss(target=lambda s: s.z + (_below(s) - s.beta) * (s.z - s.eps)),
        "The answer is divided by the clipped number, and the target is the true velocity, which is not. In "
        "the last stretch a network that answers with the data point itself still pays. What should the "
        "target be, so that it costs nothing there?",
    ),
    "nothing is clipped": (
        TASK.loss(weight=lambda s: 1 / s.beta.clamp(min=1e-6).square()),
        "Answer and target agree now, but `least` is not what is clipped at. Either nothing is clipped any "
        "more, and the loss has no finite mean, or a small number of your own stands in its place. Both "
        "should be divided by the same number, and this one should be at least `least`.",
    ),
    "the answer is not clipped": (
        TASK.loss(
            target=lambda s: s.x + s.beta / _below(s) * (s.z - s.x),
            weight=lambda s: 1 / s.beta.clamp(min=1e-6).square(),
        ),
        "The target is clipped now, and the answer is not: the mistake has moved to the other side. Both "
        "should be divided by the same number.",
    ),
    **{
        name: (TASK.loss(target=_compared_with(target)), words)
        for name, target, words in (
            (
                "the data point for the target",
                lambda s: s.z,
                "You compare a velocity with the data point itself. Answer and target have to be of a kind: "
                "what has to be done to the true data point, so that it compares with the answer?",
            ),
            (
                "the noise for the target",
                lambda s: s.eps,
                "You compare a velocity with the noise. Answer and target have to be of one kind: which "
                "recipe made the answer?",
            ),
            (
                "the way for the target",
                lambda s: s.z - s.x,
                "Your target is the way from the state to the data point, and the answer is a way over a "
                "time. What are both divided by?",
            ),
            (
                "the velocity divided again",
                lambda s: (s.z - s.eps) / _below(s),
                "Your target is the true velocity over the clipped number, and a velocity has been divided "
                "by a time already. What stands above the line in the answer?",
            ),
            (
                "sign of the target",
                lambda s: (s.x - s.z) / _below(s),
                "The sign of your target is turned: it points from the data point to the state. In which "
                "order does the answer take its difference?",
            ),
            (
                "eps minus z for the target",
                lambda s: s.eps - s.z,
                "Your target points from the data to the noise. In this course time 1 is data; and it is not "
                "clipped either.",
            ),
            (
                "at most for at least in the target",
                lambda s: (s.z - s.x) / s.beta.clamp(min=1e-6, max=_least(s)),
                "In your target the denominator is kept from getting large, and it should be kept from "
                "getting small, as in the answer.",
            ),
            (
                "the target's numbers are clipped",
                lambda s: (s.z - s.eps).clamp(min=_least(s)),
                "You clip the velocity itself, number by number. What has to be kept from getting small is "
                "what you divide by.",
            ),
            (
                "least added in the target",
                lambda s: (s.z - s.x) / (s.beta + _least(s)),
                "In your target `least` is added to the denominator, in the answer it is its smallest value. "
                "Both should be made by one recipe.",
            ),
        )
    },
    "asked for the velocity": (
        TASK.loss(target=lambda s: s.z - s.eps, weight=None),
        "You compare the network's answer itself with the velocity, so that it would learn to answer with "
        "velocities. This network is asked for the data: its answer is converted first.",
    ),
    "at most for at least": (
        TASK.loss(weight=lambda s: 1 / s.beta.clamp(min=1e-6, max=_least(s)).square()),
        CLIPS["at most for at least"],
    ),
    "at most for at least in the answer": (
        _answer_only(lambda s: s.beta.clamp(min=1e-6, max=_least(s))),
        "You keep the answer's denominator from getting large, and it should be kept from getting small: it "
        "was right before. The mistake is in another line: what is the answer compared with?",
    ),
    "least added in the answer": (
        _answer_only(lambda s: s.beta + _least(s)),
        "You add `least` to the answer's denominator, which was right before. The mistake is in another "
        "line: with the perfect answer, what do you compare the converted one with?",
    ),
    "t clipped for 1 - t": (
        TASK.loss(weight=lambda s: 1 / (1 - s.t.clamp(min=_least(s), max=1 - 1e-6)).square()),
        "You clip the time and then take it from 1. It is the whole denominator, 1 − t, that comes close to "
        "zero when time is nearly up: what should be at least `least`?",
    ),
    "a clip of your own": (
        TASK.loss(weight=lambda s: 1 / s.beta.clamp(min=0.1).square()),
        "You clip at a number of your own, and not at `least`, which is handed over. Both denominators "
        "should be at least `least`, however large it is.",
    ),
    "the time is cut off": (
        _late_times_moved,
        "You keep the *time* away from 1: all late rows are moved to one moment, so that the network never "
        "sees a state from the last stretch. Draw times as before. What should be at least `least` is the "
        "number below the line, in answer and target.",
    ),
    "least added": (
        TASK.loss(weight=lambda s: 1 / (s.beta + _least(s)).square()),
        CLIPS["least added"],
    ),
    "data compared with data": (
        TASK.loss(weight=None),
        "You compare the network's answer with the data point, and all times count alike. That is a loss "
        "too, but another one: here velocities are compared, and late errors count more.",
    ),
    "weight not squared": (
        TASK.loss(weight=lambda s: 1 / _below(s)),
        "The denominator enters your loss once, not squared. An error of the data point makes an error of "
        "the velocity, and it is that one which is squared.",
    ),
    "late rows left out": (
        TASK.loss(weight=lambda s: (s.beta >= _below(s)) / _below(s).square()),
        "Rows in the last stretch cost nothing in your loss, so the network learns nothing about them. They "
        "should count, with the weight of the time at which the clip begins.",
    ),
    **GENERAL,
}


@exercise(
    "8.2", "Find the bug: clip what?", "core", "net, z, least", TASK.loss(), MISTAKES, random=True, limit=12.0
)
def clipped_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient, weight and target."""
    yield from measure(student, TASK)
