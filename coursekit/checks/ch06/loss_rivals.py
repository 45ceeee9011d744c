"""Known wrong answers to exercise 6.3, as rules to compare with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...training import drop_labels
from .common import LOOK

Parts = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Something made of z, eps, x and t."""
Labels = Callable[[Tensor, float, int], Tensor]


def _times(z: Tensor) -> Tensor:
    return torch.rand(len(z), 1, 1, 1, dtype=z.dtype)


def loss_of(
    target: Parts = lambda z, eps, x, t: z - eps,
    fed: Parts = lambda z, eps, x, t: x,
    mix: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda z, eps, t: t * z + (1 - t) * eps,
    labels: Labels = drop_labels,
    times: Callable[[Tensor], Tensor] = _times,
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
    reduce: Callable[[Tensor], Tensor] = lambda rest: rest.square().mean(),
) -> Callable[[Any, Tensor, Tensor, int, float], Tensor]:
    """A loss from its parts."""

    def rule(net: Any, z: Tensor, y: Tensor, null: int, rate: float) -> Tensor:
        t, eps = times(z), noise(z)
        x = mix(z, eps, t)
        return reduce(net(fed(z, eps, x, t), t, labels(y, rate, null)) - target(z, eps, x, t))

    return rule


def _image_dropped(net: Any, z: Tensor, y: Tensor, null: int, rate: float) -> Tensor:
    """Black out images in place of labels."""
    gone = torch.rand(len(z), 1, 1, 1) < rate
    return loss_of(labels=lambda y, rate, null: y)(net, torch.where(gone, 0.0, z), y, null, rate)


def _unseen(net: Any, z: Tensor, y: Tensor, null: int, rate: float) -> Tensor:
    with torch.no_grad():
        return loss_of()(net, z, y, null, rate)


def _uniform(y: Tensor) -> Tensor:
    return torch.rand(len(y))


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "one coin for the whole batch": (
        loss_of(labels=lambda y, rate, null: torch.where(torch.rand(1) < rate, null, y)),
        LOOK["one coin for the whole batch"],
    ),
    "dropped with 1 - rate": (
        loss_of(labels=lambda y, rate, null: torch.where(_uniform(y) > rate, null, y)),
        LOOK["dropped with 1 - rate"],
    ),
    "null label equal to a real class": (
        loss_of(labels=lambda y, rate, null: torch.where(_uniform(y) < rate, 0, y)),
        LOOK["null label equal to a real class"],
    ),
    "never dropped": (loss_of(labels=lambda y, rate, null: y), LOOK["never dropped"]),
    "all dropped": (loss_of(labels=lambda y, rate, null: torch.full_like(y, null)), LOOK["all dropped"]),
    "eps minus z": (
        loss_of(lambda z, eps, x, t: eps - z),
        "Your target has the wrong sign: it points from the image to the noise. In this course time 1 is "
        "data, and the state moves towards it.",
    ),
    "z minus x_t": (
        loss_of(lambda z, eps, x, t: z - x),
        "Your target is the way from the state to the image. That is the velocity times the time that is "
        "left: near the end it shrinks to nothing. How fast does the state move on its line?",
    ),
    "regression on z": (
        loss_of(lambda z, eps, x, t: z),
        "Your target is the image itself. That trains a network that guesses the image; a velocity is asked "
        "for. How fast does the state move on its line?",
    ),
    "regression on the noise": (
        loss_of(lambda z, eps, x, t: eps),
        "Your target is the noise. That trains a network that guesses the noise, as in chapter 05; a "
        "velocity is asked for.",
    ),
    "z into the network": (
        loss_of(fed=lambda z, eps, x, t: z),
        "Your network is shown the image in place of the state on the path. When digits are made there is no "
        "image to show: what is there at time t?",
    ),
    "path runs backwards": (
        loss_of(mix=lambda z, eps, t: (1 - t) * z + t * eps),
        "The weights of image and noise have changed places in your state: it is an image at time 0 and "
        "noise at time 1. Which of the two weights grows with time?",
    ),
    "time along the wrong axis": (
        loss_of(times=lambda z: torch.rand(len(z), dtype=z.dtype)),
        "Your times have the shape (batch,), and torch lines axes up from the right: they run along the "
        "pixels of a row. With as many images as columns there is not even an error. Give them three more "
        "axes.",
    ),
    "one time for the whole batch": (
        loss_of(times=lambda z: torch.rand(1, 1, 1, 1, dtype=z.dtype).expand(len(z), 1, 1, 1)),
        "All images of a batch have the same time, so each step of training learns about a single moment. "
        "Draw one time for each image.",
    ),
    "times from randn": (
        loss_of(times=lambda z: torch.randn(len(z), 1, 1, 1, dtype=z.dtype)),
        "Your times are normal numbers, negative ones and large ones among them. Times lie between 0 and 1, "
        "all equally likely. Two functions of torch have names that differ by one letter.",
    ),
    "rand for randn": (
        loss_of(noise=torch.rand_like),
        "Your noise is uniform between 0 and 1: never negative, and too narrow. Standard normal noise is "
        "asked for. Two functions of torch have names that differ by one letter.",
    ),
    "one noise for the whole batch": (
        loss_of(noise=lambda z: torch.randn_like(z[:1]).expand_as(z)),
        "All images of a batch get the same noise. Each needs a draw of its own: in which shape do you draw?",
    ),
    "image dropped in place of the label": (
        _image_dropped,
        "Every label reaches the network as it was; it is the *image* that you black out now and then. The "
        "network then learns that a label may mean an empty page. It is the label that has to go.",
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
    "absolute values": (
        loss_of(reduce=lambda rest: rest.abs().mean()),
        "You average absolute values, not squares. The smallest mean *square* is reached by the mean "
        "velocity, which is the field we want; absolute values lead to a median.",
    ),
    "no gradient": (
        _unseen,
        "The number is right, but it has lost its way back to the weights of the network: a loss that is "
        "detached, turned into a plain number or computed under `no_grad` cannot train anything.",
    ),
}
