"""Conversions between velocity, score, noise and data: equivalent predictions about a Gaussian path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ..base import Field, Time, as_time, singular_at
from .gaussian import GaussianPath
from .schedulers import Scheduler

Prediction = Literal["velocity", "score", "noise", "data"]
"""What a network can predict: u_t(x), grad log p_t(x), E[eps | x] or E[z | x]."""


def convert(
    value: Tensor, x: Tensor, t: Time, path: GaussianPath, *, given: Prediction, wanted: Prediction
) -> Tensor:
    """Turn one prediction about the states of a Gaussian path into another.

        x = alpha z + beta eps,   u = alpha' z + beta' eps,   s = -eps / beta

    The known prediction and the state together give z and eps; from these two follows any other. Holds for
    posterior means as for single draws, since everything is affine. Between velocity and score it reads
    u = alpha'/alpha x + (beta^2 alpha'/alpha - beta beta') s (Holderrieth & Erives, conversion formula).

    Args:
        value: the known prediction at the states, (batch, *event).
        x: states, same shape.
        t: times, a float, (batch,) or (batch, 1, …, 1).
        path: the Gaussian path.
        given: what `value` is: "velocity", "score", "noise" or "data".
        wanted: what to return.
    Returns:
        The wanted prediction, same shape as `x`.
    Raises:
        ValueError: shapes disagree, a name is unknown, or the conversion is undefined at this time: noise and
            score where alpha(t) = 0 (pure noise), data and every conversion to a score where beta(t) = 0.

    >>> path, z, eps = GaussianPath(), torch.ones(3, 2), torch.zeros(3, 2)
    >>> x = path.sample(z, eps, 0.5)
    >>> convert(eps, x, 0.5, path, given="noise", wanted="data")[0]
    tensor([1., 1.])
    """
    for name in (given, wanted):
        if name not in get_args(Prediction):
            raise ValueError(f"'{name}' is not one of {', '.join(get_args(Prediction))}")
    if value.shape != x.shape:
        raise ValueError(
            f"the prediction has shape {tuple(value.shape)}, the states {tuple(x.shape)}; they must agree"
        )
    if given == wanted:
        return value
    t = as_time(t, x)
    z, eps = to_endpoints(value, x, t, path, given=given)
    if wanted == "data":
        return z
    if wanted == "noise":
        return eps
    if wanted == "score":
        return -eps / _positive(path.scheduler.beta(t), "beta", "below 1")
    return path.scheduler.alpha_dot(t) * z + path.scheduler.beta_dot(t) * eps


def to_endpoints(
    value: Tensor, x: Tensor, t: Time, path: GaussianPath, *, given: Prediction
) -> tuple[Tensor, Tensor]:
    """Compute the endpoints of a state, z and eps, from any prediction about it: the hub of all conversions.

    Arguments and errors as for `convert`.

    Returns:
        The data point and the noise, or their posterior means, each shaped like `x`.

    >>> path, z, eps = GaussianPath(), torch.ones(1, 2), torch.zeros(1, 2)
    >>> x, u = path.sample(z, eps, 0.5), path.target(z, eps, 0.5)
    >>> to_endpoints(u, x, 0.5, path, given="velocity")[0]
    tensor([[1., 1.]])
    """
    return _TO_ENDPOINTS[given](value, x, as_time(t, x), path.scheduler)


@dataclass(frozen=True, eq=False)
class ConvertedField:
    """A field converted to another prediction.

    Args:
        field: a network or an exact field, called as field(x, t).
        path: the Gaussian path it belongs to.
        given: what `field` predicts: "velocity", "score", "noise" or "data".
        wanted: what the new field predicts; see `convert`. Where that is not defined at t = 1 the new field
            has `singular_at = 1.0`.

    >>> velocity = marginal_velocity(Gaussian(torch.zeros(2)), GaussianPath())
    >>> score = ConvertedField(velocity, GaussianPath(), "velocity", "score")
    >>> score(torch.ones(1, 2), 0.0)
    tensor([[-1., -1.]])
    """

    field: Field
    path: GaussianPath
    given: Prediction
    wanted: Prediction

    @property
    def singular_at(self) -> float | None:
        """Time at which the field is not defined, if there is one."""
        if self.given == self.wanted:
            return singular_at(self.field)
        steep = not bool(self.path.scheduler.beta_dot(torch.ones(1)).isfinite())  # as on DDPM's path
        at_the_end = self.given == "data" or self.wanted == "score"
        return (
            1.0
            if at_the_end or (steep and "velocity" in (self.given, self.wanted))
            else singular_at(self.field)
        )

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """The wanted prediction at states `x` (batch, *event) and time `t`, same shape as `x`."""
        return convert(self.field(x, t), x, t, self.path, given=self.given, wanted=self.wanted)


def _positive(weight: Tensor, name: str, where: str) -> Tensor:
    if bool((weight <= 0).any()):
        raise ValueError(f"{name}(t) = 0, where this conversion divides by it; use times {where}")
    return weight


def _from_data(z: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler) -> tuple[Tensor, Tensor]:
    return z, (x - scheduler.alpha(t) * z) / _positive(scheduler.beta(t), "beta", "below 1")


def _from_noise(eps: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler) -> tuple[Tensor, Tensor]:
    return (x - scheduler.beta(t) * eps) / _positive(scheduler.alpha(t), "alpha", "above 0"), eps


def _from_score(score: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler) -> tuple[Tensor, Tensor]:
    return _from_noise(-scheduler.beta(t) * score, x, t, scheduler)


def _from_velocity(velocity: Tensor, x: Tensor, t: Tensor, scheduler: Scheduler) -> tuple[Tensor, Tensor]:
    """Solve the two equations for x and u: their determinant is never 0, as the signal only grows."""
    alpha, beta, alpha_dot, beta_dot = (
        f(t) for f in (scheduler.alpha, scheduler.beta, scheduler.alpha_dot, scheduler.beta_dot)
    )
    determinant = alpha * beta_dot - beta * alpha_dot
    return (beta_dot * x - beta * velocity) / determinant, (alpha * velocity - alpha_dot * x) / determinant


_TO_ENDPOINTS: dict[str, Callable[[Tensor, Tensor, Tensor, Scheduler], tuple[Tensor, Tensor]]] = {
    "velocity": _from_velocity,
    "score": _from_score,
    "noise": _from_noise,
    "data": _from_data,
}
