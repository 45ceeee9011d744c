"""The Gaussian conditional path: the law of a state between noise and one data point."""

import math
from dataclasses import dataclass

from torch import Tensor

from ..base import Time, as_time
from .linear import LinearPath, check_same_shape


@dataclass(frozen=True)
class GaussianPath(LinearPath):
    """The Gaussian conditional probability path: from N(0, I) at t = 0 to the point z at t = 1.

        p_t(x | z) = N(x; alpha(t) z, beta(t)^2 I)

    The linear path whose starts are Gaussian noise, x0 = eps. Holderrieth & Erives, Gaussian conditional
    probability path.

    Args:
        scheduler: the pair alpha, beta; CondOT() unless given.

    >>> path, z, eps = GaussianPath(), torch.ones(3, 2), torch.randn(3, 2)
    >>> x = path.sample(z, eps, 0.5)
    >>> torch.allclose(path.velocity(x, z, 0.5), path.target(z, eps, 0.5), atol=1e-6)
    True
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
        check_same_shape(x=x, z=z)
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
        check_same_shape(x=x, z=z)
        t = as_time(t, x)
        beta = self.scheduler.beta(t)
        if bool((beta == 0).any()):
            raise ValueError("the conditional velocity is singular where beta(t) = 0; use times below 1")
        ratio = self.scheduler.beta_dot(t) / beta
        return (self.scheduler.alpha_dot(t) - ratio * self.scheduler.alpha(t)) * z + ratio * x
