"""Exercise 8.2: find the bug in a friend's loss, which compares velocities and clips a denominator."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.regression_loss import LossTask, Part, Sample, measure, mistakes

LEAST = (0.25, 0.3, 0.2)
"""Clips of the three batches: so large that what is clipped is seen in many rows."""


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
    given=lambda batch, rows: (LEAST[batch],),
    batches=((24, (24,), 8), (96, (16,), 16), (200, (1,), 1)),
)


def _compared_with(target: Part) -> Part:
    """The data point for which the answer's velocity is `target`."""
    return lambda s: s.x + _below(s) * target(s)


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
        "Answer and target agree now, but nothing is clipped any more, and the loss explodes again: it has "
        "no finite mean. Both should be divided by the same number, and this one should be at least `least`.",
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
        "You keep the denominator from getting large, and it should be kept from getting small. `least` is "
        "the smallest number that may stand below the line.",
    ),
    "least added": (
        TASK.loss(weight=lambda s: 1 / (s.beta + _least(s)).square()),
        "You add `least` to the denominator, which changes it at all times. Only where it would be smaller "
        "than `least` should it be something else.",
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


@exercise("8.2", "Find the bug", "core", "net, z, least", TASK.loss(), MISTAKES, random=True, limit=12.0)
def clipped_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient, weight and target."""
    yield from measure(student, TASK)
