"""Exercise 1.5: sampling from a flow model (algorithm 1, Holderrieth & Erives)."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Field
from ...solvers import Euler, Heun, solve, time_grid
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.fields import RecordingField, rms, steady
from ..shared.mistakes import recurring
from ..shared.noise import standard_normal
from .common import whole_batch

N, STEPS, TESTS = 2000, 5, 4
"""Samples and steps of the first run; statistical numbers in its facts, which share the family's level."""


def _sample_flow(field: Field, n: int, dim: int, steps: int) -> Tensor:
    """Noise, carried by the field from time 0 to time 1 with Euler's steps."""
    return solve(field, torch.randn(n, dim), time_grid(steps), Euler())


def _follow(field: Field, x: Tensor, starts: Tensor, h: float) -> Tensor:
    """All states of Euler steps of length `h` that begin at `starts`, whatever these are."""
    rows = [x]
    for t in starts.tolist():
        rows.append(rows[-1] + h * field(rows[-1], t))
    return torch.stack(rows)


def _grid(steps: int) -> Tensor:
    return time_grid(steps)[:-1]


def _from(noise: Callable[[int, int], Tensor]) -> Callable[..., Tensor]:
    """The right walk from another start."""
    return lambda field, n, dim, steps: _follow(field, noise(n, dim), _grid(steps), 1 / steps)[-1]


def _walked(
    starts: Callable[[int], Tensor], h: Callable[[int], float], keep: int | slice = -1
) -> Callable[..., Tensor]:
    """The right start and another walk, of which the states `keep` are returned."""
    return lambda field, n, dim, steps: _follow(field, torch.randn(n, dim), starts(steps), h(steps))[keep]


MISTAKES: Mistakes = {
    **recurring(
        {
            "rand for randn": _from(torch.rand),
            "no noise at the start": _from(lambda n, dim: torch.zeros(n, dim)),
            "one noise for the whole batch": _from(lambda n, dim: torch.randn(1, dim).expand(n, dim).clone()),
            "one noise for all coordinates": _from(lambda n, dim: torch.randn(n, 1).expand(n, dim).clone()),
            "time stands still": _walked(torch.zeros, lambda steps: 1 / steps),
            "first step starts at h": _walked(
                lambda steps: _grid(steps) + 1 / steps, lambda steps: 1 / steps
            ),
            "one step too few": _walked(lambda steps: _grid(steps)[:-1], lambda steps: 1 / steps),
            "one step too many": _walked(
                lambda steps: torch.arange(steps + 1) / steps, lambda steps: 1 / steps
            ),
            "no h": _walked(_grid, lambda steps: 1.0),
            "from data to noise": _walked(lambda steps: 1 - _grid(steps), lambda steps: -1 / steps),
            "field backwards": _walked(_grid, lambda steps: -1 / steps),
        }
    ),
    "grid with steps points": (
        _walked(lambda steps: torch.linspace(0, 1, steps)[:-1], lambda steps: 1 / max(steps - 1, 1)),
        "Your grid has as many points as there should be steps. Between that many points there is one step "
        "fewer, and each of them is longer than it should be.",
    ),
    "h one step too long": (
        _walked(_grid, lambda steps: 1 / max(steps - 1, 1)),
        "Your clock is right but each step is too long, as if there were one step fewer. Together the "
        "steps must last from time 0 to time 1 exactly.",
    ),
    "whole walk returned": (
        _walked(_grid, lambda steps: 1 / steps, slice(None)),
        "You return the whole walk from noise to data. A sample is only where the walk ends; what you have "
        "is all the places on the way, with time as the first axis.",
    ),
    "start returned": (
        _walked(_grid, lambda steps: 1 / steps, 0),
        "You return the noise from which the walk started. The walk itself is made and then forgotten: "
        "which name holds the state after the last step?",
    ),
    "Heun's steps": (
        lambda field, n, dim, steps: solve(field, torch.randn(n, dim), time_grid(steps), Heun()),
        "Your walk takes Heun's steps, which ask the field twice each. They are more accurate; algorithm "
        "1 goes by Euler's.",
    ),
}


def _leaning(x: Tensor, t: Tensor | float) -> Tensor:
    """Field 2t - x: both its arguments matter."""
    return 2 * t - x


@exercise(
    "1.5",
    "Algorithm 1: sample from a flow",
    "core",
    "field, n, dim, steps",
    _sample_flow,
    MISTAKES,
    random=True,
)
def sample_flow(student: StudentFunction) -> Iterator[Fact]:
    """Times of the steps, law of the starting noise, and the way from there to the end."""
    velocity = torch.tensor([1.0, -2.0])
    spy = RecordingField(steady(velocity))
    end = student(spy, N, 2, STEPS, shape=(N, 2)).double()
    yield whole_batch(spy, N)
    hint = (
        "Your walk evaluates the field at other times than it should. There are `steps` of them, all "
        "equally long, the first one begins at time 0 and the last one ends at time 1. Print `t` inside your "
        "loop."
    )
    yield Fact("wrong times", "times of evaluation", _grid(STEPS), spy.times(), hint)
    if not spy.calls or spy.calls[0].x.shape != (N, 2):
        return
    start = spy.calls[0].x.double()
    hint = (
        "The noise from which your walk starts does not have the spread of the standard normal distribution. "
        "Its variance over the samples should be one in every coordinate. In which shape do you draw it, by "
        "which function, and what is it multiplied with?"
    )
    yield from standard_normal(start[None], "starting noise", hint, TESTS)
    way = end - start
    hint = (
        "In a field that is the same everywhere all samples move by the same amount; yours differ from one "
        "another. What else enters a sample on its way: is noise added, is the state limited or rescaled, or "
        "does a step begin from another state than the last one?"
    )
    yield Fact(
        "samples move differently", "spread of the ways in that field", 0.0, way.std(dim=0).max(), hint
    )
    hint = (
        "In a field that is the same everywhere and always, every sample must move by exactly that velocity "
        "in one unit of time. Yours move differently: check the length and number of the steps, and what is "
        "returned."
    )
    yield Fact("wrong way", "mean way in the field (1, -2)", velocity, way.mean(dim=0), hint)
    times, off = [], []
    for n, dim, steps in ((64, 3, 8), (3, 1, 1)):
        spy = RecordingField(_leaning, dim)
        end = student(spy, n, dim, steps, shape=(n, dim)).double()
        times.append(spy.times())
        if spy.calls and spy.calls[0].x.shape == (n, dim):
            lost = end - _follow(_leaning, spy.calls[0].x.double(), _grid(steps), 1 / steps)[-1]
            off += [lost.mean(), rms(lost)]
    hint = (
        "Called with another number of steps, your walk evaluates the field at the wrong times. How many "
        "steps there are, and how long each lasts, has to follow from `steps`. Which number is fixed?"
    )
    grids = torch.cat([_grid(8), _grid(1)])
    yield Fact("ignores `steps`", "times with 8 steps, and with one", grids, torch.cat(times), hint)
    hint = (
        "In a field that depends on place and time your samples do not arrive where Euler's steps lead. "
        "Does each step ask the field at the state that the one before has reached, and go on from it?"
    )
    what = "distance from Euler's end (mean, rms)"
    yield Fact("wrong end", what, torch.zeros(len(off)), torch.tensor(off), hint)
