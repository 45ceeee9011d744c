"""The ancestral step, put together from parts, any of which may be wrong."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Rule = Callable[..., Tensor]
Numbers = dict[str, Tensor]
"""By the paper's names: alpha, beta, bar and before (alpha-bar at k and at k - 1)."""
Mean = Callable[[Tensor, Tensor, Numbers], Tensor]
"""The mean of a step, of (x, eps, numbers)."""


def mean_of(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
    """The paper's mean."""
    return (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()


def through_data(z: Mean) -> Mean:
    """Mean of the posterior with a guess at the data point put in."""

    def mean(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
        of_data = n["before"].sqrt() * n["beta"] / (1 - n["bar"])
        of_state = n["alpha"].sqrt() * (1 - n["before"]) / (1 - n["bar"])
        return of_data * z(x, eps, n) + of_state * x

    return mean


def guess(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
    """The data point behind a state, by the noise in it."""
    return (x - (1 - n["bar"]).sqrt() * eps) / n["bar"].sqrt()


def rule(
    mean: Mean = mean_of,
    spread: Callable[[Numbers], Tensor] = lambda n: n["beta"].sqrt(),
    noise: Callable[[Tensor, Tensor], Tensor] = lambda x, eps: torch.randn_like(x),
    silent: Callable[[int], bool] = lambda k: k == 1,
    asked: Callable[[int, int], float] = lambda k, steps: k,
    shift: int = 0,
    shift_bar: int = 0,
) -> Rule:
    """An ancestral step from its parts, any of which may be wrong.

    Args:
        mean: of (x, eps, numbers).
        spread: standard deviation of the fresh noise.
        noise: of (x, eps), the fresh noise.
        silent: whether no noise is added at an index.
        asked: of (k, K), the index that the network is told.
        shift: places by which the table of variances is read wrongly.
        shift_bar: places by which the table of shares is read wrongly.
    """

    def step(net: Any, x: Tensor, k: int, betas: Tensor, alpha_bar: Tensor) -> Tensor:
        beta, at = betas[k - 1 + shift], k + shift_bar
        n = {"beta": beta, "alpha": 1 - beta, "bar": alpha_bar[at], "before": alpha_bar[at - 1]}
        eps = net(x, asked(k, len(betas)))
        after = mean(x, eps, n)
        return after if silent(k) else after + spread(n) * noise(x, eps)

    return step
