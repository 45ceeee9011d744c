"""Large batches in chunks that fit the cache: memory does not grow with the batch."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Protocol, TypeVar, overload

from torch import Tensor

from .times import Time, as_time

CHUNK_SIZE = 2**18  # numbers in the largest intermediate tensor: 2 MB in double precision


class _Wide(Protocol):
    @property
    def width(self) -> int:
        """Numbers that one state needs in the largest intermediate tensor."""
        ...


Owner = TypeVar("Owner", bound=_Wide)
Result = TypeVar("Result", Tensor, tuple[Tensor, Tensor])


def chunked(method: Callable[[Owner, Tensor, Time], Result]) -> Callable[[Owner, Tensor, Time], Result]:
    """Evaluate a method of states and times on one chunk of the states at a time.

    Args:
        method: called as method(self, x, t); `self.width` says how many numbers a state needs.
    Returns:
        The same method; its memory does not grow with the batch.
    """

    @wraps(method)
    def in_chunks(self: Owner, x: Tensor, t: Time) -> Result:
        height = max(1, CHUNK_SIZE // self.width)
        if len(x) <= height:
            return method(self, x, t)
        chunks = zip(x.split(height), as_time(t, x).split(height), strict=True)
        return concat_chunks(len(x), (method(self, *chunk) for chunk in chunks))

    return in_chunks


@overload
def concat_chunks(n: int, parts: Iterable[Tensor]) -> Tensor: ...
@overload
def concat_chunks(n: int, parts: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]: ...
def concat_chunks(
    n: int, parts: Iterable[Tensor] | Iterable[tuple[Tensor, Tensor]]
) -> Tensor | tuple[Tensor, Tensor]:
    """Concatenate parts of n rows in all, each a tensor or a pair of tensors.

    Each part is copied to its place at once: small results that are kept between large temporary tensors
    would keep the memory of these from being used again.

    >>> concat_chunks(4, (torch.full((2,), k) for k in (1, 2)))
    tensor([1, 1, 2, 2])
    """
    whole: list[Tensor] = []
    start, single = 0, True
    for part in parts:
        single = isinstance(part, Tensor)
        columns: tuple[Tensor, ...] = (part,) if isinstance(part, Tensor) else part
        if not whole:
            whole = [column.new_empty((n, *column.shape[1:])) for column in columns]
        end = start + len(columns[0])
        for to, column in zip(whole, columns, strict=True):
            to[start:end] = column
        start = end
    return whole[0] if single else (whole[0], whole[1])
