"""Classifier-free guidance: drop labels while training, combine two fields while sampling."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor, nn

from ..base import Time, as_time
from .losses import Loss


def drop_labels(y: Tensor, rate: float, null: int, generator: Generator | None = None) -> Tensor:
    """Replace each label, independently and with the same probability, by the null label.

    Ho & Salimans 2022; Holderrieth & Erives, classifier-free guidance training. The network thereby
    learns the field of all data (under `null`) beside the field of each class.

    Args:
        y: labels, (batch,) integers, or several for each state, such as the words of captions (batch, words),
            which are dropped together; left as they are.
        rate: probability of a drop, in [0, 1].
        null: the label that means "no label given".
        generator: source of randomness, on the labels' device.
    Returns:
        New labels, shaped like `y`.
    Raises:
        ValueError: `rate` is not a probability.

    >>> drop_labels(torch.tensor([0, 1, 2]), rate=1.0, null=10)
    tensor([10, 10, 10])
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate = {rate} is not a probability; give a number from 0 to 1, such as 0.15")
    dropped = torch.rand(y.shape[:1], generator=generator, device=y.device) < rate
    return torch.where(dropped.reshape(-1, *(1,) * (y.dim() - 1)), null, y)


@dataclass(frozen=True, eq=False)
class LabelDropout:
    """The loss that `with_dropped_labels` makes: another loss, on labels of which some are dropped.

    >>> LabelDropout(velocity_loss(GaussianPath()), rate=0.15).rate
    0.15
    """

    loss: Loss
    rate: float
    null: int | None = None

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes.

        Raises ValueError if there are no labels.
        """
        if y is None:
            raise ValueError("labels can only be dropped where there are some; give data and labels (z, y)")
        kept = drop_labels(y, self.rate, _null_of(net, self.null), generator)
        return self.loss(net, z, kept, generator=generator)


def with_dropped_labels(loss: Loss, rate: float, *, null: int | None = None) -> LabelDropout:
    """Make a loss that drops each label with a probability before it calls another loss.

    It is what classifier-free guidance adds to training (Ho & Salimans 2022).

    Args:
        loss: called as loss(net, z, y, generator=generator).
        rate: probability of a drop, in [0, 1].
        null: the label that means "no label given"; that of the network, `net.null`, unless given.
    Returns:
        A loss, called like the other one.

    >>> loss = with_dropped_labels(velocity_loss(GaussianPath()), rate=0.15)
    >>> loss(FiLMMLP(size=8), torch.randn(5, 1, 8, 8), torch.arange(5)).shape
    torch.Size([])
    """
    return LabelDropout(loss, rate, null)


@dataclass(frozen=True, eq=False)
class GuidedField:
    """The field that `guided` makes: a network with its labels and its guidance scale.

        u_t(x) = (1 - w) u_t(x | null) + w u_t(x | y)

    Args:
        net: called as net(x, t, y).
        y: target labels, (batch,), or captions, (batch, words).
        w: guidance scale, finite.
        null: the label that means "no label given".
    Raises:
        ValueError: `y` does not hold labels in range, or `w` is not finite.

    >>> GuidedField(FiLMMLP(), torch.arange(3), w=1.5, null=10).w
    1.5
    """

    net: nn.Module
    y: Tensor
    w: float
    null: int

    def __post_init__(self) -> None:
        _check_labels(self.y, self.null)
        if not math.isfinite(self.w):
            raise ValueError(f"the guidance scale is {self.w}; give a finite number, such as 1.5")

    @cached_property
    def _labels(self) -> Tensor:
        """Labels of one call of the network: a branch without weight is not computed."""
        nothing = torch.full_like(self.y, self.null)
        return {0.0: nothing, 1.0: self.y}.get(self.w, torch.cat([nothing, self.y]))

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Velocity at states `x` (batch, *event), one for each label, and time `t`, same shape as `x`.

        Raises ValueError for another number of states.
        """
        if len(x) != len(self.y):
            raise ValueError(f"{len(x)} states for {len(self.y)} labels; bind one label for each state")
        times = as_time(t, x, None if x.is_floating_point() else torch.get_default_dtype())
        if self.w in (0.0, 1.0):
            answer: Tensor = self.net(x, times, self._labels)
            return answer
        both = self.net(torch.cat([x, x]), torch.cat([times, times]), self._labels)
        unconditional, conditional = both.chunk(2)
        return (1 - self.w) * unconditional + self.w * conditional


def guided(net: nn.Module, y: Tensor, w: float, *, null: int | None = None) -> GuidedField:
    """Bind labels and guidance to a network, so that a plain field is left to simulate.

        u_t(x) = (1 - w) u_t(x | null) + w u_t(x | y)

    Ho & Salimans 2022, in the convention of Holderrieth & Erives: w = 0 ignores the label, w = 1 is the
    class as it was learnt, w > 1 exaggerates it. (Ho & Salimans' own scale is w - 1.) Both branches go
    through the network in one batch; at w = 0 and w = 1 only the branch that counts does.

    Args:
        net: called as net(x, t, y).
        y: target labels, (batch,) integers from 0 to `null`, or captions, (batch, words).
        w: guidance scale, a finite number.
        null: the label that means "no label given"; that of the network, `net.null`, unless given.
    Returns:
        field(x, t) for states (batch, *event), one for each label, and a time.
    Raises:
        ValueError: `y` does not hold labels in range, `w` is not finite, or the network declares no null
            label and none is given. The field raises it for another number of states.

    >>> field = guided(FiLMMLP(size=8), torch.arange(3), 1.5)
    >>> solve(field, torch.randn(3, 1, 8, 8), time_grid(2)).shape
    torch.Size([3, 1, 8, 8])
    """
    return GuidedField(net, y, float(w), _null_of(net, null))


def _null_of(net: nn.Module, null: int | None) -> int:
    declared = getattr(net, "null", None) if null is None else null
    if not isinstance(declared, int):
        raise ValueError(f"{type(net).__name__} declares no null label; give it, such as null=10")
    return declared


def _check_labels(y: Tensor, null: int) -> None:
    if (
        y.dim() not in (1, 2)
        or y.shape[1:] == (1,)
        or y.is_floating_point()
        or y.is_complex()
        or y.dtype == torch.bool
    ):
        raise ValueError(
            f"labels have shape {tuple(y.shape)} and type {y.dtype}; give integers (batch,) or (batch, words)"
        )
    if y.numel() and (int(y.min()) < 0 or int(y.max()) > null):
        raise ValueError(
            f"labels run from {int(y.min())} to {int(y.max())}; give 0 to {null}, the null label"
        )
