"""Exercise 5.7: the residual of the Fokker–Planck equation on a grid of the line."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

PARAMETERS = "before, now, after, drift, sigma, dt, dx"
Part = Callable[..., Tensor]


def _slope(values: Tensor, dx: float) -> Tensor:
    return (values[2:] - values[:-2]) / (2 * dx)


def _curve(values: Tensor, dx: float) -> Tensor:
    return (values[2:] - 2 * values[1:-1] + values[:-2]) / dx**2


def _in_time(before: Tensor, now: Tensor, after: Tensor, dt: float) -> Tensor:
    return (after - before)[1:-1] / (2 * dt)


def _flux(now: Tensor, drift: Tensor, dx: float) -> Tensor:
    return _slope(now * drift, dx)


def _spread(now: Tensor, drift: Tensor, sigma: float, dx: float) -> Tensor:
    return sigma**2 / 2 * _curve(now, dx)


def _rule(time: Part = _in_time, flux: Part = _flux, spread: Part = _spread) -> Part:
    """Change in time, plus divergence of the flux, minus what noise spreads; any part may be wrong."""

    def residual(
        before: Tensor, now: Tensor, after: Tensor, drift: Tensor, sigma: float, dt: float, dx: float
    ) -> Tensor:
        return time(before, now, after, dt) + flux(now, drift, dx) - spread(now, drift, sigma, dx)

    return residual


MISTAKES: dict[str, tuple[Part, str]] = {
    "sigma squared, without the half": (
        _rule(spread=lambda p, f, sigma, dx: sigma**2 * _curve(p, dx)),
        "Your noise spreads the density twice as fast as it does. Brownian motion has the variance t, and "
        "its density solves the heat equation with a factor of a half.",
    ),
    "sigma for sigma squared": (
        _rule(spread=lambda p, f, sigma, dx: sigma / 2 * _curve(p, dx)),
        "Your spreading grows in proportion to sigma. Variances add up, so the density spreads at a rate of "
        "sigma squared.",
    ),
    "half of sigma, squared": (
        _rule(spread=lambda p, f, sigma, dx: (sigma / 2) ** 2 * _curve(p, dx)),
        "Your bracket covers the two as well, so a quarter is left in front of the second derivative instead "
        "of a half.",
    ),
    "sign of the Laplacian": (
        _rule(spread=lambda p, f, sigma, dx: -(sigma**2) / 2 * _curve(p, dx)),
        "The second derivative has the wrong sign: your noise would gather the density. On a peak the second "
        "derivative is negative, and noise makes peaks fall. On which side of the equation are you?",
    ),
    "Laplacian left out": (
        _rule(spread=lambda p, f, sigma, dx: torch.zeros_like(p[1:-1])),
        "The noise does not enter: you wrote the continuity equation of chapter 04. What noise of strength "
        "sigma does to a density is still to be added.",
    ),
    "sign of the divergence": (
        _rule(flux=lambda p, f, dx: -_flux(p, f, dx)),
        "The divergence has the wrong sign. Where more flows out than in, the density falls: the change in "
        "time *plus* the divergence is zero without noise.",
    ),
    "drift outside the derivative": (
        _rule(flux=lambda p, f, dx: f[1:-1] * _slope(p, dx)),
        "You differentiate the density and multiply by the drift then. A drift that differs from place to "
        "place also squeezes the density: differentiate the product.",
    ),
    "density outside the derivative": (
        _rule(flux=lambda p, f, dx: p[1:-1] * _slope(f, dx)),
        "You differentiate the drift and multiply by the density then. What flows through a place is their "
        "product, and the product is what has to be differentiated.",
    ),
    "density left out of the flux": (
        _rule(flux=lambda p, f, dx: _slope(f, dx)),
        "You differentiate the drift alone. What flows through a place is density times drift: where "
        "nobody is, nothing flows.",
    ),
    "divergence left out": (
        _rule(flux=lambda p, f, dx: torch.zeros_like(p[1:-1])),
        "The drift does not enter your residual. What flows through a place is density times drift, and its "
        "divergence changes the density.",
    ),
    "drift spread too": (
        _rule(spread=lambda p, f, sigma, dx: sigma**2 / 2 * _curve(p * f, dx)),
        "Your second derivative is that of density times drift. Noise spreads the density itself, wherever "
        "the drift leads.",
    ),
    "dt for two dt": (
        _rule(time=lambda b, n, a, dt: (a - b)[1:-1] / dt),
        "Your change in time is twice as large as it is. How much time lies between `before` and `after`?",
    ),
    "change not divided by time": (
        _rule(time=lambda b, n, a, dt: (a - b)[1:-1]),
        "The change of the density from `before` to `after` is not divided by the time that it takes. A "
        "rate of change is a difference per unit of time.",
    ),
    "time runs backwards": (
        _rule(time=lambda b, n, a, dt: (b - a)[1:-1] / (2 * dt)),
        "Your change in time has the wrong sign: it should be what comes after, minus what was before.",
    ),
    "one-sided in time": (
        _rule(time=lambda b, n, a, dt: (a - n)[1:-1] / dt),
        "You take the change from `now` to `after` alone. That belongs to a moment between the two, so the "
        "error falls like dt only. Use both neighbours.",
    ),
    "sign of everything": (
        lambda *given: -_rule()(*given),
        "Your residual is right but for its sign: change in time, *plus* the divergence, *minus* the "
        "spreading. On which side of the equation does each part stand?",
    ),
    "dx for two dx": (
        _rule(flux=lambda p, f, dx: 2 * _flux(p, f, dx)),
        "Your divergence is twice as large as it is. How far apart are the two neighbours of a point?",
    ),
    "dx for dx squared": (
        _rule(spread=lambda p, f, sigma, dx: sigma**2 / 2 * _curve(p, dx) * dx),
        "Your second derivative is divided by `dx` once. It is a difference of differences, and each of them "
        "is divided by `dx`.",
    ),
    "half of dx squared": (
        _rule(spread=lambda p, f, sigma, dx: sigma**2 / 2 * _curve(p, dx) / 4),
        "Your second derivative is four times too small. Its three points lie one `dx` apart from each "
        "other, not two.",
    ),
}
LOOK_ENDS = (
    "In the middle your second derivative is right, next to both ends it is not. A difference of differences "
    "reaches two points to each side, and there one of them is missing: use three neighbouring points."
)
LOOK_TIME = (
    "Without drift and noise the residual is the density's change in time. The check lets the density grow "
    "at a known rate. Which two of your arguments belong to it, and how much time lies between them?"
)
LOOK_FLUX = (
    "Without noise, and with a density that stands still, the residual is the divergence of density times "
    "drift. The check uses a product whose derivative is known."
)
LOOK_SPREAD = (
    "Without drift, and with a density that stands still, the residual is what the noise would do, with a "
    "minus. The check uses a parabola, whose second derivative is known."
)
LOOK_LAW = (
    "Each part works alone, but together they do not cancel for an Ornstein–Uhlenbeck process, which solves "
    "the equation. Are all three put together with the right signs?"
)


def _inner(values: Tensor) -> Tensor:
    """Without the outermost points, where wider stencils than ours are one-sided."""
    return values[2:-2]


@exercise("5.7", "Fokker–Planck residual", "stretch", PARAMETERS, _rule(), MISTAKES, double=True)
def fokker_planck_residual(student: StudentFunction) -> Iterator[Fact]:
    """Each of the three parts alone, on polynomials where differences are exact; then a process."""
    x, dx, dt = torch.linspace(-2, 2, 11, dtype=torch.float64), 0.4, 0.05
    flat, rate = 3 + x, 0.7 - 0.2 * x
    none = torch.zeros_like(x)
    # The density bends in time too, so that a one-sided difference is seen.
    came = student(
        flat - dt * rate + 4 * dt**2, flat, flat + dt * rate + 4 * dt**2, none, 0.0, dt, dx, shape=(9,)
    )
    yield Fact(
        "wrong change in time",
        "residual of a density with a known rate of change",
        _inner(rate[1:-1]),
        _inner(came),
        LOOK_TIME,
        match_tol=0.02,
    )
    came = student(flat, flat, flat, 2 * x + 1, 0.0, dt, dx, shape=(9,))
    yield Fact(
        "wrong divergence",
        "residual with a known flux",  # ((3 + x)(2x + 1))' = 4x + 7
        _inner((4 * x + 7)[1:-1]),
        _inner(came),
        LOOK_FLUX,
        match_tol=0.02,
    )
    came = student(x**2 + 1, x**2 + 1, x**2 + 1, none, 1.6, dt, dx, shape=(9,))
    yield Fact(
        "wrong spreading",
        "residual of a parabola under noise of strength 1.6",
        torch.full((5,), -(1.6**2), dtype=torch.float64),
        _inner(came),
        LOOK_SPREAD,
        match_tol=0.02,
    )
    ends = came[[0, -1]]
    if float((ends + 1.6**2).abs().max()) > 1e-3:
        what = "residual of the parabola at the first and last inner points"
        yield Fact(
            "one-sided at the ends", what, torch.full((2,), -(1.6**2)), ends, LOOK_ENDS, match_tol=0.02
        )
    yield _process(student)


def _process(student: StudentFunction) -> Fact:
    """Largest residual of an Ornstein–Uhlenbeck process on its way, over the largest change in time."""
    theta, sigma, dt, n = 0.8, 1.3, 0.01, 241
    x = torch.linspace(-6, 6, n, dtype=torch.float64)

    def density(t: float) -> Tensor:
        v = sigma**2 / (2 * theta) * (1 - math.exp(-2 * theta * t)) + 0.2 * math.exp(-2 * theta * t)
        return torch.distributions.Normal(1.5 * math.exp(-theta * t), math.sqrt(v)).log_prob(x).exp()

    before, now, after = (density(0.5 + k * dt) for k in (-1, 0, 1))
    came = student(before, now, after, -theta * x, sigma, dt, 12 / (n - 1), shape=(n - 2,))
    scale = float((after - before).abs().max()) / (2 * dt)
    what = "largest residual of an Ornstein–Uhlenbeck process, over the largest change in time"
    return Fact("not zero for a process", what, 0.0, came.abs().max() / scale, LOOK_LAW, 0.03, 0.06)
