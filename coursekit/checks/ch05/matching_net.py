"""Networks to hand to a loss: what they are shown, and what they answer."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.faults import Fault
from ..shared.schedulers import bent
from ..shared.test_fields import RecordingField
from . import matching_words as words

N, DIM = 1500, 2


Net = Callable[[Tensor, Tensor, slice], Tensor]
"""What a network answers, of the right answers (rows, dim), their times (rows, 1) and their row numbers."""


@dataclass(frozen=True)
class Task:
    """One exercise: the network's right answer from (eps, beta), and the last time of training."""

    right: Callable[[Tensor, Tensor], Tensor]
    last: float
    close: float
    """Largest root of the loss of a network that is right, over that of a silent one."""
    told: bool
    """Whether the loss is told the last time as its last argument."""


class Shown:
    """A network for the answer under test: what it was shown, and answers as the fact needs them."""

    def __init__(self, z: Tensor, task: Task, answer: Net) -> None:
        self.z, self.task, self.answer = z, task, answer
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.spy = RecordingField(self._rule, DIM, "net")
        self.spy.__name__ = "net"  # type: ignore[attr-defined]

    def _rule(self, x: Tensor, t: Tensor) -> Tensor:
        self.seen.append((x.detach(), t.detach()))
        rows = sum(len(x) for x, _ in self.seen)
        at = slice(rows - len(x), rows)
        z = self.z[at]
        if z.shape != x.shape:
            return 0.0 * x
        alpha, beta, _, _ = bent(t)
        eps = (x - alpha * z) / beta.clamp(min=1e-9)
        return self.answer(self.task.right(eps, beta.clamp(min=1e-9)), t, at)

    def rows(self) -> tuple[Tensor, Tensor, Tensor]:
        """States, times and the noise that lies between state and data point."""
        if not self.seen:
            raise Fault("net not asked", words.NOT_ASKED)
        x, t = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
        if len(x) != len(self.z):
            raise Fault("net misused", words.OTHER_ROWS.format(len(x), len(self.z)))
        alpha, beta, _, _ = bent(t)
        return x, t, (x - alpha * self.z) / beta.clamp(min=1e-9)
