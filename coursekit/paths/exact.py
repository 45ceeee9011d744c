"""Exact marginal fields: the predictions of a perfect network, without training."""

from dataclasses import dataclass

from torch import Tensor

from ..base import SingularField, Time, as_time
from ..distributions import Chessboard, Empirical, Gaussian, GaussianMixture
from .gaussian import GaussianPath
from .posterior import Posterior, make_posterior

TractableDistribution = Gaussian | GaussianMixture | Chessboard | Empirical
"""Laws of the data whose marginal fields have a closed form."""


@dataclass(frozen=True, eq=False)
class MarginalVelocity:
    """The field that `marginal_velocity` makes; `singular_at` is 1.0 where it is not defined at t = 1.

    >>> isinstance(marginal_velocity(Chessboard(), GaussianPath()), MarginalVelocity)
    True
    """

    posterior: Posterior
    path: GaussianPath

    @property
    def singular_at(self) -> float | None:
        """Time at which the field is not defined, if there is one."""
        return self.posterior.singular_at

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Velocity at `x` (batch, *event) and time `t`, same shape as `x`."""
        z, score = self.posterior.means(x, t)
        t = as_time(t, x)
        # beta' E[eps | x] = -beta beta' score, in the product that stays finite at t = 1.
        return self.path.scheduler.alpha_dot(t) * z - self.path.scheduler.beta_sq_dot(t) / 2 * score


@dataclass(frozen=True, eq=False)
class MarginalScore:
    """The field that `marginal_score` makes; `singular_at` is 1.0 where it is not defined at t = 1.

    >>> marginal_score(Chessboard(), GaussianPath()).singular_at
    1.0
    """

    posterior: Posterior

    @property
    def singular_at(self) -> float | None:
        """Time at which the field is not defined, if there is one."""
        return self.posterior.singular_at

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Score at `x` (batch, *event) and time `t`, same shape as `x`, one over data units."""
        return self.posterior.means(x, t)[1]


def marginal_velocity(distribution: TractableDistribution, path: GaussianPath) -> SingularField:
    """Build the exact marginal velocity of `path` when the data come from `distribution`.

        u_t(x) = E[ u_t(x | z) | x_t = x ] = alpha' E[z | x] + beta' E[eps | x]

    Marginalization trick, Holderrieth & Erives. Following this field carries N(0, I) to the data.

    Args:
        distribution: a Gaussian, a GaussianMixture, a Chessboard or an Empirical.
        path: the Gaussian path.
    Returns:
        A field, called as field(x, t) like a network. Where it is not defined at t = 1 it has
        `singular_at = 1.0`; there the call raises ValueError.
    Raises:
        TypeError: no closed form is known for `distribution`.

    >>> field = marginal_velocity(Gaussian(torch.zeros(2)), GaussianPath())
    >>> field(torch.ones(1, 2), 0.0)
    tensor([[-1., -1.]])
    """
    return MarginalVelocity(make_posterior(distribution, path), path)


def marginal_score(distribution: TractableDistribution, path: GaussianPath) -> SingularField:
    """Build the exact score of the marginal path when the data come from `distribution`.

        s_t(x) = grad log p_t(x) = E[ grad log p_t(x | z) | x_t = x ] = -E[eps | x] / beta

    Marginal score, Holderrieth & Erives; the last form is Tweedie's (Robbins 1956; Efron 2011).

    Args:
        distribution: a Gaussian, a GaussianMixture, a Chessboard or an Empirical.
        path: the Gaussian path.
    Returns:
        A field, called as field(x, t) like a network. Where it is not defined at t = 1 it has
        `singular_at = 1.0`; there the call raises ValueError.
    Raises:
        TypeError: no closed form is known for `distribution`.

    >>> score = marginal_score(Gaussian(torch.zeros(2)), GaussianPath())
    >>> score(torch.ones(1, 2), 0.5)
    tensor([[-2., -2.]])
    """
    return MarginalScore(make_posterior(distribution, path))
