"""Classifier-free guidance: drop labels while training, combine two fields while sampling."""

import math

import torch
from torch import Generator, Tensor, nn

from ..base import Field, Time, as_time


def drop_labels(y: Tensor, rate: float, null: int, generator: Generator | None = None) -> Tensor:
    """Replace each label, independently and with the same probability, by the null label.

    Ho & Salimans 2022; Holderrieth & Erives, classifier-free guidance training. The network thereby
    learns the field of all data (under `null`) beside the field of each class.

    Args:
        y: labels, (batch,) whole numbers; left as they are.
        rate: probability of a drop, in [0, 1].
        null: the label that means "no label given".
        generator: source of randomness, on the labels' device.
    Returns:
        New labels, (batch,).
    Raises:
        ValueError: `rate` is no probability.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate = {rate} is no probability; give a number from 0 to 1, such as 0.15")
    dropped = torch.rand(y.shape, generator=generator, device=y.device) < rate
    return torch.where(dropped, null, y)


def guided(net: nn.Module, y: Tensor, w: float, null: int) -> Field:
    """Bind labels and guidance to a network, so that a plain field is left to simulate.

        u_t(x) = (1 - w) u_t(x | null) + w u_t(x | y)

    Ho & Salimans 2022, in the convention of Holderrieth & Erives: w = 0 ignores the label, w = 1 is the
    class as it was learnt, w > 1 exaggerates it. (Ho & Salimans' own scale is w - 1.) Both branches go
    through the network in one batch; at w = 0 and w = 1 only the branch that counts does.

    Args:
        net: called as net(x, t, y).
        y: labels wished for, (batch,) whole numbers from 0 to `null`.
        w: guidance scale, a number.
        null: the label that means "no label given".
    Returns:
        field(x, t) for states (batch, *event), one for each label, and a time.
    Raises:
        ValueError: `y` is no row of labels in range, or `w` isn't finite. The field raises it for another
            number of states.
    """
    _check_labels(y, null)
    w = float(w)
    if not math.isfinite(w):
        raise ValueError(f"the guidance scale is {w}; give a finite number, such as 1.5")
    nothing = torch.full_like(y, null)
    # A branch without weight isn't computed.
    labels = {0.0: nothing, 1.0: y}.get(w, torch.cat([nothing, y]))

    def field(x: Tensor, t: Time) -> Tensor:
        if len(x) != len(y):
            raise ValueError(f"{len(x)} states for {len(y)} labels; bind one label for each state")
        if w in (0.0, 1.0):
            return net(x, as_time(t, x), labels)
        both = net(torch.cat([x, x]), torch.cat([as_time(t, x)] * 2), labels)
        unconditional, conditional = both.chunk(2)
        return (1 - w) * unconditional + w * conditional

    return field


def _check_labels(y: Tensor, null: int) -> None:
    if y.dim() != 1 or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(
            f"labels have shape {tuple(y.shape)} and type {y.dtype}; give whole numbers (batch,)"
        )
    if len(y) and (int(y.min()) < 0 or int(y.max()) > null):
        raise ValueError(
            f"labels run from {int(y.min())} to {int(y.max())}; give 0 to {null}, the null label"
        )
