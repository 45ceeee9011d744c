"""Metrics: numbers that say how good generated samples are."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from ..base import concat_chunks

_TABLE = 2**20  # distances held at once: 8 MB


def _as_rows(samples: Tensor, name: str, least: int = 1) -> Tensor:
    """Samples as rows of float64: a small distance is a difference of large numbers."""
    if len(samples) < least:
        raise ValueError(f"{name} holds {len(samples)} samples; at least {least} are needed")
    samples = samples.detach()
    rows = (samples.cpu() if samples.device.type == "mps" else samples).flatten(1).double()
    if not bool(rows.isfinite().all()):
        raise ValueError(f"{name} holds samples that are infinite or not a number; see where they arise")
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
        ValueError: too few samples, samples that are not finite, or different numbers of axes.

    >>> a = torch.tensor([[0.0], [2.0]])
    >>> round(frechet_distance(a, a + 3), 4)
    9.0
    """
    a, b = _as_rows(a, "a", least=2), _as_rows(b, "b", least=2)
    _same_width(a, b)
    apart = (a.mean(0) - b.mean(0)).square().sum()
    # With R'R = C for each set, the last trace is the sum of the singular values of R_a R_b'. R has as many
    # rows as there are samples or axes, whichever is less: few images in many axes cost little.
    a, b = _factor(a), _factor(b)
    cross = torch.linalg.svdvals(a @ b.T).sum()
    return max(0.0, float(apart + a.square().sum() + b.square().sum() - 2 * cross))


def _factor(rows: Tensor) -> Tensor:
    """A triangular R with R'R = the unbiased covariance of samples (n, axes)."""
    return torch.linalg.qr((rows - rows.mean(0)) / (len(rows) - 1) ** 0.5, mode="r").R


def frechet_floor(
    pool: Tensor, held_out: Tensor, draws: int = 20, generator: Generator | None = None
) -> Tensor:
    """Fréchet distances of real samples to real samples: the value of a perfect generator.

    Each draw takes as many samples from the pool as `held_out` has, so that both sides carry the bias of
    the same sample size.

    Args:
        pool: real samples or features, (n, *event).
        held_out: other real samples, (m, *event), m at most n.
        draws: how many draws, each without replacement.
        generator: source of randomness, on the pool's device.
    Returns:
        (draws,) distances in float64; their mean is the floor, their spread the scale of chance differences.
    Raises:
        ValueError: the pool is smaller than `held_out`.

    >>> frechet_floor(torch.randn(100, 2), torch.randn(20, 2), draws=5).shape
    torch.Size([5])
    """
    size = len(held_out)
    if len(pool) < size:
        raise ValueError(f"the pool holds {len(pool)} samples, fewer than the {size} to compare with")
    device = pool.device
    chosen = (torch.randperm(len(pool), generator=generator, device=device)[:size] for _ in range(draws))
    return torch.tensor([frechet_distance(pool[rows], held_out) for rows in chosen], dtype=torch.float64)


def accuracy(predicted: Tensor, target: Tensor) -> float:
    """Fraction of samples that a classifier gives their target label.

    Args:
        predicted: the classifier's labels, (n,).
        target: target labels, (n,).
    Returns:
        A fraction p in [0, 1]; its standard error is sqrt(p (1 - p) / n).
    Raises:
        ValueError: shapes disagree, or there are none.

    >>> accuracy(torch.tensor([3, 1, 4, 1]), torch.tensor([3, 1, 4, 2]))
    0.75
    """
    if predicted.shape != target.shape or predicted.numel() == 0:
        raise ValueError(
            f"labels have shapes {tuple(predicted.shape)} and {tuple(target.shape)}; give (n,) twice"
        )
    return int((predicted == target.to(predicted.device)).sum()) / predicted.numel()


def nearest(x: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """Find each sample's nearest neighbour in another set, by Euclidean distance.

    Args:
        x: samples, (n, *event).
        among: where to look, (m, *event).
    Returns:
        Distances (n,) in float64, and the rows of `among` (n,) where they are reached.
    Raises:
        ValueError: a set is empty or holds samples that are not finite, or the numbers of axes differ.

    >>> nearest(torch.tensor([[0.9]]), torch.tensor([[0.0], [1.0]]))[1]
    tensor([1])
    """
    x, among = _as_rows(x, "x"), _as_rows(among, "among")
    _same_width(x, among)
    smallest = (block.min(dim=1) for block in _distances(x, among))
    return concat_chunks(len(x), ((found.values, found.indices) for found in smallest))


def _distances(x: Tensor, among: Tensor) -> Iterator[Tensor]:
    """Distances of all pairs, some rows at a time: the whole table would not fit for large sets.

    Exact differences: the shortcut by matrix products loses the digits that distinguish near-copies.
    """
    for block in x.split(max(1, _TABLE // len(among))):
        yield torch.cdist(block, among, compute_mode="donot_use_mm_for_euclid_dist")


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
        ValueError: as for `nearest`, or half of `held_out` or more is in `train`.

    >>> train = torch.arange(10.0)[:, None]
    >>> nearest_neighbour_ratio(train, train, train + 0.25)
    0.0
    """
    real = nearest(held_out, train)[0].median()
    if real == 0:
        raise ValueError("held_out lies in the training set, so there is nothing to compare with")
    return float(nearest(x, train)[0].median() / real)


def coverage(x: Tensor, real: Tensor, k: int = 5) -> float:
    """Fraction of real samples that have a generated one among their nearest neighbours.

        mean over r in real of [ min |x - r| < distance from r to its k-th nearest other real sample ]

    Naeem et al. 2020. It falls when kinds of real samples are never generated, and also when what is
    generated lies away from the data. Not even fresh samples of the real law reach 1: compare with theirs.

    Args:
        x: generated samples, (n, *event).
        real: real samples, (m, *event), m above `k`.
        k: which neighbour sets the radius, at least 1.
    Returns:
        A fraction in [0, 1].
    Raises:
        ValueError: as for `nearest`, `real` is too small, or `k` is below 1.

    >>> real = torch.arange(10.0)[:, None]
    >>> coverage(real, real), coverage(real + 100, real)
    (1.0, 0.0)
    """
    if k < 1:
        raise ValueError(f"k = {k}; the first neighbour is number 1")
    real = _as_rows(real, "real", least=k + 1)
    # Each sample's own place in its row comes first.
    radius = concat_chunks(
        len(real), (block.kthvalue(k + 1, dim=1).values for block in _distances(real, real))
    )
    return float((nearest(real, x)[0] < radius).double().mean())


def within_class_diversity(x: Tensor, y: Tensor) -> float:
    """Mean squared distance of two different samples of the same class, averaged over the classes.

        1/K sum over classes c of mean over i != j, y_i = y_j = c of [ |x_i - x_j|^2 ]
            = 1/K sum over classes c of 2 tr C_c,    C_c: unbiased covariance of class c

    Each class counts the same, however many samples it has. What is generated divided by what is real, on
    features of a classifier, measures the remaining variety: 1 as much as in the data, near 0 one sample for
    each class. The ratio is one of squared distances; distances themselves shrink by about its root.

    Args:
        x: samples or their features, (n, *event).
        y: their labels, (n,), each class at least twice.
    Returns:
        The diversity, squared feature units, not negative.
    Raises:
        ValueError: a class has one sample, samples are not finite, or there are not as many labels.

    >>> within_class_diversity(torch.tensor([[0.0], [2.0], [5.0], [7.0]]), torch.tensor([0, 0, 1, 1]))
    4.0
    """
    x, y = _as_rows(x, "x", least=2), y.to("cpu" if x.device.type == "mps" else x.device)
    if y.shape != x.shape[:1]:
        raise ValueError(f"labels have shape {tuple(y.shape)} for {len(x)} samples; give one label for each")
    classes, sizes = y.unique(return_counts=True)
    if sizes.min() < 2:
        alone = classes[sizes < 2].tolist()
        raise ValueError(f"only one sample of class {alone[0]}; a distance needs two, so give more of it")
    return float(torch.stack([2 * x[y == c].var(dim=0).sum() for c in classes]).mean())


def straightness(states: Tensor, times: Tensor) -> float:
    """Measure how far trajectories are from straight lines traversed at constant speed.

        E integral |x_1 - x_0 - dx/dt|^2 dt / E |x_1 - x_0|^2

    Liu et al. 2023, rectified flow, here relative to the distance covered. 0 for straight lines at constant
    speed, where a single Euler step is exact.

    Args:
        states: what `simulate` recorded, (len(times), batch, *event).
        times: their times, increasing, (k,), k at least 3.
    Returns:
        The ratio, at least 0.
    Raises:
        ValueError: there are fewer than 3 times, or states and times differ in number.

    >>> times = torch.tensor([0.0, 0.5, 1.0])
    >>> straightness(times[:, None, None] * torch.ones(3, 4, 2), times)
    0.0
    """
    if len(times) < 3 or len(states) != len(times):
        raise ValueError(f"{len(states)} states at {len(times)} times; give as many, and at least 3")
    states, times = states.detach().flatten(2).double().cpu(), times.double().cpu()
    across, steps = states[-1] - states[0], times.diff()[:, None, None]
    steady = across / (times[-1] - times[0])
    bend = ((states.diff(dim=0) / steps - steady).square() * steps).sum(dim=(0, 2)).mean()
    return float(bend * (times[-1] - times[0]) / across.square().sum(1).mean())
