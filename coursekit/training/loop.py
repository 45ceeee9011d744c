"""Training: a loop that yields, so that the caller records, draws and stops."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Generator, Tensor, nn

from .losses import Loss
from .optimiser import Adam

Net_co = TypeVar("Net_co", bound=nn.Module, covariant=True)


@dataclass(frozen=True)
class Step:
    """The record of one step of training.

    Args:
        step: steps made so far; the first is 1.
        loss: loss of the step's batch, before the update.
        lr: learning rate that the step used.

    >>> step = next(fit(MLP(2), velocity_loss(GaussianPath()), torch.randn(100, 2), steps=10))
    >>> step.step
    1
    """

    step: int
    loss: float
    lr: float


class EMA(Generic[Net_co]):
    """A smoothed copy of a network: the exponential moving average of its weights.

        average <- d average + (1 - d) weights,   d = min(decay, k / (k + 9)) in update k

    Polyak & Juditsky 1992 average the weights; the growing d (a warm-up) lets the copy forget the random
    start quickly, so that it can be looked at after any step.

    Args:
        net: the network to follow.
        decay: fraction of the average that an update keeps, in [0, 1); it averages over about
            1 / (1 - decay) steps.
    Raises:
        ValueError: `decay` lies outside.

    >>> net = MLP(2)
    >>> ema = EMA(net)
    >>> for _ in fit(net, velocity_loss(GaussianPath()), torch.randn(100, 2), steps=3, ema=ema):
    ...     pass
    >>> ema.updates
    3
    """

    def __init__(self, net: Net_co, decay: float = 0.99) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay = {decay}; it must be at least 0 and below 1, such as 0.99")
        self.net: Net_co = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0
        self._averages, self._weights = list(self.net.parameters()), list(net.parameters())

    def update(self) -> None:
        """Average in the current weights of the network that is followed."""
        self.updates += 1
        kept = min(self.decay, self.updates / (self.updates + 9))
        with torch.no_grad():
            for average, weight in zip(self._averages, self._weights, strict=True):
                average.lerp_(weight, 1 - kept)


def cosine_rate(step: int, steps: int, warmup: float = 0.05) -> float:
    """Fraction of the full learning rate that a step uses: a short rise, then half a cosine down to zero.

        min(1, k / (warmup n)) * (1 + cos(pi (k - 1) / n)) / 2 in step k of n

    The cosine is that of Loshchilov & Hutter 2017.

    Args:
        step: number of the step, from 1 to `steps`.
        steps: steps in all.
        warmup: fraction of the steps that the rise takes.
    Returns:
        A factor in (0, 1].

    >>> cosine_rate(1, 100), cosine_rate(5, 100) > 0.99, round(cosine_rate(100, 100), 4)
    (0.2, True, 0.0002)
    """
    rise = min(1.0, step / max(1.0, warmup * steps))
    return rise * (1 + math.cos(math.pi * (step - 1) / steps)) / 2


def fit(
    net: nn.Module,
    loss: Loss,
    data: Tensor | Sequence[Tensor],
    steps: int,
    *,
    batch: int = 256,
    lr: float = 1e-2,
    ema: EMA[nn.Module] | None = None,
    generator: Generator | None = None,
) -> Iterator[Step]:
    """Train `net` in place, one batch a step, and yield after each step.

    Adam (Kingma & Ba 2015) with the rate of `cosine_rate`. A batch is drawn from the data with
    replacement. Stop at any step by leaving the loop; the network keeps what it has learnt.

    Args:
        net: the network; the data are moved to its device.
        loss: called as loss(net, z), or loss(net, z, y) where the data have labels.
        data: data points (n, *event), or a pair of them and their labels (n,), held in memory.
        steps: number of steps; the learning rate falls to 0 over them.
        batch: data points in a step.
        lr: largest learning rate.
        ema: a smoothed copy to update after each step.
        generator: source of all randomness, on the network's device; torch's own unless given.
    Yields:
        A `Step` after each update.
    Raises:
        ValueError: there are no data, points and labels differ in number, or a size is below 1.
        FloatingPointError: the loss became infinite or not a number.

    >>> net, path = MLP(2), GaussianPath()
    >>> for step in fit(net, velocity_loss(path), torch.randn(100, 2), steps=3):
    ...     pass
    >>> step.step, step.loss > 0
    (3, True)
    """
    if min(steps, batch) < 1 or not lr > 0:
        raise ValueError(f"steps={steps}, batch={batch}, lr={lr}: all of them must be positive")
    columns = _columns(data, next(net.parameters()).device)

    def batch_loss(step: int) -> Tensor:
        return loss(net, *draw_batch(columns, batch, generator), generator=generator)

    net.train()
    rates = (lr * cosine_rate(step, steps) for step in range(1, steps + 1))
    return training_steps(batch_loss, Adam(net.parameters(), lr), rates, ema=ema)


def training_steps(
    batch_loss: Callable[[int], Tensor],
    adam: Adam,
    rates: Iterable[float],
    *,
    ema: EMA[nn.Module] | None = None,
    first: int = 1,
) -> Iterator[Step]:
    """Make one step of training for each learning rate: the loop that `fit` and `coursekit train` share.

    Args:
        batch_loss: called with the number of a step; draws a batch and returns its loss, without axes.
        adam: the optimiser of the network's parameters.
        rates: learning rates, one for each step; the loop ends with them.
        ema: a smoothed copy to update after each step.
        first: number of the first step, above 1 in a run that is resumed.
    Yields:
        A `Step` after each update.
    Raises:
        FloatingPointError: the loss became infinite or not a number.

    >>> weight = torch.tensor([2.0], requires_grad=True)
    >>> steps = training_steps(lambda step: weight.square().sum(), Adam([weight], 0.1), [0.1, 0.05])
    >>> [step.step for step in steps]
    [1, 2]
    """
    for step, lr in enumerate(rates, first):
        adam.lr = lr
        yield Step(step, improve(adam, batch_loss(step), ema), lr)


def draw_batch(columns: Sequence[Tensor], size: int, generator: Generator | None) -> tuple[Tensor, ...]:
    """Draw rows of data, and of the labels beside them, with replacement.

    Args:
        columns: tensors with the same number of rows, on one device.
        size: rows to draw.
        generator: source of randomness, on that device; torch's own if None.
    Returns:
        The same rows of each column, (size, …).

    >>> rows, labels = draw_batch((torch.zeros(9, 2), torch.arange(9)), 4, None)
    >>> rows.shape, labels.shape
    (torch.Size([4, 2]), torch.Size([4]))
    """
    n, device = len(columns[0]), columns[0].device
    rows = torch.randint(n, (size,), generator=generator, device=device)
    return tuple(column[rows] for column in columns)


def _columns(data: Tensor | Sequence[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Move the data points, and the labels if there are any, to the network's device."""
    columns = (data,) if isinstance(data, Tensor) else tuple(data)
    lengths = [len(column) for column in columns]
    if len(columns) not in (1, 2) or len(set(lengths)) != 1 or lengths[0] == 0:
        raise ValueError(
            f"data hold {lengths} rows; give a tensor (n, *event), or a pair of it and labels (n,), n above 0"
        )
    return tuple(column.to(device) for column in columns)


def improve(adam: Adam, value: Tensor, ema: EMA[nn.Module] | None = None) -> float:
    """Make one step of training: backpropagate the loss of a batch and update the weights.

    Args:
        adam: the optimiser; its rate is set already.
        value: the loss, a tensor without axes.
        ema: a smoothed copy to update.
    Returns:
        The loss as a number.
    Raises:
        FloatingPointError: the loss is infinite or not a number; the weights stay as they were.

    >>> weight = torch.tensor([2.0], requires_grad=True)
    >>> improve(Adam([weight], 0.1), weight.square().sum())
    4.0
    """
    adam.zero_grad()
    value.backward()
    number = value.item()
    if not math.isfinite(number):
        raise FloatingPointError(f"the loss is {number}; try a smaller lr than {adam.lr:.3g}")
    adam.step()
    if ema is not None:
        ema.update()
    return number
