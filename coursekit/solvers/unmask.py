"""Reveal hidden places look by look: how a denoiser of masked sequences writes."""

from collections.abc import Callable, Iterator
from typing import Literal, get_args

import torch
from torch import Generator, Tensor

from ..base import Time
from .markov import draw_tokens

Order = Literal["random", "surest", "entropy", "left", "certain"]
"""The orders that have a name."""
ChooseOrder = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Chooses the places to reveal now, (batch, length) of bool: order(probabilities, hidden, count)."""

CERTAIN = 0.99
"""The probability from which on the order "certain" reveals a place without waiting."""


def unmask(
    denoiser: Callable[..., Tensor],
    x: Tensor,
    looks: int | None = None,
    order: Order | ChooseOrder = "random",
    temperature: float = 1.0,
    *,
    y: Tensor | None = None,
    mask: int | None = None,
    generator: Generator | None = None,
) -> Iterator[Tensor]:
    """Reveal the hidden places of `x` in some looks of a denoiser, and yield the state after each of them.

    A look is one call of the denoiser. Some hidden places are then drawn, independently of one another, from
    what it answers; what is shown stays as it is. After the last look nothing is hidden. One place a look in
    random order has exactly the law of the denoiser's any-order factorisation (Uria et al. 2014; Hoogeboom
    et al. 2022); several places a look ignore what they have to do with one another.

    | order | reveals first |
    |---|---|
    | "random" | any place: the only order here that keeps the law whatever the denoiser |
    | "surest" | where the token just drawn is likeliest (Chang et al. 2022; Nie et al. 2025): another law |
    | "entropy" | where the denoiser's distribution has the least entropy |
    | "left" | the leftmost |
    | "certain" | every place of which one token has 99 %, and another at random |

    Args:
        denoiser: gives logits (batch, length, tokens) of the clean tokens, called as denoiser(x, t), or as
            denoiser(x, t, y) with labels; t is the share of places that are shown, (batch, 1).
        x: states, (batch, length) of int64; what they show is kept: a prompt.
        looks: number of looks, which share the hidden places of each row evenly. None: as many as needed, at
            one place a look.
        order: a name, or called as order(probabilities, hidden, count), with the denoiser's probabilities
            (batch, length, tokens), what is hidden (batch, length) and how many places are due (batch,); it
            answers with the places to reveal, (batch, length) of bool.
        temperature: the logits are divided by it; below 1 likely tokens become likelier.
        y: labels, (batch,).
        mask: the index that marks a hidden place; that of the denoiser unless given.
        generator: source of randomness, on the states' device.
    Yields:
        States, (batch, length), one after each look.
    Raises:
        ValueError: `x` is no batch of whole numbers, there is no look, the order is unknown, the temperature
            is not positive, or no mark is known; while running: the denoiser answers with another
            shape, or an order of yours reveals nothing.

    >>> law = Sequences(torch.tensor([[0, 1, 0], [1, 0, 1]]))
    >>> states = list(unmask(law.denoiser, torch.full((4, 3), law.mask), looks=3))
    >>> [int((x == law.mask).sum()) for x in states]  # how many are still hidden
    [8, 4, 0]
    >>> law.log_prob(states[-1]).exp()  # one place a look: every row is a row of the law
    tensor([0.5000, 0.5000, 0.5000, 0.5000], dtype=torch.float64)
    """
    if x.dim() != 2 or x.dtype != torch.int64:
        raise ValueError(
            f"states have shape {tuple(x.shape)} and type {x.dtype}; give whole numbers (batch, length), "
            "such as torch.full((batch, length), mask)"
        )
    if looks is not None and looks < 1:
        raise ValueError(f"looks = {looks}; give at least one, or None for as many as needed")
    if not callable(order) and order not in get_args(Order):
        raise ValueError(f"order = '{order}'; give one of {', '.join(get_args(Order))}, or a function")
    if not temperature > 0:
        raise ValueError(
            f"temperature = {temperature}; it is positive, and near 0 the likeliest token is taken"
        )
    mark = _mask_of(denoiser) if mask is None else mask
    labels = () if y is None else (y,)
    return _looks(lambda x, t: denoiser(x, t, *labels) / temperature, x, looks, order, mark, generator)


def _mask_of(denoiser: object) -> int:
    for holder in (denoiser, getattr(denoiser, "net", None)):  # a guided network holds the one that knows
        mask = getattr(holder, "mask", None)
        if isinstance(mask, int):
            return mask
    raise ValueError(
        f"{type(denoiser).__name__} declares no mark of hidden places; give mask=, such as mask=5"
    )


def _looks(
    logits_at: Callable[[Tensor, Time], Tensor],
    x: Tensor,
    looks: int | None,
    order: Order | ChooseOrder,
    mask: int,
    generator: Generator | None,
) -> Iterator[Tensor]:
    at_start = (x == mask).sum(1)
    look = 0
    while look < looks if looks is not None else bool((x == mask).any()):
        look += 1
        hidden = x == mask
        left = hidden.sum(1)
        due = left.clamp(max=1) if looks is None else left - at_start * (looks - look) // looks
        if bool(hidden.any()) and (callable(order) or order == "certain" or bool((due > 0).any())):
            x = _look(logits_at, x, hidden, due.clamp(min=0), order, look == looks, generator)
        yield x


@torch.no_grad()
def _look(
    logits_at: Callable[[Tensor, Time], Tensor],
    x: Tensor,
    hidden: Tensor,
    due: Tensor,
    order: Order | ChooseOrder,
    last: bool,
    generator: Generator | None,
) -> Tensor:
    """One call of the denoiser, and what is revealed by it."""
    logits = logits_at(x, 1 - hidden.float().mean(1, keepdim=True))
    if logits.shape[:-1] != x.shape:
        raise ValueError(
            f"the denoiser returned shape {tuple(logits.shape)} for states {tuple(x.shape)}; it must return "
            "logits (batch, length, tokens)"
        )
    if last or order == "random":
        chosen = hidden if last else _first(_chance(x, generator), hidden, due)
    elif order == "surest":
        drawn = draw_tokens(logits[hidden], generator)
        sure = logits[hidden].double().softmax(-1).gather(1, drawn[:, None])[:, 0]
        score = torch.zeros(x.shape, dtype=torch.float64, device=x.device).masked_scatter(hidden, sure)
        chosen = _first(score, hidden, due, _chance(x, generator))
        return torch.where(chosen, x.masked_scatter(hidden, drawn), x)
    else:
        chosen = _choose(order, logits.double().softmax(-1), hidden, due, generator)
    new = x.clone()
    new[chosen] = draw_tokens(logits[chosen], generator)
    return new


def _choose(
    order: Order | ChooseOrder, p: Tensor, hidden: Tensor, due: Tensor, generator: Generator | None
) -> Tensor:
    """Places that an order reveals, (batch, length) of bool."""
    if callable(order):
        chosen = order(p, hidden, due)
        if chosen.shape != hidden.shape or chosen.dtype != torch.bool:
            raise ValueError(
                f"the order answered with shape {tuple(chosen.shape)} and type {chosen.dtype}; it must say "
                f"for each place whether to reveal it, {tuple(hidden.shape)} of bool"
            )
        chosen = chosen & hidden
        if not bool(chosen.any()) and bool((due > 0).any()):
            raise ValueError("the order reveals none of the hidden places; let it choose at least one")
        return chosen
    if order == "certain":
        one = _first(_chance(hidden, generator), hidden, hidden.sum(1).clamp(max=1))
        return one | ((p.amax(-1) >= CERTAIN) & hidden)
    if order == "entropy":
        score = torch.xlogy(p, p).sum(-1)
    else:  # the leftmost
        score = -torch.arange(hidden.shape[1], device=p.device).expand(hidden.shape).double()
    return _first(score, hidden, due, _chance(hidden, generator))


def _chance(x: Tensor, generator: Generator | None) -> Tensor:
    return torch.rand(x.shape, generator=generator, dtype=torch.float64, device=x.device)


def _first(score: Tensor, hidden: Tensor, count: Tensor, ties: Tensor | None = None) -> Tensor:
    """The `count` hidden places of each row whose score is highest; `ties` decide where scores are equal."""
    score = score.masked_fill(~hidden, -torch.inf)
    if ties is None:
        place = score.argsort(1, descending=True)
    else:
        shuffled = ties.argsort(1)
        place = shuffled.gather(1, score.gather(1, shuffled).argsort(dim=1, descending=True, stable=True))
    rank = place.argsort(1)
    return (rank < count[:, None]) & hidden
