"""The loss of masked diffusion: name the tokens that are hidden. In three forms, and what it bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from ..base import concat_chunks
from ..paths import CondOT, Scheduler

Weight = Literal["count", "time", "none"]
Denoiser = Callable[..., Tensor]
"""Called as denoiser(x, t) or denoiser(x, t, y), it gives logits (batch, length, tokens): a network, or the
exact one of a law. The losses ask it for its `mask`, the index of a hidden place."""
ROWS = 512
"""Sequences that are evaluated at once."""


@dataclass(frozen=True, eq=False)
class MaskedLoss:
    """Cross-entropy of the hidden tokens, weighted so that its mean bounds -log p of a sequence.

    Calling it hides places and evaluates; `draw` and `value` do either on its own.

    Args:
        weight: "count", "time" or "none", as for `masked_loss`.
        scheduler: alpha, the share of places that is shown at a time.
    Raises:
        ValueError: the weight has another name.

    >>> x, t, weight = MaskedLoss().draw(torch.zeros(8, 5, dtype=torch.long), mask=2)
    >>> x.shape, t.shape, weight.shape
    (torch.Size([8, 5]), torch.Size([8, 1]), torch.Size([8, 1]))
    """

    weight: Weight = "count"
    scheduler: Scheduler = field(default_factory=CondOT)

    def __post_init__(self) -> None:
        if self.weight not in get_args(Weight):
            raise ValueError(f"weight = '{self.weight}'; choose one of {', '.join(get_args(Weight))}")

    def draw(self, z: Tensor, mask: int, generator: Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Hide places of sequences (batch, length): states, their times and weights, (batch, 1) each."""
        if self.weight == "count":
            count = spread_counts(len(z), z.shape[1], generator, z.device)[:, None]
            return hide_count(z, count, mask, generator), 1 - count / z.shape[1], z.shape[1] / count
        t = spread(len(z), generator, z.device)[:, None]
        alpha = self.scheduler.alpha(t)
        hidden = torch.rand(z.shape, generator=generator, device=z.device) >= alpha
        weight = torch.ones_like(t) if self.weight == "none" else self.scheduler.alpha_dot(t) / (1 - alpha)
        return torch.where(hidden, mask, z), t, weight

    def value(
        self, net: nn.Module, z: Tensor, x: Tensor, t: Tensor, weight: Tensor, y: Tensor | None = None
    ) -> Tensor:
        """Mean loss on sequences whose states, times and weights are given, nats a sequence, without axes."""
        cost = hidden_cost(net, z, x, t, y)
        # At the very end, where nothing is hidden, the weight may be infinite.
        return torch.where(cost == 0, 0, weight * cost).sum(1).mean()

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on sequences (batch, length) with labels (batch,), nats a sequence."""
        return self.value(net, z, *self.draw(z, mask_of(net), generator), y)


def masked_loss(weight: Weight = "count", scheduler: Scheduler | None = None) -> MaskedLoss:
    """Make the loss of masked diffusion, nats a sequence: the cost of naming its hidden tokens.

        "time":  E  alpha'(t) / (1 - alpha(t)) · sum over hidden places of -log p(z_i | x),
                 t uniform on [0, 1], each place hidden with probability 1 - alpha(t)
        "count": E  (length / m) · the same sum,  m uniform on 1 … length, m places hidden at random
        "none":  E  the same sum as in "time" without its weight

    The first two have the same mean for every alpha, and it is at least -log p(z): a bound on what a sequence
    costs, whose floor over all networks is the entropy of the data. The second is the mean over all orders in
    which places can be revealed one at a time (Uria, Murray & Larochelle 2014; Hoogeboom et al. 2022); the
    first is that of Sahoo et al. 2024 and Shi et al. 2024, and its variance is infinite, since a weight
    1/(1 - t) occurs with a probability that is proportional to 1 - t. The third has the same minimiser and
    bounds nothing. Counts and times are stratified over the batch.

    Args:
        weight: "count", "time" or "none".
        scheduler: alpha, the share of places that is shown at a time; t unless given. "count" has no need of
            it.
    Returns:
        A loss for `fit`, called as loss(net, z) or loss(net, z, y) with integers z (batch, length); the
        network declares its `mask`.
    Raises:
        ValueError: the weight has another name; in a call, the network declares no mask.

    >>> words = data.three_letter_words()
    >>> net = TokenMLP(words.tokens, words.length)  # before training all letters are alike to it
    >>> round(masked_loss()(net, words.rows).item(), 4)  # 3 log 5
    4.8283
    """
    return MaskedLoss(weight, CondOT() if scheduler is None else scheduler)


def spread_counts(n: int, length: int, generator: Generator | None, device: torch.device) -> Tensor:
    """Draw n whole numbers uniform on 1 … length, stratified: (n,), their spread about that of a grid."""
    return 1 + (spread(n, generator, device) * length).long().clamp(max=length - 1)


def spread(n: int, generator: Generator | None, device: torch.device) -> Tensor:
    """Draw n numbers uniform on [0, 1), one in each n-th part: (n,), in random order."""
    part = torch.randperm(n, generator=generator, device=device)
    return (part + torch.rand(n, generator=generator, device=device)) / n


def hide_count(z: Tensor, count: Tensor, mask: int, generator: Generator | None) -> Tensor:
    """Hide in each of the sequences (batch, length) so many places at random as `count` (batch, 1) says."""
    rank = torch.rand(z.shape, generator=generator, device=z.device).argsort(1).argsort(1)
    return torch.where(rank < count, mask, z)


def hidden_cost(denoiser: Denoiser, z: Tensor, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
    """Nats that each place of z costs if it is hidden in x, and 0 if it is shown: (batch, length).

    Raises:
        ValueError: the denoiser's answer has another shape than (batch, length, tokens).
    """
    logits = denoiser(x, t) if y is None else denoiser(x, t, y)
    if logits.shape[:-1] != z.shape:
        raise ValueError(
            f"the denoiser returned shape {tuple(logits.shape)} for states of shape {tuple(z.shape)}; it "
            "must return logits (batch, length, tokens)"
        )
    hidden = x == mask_of(denoiser)
    cost = logits.new_zeros(z.shape)
    cost[hidden] = cross_entropy(logits[hidden], z[hidden], reduction="none")
    return cost


def mask_of(denoiser: Any) -> int:
    """The index by which a denoiser knows hidden places; ValueError if it declares none."""
    declared = getattr(denoiser, "mask", None)
    if not isinstance(declared, int):
        raise ValueError(
            f"{type(denoiser).__name__} declares no mask, the index of a hidden place; set its `mask`"
        )
    return declared


@torch.no_grad()
def order_bits(denoiser: Denoiser, z: Tensor, order: Tensor, y: Tensor | None = None) -> Tensor:
    """What each place costs, in nats, when the places are revealed one at a time in one order.

        cost of place o_k = -log p( z at o_k | z at o_1 … o_(k-1) )

    A masked denoiser is an autoregression in every order at once (Uria et al. 2014). For the exact denoiser
    the costs of a sequence add up to -log p(z) whatever the order, though they fall on other places.

    Args:
        denoiser: called as denoiser(x, t), with its `mask`.
        z: sequences, (batch, length).
        order: the places from first to last, (length,), or one order for each sequence, (batch, length).
        y: labels, (batch,).
    Returns:
        (batch, length): at each place its own cost, not that of the k-th step.
    Raises:
        ValueError: `order` is no order of the places.

    >>> words = data.three_letter_words()
    >>> costs = order_bits(words.law.denoiser, words.rows[:1], torch.tensor([2, 0, 1]))
    >>> round(costs.sum().item(), 4)  # one of 16 words: log 16
    2.7726
    """
    orders = order.expand(z.shape) if order.shape[-1:] == z.shape[-1:] else order
    rank = orders.argsort(-1)
    if orders.shape != z.shape or not torch.equal(rank.argsort(-1), orders):
        raise ValueError(f"order has shape {tuple(order.shape)}; give each of the {z.shape[1]} places once")
    costs = torch.zeros(z.shape, dtype=torch.float64, device=z.device)
    for k in range(z.shape[1]):
        x = torch.where(rank >= k, mask_of(denoiser), z)
        t = torch.full((len(z), 1), k / z.shape[1], device=z.device)
        logits = denoiser(x, t) if y is None else denoiser(x, t, y)
        log_prob = logits.double().log_softmax(-1).gather(-1, z[..., None])[..., 0]
        costs = torch.where(rank == k, -log_prob, costs)
    return costs


@torch.no_grad()
def likelihood_bound(
    denoiser: Denoiser,
    z: Tensor,
    draws: int = 16,
    generator: Generator | None = None,
    *,
    y: Tensor | None = None,
) -> Tensor:
    """Estimate for each sequence the bound of masked diffusion on -log p(z), nats.

        mean over draws of (length / m) · sum over hidden places of -log p(z_i | x),  m places hidden

    The numbers m are spread evenly over 1 … length. Right in the mean for any number of draws; the mean over
    sequences is at least their mean -log p, and equals it for an exact denoiser.

    Args:
        denoiser: called as denoiser(x, t), with its `mask`.
        z: sequences, (n, length).
        draws: states that each sequence is hidden in.
        generator: source of randomness, on z's device.
        y: labels, (n,).
    Returns:
        (n,) nats, in float64.
    Raises:
        ValueError: `draws` is below 1, or the denoiser declares no mask.

    >>> words = data.three_letter_words()
    >>> bound = likelihood_bound(words.law.denoiser, words.rows, draws=300)
    >>> bool((bound.mean() - 2.7726).abs() < 0.1)  # log 16
    True
    """
    if draws < 1:
        raise ValueError(f"draws = {draws}; give a positive number")

    def bound(rows: Tensor, labels: Tensor | None) -> Tensor:
        counts = torch.stack([spread_counts(draws, rows.shape[1], generator, z.device) for _ in rows], 1)
        total = torch.zeros(len(rows), dtype=torch.float64, device=z.device)
        for count in counts:  # one draw for each sequence
            x = hide_count(rows, count[:, None], mask_of(denoiser), generator)
            t = 1 - count[:, None] / rows.shape[1]
            total += hidden_cost(denoiser, rows, x, t, labels).double().sum(1) * rows.shape[1] / count
        return total / draws

    labels = [None] * len(z.split(ROWS)) if y is None else y.split(ROWS)
    return concat_chunks(len(z), (bound(*part) for part in zip(z.split(ROWS), labels, strict=True)))
