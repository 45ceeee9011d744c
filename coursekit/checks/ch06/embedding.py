"""Exercise 6.4: Fourier embedding of time."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

SIZES = ((6, 6), (5, 3))
"""Times and frequencies; as many of both first, so that swapped axes show."""


def _fourier_embedding(t: Tensor, frequencies: Tensor) -> Tensor:
    angle = math.pi * t * frequencies
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def _both(angle: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Sine and cosine of another angle."""
    return lambda t, f: torch.cat([angle(t, f).sin(), angle(t, f).cos()], dim=-1)


def _waves(t: Tensor, f: Tensor, *kinds: Callable[[Tensor], Tensor], dim: int = -1) -> Tensor:
    return torch.cat([kind(math.pi * t * f) for kind in kinds], dim=dim)


MISTAKES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = {
    "sines only": (
        lambda t, f: _waves(t, f, torch.sin),
        "You return the sines alone. At the crest of a wave a sine hardly changes, and it takes equal values "
        "on both sides of it; the cosine tells them apart. Put both kinds side by side.",
    ),
    "sines twice": (
        lambda t, f: _waves(t, f, torch.sin, torch.sin),
        "Both halves of your embedding are sines, so the second says nothing new. Which other wave is "
        "steepest where the sine is flat?",
    ),
    "cosines twice": (
        lambda t, f: _waves(t, f, torch.cos, torch.cos),
        "Both halves of your embedding are cosines, so the second says nothing new. Which other wave is "
        "steepest where the cosine is flat?",
    ),
    "pi forgotten": (
        _both(lambda t, f: t * f),
        "Your waves are too slow by the same factor: frequency one should go through half a turn between "
        "noise and data. How many radians are half a turn?",
    ),
    "two pi for pi": (
        _both(lambda t, f: 2 * math.pi * t * f),
        "Your waves are twice as fast as asked for. With whole turns, noise and data look the same to the "
        "network: time 0 and time 1 get equal rows. Half a turn keeps them apart.",
    ),
    "frequency added": (
        _both(lambda t, f: math.pi * (t + f)),
        "You add the frequency to the time. That shifts every wave and leaves them all equally fast. What "
        "makes a wave faster?",
    ),
    "frequency divides": (
        _both(lambda t, f: math.pi * t / f),
        "You divide by the frequency, so the largest one gives the slowest wave. That number is a "
        "wavelength; a frequency counts half turns per unit of time.",
    ),
    "time as a whole number": (
        _both(lambda t, f: math.pi * t.long() * f),
        "You turn the time into a whole number, as if it were a label, so all times before 1 are the same. "
        "Time is a decimal number: keep it.",
    ),
    "one time for the whole batch": (
        _both(lambda t, f: math.pi * t[:1].expand_as(t) * f),
        "All rows show the first of the times. Each row of `t` is the time of its own state; multiply the "
        "whole column.",
    ),
    "mean time for the whole batch": (
        _both(lambda t, f: math.pi * t.mean().expand_as(t) * f),
        "All rows show the mean of the times. Each row of `t` is the time of its own state; multiply the "
        "whole column.",
    ),
    "stacked below one another": (
        lambda t, f: _waves(t, f, torch.sin, torch.cos, dim=0),
        "You put the cosines below the sines, as if they belonged to other states. They are more numbers "
        "about the same times: join them along the last axis.",
    ),
    "axes swapped": (
        lambda t, f: torch.cat([(math.pi * t * f).sin().T, (math.pi * t * f).cos().T], dim=-1),
        "Rows and columns have changed places: a row should hold all waves at one time. Which of the two "
        "tensors is a column, and is it still one where you multiply?",
    ),
    "bare angles": (
        lambda t, f: torch.cat([math.pi * t * f, math.pi * t * f], dim=-1),
        "You return the angles themselves, which grow without bound for fast waves. Where are the waves?",
    ),
}
LOOK_WAVES = (
    "The numbers are not the waves asked for. Take one time and one frequency, work out the angle by hand, "
    "then its sine and cosine, and compare with a row of yours."
)


def _aligned(came: Tensor, wanted: Tensor) -> tuple[Tensor, bool]:
    """Put the columns of `came` in the order of `wanted`, if they are the same columns in another order."""
    gaps = (came[:, :, None] - wanted[:, None, :]).abs().amax(dim=0)
    order = gaps.argmin(dim=0)
    same = len(order.unique()) == len(order) and float(gaps.amin(dim=0).max()) < 1e-3
    return (came[:, order] if same else came), same and not torch.equal(order, torch.arange(len(order)))


@exercise(
    "6.4", "Fourier embedding of time", "core", "t, frequencies", _fourier_embedding, MISTAKES, double=True
)
def fourier_embedding(student: StudentFunction) -> Iterator[Fact | str]:
    """Waves at several times and frequencies, in any order of the columns."""
    moved = False
    for batch, k in SIZES:
        t = (torch.rand(batch, 1, dtype=torch.float64) + torch.arange(batch)[:, None]) / batch
        frequencies = 1.7 ** torch.arange(k, dtype=torch.float64) + 0.2
        came = student(t, frequencies, shape=(batch, 2 * k)).double()
        wanted = _fourier_embedding(t, frequencies)
        came, other = _aligned(came, wanted)
        moved = moved or other
        yield Fact("wrong waves", f"waves at {batch} times, {k} frequencies", wanted, came, LOOK_WAVES)
    if moved:
        yield (
            "Your columns come in another order than sines first, then cosines. A network does not mind, as "
            "long as the order is always the same."
        )
