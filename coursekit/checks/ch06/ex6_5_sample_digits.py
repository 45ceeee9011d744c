"""Exercise 6.5: make images."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...solvers import Euler, solve, time_grid
from ...training import guided
from ..core.engine import exercise
from ..core.facts import Fact, margin, mean_tolerance, variance_tolerance
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from ..shared.noise import correlation, normal
from ..shared.quiet import failing
from .common import LabelledNet

EVENT, LARGER, CLASSES, EACH, SCALE = (1, 8, 8), (1, 10, 10), 3, 20, 2.0
MANY, SOME, FEW = 60, 24, 5
"""Steps with which every method follows a smooth field closely, a slow one closely, and the clock shows."""
METHODS = (0.72, 1.02, 0.912, 0.99, 1.0)
"""Ways in the field 3t² in five steps: Euler, Heun, Heun with a last Euler step, midpoints, Runge-Kutta."""
N, TESTS = CLASSES * EACH, 9

Field = Callable[..., Tensor]
Event = tuple[int, ...]
Clock = Callable[[int], tuple[list[float], float]]
"""Times at which the steps begin, and the length of each."""


def _reference(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
    """Euler's steps along the guided field, from noise of the shape that the network knows.

    Not Heun's: they would ask at time 1, where the velocity of a network that predicts data is not defined.
    """
    x = torch.randn(len(y), *net.event)
    with torch.no_grad():
        return solve(guided(net, y, w), x, time_grid(steps), Euler())


def _noise(y: Tensor, event: Event) -> Tensor:
    return torch.randn(len(y), *event)


def _clock(steps: int) -> tuple[list[float], float]:
    return [k / steps for k in range(steps)], 1 / steps


def _guided(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(x, t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


def _walk(
    noise: Callable[[Tensor, Event], Tensor] = _noise,
    clock: Clock = _clock,
    field: Field = _guided,
    after: Callable[[Tensor], Tensor] = lambda x: x,
) -> Callable[..., Tensor]:
    """A walk by Euler's steps with one of its parts exchanged."""

    def rule(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
        x = noise(y, net.event)
        starts, h = clock(steps)
        for t in starts:
            x = after(x + h * field(net, x, t, y, w))
        return x

    return rule


def _scaled(scale: Callable[[float], float]) -> Callable[..., Tensor]:
    return _walk(field=lambda net, x, t, y, w: _guided(net, x, t, y, scale(w)))


def _two_walks(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
    x = _noise(y, net.event)
    none, told = (_walk(lambda y, event: x)(net, y, scale, steps) for scale in (0.0, 1.0))
    return (1 - w) * none + w * told


def _stays_at_the_start(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
    x = _noise(y, net.event)
    moved = [x + _guided(net, x, k / steps, y, w) / steps for k in range(steps)]
    return moved[-1]


def _null_is_zero(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(x, t, torch.zeros_like(y))
    return none + w * (net(x, t, y) - none)


def _fresh_branch(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(torch.randn_like(x), t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    **recurring(
        {
            "rand for randn": _walk(lambda y, event: torch.rand(len(y), *event)),
            "no noise at the start": _walk(lambda y, event: torch.zeros(len(y), *event)),
            "one noise for the whole batch": _walk(
                lambda y, event: torch.randn(event).repeat(len(y), 1, 1, 1)
            ),
            "no h": _walk(clock=lambda steps: (_clock(steps)[0], 1.0)),
            "one step too few": _walk(clock=lambda steps: (_clock(steps)[0][:-1], 1 / steps)),
            "one step too many": _walk(clock=lambda steps: ([*_clock(steps)[0], 1.0], 1 / steps)),
            "time stands still": _walk(clock=lambda steps: ([0.0] * steps, 1 / steps)),
            "first step starts at h": _walk(
                clock=lambda steps: ([(k + 1) / steps for k in range(steps)], 1 / steps)
            ),
            "from data to noise": _walk(
                clock=lambda steps: ([1 - k / steps for k in range(steps)], -1 / steps)
            ),
            "state not carried on": _stays_at_the_start,
            "field backwards": _walk(clock=lambda steps: (_clock(steps)[0], -1 / steps)),
            "1 + w": _scaled(lambda w: 1 + w),
            "w and 1 - w swapped": _scaled(lambda w: 1 - w),
            "guidance left out": _scaled(lambda w: 1.0),
            "label left out": _scaled(lambda w: 0.0),
            "null label equal to a real class": _walk(field=_null_is_zero),
        }
    ),
    "clock runs backwards": (
        _walk(clock=lambda steps: ([1 - k / steps for k in range(steps)], 1 / steps)),
        "Your steps go forwards, but they ask the network about time 1 first and about time 0 last. Which "
        "time belongs to the state from which a step starts?",
    ),
    "number of the step for the time": (
        _walk(clock=lambda steps: ([float(k) for k in range(steps)], 1 / steps)),
        "You hand the network the number of the step, 0, 1, 2 and so on, where a time between 0 and 1 "
        "belongs. How long is a step, and when does step k begin?",
    ),
    "last step begins at time 1": (
        _walk(clock=lambda steps: (torch.linspace(0, 1, steps).tolist(), 1 / steps)),
        "Your times run from 0 to 1 with both ends, so your last step sets out from time 1, where the walk "
        "should have arrived, and the others are too late as well. When does step k begin?",
    ),
    "different x for the two branches": (
        _walk(field=_fresh_branch),
        "The two branches are asked about different states: one gets noise of its own. Both fields belong in "
        "one and the same place. Use the field of exercise 6.2 in each step.",
    ),
    "cut on the way": (
        _walk(after=lambda x: x.clamp(-1, 1)),
        "After each step you cut the state to the range from -1 to 1. On the way a state is half noise, and "
        "noise goes beyond 1: the network meets states it never saw. If you want to cut, cut the finished "
        "image.",
    ),
    "noise added on the way": (
        _walk(after=lambda x: x + 0.1 * torch.randn_like(x)),
        "Something random is added to the state in every step. Here chance enters once, at the start; the "
        "rest of the way is fixed by the field.",
    ),
    "two finished trajectories mixed": (
        _two_walks,
        "You make two finished images, one with the label and one without, and mix these. The two walks part "
        "and end in different digits. Mix the two *velocities* in each step, at one and the same state.",
    ),
}
HINT_ASKED = (
    "Your function asks the network about {} states at the first time, but it should make {} images: each "
    "of them starts from a noise of its own, and each step asks the network for a velocity."
)
HINT_STEPS = (
    "Your function asks the network equally often whether it is to make 5 steps or 60. How many steps there "
    "are is the argument `steps`: does your loop use it, and does a `return` inside the loop end it early?"
)
HINT_FRESH = (
    "Two runs with the same arguments give the same images. Every image starts from noise of its own, drawn "
    "afresh inside your function, without a fixed seed."
)
HINT_NOISE = (
    "The walk has to start from standard normal noise, with a draw of its own for each pixel of each image. "
    "In yours the mean, the spread, the shape or the ties between images and pixels are different."
)
HINT_ALONG = (
    "From the noise on, nothing is left to chance: in this field every pixel should shrink by a factor that "
    "only depends on the label. Yours do not. Is something added or cut on the way, do all pixels move, and "
    "is it the last state that you return?"
)
HINT_FACTOR = (
    "Along the guided field of this network the images of each label should shrink by a known factor; yours "
    "shrink by another one. Look at the length of a step, at their number, at what each step starts from, "
    "and at the labels and the scale that you hand on."
)
HINT_SIZE = (
    "Your function shows a network of images of 10 × 10 pixels states of 8 × 8: that size is written into "
    "it. The network knows the shape of its images, `net.event`. Make the noise of this shape."
)
HINT_CLOCK = (
    "In a field that grows with time your images do not arrive where steps from time 0 to time 1 lead. "
    "Which time does each of your steps ask about, and how many steps of which length are there?"
)


def _rate(y: Tensor) -> Tensor:
    """How fast states shrink under a label; the null label is CLASSES."""
    return torch.where(y == CLASSES, -0.2, -0.5 - 0.3 * y)


def _shrinking(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """Field that draws all states to the middle, faster for some labels than for others."""
    return _rate(y) * x


def _rising(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """Field 3t² in the upper half of the image and 1 in the lower, for every label."""
    upper = (torch.arange(EVENT[1]) < EVENT[1] // 2)[:, None]
    return torch.where(upper, 3 * t**2, 1.0) + 0 * x


def _run(
    student: StudentFunction, rule: Any, y: Tensor, w: float, steps: int = MANY
) -> tuple[Tensor, Tensor, LabelledNet]:
    """Start and end (n, 64) of a run, and the network; images may be made one by one."""
    net = LabelledNet(rule, EVENT, CLASSES)
    end = student(net, y, w, steps, shape=(len(y), *EVENT)).double().flatten(1)
    at_start = [call for call in net.calls if float(call.t[0]) == float(net.calls[0].t[0])]
    x, labels = (torch.cat([getattr(call, name) for call in at_start] or [torch.zeros(0)]) for name in "xy")
    told = labels != CLASSES
    x = x[told] if int(told.sum()) >= len(y) else x[~told]
    if len(x) < len(y):
        raise Fault("net not asked", HINT_ASKED.format(len(x), len(y)))
    return x[: len(y)].flatten(1), end, net


@exercise("6.5", "Make images", "core", "net, y, w, steps", _reference, MISTAKES, random=True, limit=8.0)
def sample_digits(student: StudentFunction) -> Iterator[Fact | str]:
    """The noise at the start, the clock, the way along known fields, and a few labels in one step."""
    y = torch.arange(CLASSES).repeat_interleave(EACH)
    start, end, net = _run(student, _rising, y, SCALE, FEW)
    yield from _starts(start)
    if float(start.std()) < 1e-6:  # one start for all: nothing more can be learnt from it
        return
    runs = {SCALE: _run(student, _shrinking, y, SCALE)}
    asked = [sum(len(call.x) for call in each.calls) for each in (net, runs[SCALE][2])]
    if asked[1] < 1.5 * asked[0]:
        what = f"evaluations with {MANY} steps over those with {FEW}"
        yield Fact("steps not used", what, MANY / FEW, asked[1] / asked[0], HINT_STEPS, 0.1)
    yield from _clock_facts(start, end, net)
    for w in (SCALE, 0.0, 0.4, -0.5):
        steps = MANY if w in (SCALE, 0.0) else SOME
        facts = _factors(*(runs[w] if w in runs else _run(student, _shrinking, y, w, steps))[:2], w)
        yield from facts if w in (SCALE, 0.0) else failing(facts)
    again = _run(student, _rising, y, SCALE, FEW)[1]
    same = float((end == again).all(dim=1).double().mean())
    yield Fact("nothing random", "share of images equal in two runs", 0.0, same, HINT_FRESH)
    yield from failing([_single_step(student, torch.tensor([2, 0, 1, 1, 0]))])
    student(_LargerNet(_shrinking, LARGER, CLASSES), y[::EACH], SCALE, FEW, shape=(CLASSES, *LARGER))
    if bool((end.abs().max() <= 1) & (start.abs().max() > 2)):
        yield "You cut the finished images to the range from -1 to 1. That is fine for looking at them."


def _single_step(student: StudentFunction, y: Tensor) -> Fact:
    """By how much images shrink in one step at w = 1, over what Euler's or Heun's step makes of them."""
    start, end, _ = _run(student, _shrinking, y, 1.0, 1)
    inner = (end.abs() < 0.99) * start
    came = (inner * end).sum(1) / (inner * start).sum(1).clamp(min=1e-9)
    rate = _rate(y.double())
    ratios = [came / (1 + rate), came / (1 + rate + rate**2 / 2)]
    nearest = min(ratios, key=lambda ratio: float((ratio - 1).abs().max()))
    what = (
        f"shrinking of labels {', '.join(map(str, y.tolist()))} in a single step at w = 1, over the right one"
    )
    return Fact("wrong way", what, torch.ones(len(y)), nearest.clamp(-99, 99), HINT_FACTOR, 2e-3)


class _LargerNet(LabelledNet):
    """The network of shrinking states for larger images, which says so when it is shown small ones."""

    def _checked(self, *given: object) -> tuple[Tensor, Tensor, Tensor]:
        if given and isinstance(given[0], Tensor) and given[0].shape[1:] == EVENT:
            raise Fault("images of one size alone", HINT_SIZE)
        return super()._checked(*given)


def _starts(start: Tensor) -> Iterator[Fact]:
    """Mean and variance of the noise, over images and over pixels, its ties and its shape."""
    tol = mean_tolerance(start.numel(), 1.0, TESTS)
    yield Fact("wrong noise", "mean of the starting noise", 0.0, start.mean(), HINT_NOISE, tol)
    spread = torch.stack([start.var(dim=0).mean(), start.var(dim=1).mean()])
    what = "variance of the noise over images and over pixels"
    tol = 1.5 * variance_tolerance(start.numel(), 1.0, TESTS)
    yield Fact("wrong noise", what, torch.ones(2), spread, HINT_NOISE, tol)
    if float(spread.min()) < 1e-6:
        return
    yield from failing(_ties(start))


def _ties(start: Tensor) -> Iterator[Fact]:
    """What neighbouring entries of the noise have in common, and the shape of its law."""
    images = start.reshape(-1, 8, 8)
    pairs = [
        (images.narrow(k, 0, len_ - 1), images.narrow(k, 1, len_ - 1)) for k, len_ in enumerate(images.shape)
    ]
    tied = torch.tensor([correlation(*pair) for pair in pairs])
    what = "correlation of neighbouring images, rows and columns of the noise"
    yield Fact("wrong noise", what, torch.zeros(3), tied, HINT_NOISE, margin(TESTS) / (7 * N * 8) ** 0.5)
    yield normal("wrong noise", "excess kurtosis of the noise", start, HINT_NOISE, TESTS)


def _clock_facts(start: Tensor, end: Tensor, net: LabelledNet) -> Iterator[Fact]:
    """When the walk begins, and how far it leads in a field that is known, in each half of the image.

    In the field 3t² the methods lead to different ends, so count from the nearest.
    """
    first = float(net.calls[0].t[0])
    yield Fact("wrong clock", "time that the first step asks about", 0.0, first, HINT_CLOCK)
    halves = zip((end - start).chunk(2, 1), end.abs().chunk(2, 1), strict=True)
    # Pixels at the edge of the range may have been cut there, for looking at: leave them out.
    ways = [
        way[size < 0.99] if bool((size < 0.99).any()) else way.new_full((1,), 9.0) for way, size in halves
    ]
    spread = min(max(float((way - way.median()).abs().mean()) for way in ways), 10.0)
    if spread > 1e-3:
        what = "spread of the ways of the pixels in a field that is the same for all"
        yield Fact("chance on the way", what, 0.0, spread, HINT_ALONG, 1e-3, 0.01 + 0.1 * spread)
    upper, lower = (float(way.median()) for way in ways)
    nearest = min(METHODS, key=lambda right: abs(right - upper))
    came = torch.tensor([upper / nearest, lower]).clamp(-99, 99)
    what = f"ways in fields 3t² and 1 in {FEW} steps, over right ones"
    yield Fact("wrong clock", what, torch.ones(2), came, HINT_CLOCK)


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
        yield Fact("chance on the way", what, 0.0, spread, HINT_ALONG, 1e-3, 0.01 + 0.1 * spread)
    rate = _rate(torch.arange(CLASSES).double())
    what = f"factors by which labels 0, 1, 2 shrink at w = {w:g}"
    right = torch.exp((1 - w) * _rate(torch.tensor(float(CLASSES))) + w * rate)
    yield Fact("wrong way", what, right, came, HINT_FACTOR, 6e-3, 0.02)
