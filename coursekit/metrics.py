"""Metrics: numbers that say how good generated samples are, or how fast an error falls."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


def _rows(samples: Tensor, name: str, least: int = 1) -> Tensor:
    """Samples as rows of float64: a small distance is a difference of large numbers."""
    rows = samples.detach().flatten(1).double()
    if len(rows) < least:
        raise ValueError(f"{name} holds {len(rows)} samples; at least {least} are needed")
    return rows


def _same_width(a: Tensor, b: Tensor) -> None:
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"samples have {a.shape[1]} and {b.shape[1]} axes; compare like with like")


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Distance between two sets of samples, each described by its mean and covariance alone.

        |m_a - m_b|^2 + tr C_a + tr C_b - 2 tr (C_a^1/2 C_b C_a^1/2)^1/2

    The squared Wasserstein-2 distance of two Gaussians (Dowson & Landau 1982); on features of a
    classifier it is the "Fréchet inception distance" of Heusel et al. 2017. It is biased upwards in
    small samples: two sets from the same law do not give 0. Compare it with `frechet_floor` at the same
    numbers of samples.

    Args:
        a: samples or their features, (n, *event), n at least 2.
        b: the other set, (m, *event).
    Returns:
        The squared distance, squared feature units, not negative.
    Raises:
        ValueError: too few samples, or different numbers of axes.
    """
    a, b = _rows(a, "a", least=2), _rows(b, "b", least=2)
    _same_width(a, b)
    cov_a, cov_b = torch.cov(a.T).reshape(a.shape[1], -1), torch.cov(b.T).reshape(b.shape[1], -1)
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # rounding may leave a value just below 0
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    apart = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, float(apart + cov_a.trace() + cov_b.trace() - 2 * cross))


def frechet_floor(
    pool: Tensor, held_out: Tensor, draws: int = 20, generator: Generator | None = None
) -> Tensor:
    """Fréchet distances of real samples to real samples: what a perfect generator would get.

    Each draw takes as many samples from the pool as `held_out` has, so that both sides carry the bias of
    the same sample size.

    Args:
        pool: real samples or features, (n, *event).
        held_out: other real samples, (m, *event), m at most n.
        draws: how many draws, each without replacement.
        generator: source of randomness.
    Returns:
        (draws,) distances in float64; their mean is the floor, their spread says what a difference means.
    Raises:
        ValueError: the pool is smaller than `held_out`.
    """
    size = len(held_out)
    if len(pool) < size:
        raise ValueError(f"the pool holds {len(pool)} samples, fewer than the {size} to compare with")
    device = pool.device
    chosen = (torch.randperm(len(pool), generator=generator, device=device)[:size] for _ in range(draws))
    return torch.tensor([frechet_distance(pool[rows], held_out) for rows in chosen], dtype=torch.float64)


def agreement(seen: Tensor, wanted: Tensor) -> float:
    """Share of samples in which a judge sees the label that was wished for.

    Args:
        seen: the judge's labels, (n,).
        wanted: the labels wished for, (n,).
    Returns:
        A share in [0, 1]; its standard error is sqrt(share (1 - share) / n).
    Raises:
        ValueError: shapes disagree, or there are none.
    """
    if seen.shape != wanted.shape or seen.numel() == 0:
        raise ValueError(f"labels have shapes {tuple(seen.shape)} and {tuple(wanted.shape)}; give (n,) twice")
    return float((seen == wanted.to(seen.device)).double().mean())


def nearest(x: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """Find each sample's nearest neighbour in another set, by Euclidean distance.

    Args:
        x: samples, (n, *event).
        among: where to look, (m, *event).
    Returns:
        Distances (n,) in float64, and the rows of `among` (n,) where they are reached.
    Raises:
        ValueError: a set is empty, or the numbers of axes differ.
    """
    x, among = _rows(x, "x"), _rows(among, "among")
    _same_width(x, among)
    # Exact differences: the shortcut by matrix products loses the digits that tell a copy from a twin.
    near = torch.cdist(x, among, compute_mode="donot_use_mm_for_euclid_dist").min(dim=1)
    return near.values, near.indices


def nearest_neighbour_ratio(x: Tensor, train: Tensor, held_out: Tensor) -> float:
    """Compare how close samples come to the training set with how close unseen real ones do.

        median distance (x to train) / median distance (held_out to train)

    About 1: as close as fresh real samples are. Near 0: copies. Well above 1: far from all data.

    Args:
        x: generated samples, (n, *event).
        train: what the generator was trained on, (m, *event).
        held_out: real samples that it was not trained on, (k, *event).
    Returns:
        The ratio, not negative.
    Raises:
        ValueError: a set is empty, the numbers of axes differ, or all of `held_out` is in `train`.
    """
    real = nearest(held_out, train)[0].median()
    if real == 0:
        raise ValueError("held_out lies in the training set, so there is nothing to compare with")
    return float(nearest(x, train)[0].median() / real)


@dataclass(frozen=True)
class Order:
    """An order of convergence as measured.

    Args:
        slope: how many powers of the step the error falls with.
        standard_error: its standard error, from the scatter about the line.
    """

    slope: float
    standard_error: float


def order(errors: Sequence[float] | Tensor, hs: Sequence[float] | Tensor) -> Order:
    """Measure an order of convergence: the slope of log error against log step.

        error = C h^p,  so  log error = log C + p log h,  and p comes by least squares

    Args:
        errors: positive errors, one for each step size.
        hs: positive step sizes, at least three.
    Returns:
        The slope and its standard error.
    Raises:
        ValueError: fewer than three points, numbers that aren't positive, or step sizes all equal.
    """
    e, h = (torch.as_tensor(v, dtype=torch.float64).flatten() for v in (errors, hs))
    if len(e) != len(h) or len(h) < 3:
        raise ValueError(f"{len(e)} errors for {len(h)} step sizes; give as many of each, at least three")
    if not bool((e > 0).all() and (h > 0).all()) or bool((h == h[0]).all()):
        raise ValueError("errors and step sizes must be positive, and the step sizes must differ")
    x, y = h.log() - h.log().mean(), e.log() - e.log().mean()
    slope = (x * y).sum() / x.square().sum()
    scatter = (y - slope * x).square().sum() / (len(h) - 2)
    return Order(float(slope), float((scatter / x.square().sum()).sqrt()))
