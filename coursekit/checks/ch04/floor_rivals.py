"""Known wrong answers to exercise 4.7, as rules to compare with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Field = Callable[[Tensor, Tensor | float], Tensor]


def _squares(rest: Tensor) -> Tensor:
    return rest.square().mean(1)


def _mean_and_error(each: Tensor) -> tuple[Tensor, Tensor]:
    return each.mean(), each.std() / len(each) ** 0.5


def estimate(
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


def _drawn(
    times: Callable[[Tensor], Tensor] = lambda z: torch.rand(len(z), 1, dtype=z.dtype),
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
) -> Callable[[Field, Tensor], tuple[Any, Any]]:
    """The right estimate, with times and noise drawn in another way."""

    def rule(field: Field, z: Tensor) -> tuple[Any, Any]:
        t, eps = times(z), noise(z)
        return _mean_and_error(_squares(z - eps - field(t * z + (1 - t) * eps, t)))

    return rule


def _after_the_mean(each: Tensor) -> tuple[Tensor, Tensor]:
    return each.mean(0).square().mean(), each.std() / len(each) ** 0.5


MISTAKES: dict[str, tuple[Callable[..., Any], str]] = {
    "field left out": (
        estimate(share=0.0),
        "You return the mean square of the conditional velocity itself. The floor is what remains of it "
        "after the best answer, the exact field, has been subtracted.",
    ),
    "field alone": (
        estimate(lambda z, eps, x, t: 0 * z),
        "You return the mean square of the field. The floor is the mean squared distance between the "
        "conditional velocity and the field.",
    ),
    "z minus x_t": (
        estimate(lambda z, eps, x, t: z - x),
        "You compare the field with the way that is left to the data point. It should be compared with the "
        "velocity of the path, the target of exercise 4.4.",
    ),
    "eps minus z": (
        estimate(lambda z, eps, x, t: eps - z),
        "Your conditional velocity has the wrong sign: it points from the data to the noise.",
    ),
    "distance from z": (
        estimate(lambda z, eps, x, t: z),
        "You compare the field with the data point. It should be compared with the velocity of the path, the "
        "target of exercise 4.4.",
    ),
    "field at z": (
        estimate(fed=lambda z, eps, x, t: z),
        "You ask the field at the data point. It should be asked at the state on the path, at the time of "
        "that state.",
    ),
    "norm after the mean": (
        estimate(square=lambda rest: rest, finish=_after_the_mean),
        "You average the differences first and square afterwards, so that they cancel. Square each "
        "difference, then average.",
    ),
    "length for its square": (
        estimate(square=lambda rest: rest.norm(dim=1)),
        "You average the lengths of the differences. The loss averages their squares, so its floor has to "
        "average squares as well.",
    ),
    "spread for standard error": (
        estimate(finish=lambda each: (each.mean(), each.std())),
        "Your estimate is right, but what you return as its error is the spread of single draws. The mean of "
        "n independent draws is known better than that: by which factor?",
    ),
    "variance for standard error": (
        estimate(finish=lambda each: (each.mean(), each.var())),
        "Your estimate is right, but what you return as its error is the variance of single draws. A "
        "standard error has the unit of the estimate, and shrinks with the number of draws.",
    ),
    "variance of the mean": (
        estimate(finish=lambda each: (each.mean(), each.var() / len(each))),
        "Your estimate is right, but what you return as its error is the variance of the mean. Its root is "
        "asked for.",
    ),
    "divided by n": (
        estimate(finish=lambda each: (each.mean(), each.std() / len(each))),
        "Your estimate is right, but its error is too small: you divide the spread by the number of draws. "
        "With four times the draws an error is halved, not quartered.",
    ),
    "every coordinate a draw": (
        estimate(square=torch.square, finish=lambda each: (each.mean(), each.std() / each.numel() ** 0.5)),
        "Your estimate is right, but its error counts every coordinate as a draw of its own. The coordinates "
        "of one draw share their time: average over them first, then take the spread.",
    ),
    "root at the end": (
        estimate(finish=lambda each: (each.mean().sqrt(), each.std() / len(each) ** 0.5)),
        "You take the root of the mean square. The loss has no root at its end, so its floor has none.",
    ),
    "order of the two": (
        estimate(finish=lambda each: _mean_and_error(each)[::-1]),
        "Your two numbers have changed places: the estimate comes first, its standard error second. Look at "
        "the order behind `return`.",
    ),
    "one time for the whole batch": (
        _drawn(lambda z: torch.rand(1, 1, dtype=z.dtype).expand(len(z), 1)),
        "All your draws share one time, so your number tells about a single moment. Draw a time for each "
        "data point.",
    ),
    "one time always": (
        _drawn(lambda z: torch.full((len(z), 1), 0.5, dtype=z.dtype)),
        "All your draws are made at one fixed time, so your number tells about a single moment. Draw a time "
        "for each data point, uniform between 0 and 1.",
    ),
    "rand for randn": (
        _drawn(noise=torch.rand_like),
        "Your noise is uniform between 0 and 1: never negative, and too narrow. Standard normal noise is "
        "asked for. Two functions of torch have names that differ by one letter.",
    ),
}
