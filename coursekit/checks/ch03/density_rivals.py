"""Known wrong answers to exercise 3.4, as rules to compare with."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Density = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
Term = Callable[[Tensor, Tensor, int], Tensor]
HALF_LOG_2PI = math.log(2 * math.pi) / 2


def _squared(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    return rest.square().sum(-1) / (2 * beta**2)


def _normaliser(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    return dim * (beta.log() + HALF_LOG_2PI)


def conditional_law(exponent: Term = _squared, normaliser: Term = _normaliser) -> Density:
    """Log-density of N(alpha z, beta² I), from its exponent and its normaliser."""

    def rule(x: Tensor, z: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        rest, dim = x - alpha * z, x.shape[-1]
        return -exponent(rest, beta, dim) - normaliser(rest, beta, dim)

    return rule


def _given(change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Density:
    """The right law with other weights."""
    return lambda x, z, alpha, beta: conditional_law()(x, z, *change(alpha, beta))


def _by_coordinate(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    return rest.square() / (2 * beta**2) + beta.log() + HALF_LOG_2PI


def _nothing(rest: Tensor, beta: Tensor, dim: int) -> Tensor:
    return torch.zeros_like(beta)


CONDITIONAL = {
    "beta for beta squared": (
        _given(lambda alpha, beta: (alpha, beta.sqrt())),
        "Your law has the variance `beta`, in the exponent and in the normaliser alike, so it is a density, "
        "but another one. In this course `beta` is a standard deviation: what is the variance then?",
    ),
    "beta squared for beta": (
        _given(lambda alpha, beta: (alpha, beta**2)),
        "Your law has the standard deviation `beta` squared, so it is a density, but another one. Noise is "
        "multiplied by `beta` in a sample of the path. If you call a function of a library: does it want a "
        "variance or a standard deviation?",
    ),
    "beta for beta squared in the exponent": (
        conditional_law(lambda rest, beta, dim: rest.square().sum(-1) / (2 * beta)),
        "Your normaliser is right, but in the exponent the squared distance is divided by something with the "
        "wrong unit: `beta` is a length, so only its square can cancel a squared distance.",
    ),
    "beta squared for beta in the normaliser": (
        conditional_law(normaliser=lambda rest, beta, dim: dim * (2 * beta.log() + HALF_LOG_2PI)),
        "Your exponent is right, but the normaliser counts `beta` twice as often as it should. For one "
        "coordinate the factor in front of the exponential has `beta` in the denominator once.",
    ),
    "root of beta in the normaliser": (
        conditional_law(normaliser=lambda rest, beta, dim: dim * (beta.log() / 2 + HALF_LOG_2PI)),
        "Your exponent is right, but the normaliser takes `beta` for a variance: under the root in front of "
        "the exponential stands the variance, and that is not `beta` itself.",
    ),
    "dimension missing in the normaliser": (
        conditional_law(normaliser=lambda rest, beta, dim: beta.log() + HALF_LOG_2PI),
        "On the line your density is right, in more dimensions it is not: your normaliser is that of a "
        "single coordinate. Every coordinate brings a factor of its own.",
    ),
    "dimension missing at log beta": (
        conditional_law(normaliser=lambda rest, beta, dim: beta.log() + dim * HALF_LOG_2PI),
        "The part of your normaliser with 2 pi counts every coordinate, the part with `beta` counts only "
        "one. Every coordinate brings both of them.",
    ),
    "dimension missing at 2 pi": (
        conditional_law(normaliser=lambda rest, beta, dim: dim * beta.log() + HALF_LOG_2PI),
        "The part of your normaliser with `beta` counts every coordinate, the part with 2 pi counts only "
        "one. Every coordinate brings both of them.",
    ),
    "no half in the exponent": (
        conditional_law(lambda rest, beta, dim: rest.square().sum(-1) / beta**2),
        "Your exponent is twice as large as it should be. In the exponent of a normal law the squared "
        "distance, in widths, is divided by something more.",
    ),
    "beta squared above the line": (
        conditional_law(lambda rest, beta, dim: rest.square().sum(-1) / 2 * beta**2),
        "Your normaliser is right. In the exponent you divide by two and then *multiply* by the square of "
        "`beta`: Python goes from left to right. What are brackets for?",
    ),
    "mean in the exponent": (
        conditional_law(lambda rest, beta, dim: rest.square().mean(-1) / (2 * beta**2)),
        "Your normaliser is right, and on the line all is. In more dimensions the exponent is too small: you "
        "average the squares over the coordinates. The squared distance is not a mean of squares.",
    ),
    "square of the sum": (
        conditional_law(lambda rest, beta, dim: rest.sum(-1).square() / (2 * beta**2)),
        "Your normaliser is right, and on the line all is. In more dimensions you add up the differences "
        "first and square after that, so that differences of unlike sign cancel. Which comes first?",
    ),
    "absolute values": (
        conditional_law(lambda rest, beta, dim: rest.abs().sum(-1) / (2 * beta**2)),
        "Your normaliser is right, but your exponent adds up absolute values. That belongs to another law, "
        "with a pointed peak. What does the exponent of a normal law do with the differences?",
    ),
    "x and z swapped": (
        lambda x, z, alpha, beta: conditional_law()(z, x, alpha, beta),
        "You scale the state and compare it with the data point. It goes the other way round: the centre of "
        "the path is the scaled data point, and `x` is where the density is asked for.",
    ),
    "sign of the whole": (
        lambda x, z, alpha, beta: -conditional_law()(x, z, alpha, beta),
        "You return minus the log-density, as is used for a loss. The log-density itself is asked for: it "
        "is largest at the centre.",
    ),
    "distance not squared": (
        conditional_law(lambda rest, beta, dim: rest.norm(dim=-1) / (2 * beta**2)),
        "Your exponent grows with the distance from the centre, not with its square. Look at the function "
        "that measures the distance: does it take a root at the end?",
    ),
    "sign of the exponent": (
        conditional_law(lambda rest, beta, dim: -_squared(rest, beta, dim)),
        "Your density grows with the distance from the centre. It has to fall: the exponent of a normal law "
        "is negative everywhere but at the centre itself.",
    ),
    "sign of the normaliser": (
        conditional_law(normaliser=lambda rest, beta, dim: -_normaliser(rest, beta, dim)),
        "Your exponent is right, but the logarithm of the normaliser has the wrong sign. In the density that "
        "factor stands in the denominator: the wider the law, the lower its peak.",
    ),
    "normaliser left out": (
        conditional_law(normaliser=_nothing),
        "You return the exponent alone, which is zero at the peak whatever the width. Without the factor in "
        "front the density does not integrate to one, and laws of different widths cannot be compared.",
    ),
    "density, not its logarithm": (
        lambda x, z, alpha, beta: conditional_law()(x, z, alpha, beta).exp(),
        "You return the density itself. Its logarithm is asked for: densities of images are too large or too "
        "small for any float, their logarithms are not.",
    ),
    "alpha left out": (
        _given(lambda alpha, beta: (torch.ones_like(alpha), beta)),
        "Your law sits on the data point itself at every time. The centre of the conditional path is the "
        "data point times the data's weight.",
    ),
    "alpha and beta swapped": (
        _given(lambda alpha, beta: (beta, alpha)),
        "You centre the law with the noise's weight and give it the data's weight as its width. Which of "
        "the two belongs to the data point, and which one to the noise?",
    ),
    "mean over the coordinates": (
        conditional_law(lambda rest, beta, dim: _by_coordinate(rest, beta, dim).mean(-1), _nothing),
        "You average over the coordinates. Independent coordinates multiply their densities, so their "
        "logarithms add up: what should replace the mean?",
    ),
    "coordinates not summed": (
        conditional_law(_by_coordinate, _nothing),
        "You return one number for each coordinate. Independent coordinates multiply their densities, so "
        "their logarithms add up to a single number for each state.",
    ),
    "squares not summed": (
        conditional_law(lambda rest, beta, dim: rest.square() / (2 * beta**2)),
        "You return one number for each coordinate: the squares in the exponent are not added up. The "
        "squared distance of a state is the sum of the squares of its coordinates.",
    ),
    "summed over the batch": (
        conditional_law(lambda rest, beta, dim: rest.square().sum(0) / (2 * beta**2)),
        "You sum over the states of the batch in place of the coordinates. Each state has a log-density of "
        "its own; coordinates are on the last axis.",
    ),
}
