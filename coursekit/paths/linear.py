"""Linear paths: mixtures of two endpoints, from any distributions."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..base import Time, as_time
from .schedulers import CondOT, Scheduler


def check_same_shape(**tensors: Tensor) -> None:
    """Raise a ValueError for tensors that PyTorch would silently broadcast."""
    first, *others = tensors.values()
    if any(tensor.shape != first.shape for tensor in others):
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
        raise ValueError(f"shapes disagree: {shapes}; give all of them as (batch, *event)")


@dataclass(frozen=True)
class LinearPath:
    """A linear path between two points: from x0 at t = 0 to z at t = 1.

        x_t = alpha(t) z + beta(t) x0

    Both ends may come from any law, also paired with one another. Albergo & Vanden-Eijnden 2023, stochastic
    interpolants; Liu et al. 2023, rectified flow, on the straight line.

    Args:
        scheduler: the pair alpha, beta; CondOT() unless given.

    >>> path = LinearPath()
    >>> path.sample(torch.ones(2, 2), torch.zeros(2, 2), 0.25)
    tensor([[0.2500, 0.2500],
            [0.2500, 0.2500]])
    """

    scheduler: Scheduler = field(default_factory=CondOT)

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
        check_same_shape(z=z, x0=x0)
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
        check_same_shape(z=z, x0=x0)
        t = as_time(t, z)
        return torch.addcmul(self.scheduler.alpha_dot(t) * z, self.scheduler.beta_dot(t), x0)
