"""Exercise 5.8: the residual of the Fokker–Planck equation on a grid of the line."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from .common import factor_text, ignored

PARAMETERS = "before, now, after, drift, sigma, dt, dx"
Part = Callable[..., Tensor]


def _slope(values: Tensor, dx: float) -> Tensor:
    return (values[2:] - values[:-2]) / (2 * dx)


def _curve(values: Tensor, dx: float) -> Tensor:
    return (values[2:] - 2 * values[1:-1] + values[:-2]) / dx**2


def _change(before: Tensor, now: Tensor, after: Tensor, dt: float) -> Tensor:
    return (after - before)[1:-1] / (2 * dt)


def _flux(now: Tensor, drift: Tensor, dx: float) -> Tensor:
    return _slope(now * drift, dx)


def _spread(now: Tensor, drift: Tensor, sigma: float, dx: float) -> Tensor:
    return sigma**2 / 2 * _curve(now, dx)


def _rule(time: Part = _change, flux: Part = _flux, spread: Part = _spread, place: int = 1) -> Part:
    """Change in time, plus divergence of the flux, minus what noise spreads; any part may be wrong.

    `place` is that of the density that is differentiated in space: 0 before, 1 now, 2 after.
    """

    def residual(
        before: Tensor, now: Tensor, after: Tensor, drift: Tensor, sigma: float, dt: float, dx: float
    ) -> Tensor:
        p = (before, now, after)[place]
        return time(before, now, after, dt) + flux(p, drift, dx) - spread(p, drift, sigma, dx)

    return residual


ANOTHER_TIME = (
    "Divergence and spreading belong to the middle one of the three times, as the drift does. Which of the "
    "three densities do you differentiate in space?"
)
MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "sigma squared, without the half": _rule(spread=lambda p, f, sigma, dx: sigma**2 * _curve(p, dx)),
            "sigma for sigma squared": _rule(spread=lambda p, f, sigma, dx: sigma / 2 * _curve(p, dx)),
            "half of sigma, squared": _rule(spread=lambda p, f, sigma, dx: (sigma / 2) ** 2 * _curve(p, dx)),
            "sigma left out": _rule(spread=lambda p, f, sigma, dx: _curve(p, dx) / 2),
            "one-sided in time": _rule(lambda b, n, a, dt: (a - n)[1:-1] / dt),
        }
    ),
    "density of the first time": (_rule(place=0), ANOTHER_TIME),
    "density of the last time": (_rule(place=2), ANOTHER_TIME),
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
    "one-sided in space": (
        _rule(flux=lambda p, f, dx: (p * f).diff()[1:] / dx),
        "Your divergence takes the difference between a point and its neighbour on one side. That belongs to "
        "the middle between the two, so the error falls like dx only. Use both neighbours.",
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
    "drift spread too": (
        _rule(spread=lambda p, f, sigma, dx: sigma**2 / 2 * _curve(p * f, dx)),
        "Your second derivative is that of density times drift. Noise spreads the density itself, wherever "
        "the drift leads.",
    ),
    "sign of everything": (
        lambda *given: -_rule()(*given),
        "Your residual is right but for its sign: change in time, *plus* the divergence, *minus* the "
        "spreading. On which side of the equation does each part stand?",
    ),
}
HINT_TIME = (
    "Without drift and noise the residual is the density's change in time. The check lets the density grow "
    "at a known rate.{} Which two of your arguments belong to it, and how much time lies between them?"
)
HINT_FLUX = (
    "Without noise, the residual is the change in time plus the divergence of density times drift. The "
    "change is right; the check knows the divergence of its product.{} How far apart are the two neighbours "
    "of a point, and which sign has an outflow?"
)
HINT_SPREAD = (
    "Without drift, the residual is the change in time minus what the noise does. The change is right; the "
    "check uses a parabola, whose second derivative is known.{} Look at the factors of `sigma` and `dx`, and "
    "at the sign."
)
HINT_ENDS = (
    "In the middle your second derivative is right, next to both ends it is not. A difference of differences "
    "reaches two points to each side, and there one of them is missing: use three neighbouring points."
)
HINT_LAW = (
    "Each part works alone, but together they do not cancel for an Ornstein–Uhlenbeck process, which solves "
    "the equation. Are all three put together, each with its sign, and is anything cut off?"
)


@exercise("5.8", "Fokker–Planck residual", "stretch", PARAMETERS, _rule(), MISTAKES, double=True)
def fokker_planck_residual(student: StudentFunction) -> Iterator[Fact]:
    """Each of the three parts alone, on polynomials where differences are exact; then a process."""
    x, dx, dt, n = torch.linspace(-2, 2, 11, dtype=torch.float64), 0.4, 0.05, 9
    flat, rate, none, inner = 3 + x, 0.7 - 0.2 * x, torch.zeros_like(x), x[1:-1]
    step, bend = dt * rate, 4 * dt**2

    def known(name: str, what: str, expected: Tensor, came: Tensor, hint: str) -> Fact:
        """Without the outermost points, where wider stencils than ours are one-sided."""
        expected, came = expected[1:-1], came[1:-1]
        return Fact(name, f"residual {what}", expected, came, hint.format(factor_text(expected, came)))

    p, grown = x**2 + 1, dt * x**2
    given = (p - grown, p, p + grown, 2 * x + 1, 1.3, dt, dx)
    others = {"before": p, "after": p, "drift": x**2, "sigma": 0.7, "dt": 0.1, "dx": 0.2}
    yield from ignored(student, given, others, (n,))
    # The density bends in time, so that a one-sided difference is seen.
    came = student(flat - step + bend, flat, flat + step + bend, none, 0.0, dt, dx, shape=(n,))
    what = "of a density with a known rate of change"
    yield known("wrong change in time", what, rate[1:-1], came, HINT_TIME)
    # It moves on, so that the density of another time is seen; ((3 + x)(2x + 1))' = 4x + 7.
    came = student(flat - step, flat, flat + step, 2 * x + 1, 0.0, dt, dx, shape=(n,)) - rate[1:-1]
    yield known("wrong divergence", "with a known flux, minus the change", 4 * inner + 7, came, HINT_FLUX)
    came = student(p - grown, p, p + grown, none, 1.6, dt, dx, shape=(n,)) - inner**2
    what, right = "of a parabola under noise 1.6, minus the change", torch.full_like(inner, -(1.6**2))
    yield known("wrong spreading", what, right, came, HINT_SPREAD)
    ends = came[[0, -1]]
    if float((ends + 1.6**2).abs().max()) > 1e-3:
        what = "residual of the parabola at the first and last inner points"
        yield Fact("one-sided at the ends", what, right[:2], ends, HINT_ENDS)
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
    return Fact("not zero for a process", what, 0.0, came.abs().max() / scale, HINT_LAW, 0.03)
