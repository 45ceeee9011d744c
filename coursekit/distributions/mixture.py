"""Gaussian mixtures: their marginal fields have a closed form, which serves as ground truth."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from .protocols import _check_real, check_points


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A weighted sum of Gaussians with diagonal covariances.

        p(x) = sum_k weights_k N(x; means_k, diag(stds_k^2))

    Args:
        weights: (k,) positive, summing to one.
        means: (k, dim) in data units, floating-point; their dtype and device are the samples'.
        stds: (k,) one width for each component, or (k, dim) one for each axis; positive, data units.
    Raises:
        ValueError: shapes disagree, the means are integers, a width or a weight is not positive, or
            the weights do not sum to one.

    >>> weights, means = torch.tensor([0.25, 0.75]), torch.tensor([[-1.0], [1.0]])
    >>> law = GaussianMixture(weights, means, stds=torch.tensor([0.1, 0.1]))
    >>> law.sample(5).shape, law.log_prob(means).exp()
    (torch.Size([5, 1]), tensor([0.9974, 2.9921]))
    """

    weights: Tensor
    means: Tensor
    stds: Tensor

    def __post_init__(self) -> None:
        _check_real(self.means, "means")
        for name in ("weights", "stds"):
            object.__setattr__(self, name, getattr(self, name).to(self.means))
        k = len(self.means)
        if self.means.dim() != 2 or self.weights.shape != (k,):
            raise ValueError(
                f"weights {tuple(self.weights.shape)} and means {tuple(self.means.shape)} disagree; "
                "give (k,) and (k, dim)"
            )
        if self.stds.shape == (k,):  # from here on one width for each axis
            object.__setattr__(self, "stds", self.stds[:, None].expand_as(self.means))
        if self.stds.shape != self.means.shape:
            raise ValueError(
                f"stds have shape {tuple(self.stds.shape)}; give ({k},) or {tuple(self.means.shape)}"
            )
        if not bool((self.stds > 0).all()) or not bool((self.weights > 0).all()):
            raise ValueError("every weight and every std must be positive; leave empty components out")
        if abs(float(self.weights.sum()) - 1) > 1e-5:
            raise ValueError(f"weights sum to {float(self.weights.sum()):.3f}; divide them by their sum")

    @property
    def dim(self) -> int:
        """Number of axes of the space."""
        return self.means.shape[1]

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, dim): first a component by its weight, then a point of that component."""
        # `multinomial` refuses to draw nothing at all.
        chosen = torch.multinomial(self.weights, max(n, 1), replacement=True, generator=generator)[:n]
        noise = torch.randn(
            n, self.dim, generator=generator, dtype=self.means.dtype, device=self.means.device
        )
        return self.means[chosen] + self.stds[chosen] * noise

    def log_joint(self, x: Tensor) -> Tensor:
        """Log of weight times component density at `x` (batch, dim), as (batch, k)."""
        check_points(x, self.dim)
        means, stds = self.means.to(x), self.stds.to(x)
        y = (x[:, None] - means) / stds
        normaliser = stds.log().sum(-1) + self.dim / 2 * math.log(2 * math.pi)
        return self.weights.to(x).log() - y.square().sum(-1) / 2 - normaliser

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at points `x` (batch, dim), as (batch,), by log-sum-exp over the components."""
        return self.log_joint(x).logsumexp(-1)

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density: the components' scores, weighted by their probabilities given `x`.

            s(x) = sum_k p(k | x) (means_k - x) / stds_k^2

        Args:
            x: points, (batch, dim).
        Returns:
            (batch, dim), per data unit.
        Raises:
            ValueError: `x` has another shape.
        """
        posterior = self.log_joint(x).softmax(-1)
        pull = (self.means.to(x) - x[:, None]) / self.stds.to(x).square()
        return (posterior[..., None] * pull).sum(1)
