"""Fields to measure answers with: flows known exactly, and a record of every call."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...base import Time
from ..core.faults import Fault, described

Rule = Callable[[Tensor, Tensor], Tensor]
"""A field as states (rows, dim), times (rows, 1) -> velocities (rows, dim)."""


@dataclass(frozen=True)
class Call:
    """One evaluation of a field: where, when (the mean time of the rows), and what came out."""

    x: Tensor
    t: float
    u: Tensor

    @property
    def rows(self) -> int:
        """States that were asked about in this call."""
        return self.x.shape[0] if self.x.dim() > 1 else 1


class RecordingField:
    """A field that keeps a record of how it is called.

    Args:
        rule: the field's values.
        dim: length of one state.
        name: what the exercise calls it, for messages.
    """

    second: ClassVar[str] = "the time second: a number, or a tensor of shape ({rows}, 1)"
    """What its second argument is, for messages."""

    def __init__(self, rule: Rule, dim: int = 2, name: str = "field") -> None:
        self.rule, self.dim, self.name = rule, dim, name
        self.calls: list[Call] = []

    def __call__(self, x: Tensor, t: Time, *more: object) -> Tensor:
        """Velocity at states `x` (rows, dim) or (dim,) and time `t`, a number or one time per row."""
        if more:
            raise Fault(
                "field misused",
                f"Your function calls `field` with {2 + len(more)} arguments. A field takes two: the states "
                "and the time.",
            )
        if not isinstance(x, Tensor) or x.dim() == 0 or x.shape[-1] != self.dim:
            raise Fault(
                "field misused",
                f"Your function calls `{self.name}` with {described(x)} as its first argument. It takes "
                f"states of shape (batch, {self.dim}) first and a time second.",
            )
        rows = x.reshape(-1, self.dim)
        u = self.rule(rows, self._times(t, rows)).reshape(x.shape)
        when = float(t.detach().double().mean()) if isinstance(t, Tensor) else float(t)
        self.calls.append(Call(x.detach().clone(), when, u.detach().clone()))
        return u

    def _times(self, t: Time, rows: Tensor) -> Tensor:
        if isinstance(t, int | float):
            return rows.new_full((len(rows), 1), float(t))
        if isinstance(t, Tensor) and t.numel() in (1, len(rows)):
            return t.to(rows).reshape(-1, 1).expand(len(rows), 1)
        raise Fault(
            "field misused",
            f"Your function calls `{self.name}` with {described(t)} as its second argument. It takes the "
            f"states first and {self.second.format(rows=len(rows))}.",
        )

    def times(self) -> Tensor:
        """Times of all calls, in order."""
        return torch.tensor([call.t for call in self.calls], dtype=torch.float64)

    def evaluations(self, batch: int) -> float:
        """Calls, counted so that rows stacked into a larger batch or handed over singly cost the same."""
        return sum(call.rows for call in self.calls) / batch

    def spare(self, batch: int, enough: int) -> Iterator[str]:
        """Remark on a right step of `batch` states that asks more often than it has to."""
        asked = self.evaluations(batch)
        if asked > enough:
            yield f"Field evaluations: {asked:g}, where {enough} {'is' if enough == 1 else 'are'} enough."


@dataclass(frozen=True)
class Scored:
    """A score to hand to an answer, which says what is wrong with a call in a student's words.

    Args:
        score: the true one, of states (rows, dim).
        dim: length of one state.
    """

    score: Callable[[Tensor], Tensor]
    dim: int

    def __call__(self, x: Tensor, *more: object, **named: object) -> Tensor:
        """Score at states `x` (rows, dim)."""
        if more or named:
            raise Fault(
                "field misused",
                f"Your function calls `score` with {1 + len(more) + len(named)} arguments. This one takes "
                "only the states: the density does not change with time.",
            )
        if not isinstance(x, Tensor) or x.dim() == 0 or x.shape[-1] != self.dim:
            raise Fault(
                "field misused",
                f"Your function calls `score` with {described(x)}. It takes only the states, of shape "
                f"(batch, {self.dim}).",
            )
        return self.score(x)


RecordingField.__name__ = RecordingField.__call__.__qualname__ = (
    "field"  # so that Python's own messages call it by that name
)


def steady(velocity: Tensor) -> Rule:
    """Field with one velocity (dim,) everywhere and always; its flow moves states by velocity · t."""

    def rule(x: Tensor, t: Tensor) -> Tensor:
        return velocity.to(x).expand_as(x).clone()

    return rule


def ramp(x: Tensor, t: Tensor) -> Tensor:
    """Field 2t, the same at every state; its flow adds t² (at the end) − t² (at the start)."""
    return 2 * t * torch.ones_like(x)


def whirl(x: Tensor, t: Tensor) -> Tensor:
    """Turn round the origin, slower far out, faster with time: a nonlinear field in the plane.

        u_t(x) = (3 + 6 t) / (1 + |x|²) · (−x₂, x₁)

    The distance to the origin never changes and the angle grows by (3 t + 3 t²) / (1 + |x|²).
    """
    speed = (3 + 6 * t) / (1 + x.square().sum(dim=1, keepdim=True))
    return speed * torch.stack([-x[:, 1], x[:, 0]], dim=1)


def whirl_flow(x0: Tensor, t: float) -> Tensor:
    """Where `whirl` carries the states `x0` (batch, 2) from time 0 to time `t`, exactly."""
    return turned(x0, (3 * t + 3 * t**2) / (1 + x0.square().sum(dim=1)))


def turned(x: Tensor, angle: Tensor) -> Tensor:
    """Turn states (batch, 2) by angles (batch,), anticlockwise."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], dim=1)


def gust(x: Tensor, t: Tensor, sense: float = 1.0) -> Tensor:
    """Turn round the origin, slower far out, with a sudden gust at half time: the field of exercise 1.10.

    u_t(x) = sense · (2 + 8 exp(−((t − ½) / 0.1)²)) / (1 + |x|²) · (−x₂, x₁)
    """
    speed = sense * (2 + 8 * torch.exp(-(((t - 0.5) / 0.1) ** 2))) / (1 + x.square().sum(dim=1, keepdim=True))
    return speed * torch.stack([-x[:, 1], x[:, 0]], dim=1)


def gust_flow(x0: Tensor, sense: float = 1.0) -> Tensor:
    """Where `gust` carries the states `x0` (batch, 2) from time 0 to time 1, exactly.

    The distance to the origin never changes; the speed's integral over [0, 1] is
    2 + 0.8 √π erf(5), the second part being that of the gust.
    """
    turn = 2 + 0.8 * math.sqrt(math.pi) * math.erf(5.0)
    return turned(x0, sense * turn / (1 + x0.square().sum(dim=1)))


def rms(difference: Tensor) -> float:
    """Root of the mean squared length of the rows."""
    return float(difference.detach().double().square().sum(dim=-1).mean().sqrt())
