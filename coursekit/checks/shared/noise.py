"""Noise: what is normal, what goes together, and a diffusion coefficient that keeps a record."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.facts import Fact, margin, mean_tolerance, variance_tolerance
from .fields import RecordingField, Rule


class Strength(RecordingField):
    """A diffusion coefficient that keeps a record of how it is called.

    Args:
        rule: its values at states (rows, dim).
        number: answer with a plain number, as a constant coefficient may.
        whole: answer with a value for each coordinate, and not with one column for all.
    """

    def __init__(self, rule: Rule, number: bool = False, whole: bool = False, dim: int = 2) -> None:
        super().__init__(rule, dim, name="diffusion")
        self.number, self.whole = number, whole

    def __call__(self, x: Tensor, t: float | Tensor, *more: object) -> Tensor:
        """Strength of the noise at states `x` (rows, dim) and time `t`."""
        values = super().__call__(x, t, *more)
        if self.number:
            return values.flatten()[0].item()  # type: ignore[return-value]
        return values if self.whole else values[..., :1]


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


def spread(name: str, what: str, came: Tensor, hint: str, tol: float) -> Fact:
    """Variances divided by what they should be; those of two wrong answers differ in proportion to them."""
    return Fact(name, what, torch.ones_like(came), came, hint, tol, _near(tol, came.abs().max()))


def normal(name: str, what: str, x: Tensor, hint: str, tests: int) -> Fact:
    """Excess kurtosis of numbers that should be normal."""
    # The estimate is skewed, so its far tail is heavier than the normal law's: half as much more.
    tol = 1.5 * margin(tests) * math.sqrt(24 / x.numel())
    came = kurtosis(x)
    return Fact(name, what, 0.0, came, hint, tol, _near(tol, abs(came)))


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
    return Fact("draws recur", "share of different numbers", 1.0, share, hint, 0.05)


def different(z: Tensor, hint: str) -> Fact:
    """How many values the coordinates of z (…, batch, dim) take, where all states of a batch are alike.

    Tells one draw for the whole batch from no draw at all.
    """
    kicks = z.mean(dim=-2).flatten()
    count = len(((kicks * 1e4).round() + 0.0).unique())  # -0.0 is 0.0
    return Fact("no chance", "different values", float(kicks.numel()), float(count), hint)


def standard_normal(z: Tensor, kind: str, hint: str, tests: int) -> Iterator[Fact]:
    """Facts about numbers z (runs, batch, dim) that should be independent and standard normal.

    Args:
        z: the numbers, once they are divided by what their standard deviation should be.
        kind: what they are called, such as "kicks".
        hint: what to say of a wrong variance.
        tests: statistical numbers in all facts of the check, which share the family's level.
    """
    runs, batch, dim = z.shape
    tol = variance_tolerance(batch * dim, 1.0, tests)
    yield spread("wrong spread", f"variance of the {kind} over the right one", within(z), hint, tol)
    still = float(within(z).max()) < 1e-9
    if still:
        yield (some := different(z, hint))
        if some.measured != 1.0:  # a draw for the whole batch: its mean is a matter of chance
            return
    tol = mean_tolerance(batch * dim, 1.0, tests)
    mean, near = z.mean(dim=(1, 2)), _near(tol, z.std())
    look = (
        f"The mean of your {kind} is not zero. Which function draws it: are its numbers as often negative "
        "as positive? And what else is added?"
    )
    yield Fact("wrong mean", f"mean of the {kind}", torch.zeros(runs), mean, look, tol, near)
    if still:
        return
    scaled = (z - z.mean(dim=(1, 2), keepdim=True)) / z.std(dim=(1, 2), keepdim=True)
    tied = correlation(scaled[..., 0], scaled[..., 1])
    look = (
        f"In your {kind} the coordinates go together: knowing one tells something about the other. Each "
        "coordinate needs a draw of its own: look at the shape in which you draw."
    )
    tol = mean_tolerance(runs * batch, 1.0, tests)
    yield Fact("coordinates tied", "correlation of two coordinates", 0.0, tied, look, tol)
    look = (
        f"The variance of your {kind} is right, but they are not normally distributed. Which function draws "
        "the numbers? Are they rounded, cut off, or multiplied by another random number?"
    )
    yield normal("not normal", f"excess kurtosis of the {kind}", scaled, look, tests)
    look = (
        f"Numbers recur in your {kind}, with the same or the other sign. Each coordinate of each row needs a "
        "draw of its own: is a part of them repeated or mirrored?"
    )
    yield distinct(z, look)
    if float(z.mean(dim=1).abs().max()) * batch**0.5 < 1e-4:
        look = (
            f"The mean of your {kind} over the batch is zero to the last digit, which independent draws "
            "never manage. Are they centred or rescaled once they are drawn? That ties the rows together."
        )
        yield Fact("draws centred", f"chance left in the mean of the {kind}", 1.0, 0.0, look)
