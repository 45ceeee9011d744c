"""What exercises of chapter 03 share: the cosine scheduler, Gaussian paths with a fault, normal densities."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...paths import Cosine
from ..shared.schedulers import Numbers

Scheduler = Callable[[Tensor], Numbers]
Sampler = Callable[[Tensor, Tensor, Scheduler], Tensor]
"""States from data points (batch, dim), times (batch, 1) and a scheduler."""
Density = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
Term = Callable[[Tensor, Tensor, int], Tensor]
"""A part of a log-density, from x - alpha z, beta and the number of coordinates."""
HALF_LOG_2PI = math.log(2 * math.pi) / 2


def cosine_scheduler(t: Tensor) -> Numbers:
    """A quarter of a circle, from noise to data."""
    rule = Cosine()
    return rule.alpha(t), rule.beta(t), rule.alpha_dot(t), rule.beta_dot(t)


def mix(
    weigh: Callable[..., tuple[Tensor, Tensor]] = lambda a, b, a_dot, b_dot: (a, b),
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
) -> Sampler:
    """A sample of the conditional path, with other weights or other noise."""

    def rule(z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        of_data, of_noise = weigh(*scheduler(t))
        return of_data * z + of_noise * noise(z)

    return rule


sample_conditional = mix()
GAUSSIAN_FAULTS: dict[str, Sampler] = {
    "alpha and beta swapped": mix(lambda a, b, a_dot, b_dot: (b, a)),
    "data not scaled": mix(lambda a, b, a_dot, b_dot: (torch.ones_like(a), b)),
    "noise not scaled": mix(lambda a, b, a_dot, b_dot: (a, torch.ones_like(b))),
    "beta squared for the spread": mix(lambda a, b, a_dot, b_dot: (a, b**2)),
    "slopes for weights": mix(lambda a, b, a_dot, b_dot: (a_dot, b_dot)),
    "third taken for the second": mix(lambda a, b, a_dot, b_dot: (a, a_dot)),
    "scheduler not used": lambda z, t, scheduler: t * z + (1 - t) * torch.randn_like(z),
    "cosine assumed": lambda z, t, scheduler: sample_conditional(z, t, cosine_scheduler),
    "path runs backwards": lambda z, t, scheduler: sample_conditional(z, 1 - t, scheduler),
    "rand for randn": mix(noise=torch.rand_like),
    "one noise for the whole batch": mix(noise=lambda z: torch.randn_like(z[:1]).expand_as(z)),
    "one noise for all coordinates": mix(noise=lambda z: torch.randn_like(z[:, :1]).expand_as(z)),
}
"""Wrong samples of the conditional path, in 3.2 and, around points drawn at random, in 3.3."""


def squared(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    """Exponent of a normal law, without its sign."""
    return rest.square().sum(-1) / (2 * beta**2)


def normaliser(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    """Logarithm of the factor in the denominator."""
    return dim * (beta.log() + HALF_LOG_2PI)


def log_normal(exponent: Term = squared, front: Term = normaliser) -> Density:
    """Log-density of N(alpha z, beta² I), from its exponent and its normaliser."""

    def rule(x: Tensor, z: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        rest, dim = x - alpha * z, x.shape[-1]
        return -exponent(rest, beta, dim) - front(rest, beta, dim)

    return rule


CONDITIONAL_LAW = log_normal()
WEIGHT_FAULTS: dict[str, Density] = {
    "alpha left out": lambda x, z, alpha, beta: CONDITIONAL_LAW(x, z, torch.ones_like(alpha), beta),
    "alpha and beta swapped": lambda x, z, alpha, beta: CONDITIONAL_LAW(x, z, beta, alpha),
    "beta for beta squared": lambda x, z, alpha, beta: CONDITIONAL_LAW(x, z, alpha, beta.sqrt()),
}
"""Log-densities with other weights, in 3.4 and, as parts of a mixture, in 3.5."""


def rows(*values: tuple[float, ...]) -> Tensor:
    """Points, one in a row, in float64."""
    return torch.tensor(values, dtype=torch.float64)


def scalar(value: float) -> Tensor:
    """A tensor with a single number, in float64."""
    return torch.tensor(value, dtype=torch.float64)


def mass(log_prob: Callable[[Tensor], Tensor], dim: int, reach: float, n: int) -> float:
    """Integral of a density over a cube around the origin, by the rectangle rule; at most 1e12."""
    side = torch.linspace(-reach, reach, n, dtype=torch.float64)
    mesh = torch.cartesian_prod(*[side] * dim).reshape(-1, dim)
    total = log_prob(mesh).double().exp().sum() * (2 * reach / (n - 1)) ** dim
    return min(float(total), 1e12)
