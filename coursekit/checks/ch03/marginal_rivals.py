"""Known wrong answers to exercise 3.3, as rules to compare with."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..shared.mistakes import one_time_for_all
from .conditional import MISTAKES as CONDITIONAL
from .conditional import Scheduler, _sample_conditional

Rule = Callable[[Tensor, Tensor, Scheduler], Tensor]


def _drawn(points: Tensor, n: int) -> Tensor:
    return points[torch.randint(len(points), (n,))]


def _from(choose: Callable[[Tensor, int], Tensor], conditional: Rule = _sample_conditional) -> Rule:
    """A state around each of the chosen data points."""
    return lambda points, t, scheduler: conditional(choose(points, len(t)), t, scheduler)


def _averaged_samples(points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    n, m = len(t), len(points)
    states = [_sample_conditional(points[i].expand(n, -1), t, scheduler) for i in range(m)]
    return torch.stack(states).mean(dim=0)


def _mixed_coordinates(points: Tensor, n: int) -> Tensor:
    index = torch.randint(len(points), (n, points.shape[1]))
    return points.gather(0, index)


MISTAKES = {
    "one z for the whole batch": (
        _from(lambda points, n: _drawn(points, 1).expand(n, -1)),
        "All samples of a run come from one data point: you draw a single z for the whole batch. Then the "
        "batch shows a conditional path, and never the marginal one. How many indices do you draw?",
    ),
    **one_time_for_all(
        lambda points, t, scheduler: _sample_conditional(_drawn(points, len(t)), t, scheduler), 1
    ),
    "averaged samples": (
        _averaged_samples,
        "You draw a sample around every data point and average them. A mixture of laws is not the law of an "
        "average: each sample comes from one point, and which one is left to chance. Your average has less "
        "noise and sits in between, where there may be no data at all.",
    ),
    "averaged data": (
        _from(lambda points, n: points.mean(dim=0).expand(n, -1)),
        "All your samples lie around the mean of the data set, where there may be no data at all. A mixture "
        "does not average its parts: each sample belongs to one data point, and which one is left to chance.",
    ),
    "coordinates of different points": (
        _from(_mixed_coordinates),
        "You draw an index for every coordinate, so a sample takes its coordinates from different data "
        "points and lands where there are none. One index for each sample picks a whole row.",
    ),
    "points in turn": (
        _from(lambda points, n: points[torch.arange(n) % len(points)]),
        "You go through the data points in turn: one after the other, then again from the first. Every "
        "point comes equally often, but nothing about it is random. Draw the index of each sample.",
    ),
    "points in blocks": (
        _from(lambda points, n: points[torch.arange(n) * len(points) // n]),
        "Your samples come in blocks: first all of one data point, then all of the next. Every point comes "
        "equally often, but nothing about it is random. Draw the index of each sample.",
    ),
    "one point never drawn": (
        _from(lambda points, n: points[torch.randint(len(points) - 1, (n,))]),
        "The last data point never appears among your samples, and the others appear too often. The upper "
        "end of `torch.randint` is not included: which is the last index you should be able to draw?",
    ),
    "first point never drawn": (
        _from(lambda points, n: points[torch.randint(1, len(points), (n,))]),
        "The first data point never appears among your samples, and the others appear too often. Which "
        "index does the first row of a tensor have, and which is the lowest that you draw?",
    ),
    "no noise": (
        _from(_drawn, CONDITIONAL["nothing random"][0]),
        "Your samples are scaled data points without any noise, so many of them are equal. Around the point "
        "that was drawn comes a sample of the conditional path, with fresh noise.",
    ),
    "data alone": (
        lambda points, t, scheduler: _drawn(points, len(t)),
        "Your samples are data points as they are, so many of them are equal. That is the law at time 1. "
        "At other times each point that was drawn has to go through `sample_conditional`.",
    ),
    "alpha and beta swapped": (
        _from(_drawn, CONDITIONAL["alpha and beta swapped"][0]),
        "Late in time your samples are nearly all noise: the two weights have changed places. Use the "
        "`sample_conditional` that the check of exercise 3.2 handed back.",
    ),
    "data not scaled": (
        _from(_drawn, CONDITIONAL["data not scaled"][0]),
        "Your clouds sit on the data points themselves at every time. On the way a cloud's centre is the "
        "data point times the data's weight at that time.",
    ),
    "scheduler not used": (
        _from(_drawn, CONDITIONAL["scheduler not used"][0]),
        "You mix by the time itself, as on the straight line, whatever scheduler you are given. Hand the "
        "scheduler on to `sample_conditional`; the check has another one than the lab's.",
    ),
    "cosine assumed": (
        _from(_drawn, CONDITIONAL["cosine assumed"][0]),
        "You mix with the cosine, whatever scheduler you are given. Hand on the one that is the third "
        "argument of your function; the check has another one than the lab's.",
    ),
    "one noise for the whole batch": (
        _from(_drawn, CONDITIONAL["one noise for the whole batch"][0]),
        "Your samples draw data points of their own, but they share one noise: the clouds have no width. "
        "Each sample needs a draw of its own; `sample_conditional` makes it if it gets the whole batch.",
    ),
}
