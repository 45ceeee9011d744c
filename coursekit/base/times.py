"""Time: the one place where a time gets its shape."""

import torch
from torch import Tensor

Time = float | Tensor
"""A number, or a tensor of shape (batch, 1, …, 1) with as many axes as the states it goes with."""


def time_shape(x: Tensor) -> tuple[int, ...]:
    """Shape of a time for each of the states `x` (batch, *event): (batch, 1, …, 1).

    Raises:
        ValueError: `x` has no event axis, or holds integers, which would truncate fractions.
    """
    if x.dim() < 2:
        raise ValueError(
            f"states have shape {tuple(x.shape)}, but a batch of states is (batch, *event); "
            "add the missing axis, for example with x[:, None]"
        )
    if not x.is_floating_point():
        raise ValueError(f"states are of type {x.dtype}; make them floating-point, such as x.float()")
    return (x.shape[0],) + (1,) * (x.dim() - 1)


def as_time(t: Time, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Shape a time so that it broadcasts against a batch of states.

    PyTorch aligns shapes from the right, so a (batch,) time times a (batch, dim) state is an error at
    best, and silently wrong when batch = dim. Every function of `coursekit` that takes a time calls
    this one first; behind it formulas broadcast plainly.

    Args:
        t: one time for the whole batch (a number or a tensor with a single element), or one for each
            state: (batch,) or (batch, 1, …, 1). 0 is noise, 1 is data.
        x: states, (batch, *event) with at least one event axis, floating-point unless `dtype` is given.
        dtype: floating-point type of the time, where the states are tokens; that of the states unless given.
    Returns:
        (batch, 1, …, 1), as many axes as `x`, with its dtype and device. A view where possible: do
        not write into it.
    Raises:
        ValueError: `x` has no event axis or holds integers and no `dtype` is given, or `t` has any other
            shape.

    >>> as_time(0.5, torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 1, 1, 1])
    """
    if dtype is not None:
        x = x.new_empty((), dtype=dtype).expand(x.shape)  # the states' shape and device, in that type
    column = time_shape(x)
    if not isinstance(t, Tensor):
        return x.new_tensor(float(t)).expand(column)
    if t.shape != column or t.dtype != x.dtype or t.device != x.device:
        t = _to_column(t.to(x), x, column)
    return t


def _to_column(t: Tensor, x: Tensor, column: tuple[int, ...]) -> Tensor:
    if t.numel() == 1:
        return t.reshape(()).expand(column)
    if t.shape in ((x.shape[0],), column):
        return t.reshape(column)
    raise ValueError(
        f"time has shape {tuple(t.shape)} against states of shape {tuple(x.shape)}; "
        f"give a float, ({x.shape[0]},) or {column}"
    )
