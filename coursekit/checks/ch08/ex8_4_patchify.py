"""Exercise 8.4: images into patches, and back."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.layout import Shape, Words, of_cut
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through

SIZES = (
    ((2, 3, 8, 12), 4),
    ((3, 1, 6, 6), 2),
    ((1, 2, 4, 4), 4),
    ((2, 2, 9, 3), 3),
    ((2, 1, 2, 4), 1),
    ((1, 1, 16, 32), 8),
)
"""Shapes of images, and sides of patches: neither square nor of one channel first."""
ORDER = (0, 2, 4, 1, 3, 5)
"""Of (batch, channels, rows of patches, rows, columns of patches, columns), where what goes into a token."""


def _split(x: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = x.shape
    return x.reshape(batch, channels, height // patch, patch, width // patch, patch)


def _cut(x: Tensor, patch: int, order: Shape = ORDER) -> Tensor:
    """Patches of images, their axes in this order."""
    cells = _split(x, patch).permute(order)
    return cells.reshape(len(x), -1, x.shape[1] * patch**2)


def _joined(x: Tensor, patch: int, shape: Shape, order: Shape = ORDER) -> Tensor:
    """Images of patches, whose axes were put in this order."""
    sizes = _split(torch.empty(tuple(shape)), patch).shape
    inverse = sorted(range(6), key=order.__getitem__)
    return x.reshape([sizes[axis] for axis in order]).permute(inverse).reshape(tuple(shape))


def _rule(
    cut: Callable[..., Tensor] = _cut, joined: Callable[..., Tensor] = _joined
) -> Callable[..., Tensor]:
    """Both directions, one or both of them changed."""

    def rule(x: Tensor, patch: int, shape: Shape | None = None) -> Tensor:
        return cut(x, patch) if shape is None else joined(x, patch, shape)

    return rule


def _both(*order: int) -> Callable[..., Tensor]:
    return _rule(lambda x, p: _cut(x, p, order), lambda x, p, shape: _joined(x, p, shape, order))


def _back(*order: int) -> Callable[..., Tensor]:
    return _rule(joined=lambda x, p, shape: _joined(x, p, shape, order))


def _reshaped(x: Tensor, patch: int) -> Tensor:
    return x.reshape(len(x), -1, x.shape[1] * patch**2)


BACK = "The cut is right. On the way back "
MISTAKES: dict[str, Mistake] = {
    "reshaped only": (
        _rule(_reshaped, lambda x, p, shape: x.reshape(tuple(shape))),
        "You reshape, and nothing else. A reshape keeps the numbers in the order in which memory holds them, "
        "so your patches are stripes of a row of pixels. The rows of a patch lie apart in memory: which axes "
        "have to change places?",
    ),
    "patches column by column": (
        _both(0, 4, 2, 1, 3, 5),
        "Your patches are right, and they come in the wrong order: down the first column, then down the "
        "next. They should be read like a page, row by row.",
    ),
    "patches transposed": (
        _both(0, 2, 4, 1, 5, 3),
        "Each of your patches is turned over: its columns are read before its rows. Which of the two axes "
        "inside a patch comes last?",
    ),
    "channels last": (
        _both(0, 2, 4, 3, 5, 1),
        "Inside a token you read the channels last: all channels of the first pixel, then of the next. The "
        "task wants one whole channel after the other.",
    ),
    "blocks in reverse": (
        _rule(lambda x, p: _cut(x, p).flip(1)),
        "Your patches are right, and they come in reverse. The first one is at the top left of the image.",
    ),
    "numbers before patches": (
        _rule(lambda x, p: _cut(x, p).transpose(1, 2)),
        "Your tokens run along the last axis: you return (batch, numbers of a patch, patches), as "
        "`torch.nn.functional.unfold` does. Which two axes have to change places?",
    ),
    "patches that overlap": (
        _rule(lambda x, p: torch.nn.functional.unfold(x, p, stride=1).transpose(1, 2)),
        "Your patches overlap: a new one begins at every pixel. They should lie side by side, so the next "
        "one begins where the last one ended.",
    ),
    "one channel only": (
        _rule(lambda x, p: _cut(x[:, :1], p)),
        "Your tokens hold the first channel alone. A token is one place with all its channels, one after "
        "the other.",
    ),
    "all patches in one row": (
        _rule(lambda x, p: _cut(x, p).flatten(1)),
        "You join all patches of an image into one long row. Each of them should be a row of its own, on an "
        "axis between the batch and its numbers: stack them, do not join them.",
    ),
    "the diagonal only": (
        _rule(
            lambda x, p: torch.stack(
                [x[:, :, i : i + p, i : i + p].flatten(1) for i in range(0, x.shape[2], p)], 1
            )
        ),
        "You cut along the diagonal only: row and column of a patch go together in your loop. How many "
        "patches are there in all, and how many loops does that take?",
    ),
    "the way back with height and width swapped": (
        _rule(
            joined=lambda x, p, shape: _joined(x, p, (*shape[:2], shape[3], shape[2])).reshape(tuple(shape))
        ),
        f"{BACK}height and width have changed places, which shows where an image is not square. Which of "
        "the two numbers of patches belongs to the rows?",
    ),
    "channels before patches": (
        _both(0, 1, 2, 4, 3, 5),
        "The channels stand before the patches, so a token holds patches of one channel from several places. "
        "A token is one place with all its channels.",
    ),
    "rows of patches and rows inside mixed up": (
        _rule(
            lambda x, p: (
                x.reshape(len(x), x.shape[1], p, x.shape[2] // p, p, x.shape[3] // p)
                .permute(0, 3, 5, 1, 2, 4)
                .reshape(len(x), -1, x.shape[1] * p**2)
            )
        ),
        "Your tokens hold every so many-th pixel and not a block. Where an axis is split in two, the outer "
        "part comes first: which patch a pixel is in, and only then where in the patch.",
    ),
    "the way back is a reshape": (
        _rule(joined=lambda x, p, shape: x.reshape(tuple(shape))),
        f"{BACK}you only reshape. You changed the order of axes when you cut; take each step back, the last "
        "one first.",
    ),
    "the way back numbers patches by columns": (
        _back(0, 4, 2, 1, 3, 5),
        f"{BACK}you put the patches down column by column. They were read row by row.",
    ),
    "the way back turns patches over": (
        _back(0, 2, 4, 1, 5, 3),
        f"{BACK}each patch is transposed: its rows become columns. Follow one pixel by hand.",
    ),
    "the way back reads channels last": (
        _back(0, 2, 4, 3, 5, 1),
        f"{BACK}the channels are read last, and they come first in a token.",
    ),
    "the way back repeats the permutation": (
        _rule(
            joined=lambda x, p, shape: (
                x.reshape([_split(torch.empty(tuple(shape)), p).shape[i] for i in ORDER])
                .permute(ORDER)
                .reshape(tuple(shape))
            )
        ),
        f"{BACK}you permute the axes as on the way there. A permutation is undone by its inverse, which is "
        "another one: for each axis, ask where it has to go back to.",
    ),
    "cut both ways": (
        lambda x, p, shape: (
            _cut(x, p) if shape is None else _cut(x.reshape(tuple(shape)), p).reshape(tuple(shape))
        ),
        f"{BACK}you cut a second time. With `shape` given, `x` holds patches already, and images are wanted.",
    ),
}
HINT_BLOCKS = (
    "Your tokens do not hold the pixels of one block each. The check numbers the blocks of an image, gives "
    "each pixel the number of its block, and looks for tokens that hold one number only. Draw a 4 by 4 image "
    "with patches of side 2, number its pixels, and write the first token down."
)
HINT_MIXED = (
    "When the second image is changed, the patches of the first change too. Each image is cut by itself, so "
    "the axis of the batch stays in front from beginning to end: which of your lines moves it or merges it?"
)
HINT_SQUARE = (
    "Images that are as high as they are wide you cut as you should, and others not. Height and width have a "
    "number of patches each, and which comes first in the shape matters: where in your lines do they change "
    "places, or does one stand for the other?"
)
HINT_ORDER = (
    "Each of your tokens is one block, and the blocks come in another order. They should be read like a "
    "page: along the first row of blocks, then along the next."
)
HINT_INSIDE = (
    "Your blocks are right and in the right order. Inside a token the numbers are not: the task wants one "
    "channel after the other, and in each of them the rows of the block, from left to right."
)
HINT_BACK = (
    "The cut is right, and with `shape` you should get the images back, exactly. You do not. Undo your own "
    "steps one at a time, the last one first, and print the shape after each."
)
HINT_PLACES = (
    "The cut is right. On the way back the patches do not land in their places: the check hands you patches "
    "that hold their own number, and in the image each block should hold one number only, read like a page. "
    "Before the last reshape, two axes make up the height: which two, and do they stand next to each other?"
)
HINT_OTHER = (
    "With images {0} and patches of side {1} your function is not right, though it was with others. Which "
    "number of the first case is written into it? Height and width need not be equal, and a patch may be the "
    "whole image or one pixel."
)
WORDS = Words("images", HINT_MIXED, HINT_SQUARE, HINT_BLOCKS, HINT_ORDER, HINT_INSIDE, HINT_PLACES, HINT_BACK)


def _numbered(shape: Shape, patch: int) -> tuple[Tensor, Tensor]:
    """Number of its block for each pixel of images, and its place inside: channel, row, column."""
    _, channels, height, width = shape
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    block = rows // patch * (width // patch) + columns // patch
    place = (rows % patch) * patch + columns % patch
    inside = torch.arange(channels)[:, None, None] * patch**2 + place
    return block.expand(shape).double(), inside.expand(shape).double()


@exercise("8.4", "Into patches, and back", "core", "x, patch, shape", _rule(), MISTAKES)
def patchify(student: StudentFunction) -> Iterator[Fact]:
    """Blocks, their order, the order inside; the way back; then images of other shapes."""

    def square() -> bool:
        x = torch.randn(2, 3, 6, 6)
        return torch.equal(student(x, 3, None, shape=(2, 4, 27)), _cut(x, 3))

    for shape, patch in SIZES:
        batch, channels, height, width = shape
        tokens = (batch, height // patch * (width // patch), channels * patch**2)
        other = "" if shape == SIZES[0][0] else HINT_OTHER.format(shape, patch)
        what = f", images {shape} with patches of side {patch}"

        def cut(x: Tensor, patch: int = patch, tokens: Shape = tokens) -> Tensor:
            return student(x, patch, None, shape=tokens)

        def joined(x: Tensor, patch: int = patch, shape: Shape = shape) -> Tensor:
            return student(x, patch, shape, shape=shape)

        right = yield from of_cut(cut, joined, *_numbered(shape, patch), tokens, square, WORDS, what, other)
        if not right:
            return
    shape, tokens = (2, 1, 4, 4), (2, 4, 4)
    yield from trained_through(student, torch.randn(shape).requires_grad_(), 2, None, shape=tokens)
    yield from trained_through(student, torch.randn(tokens).requires_grad_(), 2, shape, shape=shape)
