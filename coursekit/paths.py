"""Probability paths: the law of a state between noise and one data point."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .schedulers import Scheduler, StraightLine
from .times import Time, as_time


def _same_shape(**tensors: Tensor) -> None:
    """Refuse tensors that PyTorch would stretch over one another without a word."""
    first, *others = tensors.values()
    if any(tensor.shape != first.shape for tensor in others):
        told = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
        raise ValueError(f"shapes disagree: {told}; give all of them as (batch, *event)")


@dataclass(frozen=True)
class LinearPath:
    """A linear path between two points: from x0 at t = 0 to z at t = 1.

        x_t = alpha(t) z + beta(t) x0

    Both ends may come from any law, also paired with one another. Albergo & Vanden-Eijnden 2023, stochastic
    interpolants; Liu et al. 2023, rectified flow, on the straight line.

    Args:
        scheduler: the pair alpha, beta; the straight line unless told otherwise.
    """

    scheduler: Scheduler = field(default_factory=StraightLine)

    def sample(self, z: Tensor, x0: Tensor, t: Time) -> Tensor:
        """Mix both ends into a state of the path.

            x = alpha(t) z + beta(t) x0

        Args:
            z: data points, (batch, *event).
            x0: states at t = 0, same shape: noise eps from N(0, I) for a Gaussian path.
            t: times in [0, 1], a float, (batch,) or (batch, 1, …, 1).
        Returns:
            States, same shape as `z`.
        Raises:
            ValueError: shapes disagree.
        """
        _same_shape(z=z, x0=x0)
        t = as_time(t, z)
        return torch.addcmul(self.scheduler.alpha(t) * z, self.scheduler.beta(t), x0)

    def target(self, z: Tensor, x0: Tensor, t: Time) -> Tensor:
        """Velocity of the state that `sample(z, x0, t)` gives, written in both ends.

            d/dt (alpha z + beta x0) = alpha' z + beta' x0

        On a Gaussian path it equals `velocity` at that state, but is finite on all of [0, 1] if the
        scheduler's derivatives are: what a network is trained on.

        Args:
            z: data points, (batch, *event).
            x0: states at t = 0, same shape.
            t: times in [0, 1], a float, (batch,) or (batch, 1, …, 1).
        Returns:
            Velocities, same shape as `z`, data units per unit time.
        Raises:
            ValueError: shapes disagree.
        """
        _same_shape(z=z, x0=x0)
        t = as_time(t, z)
        return torch.addcmul(self.scheduler.alpha_dot(t) * z, self.scheduler.beta_dot(t), x0)


@dataclass(frozen=True)
class GaussianPath(LinearPath):
    """The Gaussian conditional probability path: from N(0, I) at t = 0 to the point z at t = 1.

        p_t(x | z) = N(x; alpha(t) z, beta(t)^2 I)

    The linear path whose starts are Gaussian noise, x0 = eps. Holderrieth & Erives, Gaussian conditional
    probability path.

    Args:
        scheduler: the pair alpha, beta; the straight line unless told otherwise.
    """

    def log_prob(self, x: Tensor, z: Tensor, t: Time) -> Tensor:
        """Log-density of the conditional path at the states `x`, given their data points.

            log p_t(x | z) = -|x - alpha z|^2 / (2 beta^2) - dim (log beta + log(2 pi) / 2)

        Args:
            x: states, (batch, *event).
            z: data points, same shape.
            t: times with beta(t) > 0, a float, (batch,) or (batch, 1, …, 1).
        Returns:
            (batch,).
        Raises:
            ValueError: shapes disagree, or beta(t) = 0, where the law is a point without a density.
        """
        _same_shape(x=x, z=z)
        t = as_time(t, x)
        beta = self.scheduler.beta(t)
        if bool((beta == 0).any()):
            raise ValueError("the conditional path is a single point where beta(t) = 0; use times below 1")
        eps = ((x - self.scheduler.alpha(t) * z) / beta).flatten(1)
        each = eps.square() / 2 + beta.flatten(1).log() + math.log(2 * math.pi) / 2
        return -each.sum(-1)

    def velocity(self, x: Tensor, z: Tensor, t: Time) -> Tensor:
        """Velocity at `x` of the Gaussian path that ends in the data point `z`.

            u_t(x | z) = (alpha' - beta'/beta alpha) z + beta'/beta x

        Holderrieth & Erives, target ODE for Gaussian probability paths.

        Args:
            x: states, (batch, *event).
            z: data points, same shape as `x`.
            t: times in [0, 1), a float, (batch,) or (batch, 1, …, 1).
        Returns:
            Velocities, same shape as `x`, data units per unit time.
        Raises:
            ValueError: shapes disagree, or beta(t) = 0, where the field is singular.
        """
        _same_shape(x=x, z=z)
        t = as_time(t, x)
        beta = self.scheduler.beta(t)
        if bool((beta == 0).any()):
            raise ValueError("the conditional velocity is singular where beta(t) = 0; use times below 1")
        ratio = self.scheduler.beta_dot(t) / beta
        return (self.scheduler.alpha_dot(t) - ratio * self.scheduler.alpha(t)) * z + ratio * x
