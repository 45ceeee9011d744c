"""Known wrong answers to exercise 6.5, as rules to compare with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Noise = Callable[[Tensor], Tensor]
Clock = Callable[[int], tuple[list[float], float]]
"""Times at which the steps begin, and the length of each."""


def _noise(y: Tensor) -> Tensor:
    return torch.randn(len(y), 1, 8, 8)


def _clock(steps: int) -> tuple[list[float], float]:
    return [k / steps for k in range(steps)], 1 / steps


def _guided(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(x, t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


def walk(
    noise: Noise = _noise,
    clock: Clock = _clock,
    field: Callable[..., Tensor] = _guided,
    after: Callable[[Tensor], Tensor] = lambda x: x,
) -> Callable[..., Tensor]:
    """A walk by Euler's steps with one of its parts exchanged."""

    def rule(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
        x = noise(y)
        starts, h = clock(steps)
        for t in starts:
            x = after(x + h * field(net, x, t, y, w))
        return x

    return rule


def _two_walks(net: Any, y: Tensor, w: float, steps: int) -> Tensor:
    x = _noise(y)
    none, told = (walk(lambda y: x)(net, y, scale, steps) for scale in (0.0, 1.0))
    return (1 - w) * none + w * told


def _constant_scale(scale: Callable[[float], float]) -> Callable[..., Tensor]:
    return lambda net, x, t, y, w: _guided(net, x, t, y, scale(w))


def _null_is_zero(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(x, t, torch.zeros_like(y))
    return none + w * (net(x, t, y) - none)


def _fresh_branch(net: Any, x: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(torch.randn_like(x), t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "rand for randn": (
        {"noise": lambda y: torch.rand(len(y), 1, 8, 8)},
        "Your walk starts from numbers that are uniform between 0 and 1. The network was trained to start "
        "from standard normal noise. Two functions of torch have names that differ by one letter.",
    ),
    "no noise at the start": (
        {"noise": lambda y: torch.zeros(len(y), 1, 8, 8)},
        "All images start from an empty one, so all wishes for the same digit end in the same image. What "
        "makes two sevens differ is the noise from which they start.",
    ),
    "one noise for the whole batch": (
        {"noise": lambda y: torch.randn(1, 1, 8, 8).repeat(len(y), 1, 1, 1)},
        "All images start from the same noise, so all wishes for the same digit end in the same image. Each "
        "image needs a draw of its own: in which shape do you draw?",
    ),
    "no h": (
        {"clock": lambda steps: (_clock(steps)[0], 1.0)},
        "Each of your steps goes a whole unit of time, so many steps carry the images far beyond all digits. "
        "All steps together last from time 0 to time 1.",
    ),
    "one step too few": (
        {"clock": lambda steps: (_clock(steps)[0][:-1], 1 / steps)},
        "You make one step fewer than asked, so the walk stops before time 1 and some noise is left in the "
        "images. How many turns does your loop make?",
    ),
    "one step too many": (
        {"clock": lambda steps: ([*_clock(steps)[0], 1.0], 1 / steps)},
        "You make one step more than asked, so the walk goes on beyond time 1, where the images are. Count "
        "the turns of your loop for two steps by hand.",
    ),
    "time stands still": (
        {"clock": lambda steps: ([0.0] * steps, 1 / steps)},
        "Every one of your steps asks the network about time 0: the clock never moves on. Where does `t` "
        "change from one step to the next?",
    ),
    "first step starts at h": (
        {"clock": lambda steps: ([(k + 1) / steps for k in range(steps)], 1 / steps)},
        "Your clock is one step ahead: the first step asks about time h. A step begins at the time of the "
        "state that it starts from, and noise belongs to time 0.",
    ),
    "from data to noise": (
        {"clock": lambda steps: ([1 - k / steps for k in range(steps)], -1 / steps)},
        "Your walk goes from time 1 to time 0. In this course noise is at time 0 and data are at time 1; "
        "papers with the other clock walk the other way.",
    ),
    "clock runs backwards": (
        {"clock": lambda steps: ([1 - k / steps for k in range(steps)], 1 / steps)},
        "Your steps go forwards, but they ask the network about time 1 first and about time 0 last. Which "
        "time belongs to the state from which a step starts?",
    ),
    "field backwards": (
        {"clock": lambda steps: (_clock(steps)[0], -1 / steps)},
        "The clock runs from 0 to 1 as it should, but your images move against the field. Look at the sign "
        "of the step.",
    ),
    "1 + w": (
        {"field": _constant_scale(lambda w: 1 + w)},
        "Your images are guided by one unit too much: at `w` = 0 you get the class as it was learnt. In this "
        "course 0 ignores the label. Use the field of exercise 6.2 with `w` as it is.",
    ),
    "w and 1 - w swapped": (
        {"field": _constant_scale(lambda w: 1 - w)},
        "The weights of the two branches have changed places: at `w` = 0 your images follow the label. Use "
        "the field of exercise 6.2.",
    ),
    "guidance left out": (
        {"field": _constant_scale(lambda w: 1.0)},
        "Your images are those of `w` = 1 whatever `w` is: the network is asked with the labels alone. Use "
        "the guided field of exercise 6.2 in each step.",
    ),
    "label left out": (
        {"field": _constant_scale(lambda w: 0.0)},
        "Your images are those of `w` = 0 whatever `w` is: the wish is never heard. Use the guided field of "
        "exercise 6.2 in each step, and hand it the labels.",
    ),
    "null label equal to a real class": (
        {"field": _null_is_zero},
        "In the place of the null label you ask for a real class, the label 0. Which label means that none "
        "is given? The network knows: `net.null`.",
    ),
    "different x for the two branches": (
        {"field": _fresh_branch},
        "The two branches are asked about different states: one gets noise of its own. Both fields belong in "
        "one and the same place. Use the field of exercise 6.2 in each step.",
    ),
    "cut on the way": (
        {"after": lambda x: x.clamp(-1, 1)},
        "After each step you cut the state to the range from -1 to 1. On the way a state is half noise, and "
        "noise goes beyond 1: you throw it away, and the network meets states it never saw. If you want to "
        "cut, cut the finished image.",
    ),
    "noise added on the way": (
        {"after": lambda x: x + 0.1 * torch.randn_like(x)},
        "Something random is added to the state in every step. Here chance enters once, at the start; the "
        "rest of the way is fixed by the field.",
    ),
}
MIXED = (
    "You make two finished images, one with the label and one without, and mix these. The two walks part "
    "and end in different digits; their mixture is none. Mix the two *velocities* in each step, at one and "
    "the same state."
)
MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    name: (walk(**parts), words) for name, (parts, words) in WRONG.items()
}
MISTAKES["two finished trajectories mixed"] = (_two_walks, MIXED)
