"""Known wrong answers to exercise 3.5, as rules to compare with."""

import math
from collections.abc import Callable

from torch import Tensor

from .density_rivals import CONDITIONAL, Density, conditional_law


def marginal_law(conditional: Density | None = None) -> Density:
    """Log of the mean of the conditional densities, over the data points."""
    each = conditional or conditional_law()

    def rule(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        return each(x[:, None], points, alpha, beta).logsumexp(1) - math.log(len(points))

    return rule


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
