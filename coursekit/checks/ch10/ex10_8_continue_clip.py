"""Exercise 10.8: a clip that goes on from given frames."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

SIZES = (((3, 5, 2), 2, 4), ((2, 4, 1, 3, 3), 1, 5), ((1, 3, 4), 2, 1), ((2, 6, 2), 5, 8))
"""Clips (batch, frames, …), how many frames are given, and steps."""
Net = Callable[[Tensor, Tensor], Tensor]


class Watched:
    """A network of clips that predicts data, and keeps what it was shown.

    What it says of a frame depends on the frames before it, so that held frames have to be right.
    """

    def __init__(self, aim: Tensor) -> None:
        self.aim = aim
        self.states: list[Tensor] = []
        self.times: list[Tensor] = []

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        """Data for clips `x` at times (batch, frames, 1, …)."""
        wanted = (*x.shape[:2], *[1] * (x.dim() - 2))
        if not isinstance(t, Tensor) or t.shape != wanted:
            came = tuple(t.shape) if isinstance(t, Tensor) else type(t).__name__
            raise Fault(
                "times of another shape",
                f"You tell the network times of shape {came}, where it takes one time for each frame of "
                f"each clip, {wanted}. Which time belongs to a frame that is clean already?",
            )
        if x.shape != self.aim.shape:
            raise Fault(
                "clips of another shape",
                f"You show the network {tuple(x.shape)}, where it takes whole clips, "
                f"{tuple(self.aim.shape)}.",
            )
        self.states.append(x.detach().double().clone())
        self.times.append(t.detach().double().clone())
        past = x.cumsum(dim=1) / torch.arange(1, x.shape[1] + 1).reshape(1, -1, *[1] * (x.dim() - 2))
        return 0.6 * self.aim.to(x) + 0.3 * past + 0.1 * t * x


def _times(like: Tensor, first: float, count: int, rest: float) -> Tensor:
    t = torch.full((*like.shape[:2], *[1] * (like.dim() - 2)), float(rest))
    t[:, :count] = first
    return t


def _rule(
    shown: Callable[[Tensor, Tensor, float], Tensor] = lambda z, eps, t: z,
    told: Callable[[float, float], float] = lambda t, h: 1.0,
    now: Callable[[float, float], float] = lambda t, h: t,
    length: Callable[[float, float], float] = lambda t, h: 1 - t,
    hold: str = "always",
    where: Callable[[int, int], slice] = lambda count, frames: slice(0, count),
) -> Callable[..., Tensor]:
    """Euler's steps; how held frames are shown, at which time, and when they are put back, may be wrong."""

    def rule(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
        count, frames, noise = given.shape[1], x.shape[1], x.clone()
        held = where(count, frames)
        h, x = 1 / steps, x.clone()
        if hold != "at the end":
            x[:, held] = shown(given, noise[:, held], 0.0)
        for i in range(steps):
            t = i * h
            if hold == "always":
                x[:, held] = shown(given, noise[:, held], t)
            times = _times(x, now(t, h), 0, now(t, h))
            times[:, held] = told(t, h)
            x = x + h * (net(x, times) - x) / length(t, h)
        if hold in ("always", "at the end"):
            x[:, held] = given
        return x

    return rule


def _at_once(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    x = torch.cat([given, x[:, given.shape[1] :]], dim=1)
    x = net(x, _times(x, 1.0, given.shape[1], 0.0))
    return torch.cat([given, x[:, given.shape[1] :]], dim=1)


def _answers(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    """The network's answer taken for a velocity."""
    count, x = given.shape[1], x.clone()
    x[:, :count] = given
    for i in range(steps):
        x[:, count:] += (net(x, _times(x, 1.0, count, i / steps)) / steps)[:, count:]
    return x


def _first_only(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    return _rule()(net, given[:, :1], x, steps)


def _no_frames(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    for i in range(steps):
        t = i / steps
        x = x + (net(x, _times(x, t, 0, t)) - x) / (1 - t) / steps
    return x


def _cut_off(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    return _rule()(net, given, x, steps)[:, given.shape[1] :]


def _noise_of_others(net: Net, given: Tensor, x: Tensor, steps: int) -> Tensor:
    return _rule()(net, given, torch.cat([given, x], dim=1)[:, : x.shape[1]], steps)


MISTAKES: dict[str, Mistake] = {
    "noise of other frames": (
        _noise_of_others,
        "Your new frames start from the noise of *other* frames: you put the given ones in front of the "
        "noise and cut the end off. That makes good clips, but here each new frame starts from the noise "
        "in its own place.",
    ),
    "held frames told the state's time": (
        _rule(told=lambda t, h: t),
        "The given frames are shown clean, and the network is told that they are as noisy as the rest. It "
        "was trained to believe its clock. At which time is a state that holds no noise?",
    ),
    "held frames noised": (
        _rule(lambda z, e, t: t * z + (1 - t) * e, told=lambda t, h: t),
        "You mix noise into the given frames, to the state's time. That works with networks that know one "
        "time for a whole clip; this one has a time for each frame. What can be seen of a given frame at "
        "the first step?",
    ),
    "held frames noised, and called clean": (
        _rule(lambda z, e, t: t * z + (1 - t) * e),
        "You mix noise into the given frames and tell the network that they are clean. What it sees and "
        "what it is told should be the same.",
    ),
    "held at the start only": (
        _rule(hold="at the start", length=lambda t, h: 1 - t),
        "You put the given frames in once, and then they move with the others. Every step has to leave "
        "them as they are.",
    ),
    "held at the end only": (
        _rule(told=lambda t, h: t, hold="at the end"),
        "You put the given frames in when all is over. The others have been made without them, and do not go "
        "with them.",
    ),
    "given frames not used": (
        _no_frames,
        "The given frames do not occur: you generate a clip from noise alone. Where do they enter your loop?",
    ),
    "first given frame only": (
        _first_only,
        "You hold one frame, however many are given. How long is the axis of frames of `given`?",
    ),
    "held at the wrong end": (
        _rule(where=lambda count, frames: slice(frames - count, frames)),
        "You hold the last frames of the clip. The given ones are the first, and the clip goes on from them.",
    ),
    "all frames told that they are clean": (
        _rule(now=lambda t, h: 1.0),
        "You tell the network time 1 for all frames. Only the given ones are clean; the others are at the "
        "time of the step.",
    ),
    "held frames told time zero": (
        _rule(told=lambda t, h: 0.0),
        "You tell the network time 0 for the given frames: that is pure noise in this course. When is a "
        "frame clean?",
    ),
    "time at the end of the step": (
        _rule(now=lambda t, h: t + h, length=lambda t, h: 1 - t),
        "You tell the network the time at which a step ends. The state that it sees is at its beginning.",
    ),
    "time runs backwards": (
        _rule(now=lambda t, h: 1 - t),
        "You tell the network 1 - t. Noise is at time 0 here, and data at time 1.",
    ),
    "answer taken for a velocity": (
        _answers,
        "You follow the network's answer itself. It predicts the *data*: how do you get from the state to "
        "there in the time that is left?",
    ),
    "not divided by the time left": (
        _rule(length=lambda t, h: 1.0),
        "You step by the difference to the network's answer, and do not divide by the time that is left. "
        "Then the noise is not gone at the end.",
    ),
    "all the way in every step": (
        _rule(length=lambda t, h: h),
        "In every step you go all the way to the network's answer. Its first answers are means over all that "
        "could come; a step goes a part of the way only. Which part of the time that is left is one step?",
    ),
    "all in one step": (
        _at_once,
        "You ask the network once and take its answer. That is the mean of all clips that go with the given "
        "frames; `steps` steps make one of them.",
    ),
    "given frames cut off": (
        _cut_off,
        "You return the new frames alone. The whole clip is wanted, with the given frames in front.",
    ),
}
HINTS = {
    "given frames changed": (
        "In your clip the given frames are not what was given. They should come back exactly: which of your "
        "lines moves them?"
    ),
    "given frames not shown": (
        "The check looks at what the network is shown. In every step the given frames should be as they "
        "were given, without noise, so that the others can look at them. In yours they are not, in {0} of "
        "{1} steps."
    ),
    "wrong time of given frames": (
        "The given frames are clean. The time that you tell the network for them is another than that of "
        "data."
    ),
    "wrong times": (
        "The times that you tell the network for the new frames are not those at which the steps begin: 0, "
        "then one step more each time."
    ),
    "wrong number of steps": (
        "The network is called {0} times, where {1} of Euler's steps need {1} calls. Does your loop turn "
        "once too often, or too rarely?"
    ),
    "wrong new frames": (
        "What the network is shown and told at first is right, and still the new frames end elsewhere. The "
        "network predicts data: which velocity takes a state there in the time that is left?"
    ),
}
HINT_NO_TIME_LEFT = (
    "After the first step the given frames are no longer numbers, and the new ones are. The given frames are "
    "at time 1, so no time is left for them, and 0 is what you divide by. Which frames should move at all?"
)
HINT_OTHER = (
    "With clips {0}, {1} given frames and {2} steps your function is not right, though it was with others. "
    "Which number is written into it?"
)


@exercise("10.8", "And then?", "stretch", "net, given, x, steps", _rule(), MISTAKES)
def continue_clip(student: StudentFunction) -> Iterator[Fact]:
    """What the network is shown and told in every step, and where the frames end."""
    for shape, count, steps in SIZES:
        first = shape == SIZES[0][0]
        aim, noise = torch.randn(shape), torch.randn(shape)
        given = torch.randn(shape[0], count, *shape[2:])
        watched, right = Watched(aim), Watched(aim)
        came = student(watched, given, noise, steps, shape=shape, finite=False).double()
        if not came.isfinite().all():
            lost = [~state.isfinite() for state in watched.states[1:2]]
            infinite = float(sum(part[:, :count].sum() for part in lost))
            if infinite and infinite == float(sum(part.sum() for part in lost)):
                what = "numbers of the given frames that are not finite, in the second step"
                yield Fact("given frames divided by zero", what, 0.0, infinite, HINT_NO_TIME_LEFT)
                return
            student(watched, given, noise, steps, shape=shape)  # raises what there is to say
        wanted = _rule()(right, given, noise, steps).double()
        calls = len(watched.states)
        off = [float((now[:, :count] - given).abs().max()) for now in watched.states] or [1.0]
        clocks = torch.tensor([float(t[:, :count].mean()) for t in watched.times] or [-1.0])
        rest = torch.tensor([float(t[:, count:].mean()) for t in watched.times] or [-1.0])
        bad = sum(gap > 1e-4 for gap in off)
        facts = [
            Fact(
                "wrong number of steps",
                "calls of the network",
                float(steps),
                float(calls),
                HINTS["wrong number of steps"].format(calls, steps),
            ),
            Fact(
                "given frames not shown",
                "error of the given frames, step by step",
                torch.zeros(len(off)),
                torch.tensor(off),
                HINTS["given frames not shown"].format(bad, len(off)),
            ),
            Fact(
                "wrong time of given frames",
                "time told of given frames, step by step",
                torch.ones(len(clocks)),
                clocks,
                HINTS["wrong time of given frames"],
            ),
            Fact(
                "wrong times",
                "time told of new frames, step by step",
                torch.arange(steps) / steps,
                rest,
                HINTS["wrong times"],
            ),
            Fact(
                "given frames changed",
                "given frames in the result",
                given,
                came[:, :count],
                HINTS["given frames changed"],
            ),
            Fact(
                "wrong new frames",
                "new frames",
                wanted[:, count:],
                came[:, count:],
                HINTS["wrong new frames"],
                2e-3,
            ),
        ]
        if first:
            yield from facts
        else:
            hint = HINT_OTHER.format(shape, count, steps)
            yield from (
                Fact("wrong for other clips", f.label, f.expected, f.measured, hint, f.tol)
                for f in facts
                if not f.holds()
            )
        if not all(fact.holds() for fact in facts):
            return
