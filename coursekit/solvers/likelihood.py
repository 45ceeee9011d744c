"""Likelihood: the exact density that a flow gives to a point, through the divergence of its field."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..base import Field, Time
from ..distributions import Gaussian
from .base import ODESolver
from .integrate import solve


def divergence(field: Field, x: Tensor, t: Time) -> Tensor:
    """Divergence of a field: the rate at which it dilutes the density that it carries.

        div u_t(x) = sum_i d u_i / d x_i

    Exact, by autograd, one backward pass for each axis: for low dimensions, not for images.

    Args:
        field: the field, differentiable in its states.
        x: states, (batch, dim).
        t: time, a float, (batch,) or (batch, 1).
    Returns:
        (batch,), per unit time, detached from the graph.
    Raises:
        ValueError: `x` is not (batch, dim).

    >>> divergence(lambda x, t: -x, torch.ones(3, 2), 0.0)
    tensor([-2., -2., -2.])
    """
    return _with_divergence(field, x, t)[1]


def _with_divergence(field: Field, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
    if x.dim() != 2:
        raise ValueError(f"states have shape {tuple(x.shape)}; give (batch, dim), for images x.flatten(1)")
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        u = field(x, t)
        if not u.requires_grad:  # does not depend on x
            return u, u.new_zeros(len(x))
        each = [
            torch.autograd.grad(u[:, i].sum(), x, retain_graph=i + 1 < x.shape[1])[0][:, i]
            for i in range(x.shape[1])
        ]
    return u.detach(), torch.stack(each).sum(0)


@dataclass(frozen=True, eq=False)
class _WithLogDensity:
    """The field on (x, l) that carries a state and the change of its log-density together."""

    field: Field

    def __call__(self, state: Tensor, t: Time) -> Tensor:
        u, div = _with_divergence(self.field, state[:, :-1], t)
        return torch.cat([u, -div[:, None]], dim=1)


def log_likelihood(field: Field, x: Tensor, times: Tensor, solver: ODESolver | str | None = None) -> Tensor:
    """Log-density that the flow of a field gives to states, starting from N(0, I).

        log p_1(x_1) = log N(x_0; 0, I) - integral of div u_t(x_t) dt from 0 to 1

    Each state is carried backwards along the field while the divergence is added up. Instantaneous change
    of variables, Chen et al. 2018.

    Args:
        field: the velocity field, a network or an exact one.
        x: states at the last time, (batch, dim).
        times: increasing times from noise to `x`, such as time_grid(100).
        solver: how to take a step: an instance, or a name in `SOLVERS`; Heun() unless given.
    Returns:
        (batch,), natural logarithms.
    Raises:
        ValueError: `x` is not (batch, dim), or `times` do not increase.

    >>> still = lambda x, t: torch.zeros_like(x)
    >>> round(log_likelihood(still, torch.zeros(1, 1), time_grid(2)).item(), 4)
    -0.9189
    """
    if bool((times.diff() <= 0).any()):
        raise ValueError("times must increase, from noise to the states; they are followed backwards here")
    start = torch.cat([x, x.new_zeros(len(x), 1)], dim=1)
    end = solve(_WithLogDensity(field), start, times.flip(0), solver)
    x0, gained = end[:, :-1], end[:, -1]
    return Gaussian(torch.zeros_like(x0[0])).log_prob(x0) - gained
