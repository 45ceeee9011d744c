"""Exercise 4.8: the floor of the loss, by Monte Carlo."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from .common import column_of

NAMES = ("the estimate", "its standard error")
CENTRE = 2.0
CASES = ((0.5, 4000, 16), (1.5, 3000, 24))
"""Width of the data, their number, and their coordinates."""
TESTS = 8
"""Statistical facts in this check; they share the family's level."""

Floor = Callable[[Any, Tensor], tuple[Any, Any]]


def _mean_and_error(each: Tensor) -> tuple[Tensor, Tensor]:
    return each.mean(), each.std() / len(each) ** 0.5


def estimate(
    target: Callable[..., Tensor] = lambda z, eps, x: z - eps,
    square: Callable[[Tensor], Tensor] = lambda rest: rest.square().mean(1),
    finish: Callable[[Tensor], tuple[Any, Any]] = _mean_and_error,
    times: Callable[[Tensor], Tensor] = lambda z: torch.rand(len(z), 1),
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
    mix: Callable[..., Tensor] = lambda z, eps, t: t * z + (1 - t) * eps,
    ask: Callable[..., Tensor] = lambda field, x, t, z: field(x, t),
) -> Floor:
    """Distance of the conditional velocity from the field, squared and averaged, with other parts."""

    def rule(field: Any, z: Tensor) -> tuple[Any, Any]:
        t, eps = times(z), noise(z)
        x = mix(z, eps, t)
        return finish(square(target(z, eps, x) - ask(field, x, t, z)))

    return rule


def _error(error: Callable[[Tensor], Tensor]) -> Floor:
    """The right estimate with another error."""
    return estimate(finish=lambda each: (each.mean(), error(each)))


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "z minus x_t": estimate(lambda z, eps, x: z - x),
            "eps minus z": estimate(lambda z, eps, x: eps - z),
            "norm after the mean": estimate(
                square=lambda rest: rest,
                finish=lambda rest: (rest.mean(0).square().mean(), rest.std() / len(rest) ** 0.5),
            ),
            "length for its square": estimate(square=lambda rest: rest.norm(dim=1)),
            "not squared": estimate(square=lambda rest: rest.abs().mean(1)),
            "root at the end": estimate(
                finish=lambda each: (each.mean().sqrt(), each.std() / len(each) ** 0.5)
            ),
            "one time for the whole batch": estimate(times=lambda z: torch.rand(1, 1).expand(len(z), 1)),
            "times from randn": estimate(times=lambda z: torch.randn(len(z), 1)),
            "rand for randn": estimate(noise=torch.rand_like),
            "one noise for the whole batch": estimate(noise=lambda z: torch.randn_like(z[:1]).expand_as(z)),
            "one noise for all coordinates": estimate(
                noise=lambda z: torch.randn_like(z[:, :1]).expand_as(z)
            ),
            "noise not scaled": estimate(mix=lambda z, eps, t: t * z + eps),
            "data not scaled": estimate(mix=lambda z, eps, t: z + (1 - t) * eps),
            "path runs backwards": estimate(mix=lambda z, eps, t: (1 - t) * z + t * eps),
            "two draws of noise": estimate(lambda z, eps, x: z - torch.randn_like(z)),
            "time not shown": estimate(ask=lambda field, x, t, z: field(x, 0 * t)),
        }
    ),
    "field left out": (
        estimate(ask=lambda field, x, t, z: 0 * field(x, t)),
        "You return the mean square of the conditional velocity itself. The floor is what remains of it "
        "after the best answer, the exact field, has been subtracted.",
    ),
    "field alone": (
        estimate(lambda z, eps, x: 0 * z),
        "You return the mean square of the field. The floor is the mean squared distance between the "
        "conditional velocity and the field.",
    ),
    "distance from z": (
        estimate(lambda z, eps, x: z),
        "You compare the field with the data point. It should be compared with the velocity of the path, "
        "the target of exercise 4.4.",
    ),
    "field at z": (
        estimate(ask=lambda field, x, t, z: field(z, t)),
        "You ask the field at the data point. It should be asked at the state on the path, at the time of "
        "that state.",
    ),
    "z not used": (
        lambda field, z: estimate()(field, torch.randn_like(z)),
        "The data that you were handed do not come into your result. The floor depends on the data: build "
        "your states, and the velocities to compare with, from the rows of `z`.",
    ),
    "one time always": (
        estimate(times=lambda z: torch.full((len(z), 1), 0.5)),
        "All your draws are made at one fixed time, so your number tells about a single moment. Draw a time "
        "for each data point, uniform between 0 and 1.",
    ),
    "spread for standard error": (
        _error(torch.std),
        "Your estimate is right, but what you return as its error is the spread of single draws. The mean "
        "of n independent draws is known better than that: by which factor?",
    ),
    "variance for standard error": (
        _error(torch.var),
        "Your estimate is right, but what you return as its error is the variance of single draws. A "
        "standard error has the unit of the estimate, and shrinks with the number of draws.",
    ),
    "variance of the mean": (
        _error(lambda each: each.var() / len(each)),
        "Your estimate is right, but what you return as its error is the variance of the mean. Its root is "
        "asked for.",
    ),
    "divided by n": (
        _error(lambda each: each.std() / len(each)),
        "Your estimate is right, but its error is too small: you divide the spread by the number of draws. "
        "With four times the draws an error is halved, not quartered.",
    ),
    "every coordinate a draw": (
        estimate(square=torch.square, finish=lambda each: (each.mean(), each.std() / each.numel() ** 0.5)),
        "Your estimate is right, but its error is made of single coordinates: each counts as a draw of its "
        "own, or the spread is taken along the wrong axis. The coordinates of one draw share their time: "
        "average over them first, then take the spread over the draws.",
    ),
    "order of the two": (
        estimate(finish=lambda each: _mean_and_error(each)[::-1]),
        "Your two numbers have changed places: the estimate comes first, its standard error second. Look at "
        "the order behind `return`.",
    ),
}
HINT_ASKED = (
    "Your function never asks the `field` that it was handed. The floor is what remains of the conditional "
    "velocity after the answer of the exact field has been subtracted: ask it at each state and time."
)
HINT_ROWS = (
    "You ask the field about fewer states than there are data points. Make one state for each row of `z`: "
    "the more there are, the more precise the estimate. Which part of the data do you leave out?"
)
HINT_FLOOR = (
    "The data are a Gaussian here, and their floor is known: half of pi times their width. Your estimate is "
    "further from it than chance explains. Is it the exercise 4.4 loss of the given field?"
)
HINT_DRAWS = (
    "The states or times at which you ask the field are not those of the path: one time for each data "
    "point, uniform between 0 and 1, and standard normal noise. How do you mix them, and is the field told "
    "the same time? Print mean and spread of what you draw."
)
HINT_FRESH = (
    "Two calls with the same data ask the field at the same places. Then your number repeats itself, and "
    "its error is hidden. Is a seed set inside your function?"
)
HINT_ERROR = (
    "Your estimate is right, its standard error is not. It is the spread of the single draws, one for each "
    "data point, divided by the root of their number."
)


class ExactField:
    """Exact marginal velocity on the straight line to N(CENTRE, width² I), with a record."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.states: list[Tensor] = []
        self.times: list[Tensor] = []

    def __call__(self, x: Tensor, t: Tensor | float) -> Tensor:
        """Velocity at states (rows, dim) and a time, a number or one for each row."""
        rows = column_of(t, x, "field")
        self.states.append(x.detach().double())
        self.times.append(rows.double())
        slope = (rows * self.width**2 - (1 - rows)) / (rows**2 * self.width**2 + (1 - rows) ** 2)
        return CENTRE + slope * (x - rows * CENTRE)


def floor_of(width: float, dim: int) -> tuple[float, float]:
    """Floor for a Gaussian, pi width / 2, and the spread of one draw around it, `dim` axes in the mean.

    At time t the conditional velocity is normal around the field, with the variance
    v = width² / (t² width² + (1-t)²); its integral over [0, 1] is pi width / 2.
    """
    t = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    v = width**2 / (t**2 * width**2 + (1 - t) ** 2)
    floor = math.pi * width / 2
    return floor, math.sqrt((1 + 2 / dim) * float(v.square().mean()) - floor**2)


@exercise("4.8", "The floor of the loss", "stretch", "field, z", estimate(), MISTAKES, random=True)
def loss_floor(student: StudentFunction) -> Iterator[Fact | str]:
    """Where the field is evaluated; estimate and standard error for two Gaussians, whose floors are known."""
    summed = 0
    for width, n, dim in CASES:
        z = CENTRE + width * torch.randn(n, dim)
        floor, spread = floor_of(width, dim)
        field = ExactField(width)
        came, error = (float(part) for part in student.parts(field, z, shape=(), names=NAMES))
        if width == CASES[0][0]:
            draws = list(_draws(student, field, z))
            yield from draws
            if not all(fact.holds() for fact in draws):
                return
        tol = margin(TESTS) * spread / n**0.5
        factor = dim if abs(came / dim - floor) < tol else 1  # summed over the axes
        summed += factor > 1
        came, error = min(came / factor, 1e3), min(error / factor * n**0.5 / spread, 1e3)
        what = f"floor for a Gaussian of width {width:g}"
        yield Fact("wrong floor", what, floor, came, HINT_FLOOR, tol, tol + 0.02 * abs(came))
        # The squared squares have heavy tails: their spread is known to some ten per cent.
        what, near = "standard error, over the right one", 0.001 + 0.25 * abs(error)
        yield Fact("wrong standard error", what, 1.0, error, HINT_ERROR, 0.3, near)
    if summed == len(CASES):
        yield "You sum over the coordinates, where the lab takes their mean. That is accepted."


def _draws(student: StudentFunction, field: ExactField, z: Tensor) -> Iterator[Fact]:
    """Where the field was evaluated: fresh places, times of their own, and normal noise."""
    if not field.times:
        yield Fact("field not asked", "calls of the field", 1.0, 0.0, HINT_ASKED)
        return
    rows = len(torch.cat(field.times))
    if rows < len(z):
        what = "states shown to the field, for each data point"
        yield Fact("other rows", what, 1.0, rows / len(z), HINT_ROWS)
    if rows != len(z):
        return
    x, t = torch.cat(field.states), torch.cat(field.times)
    field.states, field.times = [], []
    student.parts(field, z, shape=(), names=NAMES)
    again = torch.cat(field.times)
    own = len(t.unique()) / len(t)
    if own < 0.9:
        yield Fact("times shared", "share of draws with a time of their own", 1.0, own, HINT_DRAWS)
        same = float((again == t).double().mean())
        yield Fact("times shared", "share of times that come again", 0.0, same, HINT_DRAWS)
        yield Fact("times shared", "share of times 0", 0.0, float((t == 0).double().mean()), HINT_DRAWS)
        return
    came = torch.stack([t.mean(), t.std() * math.sqrt(3)])
    if float((came - 0.5).abs().max()) > margin(TESTS) * 0.29 / len(t) ** 0.5:
        yield Fact("wrong times", "times: mean, scaled spread", torch.full((2,), 0.5), came, HINT_DRAWS, 0.02)
        return
    eps = ((x - t * z) / (1 - t))[t[:, 0] < 0.5]
    came = torch.stack([eps.mean(), eps.std(), eps.std(dim=1).mean(), eps.std(dim=0).mean()]).clamp(-6, 6)
    what = "noise: mean, spread, within a state, from state to state"
    yield Fact("wrong noise", what, torch.tensor([0.0, 1.0, 1.0, 1.0]), came, HINT_DRAWS, 0.1)
    if torch.equal(torch.cat(field.states), x):
        yield Fact("nothing fresh", "share of places that come again", 0.0, 1.0, HINT_FRESH)
