"""Exercise 2.3: drift and diffusion of the Ornstein–Uhlenbeck process."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Time
from ...solvers import OrnsteinUhlenbeck
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.noise import normal

N = 4000
PAIRS = ((1.5, 0.7), (0.5, 2.0))
"""Rates and strengths at which no two powers of either coincide."""


def _ou_coefficients(x: Tensor, t: Time, theta: float, sigma: float) -> tuple[Tensor, float]:
    """Pull towards zero, and a constant strength of the noise."""
    process = OrnsteinUhlenbeck(theta, sigma)
    return process.drift(x, t), process.diffusion(x, t)


MISTAKES: dict[str, tuple[Callable[..., Any], str]] = {
    "noise inside the diffusion coefficient": (
        lambda x, t, theta, sigma: (-theta * x, sigma * torch.randn_like(x)),
        "Your diffusion coefficient is random. The simulator multiplies it with noise of its own, so each "
        "kick becomes a product of two random numbers: mostly tiny, sometimes huge. Its variance is right, "
        "and no plot of long paths would show it. The coefficient says only how strong the noise is.",
    ),
    "noise inside the drift": (
        lambda x, t, theta, sigma: (-theta * x + sigma * torch.randn_like(x), sigma),
        "Your drift is random. It should say in which direction the process is pulled at a given place, "
        "which is the same every time; all chance comes from the simulator, which uses your diffusion "
        "coefficient.",
    ),
    "drift away from zero": (
        lambda x, t, theta, sigma: (theta * x, sigma),
        "Your drift points away from zero, the more the further away: paths would explode. The process is "
        "pulled *back*. At a positive state, which sign has the arrow?",
    ),
    "sigma squared": (
        lambda x, t, theta, sigma: (-theta * x, sigma**2),
        "Your diffusion coefficient is a variance. The coefficient is what multiplies the noise, so it has "
        "the unit of a standard deviation; the square appears by itself when you compute a variance.",
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
    "rate left out": (
        lambda x, t, theta, sigma: (-x, sigma),
        "Your drift does not depend on `theta`. It is the rate of return: twice the rate pulls twice as hard "
        "at the same place.",
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
    "noise proportional to the state": (
        lambda x, t, theta, sigma: (-theta * x, sigma * x),
        "Your noise is stronger far out, and at zero there is none. The noise of this process is equally "
        "strong everywhere: does the state belong into its coefficient?",
    ),
    "order swapped": (
        lambda x, t, theta, sigma: (sigma, -theta * x),
        "Your two results are in the other order: the first should say where the process is pulled, the "
        "second how strong its noise is. Look at the line with `return`.",
    ),
    "drift depends on time": (
        lambda x, t, theta, sigma: (-theta * x * t, sigma),
        "Your pull grows with time. The process obeys the same law at all times: both coefficients are "
        "handed `t` because others need it, and these two ignore it.",
    ),
}
LOOK_KURTOSIS = (
    "One step of Euler and Maruyama from a fixed place should make normal numbers. With your coefficients it "
    "does not, although it draws its noise rightly. What in your results differs from one row to the next?"
)
LOOK_AGAIN = (
    "Asked twice about the same states, your function answers differently. Both coefficients are ordinary "
    "numbers at every place; chance enters in the simulator alone. Do you draw anything?"
)
LOOK_DIFFUSION = (
    "The diffusion coefficient is not what it should be. It is the factor in front of dW in the equation, "
    "the same at every place and time. Compare the two by hand for one state."
)
LOOK_DRIFT = (
    "The drift is not what it should be. Read it off the equation: at which rate is a state pulled towards "
    "zero, from one unit away and from two?"
)
LOOK_ZERO = (
    "At zero the process is not pulled anywhere. Yours is: what is added to the pull that should not be?"
)


@exercise(
    "2.3",
    "Ornstein–Uhlenbeck coefficients",
    "core",
    "x, t, theta, sigma",
    _ou_coefficients,
    MISTAKES,
    double=True,
)
def ou_coefficients(student: StudentFunction) -> Iterator[Fact]:
    """Kurtosis of one step with these coefficients, then each of the two alone."""
    x = torch.ones(N, 2, dtype=torch.float64)

    def parts(x: Tensor, t: float, theta: float, sigma: float) -> Tensor:
        return student.parts(
            x, t, theta, sigma, shape=tuple(x.shape), names=("drift", "diffusion"), broadcast=True
        )

    first, second = (parts(x, 0.4, *PAIRS[0]) for _ in range(2))
    step = x + 0.01 * first[0] + 0.1 * first[1] * torch.randn_like(x)
    what = "excess kurtosis of one Euler–Maruyama step from x = 1"
    yield normal("one step is not normal", what, step - x, LOOK_KURTOSIS, 1)
    changed = (first != second).double().mean(dim=(1, 2))
    what = "share of drift and diffusion that changes when asked again"
    yield Fact("random coefficients", what, torch.zeros(2), changed, LOOK_AGAIN)
    if float(changed.sum()) > 0:
        return
    x = torch.tensor([[0.5, -1.0], [2.0, 0.25], [-3.0, 1.5]], dtype=torch.float64)
    for t, (theta, sigma) in zip((0.4, 0.9), PAIRS, strict=True):
        drift, diffusion = parts(x, t, theta, sigma)
        what = f"diffusion at six numbers, sigma = {sigma}"
        yield Fact("wrong diffusion", what, torch.full((6,), sigma), diffusion.flatten(), LOOK_DIFFUSION)
        what = f"drift per unit of distance from zero, theta = {theta}"
        yield Fact("wrong drift", what, torch.full((6,), -theta), (drift / x).flatten(), LOOK_DRIFT)
        at_zero = parts(torch.zeros_like(x), t, theta, sigma)[0]
        yield Fact("pulled at zero", "drift at zero", 0.0, at_zero.abs().max(), LOOK_ZERO)
