"""Exercise 3.6: which data point is behind one state, by Bayes' rule in logarithms."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.quiet import failing
from .common import CONDITIONAL_LAW, WEIGHT_FAULTS, Density, log_normal, rows, scalar, squared

Posterior = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
Combine = Callable[[Tensor, Tensor], Tensor]
"""Weights from log-densities at the state (m,) and prior probabilities (m,)."""

HAND_POINTS, HAND_PRIOR = rows((-2.0,), (0.0,), (2.0,)), torch.tensor([0.5, 0.25, 0.25]).double()
"""The example that the lab works out by hand, for the state 1/2 and both weights 1/2."""


def bayes(combine: Combine = lambda logs, prior: (logs + prior.log()).softmax(0)) -> Posterior:
    """A way to put log-densities and prior together."""
    return lambda x, points, prior, alpha, beta: combine(CONDITIONAL_LAW(x, points, alpha, beta), prior)


def _of(density: Density) -> Posterior:
    """Bayes' rule with another log-density."""
    return lambda x, points, prior, alpha, beta: (density(x, points, alpha, beta) + prior.log()).softmax(0)


def _divided(parts: Tensor) -> Tensor:
    return parts / parts.sum()


MISTAKES: dict[str, Mistake] = {
    **recurring({name: _of(rule) for name, rule in WEIGHT_FAULTS.items()}),
    **recurring(
        {
            "exp before the sum": bayes(lambda logs, prior: _divided(logs.exp() * prior)),
            "sign of the exponent": _of(log_normal(lambda r, beta, dim: -squared(r, beta, dim))),
            "no half in the exponent": _of(log_normal(lambda r, beta, dim: 2 * squared(r, beta, dim))),
            "beta squared multiplied": _of(log_normal(lambda r, beta, dim: r.square().sum(-1) / 2 * beta**2)),
            "distance not squared": _of(log_normal(lambda r, beta, dim: r.norm(dim=-1) / (2 * beta**2))),
            "square of the sum": _of(log_normal(lambda r, beta, dim: r.sum(-1).square() / (2 * beta**2))),
            "mean over the coordinates": _of(lambda x, z, a, b: CONDITIONAL_LAW(x, z, a, b) / x.shape[-1]),
        }
    ),
    "state and data points swapped": (
        _of(lambda x, z, alpha, beta: CONDITIONAL_LAW(z, x, alpha, beta)),
        "Your density is that of the data points around the scaled state. The clouds stand around the "
        "scaled *data points*, and the state is the place at which you ask for their densities. Broadcasting "
        "accepts either: which argument comes first in the function of 3.4?",
    ),
    "not the largest taken out": (
        bayes(lambda logs, prior: _divided((logs + prior.log() - (logs + prior.log()).min()).exp())),
        "You take a number out of all logarithms before you leave them, and that is right, but it is the "
        "wrong number: what is left can still be so large that its exponential overflows. After which shift "
        "is no exponential larger than one?",
    ),
    "prior left out": (
        bayes(lambda logs, prior: logs.softmax(0)),
        "Your weights are those of data points that are equally likely beforehand: the prior has no part in "
        "them. At a time when the state says nothing, what should you still know?",
    ),
    "prior, not its logarithm": (
        bayes(lambda logs, prior: (logs + prior).softmax(0)),
        "You add the prior to a logarithm. In Bayes' rule the prior *multiplies* a density; what becomes of "
        "a product when you go over to logarithms?",
    ),
    "prior multiplies the logarithm": (
        bayes(lambda logs, prior: (logs * prior).softmax(0)),
        "You multiply the log-density by the prior. In Bayes' rule the prior multiplies the density itself; "
        "what becomes of a product when you go over to logarithms?",
    ),
    "prior after the normalisation": (
        bayes(lambda logs, prior: logs.softmax(0) * prior),
        "You multiply by the prior after the weights have been normalised, so they no longer add up to one. "
        "Both factors of Bayes' rule belong into the sum by which you divide.",
    ),
    "prior counted twice": (
        bayes(lambda logs, prior: (logs + 2 * prior.log()).softmax(0)),
        "Your prior enters twice, as if a second witness had said the same. Follow it through your lines: "
        "where does it come in, and does it come in again later?",
    ),
    "prior divides": (
        bayes(lambda logs, prior: (logs - prior.log()).softmax(0)),
        "Your prior has the wrong sign: a data point that is rare beforehand gains by it. In Bayes' rule the "
        "prior multiplies the density.",
    ),
    "logarithms returned": (
        bayes(lambda logs, prior: (logs + prior.log()).log_softmax(0)),
        "Your numbers are negative: they are the logarithms of the right weights. The exercise wants the "
        "probabilities themselves, so one step is left.",
    ),
    "not normalised": (
        bayes(lambda logs, prior: logs.exp() * prior),
        "You multiply prior and density, which is the numerator of Bayes' rule. The denominator is missing: "
        "probabilities over all data points add up to one.",
    ),
    "logarithms divided by their sum": (
        bayes(lambda logs, prior: _divided(logs + prior.log())),
        "You divide logarithms by the sum of the logarithms. Shares are made of densities: first leave the "
        "logarithms, then divide; torch has a function that does both in one step, without underflow.",
    ),
    "divided by the largest": (
        bayes(lambda logs, prior: (logs + prior.log() - (logs + prior.log()).max()).exp()),
        "Your largest weight is always one. Taking the largest logarithm out keeps the exponential harmless, "
        "but it does not normalise: afterwards the weights still have to be divided by their sum.",
    ),
    "nearest point takes all": (
        bayes(
            lambda logs, prior: torch.nn.functional.one_hot((logs + prior.log()).argmax(), len(logs)) * 1.0
        ),
        "You give the likeliest data point all of the weight. The others are less likely, not impossible: a "
        "posterior says how much less.",
    ),
}
HINT_SUM = (
    "Some data point is behind the state, so the probabilities of all of them have to add up to one. Yours "
    "do not. What is the last thing that happens to your numbers?"
)
HINT_PRIOR = (
    "With `alpha` zero the state is pure noise and says nothing, so the posterior has to be the prior. Yours "
    "is not: which factor of Bayes' rule carries the prior, and what is its logarithm?"
)
HINT_HAND = (
    "This is the example worked out by hand in the text above the exercise. Print the logarithms that your "
    "function makes for it, one for each data point, and compare them with those by hand."
)
HINT_ODDS = (
    "How many times likelier one data point is than another is a ratio of priors times a ratio of two normal "
    "densities at the state. Yours is another ratio. Which of the two factors is off?"
)
HINT_FAR = (
    "Here all densities are smaller, or larger, than any float can hold, and still the posterior is a "
    "harmless list of probabilities. Which of your steps leaves the logarithms too early, or adds something "
    "to a number, or bounds it, to keep it from zero?"
)


@exercise("3.6", "Which data point is behind it", "core", "x, points, prior, alpha, beta", bayes(), MISTAKES)
def posterior(student: StudentFunction) -> Iterator[Fact]:
    """Sum, prior at the start, the example by hand, odds in several dimensions, and extreme densities."""
    x, points, alpha, beta = *_somewhere(3, 2), scalar(0.7), scalar(0.6)
    prior = torch.tensor([0.2, 0.5, 0.3]).double()
    weights = student(x, points, prior, alpha, beta, shape=(3,)).double()
    yield Fact("do not sum to one", "sum of the weights of three data points", 1.0, weights.sum(), HINT_SUM)
    start = student(x, points, prior, scalar(0.0), scalar(1.0), shape=(3,), finite=False)
    what = "weights with alpha = 0"
    yield Fact("not the prior at the start", what, prior, start, HINT_PRIOR)
    half = scalar(0.5)
    by_hand = student(half[None], HAND_POINTS, HAND_PRIOR, half, half, shape=(3,))
    # Exponents -9/2, -1/2 and -1/2; times 1/2, 1/4 and 1/4: 2 e^-4 to 1 to 1.
    parts = torch.tensor([2 * torch.tensor(-4.0).exp(), 1.0, 1.0]).double()
    what = "weights in the example by hand"
    yield Fact("wrong in the example", what, parts / parts.sum(), by_hand, HINT_HAND)
    for dim, m in ((2, 4), (1, 3), (5, 3)):
        x, points = _somewhere(m, dim)
        prior = (1 + torch.arange(m)).double() / (m * (m + 1) / 2)
        weights = student(x, points, prior, alpha, beta, shape=(m,)).double().clamp(min=1e-30)
        law = torch.distributions.Normal(alpha * points, beta)
        joint = law.log_prob(x).sum(-1) + prior.log()
        right, tol = joint[:1] - joint[1:], 1e-3 * (1 + float((joint[:1] - joint[1:]).abs().max()))
        what = f"log-odds of the first data point, {dim} coordinate{'s' * (dim > 1)}"
        odds = Fact("wrong odds", what, right, (weights[:1] / weights[1:]).log(), HINT_ODDS, tol)
        yield from [odds] if dim < 5 else failing([odds])
    yield _extremes(student)
    yield from failing(_one_point(student))


def _somewhere(m: int, dim: int) -> tuple[Tensor, Tensor]:
    """A state (dim,) and data points (m, dim), near enough that no weight vanishes."""
    return torch.randn(dim).double() / 2, torch.randn(m, dim).double()


def _extremes(student: StudentFunction) -> Fact:
    """Far from both of two points the densities vanish; in 400 dimensions, on a point, they overflow."""
    alpha, beta, prior = scalar(0.9), scalar(0.02), torch.tensor([0.7, 0.3]).double()
    odds = torch.tensor(0.4 / 0.6) / (0.7 / 0.3)  # of the densities, so that the posterior is 0.4 and 0.6
    aside = beta**2 / (2 * alpha) * odds.double().log()
    far = student(aside[None], rows((1.0,), (-1.0,)), prior, alpha, beta, shape=(2,), finite=False)
    ends = torch.stack([torch.ones(400), -torch.ones(400)]).double()
    near = student(alpha * ends[0], ends, prior, alpha, beta, shape=(2,), finite=False)
    what = "weights far from two points, and on one of two in 400 dimensions"
    got = torch.cat([far, near])
    return Fact("extreme densities", what, torch.tensor([0.4, 0.6, 1.0, 0.0]), got, HINT_FAR, 3e-3)


def _one_point(student: StudentFunction) -> Iterator[Fact]:
    """A data set of a single point."""
    one = torch.ones(1, dtype=torch.float64)
    alone = student(rows((0.3, 0.1))[0], rows((1.0, 2.0)), one, scalar(0.7), scalar(0.6), shape=(1,))
    yield Fact("do not sum to one", "weight of a single data point", one, alone, HINT_SUM)
