"""Exercise 1.5: sampling from a flow model (algorithm 1, Holderrieth & Erives)."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Field
from ...solvers import Euler, Heun, solve, time_grid
from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.test_fields import RecordingField, ramp, steady
from .common import whole_batch

N, STEPS = 1000, 5


def _sample_flow(field: Field, n: int, dim: int, steps: int) -> Tensor:
    """Noise, carried by the field from time 0 to time 1 with Euler's steps."""
    return solve(field, torch.randn(n, dim), time_grid(steps), Euler())


def _follow(field: Field, x: Tensor, starts: Tensor, h: float, keep: bool = False) -> Tensor:
    """Euler steps of length `h` that begin at `starts`, whatever these are."""
    rows = [x]
    for t in starts.tolist():
        rows.append(rows[-1] + h * field(rows[-1], t))
    return torch.stack(rows) if keep else rows[-1]


def _grid(steps: int) -> Tensor:
    return time_grid(steps)[:-1]


Noise = Callable[[int, int], Tensor]


def _from(noise: Noise) -> Callable[[Field, int, int, int], Tensor]:
    """The right walk from another start."""
    return lambda field, n, dim, steps: _follow(field, noise(n, dim), _grid(steps), 1 / steps)


def _walked(starts: Callable[[int], Tensor], h: Callable[[int], float]) -> Callable[..., Tensor]:
    """The right start and another walk."""
    return lambda field, n, dim, steps: _follow(field, torch.randn(n, dim), starts(steps), h(steps))


MISTAKES = {
    "rand for randn": (
        _from(torch.rand),
        "Your walk starts from numbers that are uniform between 0 and 1: none is negative, and they crowd "
        "together. The model was built for standard normal noise. Two functions of torch have names that "
        "differ by one letter.",
    ),
    "no noise at the start": (
        _from(lambda n, dim: torch.zeros(n, dim)),
        "All your samples start at the origin, so the field carries them all along the same path. What "
        "makes the samples of a flow model differ is the noise from which they start.",
    ),
    "one noise for the whole batch": (
        _from(lambda n, dim: torch.randn(1, dim).expand(n, dim).clone()),
        "All your samples start from the same noise, so they all end in the same place. Each of the n "
        "samples needs a draw of its own: look at the shape in which you draw.",
    ),
    "one noise for all coordinates": (
        _from(lambda n, dim: torch.randn(n, 1).expand(n, dim).clone()),
        "Within each of your samples all coordinates start from the same number, so the noise lies on a "
        "diagonal line. Each coordinate needs a draw of its own.",
    ),
    "time stands still": (
        _walked(lambda steps: torch.zeros(steps), lambda steps: 1 / steps),
        "Every one of your steps asks the field about time 0: the clock never moves on. Where in your loop "
        "does `t` change from one step to the next?",
    ),
    "first step starts at h": (
        _walked(lambda steps: _grid(steps) + 1 / steps, lambda steps: 1 / steps),
        "Your clock is one step ahead: the first step asks about time h and the last about time 1. A step "
        "begins at the time of the state it starts from, and noise belongs to time 0.",
    ),
    "one step too few": (
        _walked(lambda steps: _grid(steps)[:-1], lambda steps: 1 / steps),
        "You make one step fewer than asked, so the walk stops before time 1 and the samples are left "
        "unfinished. How many steps lie between n + 1 times?",
    ),
    "one step too many": (
        _walked(lambda steps: torch.arange(steps + 1) / steps, lambda steps: 1 / steps),
        "You make one step more than asked, so the walk goes on beyond time 1, where the data are. Count "
        "the turns of your loop for two steps by hand.",
    ),
    "grid with steps points": (
        _walked(lambda steps: torch.linspace(0, 1, steps)[:-1], lambda steps: 1 / max(steps - 1, 1)),
        "Your grid has as many points as steps are asked for. Between that many points there is one step "
        "fewer, and each of them is longer than it should be.",
    ),
    "h one step too long": (
        _walked(_grid, lambda steps: 1 / max(steps - 1, 1)),
        "Your clock is right but each step is too long, as if there were one step fewer. Together the "
        "steps must last from time 0 to time 1 exactly.",
    ),
    "no h": (
        _walked(_grid, lambda steps: 1.0),
        "Each of your steps goes a whole unit of time, so more steps carry the samples further and further "
        "away. All the steps together must last from time 0 to time 1.",
    ),
    "from data to noise": (
        _walked(lambda steps: 1 - _grid(steps), lambda steps: -1 / steps),
        "Your walk goes from time 1 to time 0. In this course noise is at time 0 and data at time 1, and "
        "samples are made from noise.",
    ),
    "field backwards": (
        _walked(_grid, lambda steps: -1 / steps),
        "The clock runs from 0 to 1 as it should, but your states move against the arrows of the field. "
        "Look at the sign of the step.",
    ),
    "whole walk returned": (
        lambda field, n, dim, steps: _follow(field, torch.randn(n, dim), _grid(steps), 1 / steps, keep=True),
        "You return the whole walk from noise to data. A sample is only where the walk ends; what you have "
        "is all the places on the way, with time as the first axis.",
    ),
    "start returned": (
        lambda field, n, dim, steps: (x := torch.randn(n, dim), _follow(field, x, _grid(steps), 1 / steps))[
            0
        ],
        "You return the noise from which the walk started. The walk itself is made and then forgotten: "
        "which name holds the state after the last step?",
    ),
    "Heun's steps": (
        lambda field, n, dim, steps: solve(field, torch.randn(n, dim), time_grid(steps), Heun()),
        "Your walk takes Heun's steps, which ask the field twice each. They are more accurate; algorithm "
        "1, as it is asked for here, goes by Euler's.",
    ),
}
LOOK_TIMES = (
    "Your walk asks the field at other times than it should. There are as many steps as asked for, all "
    "equally long, the first one begins at time 0 and the last one ends at time 1. Print `t` inside your "
    "loop."
)
LOOK_ZERO = (
    "Your walk does not start from noise: entries of the first state are exactly zero. How is it made?"
)
LOOK_SPREAD = (
    "The noise from which your walk starts does not have the spread of the standard normal distribution. "
    "Its variance over the samples should be one in every coordinate. Look at the function that draws it "
    "and at what it is multiplied with."
)
LOOK_MEAN = (
    "The noise from which your walk starts does not have mean zero. Look at the function that draws it: "
    "standard normal numbers are as often negative as positive."
)
LOOK_TOGETHER = (
    "The coordinates of your starting noise go together: knowing one tells something about the other. Each "
    "coordinate of each sample needs a draw of its own."
)
LOOK_WAY = (
    "In a field that is the same everywhere and always, every sample must move by exactly that velocity in "
    "one unit of time. Yours move differently: check the length and number of the steps, and what is "
    "returned."
)
LOOK_NOISE = (
    "In a field that is the same everywhere all samples must move by the same amount; yours differ from "
    "one another, as if something random were added on the way. Here chance enters once, at the start: "
    "what follows is fixed by the field."
)
LOOK_END = (
    "In a field that grows with time your samples do not arrive where Euler's steps lead. Check which time "
    "each step asks about, and that the state goes on from where it has come to."
)


def _correlation(x: Tensor) -> float:
    return float(torch.corrcoef(x.T.double())[0, 1])


@exercise(
    "1.5",
    "Algorithm 1: sample from a flow",
    "core",
    "field, n, dim, steps",
    _sample_flow,
    MISTAKES,
    random=True,
    double=True,
)
def sample_flow(student: StudentFunction) -> Iterator[Fact]:
    """Times of the steps, law of the starting noise, and the way from there to the end."""
    velocity = torch.tensor([1.0, -2.0])
    spy = RecordingField(steady(velocity))
    end = student(spy, N, 2, STEPS, shape=(N, 2)).double()
    yield whole_batch(spy, N)
    yield Fact("wrong times", "times at which the field was asked", _grid(STEPS), spy.times(), LOOK_TIMES)
    if not spy.calls or spy.calls[0].x.shape != (N, 2):
        return
    start = spy.calls[0].x.double()
    yield from _noise(start)
    way = end - start
    what = "spread of the ways in that field, sample by sample"
    yield Fact("noise on the way", what, 0.0, way.std(dim=0).max(), LOOK_NOISE)
    what = "mean way from start to end in the field (1, -2)"
    yield Fact("wrong way", what, velocity, way.mean(dim=0), LOOK_WAY)
    spy = RecordingField(ramp, 3)
    end = student(spy, 64, 3, 8, shape=(64, 3)).double()
    way = (end - spy.calls[0].x).mean() if spy.calls else end.mean()
    # The lower sum of 2t over eight steps: 1 - 1/8.
    yield Fact("wrong end", "way in the field 2t with eight steps", 0.875, way, LOOK_END)


def _noise(start: Tensor) -> Iterator[Fact]:
    """Facts about the starting noise: five tests share the family's level."""
    spread = start.var(dim=0)
    yield Fact(
        "no noise", "share of zeros in the starting noise", 0.0, (start == 0).double().mean(), LOOK_ZERO
    )
    tol = variance_tolerance(N, 1.0, 5)
    yield Fact("wrong spread", "variance of the starting noise", torch.ones(2), spread, LOOK_SPREAD, tol)
    if spread.max() > 1e-6:  # else there is one draw only, and nothing more to be learnt from it
        tol = mean_tolerance(N, 1.0, 5)
        yield Fact(
            "wrong mean", "mean of the starting noise", torch.zeros(2), start.mean(dim=0), LOOK_MEAN, tol
        )
        yield Fact(
            "coordinates tied", "correlation of two coordinates", 0.0, _correlation(start), LOOK_TOGETHER, tol
        )
