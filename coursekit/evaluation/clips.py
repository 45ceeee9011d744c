"""Metrics of clips of a moving digit: is it one digit throughout, which, and does it move as it should?"""

from dataclasses import asdict, dataclass

import torch
from torch import Generator, Tensor

from ..base import ink_centre
from ..data import SPEED, WALLS, Clips, bounce
from ..data.moving import SIGNS
from .classifiers.small import WindowClassifier, ink_of, window_classifier, windows_of
from .metrics import frechet_distance, frechet_floor

PHASES, SPEEDS = 64, 33
"""Starts and speeds of the motions that the search for the nearest one begins with, for each axis."""
REFINEMENTS = 7
"""Times that the grid around the best is halved."""


@dataclass(frozen=True)
class ClipScores:
    """How good clips are, in seven numbers; each has a fault of clips that it sees, and others that it does
    not.

    >>> scores: ClipScores
    """

    frame_agreement: float
    """Fraction of the frames that are read as the digit asked for. Blind to the order of the frames."""
    same_digit: float
    """Fraction of the clips in which all frames are read as one digit, whichever. Blind to the motion."""
    handwriting: float
    """Median change of the digit from frame to frame once it is centred, as a fraction of its ink: near 0 is
    one writing throughout."""
    residual: float
    """Median distance in pixels to the nearest motion that is straight at constant speed between walls."""
    legal: float
    """Fraction of the clips whose residual is below a quarter of a pixel."""
    direction: float
    """Fraction of the clips that begin in the direction asked for."""
    frechet: float
    """Fréchet distance of features of whole clips to those of real ones; compare with its floor."""


def track(frames: Tensor) -> Tensor:
    """Find the centre of the ink in each frame.

    Args:
        frames: (n, frames, 1, size, size), pixels in [-1, 1].
    Returns:
        (n, frames, 2), row and column in pixels.

    >>> clips = data.moving_digits(5, "test")
    >>> bool((track(clips.frames) - clips.positions).abs().max() < 0.3)
    True
    """
    return ink_centre(ink_of(frames))


def fit_motion(positions: Tensor) -> tuple[Tensor, Tensor]:
    """Find the motion nearest to a track, among all that are straight at constant speed and bounce off walls.

        residual = min over start s and velocity v of
            sqrt( mean over frames k and both axes of (position_k - fold(s + k v))^2 )

    The search is over a grid of starts and speeds for each axis, which is refined around its best point.

    Args:
        positions: (n, frames, 2), as of `track`, at least 4 frames: fewer can be fitted by any motion.
    Returns:
        Residuals (n,), root mean squares in pixels, and velocities (n, 2) at the start, pixels a frame.
    Raises:
        ValueError: there are fewer than 4 frames.

    >>> clips = data.moving_digits(5)
    >>> residual, velocity = fit_motion(clips.positions)
    >>> bool(residual.max() < 0.01)
    True
    """
    frames = positions.shape[1]
    if frames < 4:
        raise ValueError(f"{frames} frames; a motion can be told from 4 on")
    errors, velocities = zip(*(_fit_axis(positions[..., axis].double()) for axis in (0, 1)), strict=True)
    return ((errors[0] + errors[1]) / (2 * frames)).sqrt(), torch.stack(velocities, dim=1)


def _fit_axis(places: Tensor) -> tuple[Tensor, Tensor]:
    """Least sum of squares (n,) and velocity at the start (n,) for places along one axis, (n, frames).

    A phase from 0 to twice the width says where on the way to and fro the motion begins, a speed of at least
    0 how fast it goes on: all motions are among them.
    """
    frames, wide = places.shape[1], WALLS[1] - WALLS[0]
    phases = torch.arange(PHASES, dtype=places.dtype) / PHASES * 2 * wide
    speeds = torch.linspace(0, 1.15 * SPEED, SPEEDS, dtype=places.dtype)
    phase, speed = (axis.flatten() for axis in torch.meshgrid(phases, speeds, indexing="ij"))
    best = torch.cdist(places, _to_and_fro(phase, speed, frames)).argmin(1)
    phase, speed, steps = phase[best], speed[best], torch.linspace(-1, 1, 5, dtype=places.dtype)
    coarse_phase, coarse_speed = phases[1], speeds[1]
    for halving in range(REFINEMENTS):
        near_phase = (phase[:, None, None] + coarse_phase / 2**halving * steps[:, None]).expand(-1, 5, 5)
        near_speed = (speed[:, None, None] + coarse_speed / 2**halving * steps).expand(-1, 5, 5).abs()
        tried = _to_and_fro(near_phase.flatten(1), near_speed.flatten(1), frames)
        error, best = (tried - places[:, None]).square().sum(2).min(1)
        phase, speed = (near.flatten(1).gather(1, best[:, None])[:, 0] for near in (near_phase, near_speed))
    return error, torch.where(phase % (2 * wide) < wide, speed, -speed)


def _to_and_fro(phase: Tensor, speed: Tensor, frames: int) -> Tensor:
    """Places in each frame, (*shape, frames), of motions that begin at a phase."""
    start = WALLS[0] + phase.flatten()[:, None].expand(-1, 2)
    places = bounce(start, speed.flatten()[:, None].expand(-1, 2), frames)[0][..., 0]
    return places.reshape(*phase.shape, frames)


def clip_features(frames: Tensor, judge: WindowClassifier | None = None) -> Tensor:
    """Describe clips by what moves, averaged over the frames, and by where it is in each frame.

    Args:
        frames: (n, frames, 1, size, size), pixels in [-1, 1].
        judge: reads the digit; `window_classifier()` unless given.
    Returns:
        (n, 64 + 2 frames) float64: the mean of the judge's hidden units, and the track. Both parts are scaled
        to a like spread on real clips before they are compared (`frechet_of_clips`).

    >>> clip_features(data.moving_digits(3).frames).shape
    torch.Size([3, 80])
    """
    judge = judge or window_classifier()
    return torch.cat([judge.features(frames).mean(1), track(frames).double().flatten(1)], dim=1)


def _scale(real: Tensor, frames: int) -> Tensor:
    """One number for the hidden units, one for the track: rare units must not count a thousandfold."""
    parts = real.split([real.shape[1] - 2 * frames, 2 * frames], dim=1)
    return torch.cat([part.var(0).mean().sqrt().expand(part.shape[1]) for part in parts])


def frechet_of_clips(frames: Tensor, real: Tensor, judge: WindowClassifier | None = None) -> float:
    """Fréchet distance of clips to real ones, on `clip_features` scaled by the spread of the real ones.

    Args:
        frames: (n, frames, 1, size, size), pixels in [-1, 1].
        real: other clips, which the generator never saw; as many as `frames` for the floor below.
        judge: reads the digit; `window_classifier()` unless given.
    Returns:
        The squared distance, biased upwards in small samples: see `frechet_floor_of_clips`.

    >>> real, other = data.moving_digits(200, "test"), data.moving_digits(200)
    >>> frechet_of_clips(other.frames, real.frames) < 20
    True
    """
    features = clip_features(real, judge)
    scale = _scale(features, real.shape[1])
    return frechet_distance(clip_features(frames, judge) / scale, features / scale)


def frechet_floor_of_clips(
    pool: Tensor,
    real: Tensor,
    judge: WindowClassifier | None = None,
    draws: int = 20,
    generator: Generator | None = None,
) -> Tensor:
    """Fréchet distances of real clips to real clips: what a perfect generator would get.

    Args:
        pool: real clips to draw from, at least as many as `real`.
        real: the clips that generated ones are compared with.
        judge: reads the digit; `window_classifier()` unless given.
        draws: how many draws from the pool.
        generator: source of randomness.
    Returns:
        (draws,) distances: their mean is the floor, their spread the scale of chance differences.

    >>> pool, real = data.moving_digits(400).frames, data.moving_digits(200, "test").frames
    >>> bool(frechet_floor_of_clips(pool, real, draws=5).mean() < 20)
    True
    """
    features = clip_features(real, judge)
    scale = _scale(features, real.shape[1])
    return frechet_floor(clip_features(pool, judge) / scale, features / scale, draws, generator)


def score_clips(
    frames: Tensor,
    labels: Tensor,
    directions: Tensor,
    real: Clips,
    judge: WindowClassifier | None = None,
) -> ClipScores:
    """Measure clips that were asked for by digit and direction.

    Args:
        frames: (n, frames, 1, size, size), pixels in [-1, 1].
        labels: digits asked for, (n,).
        directions: directions asked for, (n,), places in `data.DIRECTIONS`.
        real: held-out real clips, to compare with as a distribution.
        judge: reads the digit; `window_classifier()` unless given.
    Returns:
        The seven scores. Those of real clips are their floors, or ceilings.

    >>> real = data.moving_digits(100, "test")
    >>> scores = score_clips(real.frames, real.labels, real.directions, real)
    >>> scores.frame_agreement > 0.9, scores.residual < 0.1, scores.frechet < 1e-6
    (True, True, True)
    """
    judge = judge or window_classifier()
    seen = judge.classify(frames)
    residual, velocity = fit_motion(track(frames))
    return ClipScores(
        frame_agreement=float((seen == labels[:, None]).double().mean()),
        same_digit=float((seen == seen[:, :1]).all(1).double().mean()),
        handwriting=float(handwriting(frames).median()),
        residual=float(residual.median()),
        legal=float((residual < 0.25).double().mean()),
        direction=float((velocity.sign() == SIGNS[directions]).all(1).double().mean()),
        frechet=frechet_of_clips(frames, real.frames, judge),
    )


def handwriting(frames: Tensor) -> Tensor:
    """Measure how much a clip's digit changes its form from frame to frame, wherever it is.

        mean over k of |w_{k+1} - w_k|^2 / mean over k of |w_k|^2,   w_k: window around the ink of frame k

    Args:
        frames: (n, frames, 1, size, size), pixels in [-1, 1], at least 2 frames.
    Returns:
        (n,): about 0.01 for one writing, which interpolation blurs a little differently in each frame, and
        0.2 if every frame is in another hand.

    >>> bool(handwriting(data.moving_digits(50).frames).median() < 0.05)
    True
    """
    windows = windows_of(ink_of(frames).flatten(0, 1)).reshape(*frames.shape[:2], -1)
    return windows.diff(dim=1).square().sum(2).mean(1) / windows.square().sum(2).mean(1).clamp_min(1e-6)


def as_rounded(scores: ClipScores, digits: int = 4) -> dict[str, float]:
    """The scores as a dictionary of rounded numbers, for a record.

    >>> as_rounded(ClipScores(1.0, 1.0, 0.016789, 0.03, 1.0, 0.98, 2.0))["handwriting"]
    0.0168
    """
    return {name: round(number, digits) for name, number in asdict(scores).items()}
