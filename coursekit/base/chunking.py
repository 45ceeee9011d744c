"""Large batches in chunks that fit the cache: memory does not grow with the batch."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from torch import Tensor

from .times import Time, as_time

CHUNK_SIZE = 2**18  # numbers in the largest block: 2 MB


def chunked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Evaluate a method on a chunk of the states at a time: memory then does not grow with the batch."""

    @wraps(function)
    def in_chunks(self: Any, x: Tensor, t: Time) -> Any:
        height = max(1, CHUNK_SIZE // self.width)
        if len(x) <= height:
            return function(self, x, t)
        blocks = zip(x.split(height), as_time(t, x).split(height), strict=True)
        return concat_chunks(len(x), (function(self, *block) for block in blocks))

    return in_chunks


def concat_chunks(n: int, parts: Iterable[Any]) -> Any:
    """Parts of n rows, each a tensor or several, put together.

    Each goes to its place at once: small results that are kept between large temporary ones would keep the
    memory of these from being used again.

    >>> concat_chunks(4, (torch.full((2,), k) for k in (1, 2)))
    tensor([1, 1, 2, 2])
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
