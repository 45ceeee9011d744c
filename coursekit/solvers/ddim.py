"""DDIM: one family of samplers from the ancestral steps of DDPM to a deterministic rule."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Generator, Tensor

from ..base import Field
from ..paths import GaussianPath, to_endpoints

Variance = Literal["posterior", "forward"]
"""The two variances of DDPM's reverse step: the paper's beta-tilde, and beta."""


@dataclass(frozen=True)
class DDIM:
    """Predict data and noise, mix them anew for the next time, and replace part of the noise by fresh noise.

        x' = alpha' z^ + sqrt(beta'^2 - sigma^2) eps^ + sigma xi,   xi from N(0, I),
        sigma^2 = eta^2 beta'^2 (beta^2 - (alpha / alpha')^2 beta'^2) / beta^2

    alpha', beta' belong to time t + h; z^ and eps^ are E[z | x] and E[eps | x], converted from the velocity.
    Song et al. 2021, denoising diffusion implicit models. With eta = 0 nothing is random; with eta = 1 the
    step is DDPM's ancestral step (Ho et al. 2020) with the posterior's variance, beta-tilde, which is exact
    if the data are one point. `variance="forward"` adds to the same mean what is exact if they are N(0, I),

        eta^2 (beta^2 - (alpha / alpha')^2 beta'^2) (alpha'^2 + beta'^2) / (alpha^2 + beta^2),

    on DDPM's own path the variance beta_k of its forward step. A step that ends at t = 1 adds no noise.

    Args:
        path: the Gaussian path of the field.
        eta: amount of randomness, in [0, 1]: 0 is deterministic, 1 is ancestral sampling.
        variance: "posterior" or "forward".
        generator: source of the noise, on the states' device; torch's own unless given.
    Raises:
        ValueError: `eta` does not lie in [0, 1], or `variance` is unknown.

    >>> path = GaussianPath()
    >>> field = marginal_velocity(Chessboard(), path)
    >>> solve(field, torch.randn(5, 2), time_grid(10), DDIM(path, eta=1.0)).shape
    torch.Size([5, 2])
    """

    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1

    path: GaussianPath
    eta: float = 0.0
    variance: Variance = "posterior"
    generator: Generator | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.eta <= 1:
            raise ValueError(f"eta = {self.eta}; it runs from 0, nothing random, to 1, ancestral sampling")
        if self.variance not in get_args(Variance):
            raise ValueError(f"'{self.variance}' is not one of {', '.join(get_args(Variance))}")

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Take one step of length `h` from states `x` (batch, *event) of the velocity `field` at time `t`.

        Raises ValueError if `h` is negative and eta is not 0: a random step runs forwards only.
        """
        if h < 0 and self.eta > 0:
            raise ValueError(f"h = {h}; only eta = 0 runs backwards, so let the times increase")
        z, eps = to_endpoints(field(x, t), x, t, self.path, given="velocity")
        alpha, kept, noise = self._weights(t, t + h)
        moved = alpha * z + kept * eps
        if noise == 0:
            return moved
        return moved.add_(torch.empty_like(x).normal_(generator=self.generator), alpha=noise)

    def _weights(self, t: float, after: float) -> tuple[float, float, float]:
        """Weights of the data, of the old noise and of the fresh noise after a step, in double precision."""
        # Ten digits: a grid of floats may miss an end of time by a rounding error.
        after = next((end for end in (0.0, 1.0) if abs(after - end) <= 1e-10), after)
        times = torch.tensor([t, after], dtype=torch.float64)
        a, a_next = self.path.scheduler.alpha(times).tolist()
        b, b_next = self.path.scheduler.beta(times).tolist()
        if self.eta == 0 or b_next == 0:
            return a_next, b_next, 0.0
        forward = b**2 - (a / a_next * b_next) ** 2  # variance of the way back, from `after` to t
        sigma = self.eta * b_next / b * math.sqrt(forward)
        kept = math.sqrt(max(b_next**2 - sigma**2, 0.0))
        if self.variance == "forward":
            sigma = self.eta * math.sqrt(forward * (a_next**2 + b_next**2) / (a**2 + b**2))
        return a_next, kept, sigma
