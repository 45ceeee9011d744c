"""Marginal laws of a Gaussian path: the distribution of the states at time t."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..distributions import Density, Gaussian, GaussianMixture, Samplable
from .exact import TractableDistribution
from .gaussian import GaussianPath
from .posterior import Posterior, make_posterior


@dataclass(frozen=True, eq=False)
class Marginal:
    """Law at time `t` of a Gaussian path: every data point moved and blurred.

        p_t(x) = E_z[ N(x; alpha z, beta^2 I) ]

    Args:
        data: the law of the data.
        path: the Gaussian path to it.
        posterior: posterior of the data given a state of the path.
        t: time, with beta(t) > 0.

    >>> law = marginal_law(Chessboard(), GaussianPath(), 0.5)
    >>> law.sample(5).shape, law.log_prob(torch.zeros(5, 2)).shape
    (torch.Size([5, 2]), torch.Size([5]))
    """

    data: Samplable
    path: GaussianPath
    posterior: Posterior
    t: float

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` states, (n, *event): a data point, noise, and their mix."""
        z = self.data.sample(n, generator)
        eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        return self.path.sample(z, eps, self.t)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at states `x` (batch, *event), as (batch,)."""
        return self.posterior.log_prob(x, self.t)

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density at states `x` (batch, *event), same shape."""
        return self.posterior.means(x, self.t)[1]


def marginal_law(distribution: TractableDistribution, path: GaussianPath, t: float) -> Density:
    """Build the marginal law of a Gaussian path at time `t`, with its exact density.

        p_t(x) = E_z[ N(x; alpha z, beta^2 I) ]

    Holderrieth & Erives, marginal probability path.

    Args:
        distribution: the law of the data.
        path: the Gaussian path to it.
        t: time in [0, 1]; below 1 for a chessboard and a data set.
    Returns:
        A law with `sample`, `log_prob` and `score`.
    Raises:
        ValueError: beta(t) = 0 for a chessboard or a data set; at that time it is the data's own law.
        TypeError: no closed form is known for `distribution`.

    >>> law = marginal_law(Gaussian(torch.tensor([2.0])), GaussianPath(), 0.5)
    >>> law.mean.item(), round(law.std.item() ** 2, 2)
    (1.0, 0.5)
    """
    known = make_posterior(distribution, path)
    now = torch.tensor(float(t), dtype=torch.float64)
    alpha, beta = float(path.scheduler.alpha(now)), float(path.scheduler.beta(now))
    if isinstance(distribution, Gaussian):
        std = (alpha**2 * torch.as_tensor(distribution.std).square() + beta**2).sqrt()
        return Gaussian(alpha * distribution.mean, std)
    if isinstance(distribution, GaussianMixture):
        stds = (alpha**2 * distribution.stds.square() + beta**2).sqrt()
        return GaussianMixture(distribution.weights, alpha * distribution.means, stds)
    if beta <= 0:
        raise ValueError("beta(t) = 0: at this time the marginal is the data's own law; use times below 1")
    return Marginal(distribution, path, known, t)
