"""Losses: what a network is asked to get right."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Generator, Tensor, nn

from .paths import GaussianPath
from .times import time_shape

Pairing = Callable[[Tensor, Tensor], Tensor]
"""Rearranges a batch of noise to go with a batch of data: called as pairing(z, eps)."""


class Loss(Protocol):
    """A loss of a network on a batch of data: called as loss(net, z) or loss(net, z, y)."""

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        ...


Residual = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _matching(
    path: GaussianPath, residual: Residual, last: float = 1.0, pairing: Pairing | None = None
) -> Loss:
    """Mean square of residual(answer, z, eps, t) over t uniform on [0, last], noise and data."""
    if not 0 < last <= 1:
        raise ValueError(f"last = {last}; times of training lie between 0 and `last`, which is at most 1")

    def loss(
        net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        t = torch.rand(time_shape(z), generator=generator, dtype=z.dtype, device=z.device)
        eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        if last < 1:
            t = last * t
        if pairing is not None:
            eps = pairing(z, eps)
        x = path.sample(z, eps, t)
        answer = net(x, t) if y is None else net(x, t, y)
        if answer.shape != z.shape:
            raise ValueError(
                f"the network answers with shape {tuple(answer.shape)}, but the answer is shaped like the "
                f"state, {tuple(z.shape)}"
            )
        return residual(answer, z, eps, t).square().mean()

    return loss


def velocity_loss(path: GaussianPath, pairing: Pairing | None = None) -> Loss:
    """Make the conditional flow-matching loss of a path.

        E || net(x, t) - (alpha' z + beta' eps) ||^2 / dim,   x = alpha z + beta eps,
        t uniform on [0, 1], eps from N(0, I), z from the data

    Lipman et al. 2023; Holderrieth & Erives, flow-matching training. Each sample has its own t and eps.
    The mean over the axes (not their sum) keeps the number comparable between dimensions.

    Args:
        path: the probability path between noise and data.
        pairing: how to rearrange a batch's noise to go with its data, such as `optimal_pairs`; independent
            unless given.
    Returns:
        A loss, called as loss(net, z) for net(x, t) and as loss(net, z, y) for net(x, t, y), where z is
        (batch, *event), y is (batch,), and a keyword `generator` (on z's device) takes the randomness.
        The call raises ValueError if z has no event axis or holds whole numbers, or if the network's
        answer is not shaped like z.
    """
    return _matching(path, lambda answer, z, eps, t: answer - path.target(z, eps, t), pairing=pairing)


def noise_loss(path: GaussianPath) -> Loss:
    """Make the noise-prediction loss: the network answers with the noise in its state.

        E || net(x, t) - eps ||^2 / dim,   x = alpha z + beta eps

    L_simple of Ho et al. 2020. It is the score-matching loss weighted by beta^2, for net = -beta * score.

    Args:
        path: the probability path between noise and data.
    Returns:
        A loss, called as that of `velocity_loss`.
    """
    return _matching(path, lambda answer, z, eps, t: answer - eps)


def score_loss(path: GaussianPath, last: float = 0.99, weighted: bool = False) -> Loss:
    """Make the denoising score-matching loss: the network answers with the score.

        E [ w(t) || net(x, t) + eps / beta ||^2 ] / dim,   w = 1, or beta^2 if weighted

    Vincent 2011; Song & Ermon 2019 for the weight; Holderrieth & Erives, score-matching training. Without
    the weight, its floor grows without bound as `last` goes to 1.

    Args:
        path: the probability path between noise and data.
        last: times are uniform on [0, last].
        weighted: whether to weigh each time by beta^2, which makes every time count alike.
    Returns:
        A loss, called as that of `velocity_loss`.
    Raises:
        ValueError: `last` does not lie in (0, 1].
    """

    def residual(answer: Tensor, z: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        beta = path.scheduler.beta(t)
        return beta * answer + eps if weighted else answer + eps / beta

    return _matching(path, residual, last)
