"""Noise schedulers: the weights of data and noise along a probability path."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor


class Scheduler(Protocol):
    """The pair alpha(t), beta(t) of a Gaussian path x = alpha z + beta eps, and its time derivatives.

    alpha(0) = beta(1) = 0 and alpha(1) = beta(0) = 1: noise at t = 0, data at t = 1. A scheduler that misses
    one of these declares by how much in `boundary_error`.

    >>> scheduler: Scheduler = CondOT()
    >>> scheduler.alpha(torch.tensor(0.25)) + scheduler.beta(torch.tensor(0.25))
    tensor(1.)
    """

    @property
    def boundary_error(self) -> float:
        """Largest gap between the four boundary values and what they should be."""
        ...

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data at times `t`."""
        ...

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise at times `t`."""
        ...

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`."""
        ...

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`."""
        ...

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2, 2 beta beta': finite also where `beta_dot` is not."""
        ...


@dataclass(frozen=True)
class CondOT:
    """Move each noise sample to its data point on a straight line at constant speed.

        alpha(t) = t,  beta(t) = 1 - t

    Lipman et al. 2023 call it the (conditional) optimal-transport path, CondOT.

    >>> t = torch.tensor([0.0, 0.25, 1.0])
    >>> CondOT().alpha(t), CondOT().beta(t)
    (tensor([0.0000, 0.2500, 1.0000]), tensor([1.0000, 0.7500, 0.0000]))
    """

    boundary_error: ClassVar[float] = 0.0

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data, t."""
        return t

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise, 1 - t."""
        return 1 - t

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`, 1 everywhere."""
        return torch.ones_like(t)

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`, -1 everywhere."""
        return -torch.ones_like(t)

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2, -2 (1 - t)."""
        return -2 * (1 - t)


@dataclass(frozen=True)
class Cosine:
    """Move along a quarter of a circle, so that data of variance 1 keep it all the way.

        alpha(t) = sin(pi t / 2),  beta(t) = cos(pi t / 2)

    alpha^2 + beta^2 = 1: the path is variance preserving. After Nichol & Dhariwal 2021, without offset.

    >>> Cosine().beta(torch.tensor([0.0, 1.0]))
    tensor([1., 0.])
    """

    boundary_error: ClassVar[float] = 0.0

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data."""
        return torch.sin(math.pi / 2 * t)

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise, as a sine, which is exactly 0 at t = 1."""
        return torch.sin(math.pi / 2 * (1 - t))

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`."""
        return math.pi / 2 * self.beta(t)

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`."""
        return -math.pi / 2 * self.alpha(t)

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2."""
        return -math.pi * self.alpha(t) * self.beta(t)


@dataclass(frozen=True)
class VP:
    """The schedule of DDPM in continuous time: noise is added at a rate that grows linearly.

        alpha(t) = exp(-s^2 (beta_max - beta_min) / 4 - s beta_min / 2),  s = 1 - t,
        beta(t) = sqrt(1 - alpha(t)^2)

    Ho et al. 2020; Song et al. 2021, variance-preserving SDE, with their time s turned round. At t = 0 a
    little of the data is left: `boundary_error` is alpha(0). At t = 1 the derivative of beta is infinite.

    Args:
        beta_min: rate of noising at the data, per unit of time.
        beta_max: rate of noising at the noise.

    >>> round(VP().boundary_error, 4)
    0.0066
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    @property
    def boundary_error(self) -> float:
        """Weight of the data at t = 0, alpha(0)."""
        return math.exp(-(self.beta_max + self.beta_min) / 4)

    def _log_alpha(self, t: Tensor) -> Tensor:
        s = 1 - t
        return -s * (s * (self.beta_max - self.beta_min) / 4 + self.beta_min / 2)

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data."""
        return self._log_alpha(t).exp()

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise."""
        return (-torch.expm1(2 * self._log_alpha(t))).sqrt()

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`."""
        rate = self.beta_min + (1 - t) * (self.beta_max - self.beta_min)
        return rate / 2 * self.alpha(t)

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`; minus infinity at t = 1."""
        return -self.alpha(t) * self.alpha_dot(t) / self.beta(t)

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2 = 1 - alpha^2, finite everywhere."""
        return -2 * self.alpha(t) * self.alpha_dot(t)


@dataclass(frozen=True)
class SquareRoot:
    """Let the noise's variance, not its width, fall at constant speed: an example, not a recommendation.

        alpha(t) = t,  beta(t) = sqrt(1 - t)

    At t = 1 the derivative of beta is infinite, which chapter 04 shows to matter.

    >>> SquareRoot().beta(torch.tensor([0.0, 0.75]))
    tensor([1.0000, 0.5000])
    """

    boundary_error: ClassVar[float] = 0.0

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data, t."""
        return t

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise, the root of 1 - t."""
        return (1 - t).sqrt()

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`, 1 everywhere."""
        return torch.ones_like(t)

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`; minus infinity at t = 1."""
        return -0.5 / (1 - t).sqrt()

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2, -1 everywhere."""
        return -torch.ones_like(t)


def snr(scheduler: Scheduler, t: Tensor) -> Tensor:
    """Signal-to-noise ratio of a path at times `t`: variance of the data's part over that of the noise.

        SNR(t) = alpha(t)^2 / beta(t)^2

    Two schedulers have the same marginals at times of equal SNR, up to scale (Kingma et al. 2021).

    Args:
        scheduler: the pair alpha, beta.
        t: times, any shape.
    Returns:
        The ratio, same shape, for data of variance 1; infinite where beta is 0.

    >>> snr(CondOT(), torch.tensor([0.0, 0.5, 0.75]))
    tensor([0., 1., 9.])
    """
    return (scheduler.alpha(t) / scheduler.beta(t)).square()
