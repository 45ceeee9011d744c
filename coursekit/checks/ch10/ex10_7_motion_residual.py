"""Exercise 10.7: how far a clip is from any straight motion that bounces off walls."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

LOW, HIGH = 4.75, 10.25
START, END = (0.3, 0.45, 0.2, 0.4), (0.75, 0.6, 0.45, 0.7)
"""Shares of the room's width where tracks begin and end: no frame in between is too near to a wall."""
Places = Callable[..., Tensor]


def _line(u: Tensor) -> Tensor:
    """Sum of squares (…) of what a straight line leaves of places (…, frames)."""
    k = torch.arange(u.shape[-1], dtype=u.dtype)
    k = (k - k.mean()) / (k - k.mean()).norm()
    u = u - u.mean(dim=-1, keepdim=True)
    return (u - (u @ k)[..., None] * k).square().sum(dim=-1)


@dataclass(frozen=True)
class Ways:
    """How tracks are unfolded; others than the defaults are wrong.

    Args:
        most: reflections in an axis, and `forced` makes all of them happen.
        mirror: makes tracks that meet the far wall first of those that meet the near one first.
        shift: factor of the distance of the second image.
    """

    most: int = 2
    forced: bool = False
    mirror: Callable[[Tensor, float, float], Tensor] = lambda y, low, high: low + high - y
    shift: float = 1.0


RIGHT = Ways()


def _unfoldings(y: Tensor, low: float, high: float, how: Ways = RIGHT) -> Tensor:
    """Places (batch, frames) as seen in mirrors, for all turns: (ways, batch, frames)."""
    frames, ways = y.shape[1], []
    some = combinations_with_replacement(range(1, frames + 1), how.most)
    all_turns = list(combinations(range(1, frames), how.most) if how.forced else some)
    for mirrored in (y, how.mirror(y, low, high)):
        for turns in all_turns:
            hits = (torch.arange(frames)[:, None] >= torch.tensor(turns)).sum(dim=1) if turns else 0 * y[0]
            even = mirrored + how.shift * hits * (high - low)
            ways.append(torch.where(hits % 2 == 1, (hits + 1) * high - (hits - 1) * low - mirrored, even))
    return torch.stack(ways)


def _axes(c: Tensor, low: float, high: float, cost: Places = _line, how: Ways = RIGHT) -> Tensor:
    """Least cost of each axis over all unfoldings, (batch, 2)."""
    c = c.double()
    return torch.stack(
        [cost(_unfoldings(c[..., a], low, high, how)).min(dim=0).values for a in (0, 1)], dim=1
    )


def _rule(
    finish: Callable[[Tensor, int], Tensor] = lambda s, n: (s.sum(dim=1) / (2 * n)).sqrt(),
    cost: Places = _line,
    how: Ways = RIGHT,
) -> Callable[..., Tensor]:
    return lambda centres, low, high: finish(_axes(centres, low, high, cost, how), centres.shape[1])


def _together(centres: Tensor, low: float, high: float) -> Tensor:
    """Both axes turn at the same time, which is wrong."""
    rows, columns = (_line(_unfoldings(centres[..., a].double(), low, high)) for a in (0, 1))
    return ((rows + columns).min(dim=0).values / (2 * centres.shape[1])).sqrt()


def _one_wall(high_only: bool) -> Callable[..., Tensor]:
    def rule(centres: Tensor, low: float, high: float) -> Tensor:
        c, n = centres.double(), centres.shape[1]
        costs = []
        for a in (0, 1):
            y = c[..., a] if high_only else low + high - c[..., a]
            ways = [torch.where(torch.arange(n) >= k, 2 * high - y, y) for k in range(1, n + 1)]
            costs.append(_line(torch.stack(ways)).min(dim=0).values)
        return (torch.stack(costs).sum(dim=0) / (2 * n)).sqrt()

    return rule


def _plain(centres: Tensor, low: float, high: float) -> Tensor:
    c = centres.double().transpose(1, 2)
    return (_line(c).sum(dim=1) / (2 * c.shape[2])).sqrt()


def _ends(u: Tensor) -> Tensor:
    k = torch.linspace(0, 1, u.shape[-1], dtype=u.dtype)
    return (u - u[..., :1] - (u[..., -1:] - u[..., :1]) * k).square().sum(dim=-1)


def _first_step(u: Tensor) -> Tensor:
    k = torch.arange(u.shape[-1], dtype=u.dtype)
    return (u - u[..., :1] - (u[..., 1:2] - u[..., :1]) * k).square().sum(dim=-1)


def _from_start(u: Tensor) -> Tensor:
    k = torch.arange(u.shape[-1], dtype=u.dtype)
    d = u - u[..., :1]
    return (d - (d @ k / k.square().sum())[..., None] * k).square().sum(dim=-1)


def _spread(u: Tensor) -> Tensor:
    return (u - u.mean(dim=-1, keepdim=True)).square().sum(dim=-1)


def _bends(u: Tensor) -> Tensor:
    return u.diff(dim=-1).diff(dim=-1).square().sum(dim=-1)


def _positive_steps(centres: Tensor, low: float, high: float) -> Tensor:
    c = centres.double()
    u = torch.cat([c[:, :1], c[:, :1] + c.diff(dim=1).abs().cumsum(dim=1)], dim=1).transpose(1, 2)
    return (_line(u).sum(dim=1) / (2 * u.shape[2])).sqrt()


MISTAKES: dict[str, Mistake] = {
    "steps made positive": (
        _positive_steps,
        "You unfold by the sign of each step. But the step in which a digit bounces goes to the wall and "
        "back: its ends lie closer together than the way is long. Where is the mirror image of the second "
        "one?",
    ),
    "reflections not unfolded": (
        _plain,
        "You fit a straight line to the track as it is. A track that bounces is no straight line, however "
        "right it is. What does it look like in a mirror at the wall?",
    ),
    "one reflection only": (
        _rule(how=Ways(most=1)),
        "You unfold one reflection for each axis. In some clips there is a second one, at the other wall.",
    ),
    "second image shifted by one width": (
        _rule(how=Ways(shift=0.5)),
        "Behind the second reflection you add `high - low` once. Mirror twice, at `high` and then at the "
        "image of `low` behind it: how far has a place moved?",
    ),
    "tracks turned by high - y": (
        _rule(how=Ways(mirror=lambda y, low, high: high - y)),
        "For tracks that meet `low` first you take `high - y`. Then the walls are at 0 and at `high - low`, "
        "and no longer where you mirror. Which reflection takes `low` to `high`, and `high` to `low`?",
    ),
    "tracks turned by -y": (
        _rule(how=Ways(mirror=lambda y, low, high: -y)),
        "For tracks that meet `low` first you take `-y`. Then the walls are at `-high` and `-low`, and no "
        "longer where you mirror. Which reflection takes `low` to `high`, and `high` to `low`?",
    ),
    "tracks that meet the far wall first only": (
        _rule(how=Ways(mirror=lambda y, low, high: y)),
        "You unfold tracks that meet `high` first, once or twice. Some meet `low` first. How could one of "
        "them be turned into one that meets `high`?",
    ),
    "two reflections always": (
        _rule(how=Ways(forced=True)),
        "You unfold two reflections in every clip. Many have one, or none: those are the cases in which a "
        "reflection comes after the last frame.",
    ),
    "one number for all clips": (
        lambda centres, low, high: _rule()(centres, low, high).mean(),
        "You average over the clips too, and one number is left. Each clip has a residual of its own: over "
        "which axes should the mean be?",
    ),
    "the far wall only": (
        _one_wall(True),
        "You mirror at the wall `high` only. Some tracks bounce off `low` first. How could one of them be "
        "turned into one that meets `high`?",
    ),
    "the near wall only": (
        _one_wall(False),
        "You mirror at the wall `low` only. Some tracks bounce off `high` first. How could one of them be "
        "turned into one that meets `low`?",
    ),
    "both axes turn at once": (
        _together,
        "You unfold rows and columns at the same frames. A wall turns one component of the velocity only; "
        "the axes bounce each at its own times, so each needs a search of its own.",
    ),
    "line through first and last frame": (
        _rule(cost=_ends),
        "Your line goes through the first and the last frame, exactly. The line of least squares need not go "
        "through any of them: what is its slope?",
    ),
    "first step extended": (
        _rule(cost=_first_step),
        "You take the first step for the velocity, and all later frames are compared with it. An error in "
        "one frame then counts in all of them. Fit start and velocity to all frames.",
    ),
    "line through the first frame": (
        _rule(cost=_from_start),
        "Your line starts at the first frame, exactly, as if that had no error. Its start is free too.",
    ),
    "no slope": (
        _rule(cost=_spread),
        "You measure how far the places are from their mean. A right clip moves: which line should be "
        "taken off?",
    ),
    "second differences": (
        _rule(cost=_bends),
        "You measure how much the velocity changes from frame to frame. That vanishes for the right clips "
        "too, but it is no distance in pixels: an error in one frame counts in three differences.",
    ),
    "not the root": (
        _rule(lambda s, n: s.sum(dim=1) / (2 * n)),
        "Your number is the square of the right one: square pixels. What takes it back to pixels?",
    ),
    "sum over the frames": (
        _rule(lambda s, n: s.sum(dim=1).sqrt()),
        "You add the squares up and do not divide. A longer clip would then count as a worse one.",
    ),
    "divided by the frames alone": (
        _rule(lambda s, n: (s.sum(dim=1) / n).sqrt()),
        "You divide by the number of frames. A mean over frames *and* both axes is wanted: how many "
        "squares are there?",
    ),
    "divided by degrees of freedom": (
        _rule(lambda s, n: (s.sum(dim=1) / (2 * n - 4)).sqrt()),
        "You divide by the degrees of freedom, as for an unbiased variance. The task wants the plain mean "
        "over all frames and both axes.",
    ),
    "roots averaged over the axes": (
        _rule(lambda s, n: (s / n).sqrt().mean(dim=1)),
        "You take the root of each axis and average. The mean is over the squares of both, then the root.",
    ),
    "rows only": (
        _rule(lambda s, n: (s[:, 0] / n).sqrt()),
        "You look at the rows only. The columns are part of the motion as well.",
    ),
    "the larger axis": (
        _rule(lambda s, n: (s.max(dim=1).values / n).sqrt()),
        "You take the worse of the two axes. The mean is over both of them, and over all frames.",
    ),
    "mean over the clips": (
        _rule(lambda s, n: (s.sum(dim=1) / (2 * n)).sqrt().mean().expand(len(s))),
        "All clips get the same number, the mean. Each clip has a residual of its own.",
    ),
    "walls written in": (
        lambda c, low, high: _rule()(c, LOW, HIGH),
        "You use the walls of this lab, whatever is handed over. They are arguments, `low` and `high`, and "
        "others may come.",
    ),
}
HINT_EXACT = (
    "These tracks are exact: straight at constant speed, with {0}. Their residual should be zero, and "
    "yours is not. Draw one of them over time, one axis at a time, and its image behind the wall."
)
HINT_NOISY = (
    "On exact tracks you are right. Here a known error was added, which no straight line can take up, so "
    "that the root of the mean square over frames and axes is known. Yours is another: what do you divide "
    "by, and does your line fit *all* frames?"
)
HINT_OTHER = (
    "With {0} frames and walls at {1:g} and {2:g} you are not right, though you were before. Which number is "
    "written into your function?"
)
HINT_ORDER = (
    "The frames of these clips were put in another order. Their residual should be large, and yours is "
    "small: what do you fit that does not know of time?"
)


def _fold(u: Tensor, low: float, high: float) -> Tensor:
    """Where a straight track is, between walls."""
    wide = high - low
    return low + wide - ((u - low) % (2 * wide) - wide).abs()


def _tracks(
    hits: tuple[int, int], frames: int, low: float, high: float, errors: Tensor | None = None
) -> Tensor:
    """Tracks (4, frames, 2) which bounce so often along rows and columns, off either wall first.

    They are exact but for the errors (4, frames, 2), which are added before the track is folded: so they stay
    orthogonal to the line that a right answer fits, after it has unfolded.
    """
    wide, axes = high - low, []
    errors = torch.zeros(4, frames, 2) if errors is None else errors
    for axis, count in enumerate(hits):
        near, far = (START, END) if count < 2 else (1 - torch.tensor(START) / 2, torch.tensor(END) / 3)
        start, end = (wide * torch.as_tensor(part).double() for part in (near, far))
        end = end + count * wide
        u = low + start[:, None] + (end - start)[:, None] * torch.linspace(0, 1, frames).double()
        y = _fold(u + errors[..., axis], low, high)
        turned = torch.tensor([False, True, True, False] if axis else [False, True, False, True])
        axes.append(torch.where(turned[:, None], low + high - y, y))
    return torch.stack(axes, dim=2)


def _wiggle(frames: int, n: int) -> Tensor:
    """Errors (n, frames, 2) of root mean square 1 that are orthogonal to every straight line."""
    k = torch.linspace(-1, 1, frames).double()
    basis = torch.linalg.qr(torch.stack([torch.ones_like(k), k], dim=1))[0]
    e = torch.randn(n, frames, 2).double()
    e[::2, :, 0] *= 2
    e[1::2, :, 1] *= 2
    e = e - torch.einsum("fa,ga,ngc->nfc", basis, basis, e)
    return e / e.square().mean(dim=(1, 2), keepdim=True).sqrt()


@exercise(
    "10.7", "A metric that is hard to fool", "stretch", "centres, low, high", _rule(), MISTAKES, limit=10.0
)
def motion_residual(student: StudentFunction) -> Iterator[Fact]:
    """Zero for exact tracks; a known error is found; other walls and lengths; shuffled frames."""
    tol = 5e-3
    cases = {
        (0, 0): "no reflection",
        (1, 1): "one reflection in each axis",
        (2, 0): "two reflections along the rows",
        (1, 2): "one reflection along the rows and two along the columns",
    }
    facts = []
    for hits, words in cases.items():
        came = student(_tracks(hits, 8, LOW, HIGH), LOW, HIGH, shape=(4,))
        what = f"residual of exact tracks with {words}"
        facts.append(
            Fact("exact tracks not recognised", what, torch.zeros(4), came, HINT_EXACT.format(words), tol)
        )
    sizes = torch.tensor([0.03, 0.07, 0.05, 0.04]).double()
    noisy = _tracks((1, 0), 8, LOW, HIGH, sizes[:, None, None] * _wiggle(8, 4))
    facts.append(
        Fact(
            "wrong size of an error",
            "residual where an error was added",
            sizes,
            student(noisy, LOW, HIGH, shape=(4,)),
            HINT_NOISY,
            tol,
        )
    )
    if all(fact.holds() for fact in facts):
        yield from facts
    else:
        # No track of a clip: slips in how it is mirrored are alike on tracks, and differ on these.
        strange = (LOW + HIGH) / 2 + 3 * (HIGH - LOW) * torch.randn(16, 8, 2)
        came = student(strange, LOW, HIGH, shape=(16,))
        what = "residual of places by chance"
        wanted = _rule()(strange, LOW, HIGH)
        yield from (*facts, Fact("wrong for places by chance", what, wanted, came, HINT_NOISY, tol))
        return
    for frames, low, high in ((6, 0.0, 3.0), (11, -2.0, 9.0)):
        wanted = 0.4 * sizes * (high - low) / (HIGH - LOW)
        track = _tracks((1, 1), frames, low, high, wanted[:, None, None] * _wiggle(frames, 4))
        came = student(track, low, high, shape=(4,))
        hint = HINT_OTHER.format(frames, low, high)
        fact = Fact(
            "wrong for other walls", f"residual between {low:g} and {high:g}", wanted, came, hint, tol
        )
        yield from failing([fact])
    mixed = _tracks((0, 0), 8, LOW, HIGH)[:, torch.tensor([3, 0, 6, 1, 7, 4, 2, 5])]
    least = float(student(mixed, LOW, HIGH, shape=(4,)).min())
    yield Fact(
        "order of the frames not seen",
        "least residual of shuffled frames",
        1.0,
        min(least, 1.0),
        HINT_ORDER,
        0.85,
        expected_text="at least 0.15",
    )
