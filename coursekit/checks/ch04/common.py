"""Networks and losses that keep a record of how an answer uses them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..faults import Fault, described

Rule = Callable[[Tensor, Tensor], Tensor]
"""What a network answers: states (rows, dim), times (rows, 1) -> (rows, dim)."""


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

    Args:
        rule: its answers, before the offset.
        dim: number of coordinates.
    """

    def __init__(self, rule: Rule, dim: int) -> None:
        super().__init__()
        self.rule, self.dim = rule, dim
        self.offset = nn.Parameter(torch.zeros(dim, dtype=torch.float64))
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
        self.states.append(states)
        self.times.append(times)
        return self.rule(states, times) + self.offset


def matching_loss(net: Callable[..., Tensor], z: Tensor) -> Tensor:
    """Conditional flow-matching loss on the straight line, in the dtype of `z`."""
    t, eps = torch.rand(len(z), 1, dtype=z.dtype), torch.randn_like(z)
    return (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()
