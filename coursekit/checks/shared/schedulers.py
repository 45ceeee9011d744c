"""Schedulers and states that exercises of chapters 03 to 07 measure with."""

import torch
from torch import Tensor

Numbers = tuple[Tensor, Tensor, Tensor, Tensor]
"""What a scheduler returns: alpha, beta, alpha_dot, beta_dot."""


def bent(t: Tensor) -> Numbers:
    """Scheduler t², 1 − t³, which no paper uses: an answer that does not read its scheduler shows."""
    t = torch.as_tensor(t)
    return t**2, 1 - t**3, 2 * t, -3 * t**2


def straight(t: Tensor) -> Numbers:
    """The straight line t, 1 − t."""
    t = torch.as_tensor(t)
    return t, 1 - t, torch.ones_like(t), -torch.ones_like(t)


for _scheduler in (bent, straight):  # so that Python's own messages call it what the student calls it
    _scheduler.__name__ = _scheduler.__qualname__ = "scheduler"


def column(t: float, n: int) -> Tensor:
    """One time for each of n states, (n, 1), in float64."""
    return torch.full((n, 1), t, dtype=torch.float64)


def equal_share(a: Tensor, b: Tensor) -> float:
    """Share of rows in which two runs agree to the last digit."""
    return float((a == b).all(dim=1).double().mean())
