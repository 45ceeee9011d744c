"""Losses that match a network to a target, put together from parts, any of which may be wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..shared.schedulers import Numbers

Loss = Callable[..., Tensor]
Target = Callable[[Tensor, Tensor, Tensor, Numbers], Tensor]


def uniform(z: Tensor, last: float) -> Tensor:
    """A time of its own for every row, up to the cut-off."""
    return last * torch.rand(len(z), 1, dtype=z.dtype)


def mixed(z: Tensor, eps: Tensor, numbers: Numbers) -> Tensor:
    """The state."""
    return numbers[0] * z + numbers[1] * eps


def mean_square(residual: Tensor, numbers: Numbers) -> Tensor:
    """Mean over all numbers."""
    return residual.square().mean()


def loss(
    target: Target,
    feed: Callable[[Tensor, Tensor, Numbers], Tensor] = mixed,
    times: Callable[[Tensor, float], Tensor] = uniform,
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
    reduce: Callable[[Tensor, Numbers], Tensor] = mean_square,
    shown: Callable[[Tensor], Tensor] = lambda t: t,
    scheduled: Callable[[Tensor], Numbers] | None = None,
) -> Loss:
    """A loss from its parts.

    Args:
        target: of (x, z, eps, numbers), what the network should answer.
        feed: of (z, eps, numbers), the state it is shown.
        times: of (z, last), the times.
        noise: of z, the noise.
        reduce: of (residual, numbers), one number.
        shown: of t, the time it is shown.
        scheduled: a scheduler in place of the one that is given.
    """

    def rule(
        net: Callable[..., Tensor], z: Tensor, scheduler: Callable[..., Numbers], last: float = 1.0
    ) -> Tensor:
        t, eps = times(z, last), noise(z)
        numbers = (scheduled or scheduler)(t)
        x = feed(z, eps, numbers)
        return reduce(net(x, shown(t)) - target(mixed(z, eps, numbers), z, eps, numbers), numbers)

    return rule
