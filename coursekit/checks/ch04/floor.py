"""Exercise 4.7: the floor of the loss, by Monte Carlo."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..asking import Ask
from ..engine import exercise
from ..facts import Fact, margin
from .common import column_of

N, DIM = 4000, 2
CENTRE = 2.0
WIDTHS = (0.5, 1.5)
TESTS = 4
"""Statistical facts in this check; they share the family's level."""

Field = Callable[[Tensor, Tensor | float], Tensor]


def _squares(rest: Tensor) -> Tensor:
    return rest.square().mean(1)


def _mean_and_error(each: Tensor) -> tuple[Tensor, Tensor]:
    return each.mean(), each.std() / len(each) ** 0.5


def _estimate(
    target: Callable[..., Tensor] = lambda z, eps, x, t: z - eps,
    square: Callable[[Tensor], Tensor] = _squares,
    finish: Callable[[Tensor], tuple[Any, Any]] = _mean_and_error,
    fed: Callable[..., Tensor] = lambda z, eps, x, t: x,
    share: float = 1.0,
) -> Callable[[Field, Tensor], tuple[Any, Any]]:
    """Distance of the conditional velocity from the field, squared and averaged, with other parts."""

    def rule(field: Field, z: Tensor) -> tuple[Any, Any]:
        t, eps = torch.rand(len(z), 1, dtype=z.dtype), torch.randn_like(z)
        x = t * z + (1 - t) * eps
        return finish(square(target(z, eps, x, t) - share * field(fed(z, eps, x, t), t)))

    return rule


def _one_time(field: Field, z: Tensor) -> tuple[Any, Any]:
    t, eps = torch.rand(1, 1, dtype=z.dtype).expand(len(z), 1), torch.randn_like(z)
    return _mean_and_error(_squares(z - eps - field(t * z + (1 - t) * eps, t)))


def _after_the_mean(each: Tensor) -> tuple[Tensor, Tensor]:
    return each.mean(0).square().mean(), each.std() / len(each) ** 0.5


RIVALS: dict[str, tuple[Callable[..., Any], str]] = {
    "field left out": (
        _estimate(share=0.0),
        "You return the mean square of the conditional velocity itself. The floor is what remains of it "
        "after the best answer, the exact field, has been subtracted.",
    ),
    "field alone": (
        _estimate(lambda z, eps, x, t: 0 * z),
        "You return the mean square of the field. The floor is the mean squared distance between the "
        "conditional velocity and the field.",
    ),
    "z minus x_t": (
        _estimate(lambda z, eps, x, t: z - x),
        "You compare the field with the way that is left to the data point. It should be compared with the "
        "velocity of the path, the target of exercise 4.4.",
    ),
    "eps minus z": (
        _estimate(lambda z, eps, x, t: eps - z),
        "Your conditional velocity has the wrong sign: it points from the data to the noise.",
    ),
    "distance from z": (
        _estimate(lambda z, eps, x, t: z),
        "You compare the field with the data point. It should be compared with the velocity of the path, the "
        "target of exercise 4.4.",
    ),
    "field at z": (
        _estimate(fed=lambda z, eps, x, t: z),
        "You ask the field at the data point. It should be asked at the state on the path, at the time of "
        "that state.",
    ),
    "norm after the mean": (
        _estimate(square=lambda rest: rest, finish=_after_the_mean),
        "You average the differences first and square afterwards, so that they cancel. Square each "
        "difference, then average.",
    ),
    "length for its square": (
        _estimate(square=lambda rest: rest.norm(dim=1)),
        "You average the lengths of the differences. The loss averages their squares, so its floor has to "
        "average squares as well.",
    ),
    "spread for standard error": (
        _estimate(finish=lambda each: (each.mean(), each.std())),
        "Your estimate is right, but what you return as its error is the spread of single draws. The mean of "
        "n independent draws is known better than that: by which factor?",
    ),
    "variance for standard error": (
        _estimate(finish=lambda each: (each.mean(), each.var())),
        "Your estimate is right, but what you return as its error is the variance of single draws. A "
        "standard error has the unit of the estimate, and shrinks with the number of draws.",
    ),
    "variance of the mean": (
        _estimate(finish=lambda each: (each.mean(), each.var() / len(each))),
        "Your estimate is right, but what you return as its error is the variance of the mean. Its root is "
        "asked for.",
    ),
    "divided by n": (
        _estimate(finish=lambda each: (each.mean(), each.std() / len(each))),
        "Your estimate is right, but its error is too small: you divide the spread by the number of draws. "
        "With four times the draws an error is halved, not quartered.",
    ),
    "one time for the whole batch": (
        _one_time,
        "All your draws share one time, so your number tells about a single moment. Draw a time for each "
        "data point.",
    ),
}
LOOK_FLOOR = (
    "The data are a Gaussian here, and their floor is known: a quarter turn, pi over 2, times their width. "
    "Your estimate is further from it than chance explains. Is it the exercise 4.4 loss of the given field?"
)
LOOK_ERROR = (
    "Your estimate is right, its standard error is not. It is the spread of the single draws, one for each "
    "data point, divided by the root of their number."
)


def gaussian_field(width: float) -> Field:
    """Exact marginal velocity on the straight line to N(CENTRE, width² I)."""

    def field(x: Tensor, t: Tensor | float) -> Tensor:
        rows = column_of(t, x, "field")
        slope = (rows * width**2 - (1 - rows)) / (rows**2 * width**2 + (1 - rows) ** 2)
        return CENTRE + slope * (x - rows * CENTRE)

    return field


def floor_of(width: float) -> tuple[float, float]:
    """Floor for a Gaussian, pi width / 2, and the spread of one draw around it, (DIM axes in the mean).

    At time t the conditional velocity is normal around the field, with the variance
    v = width² / (t² width² + (1-t)²); its integral over [0, 1] is pi width / 2.
    """
    t = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    v = width**2 / (t**2 * width**2 + (1 - t) ** 2)
    floor = math.pi * width / 2
    return floor, math.sqrt((1 + 2 / DIM) * float(v.square().mean()) - floor**2)


@exercise(
    "4.7",
    "The floor of the loss",
    "stretch",
    "field, z",
    _estimate(),
    RIVALS,
    random=True,
)
def loss_floor(ask: Ask) -> Iterator[Fact | str]:
    """Estimate and standard error for two Gaussians, whose floors are known."""
    factors = []
    for width in WIDTHS:
        z = CENTRE + width * torch.randn(N, DIM, dtype=torch.float64)
        floor, spread = floor_of(width)
        names = ("the estimate", "its standard error")
        came, error = (float(part) for part in ask.parts(gaussian_field(width), z, shape=(), names=names))
        tol = margin(TESTS) * spread / N**0.5
        factor = DIM if abs(came / DIM - floor) < tol else 1  # summed over the axes
        factors.append(factor)
        came, error = min(came / factor, 1e3), error / factor * N**0.5 / spread
        what = f"floor for a Gaussian of width {width:g}"
        yield Fact("wrong floor", what, floor, came, LOOK_FLOOR, tol, tol + 0.02 * abs(came))
        what = "standard error, over the right one"
        # The squared squares have heavy tails: their spread is known to some ten per cent.
        yield Fact(
            "wrong standard error",
            what,
            1.0,
            min(error, 1e3),
            LOOK_ERROR,
            0.3,
            0.001 + 0.25 * min(error, 1e3),
        )
    if factors == [DIM] * len(WIDTHS):
        yield "You sum over the coordinates, where the lab takes their mean: accepted, and said."
