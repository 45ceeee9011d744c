"""Probability paths: the law of a state between noise and one data point."""

from dataclasses import dataclass, field

from torch import Tensor

from .schedulers import Scheduler, StraightLine
from .times import Time, as_time


def _same_shape(**tensors: Tensor) -> None:
    """Refuse tensors that PyTorch would stretch over one another without a word."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"shapes disagree: {told}; give all of them as (batch, *event)")


@dataclass(frozen=True)
class GaussianPath:
    """The Gaussian conditional probability path: from N(0, I) at t = 0 to the point z at t = 1.

        p_t(x | z) = N(x; alpha(t) z, beta(t)^2 I)

    Holderrieth & Erives, Gaussian conditional probability path.

    Args:
        scheduler: the pair alpha, beta; the straight line unless told otherwise.
    """

    scheduler: Scheduler = field(default_factory=StraightLine)

    def sample(self, z: Tensor, eps: Tensor, t: Time) -> Tensor:
        """Mix data and noise into a state of the path.

            x = alpha(t) z + beta(t) eps

        Args:
            z: data points, (batch, *event).
            eps: noise from N(0, I), same shape.
            t: times in [0, 1], a float, (batch,) or (batch, 1, …, 1).
        Returns:
            States, same shape as `z`.
        Raises:
            ValueError: shapes disagree.
        """
        _same_shape(z=z, eps=eps)
        t = as_time(t, z)
        return self.scheduler.alpha(t) * z + self.scheduler.beta(t) * eps

    def target(self, z: Tensor, eps: Tensor, t: Time) -> Tensor:
        """Velocity of the state that `sample(z, eps, t)` gives, written in data and noise.

            d/dt (alpha z + beta eps) = alpha' z + beta' eps

        Equal to `velocity` at that state, but finite on all of [0, 1]: what a network is trained on.

        Args:
            z: data points, (batch, *event).
            eps: the noise of the state, same shape.
            t: times in [0, 1], a float, (batch,) or (batch, 1, …, 1).
        Returns:
            Velocities, same shape as `z`, data units per unit time.
        Raises:
            ValueError: shapes disagree.
        """
        _same_shape(z=z, eps=eps)
        t = as_time(t, z)
        return self.scheduler.alpha_dot(t) * z + self.scheduler.beta_dot(t) * eps

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
