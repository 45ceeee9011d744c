"""Clips of a digit that moves straight and bounces off walls, with its exact positions."""

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ..base import ink_centre, resample
from .placed import CANVAS, NUMBERS, Part, _part

FRAMES = 8
"""Frames of a clip, unless another number is asked for."""
WALLS = (4.75, 10.25)
"""Between these the centre of the ink moves, in rows and in columns: then no ink leaves the canvas."""
SPEED = 1.4
"""Pixels a frame."""
DIRECTIONS = ("up left", "up right", "down left", "down right")
"""In which of the four ways a clip begins; a direction's label is its place here."""
NULL_MOVE = len(NUMBERS) + len(DIRECTIONS)
"""The condition that stands for "not told", in the place of a digit, of a direction, or of both."""
SIGNS = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
ANGLES = math.radians(20), math.radians(70)
"""Of the motion to the horizontal: none is so flat or so steep that its direction were in doubt."""


class Clips(NamedTuple):
    """Clips of moving digits, with what moves, whither, and where it is.

    >>> clips = data.moving_digits(3)
    >>> clips.frames.shape, clips.positions.shape, clips.conditions.shape
    (torch.Size([3, 8, 1, 16, 16]), torch.Size([3, 8, 2]), torch.Size([3, 2]))
    """

    frames: Tensor
    """(n, frames, 1, 16, 16), pixels in [-1, 1]: -1 is paper, 1 is ink."""
    labels: Tensor
    """(n,), the digit."""
    directions: Tensor
    """(n,), places in `DIRECTIONS`: how it begins."""
    positions: Tensor
    """(n, frames, 2), row and column of the centre of the ink, in pixels: exact."""
    velocities: Tensor
    """(n, frames, 2), pixels a frame, with which it leaves that frame: exact."""

    @property
    def conditions(self) -> Tensor:
        """(n, 2), what a generator of clips is told: see `clip_conditions`."""
        return clip_conditions(self.labels, self.directions)


def clip_conditions(labels: Tensor, directions: Tensor) -> Tensor:
    """Number digits and directions through, 0 … 9 and 10 … 13, as entries of one table of embeddings.

    Args:
        labels: digits, (n,).
        directions: places in `DIRECTIONS`, (n,).
    Returns:
        (n, 2). Put `NULL_MOVE` where one of them is not to be told.

    >>> data.clip_conditions(torch.tensor([7]), torch.tensor([1]))
    tensor([[ 7, 11]])
    """
    return torch.stack([labels, len(NUMBERS) + directions], dim=1)


def moving_digits(
    n: int, part: Part = "train", frames: int = FRAMES, generator: Generator | None = None
) -> Clips:
    """Make clips of one of scikit-learn's digits, which moves straight at constant speed and bounces off
    walls.

        position in frame k = fold( start + k v ),   |v| = 1.4 pixels a frame,
        fold: the triangle wave that reflects at the walls, 4.75 and 10.25

    The start is uniform between the walls, the direction one of four, its angle uniform. Reflections happen
    between frames, at their exact time, in each axis by itself: the component of the velocity changes its
    sign, and the speed stays. The digit is drawn by bilinear interpolation, so that the centre of its ink
    lies on the position to rounding. After the moving digits of Srivastava, Mansimov & Salakhutdinov 2015.

    Args:
        n: clips.
        part: the part of `digits()` that the handwriting is from; one writing throughout a clip.
        frames: frames of a clip, at least 1.
        generator: source of randomness; torch's own unless given.
    Returns:
        Frames, labels, directions, positions and velocities.
    Raises:
        ValueError: `n` or `frames` is below 1, or there is no such part.
        DataUnavailable: scikit-learn is not installed.

    >>> clips = data.moving_digits(5)
    >>> speed = clips.velocities.norm(dim=-1)
    >>> bool((speed - data.SPEED).abs().max() < 1e-6)
    True
    """
    known = _part(n, part)
    if frames < 1:
        raise ValueError(f"frames = {frames}; a clip has at least one")
    rows = torch.randint(len(known.labels), (n,), generator=generator)
    start = WALLS[0] + (WALLS[1] - WALLS[0]) * torch.rand(n, 2, generator=generator)
    directions = torch.randint(len(DIRECTIONS), (n,), generator=generator)
    angle = ANGLES[0] + (ANGLES[1] - ANGLES[0]) * torch.rand(n, generator=generator)
    velocity = SPEED * SIGNS[directions] * torch.stack([angle.sin(), angle.cos()], dim=1)
    positions, velocities = bounce(start, velocity, frames)
    return Clips(
        draw_clips(known.images[rows], positions), known.labels[rows], directions, positions, velocities
    )


def bounce(start: Tensor, velocity: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Follow points that move straight between walls and are reflected by them.

    Args:
        start: where they are in the first frame, (n, 2), between the `WALLS`.
        velocity: pixels a frame, (n, 2).
        frames: how many frames.
    Returns:
        Positions (n, frames, 2), and the velocities (n, frames, 2) with which they leave the frames.

    >>> positions, velocities = data.bounce(torch.tensor([[9.25, 7.0]]), torch.tensor([[1.0, 0.0]]), 4)
    >>> positions[0, :, 0].tolist(), velocities[0, :, 0].tolist()
    ([9.25, 10.25, 9.25, 8.25], [1.0, -1.0, -1.0, -1.0])
    """
    times = torch.arange(frames, dtype=start.dtype)[:, None]
    wide = WALLS[1] - WALLS[0]
    phase = (start[:, None] + velocity[:, None] * times - WALLS[0]) % (2 * wide)
    # On the way back from the far wall, or about to turn at one of them.
    turned = (phase > wide) | ((phase == wide) & (velocity[:, None] > 0))
    turned |= (phase == 0) & (velocity[:, None] < 0)
    return WALLS[0] + wide - (phase - wide).abs(), torch.where(turned, -1, 1) * velocity[:, None]


def draw_clips(images: Tensor, positions: Tensor) -> Tensor:
    """Draw digits along their tracks.

    Args:
        images: (n, 1, 8, 8), pixels in [-1, 1].
        positions: where the centre of the ink lies, (n, frames, 2).
    Returns:
        Frames, (n, frames, 1, 16, 16), pixels in [-1, 1].

    >>> images = data.digits().test.images[:2]
    >>> data.draw_clips(images, torch.full((2, 3, 2), 7.5)).shape
    torch.Size([2, 3, 1, 16, 16])
    """
    frames = positions.shape[1]
    ink = ((images[:, 0] + 1) / 2).repeat_interleave(frames, 0)
    drawn = resample(ink, CANVAS, ink_centre(ink), positions.flatten(0, 1))
    return (2 * drawn - 1).reshape(len(images), frames, 1, CANVAS, CANVAS)
