"""DDPM: diffusion in discrete steps, and its place in the course's time."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from ..base import as_time


def linear_betas(steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Tensor:
    """Return DDPM's variances: each step adds a little more noise than the one before.

        beta_k = first + (last - first) (k - 1) / (steps - 1),   k = 1 … steps

    Ho et al. 2020.

    Args:
        steps: number K of steps, at least 1.
        first: variance of the noise of step 1, next to the data, in (0, 1).
        last: variance of the noise of step K, in (0, 1).
    Returns:
        beta_1 … beta_K, (steps,) in float64; entry 0 belongs to step 1.
    Raises:
        ValueError: there is no step, or a variance does not lie in (0, 1).

    >>> betas = linear_betas()
    >>> len(betas), round(float(betas[-1]), 4)
    (1000, 0.02)
    """
    _check_steps(steps)
    return _check_betas(torch.linspace(first, last, steps, dtype=torch.float64))


def cosine_betas(steps: int = 1000, offset: float = 0.008, largest: float = 0.999) -> Tensor:
    """Return the variances whose alpha-bar falls along a squared cosine.

        beta_k = min(1 - f(k) / f(k - 1), largest),   f(k) = cos^2( pi/2 (k/K + offset) / (1 + offset) )

    Nichol & Dhariwal 2021.

    Args:
        steps: number K of steps, at least 1.
        offset: shift of the cosine, above 0, so that the first steps are not too small.
        largest: bound of the variances, in (0, 1), so that the last step does not erase everything.
    Returns:
        beta_1 … beta_K, (steps,) in float64; entry 0 belongs to step 1.
    Raises:
        ValueError: there is no step, or a variance does not lie in (0, 1).

    >>> round(float(cosine_betas()[-1]), 3)
    0.999
    """
    _check_steps(steps)
    k = torch.arange(steps + 1, dtype=torch.float64)
    kept = torch.cos(torch.pi / 2 * (k / steps + offset) / (1 + offset)).square()
    return _check_betas((1 - kept[1:] / kept[:-1]).clamp(max=largest))


@dataclass(frozen=True, eq=False)
class ForwardChain:
    """DDPM's forward chain: from a data point at k = 0 to noise at k = K, one small step after another.

        x_k = sqrt(1 - beta_k) x_{k-1} + sqrt(beta_k) eps_k,   abar_k = (1 - beta_1) … (1 - beta_k)

    Sohl-Dickstein et al. 2015; Ho et al. 2020. `time` and `index` lead to our time and back.

    Args:
        betas: beta_1 … beta_K, (K,), each in (0, 1).
    Raises:
        ValueError: `betas` do not form a line, or one does not lie in (0, 1).

    >>> chain = ForwardChain(linear_betas())
    >>> chain.steps, chain.time(250), chain.index(0.75)
    (1000, 0.75, 250)
    >>> round(float(chain.alpha_bar[-1]), 6)
    4e-05
    """

    betas: Tensor

    def __post_init__(self) -> None:
        _check_betas(self.betas)

    @property
    def steps(self) -> int:
        """The number K of steps."""
        return len(self.betas)

    @cached_property
    def alpha_bar(self) -> Tensor:
        """Share of the data's variance left after k = 0 … K steps, (K + 1,) in float64; entry 0 is 1."""
        return _log_alpha_bar(self.betas).exp()

    def step(self, x: Tensor, k: int | Tensor, generator: Generator | None = None) -> Tensor:
        """Draw x_k from the state before it.

            q(x_k | x_{k-1}) = N(x_k; sqrt(1 - beta_k) x_{k-1}, beta_k I)

        Args:
            x: states x_{k-1}, (batch, *event).
            k: number of the step, from 1 to K: a number or (batch,); ValueError outside.
            generator: source of the noise.
        Returns:
            States x_k, shaped like `x`.
        """
        beta = self.betas.double()[self._check_index(k, 1).cpu() - 1]
        eps = torch.empty_like(x).normal_(generator=generator)
        return as_time((1 - beta).sqrt(), x) * x + as_time(beta.sqrt(), x) * eps

    def sample(self, z: Tensor, k: int | Tensor, eps: Tensor) -> Tensor:
        """Jump from the data straight to x_k.

            q(x_k | x_0) = N(x_k; sqrt(abar_k) z, (1 - abar_k) I)

        Args:
            z: data points x_0, (batch, *event).
            k: steps made, from 0 to K: a number or (batch,).
            eps: noise from N(0, I), shaped like `z`.
        Returns:
            States x_k, shaped like `z`; ValueError if shapes disagree, or k lies outside.
        """
        if z.shape != eps.shape:
            raise ValueError(f"z is {tuple(z.shape)} and eps {tuple(eps.shape)}; give both the same shape")
        left = self.alpha_bar[self._check_index(k, 0).cpu()]
        return as_time(left.sqrt(), z) * z + as_time((1 - left).sqrt(), z) * eps

    def posterior(self, x: Tensor, z: Tensor, k: int | Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of the previous state given the data point: q(x_{k-1} | x_k, x_0), a Gaussian.

            mean = [ sqrt(abar_{k-1}) beta_k z + sqrt(1 - beta_k) (1 - abar_{k-1}) x_k ] / (1 - abar_k)
            variance = beta_k (1 - abar_{k-1}) / (1 - abar_k),   the paper's beta-tilde

        Ho et al. 2020, forward process posterior.

        Args:
            x: states x_k, (batch, *event).
            z: data points x_0, same shape, or a network's prediction of them.
            k: steps made, from 1 to K: a number or (batch,).
        Returns:
            Mean, shaped like `x`, and variance of each coordinate, (batch, 1, …, 1).
        Raises:
            ValueError: shapes disagree, or k lies outside.
        """
        if x.shape != z.shape:
            raise ValueError(f"x is {tuple(x.shape)} and z {tuple(z.shape)}; give both the same shape")
        k = self._check_index(k, 1).cpu()
        beta, before, now = self.betas.double()[k - 1], self.alpha_bar[k - 1], self.alpha_bar[k]
        of_data = before.sqrt() * beta / (1 - now)
        of_state = (1 - beta).sqrt() * (1 - before) / (1 - now)
        mean = as_time(of_data, x) * z + as_time(of_state, x) * x
        return mean, as_time(beta * (1 - before) / (1 - now), x)

    def time(self, k: int | Tensor) -> float | Tensor:
        """Our time of an index, 1 - k / K: a float for a number, a tensor (batch,) for a tensor (batch,).

        Raises ValueError if k does not lie between 0 and K.
        """
        inside = self._check_index(k, 0)
        if not isinstance(k, Tensor):
            return 1 - k / self.steps
        return 1 - (inside if k.device.type == "mps" else inside.double()) / self.steps  # no float64 there

    def index(self, t: float | Tensor) -> int | Tensor:
        """Index nearest to a time of ours, K (1 - t) rounded: a number for a float, a tensor for a tensor.

        Raises ValueError if a time does not lie in [0, 1].
        """
        times = torch.as_tensor(t)
        if not bool(((times >= 0) & (times <= 1)).all()):
            raise ValueError(f"t = {t}; times lie between 0, noise, and 1, data")
        nearest = (self.steps * (1 - times)).round().long()
        return nearest if isinstance(t, Tensor) else int(nearest)

    def _check_index(self, k: int | Tensor, lowest: int) -> Tensor:
        indices = torch.as_tensor(k)
        if indices.is_floating_point() or indices.dtype == torch.bool:
            raise ValueError(f"k is of type {indices.dtype}; indices are integers, such as k.long()")
        if not bool(((indices >= lowest) & (indices <= self.steps)).all()):
            raise ValueError(f"k = {k}; indices run from {lowest} to {self.steps} here, and k = 0 is data")
        return indices.long()


@dataclass(frozen=True, eq=False)
class ChainScheduler:
    """The chain in continuous time: a scheduler whose path passes through every state of the chain.

        alpha(t)^2 = abar_k at t = 1 - k / K,   rate of noising -log(1 - beta_k) on the step between,
        beta(t)^2 = 1 - alpha(t)^2

    An Ornstein-Uhlenbeck process with a rate that is constant on each step; the chain samples it exactly, so
    nothing is approximated. Where two steps meet, derivatives are those towards the data.

    Args:
        betas: beta_1 … beta_K, (K,), each in (0, 1); ValueError otherwise.

    >>> path = GaussianPath(ChainScheduler(linear_betas()))
    >>> round(path.scheduler.boundary_error, 4)
    0.0064
    """

    betas: Tensor

    def __post_init__(self) -> None:
        _check_betas(self.betas)

    @property
    def boundary_error(self) -> float:
        """Weight of the data at t = 0, the root of abar_K."""
        return float((self._table[-1] / 2).exp())

    @cached_property
    def _table(self) -> Tensor:
        return _log_alpha_bar(self.betas)

    @cached_property
    def _rates(self) -> Tensor:
        return -self._table.diff() * len(self.betas)

    def _step_index(self, t: Tensor) -> Tensor:
        """Index at which the step that a time lies in begins, counted from the data."""
        slack = 4 * len(self.betas) * torch.finfo(t.dtype).eps  # a time may miss its index by rounding
        return (len(self.betas) * (1 - t.detach()) - slack).ceil().long().clamp(1, len(self.betas)) - 1

    def _at(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Log of alpha, and the rate of noising."""
        k = self._step_index(t)
        rate = self._rates.to(t)[k]
        return (self._table.to(t)[k] - ((1 - t) - k.to(t) / len(self.betas)) * rate) / 2, rate

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the data."""
        return self._at(t)[0].exp()

    def beta(self, t: Tensor) -> Tensor:
        """Weight of the noise."""
        return (-torch.expm1(2 * self._at(t)[0])).sqrt()

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `alpha`."""
        log_alpha, rate = self._at(t)
        return rate / 2 * log_alpha.exp()

    def beta_dot(self, t: Tensor) -> Tensor:
        """Time derivative of `beta`; minus infinity at t = 1."""
        log_alpha, rate = self._at(t)
        return -rate * (2 * log_alpha).exp() / 2 / (-torch.expm1(2 * log_alpha)).sqrt()

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        """Time derivative of beta^2 = 1 - alpha^2, finite everywhere."""
        log_alpha, rate = self._at(t)
        return -rate * (2 * log_alpha).exp()


def _log_alpha_bar(betas: Tensor) -> Tensor:
    return torch.cat([torch.zeros(1, dtype=torch.float64), torch.log1p(-betas.cpu().double()).cumsum(0)])


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"steps = {steps}, but a chain needs at least one step")


def _check_betas(betas: Tensor) -> Tensor:
    if betas.dim() != 1 or len(betas) < 1 or not bool(((betas > 0) & (betas < 1)).all()):
        raise ValueError(
            f"betas of shape {tuple(betas.shape)} must be a line of variances above 0 and below 1, "
            "such as linear_betas()"
        )
    return betas
