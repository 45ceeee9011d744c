"""Exercise 5.6: the loss of noise prediction, for networks that predict noise, score or velocity."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Function, Mistake
from ..shared.regression_loss import LossTask, Sample, measure, mistakes
from ..shared.schedulers import bent, straight


def _velocity(s: Sample) -> Tensor:
    return s.alpha_dot * s.z + s.beta_dot * s.eps


def _weight_of_velocity(s: Sample) -> Tensor:
    """The noise is (alpha_dot x - alpha u) over this determinant, so it errs by alpha over it times u's."""
    return (s.alpha / (s.alpha_dot * s.beta - s.alpha * s.beta_dot)).square()


def _given(predicts: str) -> Callable[[int, int], tuple[Any, ...]]:
    return lambda batch, rows: (straight if batch == 2 else bent, predicts)


FEW = (24, (24,), 4), (96, (16,), 8), (200, (1,), 1)
TASK = LossTask(target=lambda s: s.eps, path=lambda scheduler, predicts: scheduler, given=_given("noise"))
TASKS = {
    "noise": TASK,
    "score": replace(
        TASK,
        target=lambda s: -s.eps / s.beta.clamp(min=1e-6),
        weight=lambda s: s.beta.square(),
        given=_given("score"),
        batches=FEW,
    ),
    "velocity": replace(
        TASK, target=_velocity, weight=_weight_of_velocity, given=_given("velocity"), batches=FEW
    ),
}
"""What a network of each kind should answer, and how much its errors count in the loss on the noise."""


def _by_kind(rules: Mapping[str, Function]) -> Function:
    """One loss from one for each kind of network."""
    return lambda net, z, scheduler, predicts: rules[predicts](net, z, scheduler, predicts)


def _changed(**kinds: Function) -> Function:
    """The right loss, but for some kinds of networks."""
    return _by_kind({name: task.loss() for name, task in TASKS.items()} | kinds)


def _as_noise(
    change: Callable[[Sample], Tensor], weight: Callable[[Sample], Tensor] | None = None
) -> Function:
    """A loss whose answers would have to be `change`."""
    return TASK.loss(target=change, weight=weight)


KINDS = ("times", "scheduler", "noise")
EACH = {name: mistakes(task, *KINDS) for name, task in TASKS.items()}
GENERAL: dict[str, Mistake] = {
    name: (_by_kind({kind: EACH[kind][name][0] for kind in TASKS}), text)
    for name, (_, text) in EACH["noise"].items()
}
MISTAKES: dict[str, Mistake] = {
    "what the network predicts is ignored": (
        _changed(score=TASK.loss(), velocity=TASK.loss()),
        "You compare every answer with the noise, whatever the network predicts. A network that predicts "
        "the score would be trained to give something else. What has to happen to its answer first?",
    ),
    "each with its own loss": (
        _changed(
            score=replace(TASKS["score"], weight=None).loss(),
            velocity=replace(TASKS["velocity"], weight=None).loss(),
        ),
        "You compare each answer with a target of its own kind. The best networks are the right ones, but it "
        "is another loss for each: the squared errors of the *noise* should count. Convert the answer, not "
        "the target.",
    ),
    "score loss of exercise 5.4": (
        _changed(score=replace(TASKS["score"], weight=None).loss()),
        "Where the network predicts the score you are back at the loss of exercise 5.4, whose floor has no "
        "bound. Turn the answer into noise, and compare noise with noise.",
    ),
    "velocity loss of chapter 04": (
        _changed(velocity=replace(TASKS["velocity"], weight=None).loss()),
        "Where the network predicts the velocity, your loss is that of chapter 04. It has the same best "
        "network, but other weights. Turn the answer into noise, and compare noise with noise.",
    ),
    "sign of the score": (
        _changed(score=_as_noise(lambda s: s.eps / s.beta, TASKS["score"].weight)),
        TEXTS["sign of the score"],
    ),
    "score taken for minus the noise": (
        _changed(score=_as_noise(lambda s: -s.eps)),
        "You turn the sign of a score and take it for the noise. Their sizes differ too: which factor lies "
        "between them?",
    ),
    "score divided by beta": (
        _changed(score=_as_noise(lambda s: -s.eps * s.beta, lambda s: 1 / s.beta.square())),
        "You divide the score by `beta` where it should be multiplied. Which of the two gets large late in "
        "time, score or noise?",
    ),
    "beta squared in the score": (
        _changed(score=_as_noise(lambda s: -s.eps / s.beta**2, lambda s: s.beta**4)),
        "You multiply the score by the variance. The noise is the score times a width: which power of `beta` "
        "is that?",
    ),
    "every answer taken for a score": (
        _by_kind(
            {
                "noise": _as_noise(lambda s: -s.eps / s.beta, TASKS["score"].weight),
                "score": TASKS["score"].loss(),
                "velocity": TASKS["velocity"].loss(),
            }
        ),
        "Where the network predicts the noise itself you multiply it by minus `beta` as well, as if it were "
        "a score. Which of the three answers needs which translation?",
    ),
    "velocity taken for the score": (
        _changed(velocity=_as_noise(lambda s: -s.eps / s.beta, TASKS["score"].weight)),
        "You treat a velocity as if it were a score. It has a part that belongs to the data as well: which "
        "of your functions turns the one into the other?",
    ),
    "converted the wrong way": (
        _changed(
            velocity=_as_noise(
                lambda s: (
                    (-s.eps / s.beta - s.alpha_dot / s.alpha * s.x)
                    * s.alpha
                    / s.beta
                    / (s.beta * s.alpha_dot - s.alpha * s.beta_dot)
                ),
                lambda s: (s.beta**2 / s.alpha * (s.beta * s.alpha_dot - s.alpha * s.beta_dot)).square(),
            )
        ),
        "You convert the velocity as if it were a score, into a velocity once more. The last argument of "
        "`convert` names what you want, not what you have.",
    ),
    "the straight line's velocity": (
        _changed(velocity=_as_noise(lambda s: (s.x - s.eps) / s.t, lambda s: s.t.square())),
        "From the velocity you find the noise as on the straight line, by subtracting time times velocity. "
        "The scheduler may be another one: which of your functions knows the way for all of them?",
    ),
    "velocity stops at the score": (
        _changed(
            velocity=_as_noise(
                lambda s: (
                    s.alpha_dot / s.alpha * s.x
                    + s.beta * (s.beta * s.alpha_dot / s.alpha - s.beta_dot) * s.eps
                ),
                lambda s: (s.beta * (s.beta * s.alpha_dot / s.alpha - s.beta_dot)).square().reciprocal(),
            )
        ),
        "You turn the velocity into the score and stop there. It is the noise that is compared: one more "
        "step is to come, the same as for a network that predicts the score.",
    ),
    "noise over beta": (
        _as_noise(lambda s: s.eps / s.beta),
        "You divide the noise by `beta`. The noise as it was drawn is the target: it has the same size at "
        "all times, and that is the point of this loss.",
    ),
    "noise times beta": (
        _as_noise(lambda s: s.beta * s.eps),
        "Your target is the noise after it was scaled down by `beta`. The draw itself is meant, before "
        "it is scaled; late in time nothing would be left to learn.",
    ),
    "sign of the noise": (_as_noise(lambda s: -s.eps), TEXTS["sign of the noise"]),
    "score for target": (_as_noise(lambda s: -s.eps / s.beta), TEXTS["score for target"]),
    **GENERAL,
}


@exercise(
    "5.6",
    "One loss, three networks",
    "core",
    "net, z, scheduler, predicts",
    _changed(),
    MISTAKES,
    random=True,
    limit=20.0,
)
def noise_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient and target; for each kind."""
    for predicts, task in TASKS.items():
        found = list(measure(student, task))
        facts = [each for each in found if isinstance(each, Fact)]
        if predicts == "noise":
            yield from found
            if not all(each.holds() for each in facts):
                return
        else:
            named = [replace(each, label=f"{each.label}, predicting the {predicts}") for each in facts]
            failed = any(not each.holds() for each in named)
            yield from named if failed else ()
