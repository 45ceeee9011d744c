"""Losses: what a network is asked to get right."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor, nn

from ..base import time_shape
from ..paths import GaussianPath

Coupling = Callable[[Tensor, Tensor], Tensor]
"""Rearranges a batch of noise to go with a batch of data: called as pairing(z, eps)."""


class Loss(Protocol):
    """A loss of a network on a batch of data: called as loss(net, z) or loss(net, z, y)."""

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        ...


Residual = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""What should be zero: called as residual(answer, z, eps, t)."""


@dataclass(frozen=True, eq=False)
class RegressionLoss:
    """Mean square of what a network's answer misses, over times, noise and data.

        E [ residual(net(x, t), z, eps, t)^2 ],   x = alpha z + beta eps,
        t uniform on [0, last], eps from N(0, I)

    Calling it draws and evaluates; the two steps are there on their own for those who draw elsewhere.

    Args:
        path: the probability path between noise and data.
        residual: what should be zero, called as residual(answer, z, eps, t).
        last: the largest time, in (0, 1].
        pairing: how to rearrange a batch's noise to go with its data; independent unless given.
    Raises:
        ValueError: `last` does not lie in (0, 1].
    """

    path: GaussianPath
    residual: Residual
    last: float = 1.0
    pairing: Coupling | None = None

    def __post_init__(self) -> None:
        if not 0 < self.last <= 1:
            raise ValueError(f"last = {self.last}; times of training lie between 0 and it; it is at most 1")

    def draw(self, z: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
        """Draw for each data point of a batch (batch, *event) its time (batch, 1, …, 1) and its noise."""
        t = torch.rand(time_shape(z), generator=generator, dtype=z.dtype, device=z.device)
        eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        return t if self.last == 1 else self.last * t, eps if self.pairing is None else self.pairing(z, eps)

    def value(self, net: nn.Module, z: Tensor, t: Tensor, eps: Tensor, y: Tensor | None = None) -> Tensor:
        """Mean loss on a batch whose times and noise are given, a tensor without axes.

        Raises ValueError if the network's answer is not shaped like `z`.
        """
        x = self.path.sample(z, eps, t)
        answer = net(x, t) if y is None else net(x, t, y)
        if answer.shape != z.shape:
            raise ValueError(
                f"the network answers with shape {tuple(answer.shape)}, but the answer is shaped like the "
                f"state, {tuple(z.shape)}"
            )
        return self.residual(answer, z, eps, t).square().mean()

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        return self.value(net, z, *self.draw(z, generator), y)


def velocity_loss(path: GaussianPath, pairing: Coupling | None = None) -> RegressionLoss:
    """Make the conditional flow-matching loss of a path.

        E || net(x, t) - (alpha' z + beta' eps) ||^2 / dim,   x = alpha z + beta eps,
        t uniform on [0, 1], eps from N(0, I), z from the data

    Lipman et al. 2023; Holderrieth & Erives, flow-matching training. Each sample has its own t and eps.
    The mean over the axes (not their sum) keeps the number comparable between dimensions.

    Args:
        path: the probability path between noise and data.
        pairing: how to rearrange a batch's noise to go with its data, such as `minibatch_ot`; independent
            unless given.
    Returns:
        A loss, called as loss(net, z) for net(x, t) and as loss(net, z, y) for net(x, t, y), where z is
        (batch, *event), y is (batch,), and a keyword `generator` (on z's device) takes the randomness.
        The call raises ValueError if z has no event axis or holds whole numbers, or if the network's
        answer is not shaped like z.
    """
    return RegressionLoss(path, lambda answer, z, eps, t: answer - path.target(z, eps, t), pairing=pairing)


def noise_loss(path: GaussianPath) -> RegressionLoss:
    """Make the noise-prediction loss: the network answers with the noise in its state.

        E || net(x, t) - eps ||^2 / dim,   x = alpha z + beta eps

    L_simple of Ho et al. 2020. It is the score-matching loss weighted by beta^2, for net = -beta * score.

    Args:
        path: the probability path between noise and data.
    Returns:
        A loss, called as that of `velocity_loss`.
    """
    return RegressionLoss(path, lambda answer, z, eps, t: answer - eps)


def data_loss(path: GaussianPath) -> RegressionLoss:
    """Make the data-prediction loss: the network answers with the data point behind its state.

        E || net(x, t) - z ||^2 / dim,   x = alpha z + beta eps

    Its best answer is the denoiser E[z | x]. Li & He 2025 make the case for asking images this way.

    Args:
        path: the probability path between noise and data.
    Returns:
        A loss, called as that of `velocity_loss`.
    """
    return RegressionLoss(path, lambda answer, z, eps, t: answer - z)


def score_loss(path: GaussianPath, last: float = 0.99, weighted: bool = False) -> RegressionLoss:
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

    return RegressionLoss(path, residual, last)
