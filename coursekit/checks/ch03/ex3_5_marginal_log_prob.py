"""Exercise 3.5: log-density of the marginal path."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from .common import CONDITIONAL_LAW, HALF_LOG_2PI, WEIGHT_FAULTS, Density, mass, rows, scalar


def _table(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Conditional log-densities of every state for every data point, (batch, points)."""
    return CONDITIONAL_LAW(x[:, None], points, alpha, beta)


def _mixture(each: Density = CONDITIONAL_LAW) -> Density:
    """Log of the mean of the conditional densities, over the data points."""
    return lambda x, points, alpha, beta: (
        each(x[:, None], points, alpha, beta).logsumexp(1) - math.log(len(points))
    )


def _over(combine: Callable[[Tensor, float], Tensor]) -> Density:
    """Another way to put the table together; it is given the logarithm of the number of points."""
    return lambda x, points, alpha, beta: combine(_table(x, points, alpha, beta), math.log(len(points)))


MISTAKES = {
    **recurring({name: _mixture(rule) for name, rule in WEIGHT_FAULTS.items()}),
    **recurring({"density, not its logarithm": _over(lambda logs, m: (logs.logsumexp(1) - m).exp())}),
    "exp before the log-sum-exp": (
        _over(lambda logs, m: (logs.exp().mean(1) + 1e-12).log()),
        "You leave the logarithms, add up densities and come back. Densities far out are smaller, and in "
        "many dimensions larger, than any float: they become zero or infinite before you add them, and a "
        "small number added to them only hides it. There is a function in torch that adds up in logarithms.",
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
    "number of points, not its logarithm": (
        _over(lambda logs, m: logs.logsumexp(1) - math.exp(m)),
        "You subtract the number of data points itself. What divides a density is subtracted from its "
        "logarithm *as a logarithm*.",
    ),
    "number of states for that of points": (
        lambda x, points, alpha, beta: _table(x, points, alpha, beta).logsumexp(1) - math.log(len(x)),
        "You divide by the number of states, so your density depends on how many of them are evaluated at "
        "once. The shares are those of the data points: how many of these are there?",
    ),
    "divided by the number of points": (
        lambda x, points, alpha, beta: _table(x, points, alpha, beta).logsumexp(1) / len(points),
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
        "state has a log-density of its own: which axis of your table belongs to the data points?",
    ),
    "density around the mean point": (
        lambda x, points, alpha, beta: CONDITIONAL_LAW(x, points.mean(dim=0), alpha, beta),
        "You average the data points and take the density around their mean. A mixture averages the "
        "densities around all points; around the mean there may be no data at all.",
    ),
}
HINT_TOTAL = (
    "Your density does not integrate to one. A mixture adds up the densities of its parts, each times its "
    "share, and every data point has the same share. Follow the number of points through your logarithms."
)
HINT_OWN = (
    "Together your states get other numbers than one by one. Each state sums over all data points, and "
    "never over the other states. Along which axis do you sum?"
)
HINT_TWICE = (
    "The same data set, written down twice, describes the same law. Yours gives another density for it: "
    "how does the number of points enter?"
)
HINT_ALONE = (
    "With a single data point the marginal path is the conditional path around it, in any number of "
    "dimensions. Your number is another one: is each conditional density right, and what is its share?"
)
HINT_HALF = (
    "Halfway between two data points both clouds contribute the same, so the mixture's density is that of "
    "either cloud alone. Yours is not, far out in the tails, where densities are tiny and logarithms are "
    "large."
)
HINT_TOP = (
    "Alone your far state is right; beside one near a data point it is not. If you take the largest term out "
    "before you leave the logarithms: each state has a largest term of its own. Over which axis do you look "
    "for it?"
)
HINT_MANY = (
    "At a data point in many dimensions densities are huge, larger than a float can hold, while their "
    "logarithms are harmless. Your number is off there. Which of your steps leaves the logarithms?"
)


@exercise("3.5", "Marginal log-density", "core", "x, points, alpha, beta", _mixture(), MISTAKES)
def marginal_log_prob(student: StudentFunction) -> Iterator[Fact]:
    """Mass, one state at a time, repeated points, a single point, the far middle, and many dimensions."""
    alpha, beta = scalar(0.7), scalar(0.6)
    points = rows((1.0, 0.5), (-1.5, 1.0), (0.0, -2.0))

    def at(x: Tensor, data: Tensor = points) -> Tensor:
        return student(x, data, alpha, beta, shape=(len(x),)).double()

    total = mass(at, 2, 6.0, 61)
    near = 0.0015 * max(1.0, total)
    yield Fact("not normalised", "integral of the density", 1.0, total, HINT_TOTAL, match_tol=near)
    x = rows((0.3, 0.1), (-1.0, 1.0), (0.5, -1.5))
    singly = torch.cat([at(row[None]) for row in x])
    what = "log-density of three states, evaluated together"
    yield Fact("states mixed up", what, singly, at(x), HINT_OWN)
    twice = at(x, torch.cat([points, points]))
    what = "log-density at three states, every data point written down twice"
    yield Fact("not a mean", what, singly, twice, HINT_TWICE)
    x = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(2, 5)
    centre = torch.full((1, 5), 0.4, dtype=torch.float64)
    what = "log-density of two states around a single data point with 5 coordinates"
    alone = CONDITIONAL_LAW(x, centre, alpha, beta)
    yield Fact("wrong around a single point", what, alone, at(x, centre), HINT_ALONE)
    yield from _extremes(student)


def _extremes(student: StudentFunction) -> Iterator[Fact]:
    """Densities too small and too large for a float, whose logarithms are known."""
    alpha, beta = scalar(0.9), scalar(0.02)
    log_peak = -math.log(0.02) - HALF_LOG_2PI
    ends, middle = rows((1.0,), (-1.0,)), rows((0.0,))
    got = student(middle, ends, alpha, beta, shape=(1,), finite=False).double()
    # One cloud alone, 0.9 away from its centre: that is 45 widths.
    expected = torch.tensor([log_peak - 45**2 / 2], dtype=torch.float64)
    what = "log-density halfway between two data points, 45 widths from both"
    # What a bound or an addend holds back, and what became infinite, is one and the same mistake.
    held = got.nan_to_num(0.0, 0.0, 0.0).clamp(-2000, 2000)
    yield Fact("wrong far out", what, expected, held, HINT_HALF, 1.0, 100.0)
    if not bool(torch.isfinite(got).all()) or float(held) > -500:  # densities: nothing more to say
        return
    both = student(torch.cat([alpha * ends[:1], middle]), ends, alpha, beta, shape=(2,), finite=False)
    expected = torch.tensor([log_peak - math.log(2), log_peak - 45**2 / 2], dtype=torch.float64)
    what = "log-densities on a data point and 45 widths from both, evaluated together"
    yield Fact("one maximum for all states", what, expected, both, HINT_TOP, tol=1.0)
    ends = torch.stack([torch.ones(400), -torch.ones(400)]).double()
    got = student(alpha * ends[:1], ends, alpha, beta, shape=(1,), finite=False)
    expected = torch.tensor([400 * log_peak - math.log(2)], dtype=torch.float64)
    what = "log-density on top of one of two data points in 400 dimensions"
    yield Fact("wrong in many dimensions", what, expected, got, HINT_MANY, tol=1.0)
