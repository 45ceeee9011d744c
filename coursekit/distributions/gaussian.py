"""One Gaussian: the law of the noise, and the simplest of the data."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from .mixture import GaussianMixture
from .protocols import _check_real, check_points


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian with a diagonal covariance.

        p(x) = N(x; mean, diag(std^2))

    Args:
        mean: (dim,) in data units, floating-point; its dtype and device are the samples'.
        std: positive width, a number for all axes or (dim,).
    Raises:
        ValueError: shapes disagree, the mean is an integer tensor, or a width is not positive.

    >>> law = Gaussian(torch.zeros(2), std=2.0)
    >>> law.sample(5).shape
    torch.Size([5, 2])
    >>> law.score(torch.tensor([[4.0, 0.0]]))
    tensor([[-1.,  0.]])
    """

    mean: Tensor
    std: float | Tensor = 1.0

    def __post_init__(self) -> None:
        if self.mean.dim() != 1:
            raise ValueError(f"mean has shape {tuple(self.mean.shape)}; give one number an axis, (dim,)")
        _check_real(self.mean, "mean")
        std = torch.as_tensor(self.std, dtype=self.mean.dtype, device=self.mean.device)
        if std.shape not in ((), self.mean.shape):
            raise ValueError(f"std has shape {tuple(std.shape)}; give a number or {tuple(self.mean.shape)}")
        if not bool((std > 0).all()):
            raise ValueError("std must be positive")
        object.__setattr__(self, "std", std.expand_as(self.mean))

    @property
    def dim(self) -> int:
        """Number of axes of the space."""
        return len(self.mean)

    def as_mixture(self) -> GaussianMixture:
        """Return the same law as a mixture of one component, whose formulas then serve for both."""
        std = torch.as_tensor(self.std).expand_as(self.mean)
        return GaussianMixture(self.mean.new_ones(1), self.mean[None], std[None])

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, dim)."""
        noise = torch.randn(n, self.dim, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + self.std * noise

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at points `x` (batch, dim), as (batch,)."""
        return self.as_mixture().log_prob(x)

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density at `x` (batch, dim): (mean - x) / std^2, same shape."""
        check_points(x, self.dim)
        return (self.mean.to(x) - x) / torch.as_tensor(self.std).to(x).square()
