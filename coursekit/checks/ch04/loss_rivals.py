"""Known wrong answers to exercise 4.4, as rules to compare with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Parts = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Something made of z, eps, x and t."""


def _mixed(z: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    return t * z + (1 - t) * eps


def _target(z: Tensor, eps: Tensor, x: Tensor, t: Tensor) -> Tensor:
    return z - eps


def _squares(rest: Tensor) -> Tensor:
    return rest.square().mean()


def loss_of(
    target: Parts = _target,
    fed: Parts = lambda z, eps, x, t: x,
    mix: Callable[[Tensor, Tensor, Tensor], Tensor] = _mixed,
    reduce: Callable[[Tensor], Tensor] = _squares,
    times: Callable[[Tensor], Tensor] = lambda z: torch.rand(len(z), 1, dtype=z.dtype),
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
) -> Callable[[Any, Tensor], Tensor]:
    """A loss from its target, what the network is fed, and how the rest becomes a number."""

    def rule(net: Any, z: Tensor) -> Tensor:
        t, eps = times(z), noise(z)
        x = mix(z, eps, t)
        return reduce(net(fed(z, eps, x, t), t) - target(z, eps, x, t))

    return rule


def _unseen(net: Any, z: Tensor) -> Tensor:
    with torch.no_grad():
        return loss_of()(net, z)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "z minus x_t": (
        loss_of(lambda z, eps, x, t: z - x),
        "Your target is the way from the state to the data point. That is the velocity times the time that "
        "is left: near the end it shrinks to nothing. The path runs from the noise to the data point: what "
        "is its velocity?",
    ),
    "eps minus z": (
        loss_of(lambda z, eps, x, t: eps - z),
        "Your target has the wrong sign: it points from the data to the noise. In this course time 1 is "
        "data; papers with the other clock have the other sign.",
    ),
    "regression on z": (
        loss_of(lambda z, eps, x, t: z),
        "Your target is the data point itself. That trains a network that guesses the data point, not a "
        "velocity. How fast does the state move on its line?",
    ),
    "regression on the noise": (
        loss_of(lambda z, eps, x, t: eps),
        "Your target is the noise. That trains a network that guesses the noise, as in chapter 05, not a "
        "velocity. How fast does the state move on its line?",
    ),
    "regression on the state": (
        loss_of(lambda z, eps, x, t: x),
        "Your target is the state itself, which the network is given already. It should answer with the "
        "velocity of that state.",
    ),
    "z plus eps": (
        loss_of(lambda z, eps, x, t: z + eps),
        "Your target is the *sum* of data point and noise. The weight of the noise falls as time goes on: "
        "which sign has its derivative?",
    ),
    "two draws of noise": (
        loss_of(lambda z, eps, x, t: z - torch.randn_like(eps)),
        "The noise in your target is not the noise in the state: it is drawn a second time. The state moves "
        "away from its own noise. Draw once, and use that draw in both places.",
    ),
    "z into the network": (
        loss_of(fed=lambda z, eps, x, t: z),
        "Your network is shown the data point in place of the state on the path. When samples are made there "
        "is no data point to show: what is there at time t?",
    ),
    "noise into the network": (
        loss_of(fed=lambda z, eps, x, t: eps),
        "Your network is shown the noise in place of the state on the path. That is the state at time 0 "
        "only; what is there at time t?",
    ),
    "time along the wrong axis": (
        loss_of(times=lambda z: torch.rand(len(z), dtype=z.dtype)),
        "Your times have the shape (batch,), and torch lines axes up from the right: they run along the "
        "coordinates. With as many states as coordinates there is not even an error. Give them a second "
        "axis.",
    ),
    "one time for the whole batch": (
        loss_of(times=lambda z: torch.rand(1, 1, dtype=z.dtype).expand(len(z), 1)),
        "All states of a batch have the same time, so each step of training learns about a single moment. "
        "Draw one time for each state.",
    ),
    "t = 0 is data": (
        loss_of(lambda z, eps, x, t: eps - z, mix=lambda z, eps, t: (1 - t) * z + t * eps),
        "Your loss is right for a clock on which time 0 is data, as some papers have it. Here time 0 is "
        "noise, and the samplers of this course start there. Turn the mix round, and the target with it.",
    ),
    "path runs backwards": (
        loss_of(mix=lambda z, eps, t: (1 - t) * z + t * eps),
        "At the time that the network is told, weights of data and noise have changed places: its states "
        "are data at time 0 and noise at time 1. Which of the two weights grows with time, and do mix and "
        "network get the same time?",
    ),
    "noise not scaled": (
        loss_of(mix=lambda z, eps, t: t * z + eps),
        "The noise in your state never fades: it enters with its full weight at all times. What should be "
        "left of it at time 1?",
    ),
    "data not scaled": (
        loss_of(mix=lambda z, eps, t: z + (1 - t) * eps),
        "The data point enters your state with its full weight at all times. At time 0 there should be "
        "nothing but noise.",
    ),
    "rand for randn": (
        loss_of(noise=torch.rand_like),
        "Your noise is uniform between 0 and 1: never negative, and too narrow. Standard normal noise is "
        "asked for. Two functions of torch have names that differ by one letter.",
    ),
    "one noise for the whole batch": (
        loss_of(noise=lambda z: torch.randn_like(z[:1]).expand_as(z)),
        "All states of a batch get the same noise. Each needs a draw of its own: in which shape do you draw?",
    ),
    "one noise for all coordinates": (
        loss_of(noise=lambda z: torch.randn_like(z[:, :1]).expand_as(z)),
        "Within a state all coordinates get the same noise. Each coordinate needs a draw of its own: in "
        "which shape do you draw?",
    ),
    "times not uniform": (
        loss_of(times=lambda z: torch.randn(len(z), 1, dtype=z.dtype).sigmoid()),
        "Your times are drawn by another law than the uniform one, so some moments count more than others. "
        "That may be a good idea one day; here every moment counts alike.",
    ),
    "times from randn": (
        loss_of(times=lambda z: torch.randn(len(z), 1, dtype=z.dtype)),
        "Your times are normal numbers, negative ones and large ones among them. Times lie between 0 and 1, "
        "all equally likely. Two functions of torch have names that differ by one letter.",
    ),
    "norm after the mean": (
        loss_of(reduce=lambda rest: rest.mean(0).square().mean()),
        "You average the errors over the batch first and square afterwards, so errors of opposite sign "
        "cancel. Square each error, then average.",
    ),
    "errors not squared": (
        loss_of(reduce=torch.mean),
        "You average the errors themselves, with their signs. The smallest value of that is minus infinity; "
        "nothing is learnt. What has to be done to each error before the mean?",
    ),
    "length for its square": (
        loss_of(reduce=lambda rest: rest.norm(dim=1).mean()),
        "You average the lengths of the errors, not their squares. The smallest mean *square* is reached by "
        "the posterior mean, which is the marginal field; the smallest mean length by a median.",
    ),
    "absolute values": (
        loss_of(reduce=lambda rest: rest.abs().mean()),
        "You average absolute values, not squares. The smallest mean *square* is reached by the posterior "
        "mean, which is the marginal field; absolute values lead to a median.",
    ),
    "root at the end": (
        loss_of(reduce=lambda rest: rest.square().mean().sqrt()),
        "You take a root at the end. The number then depends on the batch in a crooked way: the mean of "
        "roots over many batches is not the root of the mean. Leave the root out.",
    ),
    "summed before squaring": (
        loss_of(reduce=lambda rest: rest.sum(1).square().mean()),
        "You add the errors of a state's coordinates before you square, so that they can cancel. The squared "
        "length of an error is the sum of its squares.",
    ),
    "no gradient": (
        _unseen,
        "The number is right, but it has lost its way back to the weights of the network: a loss that is "
        "detached, turned into a plain number or computed under `no_grad` cannot train anything.",
    ),
}
