"""Exercise 2.7: noise on a flow, and the correction that keeps its distributions."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Field, Time
from ...distributions import GaussianMixture
from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance
from ..shared.dependence import repeats, uses
from ..shared.fields import RecordingField
from ..shared.mistakes import TEXTS, recurring
from ..shared.noise import normal

T, SIGMAS = 0.4, (1.5, 0.5)
"""A time that is its own complement for no clock, and strengths for which no two powers coincide."""
N, STEPS = 4000, 40
"""States and steps of the walks on a flow that is known exactly."""

Pair = tuple[Any, Any]


def _rule(change: Callable[[Tensor, Tensor, Any], Pair]) -> Callable[..., Pair]:
    """Coefficients made by `change` from velocity, score and strength."""
    return lambda x, t, velocity, score, sigma: change(velocity(x, t), score(x, t), sigma)


def _at(clock: Callable[[Time], tuple[Time, Time]]) -> Callable[..., Pair]:
    """The right coefficients from velocity and score at other times."""

    def coefficients(x: Tensor, t: Time, velocity: Field, score: Field, sigma: Any) -> Pair:
        one, other = clock(t)
        return velocity(x, one) + sigma**2 / 2 * score(x, other), sigma

    return coefficients


_noisy_flow = _rule(lambda u, s, sigma: (u + sigma**2 / 2 * s, sigma))
"""The flow's velocity, with half of sigma squared times the score on top, and noise of that strength."""

MISTAKES: Mistakes = {
    **recurring(
        {
            "missing half": _rule(lambda u, s, sigma: (u + sigma**2 * s, sigma)),
            "sign of the score": _rule(lambda u, s, sigma: (u - sigma**2 / 2 * s, sigma)),
            "sigma for sigma squared": _rule(lambda u, s, sigma: (u + sigma / 2 * s, sigma)),
            "half of sigma, squared": _rule(lambda u, s, sigma: (u + (sigma / 2) ** 2 * s, sigma)),
            "noise inside the drift": _rule(
                lambda u, s, sigma: (u + sigma**2 / 2 * s + sigma * torch.randn_like(u), sigma)
            ),
            "mean score of the batch": _rule(
                lambda u, s, sigma: (u + sigma**2 / 2 * s.mean(dim=0).expand_as(s), sigma)
            ),
            "sigma squared": _rule(lambda u, s, sigma: (u + sigma**2 / 2 * s, sigma**2)),
            "order swapped": _rule(lambda u, s, sigma: (sigma, u + sigma**2 / 2 * s)),
        }
    ),
    "sigma left out of the correction": (
        _rule(lambda u, s, sigma: (u + s / 2, sigma)),
        "Your correction is the same for every strength of the noise, and so fits one strength at most. "
        "Without noise there is nothing to correct: where should sigma come in?",
    ),
    "score added whole": (_rule(lambda u, s, sigma: (u + s, sigma)), TEXTS["sigma left out"]),
    "sigma times the score": (
        _rule(lambda u, s, sigma: (u + sigma * s, sigma)),
        TEXTS["sigma for sigma squared"],
    ),
    "score forgotten": (
        _rule(lambda u, s, sigma: (1.0 * u, sigma)),
        "You add noise and leave the drift as it was, so the cloud gets wider than the flow makes it. "
        "Something has to gather what the noise scatters, the more the stronger the noise. What pulls "
        "towards the dense places?",
    ),
    "correction without noise": (
        _rule(lambda u, s, sigma: (u + sigma**2 / 2 * s, 0.0)),
        "Your drift is corrected for noise that you do not add: the states are gathered and nothing "
        "scatters them, so the cloud shrinks towards its peaks. What is the second value that a solver "
        "needs?",
    ),
    "velocity forgotten": (
        _rule(lambda u, s, sigma: (sigma**2 / 2 * s, sigma)),
        "Your drift is that of Langevin dynamics: it keeps a cloud as it is. This cloud is to *move*, as the "
        "flow moves it. What is missing from the drift?",
    ),
    "velocity scaled too": (
        _rule(lambda u, s, sigma: (sigma**2 / 2 * (u + s), sigma)),
        "Your factor multiplies the velocity too. The flow carries the cloud by itself and needs no change; "
        "only the correction depends on sigma. Where do the brackets end?",
    ),
    "noise inside the diffusion coefficient": (
        _rule(lambda u, s, sigma: (u + sigma**2 / 2 * s, sigma * torch.randn_like(u))),
        "Your diffusion coefficient is random. The solver multiplies it by noise of its own; the coefficient "
        "says only how strong that noise is.",
    ),
    "score at another time": (
        _at(lambda t: (t, 0 * t)),
        "The velocity is evaluated at the right time, the score is not. Both change as the cloud moves: the "
        "correction has to fit the distribution at the very time of the drift.",
    ),
    "clock turned round": (
        _at(lambda t: (1 - t, 1 - t)),
        "You evaluate velocity and score at one minus the time. Here both belong to the time that is handed "
        "over, as it is.",
    ),
}


def _swirl(x: Tensor, t: Tensor) -> Tensor:
    """A velocity that belongs to no flow in particular."""
    return x.roll(1, dims=1) * (1 + t) - 0.5


def _pull(x: Tensor, t: Tensor) -> Tensor:
    """A score that belongs to no density in particular, and is at no place a multiple of the velocity."""
    return -(x - 2 * t) / (1.2 - t) ** 2


def _fields(dim: int) -> tuple[RecordingField, RecordingField]:
    return RecordingField(_swirl, dim, "velocity"), RecordingField(_pull, dim, "score")


@exercise(
    "2.7",
    "Noise that keeps the distribution",
    "core",
    "x, t, velocity, score, sigma",
    _noisy_flow,
    MISTAKES,
)
def noisy_flow(student: StudentFunction) -> Iterator[Fact]:
    """The flow without noise, the drift state by state, and the cloud after a walk."""

    def parts(x: Tensor, t: Time, fields: tuple[Any, Any], sigma: Any) -> Tensor:
        names = ("drift", "diffusion")
        return student.parts(x, t, *fields, sigma, shape=tuple(x.shape), names=names, broadcast=names[1:])

    x, fields = torch.randn(N, 2).double(), _fields(2)
    first, second = (parts(x, T, fields, SIGMAS[0]) for _ in range(2))
    hint = (
        "One step of Euler and Maruyama should kick the states by normal numbers. With your diffusion "
        "coefficient it does not, although the step draws its noise correctly. What in it differs from row "
        "to row?"
    )
    kick = first[1] * torch.randn_like(x) + 1e-9 * torch.randn_like(
        x
    )  # with no noise at all nothing is wrong
    yield normal("one step is not normal", "excess kurtosis of one kick", kick, hint, 4)
    hint = (
        "Called twice with the same states, your function answers differently. Drift and diffusion are fixed "
        "at every place and time; all chance comes from the solver. Do you draw anything?"
    )
    yield (again := repeats(first, second, "random coefficients", hint))
    if not again.holds():
        return
    yield from _strength(first[1], parts(x, T, fields, SIGMAS[1])[1])
    other = RecordingField(lambda x, t: 1 - x, 2)
    changed = {
        "velocity": parts(x, T, (other, fields[1]), SIGMAS[0])[0],
        "t": parts(x, 0.7, fields, SIGMAS[0])[0],
    }
    yield uses(
        first[0], changed, "drift"
    )  # what ignores score or sigma is told by facts with words of their own
    yield from _places(parts)
    yield from _carried(parts)


def _strength(first: Tensor, other: Tensor) -> Iterator[Fact]:
    """The diffusion coefficient, for both strengths."""
    hint = (
        "The diffusion coefficient should be the strength of the noise as it is handed over, for every "
        "state. Yours is another number. Which of your two values is it, and what do you do to sigma?"
    )
    came = torch.stack([first.mean(), other.mean()])
    yield Fact("wrong diffusion", "diffusion, for two strengths", torch.tensor(SIGMAS), came, hint)


def _places(parts: Callable[..., Tensor]) -> Iterator[Fact]:
    """The drift at every state: without noise, for numbers, and for one strength and one time a row."""
    x = torch.tensor([[0.4, -1.1, 0.3], [1.5, 0.2, -0.6], [-0.7, 2.0, 0.9], [0.1, -0.3, -1.8]]).double()
    column, times = (
        torch.tensor([[0.5], [1.5], [0.0], [2.0]]).double(),
        torch.linspace(0.1, 0.7, 4)[:, None].double(),
    )
    hint = (
        "Without noise there is nothing to correct: the drift should be the velocity of the flow, state by "
        "state. Yours is another one. What does your line leave when sigma is zero?"
    )
    at = torch.full((4, 1), T).double()
    came = parts(x, T, _fields(3), 0.0)[0] - _swirl(x, at)
    yield Fact("changed without noise", "drift minus velocity, sigma = 0", torch.zeros(4, 3), came, hint)
    hint = (
        "Your correction does not balance the noise. In exercise 2.6 you found how strongly a cloud has to "
        "be pulled along its score so that noise of strength sigma leaves it as it is. The flow's own "
        "velocity comes on top, unchanged."
    )
    x[0] *= 20  # a score that is large shows whether it is cut off
    for shift, sigma in enumerate(SIGMAS):  # other places for the other strength, or all calls look alike
        came = parts(x + shift, T, _fields(3), sigma)[0] - _swirl(x + shift, at)
        wanted = sigma**2 / 2 * _pull(x + shift, at)
        yield Fact("out of balance", f"drift minus velocity, sigma = {sigma}", wanted, came, hint)
    hint = (
        "With one number for all rows your function is right. With a strength or a time for each row it is "
        "not: `sigma` and `t` may be columns of shape (batch, 1), and each entry belongs to its own row. Do "
        "you average, pick one, or change a shape?"
    )
    came = parts(x, times, _fields(3), column)
    wanted = torch.stack([_swirl(x, times) + column**2 / 2 * _pull(x, times), column.expand(4, 3)])
    what = "drift and diffusion, one time and one strength a row"
    yield Fact("rows mixed up", what, wanted, came, hint)


def _carried(parts: Callable[..., Tensor]) -> Iterator[Fact]:
    """Mean square of a cloud that a flow stretches, after a walk with these coefficients."""
    means = torch.tensor([[-1.0], [1.5]], dtype=torch.float64)
    data = GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.4, 0.6]))

    # X_t = (1 + t) X_0, so the density at time t is the first one, stretched.
    def velocity(x: Tensor, t: Tensor) -> Tensor:
        return x / (1 + t)

    def score(x: Tensor, t: Tensor) -> Tensor:
        return data.score(x / (1 + t)) / (1 + t)

    fields, start = (RecordingField(velocity, 1), RecordingField(score, 1)), data.sample(N).double()
    moment = (data.weights[:, None] * (means.square() + data.stds.square())).sum()
    hint = (
        "Samples that walk with your coefficients do not stay with the flow: their mean square at the end is "
        "not that of the cloud the flow makes. Are drift and diffusion both those of the same strength?"
    )
    fourth = float(start.pow(4).mean() / moment**2 - 1)
    for sigma in (0.0, 1.0):
        x, h = start, 1 / STEPS
        for step in range(STEPS):
            drift, diffusion = parts(x, step * h, fields, sigma)
            x = x + h * drift.double() + diffusion.double() * h**0.5 * torch.randn_like(x)
        came = x.square().mean() / (4 * moment)
        tol = 0.05 + mean_tolerance(N, fourth, 4)  # the steps' own bias, and chance
        yield Fact(
            "cloud not kept",
            f"mean square after a walk, over the flow's, sigma = {sigma:g}",
            1.0,
            came,
            hint,
            tol,
        )
