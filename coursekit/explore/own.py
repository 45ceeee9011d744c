"""A field of the reader's own: asked, and what is wrong with its answers told."""

import torch
from torch import Tensor

from ..base import Field


def evaluate_own(field: Field, x: Tensor, t: float) -> Tensor:
    """Answers of the reader's field at states `x` (batch, 2), in double precision.

    Raises:
        ValueError: it raised an error, or its answers are not one finite velocity for each state; in words
            for the reader.
    """
    try:
        with torch.no_grad():
            u = field(x.float(), torch.full((len(x), 1), t))
    except Exception as error:
        message = " ".join(str(error).split())[:160]
        raise ValueError(
            f"Your field raised {type(error).__name__}: {message or 'without a message'}."
        ) from None
    if not isinstance(u, Tensor):
        raise ValueError(f"Your field returned {type(u).__name__}; it should return a tensor like x.")
    if u.shape != x.shape:
        expected = tuple(x.shape)
        raise ValueError(
            f"Your field returned shape {tuple(u.shape)} for states {expected}; it should return that shape."
        )
    if not bool(u.isfinite().all()):
        raise ValueError(f"Your field returned numbers that are infinite or not a number at t = {t:.2f}.")
    return u.detach().cpu().double()
