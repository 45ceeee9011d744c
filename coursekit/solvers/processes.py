"""Stochastic processes: a drift, and a diffusion that scales the noise; or places that jump."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..base import Field, Time, as_time
from ..distributions import Scored


class Process(Protocol):
    """A stochastic differential equation, dX = drift dt + diffusion dW.

    Holderrieth & Erives, stochastic differential equations. With a diffusion of 0 it is a flow.

    >>> process: Process = BrownianMotion()
    >>> process.drift(torch.ones(1, 2), 0.0), process.diffusion(torch.ones(1, 2), 0.0)
    (tensor([[0., 0.]]), 1.0)
    """

    def drift(self, x: Tensor, t: Time) -> Tensor:
        """Drift at states `x` (batch, *event) and time `t`: shaped like `x`, data units per unit time."""
        ...

    def diffusion(self, x: Tensor, t: Time) -> float | Tensor:
        """Strength of the noise: a number, or a tensor that multiplies the noise of each coordinate."""
        ...


class JumpProcess(Protocol):
    """A process on sequences of whole numbers whose places wait, and jump.

        Q_t(y | x) = rate * softmax(logits)[y]   for every y other than x_j, at each place j

    Holderrieth & Erives, continuous-time Markov chains with factorised rates: one place jumps at a time, and
    the rates depend on all of x.

    >>> process: JumpProcess = MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]]))
    >>> rate, logits = process.jumps(torch.tensor([[0, 1]]), 0.0)
    >>> rate, logits.softmax(-1)
    (tensor([[2., 1.]], dtype=torch.float64), tensor([[[0., 1.],
             [1., 0.]]], dtype=torch.float64))
    """

    def jumps(self, x: Tensor, t: Time, /) -> tuple[Tensor, Tensor]:
        """Rate (batch, length) at which each place of `x` (batch, length) is drawn anew, and its logits.

        The logits (batch, length, states) say what it is drawn from; the state's own token may be among
        them, and then to draw it is to stay.
        """
        ...


@dataclass(frozen=True)
class BrownianMotion:
    """Brownian motion: no drift, and noise of constant strength.

        dX = sigma dW,   X_t given X_0 = x0 is N(x0, sigma^2 t I)

    Args:
        sigma: diffusion coefficient, at least 0, data units per square root of time.
    Raises:
        ValueError: `sigma` is negative.

    >>> simulate(BrownianMotion(), torch.zeros(4, 1), time_grid(10)).shape
    torch.Size([11, 4, 1])
    """

    sigma: float = 1.0

    def __post_init__(self) -> None:
        _not_negative(self.sigma)

    def drift(self, x: Tensor, t: Time) -> Tensor:
        """Zero, shaped like `x`."""
        return torch.zeros_like(x)

    def diffusion(self, x: Tensor, t: Time) -> float:
        """The number sigma."""
        return self.sigma


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """The Ornstein-Uhlenbeck process: noise, and a drift back to zero that grows with the distance.

        dX = -theta X dt + sigma dW

    Uhlenbeck & Ornstein 1930; Holderrieth & Erives, Ornstein-Uhlenbeck process.

    Args:
        theta: rate of return, positive, per unit of time.
        sigma: diffusion coefficient, at least 0, data units per square root of time.
    Raises:
        ValueError: `theta` is not positive or `sigma` is negative.

    >>> process = OrnsteinUhlenbeck(theta=2.0, sigma=2.0)
    >>> process.stationary_std
    1.0
    >>> mean, std = process.transition(torch.ones(1, 1), 0.5)
    >>> round(mean.item(), 4), round(std.item(), 4)
    (0.3679, 0.9299)
    """

    theta: float
    sigma: float

    def __post_init__(self) -> None:
        if not self.theta > 0:
            raise ValueError(f"theta = {self.theta}; a rate of return is positive, such as 1.0")
        _not_negative(self.sigma)

    @property
    def stationary_std(self) -> float:
        """Standard deviation of the stationary law, the root of sigma^2 / (2 theta)."""
        return self.sigma / (2 * self.theta) ** 0.5

    def drift(self, x: Tensor, t: Time) -> Tensor:
        """The pull -theta x, shaped like `x`."""
        return -self.theta * x

    def diffusion(self, x: Tensor, t: Time) -> float:
        """The number sigma."""
        return self.sigma

    def transition(self, x0: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the state a time `t` after it was `x0`; the law is Gaussian.

            mean = x0 e^(-theta t),   std^2 = sigma^2 (1 - e^(-2 theta t)) / (2 theta)

        Args:
            x0: states at the start, (batch, *event).
            t: times since then, at least 0: a float, (batch,) or (batch, 1, …, 1).
        Returns:
            The mean, shaped like `x0`, and the standard deviation of each coordinate, (batch, 1, …, 1).
        Raises:
            ValueError: a time is negative.
        """
        t = as_time(t, x0)
        if bool((t < 0).any()):
            raise ValueError("the process runs forwards: give times since the start of at least 0")
        fraction = -torch.expm1(-2 * self.theta * t)  # of the stationary variance, reached at time t
        return x0 * torch.exp(-self.theta * t), self.stationary_std * fraction.sqrt()


@dataclass(frozen=True)
class Langevin:
    """Langevin dynamics: noise, and a drift along the score that keeps the target distribution invariant.

        dX = sigma^2 / 2 * grad log p(X) dt + sigma dW

    Its stationary law is p, for every sigma: sigma^2 only sets the time scale. For p = N(0, s^2 I) it is the
    Ornstein-Uhlenbeck process with theta = sigma^2 / (2 s^2). Holderrieth & Erives, Langevin dynamics.

    Args:
        target: the law p, anything with a `score`.
        sigma: diffusion coefficient, at least 0, data units per square root of time.
    Raises:
        ValueError: `sigma` is negative.
        TypeError: `target` has no score.

    >>> Langevin(Gaussian(torch.zeros(1)), sigma=2.0).drift(torch.ones(1, 1), 0.0)
    tensor([[-2.]])
    """

    target: Scored
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _not_negative(self.sigma)
        if not isinstance(self.target, Scored):
            raise TypeError(
                f"{type(self.target).__name__} has no score, and Langevin dynamics follows the score; "
                "give a Gaussian or a GaussianMixture"
            )

    def drift(self, x: Tensor, t: Time) -> Tensor:
        """Half of sigma squared times the score at `x` (batch, dim), same shape."""
        return self.sigma**2 / 2 * self.target.score(x)

    def diffusion(self, x: Tensor, t: Time) -> float:
        """The number sigma."""
        return self.sigma


@dataclass(frozen=True, eq=False)
class SDEExtension:
    """A flow with noise added and its drift corrected, so that the marginals do not change.

        dX = [ u_t(X) + sigma_t^2 / 2 s_t(X) ] dt + sigma_t dW

    SDE extension trick, Holderrieth & Erives; Song et al. 2021 read it the other way round. With sigma = 0
    it is the flow, the probability-flow ODE of all the others.

    Args:
        velocity: the field u, which carries the marginals p_t.
        score: the field s = grad log p_t, of the same path.
        sigma: diffusion coefficient, a number at least 0 or a function of time that takes and gives a tensor
            (batch, 1, …, 1); data units per square root of time.
    Raises:
        ValueError: `sigma` is a negative number.

    >>> path, law = GaussianPath(), Gaussian(torch.zeros(2))
    >>> process = SDEExtension(marginal_velocity(law, path), marginal_score(law, path), sigma=0.5)
    >>> solve(process, torch.randn(5, 2), time_grid(10)).shape
    torch.Size([5, 2])
    """

    velocity: Field
    score: Field
    sigma: float | Callable[[Tensor], Tensor] = 1.0

    def __post_init__(self) -> None:
        if not callable(self.sigma):
            _not_negative(self.sigma)

    def drift(self, x: Tensor, t: Time) -> Tensor:
        """Velocity plus the correction at `x` (batch, *event), same shape."""
        sigma = self.diffusion(x, t)
        if isinstance(sigma, float | int) and sigma == 0:
            return self.velocity(x, t)
        return self.velocity(x, t) + sigma**2 / 2 * self.score(x, t)

    def diffusion(self, x: Tensor, t: Time) -> float | Tensor:
        """Sigma at time `t`: the number, or (batch, 1, …, 1)."""
        return self.sigma(as_time(t, x)) if callable(self.sigma) else self.sigma


def _not_negative(sigma: float) -> None:
    if not sigma >= 0:
        raise ValueError(f"sigma = {sigma}; a diffusion coefficient is at least 0")
