"""The idx format of MNIST's files: a header of sizes, then the values, one byte each."""

import math
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

BLOCK = 1000  # items read at a time


def shape(file: BinaryIO, axes: int, limit: int | None = None) -> tuple[int, ...]:
    """Read the header: how many items there are, or of these the first `limit`, and the size of each.

    Two zero bytes, the type of the values (8: one byte each, without sign), the number of axes, and for
    each axis its length in four bytes, the largest first (LeCun, Cortes & Burges, the MNIST database).

    Args:
        file: at its beginning, not compressed; afterwards at the first value.
        axes: how many axes there must be: 3 for images, 1 for labels.
        limit: how many items are wanted; all if None.
    Returns:
        (items, *size).
    Raises:
        ValueError: the file has another header, or `limit` asks for none or for more than there are.
    """
    head = file.read(4)
    lengths = file.read(4 * axes)
    if head != bytes([0, 0, 8, axes]) or len(lengths) < 4 * axes:
        raise ValueError(f"a file that begins with {head!r} is no idx file with {axes} axes; fetch it anew")
    items, *size = (int(length) for length in np.frombuffer(lengths, ">u4"))
    if limit is not None and not 1 <= limit <= items:
        raise ValueError(f"limit = {limit}; choose between 1 and the {items} that there are")
    return (items if limit is None else limit, *size)


def blocks(file: BinaryIO, shape: tuple[int, ...]) -> Iterator[tuple[int, np.ndarray]]:
    """Read the values in blocks of items.

    Args:
        file: at the first value.
        shape: (items, *size), as many as are wanted.
    Yields:
        The first item's number and the block, (at most 1000, *size) of uint8.
    Raises:
        ValueError: the file ends early.
    """
    items, *size = shape
    each = math.prod(size)
    for start in range(0, items, BLOCK):
        count = min(BLOCK, items - start)
        values = bytearray(file.read(count * each))
        if len(values) < count * each:
            raise ValueError(f"the file ends before its {items} items; fetch it anew")
        yield start, np.frombuffer(values, np.uint8).reshape(count, *size)
