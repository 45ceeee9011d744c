"""Exercise 2.3: drift and diffusion of the Ornstein–Uhlenbeck process."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ...base import Time
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import repeats, uses
from ..shared.mistakes import recurring
from ..shared.noise import normal

N, PAIRS = 4000, ((1.5, 0.7), (0.5, 2.0))
"""Rows of a large batch; rates and strengths at which no two powers of either coincide."""


def _ou_coefficients(x: Tensor, t: Time, theta: float, sigma: float) -> tuple[Tensor, float]:
    """Pull towards zero, and a constant strength of the noise."""
    return -theta * x, sigma


MISTAKES: Mistakes = {
    **recurring(
        {
            "noise inside the drift": lambda x, t, theta, sigma: (
                -theta * x + sigma * torch.randn_like(x),
                sigma,
            ),
            "sigma squared": lambda x, t, theta, sigma: (-theta * x, sigma**2),
            "rate left out": lambda x, t, theta, sigma: (-x, sigma),
            "noise proportional to the state": lambda x, t, theta, sigma: (-theta * x, sigma * x),
            "order swapped": lambda x, t, theta, sigma: (sigma, -theta * x),
        }
    ),
    "noise inside the diffusion coefficient": (
        lambda x, t, theta, sigma: (-theta * x, sigma * torch.randn_like(x)),
        "Your diffusion coefficient is random. The solver multiplies it with noise of its own, so each "
        "kick becomes a product of two random numbers: mostly tiny, sometimes huge. Its variance is right, "
        "and no plot of long paths would show it. The coefficient says only how strong the noise is.",
    ),
    "drift away from zero": (
        lambda x, t, theta, sigma: (theta * x, sigma),
        "Your drift points away from zero, the more the further away: paths would explode. The process is "
        "pulled *back*. At a positive state, which sign has the arrow?",
    ),
    "sigma squared over two theta": (
        lambda x, t, theta, sigma: (-theta * x, sigma**2 / (2 * theta)),
        "Your second result is the variance into which the process settles in the end. The diffusion "
        "coefficient is the strength of the noise at every moment, and it stands in the equation itself.",
    ),
    "stationary width": (
        lambda x, t, theta, sigma: (-theta * x, sigma / (2 * theta) ** 0.5),
        "Your second result is the standard deviation into which the process settles in the end. The "
        "diffusion coefficient stands in the equation itself, as the factor of dW.",
    ),
    "same pull everywhere": (
        lambda x, t, theta, sigma: (-theta * torch.ones_like(x), sigma),
        "Your pull is equally strong everywhere, and also at zero. The pull of this process grows with the "
        "distance and vanishes at zero: where does the state enter?",
    ),
    "pull by direction only": (
        lambda x, t, theta, sigma: (-theta * torch.sign(x), sigma),
        "Your pull has the right direction but the same strength near and far. In this process a state twice "
        "as far from zero is pulled back twice as hard.",
    ),
    "sigma in the drift": (
        lambda x, t, theta, sigma: (-(sigma**2) / (2 * theta) * x, sigma),
        "Your drift uses the stationary variance as if it were a speed. How fast the process returns is "
        "said by `theta` alone; sigma belongs to the noise.",
    ),
    "drift depends on time": (
        lambda x, t, theta, sigma: (-theta * x * t, sigma),
        "Your pull grows with time. The process obeys the same law at all times: both coefficients are "
        "handed `t` because others need it, and these two ignore it.",
    ),
}


@exercise("2.3", "Ornstein–Uhlenbeck coefficients", "core", "x, t, theta, sigma", _ou_coefficients, MISTAKES)
def ou_coefficients(student: StudentFunction) -> Iterator[Fact]:
    """Kurtosis of one step with these coefficients, then each of the two alone."""

    def parts(x: Tensor, t: float, theta: float, sigma: float) -> Tensor:
        names = ("drift", "diffusion")
        return student.parts(x, t, theta, sigma, shape=tuple(x.shape), names=names, broadcast=names[1:])

    x, (theta, sigma) = torch.ones(N, 2), PAIRS[0]
    first, second = (parts(x, 0.4, theta, sigma) for _ in range(2))
    hint = (
        "One step of Euler and Maruyama from a fixed place should make normal numbers. With what you return "
        "it does not, although it draws its noise rightly. What in it differs from row to row?"
    )
    step, what = (
        0.01 * first[0] + 0.1 * first[1] * torch.randn_like(x),
        "excess kurtosis of one step from x = 1",
    )
    yield normal("one step is not normal", what, step, hint, 1)
    hint = (
        "Asked twice about the same states, your function answers differently. Both coefficients are fixed "
        "at every place; chance enters in the solver alone. Do you draw anything?"
    )
    yield (again := repeats(first, second, "random coefficients", hint))
    if not again.holds():
        return
    yield uses(first[1], {"sigma": parts(x, 0.4, theta, 2.0)[1]}, "diffusion")
    yield uses(
        first[0], {"theta": parts(x, 0.4, 0.5, sigma)[0], "x": parts(2 * x, 0.4, theta, sigma)[0]}, "drift"
    )
    x = torch.tensor([[0.5, -1.0, 30.0], [2.0, 0.25, -0.01]], dtype=torch.float64)
    for t, (theta, sigma) in zip((0.0, 0.9), PAIRS, strict=True):
        drift, diffusion = parts(x, t, theta, sigma)
        hint = (
            "The diffusion coefficient is not what it should be. It is the factor in front of dW in the "
            "equation, the same at every place and time. Compare the two by hand for one state."
        )
        what = f"diffusion at six numbers, sigma = {sigma}"
        yield Fact("wrong diffusion", what, torch.full((6,), sigma), diffusion.flatten(), hint)
        hint = (
            "The drift is not what it should be. Read it off the equation: at which rate is a state pulled "
            "towards zero, from one unit away, from two, and from thirty?"
        )
        what = f"drift over the distance from zero, theta = {theta}"
        yield Fact("wrong drift", what, torch.full((6,), -theta), (drift / x).flatten(), hint)
        hint = "At zero the process is not pulled anywhere. Yours is: what is added to the pull by mistake?"
        at_zero = parts(torch.zeros_like(x), t, theta, sigma)[0].abs().max()
        yield Fact("pulled at zero", "drift at zero", 0.0, at_zero, hint)
