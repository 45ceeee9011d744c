"""Marginal laws of a Gaussian path: what all data points together look like at time t."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from .distributions import Chessboard, Density, Gaussian, GaussianMixture, check_points
from .paths import GaussianPath
from .samplers import Empirical
from .times import Time, as_time
from .truncated import truncated_normal


def posterior(x: Tensor, points: Tensor, path: GaussianPath, t: Time) -> Tensor:
    """Tell how likely each point of a data set is to lie behind a state of the path.

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
        ValueError: events differ, or beta(t) = 0, where a state tells its point without a doubt.
    """
    return _log_kernel(x, points, path, t).softmax(-1)


def _log_kernel(x: Tensor, points: Tensor, path: GaussianPath, t: Time) -> Tensor:
    """Log of N(x; alpha z_i, beta^2 I) up to the normaliser, for all pairs, (batch, n)."""
    if x.shape[1:] != points.shape[1:]:
        raise ValueError(
            f"states are {tuple(x.shape[1:])} and data points {tuple(points.shape[1:])} each; "
            "give both in the same space"
        )
    t = as_time(t, x)
    alpha, beta = path.scheduler.alpha(t), path.scheduler.beta(t)
    if bool((beta <= 0).any()):
        raise ValueError("beta(t) = 0: there the path has arrived at its data point; use times below 1")
    # Scaled so that the data points need no batch axis: |x - alpha z| / beta = |x/beta - (alpha/beta) z|.
    ratios = (alpha / beta).flatten()
    if bool((ratios != ratios[:1]).any()):
        columns = ratios[:, None, None] * points.to(x).flatten(1)
        return -((x / beta).flatten(1)[:, None] - columns).square().sum(-1) / 2
    rows, columns = (x / beta).flatten(1), ratios[:1].sum() * points.to(x).flatten(1)
    return -torch.cdist(rows, columns, compute_mode="donot_use_mm_for_euclid_dist").square() / 2


@dataclass(frozen=True, eq=False)
class EmpiricalMarginal:
    """Law at time `t` of a Gaussian path to a data set: one Gaussian around each point, all alike.

        p_t(x) = 1/n sum_i N(x; alpha z_i, beta^2 I)

    Args:
        data: the data set.
        path: the Gaussian path to it.
        t: time, with beta(t) > 0.
    """

    data: Empirical
    path: GaussianPath
    t: float

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` states, (n, *event): a data point, noise, and their mix."""
        return _mixed(self.data.sample(n, generator), self.path, self.t, generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at states `x` (batch, *event), as (batch,), by log-sum-exp over the points."""
        beta = self.path.scheduler.beta(as_time(self.t, x)).flatten()
        log_sum = _log_kernel(x, self.data.points, self.path, self.t).logsumexp(-1)
        normaliser = math.prod(x.shape[1:]) * (beta.log() + math.log(2 * math.pi) / 2)
        return log_sum - normaliser - math.log(len(self.data.points))

    def score(self, x: Tensor) -> Tensor:
        """Gradient of the log-density at states `x` (batch, *event): (alpha E[z | x] - x) / beta^2."""
        t = as_time(self.t, x)
        weights = posterior(x, self.data.points, self.path, self.t)
        mean = (weights @ self.data.points.to(x).flatten(1)).reshape(x.shape)
        return (self.path.scheduler.alpha(t) * mean - x) / self.path.scheduler.beta(t).square()


@dataclass(frozen=True, eq=False)
class ChessboardMarginal:
    """Law at time `t` of a Gaussian path to a chessboard: every square blurred, in closed form.

    Along each axis, a uniform law on a scaled side plus Gaussian noise has as its density the mass of the
    noise on an interval, divided by the side.

    Args:
        board: the chessboard.
        path: the Gaussian path to it.
        t: time, with beta(t) > 0.
    """

    board: Chessboard
    path: GaussianPath
    t: float

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` states, (n, 2): a point of the board, noise, and their mix."""
        return _mixed(self.board.sample(n, generator), self.path, self.t, generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at states `x` (batch, 2), as (batch,)."""
        check_points(x, 2)
        t = as_time(self.t, x)[..., None]
        alpha, beta = self.path.scheduler.alpha(t), self.path.scheduler.beta(t)
        half = self.board.side / 2
        corners = self.board.corners().to(x)
        middle, reach = (x[:, None] - alpha * (corners + half)) / beta, alpha * half / beta
        log_average, _ = truncated_normal(middle - reach, middle + reach)
        return (log_average - beta.log()).sum(-1).logsumexp(-1) - math.log(len(corners))


def _mixed(z: Tensor, path: GaussianPath, t: float, generator: Generator | None) -> Tensor:
    eps = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
    return path.sample(z, eps, t)


def marginal(
    distribution: Gaussian | GaussianMixture | Chessboard | Empirical, path: GaussianPath, t: float
) -> Density:
    """Give the marginal law of a Gaussian path at time `t`, with its exact density.

        p_t(x) = E_z[ N(x; alpha z, beta^2 I) ]

    Holderrieth & Erives, marginal probability path.

    Args:
        distribution: the law of the data.
        path: the Gaussian path to it.
        t: time in [0, 1]; below 1 for a chessboard and a data set.
    Returns:
        A law with `sample` and `log_prob`, and with `score` unless the data are a chessboard.
    Raises:
        ValueError: beta(t) = 0 for a chessboard or a data set; at that time it is the data's own law.
        TypeError: no closed form is known for `distribution`.
    """
    now = torch.tensor(float(t), dtype=torch.float64)
    alpha, beta = float(path.scheduler.alpha(now)), float(path.scheduler.beta(now))
    if isinstance(distribution, Gaussian):
        std = (alpha**2 * torch.as_tensor(distribution.std).square() + beta**2).sqrt()
        return Gaussian(alpha * distribution.mean, std)
    if isinstance(distribution, GaussianMixture):
        stds = (alpha**2 * distribution.stds.square() + beta**2).sqrt()
        return GaussianMixture(distribution.weights, alpha * distribution.means, stds)
    if not isinstance(distribution, Chessboard | Empirical):
        known = "Gaussian, GaussianMixture, Chessboard, Empirical"
        raise TypeError(f"no closed form for {type(distribution).__name__}; there is one for {known}")
    if beta <= 0:
        raise ValueError("beta(t) = 0: at this time the marginal is the data's own law; use times below 1")
    if isinstance(distribution, Chessboard):
        return ChessboardMarginal(distribution, path, t)
    return EmpiricalMarginal(distribution, path, t)
