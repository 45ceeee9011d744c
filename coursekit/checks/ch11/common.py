"""What the exercises of chapter 11 measure with: a small language, its states, and draws at many places."""

import math
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...data import three_letter_words
from ..core.facts import Fact, margin

WORDS = three_letter_words()
"""Sixteen words of three letters, all of them equally likely."""
LANGUAGE, TOKENS, LENGTH, MASK = WORDS.rows, WORDS.tokens, WORDS.length, WORDS.mask


def every(states: int, length: int) -> Tensor:
    """All sequences of `length` states, (states ** length, length), the last place running fastest."""
    return torch.tensor(list(product(range(states), repeat=length)))


def code(x: Tensor, states: int) -> Tensor:
    """Number of each sequence (…, length) among all of them."""
    number = torch.zeros(x.shape[:-1], dtype=torch.int64)
    for place in x.unbind(-1):
        number = states * number + place
    return number


def law_of(rows: Tensor, tokens: int) -> Tensor:
    """Probability of each of all sequences, if rows (n, length) are equally likely."""
    count = torch.bincount(code(rows, tokens), minlength=tokens ** rows.shape[1])
    return count.double() / len(rows)


def posterior(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    """Shares of each token at each place among the rows that agree with what is shown: (…, length, mask).

    Uniform where no row agrees.
    """
    agrees = ((x[..., None, :] == rows) | (x[..., None, :] == mask)).all(dim=-1).double()
    shares = torch.einsum("...n,njs->...js", agrees, one_hot(rows, mask).double())
    total = agrees.sum(dim=-1)[..., None, None]
    return torch.where(total > 0, shares / total.clamp(min=1.0), torch.full_like(shares, 1 / mask))


def pick(p: Tensor) -> Tensor:
    """Draw a token from each row of weights (…, tokens)."""
    return torch.multinomial(p.reshape(-1, p.shape[-1]), 1).reshape(p.shape[:-1])


def together(happens: Tensor, what: str, rows_hint: str, places_hint: str) -> list[Fact]:
    """Facts about events (calls, rows, places), equally likely in all rows, that should be independent.

    Args:
        happens: 1.0 where the event is seen.
        what: the event, such as "places that move".
        rows_hint: for events that several rows of a call share.
        places_hint: for events that go together, or in turns, at the places of a row.
    """
    calls, rows, places = happens.shape
    p = happens.mean(dim=(0, 1))
    chance = (p * (1 - p)).clamp(min=1e-9)
    ratio = (happens.mean(dim=1).var(dim=0) * rows / chance).mean().clamp(max=9.0)
    counts = happens.sum(dim=2) - p.sum()
    whole = (counts.square().mean() / chance.sum()).clamp(max=9.0)
    if float((p * (1 - p)).max()) < 1e-3:  # it happens always or never, which other facts tell
        ratio = whole = torch.ones(())
    tol = margin(40) * math.sqrt(2 / (calls * places))
    near = 1.5 * tol * max(1.0, float(ratio))
    return [
        Fact(
            "rows share their draws",
            f"variance of the number of {what} in a batch, over that of coins",
            1.0,
            ratio,
            rows_hint,
            tol,
            near + 0.3 * (float(ratio) > 2),
        ),
        Fact(
            "places share their draws",
            f"variance of the number of {what} in a row, over that of coins",
            1.0,
            whole,
            places_hint,
            margin(40) * math.sqrt(2 / (calls * rows)) + 0.05,
            0.3,
        ),
    ]


def banded(name: str, what: str, shares: Tensor, low: Tensor, high: Tensor, slack: Tensor, hint: str) -> Fact:
    """Shares that may lie anywhere between `low` and `high`, give or take the chance `slack`.

    The distance from the middle is measured in units of the largest that is allowed; what is shown is the
    share that is farthest off.
    """
    low, high = low.expand_as(shares), high.expand_as(shares)
    middle, allowed = (low + high) / 2, (high - low) / 2 + slack
    away = ((shares - middle) / allowed).flatten()
    worst = int(away.abs().argmax())
    near, far = float(low.flatten()[worst]), float(high.flatten()[worst])
    wanted = f"{near:.3f}" if far - near < 5e-4 else f"{near:.3f} to {far:.3f}"
    size = float(away.abs().max())
    return Fact(
        name,
        what,
        torch.zeros_like(away),
        away,
        hint,
        1.0,
        1.5 + 0.15 * size,
        expected_text=wanted,
        measured_text=f"{float(shares.flatten()[worst]):.3f}",
    )


def standard_error(p: Tensor, n: Tensor | float) -> Tensor:
    """Of a share of `n` draws, each of which counts with probability p; never quite zero."""
    return (p * (1 - p) / n).clamp(min=1e-9).sqrt()


Chooser = Callable[[Tensor], Tensor]
"""What makes a token of weights (…, tokens)."""
