"""Exercise 2.3: drift and diffusion of the Ornstein–Uhlenbeck process, from its width and its half-life."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Time
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import repeats, uses
from ..shared.mistakes import recurring
from ..shared.noise import normal

N, PAIRS = 4000, ((0.6, 0.3), (1.7, 2.0))
"""Rows of a large batch; widths and half-lives for which no two of the usual formulas coincide."""


def _rate(half_life: float) -> float:
    return math.log(2) / half_life


def _with(
    drift: Callable[[Tensor, float], Tensor] = lambda x, theta: -theta * x,
    sigma: Callable[[float, float], Any] = lambda std, theta: std * (2 * theta) ** 0.5,
    rate: Callable[[float], float] = _rate,
) -> Callable[..., tuple[Tensor, Any]]:
    """Coefficients with another drift (x, theta), strength (std, theta) or rate (half-life)."""

    def coefficients(x: Tensor, t: Time, std: float, half_life: float) -> tuple[Tensor, Any]:
        theta = rate(half_life)
        return drift(x, theta), sigma(std, theta)

    return coefficients


_ou_coefficients = _with()
"""Pull towards zero at the rate log 2 over the half-life, and the noise that it balances at the width."""


def _changed(change: Callable[[Tensor, Tensor, Any], tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
    """The right coefficients, changed: `change` gets the states and both."""
    return lambda x, t, std, half_life: change(x, *_ou_coefficients(x, t, std, half_life))


MISTAKES: Mistakes = {
    **recurring(
        {
            "noise inside the drift": _changed(lambda x, u, s: (u + s * torch.randn_like(x), s)),
            "sigma squared": _changed(lambda x, u, s: (u, s**2)),
            "noise proportional to the state": _changed(lambda x, u, s: (u, s * x)),
            "order swapped": _changed(lambda x, u, s: (s, u)),
        }
    ),
    "noise inside the diffusion coefficient": (
        _changed(lambda x, u, s: (u, s * torch.randn_like(x))),
        "Your diffusion coefficient is random. The solver multiplies it by noise of its own, so each "
        "kick becomes a product of two random numbers: mostly tiny, sometimes huge. Its variance is right, "
        "and no plot of long paths would show it. The coefficient says only how strong the noise is.",
    ),
    "drift away from zero": (
        _changed(lambda x, u, s: (-u, s)),
        "Your drift points away from zero, the more the further away: paths would explode. The process is "
        "pulled *back*. At a positive state, which sign has the arrow?",
    ),
    "one over the half-life": (
        _with(rate=lambda half_life: 1 / half_life),
        "Your rate is one over the half-life. In that time the mean would shrink to 1/e, which is less than "
        "a half. Write the mean after one half-life as an exponential, set it to one half, and solve.",
    ),
    "half over the half-life": (
        _with(rate=lambda half_life: 0.5 / half_life),
        "You spread the loss of one half evenly over the half-life. The pull gets weaker as time goes on, "
        "so the mean falls along an exponential, not along a straight line. Which rate halves that?",
    ),
    "half-life for the rate": (
        _with(rate=lambda half_life: half_life),
        "You use the half-life as the rate. A process with a long half-life is slow: what happens to the "
        "pull when the half-life doubles?",
    ),
    "half-life of the variance": (
        _with(rate=lambda half_life: _rate(half_life) / 2),
        "With your rate the *square* of the mean halves in the half-life. It is the mean itself that should "
        "halve. Where does your factor two come from?",
    ),
    "decimal logarithm": (
        _with(rate=lambda half_life: math.log10(2) / half_life),
        "Your rate is too small: you take a decimal logarithm. The mean decays like a power of e.",
    ),
    "missing 2 in the stationary variance": (
        _with(sigma=lambda std, theta: std * theta**0.5),
        "With your noise the process settles at half of the variance that it should have. A pull at the "
        "rate theta shrinks the states; at which rate does it shrink their *squares*?",
    ),
    "width for the strength": (
        _with(sigma=lambda std, theta: std),
        "You return the width itself as the diffusion coefficient. The width is what is left in the end, "
        "when the pull has worked against the noise; the faster the pull, the more noise that takes.",
    ),
    "divided where it is multiplied": (
        _with(sigma=lambda std, theta: std / (2 * theta) ** 0.5),
        "Your noise gets weaker as the pull gets stronger, and the process narrower. To keep its width "
        "against a stronger pull, what does it need? Solve for the strength once more.",
    ),
    "root of the width": (
        _with(sigma=lambda std, theta: (2 * theta * std) ** 0.5),
        "Your width stands under the root unsquared. The balance of pull and noise is one of variances: "
        "which power of the width is a variance?",
    ),
    "root of the rate left out": (
        _with(sigma=lambda std, theta: 2 * theta * std),
        "Your noise grows in proportion to the rate. The balance of pull and noise is one of variances, and "
        "the strength is the root of what comes out. Does your root cover all of it?",
    ),
    "same pull everywhere": (
        _with(drift=lambda x, theta: -theta * torch.ones_like(x)),
        "Your pull is equally strong everywhere, and also at zero. The pull of this process grows with the "
        "distance and vanishes at zero: where does the state enter?",
    ),
    "pull by direction only": (
        _with(drift=lambda x, theta: -theta * torch.sign(x)),
        "Your pull has the right direction but the same strength near and far. In this process a state twice "
        "as far from zero is pulled back twice as hard.",
    ),
    "drift depends on time": (
        lambda x, t, std, half_life: (
            t * _ou_coefficients(x, t, std, half_life)[0],
            std * (2 * _rate(half_life)) ** 0.5,
        ),
        "Your pull grows with time. The process is the same at all times: both coefficients are "
        "handed `t` because others need it, and these two ignore it.",
    ),
}


@exercise("2.3", "Width and half-life", "core", "x, t, std, half_life", _ou_coefficients, MISTAKES)
def ou_coefficients(student: StudentFunction) -> Iterator[Fact]:
    """Kurtosis of one step with these coefficients, then the half-life and the width that they lead to."""

    def parts(x: Tensor, t: float, std: float, half_life: float) -> Tensor:
        names = ("drift", "diffusion")
        return student.parts(x, t, std, half_life, shape=tuple(x.shape), names=names, broadcast=names[1:])

    x, (std, half_life) = torch.ones(N, 2), PAIRS[0]
    first, second = (parts(x, 0.4, std, half_life) for _ in range(2))
    hint = (
        "One step of Euler and Maruyama from a fixed place should make normal numbers. With what you return "
        "it does not, although the step draws its noise correctly. What in it differs from row to row?"
    )
    step, what = (
        0.01 * first[0] + 0.1 * first[1] * torch.randn_like(x),
        "excess kurtosis of one step from x = 1",
    )
    yield normal("one step is not normal", what, step, hint, 1)
    hint = (
        "Called twice with the same states, your function answers differently. Both coefficients are fixed "
        "at every place; chance enters in the solver alone. Do you draw anything?"
    )
    yield (again := repeats(first, second, "random coefficients", hint))
    if not again.holds():
        return
    slower, wider = parts(x, 0.4, std, 2.0), parts(x, 0.4, 1.7, half_life)
    yield uses(first[1], {"std": wider[1], "half_life": slower[1]}, "diffusion")
    yield uses(first[0], {"half_life": slower[0], "x": parts(2 * x, 0.4, std, half_life)[0]}, "drift")
    x = torch.tensor([[0.5, -1.0, 30.0], [2.0, 0.25, -0.01]], dtype=torch.float64)
    for t, (std, half_life) in zip((0.0, 0.9), PAIRS, strict=True):
        drift, diffusion = parts(x, t, std, half_life)
        yield from _settles(drift / x, diffusion, std, half_life)
        hint = "At zero the process is not pulled anywhere. Yours is: what is added to the pull by mistake?"
        at_zero = parts(torch.zeros_like(x), t, std, half_life)[0].abs().max()
        yield Fact("pulled at zero", "drift at zero", 0.0, at_zero, hint)


def _settles(slopes: Tensor, diffusion: Tensor, std: float, half_life: float) -> Iterator[Fact]:
    """Rate times half-life, and the variance that pull and noise lead to; from drift over state, (2, 3)."""
    hint = (
        "With your drift the mean does not halve in the half-life. Without noise the state falls like an "
        "exponential: which rate in the exponent makes one half of one? And is every state pulled in "
        "proportion to its distance from zero?"
    )
    # At the right rate the product is log 2, whatever the half-life.
    what = f"slope of the drift at six numbers, times the half-life {half_life:g}"
    yield Fact("wrong drift", what, torch.full((6,), -math.log(2)), slopes.flatten() * half_life, hint)
    hint = (
        "With your diffusion coefficient the process does not settle at the width it should have. In a short "
        "time the noise adds to the variance and the pull takes away from it: write down both, at the "
        "variance that is wanted, and set them equal."
    )
    rate = math.log(2) / half_life
    settled = diffusion.square() / (2 * rate)
    what = f"variance at which pull and noise balance, at six numbers (std = {std:g})"
    yield Fact("wrong diffusion", what, torch.full((6,), std**2), settled.flatten(), hint)
