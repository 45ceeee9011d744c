"""Toy data sets of the plane, curved and blurred: easy to sample, with no density written down."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


def _blur(x: Tensor, noise: float, generator: Generator | None) -> Tensor:
    return x + noise * torch.randn(x.shape, generator=generator)


def _check_noise(noise: float) -> None:
    if not noise >= 0:
        raise ValueError(f"noise = {noise}; a width is at least 0")


@dataclass(frozen=True)
class Moons:
    """Two interleaved half circles, blurred by Gaussian noise.

    The upper moon is half of the circle of radius 1 around (-1/2, -1/4), the lower one of that around
    (1/2, 1/4).

    Args:
        noise: standard deviation of the blur, at least 0, data units.
    Raises:
        ValueError: `noise` is negative.

    >>> Moons().sample(5).shape
    torch.Size([5, 2])
    """

    noise: float = 0.1

    def __post_init__(self) -> None:
        _check_noise(self.noise)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, 2)."""
        angle = math.pi * torch.rand(n, generator=generator)
        side = torch.randint(2, (n,), generator=generator) * 2.0 - 1  # 1: upper moon, -1: lower
        x = torch.stack([angle.cos() - side / 2, side * (angle.sin() - 0.25)], dim=1)
        return _blur(x, self.noise, generator)


@dataclass(frozen=True)
class Circles:
    """Two circles around the origin, blurred by Gaussian noise; half of the points lie on each.

    Args:
        noise: standard deviation of the blur, at least 0, data units.
        inner: radius of the inner circle.
        outer: radius of the outer circle.
    Raises:
        ValueError: `noise` is negative.

    >>> Circles().sample(5).shape
    torch.Size([5, 2])
    """

    noise: float = 0.08
    inner: float = 0.8
    outer: float = 1.8

    def __post_init__(self) -> None:
        _check_noise(self.noise)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, 2)."""
        angle = 2 * math.pi * torch.rand(n, generator=generator)
        radius = torch.where(torch.rand(n, generator=generator) < 0.5, self.inner, self.outer)
        x = radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
        return _blur(x, self.noise, generator)


@dataclass(frozen=True)
class Spiral:
    """An Archimedean spiral from the origin, blurred by Gaussian noise.

    Points are spread along it in proportion to the radius, so nearly evenly along its length.

    Args:
        noise: standard deviation of the blur, at least 0, data units.
        turns: number of turns.
        radius: distance of its end from the origin.
    Raises:
        ValueError: `noise` is negative.

    >>> Spiral().sample(5).shape
    torch.Size([5, 2])
    """

    noise: float = 0.06
    turns: float = 2.0
    radius: float = 2.0

    def __post_init__(self) -> None:
        _check_noise(self.noise)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, 2)."""
        # The length up to a radius grows nearly with its square, hence the root.
        fraction = torch.rand(n, generator=generator).sqrt()
        angle = 2 * math.pi * self.turns * fraction
        x = self.radius * fraction[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
        return _blur(x, self.noise, generator)
