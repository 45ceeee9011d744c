"""Known wrong answers to exercises 3.4 and 3.5, as rules to compare with."""

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


def marginal_law(conditional: Density | None = None) -> Density:
    """Log of the mean of the conditional densities, over the data points."""
    each = conditional or conditional_law()

    def rule(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        return each(x[:, None], points, alpha, beta).logsumexp(1) - math.log(len(points))

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


def _pairs(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Conditional log-densities of every state for every data point, (batch, points)."""
    return conditional_law()(x[:, None], points, alpha, beta)


def _over(combine: Callable[[Tensor, float], Tensor]) -> Density:
    """Another way to put the conditional log-densities together, told log of the number of points."""
    return lambda x, points, alpha, beta: combine(_pairs(x, points, alpha, beta), math.log(len(points)))


def _inherited(name: str) -> Density:
    return marginal_law(CONDITIONAL[name][0])


MARGINAL = {
    "exp before the log-sum-exp": (
        _over(lambda logs, m: logs.exp().mean(1).log()),
        "You leave the logarithms, add up densities and come back. Densities far out are smaller, and in "
        "many dimensions larger, than any float: they become zero or infinite before you add them. There is "
        "a function in torch that adds up in logarithms.",
    ),
    "mean of the logarithms": (
        _over(lambda logs, m: logs.mean(1)),
        "You average the log-densities. A mixture averages densities, and the logarithm of a mean is not the "
        "mean of logarithms: one data point far away would pull yours down to nothing.",
    ),
    "sum of the logarithms": (
        _over(lambda logs, m: logs.sum(1)),
        "You add up the log-densities, which multiplies the densities. A product says that a state belongs "
        "to all data points at once; a mixture says that it belongs to one of them.",
    ),
    "number of points forgotten": (
        _over(lambda logs, m: logs.logsumexp(1)),
        "You add up the densities of all data points, so your density integrates to the number of points. "
        "Each point has a share in the mixture, and the shares add up to one.",
    ),
    "number of points multiplied": (
        _over(lambda logs, m: logs.logsumexp(1) + m),
        "The number of data points enters with the wrong sign: more points make your density larger. A share "
        "is one over their number; what is its logarithm?",
    ),
    "divided by the number of points": (
        lambda x, points, alpha, beta: _pairs(x, points, alpha, beta).logsumexp(1) / len(points),
        "You divide the logarithm by the number of data points. What is to be divided is the density; what "
        "becomes of a division when one goes over to logarithms?",
    ),
    "nearest point only": (
        _over(lambda logs, m: logs.max(1).values - m),
        "You use the largest of the conditional densities only. Where clouds overlap, all of them "
        "contribute: the maximum is a part of a stable log-sum-exp, but not all of it.",
    ),
    "nearest point as a whole": (
        _over(lambda logs, m: logs.max(1).values),
        "You use the largest of the conditional densities, as if a state could only come from one data "
        "point. All points contribute, each with the same share.",
    ),
    "summed over the states": (
        _over(lambda logs, m: logs.logsumexp(0) - m),
        "You sum over the states instead of the data points, and return one number for each point. Every "
        "state asks for a log-density: which axis of your table belongs to the data points?",
    ),
    "density, not its logarithm": (
        _over(lambda logs, m: (logs.logsumexp(1) - m).exp()),
        "You return the density itself. Its logarithm is asked for: densities of images are too large or too "
        "small for any float, their logarithms are not.",
    ),
    "density around the mean point": (
        lambda x, points, alpha, beta: conditional_law()(x, points.mean(dim=0), alpha, beta),
        "You average the data points and take the density around their mean. A mixture averages the "
        "densities around all points; around the mean there may be no data at all.",
    ),
    "alpha left out": (
        _inherited("alpha left out"),
        "Your clouds sit on the data points themselves at every time. The centre of each conditional law is "
        "its data point times the data's weight.",
    ),
    "alpha and beta swapped": (
        _inherited("alpha and beta swapped"),
        "You centre the clouds with the noise's weight and give them the data's weight as their width. In "
        "which order does your `conditional_log_prob` take the two?",
    ),
    "beta for beta squared": (
        _inherited("beta for beta squared"),
        "Your clouds have the variance `beta`. In this course `beta` is a standard deviation, as in exercise "
        "3.4; call the function from there and the width takes care of itself.",
    ),
}
