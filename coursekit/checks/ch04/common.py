"""Networks and losses that keep a record of how an answer uses them, and words for several mistakes."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..core.faults import Fault, described


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


def matching_loss(net: Callable[..., Tensor], z: Tensor) -> Tensor:
    """Conditional flow-matching loss on the straight line, in the dtype of `z`."""
    t, eps = torch.rand(len(z), 1, dtype=z.dtype), torch.randn_like(z)
    return (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()
