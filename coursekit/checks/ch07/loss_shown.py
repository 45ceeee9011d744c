"""What a loss shows to the network, and the noise in it."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..core.faults import Fault
from . import loss_words as words
from .common import Predictor, between

Answer = Callable[[Tensor, Tensor], Tensor]
"""Answers of a network, from the noise that is in its states and the indices that it is told."""


class Shown:
    """A network for the loss under test: what it was shown, and answers as the fact needs them."""

    def __init__(self, z: Tensor, alpha_bar: Tensor, answer: Answer) -> None:
        self.z, self.alpha_bar, self.answer = z, alpha_bar, answer
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.net = Predictor(self._rule, z.shape[1])

    def _eps(self, x: Tensor, z: Tensor, k: Tensor) -> Tensor:
        share = between(self.alpha_bar, k)
        return (x - share.sqrt() * z) / (1 - share).sqrt().clamp(min=1e-9)

    def _rule(self, x: Tensor, k: Tensor) -> Tensor:
        self.seen.append((x.detach().double(), k.detach().double()))
        rows = sum(len(x) for x, _ in self.seen)
        z = self.z[rows - len(x) : rows]
        if z.shape != x.shape:
            return 0.0 * x
        return self.answer(self._eps(x.double(), z, k), k).to(x)

    def rows(self) -> tuple[Tensor, Tensor, Tensor]:
        """States, indices and the noise that lies between state and data point."""
        if not self.seen:
            raise Fault("net not asked", words.NOT_ASKED)
        x, k = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
        if len(x) != len(self.z):
            raise Fault("net misused", words.OTHER_ROWS.format(len(x), len(self.z)))
        return x, k, self._eps(x, self.z, k)
