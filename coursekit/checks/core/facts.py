"""Facts: one quantity each, expected and measured, and how far apart the two may be."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

FAMILY_LEVEL = 1e-6
"""Chance that a right answer fails one of a check's statistical facts, all of them together."""

EXPLAINED = 0.4
"""Largest share of a failed fact's error that a known mistake may leave unexplained."""


@dataclass(frozen=True)
class Fact:
    """A quantity measured on an answer.

    Args:
        name: short name, given to an answer that fails here and matches no known wrong one.
        label: the quantity in words, after which "expected 1, got 2" can stand.
        expected: what theory says: a number, or a tensor.
        measured: what was measured, of the same shape if the answer is right.
        tol: largest distance from `expected`, entry by entry, of a right answer.
        hint: two or three sentences for a student who fails here, without the answer.
        match_tol: distance within which a known wrong answer is recognised; 1.5 `tol` unless given.
        expected_text: what was expected in words, such as "at most 0.01", where a number would mislead.
    """

    name: str
    label: str
    expected: Tensor | float
    measured: Tensor | float
    hint: str
    tol: float = 1e-3
    match_tol: float | None = None
    expected_text: str = ""

    def holds(self) -> bool:
        """Tell whether the measured value is the expected one."""
        return _close(self.expected, self.measured, self.tol)

    def agrees(self, other: "Fact") -> bool:
        """Tell whether another answer gave the same measurement.

        Where both fail, what lies between them must also be small beside their error, or within the noise of
        a right answer: else the other answer explains no more than any wrong one.
        """
        match_tol = 1.5 * self.tol if self.match_tol is None else self.match_tol
        if self.name != other.name or not _close(self.measured, other.measured, match_tol):
            return False
        if self.holds() or _close(self.measured, other.measured, 1.5 * self.tol):
            return True
        return self.unexplained(other) <= EXPLAINED

    def unexplained(self, other: "Fact") -> float:
        """Share of this fact's error that is left when another answer's measurement is taken for it.

        0 if both are the same, 1 if the other is as far from this one as the truth is.
        """
        rest = _largest(self.measured, other.measured)
        return 0.0 if rest == 0 else rest / max(_largest(self.measured, self.expected), rest)

    def relation(self) -> str:
        """How the measured numbers follow from the expected ones, in a sentence, if that is plain."""
        expected, measured = _tensor(self.expected), _tensor(self.measured)
        if self.expected_text or expected.shape != measured.shape or expected.numel() < 3:
            return ""
        if not bool((expected.isfinite() & measured.isfinite()).all()):
            return ""
        return _relation(expected.flatten(), measured.flatten(), self.tol)

    def numbers(self) -> tuple[str, str]:
        """Expected and measured value as text: all of a short list, else the entry farthest off and where."""
        expected, measured = _tensor(self.expected), _tensor(self.measured)
        if self.expected_text:
            return self.expected_text, listed(measured)
        if max(expected.dim(), measured.dim()) <= 1 and max(expected.numel(), measured.numel()) <= 5:
            return listed(expected), listed(measured)
        if expected.shape != measured.shape:
            return f"{len(expected)} values ({_first(expected)})", f"{len(measured)} ({_first(measured)})"
        worst = int((expected - measured).abs().nan_to_num(math.inf).argmax())
        want, got = number(expected.flatten()[worst]), number(measured.flatten()[worst])
        place = torch.unravel_index(torch.tensor(worst), expected.shape)
        return (
            (want, got) if want == got or self.holds() else (f"{want} ({_named(place, expected.shape)})", got)
        )


def _named(place: Iterable[Tensor], shape: torch.Size) -> str:
    """A place in a tensor in words, counted from one: "number 2 of 9", "row 2 of 9, column 1 of 2"."""
    axes = {1: ("number",), 2: ("row", "column")}.get(len(shape))
    if axes is None:
        return "where yours is farthest off"
    counted = zip(axes, place, shape, strict=True)
    return ", ".join(f"{axis} {int(index) + 1} of {size}" for axis, index, size in counted)


def _tensor(value: Tensor | float) -> Tensor:
    return torch.as_tensor(value).detach().double().cpu()


def _close(a: Tensor | float, b: Tensor | float, tol: float) -> bool:
    a, b = _tensor(a), _tensor(b)
    return a.shape == b.shape and torch.allclose(a, b, rtol=0.0, atol=tol, equal_nan=True)


def _relation(expected: Tensor, measured: Tensor, tol: float) -> str:
    """A factor, a shift, a power, another order or a part: the first that holds within the tolerance."""
    right = int(((expected - measured).abs() <= tol).sum())
    part = (
        f"{right} of {len(expected)} numbers are right."
        if len(expected) <= 10 * right < 10 * len(expected)
        else ""
    )
    if float(expected.std()) <= 10 * tol:  # equal numbers are related in every way
        return part
    factor = float(measured @ expected / expected.square().sum())
    shift = float((measured - expected).mean())
    times = "with the opposite sign" if abs(factor + 1) < 1e-2 else f"times {number(factor)}"
    candidates = (
        (factor * expected, max(1.0, abs(factor)) * tol, f"the expected ones {times}"),
        (expected + shift, tol, f"the expected ones {'plus' if shift > 0 else 'minus'} {number(abs(shift))}"),
        (expected.square(), tol, "the squares of the expected ones"),
        (expected.sqrt(), tol, "the square roots of the expected ones"),
    )
    for candidate, near, words in candidates:
        if abs(factor) > 1e-3 and _close(candidate, measured, near):
            return f"Your numbers are {words}."
    ordered = _close(expected.sort().values, measured.sort().values, tol)
    return "Your numbers are the expected ones in another order." if ordered else part


def _largest(a: Tensor | float, b: Tensor | float) -> float:
    """Largest distance of two entries; infinite where shapes differ or one of them is not a number."""
    a, b = _tensor(a), _tensor(b)
    if a.shape != b.shape:
        return math.inf
    if a.numel() == 0:
        return 0.0
    gaps = (a - b).abs().nan_to_num(math.inf).masked_fill((a == b) | (a.isnan() & b.isnan()), 0.0)
    return float(gaps.max())


def number(value: Tensor | float) -> str:
    """Write a number with at most three decimals."""
    value = float(value)
    if not math.isfinite(value) or abs(value) >= 1e5:
        return f"{value:.3g}"
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def listed(values: Tensor) -> str:
    """Write a number or a short row of numbers."""
    if values.dim() == 0:
        return number(values)
    if len(values) < 2:
        return number(values[0]) if len(values) else "none"
    return "(" + ", ".join(number(value) for value in values) + ")"


def _first(values: Tensor) -> str:
    return ", ".join(number(value) for value in values.flatten()[:4]) + " …"


def margin(tests: int) -> float:
    """Standard errors by which each of `tests` facts may be off, two-sided, at the family's level."""
    return NormalDist().inv_cdf(1 - FAMILY_LEVEL / (2 * tests))


def mean_tolerance(n: int, variance: float, tests: int) -> float:
    """Tolerance of the mean of `n` draws: sqrt(variance / n) is its standard error."""
    return margin(tests) * math.sqrt(variance / n)


def variance_tolerance(n: int, variance: float, tests: int) -> float:
    """Tolerance of the variance of `n` normal draws: variance sqrt(2 / (n - 1)) is its standard error."""
    return margin(tests) * variance * math.sqrt(2 / (n - 1))


def slope(x: Tensor, y: Tensor) -> float:
    """Slope of the least-squares line through the points (x, y): covariance over variance of x."""
    x, y = _tensor(x), _tensor(y)
    centred = x - x.mean()
    return float((centred * (y - y.mean())).sum() / centred.square().sum())
