"""Exercise 6.5: make images."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ...solvers import solve, time_grid
from ...training import guided
from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from .common import Told
from .sampling_rivals import MISTAKES

EVENT, CLASSES, EACH, SCALE = (1, 8, 8), 3, 30, 2.0
MANY, FEW = 60, 5
"""Steps with which every method follows a smooth field closely, and with which the clock shows."""
N = CLASSES * EACH
TESTS = 5


def _sample_digits(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
    """Heun's steps along the guided field, from noise of the shape that the network knows."""
    x = torch.randn(len(y), *EVENT)
    with torch.no_grad():
        return solve(guided(net, y, w), x, time_grid(steps))


def rate_of(y: Tensor) -> Tensor:
    """How fast states shrink under a label; the null label is CLASSES."""
    return torch.where(y == CLASSES, -0.2, -0.5 - 0.3 * y)


def shrinking(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """Field that draws all states to the middle, faster for some labels than for others."""
    return rate_of(y) * x


def rising(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """Field 2t in the upper half of the image and 1 in the lower, for every label."""
    upper = (torch.arange(EVENT[1]) < EVENT[1] // 2)[:, None]
    return torch.where(upper, 2 * t, 1.0) + 0 * x


LOOK_ASKED = (
    "Your function never asks the network, so its images cannot have come from it. Each step of the walk "
    "asks it for a velocity."
)
LOOK_FRESH = (
    "Two runs with the same arguments give the same images. Every image starts from noise of its own, drawn "
    "afresh inside your function, without a fixed seed."
)
LOOK_NOISE = (
    "The walk has to start from standard normal noise, with a draw of its own for each pixel of each image. "
    "In yours the mean, the spread or the ties between images, pixels and draws are different."
)
LOOK_ALONG = (
    "From the noise on, nothing is left to chance: in this field every pixel should shrink by a factor that "
    "only depends on the label. Yours do not. Is noise added on the way, or is the walk returned from a "
    "wrong place?"
)
LOOK_FACTOR = (
    "Along the guided field of this network the images of each label should shrink by a known factor; yours "
    "shrink by another one. Look at the length of a step, at their number, at what each step starts from, "
    "and at the labels and the scale that you hand on."
)
LOOK_CLOCK = (
    "In a field that grows with time your images do not arrive where steps from time 0 to time 1 lead. "
    "Which time does each of your steps ask about?"
)


def _walk(student: StudentFunction, rule: Any, w: float, steps: int = MANY) -> tuple[Tensor, Tensor, Told]:
    """Start and end (N, 64) of a run, and the network."""
    net = Told(rule, EVENT, CLASSES)
    y = torch.arange(CLASSES).repeat_interleave(EACH)
    end = student(net, y, w, steps, shape=(N, *EVENT)).double().flatten(1)
    if not net.asked:
        raise Fault("net not asked", LOOK_ASKED)
    return net.asked[0].x[:N].flatten(1), end, net


def factors(w: float) -> Tensor:
    """By what the states of labels 0, 1, 2 shrink along the guided field: exp of its rate."""
    labels = torch.arange(CLASSES, dtype=torch.float64)
    return torch.exp((1 - w) * rate_of(labels * 0 + CLASSES) + w * rate_of(labels))


@exercise(
    "6.5",
    "Make images",
    "core",
    "net, y, w, steps",
    _sample_digits,
    MISTAKES,
    random=True,
    limit=8.0,
    double=True,
)
def sample_digits(student: StudentFunction) -> Iterator[Fact | str]:
    """The noise at the start, the way along fields that are known, and the clock."""
    start, end, net = _walk(student, rising, SCALE, FEW)
    yield from _noise(start)
    if float(start.std()) < 1e-6:  # one start for all: nothing more can be learnt from it
        return
    yield from _clock(start, end, net)
    for w in (SCALE, 0.0):
        yield from _factors(*_walk(student, shrinking, w)[:2], w)
    again = _walk(student, rising, SCALE, FEW)[1]
    same = float((end == again).all(dim=1).double().mean())
    yield Fact("nothing random", "share of images equal in two runs", 0.0, same, LOOK_FRESH, match_tol=0.1)
    if bool((end.abs().max() <= 1) & (start.abs().max() > 2)):
        yield "You cut the finished images to the range from -1 to 1. That is fine for looking at them."


def _clock(start: Tensor, end: Tensor, net: Told) -> Iterator[Fact]:
    """When the walk begins, and how far it leads in a field that is known, in each half of the image.

    In the field 2t Euler's, Heun's and mixed steps lead to different ends, so count from the nearest.
    """
    first = float(net.asked[0].t[0])
    yield Fact("wrong clock", "time that the first step asks about", 0.0, first, LOOK_CLOCK)
    ways = [_median(*half) for half in zip((end - start).chunk(2, 1), end.abs().chunk(2, 1), strict=True)]
    nearest = min((1.0, 1 - 1 / FEW, 1 - 1 / FEW**2), key=lambda right: abs(right - ways[0]))
    came = torch.tensor([ways[0] / nearest, ways[1]])
    what = f"ways in fields 2t and 1 in {FEW} steps, over right ones"
    yield Fact("wrong clock", what, torch.ones(2), came.clamp(-99, 99), LOOK_CLOCK)


def _median(way: Tensor, size: Tensor) -> float:
    """Typical way of the pixels that cannot have been cut at the edge of the range."""
    inner = size < 0.99
    return float(way[inner].median()) if bool(inner.any()) else 9.0


def _noise(start: Tensor) -> Iterator[Fact]:
    """Mean and variance of the noise, over images and over pixels."""
    what = "mean of the starting noise"
    tol = mean_tolerance(start.numel(), 1.0, TESTS)
    yield Fact("wrong noise", what, 0.0, start.mean(), LOOK_NOISE, tol, 0.3)
    spread = torch.stack([start.var(dim=0).mean(), start.var(dim=1).mean()])
    what = "variance of the noise over images and over pixels"
    tol = 1.5 * variance_tolerance(start.numel(), 1.0, TESTS)
    yield Fact("wrong noise", what, torch.ones(2), spread, LOOK_NOISE, tol, 0.05)


def _factors(start: Tensor, end: Tensor, w: float) -> Iterator[Fact]:
    """By how much the images of each label have shrunk, and whether all pixels did."""
    # Pixels at the edge of the range may have been cut there, for looking at: leave them out.
    inner = (end.abs() < 0.99).double()
    top = (inner * start * end).reshape(CLASSES, -1).sum(dim=1)
    came = top / (inner * start.square()).reshape(CLASSES, -1).sum(dim=1).clamp(min=1e-9)
    came = came.clamp(-1e3, 1e3)
    rest = (end - came.repeat_interleave(EACH)[:, None] * start) * inner
    spread = min(float(rest.square().mean().sqrt()), 10.0)
    if spread > 1e-3:
        what = f"spread of the pixels around a common factor at w = {w:g}"
        yield Fact("chance on the way", what, 0.0, spread, LOOK_ALONG, 1e-3, 0.01 + 0.1 * spread)
    what = f"factors by which labels 0, 1, 2 shrink at w = {w:g}"
    yield Fact("wrong way", what, factors(w), came, LOOK_FACTOR, 6e-3, 0.02)
