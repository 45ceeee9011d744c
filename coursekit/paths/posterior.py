"""The posterior of the data point behind a state: its weights and its means."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..base import Time, as_time, chunked, chunking, concat_chunks
from ..distributions import Chessboard, Empirical, Gaussian, GaussianMixture, check_points, truncated_normal
from .gaussian import GaussianPath


class Posterior(Protocol):
    """Posterior of data and noise given the states of a Gaussian path, in closed form.

    >>> posterior: Posterior = make_posterior(Empirical(torch.tensor([[1.0, 2.0]])), GaussianPath())
    >>> posterior.means(torch.zeros(1, 2), 0.5)[0]
    tensor([[1., 2.]])
    """

    @property
    def singular_at(self) -> float | None:
        """Time at which the means are not defined, if there is one."""
        ...

    def log_prob(self, x: Tensor, t: Time) -> Tensor:
        """Log of the marginal density at states `x` (batch, *event) and time `t`, as (batch,)."""
        ...

    def means(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """Posterior mean E[z | x] and marginal score -E[eps | x] / beta, each shaped like `x`."""
        ...


@dataclass(frozen=True, eq=False)
class MixturePosterior:
    """Posterior when the data come from a Gaussian mixture; finite on all of [0, 1].

    Component k of the data becomes N(alpha m_k, v_k) at time t with v_k = alpha^2 s_k^2 + beta^2, so

        E[z | x] = sum_k p_t(k | x) [ m_k + alpha s_k^2 / v_k (x - alpha m_k) ]
        score    = sum_k p_t(k | x) (alpha m_k - x) / v_k

    Args:
        mixture: the law of the data.
        path: the Gaussian path to it.
    """

    mixture: GaussianMixture
    path: GaussianPath
    singular_at: float | None = None

    @property
    def width(self) -> int:
        """Size of the intermediate results for one state."""
        return self.mixture.means.numel()

    def _terms(self, x: Tensor, t: Time) -> tuple[Tensor, ...]:
        check_points(x, self.mixture.dim)
        t = as_time(t, x)[..., None]  # (batch, 1, 1), against (batch, k, dim)
        alpha, beta = self.path.scheduler.alpha(t), self.path.scheduler.beta(t)
        means, variances = self.mixture.means.to(x), self.mixture.stds.to(x).square()
        spread = alpha.square() * variances + beta.square()
        away = x[:, None] - alpha * means
        log_joint = -(away.square() / spread + spread.log()).sum(-1) / 2 + self.mixture.weights.to(x).log()
        return log_joint, means + alpha * variances / spread * away, -away / spread

    @chunked
    def log_prob(self, x: Tensor, t: Time) -> Tensor:
        """Log of the marginal density at `x` (batch, dim), as (batch,)."""
        log_joint, *_ = self._terms(x, t)
        return log_joint.logsumexp(-1) - self.mixture.dim * math.log(2 * math.pi) / 2

    @chunked
    def means(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """Posterior mean of the data point, and the marginal score, at `x` (batch, dim)."""
        log_joint, z, score = self._terms(x, t)
        weights = log_joint.softmax(-1)[..., None]
        return (weights * z).sum(1), (weights * score).sum(1)


@dataclass(frozen=True, eq=False)
class ChessboardPosterior:
    """Posterior when the data come from a chessboard, defined on [0, 1).

    Given its square, a data point seen through Gaussian noise is a truncated normal along each axis, with
    known mass and mean; the squares count by their mass.

    Args:
        board: the law of the data.
        path: the Gaussian path to it.
    """

    board: Chessboard
    path: GaussianPath
    singular_at: float | None = 1.0

    @property
    def width(self) -> int:
        """Size of the intermediate results for one state; eight are the nodes of a quadrature."""
        return 8 * self.board.corners().numel()

    def _terms(self, x: Tensor, t: Time) -> tuple[Tensor, ...]:
        check_points(x, 2)
        alpha, beta = _alpha_and_beta(
            self.path, as_time(t, x)[..., None]
        )  # (batch, 1, 1), against (batch, squares, 2)
        half = self.board.side / 2
        centre = self.board.corners().to(x) + half
        middle = (x[:, None] - alpha * centre) / beta  # the noise that leads from a square's centre to x
        reach = alpha * half / beta
        log_average, place = truncated_normal(middle - reach, middle + reach)
        # More noise means less data: the mean sits at the opposite place of the square.
        return log_average.sum(-1), centre - half * place, middle + reach * place, beta

    @chunked
    def log_prob(self, x: Tensor, t: Time) -> Tensor:
        """Log of the marginal density at `x` (batch, 2), as (batch,)."""
        log_squares, *_, beta = self._terms(x, t)
        return log_squares.logsumexp(-1) - 2 * beta.log().flatten() - math.log(log_squares.shape[1])

    @chunked
    def means(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """Posterior mean of the data point, and the marginal score, at `x` (batch, 2)."""
        log_squares, z, eps, beta = self._terms(x, t)
        weights = log_squares.softmax(-1)[..., None]
        return (weights * z).sum(1), -(weights * eps / beta).sum(1)


@dataclass(frozen=True, eq=False)
class EmpiricalPosterior:
    """Posterior when the data are a finite set of points, defined on [0, 1), in bounded memory.

        E[z | x] = sum_i p_t(z_i | x) z_i,   score = (alpha E[z | x] - x) / beta^2

    Pairs of states and points are made block by block, with a running log-sum-exp (Milakov & Gimelshein
    2018, online softmax), so memory does not grow with their number; time does, as batch × n × dim.

    Args:
        data: the data set.
        path: the Gaussian path to it.
    """

    data: Empirical
    path: GaussianPath
    singular_at: float | None = 1.0

    def log_prob(self, x: Tensor, t: Time) -> Tensor:
        """Log of the marginal density at `x` (batch, *event), as (batch,)."""
        rows, _, beta, log_sum, _ = self._statistics(x, t)
        log_normal = rows.square().sum(-1) / 2 + rows.shape[1] * (
            beta[:, 0].log() + math.log(2 * math.pi) / 2
        )
        return (log_sum - log_normal - math.log(len(self.data.points))).to(x)

    def means(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """Posterior mean of the data point, and the marginal score, at `x` (batch, *event)."""
        rows, ratio, beta, _, z = self._statistics(x, t)
        return z.reshape(x.shape).to(x), ((ratio * z - rows) / beta).reshape(x.shape).to(x)

    def _statistics(self, x: Tensor, t: Time) -> tuple[Tensor, ...]:
        points = self.data.points
        rows, ratio, beta = _scaled_states(x, points, self.path, t)
        height = min(len(rows), 1024)
        width = max(1, chunking.CHUNK_SIZE // max(height, rows.shape[1]))
        parts = zip(rows.split(max(1, height)), ratio.split(max(1, height)), strict=True)
        log_sum, z = concat_chunks(
            len(rows), (_average(*part, _blocks(points, width, rows)) for part in parts)
        )
        return rows, ratio, beta, log_sum, z


def _blocks(points: Tensor, width: int, like: Tensor) -> Iterator[Tensor]:
    """Rows of a data set, some at a time, where the states are and in their precision."""
    return (block.to(like.device, like.dtype).flatten(1) for block in points.split(width))


def _average(rows: Tensor, ratio: Tensor, blocks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Log-sum-exp of the kernel over all points, and the points' average under its softmax."""
    log_sum, mean = rows.new_full((len(rows),), -math.inf), torch.zeros_like(rows)
    for block in blocks:
        log_kernel = _log_kernel(rows, ratio, block)
        both = torch.logaddexp(log_sum, log_kernel.logsumexp(-1))
        mean = (log_sum - both).exp()[:, None] * mean + (log_kernel - both[:, None]).exp() @ block
        log_sum = both
    return log_sum, mean


def posterior_weights(x: Tensor, points: Tensor, path: GaussianPath, t: Time) -> Tensor:
    """Probability of each point of a data set, given a state of the path.

        p_t(z_i | x) = N(x; alpha z_i, beta^2 I) / sum_j N(x; alpha z_j, beta^2 I)

    Bayes' rule with equal weights for the points.

    Args:
        x: states, (batch, *event).
        points: the data set, (n, *event).
        path: the Gaussian path.
        t: times with beta(t) > 0, a float, (batch,) or (batch, 1, …, 1).
    Returns:
        Weights, (batch, n); each row sums to one.
    Raises:
        ValueError: events differ, or beta(t) = 0, where a state is its data point.

    >>> points = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    >>> posterior_weights(torch.zeros(1, 2), points, GaussianPath(), 0.5)
    tensor([[0.5000, 0.5000]])
    """
    rows, ratio, _ = _scaled_states(x, points, path, t)
    return _log_kernel(rows, ratio, points.to(rows).flatten(1)).softmax(-1).to(x)


def make_posterior(
    distribution: Gaussian | GaussianMixture | Chessboard | Empirical, path: GaussianPath
) -> Posterior:
    """Choose the closed form of the posterior for a distribution of the data.

    Args:
        distribution: a Gaussian, a GaussianMixture, a Chessboard or an Empirical.
        path: the Gaussian path.
    Returns:
        The posterior, with `log_prob` and `means`.
    Raises:
        TypeError: no closed form is known for `distribution`.

    >>> make_posterior(Chessboard(), GaussianPath()).singular_at
    1.0
    """
    if isinstance(distribution, Gaussian):
        return MixturePosterior(distribution.as_mixture(), path)
    if isinstance(distribution, GaussianMixture):
        return MixturePosterior(distribution, path)
    if isinstance(distribution, Chessboard):
        return ChessboardPosterior(distribution, path)
    if isinstance(distribution, Empirical):
        return EmpiricalPosterior(distribution, path)
    known = "Gaussian, GaussianMixture, Chessboard, Empirical"
    raise TypeError(f"no closed form for {type(distribution).__name__}; there is one for {known}")


def _alpha_and_beta(path: GaussianPath, t: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of data and noise at times where there is noise."""
    alpha, beta = path.scheduler.alpha(t), path.scheduler.beta(t)
    if bool((beta <= 0).any()):
        raise ValueError(
            "exact fields and scores are singular at t = 1, where beta(t) = 0 and every state is a data "
            "point; use times below 1, or step with Heun(), which stays below by itself"
        )
    return alpha, beta


def _scaled_states(x: Tensor, points: Tensor, path: GaussianPath, t: Time) -> tuple[Tensor, Tensor, Tensor]:
    """States over beta (batch, dim), alpha/beta and beta (batch, 1), in double precision where there is one.

    Squared distances come from a matrix product, the one fast way in high dimension; in double precision
    its cancellation costs nothing that shows.
    """
    if x.shape[1:] != points.shape[1:]:
        raise ValueError(
            f"states are {tuple(x.shape[1:])} and data points {tuple(points.shape[1:])} each; "
            "give both in the same space"
        )
    rows = x.flatten(1) if x.device.type == "mps" else x.flatten(1).double()
    times = as_time(as_time(t, x).flatten() if isinstance(t, Tensor) else t, rows)
    alpha, beta = _alpha_and_beta(path, times)
    return rows / beta, alpha / beta, beta


def _log_kernel(rows: Tensor, ratio: Tensor, points: Tensor) -> Tensor:
    """Log of N(x; alpha z, beta^2 I) for all pairs, up to what depends on x alone, (batch, n)."""
    return ratio * (rows @ points.T) - ratio.square() / 2 * points.square().sum(-1)
