"""Exercise 10.3: clips into tubes, and back."""

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
    ((2, 4, 3, 4, 6), 2, 2),
    ((1, 6, 1, 4, 4), 3, 2),
    ((3, 2, 2, 3, 3), 1, 3),
    ((2, 3, 2, 2, 4), 3, 1),
    ((1, 8, 1, 8, 16), 2, 8),
)
"""Shapes of clips, frames of a tube, and the side of its patches."""
ORDER = (0, 1, 4, 6, 2, 3, 5, 7)
"""Of (batch, tubes in time, frames, channels, rows of patches, rows, columns of patches, columns)."""
Cut = Callable[[Tensor, int, int], Tensor]
Join = Callable[[Tensor, int, int, Shape], Tensor]


def _sizes(shape: Shape, span: int, patch: int) -> list[int]:
    batch, frames, channels, height, width = shape
    return [batch, frames // span, span, channels, height // patch, patch, width // patch, patch]


def _cut(x: Tensor, span: int, patch: int, order: Shape = ORDER) -> Tensor:
    numbers = span * x.shape[2] * patch**2
    return x.reshape(_sizes(tuple(x.shape), span, patch)).permute(order).reshape(len(x), -1, numbers)


def _join(x: Tensor, span: int, patch: int, shape: Shape, order: Shape = ORDER) -> Tensor:
    sizes = _sizes(shape, span, patch)
    inverse = sorted(range(8), key=order.__getitem__)
    return x.reshape([sizes[axis] for axis in order]).permute(inverse).reshape(shape)


def _rule(cut: Cut = _cut, join: Join = _join) -> Callable[..., Tensor]:
    """Both directions, one or both of them changed."""

    def rule(x: Tensor, span: int, patch: int, shape: Shape | None = None) -> Tensor:
        return cut(x, span, patch) if shape is None else join(x, span, patch, tuple(shape))

    return rule


def _both(*order: int) -> Callable[..., Tensor]:
    return _rule(lambda x, s, p: _cut(x, s, p, order), lambda x, s, p, shape: _join(x, s, p, shape, order))


def _back(*order: int) -> Callable[..., Tensor]:
    return _rule(join=lambda x, s, p, shape: _join(x, s, p, shape, order))


def _strided(x: Tensor, span: int, patch: int) -> Tensor:
    batch, frames, *rest = x.shape
    return _cut(
        x.unflatten(1, (span, frames // span)).transpose(1, 2).reshape(batch, frames, *rest), span, patch
    )


def _pixels_strided(x: Tensor, span: int, patch: int) -> Tensor:
    b, f, c, h, w = x.shape
    cells = x.reshape(b, f // span, span, c, patch, h // patch, patch, w // patch)
    return cells.permute(0, 1, 5, 7, 2, 3, 4, 6).reshape(b, -1, span * c * patch**2)


def _frames_apart(x: Tensor, span: int, patch: int) -> Tensor:
    """Tokens of one frame each, which is what `span` = 1 asks for."""
    return _cut(x, 1, patch)


BACK = "The cut is right. On the way back "
MISTAKES: dict[str, Mistake] = {
    "reshaped only": (
        _rule(
            lambda x, s, p: x.reshape(len(x), -1, s * x.shape[2] * p**2),
            lambda x, s, p, shape: x.reshape(shape),
        ),
        "You reshape, and nothing else. A reshape keeps the numbers in the order of memory, and those of a "
        "tube lie far apart there: in several frames, and in several rows. Which axes have to change "
        "places?",
    ),
    "frames as tokens of their own": (
        _rule(_frames_apart, lambda x, s, p, shape: _join(x, 1, p, shape)),
        "Each of your tokens is a patch of one frame: `span` makes no difference to them. A tube goes "
        "through `span` frames.",
    ),
    "first frame of a tube only": (
        _rule(lambda x, s, p: _cut(x[:, ::s], 1, p)),
        "Your tokens hold one frame of each tube. All of its frames belong into the token, one after the "
        "other.",
    ),
    "mean over the frames of a tube": (
        _rule(lambda x, s, p: _cut(x.unflatten(1, (-1, s)).mean(dim=2), 1, p)),
        "You average the frames of a tube, so that motion within it is lost. Its frames stand in the token "
        "one after the other.",
    ),
    "every so many-th frame": (
        _rule(
            _strided,
            lambda x, s, p, shape: _join(x, s, p, shape).unflatten(1, (-1, s)).transpose(1, 2).reshape(shape),
        ),
        "Your tubes hold frames that lie apart, such as the first and the third. Where an axis is split in "
        "two, the outer part comes first: which tube a frame is in, and only then which of its frames it "
        "is.",
    ),
    "every so many-th pixel": (
        _rule(_pixels_strided),
        "Your tokens hold every so many-th pixel and not a block. The outer part of a split axis comes "
        "first: which patch, and only then where in the patch.",
    ),
    "places before time": (
        _both(0, 4, 6, 1, 2, 3, 5, 7),
        "Your tubes are right, and they come place by place: all times of the first place, then of the next. "
        "Time should come first: all places of the first frames, then those of the next.",
    ),
    "columns before rows": (
        _both(0, 1, 6, 4, 2, 3, 5, 7),
        "Your tubes are right, and within one time they come down the columns. They should be read like a "
        "page.",
    ),
    "patches transposed": (
        _both(0, 1, 4, 6, 2, 3, 7, 5),
        "Each patch in your tubes is turned over: its columns are read before its rows.",
    ),
    "channels before frames": (
        _both(0, 1, 4, 6, 3, 2, 5, 7),
        "Inside a token you read all frames of the first channel, then those of the next. The task wants "
        "frame by frame, and in each frame channel by channel.",
    ),
    "channels last": (
        _both(0, 1, 4, 6, 2, 5, 7, 3),
        "Inside a token you read the channels last: all channels of the first pixel, then of the next. One "
        "whole channel comes after the other.",
    ),
    "frames last": (
        _both(0, 1, 4, 6, 3, 5, 7, 2),
        "Inside a token you read the frames last: the first pixel through all frames, then the next. One "
        "whole frame comes after the other.",
    ),
    "channels named first": (
        _both(0, 3, 1, 4, 6, 2, 5, 7),
        "The channels stand before the tubes, so a token mixes places of one channel. A token is one tube "
        "with all its channels.",
    ),
    "time turned round": (
        _rule(lambda x, s, p: _cut(x.flip(1), s, p), lambda x, s, p, shape: _join(x, s, p, shape).flip(1)),
        "Your clips run backwards: the last frames come first. Time begins with the first frame: which "
        "line turns it round?",
    ),
    "numbers before tubes": (
        _rule(lambda x, s, p: _cut(x, s, p).transpose(1, 2)),
        "Your tokens run along the last axis: (batch, numbers of a tube, tubes). Which two axes have to "
        "change?",
    ),
    "time and place not joined": (
        _rule(lambda x, s, p: _cut(x, s, p).unflatten(1, (x.shape[1] // s, -1))),
        "Times and places are still two axes. Here the tokens of a clip stand in one row: join the two.",
    ),
    "all tokens in one row": (
        _rule(lambda x, s, p: _cut(x, s, p).flatten(1)),
        "You join all numbers of a clip into one row. Each tube should be a row of its own.",
    ),
    "clips joined": (
        _rule(lambda x, s, p: _cut(x, s, p).flatten(0, 1)),
        "The tokens of all clips stand in one row: the batch has lost its axis.",
    ),
    "one channel only": (
        _rule(lambda x, s, p: _cut(x[:, :, :1], s, p)),
        "Your tokens hold the first channel alone. A tube has all of its channels, one after the other.",
    ),
    "the way back is a reshape": (
        _rule(join=lambda x, s, p, shape: x.reshape(shape)),
        f"{BACK}you only reshape. You changed the order of axes when you cut; take each step back, the last "
        "one first.",
    ),
    "the way back puts places before time": (
        _back(0, 4, 6, 1, 2, 3, 5, 7),
        f"{BACK}you take the tubes as if they came place by place. They come time by time.",
    ),
    "the way back numbers tubes by columns": (
        _back(0, 1, 6, 4, 2, 3, 5, 7),
        f"{BACK}you put the tubes down column by column. They were read row by row.",
    ),
    "the way back turns patches over": (
        _back(0, 1, 4, 6, 2, 3, 7, 5),
        f"{BACK}each patch is transposed: its rows become columns.",
    ),
    "the way back swaps frames and channels": (
        _back(0, 1, 4, 6, 3, 2, 5, 7),
        f"{BACK}frames and channels inside a token have changed places.",
    ),
    "the way back repeats the permutation": (
        _rule(
            join=lambda x, s, p, shape: (
                x.reshape([_sizes(shape, s, p)[i] for i in ORDER]).permute(ORDER).reshape(shape)
            )
        ),
        f"{BACK}you permute the axes as on the way there. A permutation is undone by its inverse, which is "
        "another one: for each axis, ask where it has to go back to.",
    ),
    "the way back swaps height and width": (
        _rule(join=lambda x, s, p, shape: _join(x, s, p, (*shape[:3], shape[4], shape[3])).reshape(shape)),
        f"{BACK}height and width have changed places, which shows where a frame is not square.",
    ),
    "cut both ways": (
        _rule(join=lambda x, s, p, shape: _cut(x.reshape(shape), s, p).reshape(shape)),
        f"{BACK}you cut a second time. With `shape` given, `x` holds tubes already, and clips are wanted.",
    ),
}
WORDS = Words(
    "clips",
    "When the second clip is changed, the tubes of the first change too. Each clip is cut by itself, so the "
    "axis of the batch stays in front from beginning to end: which of your lines moves it or merges it?",
    "Clips whose frames are as high as they are wide you cut as you should, and others not. Height and width "
    "have a number of patches each, and which comes first in the shape matters: where in your lines do they "
    "change places, or does one stand for the other?",
    "Your tokens do not hold the pixels of one tube each. The check numbers the tubes of a clip, gives "
    "each pixel the number of its tube, and looks for tokens that hold one number only. Take a clip of 2 "
    "frames with 2 by 2 pixels, number all eight, and write its only tube of `span` 2 and `patch` 2 down.",
    "Each of your tokens is one tube, and the tubes come in another order. They should come time by time: "
    "all tubes of the first frames, read like a page, then all tubes of the next frames.",
    "Your tubes are right and in the right order. Inside a token the numbers are not: the task wants one "
    "frame after the other, in each frame one channel after the other, and in each of them row by row.",
    "The cut is right. On the way back the tubes do not land in their places: the check hands you tubes "
    "that hold their own number, and in the clip each block should hold one number only. Which axes make "
    "up the time, which the height, and do they stand next to each other before the last reshape?",
    "The cut is right, and with `shape` you should get the clips back, exactly. You do not. Undo your own "
    "steps one at a time, the last one first, and print the shape after each.",
)
HINT_OTHER = (
    "With clips {0}, tubes of {1} frames and patches of side {2} your function is not right, though it was "
    "with others. Which number of the first case is written into it? A tube may be one frame or all of "
    "them."
)


def _numbered(shape: Shape, span: int, patch: int) -> tuple[Tensor, Tensor]:
    """Number of its tube for each pixel of clips, and its place inside: frame, channel, row, column."""
    _, frames, channels, height, width = shape
    f, c = torch.arange(frames)[:, None, None, None], torch.arange(channels)[:, None, None]
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    tube = (f // span * (height // patch) + rows // patch) * (width // patch) + columns // patch
    inside = ((f % span * channels + c) * patch + rows % patch) * patch + columns % patch
    return tube.expand(shape).double(), inside.expand(shape).double()


@exercise("10.3", "Tubes, and back", "core", "x, span, patch, shape", _rule(), MISTAKES)
def tubes(student: StudentFunction) -> Iterator[Fact]:
    """Tubes, their order, the order inside; the way back; then clips of other shapes."""

    def square() -> bool:
        x = torch.randn(2, 4, 3, 4, 4)
        return torch.equal(student(x, 2, 2, None, shape=(2, 8, 24)), _cut(x, 2, 2))

    for shape, span, patch in SIZES:
        numbers = span * shape[2] * patch**2
        tokens = (shape[0], torch.Size(shape[1:]).numel() // numbers, numbers)
        other = "" if shape == SIZES[0][0] else HINT_OTHER.format(shape, span, patch)
        what = f", clips {shape}, tubes of {span} frames and side {patch}" if other else ""

        def cut(x: Tensor, span: int = span, patch: int = patch, tokens: Shape = tokens) -> Tensor:
            return student(x, span, patch, None, shape=tokens)

        def joined(x: Tensor, span: int = span, patch: int = patch, shape: Shape = shape) -> Tensor:
            return student(x, span, patch, shape, shape=shape)

        right = yield from of_cut(
            cut, joined, *_numbered(shape, span, patch), tokens, square, WORDS, what, other
        )
        if not right:
            return
    shape, tokens = (2, 2, 1, 4, 4), (2, 4, 8)
    yield from trained_through(student, torch.randn(shape).requires_grad_(), 2, 2, None, shape=tokens)
    yield from trained_through(student, torch.randn(tokens).requires_grad_(), 2, 2, shape, shape=shape)
