"""Known wrong answers to exercises 5.4 and 5.5, made from the parts of a loss."""

import torch
from torch import Tensor

from ..shared.schedulers import Numbers
from .loss_parts import Loss, Target, loss, uniform
from .loss_shared import Mistakes, shared


def _score_target(x: Tensor, z: Tensor, eps: Tensor, numbers: Numbers) -> Tensor:
    return -eps / numbers[1]


def _noise_target(x: Tensor, z: Tensor, eps: Tensor, numbers: Numbers) -> Tensor:
    return eps


def _velocity_target(x: Tensor, z: Tensor, eps: Tensor, numbers: Numbers) -> Tensor:
    return numbers[2] * z + numbers[3] * eps


def _other_noise(target: Target) -> Loss:
    """Two draws: one for the state, another for the target."""
    return loss(lambda x, z, eps, numbers: target(x, z, torch.randn_like(eps), numbers))


def _weighted(target: Target, power: float) -> Loss:
    return loss(target, reduce=lambda residual, numbers: (residual.square() * numbers[1] ** power).mean())


TWO_DRAWS = (
    "The noise in your target is not the noise in the state: it is drawn a second time. No network could "
    "guess it from the state. Draw once, and use that draw in both places."
)
LINE = (
    "Your target is the velocity of the straight line, carried over from exercise 4.4. Here something else "
    "is asked for: it is made of the noise alone, whatever the scheduler is."
)
VELOCITY = (
    "Your target is the velocity of chapter 04. What is asked here is about the noise in the state alone; "
    "the derivatives of the scheduler do not enter."
)

SCORE: Mistakes = {
    "weighted by beta squared": (
        _weighted(_score_target, 2),
        "Your errors are weighted by `beta` squared. That is a good idea, and the next exercise is about it. "
        "Here every time counts alike, so that you see what goes wrong without the weight.",
    ),
    "weighted by beta": (
        _weighted(_score_target, 1),
        "Your squared errors are weighted by `beta`. Here every time counts alike. (And to weigh the errors "
        "so that the target stays bounded, `beta` would have to be squared too.)",
    ),
    "weighted by one over beta squared": (
        _weighted(_score_target, -2),
        "You divide the squared errors by `beta` squared, though the target holds that factor already. Late "
        "times then dominate even more.",
    ),
    "times up to one": (
        loss(_score_target, times=lambda z, last: uniform(z, 1.0)),
        "Your times run up to 1, whatever the last time is. Near 1 the target is as large as one over "
        "`beta`, so a few late rows dominate the whole loss, and its mean over many batches never settles.",
    ),
    "times cut off instead of scaled": (
        loss(_score_target, times=lambda z, last: uniform(z, 1.0).clamp(max=last)),
        "You draw times up to 1 and clip the late ones, so they all pile up at the last time, where the "
        "target is largest. Stretch the unit interval onto the right one instead.",
    ),
    "times from one downwards": (
        loss(_score_target, times=lambda z, last: 1 - uniform(z, last)),
        "Your times run down from 1 instead of up from 0: the part of the path that should be left out is "
        "in, and its beginning is missing.",
    ),
    "only late times": (
        loss(_score_target, times=lambda z, last: last + (1 - last) * uniform(z, 1.0)),
        "Your times lie between the last time and 1: just the part that should be left out. They should run "
        "from 0 to the last time.",
    ),
    "sign of the target": (
        loss(lambda x, z, eps, numbers: eps / numbers[1]),
        "The sign of your target is turned. The score points uphill, back to the centre of the cloud; the "
        "noise is what led away from it.",
    ),
    "one over beta squared": (
        loss(lambda x, z, eps, numbers: -eps / numbers[1] ** 2),
        "You divide the noise by `beta` squared. In terms of state and data point that is the formula; but "
        "state minus centre is `beta` times the noise already, so one factor cancels.",
    ),
    "minus noise for the score": (
        loss(lambda x, z, eps, numbers: -eps),
        "Your target is minus the noise: `beta` times the score. That is close to the next exercise. The "
        "score itself has one factor more.",
    ),
    "noise for the score": (
        loss(_noise_target),
        "Your target is the noise itself, which is what the next exercise asks for. The score has the other "
        "sign, and one factor more.",
    ),
    "beta multiplied": (
        loss(lambda x, z, eps, numbers: -eps * numbers[1]),
        "You multiply the noise by `beta` where you should divide. A narrow cloud has a steep density, so "
        "the score grows as `beta` gets small.",
    ),
    "target not centred": (
        loss(lambda x, z, eps, numbers: -x / numbers[1] ** 2),
        "Your target pulls the state to the origin and knows nothing of the data point. The centre of the "
        "cloud is the data point times its weight.",
    ),
    "alpha forgotten in the target": (
        loss(lambda x, z, eps, numbers: (z - x) / numbers[1] ** 2),
        "Your target pulls the state to the data point itself. The centre of the cloud at time t is the data "
        "point times a weight.",
    ),
    "data for target": (
        loss(lambda x, z, eps, numbers: z),
        "Your target is the data point. A network can be asked for it, and chapter 08 will; here it should "
        "answer with the score.",
    ),
    "velocity for target": (loss(_velocity_target), VELOCITY),
    "target of the straight line": (loss(lambda x, z, eps, numbers: z - eps), LINE),
    "two draws of noise": (_other_noise(_score_target), TWO_DRAWS),
    **shared(_score_target),
}
NOISE: Mistakes = {
    "weighted by beta squared": (
        _weighted(_noise_target, 2),
        "Your errors are weighted by `beta` squared. In terms of the noise that weight is already spent: "
        "predicting the noise *is* the weighted score loss. Here every time counts alike.",
    ),
    "weighted by one over beta squared": (
        _weighted(_noise_target, -2),
        "You divide the squared errors by `beta` squared, which makes this the loss of the exercise before "
        "again: a few late rows dominate it. Here every time counts alike.",
    ),
    "weighted by beta": (
        _weighted(_noise_target, 1),
        "Your squared errors are weighted by `beta`. Here every time counts alike: the mean of the squares, "
        "and nothing else.",
    ),
    "sign of the noise": (
        loss(lambda x, z, eps, numbers: -eps),
        "Your network would answer with minus the noise. That is `beta` times the score, but the noise "
        "itself is asked for: the thing that was multiplied by `beta` and added to the state.",
    ),
    "score for target": (
        loss(_score_target),
        "Your target is the score, as in the exercise before, with its division by `beta`. The noise itself "
        "is never large, and that is the point of this loss.",
    ),
    "noise over beta": (
        loss(lambda x, z, eps, numbers: eps / numbers[1]),
        "You divide the noise by `beta`. The noise as it was drawn is asked for: it has the same size at all "
        "times, and that is the point of this loss.",
    ),
    "noise times beta": (
        loss(lambda x, z, eps, numbers: numbers[1] * eps),
        "Your target is the noise after it was scaled down by `beta`. The draw itself is asked for, before "
        "it is scaled; late in time nothing would be left to learn.",
    ),
    "data for target": (
        loss(lambda x, z, eps, numbers: z),
        "Your target is the data point. A network can be asked for it, and chapter 08 will; here it should "
        "answer with the noise.",
    ),
    "state minus data": (
        loss(lambda x, z, eps, numbers: x - z),
        "Your target is the difference of state and data point. The data point enters the state with a "
        "weight, and the noise does too, so this difference is not the noise.",
    ),
    "velocity for target": (loss(_velocity_target), VELOCITY),
    "target of the straight line": (loss(lambda x, z, eps, numbers: z - eps), LINE),
    "two draws of noise": (_other_noise(_noise_target), TWO_DRAWS),
    **shared(_noise_target),
}
