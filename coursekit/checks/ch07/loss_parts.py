"""The simple loss, put together from parts, any of which may be wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[..., Tensor]


def any_index(z: Tensor, steps: int) -> Tensor:
    """An index from 1 to K for every row, as a column."""
    return torch.randint(1, steps + 1, (len(z), 1))


def mixed(z: Tensor, eps: Tensor, share: Tensor) -> Tensor:
    """The state."""
    return share.sqrt() * z + (1 - share).sqrt() * eps


def mean_square(residual: Tensor, share: Tensor) -> Tensor:
    """Mean over all numbers."""
    return residual.square().mean()


def loss(
    target: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = lambda x, z, eps, share: eps,
    feed: Callable[[Tensor, Tensor, Tensor], Tensor] = mixed,
    indices: Callable[[Tensor, int], Tensor] = any_index,
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
    reduce: Callable[[Tensor, Tensor], Tensor] = mean_square,
    shown: Callable[[Tensor, int], Tensor] = lambda k, steps: k,
    looked_up: Callable[[Tensor, Tensor], Tensor] = lambda table, k: table[k],
) -> Loss:
    """A loss from its parts.

    Args:
        target: of (x, z, eps, share), what the network should answer.
        feed: of (z, eps, share), the state it is shown.
        indices: of (z, K), the indices as a column.
        noise: of z, the noise.
        reduce: of (residual, share), one number.
        shown: of (k, K), the index it is told.
        looked_up: of (table, k), the share of variance that is left.
    """

    def rule(net: Callable[..., Tensor], z: Tensor, alpha_bar: Tensor) -> Tensor:
        steps = len(alpha_bar) - 1
        k, eps = indices(z, steps), noise(z)
        share = looked_up(alpha_bar, k)
        x = feed(z, eps, share)
        return reduce(net(x, shown(k, steps)) - target(mixed(z, eps, share), z, eps, share), share)

    return rule
