"""What goes wrong in every loss of this chapter: times, states, and how the errors are put together."""

from typing import Any

import torch
from torch import Tensor

from ..shared.schedulers import straight
from .loss_parts import Loss, Target, loss

Mistakes = dict[str, tuple[Loss, str]]


def _one_time(z: Tensor, last: float) -> Tensor:
    return last * torch.rand(1, 1, dtype=z.dtype).expand(len(z), 1)


def _same_noise(z: Tensor) -> Tensor:
    return torch.randn(z.shape, dtype=z.dtype, generator=torch.Generator().manual_seed(0))


def _same_time(z: Tensor, last: float) -> Tensor:
    return last * torch.rand(len(z), 1, dtype=z.dtype, generator=torch.Generator().manual_seed(1))


PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "one time for the whole batch": (
        {"times": _one_time},
        "All states of your batch share one time. Each batch then teaches the network about one moment "
        "only, and the loss jumps from batch to batch. Draw a column of times, one for every row.",
    ),
    "clean data shown": (
        {"feed": lambda z, eps, numbers: z},
        "You show the data point itself to the network. There is no noise in it to be found, and when "
        "you sample later it has never seen a noisy state. Show it the mix.",
    ),
    "pure noise shown": (
        {"feed": lambda z, eps, numbers: eps},
        "You show the noise itself to the network. It would learn to copy its input. What it will meet "
        "when sampling is a state of the path, a mix of data and noise.",
    ),
    "alpha and beta swapped": (
        {"feed": lambda z, eps, numbers: numbers[1] * z + numbers[0] * eps},
        "In the state you multiply the data by the noise's weight and the noise by the data's. In which "
        "order does the scheduler return its numbers?",
    ),
    "beta squared for the spread": (
        {"feed": lambda z, eps, numbers: numbers[0] * z + numbers[1] ** 2 * eps},
        "The noise in your state is multiplied by `beta` squared. That is the variance of the state; "
        "noise is multiplied by the standard deviation.",
    ),
    "noise not scaled": (
        {"feed": lambda z, eps, numbers: numbers[0] * z + eps},
        "The noise in your state is equally strong at all times. At the end of the path it has to be "
        "gone. Which number multiplies it?",
    ),
    "data not scaled": (
        {"feed": lambda z, eps, numbers: z + numbers[1] * eps},
        "The data point enters your state whole at every time. Early on the path should know nothing of "
        "it. Which number multiplies the data?",
    ),
    "slopes for weights": (
        {"feed": lambda z, eps, numbers: numbers[2] * z + numbers[3] * eps},
        "You mix your state with the derivatives of the weights. That gives a velocity; a state is mixed "
        "with the weights themselves.",
    ),
    "rand for randn": (
        {"noise": torch.rand_like},
        "Your noise is uniform between 0 and 1: never negative, and too narrow. The path asks for "
        "standard normal noise. Two functions of torch have names that differ by one letter.",
    ),
    "one noise for the whole batch": (
        {"noise": lambda z: torch.randn_like(z[:1]).expand_as(z)},
        "All states of the batch share one draw of noise. Each state needs a draw of its own; look at "
        "the shape in which you draw.",
    ),
    "one noise for all coordinates": (
        {"noise": lambda z: torch.randn_like(z[:, :1]).expand_as(z)},
        "Within each state all coordinates get the same noise. Each coordinate needs a draw of its own; "
        "look at the shape in which you draw.",
    ),
    "time turned round": (
        {"shown": lambda t: 1 - t},
        "The network is told another time than the one at which its state was mixed: noise would be at "
        "time 1. In this course noise is at time 0; hand the same time to scheduler and network.",
    ),
    "the last time always": (
        {"times": lambda z, last: torch.full((len(z), 1), last, dtype=z.dtype)},
        "All states live at the last of the times, in every call. The network then learns about this one "
        "moment: draw a time for every row, between 0 and the last one.",
    ),
    "times from randn": (
        {"times": lambda z, last: last * torch.randn(len(z), 1, dtype=z.dtype)},
        "Your times are normal numbers, negative ones and large ones among them. They should be uniform. Two "
        "functions of torch have names that differ by one letter.",
    ),
    "time not shown": (
        {"shown": lambda t: 0.0 * t},
        "The network is told time 0 for every state. How much noise a state holds depends on its time, "
        "and without it the network has to guess.",
    ),
    "straight line assumed": (
        {"scheduled": straight},
        "You mix your state by the time itself, as on the straight line, whatever scheduler you are "
        "given. Ask it for the weights; the check hands over another one.",
    ),
    "the same draw each time": (
        {"noise": _same_noise, "times": _same_time},
        "Every call of your loss uses the same times and the same noise. The network would learn this "
        "one draw by heart. Is a seed set inside your function?",
    ),
    "not squared": (
        {"reduce": lambda residual, numbers: residual.abs().mean()},
        "You average the size of the errors, not their square. Absolute errors are minimised by medians; "
        "what the network should learn is a *mean* over all data points that could lie behind a state.",
    ),
    "length, not its square": (
        {"reduce": lambda residual, numbers: residual.norm(dim=-1).mean()},
        "You average the length of the error; the square is missing. Lengths are minimised by another "
        "function than the mean that you want. Does your norm take a root?",
    ),
    "root of the mean": (
        {"reduce": lambda residual, numbers: residual.square().mean().sqrt()},
        "You take a root at the end. It does not move the minimum of one fixed batch, but the mean of "
        "roots over many batches is not the root of the mean: leave the squares alone.",
    ),
    "square after the mean": (
        {"reduce": lambda residual, numbers: residual.mean().square()},
        "You average first and square then, so that errors of opposite sign cancel: a network that is "
        "wrong everywhere can cost nothing. First square, then average.",
    ),
    "square after the mean over the batch": (
        {"reduce": lambda residual, numbers: residual.mean(0).square().sum()},
        "You average over the batch first and square then, so that errors of opposite sign cancel: a "
        "network that is wrong everywhere can cost nothing. First square, then average.",
    ),
    "coordinates summed before the square": (
        {"reduce": lambda residual, numbers: residual.sum(-1).square().mean()},
        "You sum the coordinates of an error before you square, so that a positive and a negative one "
        "cancel. Each coordinate is squared for itself.",
    ),
    "no gradient": (
        {"reduce": lambda residual, numbers: residual.detach().square().mean()},
        "The value of your loss is right, but no gradient leads from it back to the network, so nothing "
        "would be learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or `float(...)`.",
    ),
}


def shared(target: Target) -> Mistakes:
    """The known wrong answers of `PARTS`, for a loss with this target."""
    return {name: (loss(target, **parts), words) for name, (parts, words) in PARTS.items()}
