"""Known wrong Euler–Maruyama steps, and what to tell the student who is seen to take one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def _noise(x: Tensor) -> Tensor:
    return torch.randn_like(x)


def _late(drift: Any, diffusion: Any, x: Tensor, t: float, h: float) -> Tensor:
    moved = x + h * drift(x, t)
    return moved + diffusion(moved, t) * h**0.5 * _noise(x)


def _seeded(drift: Any, diffusion: Any, x: Tensor, t: float, h: float) -> Tensor:
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    return x + h * drift(x, t) + diffusion(x, t) * h**0.5 * noise


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "h for sqrt(h)": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + h * diffusion(x, t) * _noise(x),
        "Your noise shrinks as fast as the step size. Kicks cancel in part, so many small ones reach less "
        "far than their sum: it is their *variances* that add up to a time. With your factor the noise "
        "would vanish from a fine simulation.",
    ),
    "noise without h": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * _noise(x),
        "Your kicks are equally strong however short the step is, so a finer grid makes a wilder path. A "
        "short step collects little noise: how does the variance of the increments grow with time?",
    ),
    "noise forgotten": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + 0 * diffusion(x, t),
        "Your step follows the drift and nothing else: the same state always moves to the same place. What "
        "does `diffusion` say, and where does chance enter?",
    ),
    "the same noise added without chance": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * h**0.5,
        "The size of your kick is right, but it is no kick: every state is shifted the same way, every time. "
        "What is a standard deviation multiplied with to become a random number?",
    ),
    "no h on the drift": (
        lambda drift, diffusion, x, t, h: x + drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x),
        "The drift in your step moves the states equally far however short the step is. It is a speed, so "
        "the way made depends on how long the step lasts.",
    ),
    "sqrt(h) on the drift too": (
        lambda drift, diffusion, x, t, h: x + h**0.5 * (drift(x, t) + diffusion(x, t) * _noise(x)),
        "Your root multiplies the drift as well as the noise. Only the noise grows like the root of the "
        "time; the drift is a speed, and goes on as in Euler's method.",
    ),
    "drift forgotten": (
        lambda drift, diffusion, x, t, h: x + diffusion(x, t) * h**0.5 * _noise(x),
        "Your step adds noise and nothing else: the states know no direction. Which of the arguments did you "
        "not use?",
    ),
    "drift backwards": (
        lambda drift, diffusion, x, t, h: x - h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x),
        "Your states move against the drift, by the right amount. For the noise a sign makes no difference, "
        "but for the drift it does. Look at the sign in your line.",
    ),
    "only the increment": (
        lambda drift, diffusion, x, t, h: h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x),
        "You return how far the states move, not where they arrive. A step hands back the next state: think "
        "of where the move starts from.",
    ),
    "sigma squared": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) ** 2 * h**0.5 * _noise(x),
        "Your noise grows with the square of the diffusion coefficient. Its *variance* should; the kick "
        "itself is a standard deviation times a standard normal number.",
    ),
    "root of sigma": (
        lambda drift, diffusion, x, t, h: (
            x + h * drift(x, t) + abs(diffusion(x, t)) ** 0.5 * h**0.5 * _noise(x)
        ),
        "The root in your line covers the diffusion coefficient too. The variance of a kick is proportional "
        "to the time and to the *square* of the coefficient: of which of the two is the root taken?",
    ),
    "sigma left out": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + h**0.5 * _noise(x),
        "Your kicks do not depend on `diffusion`, so they are there even where it is zero. It says how "
        "strong the noise is.",
    ),
    "noise multiplied twice": (
        lambda drift, diffusion, x, t, h: (
            x + h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x) * _noise(x)
        ),
        "Your kick is a product of two random numbers. Its variance is right, and after many steps no plot "
        "would show anything; but single kicks are mostly tiny and sometimes huge. One normal number for "
        "each coordinate is enough.",
    ),
    "one noise for the whole batch": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x[:1]),
        "All states of the batch get the same kick, so the cloud moves as a whole and never spreads. Each "
        "state needs a draw of its own: look at the shape in which you draw.",
    ),
    "one noise for all": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x[:1, :1]),
        "You draw one single number, and it kicks every coordinate of every state alike: the cloud moves as "
        "a whole along a diagonal and never spreads. Each coordinate of each state needs a draw of its own: "
        "look at the shape in which you draw.",
    ),
    "one noise for all coordinates": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * h**0.5 * _noise(x[:, :1]),
        "Within each state all coordinates get the same kick, so the noise pushes along a diagonal line. "
        "Each coordinate needs a draw of its own.",
    ),
    "same noise in every step": (
        _seeded,
        "Each call of your step draws the very same numbers, because it sets the seed anew. A state would be "
        "kicked in the same direction over and over. Seed once, outside, or not at all.",
    ),
    "rand for randn": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * h**0.5 * torch.rand_like(x),
        "Your noise is never negative: it pushes all states in one direction. It is drawn from the uniform "
        "law between 0 and 1. Two functions of torch have names that differ by one letter.",
    ),
    "diffusion asked after the drift": (
        _late,
        "You let the drift move the states first, and ask for the diffusion at the new ones. Both "
        "coefficients belong to the state and time at which the step begins. Is `x` overwritten too early?",
    ),
    "coefficients at the end of the step": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t + h) + diffusion(x, t + h) * h**0.5 * _noise(x),
        "You ask for the coefficients at the time when the step ends. The step knows only its beginning: the "
        "state and the time that were handed over.",
    ),
    "noise proportional to the state": (
        lambda drift, diffusion, x, t, h: x + h * drift(x, t) + diffusion(x, t) * x * h**0.5 * _noise(x),
        "Your kicks grow with the state itself, and a state at the origin is never kicked. How strong the "
        "noise is, is said by `diffusion` alone.",
    ),
}
