"""Distributions: what can be sampled, what also has a density, and what has a score as well.

Three protocols keep them apart. A data set can be sampled, but nobody knows its density. A uniform law has a
density, but no score that says anything. So code asks for what it needs: `Samplable`, `Density` or `Scored`.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Generator, Tensor


@runtime_checkable
class Samplable(Protocol):
    """Whatever can be drawn from."""

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` independent samples, (n, *event)."""
        ...


@runtime_checkable
class Density(Samplable, Protocol):
    """A law with a density that can be evaluated."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Natural logarithm of the density at points `x` (batch, *event), as (batch,)."""
        ...


@runtime_checkable
class Scored(Density, Protocol):
    """A law with a smooth density, whose gradient can be evaluated too."""

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density at points `x` (batch, *event), same shape, per data unit."""
        ...


def check_points(x: Tensor, dim: int) -> None:
    """Raise a ValueError unless `x` holds points of a space with `dim` axes, (batch, dim)."""
    if x.dim() != 2 or x.shape[1] != dim:
        raise ValueError(f"points have shape {tuple(x.shape)}; this law lives on (batch, {dim})")


def _check_real(x: Tensor, name: str) -> None:
    if not x.is_floating_point():
        raise ValueError(f"{name} has type {x.dtype}; make it real numbers, for example with .float()")


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A weighted sum of Gaussians with axis-parallel spread.

        p(x) = sum_k weights_k N(x; means_k, diag(stds_k^2))

    Args:
        weights: (k,) positive, summing to one.
        means: (k, dim) in data units, floating-point; their dtype and device are the samples'.
        stds: (k,) one width for each component, or (k, dim) one for each axis; positive, data units.
    Raises:
        ValueError: shapes disagree, the means are whole numbers, a width or a weight is not positive, or
            the weights do not sum to one.
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
        """Gradient of the log-density: the components' pulls, weighted by how likely each is at `x`.

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


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian with axis-parallel spread.

        p(x) = N(x; mean, diag(std^2))

    Args:
        mean: (dim,) in data units, floating-point; its dtype and device are the samples'.
        std: positive width, a number for all axes or (dim,).
    Raises:
        ValueError: shapes disagree, the mean is in whole numbers, or a width is not positive.
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


@dataclass(frozen=True)
class Chessboard:
    """Uniform on the dark squares of a board: a law with sharp edges, density but no score.

    The density is constant on the dark squares and zero elsewhere, so its score is zero where it exists
    and does not exist at the edges. That is why `Chessboard` has none.

    Args:
        squares: squares along a side, at least 2.
        half_width: the board is [-half_width, half_width]^2, data units.
    Raises:
        ValueError: fewer than 2 squares, or no width.
    """

    squares: int = 4
    half_width: float = 2.0

    def __post_init__(self) -> None:
        if self.squares < 2 or not self.half_width > 0:
            raise ValueError("a chessboard needs at least 2 squares a side and a positive half_width")

    @property
    def side(self) -> float:
        """Length of a square's side, data units."""
        return 2 * self.half_width / self.squares

    def corners(self) -> Tensor:
        """Lower left corners of the dark squares, (m, 2)."""
        dark = [(i, j) for i in range(self.squares) for j in range(self.squares) if (i + j) % 2 == 0]
        return torch.tensor(dark, dtype=torch.get_default_dtype()) * self.side - self.half_width

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, 2): a dark square, then a point on it; on the generator's device, if any."""
        device = None if generator is None else generator.device
        corners = self.corners().to(device)
        chosen = torch.randint(len(corners), (n,), generator=generator, device=device)
        return corners[chosen] + self.side * torch.rand(n, 2, generator=generator, device=device)

    def contains(self, x: Tensor) -> Tensor:
        """Tell which points `x` (batch, 2) lie on a dark square, as booleans (batch,)."""
        check_points(x, 2)
        cell = ((x + self.half_width) / self.side).floor()
        inside = ((cell >= 0) & (cell < self.squares)).all(-1)
        return inside & (cell.sum(-1) % 2 == 0)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at points `x` (batch, 2), as (batch,): -log(dark area) on the squares, else -inf."""
        area = len(self.corners()) * self.side**2
        density = torch.full((len(x),), -math.inf, dtype=x.dtype, device=x.device)
        return density.masked_fill(self.contains(x), -math.log(area))
