"""Two-sample statistics: do two sets of samples come from the same law, and how certain is the answer?"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

MOST = 6_000  # samples in one test, which takes a time in proportion to their square
PIECE = 100  # samples whose distances to all others are held at once; 500 took 400 MB with two sets of 3,000


@dataclass(frozen=True, eq=False)
class TwoSample:
    """Outcome of a two-sample test.

    Args:
        statistic: energy distance of the two sets.
        null: the same statistic after each random exchange of samples, (permutations,): its
            distribution if both sets come from one law.
        p_value: fraction of the null at least as large as the statistic, the statistic itself included.

    >>> test = two_sample_test(torch.randn(50, 2), torch.randn(50, 2) + 3)
    >>> test.statistic > test.level(0.05)
    True
    """

    statistic: float
    null: Tensor
    p_value: float

    def level(self, alpha: float = 0.05) -> float:
        """Return the value that the statistic exceeds with probability `alpha` if both sets share a law."""
        return float(self.null.quantile(1 - alpha))


def pool(a: Tensor, b: Tensor) -> Tensor:
    """All samples as rows of doubles, those of `a` first; ValueError if the two sets cannot be compared."""
    if a.shape[1:] != b.shape[1:] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"samples have shapes {tuple(a.shape)} and {tuple(b.shape)}; "
            "give (n, *event) and (m, *event) with the same event and at least 2 of each"
        )
    return torch.cat([a, b]).detach().cpu().flatten(1).double()


def energy_distance(a: Tensor, b: Tensor) -> float:
    """Distance between the laws behind two sets of samples.

        2 E|a - b| - E|a - a'| - E|b - b'|

    Zero if and only if the laws are equal; averages run over all pairs, so that two sets from one law give
    a small positive number. Székely & Rizzo 2004.

    Args:
        a: samples, (n, *event), n at least 2.
        b: samples, (m, *event), m at least 2.
    Returns:
        The distance, in data units, at least 0.
    Raises:
        ValueError: events differ, or there are fewer than 2 samples.

    >>> round(energy_distance(torch.zeros(2, 1), torch.ones(2, 1)), 4)
    2.0
    """
    rows = pool(a, b)
    if rows.shape[1] == 1:
        return _on_line(rows[:, 0], len(a))
    a, b = rows[: len(a)], rows[len(a) :]
    across, inside_a, inside_b = (_mean_distance(*pair) for pair in ((a, b), (a, a), (b, b)))
    return 2 * across - inside_a - inside_b


def _on_line(pooled: Tensor, n: int) -> float:
    """Energy distance on a line: twice the integral of (F_a - F_b)^2, computed by sorting.

    Székely & Rizzo 2004. No pairs: a million samples take a second.
    """
    places, order = pooled.sort()
    jumps = torch.full_like(places, -1 / (len(pooled) - n)).masked_fill_(order < n, 1 / n)  # of F_a - F_b
    return float(2 * (jumps.cumsum(0)[:-1].square() * places.diff()).sum())


def _mean_distance(a: Tensor, b: Tensor) -> float:
    """Mean distance of all pairs, in pieces that fit any memory."""
    return sum(float(torch.cdist(rows, b).sum()) for rows in a.split(PIECE)) / (len(a) * len(b))


def two_sample_test(
    a: Tensor, b: Tensor, permutations: int = 200, generator: Generator | None = None
) -> TwoSample:
    """Test whether two sets of samples come from the same law, by exchanging samples at random.

    If they do, membership is random, so the energy distance is distributed like those after a random
    exchange. Permutation test, exact at every sample size; Székely & Rizzo 2004.

    Args:
        a: samples, (n, *event), n at least 2.
        b: samples, (m, *event); n + m at most 6,000.
        permutations: random exchanges; p-values are multiples of 1 / (permutations + 1).
        generator: source of the exchanges, on the CPU.
    Returns:
        Statistic, null and p-value.
    Raises:
        ValueError: events differ, or there are too few or too many samples.

    >>> two_sample_test(torch.randn(50, 2), torch.randn(50, 2) + 3).p_value < 0.05
    True
    """
    rows = pool(a, b)
    n, total = len(a), len(rows)
    if total > MOST:
        raise ValueError(f"{total} samples are too many for all pairs; test on at most {MOST} together")
    weights = torch.full((total, permutations + 1), -1 / (total - n), dtype=torch.float64)
    weights[:n, 0] = 1 / n
    for column in range(1, permutations + 1):
        weights[torch.randperm(total, generator=generator)[:n], column] = 1 / n
    # With weights 1/n on one set and -1/m on the other, the three averages are one quadratic form.
    pieces = zip(rows.split(PIECE), weights.split(PIECE), strict=True)
    found = -sum((w * (torch.cdist(piece, rows) @ weights)).sum(0) for piece, w in pieces)
    statistic, null = float(found[0]), found[1:]
    return TwoSample(statistic, null, float((1 + (null >= statistic).sum()) / (permutations + 1)))
