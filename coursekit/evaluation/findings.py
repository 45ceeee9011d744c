"""What a statement of a claim finds: numbers beside their tolerance, and the statements without chance."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

Values = Any  # a number, a tensor, an array, or a list of such


@dataclass(frozen=True)
class Finding:
    """Outcome of one statement.

    Args:
        measured: what was found, in words.
        expected: what it is compared with.
        tolerance: by how much the two may differ; "none" where `expected` says it.
        summary: measured, expected and tolerance as short as can be.
        ratio: deviation over tolerance, at most 1 if the statement agrees; None where nothing measures it.
        agrees: whether the statement holds.
        beyond: how far outside, in words; empty if it agrees, and where something is not a number.
        broken: whether something is not a number, so that it shows nothing, not even a counter-example.
        gap: measured minus expected, where the two are too close to show it.
    """

    measured: str
    expected: str
    tolerance: str
    summary: str
    ratio: float | None
    agrees: bool
    beyond: str = ""
    broken: bool = False
    gap: str = ""


@dataclass(frozen=True)
class Statement:
    """A statement that is judged when the claim is complete.

    Args:
        judge: from the level of each single comparison to what is found.
        comparisons: how many comparisons with chance it makes.
    """

    judge: Callable[[float], Finding]
    comparisons: int = 0


def settled(finding: Finding) -> Statement:
    """A statement in which chance plays no part."""
    return Statement(lambda level: finding)


def number(value: float) -> str:
    """Write a number with at most three significant digits, or as an integer with its thousands."""
    if math.isfinite(value) and 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def tensor(values: Values) -> Tensor:
    """Numbers of any kind as a double tensor on the CPU, apart from every graph."""
    if isinstance(values, Tensor):
        return values.detach().cpu().double()
    if isinstance(values, np.ndarray | float | int):
        return torch.tensor(np.asarray(values, dtype=np.float64))
    if isinstance(values, Iterable):
        values = list(values)
        if all(isinstance(each, float | int) for each in values):
            return torch.tensor(values, dtype=torch.float64)
        parts = [tensor(each) for each in values]
        if len({part.shape for part in parts}) > 1:
            raise ValueError(f"a list of values of several shapes, {sorted({tuple(p.shape) for p in parts})}")
        return torch.stack(parts)
    return torch.tensor(float(values), dtype=torch.float64)


def aligned(measured: Values, *others: Values) -> list[Tensor]:
    """Tensors of one shape; single numbers are repeated, and nothing else is.

    Raises:
        ValueError: two of them have several elements and different shapes, or there is nothing to compare.
    """
    parts = [tensor(each) for each in (measured, *others)]
    shapes = {part.shape for part in parts if part.numel() != 1}
    if len(shapes) > 1:
        told = ", ".join(str(tuple(part.shape)) for part in parts)
        raise ValueError(f"shapes {told} do not agree; give equal shapes, or a single number for one of them")
    if torch.Size([0]) in shapes or any(part.numel() == 0 for part in parts):
        raise ValueError("there is nothing to compare: a tensor is empty")
    shape = next(iter(shapes), max((part.shape for part in parts), key=len))
    return [part.reshape(()).expand(shape) if part.numel() == 1 else part for part in parts]


def _worst(ratio: Tensor) -> tuple[int, str]:
    """Place of the largest ratio, something that is not a number first, and its words."""
    flat = ratio.flatten()
    index = int(flat.nan_to_num(nan=math.inf, posinf=1e300).argmax())
    if flat.numel() == 1:
        return index, ""
    place = ", ".join(str(int(each)) for each in np.unravel_index(index, tuple(ratio.shape)))
    return index, f" at [{place}]"


def over(deviation: Tensor, tolerance: Tensor) -> Tensor:
    """Deviation over tolerance; nothing over nothing is nothing."""
    return torch.where(deviation == 0, torch.where(tolerance >= 0, 0.0, math.nan), deviation / tolerance)


def within(measured: Tensor, expected: Tensor, tolerance: Tensor, as_gap: bool = False) -> Finding:
    """Judge |measured - expected| <= tolerance in every element; the worst of them is told.

    Args:
        measured: values, of any shape.
        expected: the same shape.
        tolerance: the same shape, at least 0.
        as_gap: whether the summary tells the gap, not the value.
    """
    deviation = (measured - expected).abs()
    ratios = over(deviation, tolerance)
    index, place = _worst(ratios)
    parts = (measured, expected, tolerance, deviation, ratios)
    found, wanted, room, gap, ratio = (float(part.flatten()[index]) for part in parts)
    of = (
        f"gap {number(gap)}, at most {number(room)}"
        if as_gap
        else f"{number(found)}, expected {number(wanted)} ± {number(room)}"
    )
    finding = Finding(number(found) + place, number(wanted), f"± {number(room)}", of, ratio, not ratio > 1)
    if math.isnan(ratio):
        return replace(finding, agrees=False, broken=True)
    if ratio > 1:
        times = f", {number(ratio)} times the tolerance" if math.isfinite(ratio) else ""
        return replace(finding, beyond=f"the gap is {number(gap)}{times}")
    return replace(finding, gap=number(gap)) if as_gap else finding


def close(measured: Values, expected: Values, tol: Values, rtol: float | None) -> Finding:
    """Judge |measured - expected| <= tol + rtol |expected| in every element."""
    if tol is None and rtol is None:
        raise ValueError("close needs tol= (absolute) or rtol= (relative)")
    found, wanted, room = aligned(measured, expected, 0.0 if tol is None else tol)
    room = room + (rtol or 0.0) * wanted.abs()
    if bool((room < 0).any()):
        raise ValueError("a tolerance is negative")
    return within(found, wanted, room, as_gap=True)


def between(measured: Values, low: Values, high: Values) -> Finding:
    """Judge low <= measured <= high in every element."""
    found, least, most = aligned(measured, low, high)
    if bool((least > most).any()):
        raise ValueError("the lower limit is above the upper one")
    if bool(least.isinf().any() | most.isinf().any()):
        raise ValueError("a limit is infinite; use below or above")
    ratios = over((2 * found - least - most).abs(), most - least)
    index, place = _worst(ratios)
    value, start, end, ratio = (float(part.flatten()[index]) for part in (found, least, most, ratios))
    outside = max(start - value, value - end)
    agrees = bool(((least <= found) & (found <= most)).all())  # exact at the limits, as the ratio is not
    return Finding(
        number(value) + place,
        f"from {number(start)} to {number(end)}",
        "none",
        f"{number(value)} in {number(start)} … {number(end)}",
        ratio,
        agrees,
        _miss(outside),
        math.isnan(ratio),
    )


def _miss(outside: float) -> str:
    """How far a value lies outside; empty if it does not."""
    return f"{number(outside)} outside" if outside > 0 else ""


def bounded(measured: Values, limit: Values, sign: int) -> Finding:
    """Judge measured <= limit (sign 1) or measured >= limit (sign -1) in every element.

    The ratio is measured over limit where both have one sign; a limit of another sign gives no scale.
    """
    found, edge = aligned(measured, limit)
    low, high = sign * found, sign * edge
    ratios = torch.where(high > 0, (low / high).clamp(min=0), torch.where(low < high, high / low, math.inf))
    ratios = torch.where(low == high, 1.0, ratios)
    ratios = torch.where(low.isnan() | high.isnan(), math.nan, ratios)
    index, place = _worst(ratios)
    value, border, ratio = (float(part.flatten()[index]) for part in (found, edge, ratios))
    word = "at most" if sign > 0 else "at least"
    return Finding(
        number(value) + place,
        f"{word} {number(border)}",
        "none",
        f"{number(value)}, {word} {number(border)}",
        ratio,
        ratio <= 1,
        _miss(sign * (value - border)),
        math.isnan(ratio),
    )


def monotone(values: Values, sign: int) -> Finding:
    """Judge that each value is above (sign 1) or below (sign -1) the one before, along axis 0."""
    rows = tensor(values)
    if rows.ndim == 0 or len(rows) < 2:
        raise ValueError("one value neither rises nor falls; give at least 2 along axis 0")
    steps = sign * rows.diff(dim=0)
    broken = bool(rows.isnan().any())
    word = "rising" if sign > 0 else "falling"
    told = " → ".join(map(number, rows.tolist())) if rows.ndim == 1 and len(rows) <= 8 else ""
    worst = float(steps.min())
    index, _ = _worst(-steps)
    before, after = (float(part.flatten()[index]) for part in (rows[:-1], rows[1:]))
    told = told or f"from {number(float(rows.flatten()[0]))} to {number(float(rows.flatten()[-1]))}"
    agrees = not broken and worst > 0
    beyond = "" if agrees else f"{number(after)} follows {number(before)}"
    return Finding(told, word, "none", f"{told}, {word}", None, agrees, beyond, broken)


def equal(measured: Values, expected: Values) -> Finding:
    """Judge that all elements are exactly equal."""
    found, wanted = aligned(measured, expected)
    differ = found != wanted
    index, place = _worst(differ.double())
    value, right = (float(part.flatten()[index]) for part in (found, wanted))
    count, broken = int(differ.sum()), bool((found.isnan() | wanted.isnan()).any())
    some = found.numel() > 1
    beyond = f"{count:,} of {found.numel():,} differ" if some else f"off by {number(abs(value - right))}"
    return Finding(
        f"all {found.numel():,} equal" if some and not count else f"{number(value)}{place}",
        "equal" if some and not count else number(right),
        "none",
        "equal",
        None,
        count == 0,
        beyond if count else "",
        broken,
    )
