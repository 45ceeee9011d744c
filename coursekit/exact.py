"""Exact marginal fields: the velocity a perfect network would have, before any training."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from .distributions import Chessboard, Gaussian, GaussianMixture, check_points
from .fields import Field
from .paths import GaussianPath
from .times import Time, as_time
from .truncated import truncated_normal


@dataclass(frozen=True, eq=False)
class MixtureField:
    """Marginal velocity of a Gaussian path to a Gaussian mixture, finite on all of [0, 1].

    Component k of the data becomes N(alpha m_k, v_k) at time t with v_k = alpha^2 s_k^2 + beta^2, so

        u_t(x) = sum_k p_t(k | x) [ alpha' m_k + (alpha alpha' s_k^2 + beta beta') / v_k (x - alpha m_k) ]

    Marginalization trick (Holderrieth & Erives) for Gaussian components.

    Args:
        mixture: the law of the data.
        path: the Gaussian path to it.
    """

    mixture: GaussianMixture
    path: GaussianPath

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Velocity at `x` (batch, dim) and time `t` in [0, 1], same shape as `x`."""
        check_points(x, self.mixture.dim)
        t = as_time(t, x)[..., None]  # (batch, 1, 1), against (batch, k, dim)
        scheduler = self.path.scheduler
        alpha, beta = scheduler.alpha(t), scheduler.beta(t)
        means, variances = self.mixture.means.to(x), self.mixture.stds.to(x).square()
        spread = alpha.square() * variances + beta.square()
        away = x[:, None] - alpha * means
        log_joint = -(away.square() / spread + spread.log()).sum(-1) / 2 + self.mixture.weights.to(x).log()
        stretch = alpha * scheduler.alpha_dot(t) * variances + beta * scheduler.beta_dot(t)
        each = scheduler.alpha_dot(t) * means + stretch / spread * away
        return (log_joint.softmax(-1)[..., None] * each).sum(1)


@dataclass(frozen=True, eq=False)
class ChessboardField:
    """Marginal velocity of a Gaussian path to a chessboard, defined on [0, 1).

    Given its square, a data point seen through Gaussian noise is a truncated normal along each axis, with
    known mass and means. Averaging over the squares by their mass,

        u_t(x) = alpha' E[z | x] + beta' E[eps | x].

    Marginalization trick (Holderrieth & Erives). As t goes to 1 the field pushes points off the squares
    back at unbounded speed: `singular_at` is 1.

    Args:
        board: the law of the data.
        path: the Gaussian path to it.
    """

    board: Chessboard
    path: GaussianPath
    singular_at: ClassVar[float] = 1.0

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Velocity at `x` (batch, 2) and time `t` in [0, 1), same shape as `x`."""
        check_points(x, 2)
        t = as_time(t, x)[..., None]  # (batch, 1, 1), against (batch, squares, 2)
        scheduler = self.path.scheduler
        alpha, beta = scheduler.alpha(t), scheduler.beta(t)
        if bool((beta <= 0).any()):
            raise ValueError(
                "the exact field of the chessboard is singular at t = 1; stay below, or step with Heun()"
            )
        half = self.board.side / 2
        centre = self.board.corners().to(x) + half
        middle = (x[:, None] - alpha * centre) / beta  # the noise that leads from a square's centre to x
        reach = alpha * half / beta
        log_average, place = truncated_normal(middle - reach, middle + reach)
        weights = log_average.sum(-1).softmax(-1)[..., None]
        # More noise means less data: the mean sits at the opposite place of the square.
        z, eps = centre - half * place, middle + reach * place
        return (weights * (scheduler.alpha_dot(t) * z + scheduler.beta_dot(t) * eps)).sum(1)


def marginal_velocity(distribution: Gaussian | GaussianMixture | Chessboard, path: GaussianPath) -> Field:
    """Build the exact marginal velocity of `path` when the data come from `distribution`.

        u_t(x) = E[ u_t(x | z) | x_t = x ]

    Marginalization trick, Holderrieth & Erives. Following this field carries N(0, I) to the data.

    Args:
        distribution: a Gaussian, a GaussianMixture or a Chessboard.
        path: the Gaussian path.
    Returns:
        A field, called as field(x, t) like a network. Where it is not defined at t = 1 it has
        `singular_at = 1.0`.
    Raises:
        TypeError: no closed form is known for `distribution`.
    """
    if isinstance(distribution, Gaussian):
        return MixtureField(distribution.as_mixture(), path)
    if isinstance(distribution, GaussianMixture):
        return MixtureField(distribution, path)
    if isinstance(distribution, Chessboard):
        return ChessboardField(distribution, path)
    known = "Gaussian, GaussianMixture, Chessboard"
    raise TypeError(f"no closed form for {type(distribution).__name__}; there is one for {known}")
