"""Noise: what is normal, what goes together, and a diffusion coefficient that keeps a record."""

import math

import torch
from torch import Tensor

from ..core.facts import Fact, margin
from .test_fields import RecordingField, Rule


class Strength(RecordingField):
    """A diffusion coefficient that keeps a record of how it is called.

    Args:
        rule: its values, the same for all coordinates of a state.
        number: answer with a plain number, as a constant coefficient may.
    """

    def __init__(self, rule: Rule, number: bool = False) -> None:
        super().__init__(rule, name="diffusion")
        self.number = number

    def __call__(self, x: Tensor, t: float | Tensor, *more: object) -> Tensor:
        """Strength of the noise at states `x` (rows, 2) and time `t`: (rows, 1), or a number."""
        values = super().__call__(x, t, *more)
        return values.flatten()[0].item() if self.number else values[..., :1]  # type: ignore[return-value]


def constant(sigma: float) -> Strength:
    """A coefficient that is one number everywhere and always."""
    return Strength(lambda x, t: torch.full_like(x, sigma), number=True)


def kurtosis(x: Tensor) -> float:
    """Excess kurtosis of all entries: 0 for normal numbers, above it where a few are far out."""
    z = x - x.mean()
    return float(z.pow(4).mean() / z.square().mean().square() - 3)


def correlation(a: Tensor, b: Tensor) -> float:
    """Correlation of two sets of paired numbers."""
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]).double())[0, 1])


def spread(name: str, what: str, came: Tensor, look: str, tol: float) -> Fact:
    """Variances divided by what they should be; those of two wrong answers differ in proportion to them."""
    return Fact(name, what, torch.ones_like(came), came, look, tol, _near(tol, came.abs().max()))


def normal(name: str, what: str, x: Tensor, look: str, tests: int) -> Fact:
    """Excess kurtosis of numbers that should be normal."""
    # The estimate is skewed, so its far tail is heavier than the normal law's: half as much more.
    tol = 1.5 * margin(tests) * math.sqrt(24 / x.numel())
    came = kurtosis(x)
    return Fact(name, what, 0.0, came, look, tol, _near(tol, abs(came)))


def _near(tol: float, size: float | Tensor) -> float:
    return 1.5 * tol * max(1.0, float(size))


def within(z: Tensor) -> Tensor:
    """Variance over the batch, averaged over the coordinates: of z (…, batch, dim), as (…).

    It does not see what a whole batch has in common, so one draw for all states counts as no spread.
    """
    return z.var(dim=-2).mean(dim=-1)


def distinct(z: Tensor, hint: str) -> Fact:
    """Share of numbers that occur once, up to their sign: 1 where each entry is a draw of its own."""
    share = len(z.abs().unique()) / z.numel()
    return Fact("draws recur", "share of different numbers, signs aside", 1.0, share, hint, 0.05)


def different(z: Tensor, look: str) -> Fact:
    """How many values the coordinates of z (…, batch, dim) take, where all states of a batch are alike.

    Tells one draw for the whole batch from no draw at all.
    """
    kicks = z.mean(dim=-2).flatten()
    distinct = len(((kicks * 1e6).round() + 0.0).unique())  # -0.0 is 0.0
    return Fact("no chance", "different values", float(kicks.numel()), float(distinct), look)
