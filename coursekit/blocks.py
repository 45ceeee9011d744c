"""Large batches in blocks that stay in the cache: memory does not grow with what is asked at once."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from torch import Tensor

from .times import Time, as_time

TILE = 2**18  # numbers in the largest block: 2 MB


def in_blocks(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Ask about as many states at a time as fit in a block: memory then does not grow with the batch."""

    @wraps(ask)
    def asked(self: Any, x: Tensor, t: Time) -> Any:
        height = max(1, TILE // self.width)
        if len(x) <= height:
            return ask(self, x, t)
        blocks = zip(x.split(height), as_time(t, x).split(height), strict=True)
        return gathered(len(x), (ask(self, *block) for block in blocks))

    return asked


def gathered(n: int, parts: Iterable[Any]) -> Any:
    """Parts of n rows, each a tensor or several, put together.

    Each goes to its place at once: small results that are kept between large temporary ones would keep the
    memory of these from being used again.
    """
    whole: list[Tensor] = []
    start, single = 0, True
    for part in parts:
        single = isinstance(part, Tensor)
        columns = (part,) if single else part
        if not whole:
            whole = [column.new_empty((n, *column.shape[1:])) for column in columns]
        end = start + len(columns[0])
        for to, column in zip(whole, columns, strict=True):
            to[start:end] = column
        start = end
    return whole[0] if single else tuple(whole)
