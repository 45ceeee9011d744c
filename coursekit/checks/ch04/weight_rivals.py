"""Known wrong answers to exercise 4.2, as rules to compare with."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import straight
from .conditional import Scheduler

Law = Callable[[Tensor, Tensor, Tensor, Scheduler], Tensor]
Term = Callable[[Tensor, Tensor], Tensor]


def _exponent(rest: Tensor, beta: Tensor) -> Tensor:
    return -rest.square().sum(-1) / (2 * beta**2)


def _shares(logs: Tensor) -> Tensor:
    return logs.softmax(1)


def one_shift(logs: Tensor) -> Tensor:
    """Shares by way of exponentials, after a shift by the largest logarithm of all rows."""
    parts = (logs - logs.max()).exp()
    return parts / parts.sum(1, keepdim=True)


def weigh(
    exponent: Term = _exponent,
    shares: Callable[[Tensor], Tensor] = _shares,
    change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = lambda alpha, beta: (alpha, beta),
) -> Law:
    """Weights from the exponent of the clouds, how it is normalised, and the scheduler's weights."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta = change(*scheduler(t)[:2])
        rest = x[:, None] - alpha[:, None] * points
        return shares(exponent(rest, beta))

    return rule


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "normalised over the batch": (
        weigh(shares=lambda logs: logs.softmax(0)),
        "Your weights add up to one over the batch, not over the data points. For each state the question is "
        "which *data point* lies behind it: along which axis of (batch, n) do these stand?",
    ),
    "normalised over everything": (
        weigh(shares=lambda logs: (logs - logs.logsumexp((0, 1))).exp()),
        "All your weights together add up to one. Each state, each row, needs weights of its own that add up "
        "to one: say along which axis to sum.",
    ),
    "not normalised": (
        weigh(shares=lambda logs: logs.exp()),
        "You return densities, or something in proportion to them. To become probabilities they have to be "
        "divided by their sum over all data points.",
    ),
    "logarithms": (
        weigh(shares=lambda logs: logs.log_softmax(1)),
        "You return the logarithms of the weights. They are a good way to get there, but the weights "
        "themselves are asked for: numbers between 0 and 1.",
    ),
    "exp before the sum": (
        weigh(shares=lambda logs: logs.exp() / logs.exp().sum(1, keepdim=True)),
        "Early in time your weights are right. Late in time all your densities are smaller than any float, "
        "and you divide zero by zero. Which function of torch goes from logarithms to shares in one step?",
    ),
    "exp before the sum, and a small number": (
        weigh(shares=lambda logs: logs.exp() / (logs.exp().sum(1, keepdim=True) + 1e-12)),
        "Late in time all your densities are smaller than any float. The small number in the denominator "
        "hides the zero but all weights are lost. Stay with logarithms until the sum is made.",
    ),
    "beta for beta squared": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta)),
        "In your exponent the squared distance is divided by the noise's weight itself. That is a standard "
        "deviation, so a squared distance needs its square: which one is the variance of the cloud?",
    ),
    "beta to the fourth": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta**4)),
        "The noise's weight is squared once too often in your exponent. It is a standard deviation: what is "
        "the variance of the cloud?",
    ),
    "beta left out": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / 2),
        "In your exponent the distance is not measured in widths of the cloud. Late in time the clouds are "
        "narrow, and a small distance tells a lot.",
    ),
    "no half in the exponent": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / beta**2),
        "Your exponent is twice as large as it should be, so your weights are too sure of themselves. Look "
        "at the exponent of a normal law once more.",
    ),
    "sign of the exponent": (
        weigh(lambda rest, beta: -_exponent(rest, beta)),
        "Your farthest data points get the largest weights. A density falls with the distance: which sign "
        "has the exponent of a normal law?",
    ),
    "distance not squared": (
        weigh(lambda rest, beta: -rest.norm(dim=-1) / (2 * beta**2)),
        "Your exponent grows with the distance and not with its square. Does your distance take a root at "
        "the end? `torch.cdist` does.",
    ),
    "mean over the coordinates": (
        weigh(lambda rest, beta: -rest.square().mean(-1) / (2 * beta**2)),
        "You average the squares over the coordinates. A squared distance is their sum: with more "
        "coordinates there is more to tell the points apart.",
    ),
    "alpha left out": (
        weigh(change=lambda alpha, beta: (torch.ones_like(alpha), beta)),
        "You measure the distance to the data points themselves. At this time the clouds are not centred on "
        "them yet: where is the centre of the cloud that belongs to one data point?",
    ),
    "alpha and beta swapped": (
        weigh(change=lambda alpha, beta: (beta, alpha)),
        "You centre the clouds with the noise's weight and take the data's weight for their width. Which of "
        "the two goes with the data?",
    ),
    "nearest point only": (
        weigh(shares=lambda logs: torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]).double()),
        "You give the whole weight to the most likely data point. The others are possible as well, and early "
        "in time nearly as likely: how likely exactly?",
    ),
    "one over the distance": (
        weigh(lambda rest, beta: rest.norm(dim=-1), lambda away: 1 / away / (1 / away).sum(1, keepdim=True)),
        "Your weights fall with the distance, but not as the density of a normal law does. Bayes' rule asks "
        "for the density of the cloud around each data point, at the state.",
    ),
    "axes swapped": (
        lambda x, points, t, scheduler: weigh()(x, points, t, scheduler).T,
        "The weights are right, but they stand in columns: one row for each state was asked for, "
        "(batch, n). Swap the two axes.",
    ),
    "one shift for the whole batch": (
        weigh(shares=one_shift),
        "You shift all logarithms by the largest of the whole batch. That saves the row it comes from; in "
        "the others every exponential may still be zero. Each row needs a shift of its own.",
    ),
    "exponents": (
        weigh(shares=lambda logs: logs),
        "You return the exponents of the densities. What is missing is the step from a row of logarithms to "
        "shares that add up to one.",
    ),
    "beta squared multiplied": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / 2 * beta**2),
        "Your exponent is multiplied by the variance where it should be divided. Does your line divide by "
        "two and then go on with a factor, for want of brackets?",
    ),
    "straight line assumed": (
        lambda x, points, t, scheduler: weigh()(x, points, t, straight),
        "Your weights are right for the straight line, but you do not ask the scheduler. The check hands "
        "over another one: take the first two of its numbers.",
    ),
    **one_time_for_all(weigh(), 2),
}
