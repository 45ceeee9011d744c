"""Networks and losses that keep a record of how an answer uses them, and words for several mistakes."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ..core.faults import Fault, described
from ..shared.mistakes import Function, Mistake

Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What a network answers: states (rows, dim), times (rows, 1), row numbers in the data -> (rows, dim)."""


def same_words(words: str, rules: Mapping[str, Function]) -> dict[str, Mistake]:
    """Known mistakes that are told alike: name -> (wrong rule, what to tell)."""
    return {name: (rule, words) for name, rule in rules.items()}


def column_of(t: object, x: Tensor, name: str = "net") -> Tensor:
    """Times as a column (rows, 1), from a number or one time per row; else a Fault in a student's words."""
    if isinstance(t, int | float) and not isinstance(t, bool):
        return x.new_full((len(x), 1), float(t))
    if isinstance(t, Tensor) and t.shape == x.shape and x.shape[1] > 1:
        raise Fault(
            "one time for each coordinate",
            "Your function draws a time for every coordinate of every state. All coordinates of a state live "
            "at the same time: a batch of times has the shape (batch, 1).",
        )
    if isinstance(t, Tensor) and t.numel() in (1, len(x)):
        return t.detach().to(x).reshape(-1, 1).expand(len(x), 1)
    raise Fault(
        "net misused",
        f"Your function calls `{name}` with {described(t)} as its second argument. It takes the states first "
        f"and the time second: a number, or a tensor of shape ({len(x)}, 1).",
    )


class Recorder(nn.Module):
    """A network with a rule for its answers, and with an offset to be differentiated, that keeps a record.

    A loss may show it the states in pieces, as long as they come in the order of the data.

    Args:
        rule: its answers, before the offset.
        n: number of data points.
        dim: number of coordinates.
    """

    def __init__(self, rule: Rule, n: int, dim: int) -> None:
        super().__init__()
        self.rule, self.n, self.dim = rule, n, dim
        self.offset = nn.Parameter(torch.zeros(dim, dtype=torch.float64))
        self.shown = 0
        self.pieces: list[tuple[Tensor, Tensor]] = []
        self.states: list[Tensor] = []
        self.times: list[Tensor] = []

    def forward(self, x: Tensor, t: Tensor | float, *more: object) -> Tensor:
        """Answer to states (rows, dim) and times, a number or one for each row."""
        if more or not isinstance(x, Tensor) or x.dim() != 2 or x.shape[1] != self.dim:
            given = f"{2 + len(more)} arguments" if more else f"{described(x)} as its first argument"
            raise Fault(
                "net misused",
                f"Your function calls `net` with {given}. It takes states of shape (batch, {self.dim}) "
                "first, a time second, and nothing else.",
            )
        states = x.detach().double()
        times = column_of(t, states)
        rows = (self.shown + torch.arange(len(x))) % self.n
        self.shown += len(x)
        self.pieces.append((states, times))
        return self.rule(states, times, rows) + self.offset

    def close(self) -> None:
        """End a call of the loss: keep its states and times, one row for each data point."""
        if not self.pieces:
            return
        states, times = (torch.cat(parts) for parts in zip(*self.pieces, strict=True))
        self.pieces, self.shown = [], 0
        if len(states) != self.n:
            raise Fault("other rows", OTHER_ROWS.format(len(states), self.n))
        self.states.append(states)
        self.times.append(times)


OTHER_ROWS = (
    "Your loss shows the network {0} states for {1} data points. Make one state for each row of `z`, with "
    "one time and one noise of its own."
)


def matching_loss(net: Callable[..., Tensor], z: Tensor) -> Tensor:
    """Conditional flow-matching loss on the straight line, in the dtype of `z`."""
    t, eps = torch.rand(len(z), 1, dtype=z.dtype), torch.randn_like(z)
    return (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()
