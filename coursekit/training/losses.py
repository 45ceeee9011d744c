"""Losses: what a network is trained to predict."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, get_args

import torch
from torch import Generator, Tensor, nn

from ..base import time_shape
from ..paths import GaussianPath, Prediction, convert

Coupling = Callable[[Tensor, Tensor], Tensor]
"""Rearranges a batch of noise to go with a batch of data: called as coupling(z, eps)."""


class Loss(Protocol):
    """A loss of a network on a batch of data: called as loss(net, z) or loss(net, z, y).

    >>> loss: Loss = velocity_loss(GaussianPath())
    """

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        ...


Residual = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Prediction minus target, up to a weight: called as residual(prediction, z, eps, t), shaped like `z`."""


@dataclass(frozen=True, eq=False)
class RegressionLoss:
    """Mean square of the residual of a network's prediction, over times, noise and data.

        E [ residual(net(x, t), z, eps, t)^2 ],   x = alpha z + beta eps,
        t uniform on [0, t_max], eps from N(0, I)

    Calling it draws times and noise and evaluates; `draw` and `value` do either on its own.

    Args:
        path: the probability path between noise and data.
        residual: prediction minus target, called as residual(prediction, z, eps, t).
        t_max: the largest time, in (0, 1].
        coupling: how to rearrange a batch's noise to go with its data; independent unless given.
    Raises:
        ValueError: `t_max` does not lie in (0, 1].

    >>> loss = RegressionLoss(GaussianPath(), lambda prediction, z, eps, t: prediction - z)
    >>> t, eps = loss.draw(torch.zeros(5, 2))
    >>> t.shape, eps.shape
    (torch.Size([5, 1]), torch.Size([5, 2]))
    """

    path: GaussianPath
    residual: Residual
    t_max: float = 1.0
    coupling: Coupling | None = None

    def __post_init__(self) -> None:
        if not 0 < self.t_max <= 1:
            raise ValueError(f"t_max = {self.t_max}; times of training run from 0 to t_max, at most 1")

    def draw(self, z: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
        """Draw for each data point of a batch (batch, *event) its time (batch, 1, …, 1) and its noise."""
        t = torch.rand(time_shape(z), generator=generator, dtype=z.dtype, device=z.device)
        eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        t = t if self.t_max == 1 else self.t_max * t
        return t, eps if self.coupling is None else self.coupling(z, eps)

    def value(self, net: nn.Module, z: Tensor, t: Tensor, eps: Tensor, y: Tensor | None = None) -> Tensor:
        """Mean loss on a batch whose times and noise are given, a tensor without axes.

        Raises ValueError if the network's prediction is not shaped like `z`.
        """
        x = self.path.sample(z, eps, t)
        prediction = net(x, t) if y is None else net(x, t, y)
        if prediction.shape != z.shape:
            raise ValueError(
                f"the network returned shape {tuple(prediction.shape)} for states of shape {tuple(z.shape)}; "
                "it must return one prediction for each state, shaped like the states"
            )
        return self.residual(prediction, z, eps, t).square().mean()

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on data `z` (batch, *event) with labels `y` (batch,), a tensor without axes."""
        return self.value(net, z, *self.draw(z, generator), y)


def prediction_loss(
    path: GaussianPath,
    predict: Prediction = "data",
    space: Prediction = "velocity",
    clip: float = 0.05,
    *,
    coupling: Coupling | None = None,
) -> RegressionLoss:
    """Make the loss of a network that predicts one thing and is judged by another.

        E [ k(t)^2 || net(x, t) - target ||^2 ] / dim,   x = alpha z + beta eps,   target: z, eps or u

    At a fixed state all predictions are affine in one another, so an error in one makes an error in another
    that is k(t) times as large, k being the linear coefficient of `convert`: on the straight line 1 / (1 - t)
    from data to velocity. Where `space` is `predict`, k = 1. Salimans & Ho 2022 and Kingma & Gao 2023 read
    such losses as weights; Li & He 2025 compare all nine.

    Args:
        path: the probability path between noise and data.
        predict: what the network answers with: "data", "noise" or "velocity".
        space: what the error is measured in: one of these, or "score".
        clip: the weight is that of a time at least so far from the end where it grows without bound, t = 1
            for data and t = 0 for noise: 1 / max(1 - t, clip) from data to velocity. The network sees the
            time itself. From 0, where the mean may be infinite, to below 1/2.
        coupling: how to rearrange a batch's noise to go with its data; independent unless given.
    Returns:
        A loss, called as that of `velocity_loss`.
    Raises:
        ValueError: a name is unknown, or `clip` lies outside.

    >>> loss = prediction_loss(GaussianPath(), "data", "velocity")
    >>> perfect = lambda x, t: torch.full_like(x, 3.0)  # if all data lie in 3
    >>> loss(perfect, torch.full((5, 2), 3.0)).item()
    0.0
    """
    if predict not in _TARGETS or space not in get_args(Prediction):
        raise ValueError(
            f"predict = '{predict}' in the space '{space}': a network predicts {', '.join(_TARGETS)} "
            f"(for a score there is score_loss), and an error is one of {', '.join(get_args(Prediction))}"
        )
    if not 0 <= clip < 0.5:
        raise ValueError(f"clip = {clip}; it must be at least 0 and below 1/2, such as 0.05")
    target = _TARGETS[predict]

    def residual(prediction: Tensor, z: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        error = prediction - target(path, z, eps, t)
        return error if space == predict else _weight(t, path, predict, space, clip) * error

    return RegressionLoss(path, residual, coupling=coupling)


def _weight(t: Tensor, path: GaussianPath, predict: Prediction, space: Prediction, clip: float) -> Tensor:
    """How many times larger an error is in another space: what the conversion makes of 1 at the state 0."""
    least = max(clip, torch.finfo(t.dtype).eps)  # a drawn time can be exactly 0
    first = least if predict == "noise" else 0.0
    last = 1 - least if predict == "data" or space == "score" else 1.0
    t = t.clamp(first, last)
    return convert(torch.ones_like(t), torch.zeros_like(t), t, path, given=predict, wanted=space)


_TARGETS: dict[str, Callable[[GaussianPath, Tensor, Tensor, Tensor], Tensor]] = {
    "data": lambda path, z, eps, t: z,
    "noise": lambda path, z, eps, t: eps,
    "velocity": lambda path, z, eps, t: path.target(z, eps, t),
}


def velocity_loss(path: GaussianPath, coupling: Coupling | None = None) -> RegressionLoss:
    """Make the conditional flow-matching loss of a path.

        E || net(x, t) - (alpha' z + beta' eps) ||^2 / dim,   x = alpha z + beta eps,
        t uniform on [0, 1], eps from N(0, I), z from the data

    Lipman et al. 2023; Holderrieth & Erives, flow-matching training. Each sample has its own t and eps.
    The mean over the axes (not their sum) keeps the number comparable between dimensions.

    Args:
        path: the probability path between noise and data.
        coupling: how to rearrange a batch's noise to go with its data, such as `minibatch_ot`; independent
            unless given.
    Returns:
        A loss, called as loss(net, z) for net(x, t) and as loss(net, z, y) for net(x, t, y), where z is
        (batch, *event), y is (batch,), and a keyword `generator` (on z's device) takes the randomness.
        The call raises ValueError if z has no event axis or holds integers, or if the network's prediction
        is not shaped like z.

    >>> loss = velocity_loss(GaussianPath())
    >>> loss(MLP(2), torch.randn(5, 2)).shape
    torch.Size([])
    """
    return prediction_loss(path, "velocity", "velocity", coupling=coupling)


def noise_loss(path: GaussianPath) -> RegressionLoss:
    """Make the noise-prediction loss: the network predicts the noise in its state.

        E || net(x, t) - eps ||^2 / dim,   x = alpha z + beta eps

    L_simple of Ho et al. 2020. It is the score-matching loss weighted by beta^2, for net = -beta * score.

    Args:
        path: the probability path between noise and data.
    Returns:
        A loss, called as that of `velocity_loss`.

    >>> perfect = lambda x, t: x / (1 - t)  # if all data lie in 0
    >>> round(noise_loss(GaussianPath())(perfect, torch.zeros(5, 2)).item(), 6)
    0.0
    """
    return prediction_loss(path, "noise", "noise")


def score_loss(path: GaussianPath, t_max: float = 0.99, *, weighted: bool = False) -> RegressionLoss:
    """Make the denoising score-matching loss: the network predicts the score.

        E [ w(t) || net(x, t) + eps / beta ||^2 ] / dim,   w = 1, or beta^2 if weighted

    Vincent 2011; Song & Ermon 2019 for the weight; Holderrieth & Erives, score-matching training. Without
    the weight, its floor grows without bound as `t_max` goes to 1.

    Args:
        path: the probability path between noise and data.
        t_max: times are uniform on [0, t_max].
        weighted: whether to weight each time by beta^2, so that all times count alike.
    Returns:
        A loss, called as that of `velocity_loss`.
    Raises:
        ValueError: `t_max` does not lie in (0, 1].

    >>> perfect = lambda x, t: -x / (1 - t) ** 2  # if all data lie in 0
    >>> round(score_loss(GaussianPath(), weighted=True)(perfect, torch.zeros(5, 2)).item(), 6)
    0.0
    """

    def residual(prediction: Tensor, z: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        beta = path.scheduler.beta(t)
        return beta * prediction + eps if weighted else prediction + eps / beta

    return RegressionLoss(path, residual, t_max)
