"""The statements of a claim in which chance plays a part: each is judged at a level."""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from .energy_tail import energy_test
from .findings import Finding, Statement, Values, number, settled, tensor, within

FEWEST = 8  # draws from which a spread can be told
POOL = 20.0  # expected counts that a cell of a histogram needs


@cache  # a loop over times or solvers asks for the same ones again
def _student(level: float, degrees: int) -> float:
    """What Student's t exceeds with probability `level`."""
    from scipy import special  # here and below: importing coursekit stays cheap, and `stats` takes 50 MB

    return float(-special.stdtrit(degrees, level))


@cache
def _kolmogorov(level: float, n: int) -> float:
    """What the largest gap of n draws exceeds with probability `level`, at most.

    Twice the one-sided tail, which is exact (Birnbaum & Tingey 1951). That counts twice the cases in which
    the gap is too large on both sides: at the small levels of claims none, and on the safe side.
    """
    from scipy import special

    return float(special.smirnovi(n, level / 2))


@cache
def _chi_square(level: float, degrees: int) -> float:
    from scipy import special

    return float(special.chdtri(degrees, level))


@cache
def _fewest_hits(level: float, n: int, p: float) -> float:
    """Below this many hits are found with a probability of less than `level`."""
    from scipy import special

    return float(bisect_left(range(n), level, key=lambda hits: float(special.bdtr(hits, n, p))))


@cache
def _most_hits(level: float, n: int, p: float) -> float:
    """Above this many hits are found with a probability of at most `level`."""
    from scipy import special

    return float(bisect_left(range(n), -level, key=lambda hits: -float(special.bdtrc(hits, n, p))))


def _draws(values: Values, fewest: int = FEWEST) -> Tensor:
    draws = tensor(values)
    if draws.ndim == 0 or len(draws) < fewest:
        count = 1 if draws.ndim == 0 else len(draws)
        raise ValueError(
            f"{count} values are too few to tell their spread; give at least {fewest} independent draws "
            "along axis 0, or compare one number with close(…, tol=…)"
        )
    if draws[0].numel() == 0:
        raise ValueError("there is nothing to compare: the draws are empty")
    return draws


def _each_column(draws: Tensor, *others: Values) -> list[Tensor]:
    """Numbers for each column of draws: given one by one, or one for all."""
    shape, found = draws.shape[1:], []
    for other in others:
        value = tensor(other)
        if value.numel() != 1 and value.shape != shape:
            raise ValueError(
                f"draws of shape {tuple(draws.shape)} have averages of shape {tuple(shape)}, but are "
                f"compared with shape {tuple(value.shape)}; give that shape or a single number"
            )
        found.append(value.reshape(()).expand(shape) if value.numel() == 1 else value)
    return found


def _room(draws: Tensor, level: float, sides: int = 2) -> tuple[Tensor, Tensor]:
    """By how much a mean of draws may lie below and above its expectation by chance.

    Student's t with n - 1 degrees of freedom, bent for skewed draws by Hall's cubic.
    """
    n = len(draws)
    middle = draws - draws.mean(0)
    width = draws.std(0)
    skew = torch.where(width > 0, middle.pow(3).mean(0) / width.pow(3), 0.0)
    bend = skew / (3 * math.sqrt(n))
    quantile = _student(level / sides, n - 1)

    def unbent(x: float) -> Tensor:
        cube = 1 + 3 * bend * (x - bend / 2)
        root = cube.sign() * cube.abs().pow(1 / 3)
        return torch.where(bend.abs() > 1e-9, (root - 1) / torch.where(bend == 0, 1.0, bend), x)

    rounding = 1e-14 * draws.abs().amax(0)
    low, high = -unbent(-quantile), unbent(quantile)
    # One draw that outweighs all others bends the cubic beyond its use; then t alone is used.
    low, high = (side.clamp(min=quantile / 2, max=4 * quantile) for side in (low, high))
    return low * width / math.sqrt(n) + rounding, high * width / math.sqrt(n) + rounding


def mean(values: Values, expected: Values, bias: Values) -> Statement:
    """Independent draws along axis 0 against their expectation, column by column."""
    draws = _draws(values)
    wanted, allowance = _each_column(draws, expected, bias)
    if bool((allowance < 0).any()):
        raise ValueError("bias= is the size of a known error, at least 0")

    def judge(level: float) -> Finding:
        low, high = _room(draws, level)
        found = draws.mean(0)
        room = torch.where(found < wanted, low, high) + allowance
        return within(found, wanted, torch.where(draws.isnan().any(0), math.nan, room))

    return Statement(judge, wanted.numel())


def larger(values: Values, than: Values) -> Statement:
    """The expectation of draws is larger than a number, or than that of other draws, beyond chance."""
    draws = _draws(values)
    other = tensor(than)
    several = other.ndim > 0 and other.numel() > 1
    if draws.ndim > 1 or other.ndim > 1:
        raise ValueError(
            f"larger compares one column of draws, (n,), with a number or one column, not "
            f"{tuple(draws.shape)} with {tuple(other.shape)}"
        )
    others = _draws(than) if several else other.reshape(1)

    def judge(level: float) -> Finding:
        found, less = float(draws.mean()), float(others.mean())
        room = float(_room(draws, level, 1)[1])  # a mean may lie this far above by chance
        if several:
            room = math.hypot(room, float(_room(others, level, 1)[0]))
        gap = found - less
        ratio = math.nan if math.isnan(gap) or math.isnan(room) else room / gap if gap > 0 else math.inf
        beyond = "" if ratio < 1 else f"larger by {number(gap)} only"
        return Finding(
            number(found),
            f"larger than {number(less)}",
            f"beyond {number(room)}",
            f"{number(found)}, larger than {number(less)} + {number(room)}",
            ratio,
            ratio < 1,
            beyond,
            math.isnan(ratio),
        )

    return Statement(judge, 1)


def share(events: Values, expected: Values, bias: Values) -> Statement:
    """Independent Booleans along axis 0 against their probability, column by column."""
    hits = _draws(events, 1)
    if not bool(((hits == 0) | (hits == 1) | hits.isnan()).all()):
        raise ValueError("share counts Booleans (or 0 and 1); for other values use mean")
    wanted, allowance = _each_column(hits, expected, bias)
    if not bool(((wanted >= 0) & (wanted <= 1) & (allowance >= 0)).all()):
        raise ValueError("a probability lies between 0 and 1, and bias= is at least 0")
    n = len(hits)

    def judge(level: float) -> Finding:
        least, most = (wanted - allowance).clamp(min=0), (wanted + allowance).clamp(max=1)
        low = _by_column(lambda p: _fewest_hits(level / 2, n, p) / n, least)
        high = _by_column(lambda p: _most_hits(level / 2, n, p) / n, most)
        found = hits.mean(0)
        room = torch.where(found < wanted, wanted - low, high - wanted) * (1 + 1e-12)
        return within(found, wanted, room)

    return Statement(judge, wanted.numel())


def _by_column(of: Callable[[float], float], values: Tensor) -> Tensor:
    return torch.tensor([of(value) for value in values.flatten().tolist()]).double().reshape(values.shape)


def same(x: Values, y: Values) -> Statement:
    """Two sets of samples against one distribution behind both."""
    first, second = (tensor(each) for each in (x, y))
    first, second = (each[:, None] if each.ndim == 1 else each for each in (first, second))
    if min(first.ndim, second.ndim) < 2:
        raise ValueError("same compares two sets of samples, (n, *event) and (m, *event)")
    if min(len(first), len(second)) < FEWEST:
        raise ValueError(f"same needs at least {FEWEST} samples of each set")
    distance, log_p = energy_test(first, second)

    def judge(level: float) -> Finding:
        ratio = log_p / math.log(level)
        p = f"p = {number(math.exp(log_p))}" if log_p > -300 or math.isnan(log_p) else "p < 1e-130"
        return Finding(
            f"energy distance {number(distance)}, {p}",
            "one distribution",
            f"p at least {number(level)}",
            f"{p}, at least {number(level)}",
            ratio,
            ratio <= 1,
            "the two sets are told apart" if ratio > 1 else "",
            math.isnan(ratio),
        )

    return Statement(judge, 1)


def law(values: Values, cdf: Callable[[Tensor], Values], bias: float) -> Statement:
    """Independent draws on the line against a distribution function."""
    draws = _draws(values).squeeze()
    if draws.ndim != 1:
        raise ValueError(f"law compares draws on the line, (n,), not {tuple(draws.shape)}")
    places, n = draws.sort().values, len(draws)
    heights = tensor(cdf(places))
    if heights.shape != places.shape or bool(((heights < -1e-9) | (heights > 1 + 1e-9)).any()):
        raise ValueError("cdf maps values (n,) to probabilities (n,) between 0 and 1")
    steps = torch.arange(n + 1, dtype=torch.float64) / n
    gap = float(torch.maximum(steps[1:] - heights, heights - steps[:-1]).max())
    gap = math.nan if bool(places.isnan().any() | heights.isnan().any()) else gap

    def judge(level: float) -> Finding:
        room = _kolmogorov(level, n) + bias
        ratio = gap / room
        return Finding(
            f"largest gap of the distribution functions {number(gap)}",
            "0",
            f"at most {number(room)}",
            f"gap {number(gap)}, at most {number(room)}",
            ratio,
            ratio <= 1,
            f"{number(gap - room)} too much" if ratio > 1 else "",
            math.isnan(ratio),
        )

    return Statement(judge, 1)


def counts(observed: Values, expected: Values) -> Statement:
    """A histogram against the expected counts of its cells."""
    found, wanted = tensor(observed).flatten(), tensor(expected).flatten()
    if found.shape != wanted.shape or len(found) < 2:
        raise ValueError(
            f"{len(found)} observed and {len(wanted)} expected counts; give as many of each, at least 2"
        )
    if bool(found.isnan().any() | wanted.isnan().any()):
        return settled(Finding("nan", "counts", "none", "nan", math.nan, False, broken=True))
    total, right = float(found.sum()), float(wanted.sum())
    if bool((found < 0).any() | (wanted < 0).any()) or abs(total - right) > 1e-4 * total:
        raise ValueError(
            f"the counts sum to {number(total)}, the expected ones to {number(right)}; give counts of all "
            "draws, with a cell for those outside, and expected counts, not shares"
        )
    found, wanted = pooled(found, wanted)
    if len(found) < 2:
        raise ValueError(f"too few draws: no 2 cells have {POOL:g} expected draws each")
    statistic = float(((found - wanted).square() / wanted).sum())
    degrees = len(found) - 1

    def judge(level: float) -> Finding:
        room = _chi_square(level, degrees)
        return Finding(
            f"chi-square {number(statistic)} over {len(found)} cells",
            f"about {degrees}",
            f"at most {number(room)}",
            f"chi-square {number(statistic)}, at most {number(room)}",
            statistic / room,
            statistic <= room,
            f"{number(statistic - room)} too much" if statistic > room else "",
        )

    return Statement(judge, 1)


def pooled(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Join the rarest cells until each expects 20 draws."""
    order = wanted.argsort()
    found, wanted = found[order], wanted[order]
    sums = wanted.cumsum(0)
    first = int((wanted < POOL).sum())  # cells that are too rare
    if first == 0:
        return found, wanted
    while first < len(wanted) and sums[first - 1] < POOL:
        first += 1
    joined = (found[:first].sum()[None], wanted[:first].sum()[None])
    return torch.cat([joined[0], found[first:]]), torch.cat([joined[1], wanted[first:]])


def slope(h: Values, errors: Values, expected: float, tol: float) -> Statement:
    """The slope of errors against steps on logarithmic axes, by least squares."""
    steps, rows = tensor(h), tensor(errors)
    if steps.ndim != 1 or len(steps) < 2 or rows.ndim not in (1, 2) or len(rows) != len(steps):
        raise ValueError(
            f"slope needs steps (k,) and errors (k,) or (k, draws), k at least 2, not "
            f"{tuple(steps.shape)} and {tuple(rows.shape)}"
        )
    if bool((steps <= 0).any()) or len(steps.unique()) < 2:
        raise ValueError("steps must be positive, and at least two of them different")
    if tol < 0:
        raise ValueError("a tolerance is negative")
    averages = rows if rows.ndim == 1 else rows.mean(1)
    if bool((averages <= 0).any()):
        raise ValueError("an error of 0 or less has no logarithm; leave out steps without an error")
    lever = steps.log() - steps.log().mean()
    lever = lever / lever.square().sum()
    found = (lever * averages.log()).sum()
    wanted, room = torch.tensor(float(expected)).double(), torch.tensor(float(tol)).double()
    if rows.ndim == 1:
        return settled(within(found, wanted, room))
    _draws(rows.T)
    each = (lever[:, None] * rows / averages[:, None]).sum(0)  # each draw moves the slope by this
    error = each.std() / math.sqrt(len(each))

    def judge(level: float) -> Finding:
        finding = within(found, wanted, room + _student(level / 2, len(each) - 1) * error)
        return replace(finding, measured=f"{finding.measured}, standard error {number(float(error))}")

    return Statement(judge, 1)
