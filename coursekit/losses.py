"""Losses: what a network is asked to get right."""

from typing import Protocol

import torch
from torch import Generator, Tensor, nn

from .paths import GaussianPath
from .times import time_shape


class Loss(Protocol):
    """A loss of a network on a batch of data: called as loss(net, z) or loss(net, z, y)."""

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        ...


def velocity_loss(path: GaussianPath) -> Loss:
    """Make the conditional flow-matching loss of a path.

        E || net(x, t) - (alpha' z + beta' eps) ||^2 / dim,   x = alpha z + beta eps,
        t uniform on [0, 1], eps from N(0, I), z from the data

    Lipman et al. 2023; Holderrieth & Erives, flow-matching training. Each sample has its own t and eps.
    The mean over the axes (not their sum) keeps the number comparable between dimensions.

    Args:
        path: the probability path between noise and data.
    Returns:
        A loss, called as loss(net, z) for net(x, t) and as loss(net, z, y) for net(x, t, y), where z is
        (batch, *event), y is (batch,), and a keyword `generator` (on z's device) takes the randomness.
        The call raises ValueError if z has no event axis or holds whole numbers, or if the network's
        answer is not shaped like z.
    """

    def loss(
        net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        t = torch.rand(time_shape(z), generator=generator, dtype=z.dtype, device=z.device)
        eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        x = path.sample(z, eps, t)
        answer = net(x, t) if y is None else net(x, t, y)
        if answer.shape != z.shape:
            raise ValueError(
                f"the network answers with shape {tuple(answer.shape)}, but a velocity is shaped like the "
                f"state, {tuple(z.shape)}"
            )
        return (answer - path.target(z, eps, t)).square().mean()

    return loss
