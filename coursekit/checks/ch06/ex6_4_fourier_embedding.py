"""Exercise 6.4: Fourier embedding of time."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import alike, one_time_for_all

SIZES = ((6, 6), (5, 3), (1, 4), (4, 1))
"""Times and frequencies; as many of both first, so that swapped axes show."""
Wave = Callable[[Tensor], Tensor]


def _waves(
    *kinds: Wave, angle: Callable[[Tensor, Tensor], Tensor] = lambda t, f: math.pi * t * f, dim: int = -1
) -> Callable[[Tensor, Tensor], Tensor]:
    """Waves of some kinds, joined along an axis."""
    return lambda t, f: torch.cat([kind(angle(t, f)) for kind in kinds], dim=dim)


def _both(angle: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return _waves(torch.sin, torch.cos, angle=angle)


_reference = _waves(torch.sin, torch.cos)
MISTAKES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = {
    **one_time_for_all(_reference, 0),
    "sines only": (
        _waves(torch.sin),
        "You return the sines alone. At the crest of a wave a sine hardly changes, and it takes equal values "
        "on both sides of it; the cosine tells them apart. Put both kinds side by side.",
    ),
    **{
        f"{kind}s twice": (
            _waves(wave, wave),
            f"Both halves of your embedding are {kind}s, so the second says nothing new. Which other wave is "
            f"steepest where the {kind} is flat?",
        )
        for kind, wave in (("sine", torch.sin), ("cosine", torch.cos))
    },
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
    **alike(
        "Your hands start or turn the wrong way. At time 0 every tip is at (0, 1), straight up; a hand of "
        "frequency 1 points to the right, at (1, 0), at time one half.",
        {
            "turned against the clock": _waves(lambda angle: -torch.sin(angle), torch.cos),
            "started at the right": _waves(torch.cos, lambda angle: -torch.sin(angle)),
            "started at the bottom": _waves(torch.sin, lambda angle: -torch.cos(angle)),
        },
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
    "time turned round": (
        _both(lambda t, f: math.pi * (1 - t) * f),
        "Your waves run backwards: at time 0 you show what belongs to time 1. The network should see the "
        "time that it is given. What do you do to `t` before you multiply?",
    ),
    "stacked below one another": (
        _waves(torch.sin, torch.cos, dim=0),
        "You put the cosines below the sines, as if they belonged to other states. They are more numbers "
        "about the same times: join them along the last axis.",
    ),
    "axes swapped": (
        lambda t, f: torch.cat([(math.pi * t * f).sin().T, (math.pi * t * f).cos().T], dim=-1),
        "Rows and columns have changed places: a row should hold all waves at one time. Which of the two "
        "tensors is a column, and is it still one where you multiply?",
    ),
    "bare angles": (
        _waves(lambda angle: angle, lambda angle: angle),
        "You return the angles themselves, which grow without bound for fast waves. Where are the waves?",
    ),
}
HINT_WAVES = (
    "These are not the tips of the hands. Take one time and one frequency, work out by hand through which "
    "angle the hand has turned and where its tip is, and compare with a row of yours."
)
HINT_FREQUENCIES = (
    "Your waves are the same for two different sets of frequencies. How fast each wave is, is handed over "
    "in `frequencies`: where do your lines use its numbers, and not its length alone?"
)


def _aligned(came: Tensor, wanted: Tensor) -> tuple[Tensor, bool]:
    """Put the columns of `came` in the order of `wanted`, if they are the same columns in another order."""
    gaps = (came[:, :, None] - wanted[:, None, :]).abs().amax(dim=0)
    order = gaps.argmin(dim=0)
    same = len(order.unique()) == len(order) and float(gaps.amin(dim=0).max()) < 1e-3
    return (came[:, order] if same else came), same and not torch.equal(order, torch.arange(len(order)))


@exercise("6.4", "Fourier embedding of time", "core", "t, frequencies", _reference, MISTAKES)
def fourier_embedding(student: StudentFunction) -> Iterator[Fact | str]:
    """Waves at several times, both ends included, and frequencies, in any order of the columns."""
    moved = False
    for batch, k in SIZES:
        t = (torch.rand(batch, 1).double() + torch.arange(batch)[:, None]) / batch
        t[0], t[-1] = (0.0, 1.0) if batch > 1 else (0.37, 0.37)
        frequencies = 1.7 ** torch.arange(k, dtype=torch.float64) + 0.2
        came = student(t, frequencies, shape=(batch, 2 * k)).double()
        again = student(t.flip(0), 1.3 * frequencies, shape=(batch, 2 * k)).double().flip(0)
        wanted = _reference(t, frequencies)
        came, other = _aligned(came, wanted)
        moved = moved or other
        what = f"waves at {batch} times, {k} frequencies"
        if torch.equal(came, again):
            yield Fact("frequencies not used", what, wanted, came, HINT_FREQUENCIES)
        yield Fact("wrong waves", what, wanted, came, HINT_WAVES)
    if moved:
        yield (
            "Your columns come in another order than all distances to the right, then all heights. A network "
            "does not mind, as long as the order is always the same."
        )
