"""Laws of token sequences that are known completely: a table of rows and their probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from ..base import Time

CHUNK_SIZE = 2**18  # comparisons of a state with a row that are made at once


@dataclass(frozen=True, eq=False)
class Sequences:
    """A law of sequences given by a table: every row that can occur, and how probable it is.

        p(z) = sum of weights over the rows that equal z

    Because the table is all there is, the posterior of hidden tokens is a sum over the rows that agree with
    what is shown: the discrete twin of a Gaussian mixture's closed form. The index `tokens`, one above the
    last token, marks a place as hidden.

    Args:
        rows: (n, length) integers from 0 to tokens - 1; rows may recur, their weights then add up.
        weights: (n,) not negative; they are divided by their sum. All alike unless given.
        tokens: size of the alphabet; unless given, one above the largest token.
    Raises:
        ValueError: the rows are no table of whole numbers, a token lies outside the alphabet, or the weights
            do not fit.

    >>> law = Sequences(torch.tensor([[0, 1], [1, 0], [1, 1]]))
    >>> round(law.entropy(), 4), law.tokens, law.length, law.mask
    (1.0986, 2, 2, 2)
    >>> law.posterior(torch.tensor([[1, 2]]))  # the second place is hidden: both tokens go with a first 1
    tensor([[[0.0000, 1.0000],
             [0.5000, 0.5000]]], dtype=torch.float64)
    """

    rows: Tensor
    weights: Tensor | None = None
    tokens: int = 0

    def __post_init__(self) -> None:
        rows = self.rows
        if rows.dim() != 2 or rows.numel() == 0 or rows.dtype != torch.int64:
            raise ValueError(
                f"rows have shape {tuple(rows.shape)} and type {rows.dtype}; give a table (n, length) of "
                "whole numbers, for example with .long()"
            )
        if not self.tokens:
            object.__setattr__(self, "tokens", int(rows.max()) + 1)
        if int(rows.min()) < 0 or int(rows.max()) >= self.tokens:
            raise ValueError(
                f"tokens run from {int(rows.min())} to {int(rows.max())}, but an alphabet of {self.tokens} "
                f"has 0 to {self.tokens - 1}; the index {self.tokens} is the mark of a hidden place"
            )
        weights = self.weights
        if weights is not None and (
            weights.shape != rows.shape[:1] or not bool((weights >= 0).all()) or not float(weights.sum()) > 0
        ):
            raise ValueError(
                f"weights have shape {tuple(weights.shape)} for {len(rows)} rows; give one for each row, at "
                "least 0, and not all of them 0"
            )

    @property
    def length(self) -> int:
        """Places of a sequence."""
        return self.rows.shape[1]

    @property
    def mask(self) -> int:
        """The index that marks a hidden place, one above the last token."""
        return self.tokens

    @cached_property
    def support(self) -> tuple[Tensor, Tensor]:
        """The sequences that can occur, each once, (k, length), and their probabilities, (k,) in float64."""
        weights = torch.ones(len(self.rows)) if self.weights is None else self.weights
        rows, which = self.rows.unique(dim=0, return_inverse=True)
        total = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        total.index_add_(0, which, weights.to(total))
        possible = total > 0
        return rows[possible], total[possible] / total.sum()

    @property
    def denoiser(self) -> "ExactDenoiser":
        """The perfect denoiser of this law; it is called like a network."""
        return ExactDenoiser(self)

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` sequences, (n, length) of int64."""
        rows, probability = self.support
        if self.weights is None:
            return self.rows[torch.randint(len(self.rows), (n,), generator=generator, device=rows.device)]
        # `multinomial` refuses to draw nothing at all.
        return rows[torch.multinomial(probability, max(n, 1), replacement=True, generator=generator)[:n]]

    def entropy(self) -> float:
        """Entropy in nats, - sum of p log p: what no code of these sequences can beat on average."""
        probability = self.support[1]
        return -float(torch.xlogy(probability, probability).sum())

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of sequences; where places are hidden, of agreeing with all that are shown.

        Args:
            x: (batch, length) integers from 0 to `mask`.
        Returns:
            (batch,) in float64, minus infinity for what cannot occur.
        Raises:
            ValueError: `x` is no batch of such sequences.

        >>> law = Sequences(torch.tensor([[0, 1], [1, 0], [1, 1], [1, 1]]))
        >>> law.log_prob(torch.tensor([[0, 0], [1, 1], [1, 2]])).exp()  # the last: a 1 in front
        tensor([0.0000, 0.5000, 0.7500], dtype=torch.float64)
        """
        self._check(x)
        probability = self.support[1]
        found = [(misses == 0).to(probability) @ probability for misses, _ in self._compared(x)]
        return torch.cat(found).log() if found else probability.new_empty(0)

    def posterior(self, x: Tensor, slip: float | Tensor = 0.0) -> Tensor:
        """Probability of each clean token at each place, given the places of `x` that are shown.

            p(z_j = y | x) = sum of w over rows with z_j = y, divided by the sum over all rows,
            w = p(z) slip^(places at which z and x disagree)

        With slip = 0 only rows that agree with all that is shown count: masking never lies. A source of
        random tokens does, and there a row that disagrees is less probable, not impossible. No row agrees
        with an impossible state; then those that agree at the most places answer.

        Args:
            x: states, (batch, length) integers from 0 to `mask`.
            slip: how probable a shown token is that is not the clean one, relative to the clean one itself:
                a number from 0 to 1, or one for each state, (batch,) or (batch, 1).
        Returns:
            (batch, length, tokens) in float64; each place sums to 1.
        Raises:
            ValueError: `x` is no batch of such states, or `slip` no such number.
        """
        self._check(x)
        slips = torch.as_tensor(slip, dtype=torch.float64, device=x.device).reshape(-1)
        if slips.numel() not in (1, len(x)) or not bool(((slips >= 0) & (slips <= 1)).all()):
            raise ValueError("slip is a relative probability: a number from 0 to 1, or one for each state")
        if slips.numel() == 1 and len(x) > 1:  # each different state once: early looks have few
            x, which = x.unique(dim=0, return_inverse=True)
            return self._posterior(x, slips.expand(len(x)))[which]
        return self._posterior(x, slips)

    def _posterior(self, x: Tensor, slips: Tensor) -> Tensor:
        rows, probability = self.support
        places = torch.arange(self.length, device=x.device) * self.tokens
        size, answer, start = self.length * self.tokens, [], 0
        for misses, n in self._compared(x):
            extra = misses - misses.amin(1, keepdim=True)
            here, start = slips[start : start + n], start + n
            if bool((here == 0).all()):
                state, row = (extra == 0).nonzero().unbind(1)
                weight = probability[row]
            else:
                state, row = torch.ones_like(extra, dtype=torch.bool).nonzero().unbind(1)
                weight = (probability * here[:, None] ** extra).flatten()
            cells = (state * size)[:, None] + places + rows[row]
            table = torch.bincount(cells.flatten(), weight.repeat_interleave(self.length), n * size)
            table = table.reshape(n, self.length, self.tokens)
            answer.append(table / table.sum(-1, keepdim=True))
        return torch.cat(answer) if answer else probability.new_empty(0, self.length, self.tokens)

    def _compared(self, x: Tensor) -> Iterator[tuple[Tensor, int]]:
        """Number of shown places at which states and rows disagree, (n, k) for n states at a time."""
        disagree = self._disagree
        for part in x.split(max(1, CHUNK_SIZE // disagree.shape[-1])):
            misses = disagree[0][part[:, 0]]
            for place in range(1, self.length):
                misses += disagree[place][part[:, place]]
            yield misses, len(part)

    @cached_property
    def _disagree(self) -> Tensor:
        """Whether a row of the support has another token at a place, (length, tokens + 1, k)."""
        tokens = torch.arange(self.tokens + 1, device=self.rows.device)
        other = self.support[0].T[:, None, :] != tokens[:, None]
        other[:, self.mask] = False
        return other.to(torch.uint8 if self.length < 256 else torch.int32)

    def _check(self, x: Tensor) -> None:
        if x.dim() != 2 or x.shape[1] != self.length or x.dtype != torch.int64:
            raise ValueError(
                f"states have shape {tuple(x.shape)} and type {x.dtype}; this law takes whole numbers "
                f"(batch, {self.length}), for example with .long()"
            )
        if x.numel() and (int(x.min()) < 0 or int(x.max()) > self.mask):
            raise ValueError(
                f"states run from {int(x.min())} to {int(x.max())}; tokens are 0 to {self.tokens - 1}, and "
                f"{self.mask} marks a hidden place"
            )


@dataclass(frozen=True, eq=False)
class ExactDenoiser:
    """The denoiser of a law that is known completely: what a perfect network answers.

    Args:
        law: the law of the clean sequences.

    >>> law = Sequences(torch.tensor([[0, 1], [1, 0], [1, 1]]))
    >>> law.denoiser(torch.tensor([[1, 2]]), 0.5).exp()[0, 1]
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """

    law: Sequences

    @property
    def tokens(self) -> int:
        """Size of the alphabet."""
        return self.law.tokens

    @property
    def length(self) -> int:
        """Places of a sequence."""
        return self.law.length

    @property
    def mask(self) -> int:
        """The index that marks a hidden place."""
        return self.law.mask

    def __call__(self, x: Tensor, t: Time = 0.0) -> Tensor:
        """Log-probabilities of the clean tokens at states `x` (batch, length): (batch, length, tokens).

        The time does not matter where the source is a mask. What is impossible has the logarithm of the
        smallest positive number, about -708, in place of minus infinity, so that two answers can be mixed.
        """
        return self.law.posterior(x).clamp_min(torch.finfo(torch.float64).tiny).log()
