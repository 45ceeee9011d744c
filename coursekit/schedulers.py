"""Noise schedulers: how much data and how much noise a probability path holds at time t."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Scheduler(Protocol):
    """The pair alpha(t), beta(t) of a Gaussian path x = alpha z + beta eps, and its time derivatives.

    alpha(0) = beta(1) = 0 and alpha(1) = beta(0) = 1: noise at t = 0, data at t = 1.
    """

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


@dataclass(frozen=True)
class StraightLine:
    """Move each noise sample to its data point on a straight line at constant speed.

        alpha(t) = t,  beta(t) = 1 - t

    Lipman et al. 2023 call it the (conditional) optimal-transport path, CondOT.
    """

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
