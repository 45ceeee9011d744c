"""Exercise 2.4: the law of the Ornstein–Uhlenbeck process after a time t, exactly."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Time
from ...solvers import OrnsteinUhlenbeck
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

PAIRS = ((1.5, 0.8), (0.5, 2.0))
"""Rates and strengths at which no two powers of either coincide."""
LATE = 20.0
"""Long after the process has settled, at both rates."""


def _ou_transition(x0: Tensor, t: Time, theta: float, sigma: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the state a time t after x0."""
    return OrnsteinUhlenbeck(theta, sigma).transition(x0, t)


def _left(t: Time, rate: float) -> Tensor:
    return torch.exp(-rate * torch.as_tensor(t, dtype=torch.float64))


def _with(variance: Callable[[Any, float, float], Any]) -> Callable[..., Any]:
    """The right mean with another variance of (t, theta, sigma)."""
    return lambda x0, t, theta, sigma: (
        x0 * _left(t, theta),
        torch.as_tensor(variance(t, theta, sigma)).sqrt(),
    )


def _mean(mean: Callable[[Tensor, Any, float], Tensor]) -> Callable[..., Any]:
    """The right standard deviation with another mean of (x0, t, theta)."""
    return lambda x0, t, theta, sigma: (mean(x0, t, theta), _ou_transition(x0, t, theta, sigma)[1])


MISTAKES: dict[str, tuple[Callable[..., Any], str]] = {
    "variance instead of standard deviation": (
        lambda x0, t, theta, sigma: (
            x0 * _left(t, theta),
            sigma**2 / (2 * theta) * (1 - _left(t, 2 * theta)),
        ),
        "Your second result is the variance. A standard deviation is asked for, in the unit of the states, "
        "so that one can multiply noise with it. What turns the one into the other?",
    ),
    "missing 2 in the stationary variance": (
        _with(lambda t, theta, sigma: sigma**2 / theta * (1 - _left(t, 2 * theta))),
        "Your variance is twice what it should be, at every time. Squaring the decay doubles its rate, and "
        "the integral over it brings that factor below the fraction bar.",
    ),
    "theta above the line": (
        _with(lambda t, theta, sigma: sigma**2 / 2 * theta * (1 - _left(t, 2 * theta))),
        "Your spread grows with the rate, but a stronger pull keeps the states closer together. Python goes "
        "from left to right: after a division, what does a following `*` do to the rest of the line?",
    ),
    "sigma for sigma squared": (
        _with(lambda t, theta, sigma: sigma / (2 * theta) * (1 - _left(t, 2 * theta))),
        "Your variance grows only in proportion to sigma. Twice the strength of the noise gives twice the "
        "*standard deviation*, so the variance must grow by four.",
    ),
    "stationary from the start": (
        _with(lambda t, theta, sigma: sigma**2 / (2 * theta)),
        "Your standard deviation is the same at all times: the one into which the process settles in the "
        "end. At time 0 the state is known exactly. How does the uncertainty grow from nothing?",
    ),
    "decay of the mean in the variance": (
        _with(lambda t, theta, sigma: sigma**2 / (2 * theta) * (1 - _left(t, theta))),
        "Your variance settles at the same rate as the mean. A variance is a squared distance, and what "
        "decays like the mean decays twice as fast when it is squared.",
    ),
    "Brownian spread": (
        _with(lambda t, theta, sigma: sigma**2 * torch.as_tensor(t)),
        "Your variance grows without end, as that of Brownian motion does. Here a pull works against it: old "
        "kicks are forgotten, and the variance settles.",
    ),
    "root of each factor but one": (
        lambda x0, t, theta, sigma: (
            x0 * _left(t, theta),
            sigma / (2 * theta) ** 0.5 * (1 - _left(t, 2 * theta)),
        ),
        "You take the root of the stationary variance, but not of the factor that says how much of it has "
        "been reached. The root covers the whole product.",
    ),
    "square of the decay taken once too often": (
        _with(lambda t, theta, sigma: sigma**2 / (2 * theta) * (1 - _left(t, theta)) ** 2),
        "You square the part of the way that has been covered. What has to be squared is the decay of a "
        "single kick; then all kicks are summed over time.",
    ),
    "mean does not move": (
        _mean(lambda x0, t, theta: x0),
        "Your mean stays at the start for ever. Noise pushes in no direction, but the drift pulls to zero: "
        "without any noise, where would the state be at time t?",
    ),
    "mean is zero": (
        _mean(lambda x0, t, theta: 0 * x0),
        "Your mean is zero from the start. In the end it will be, but the start is forgotten only little by "
        "little. At time 0 the mean is `x0` itself.",
    ),
    "mean grows": (
        _mean(lambda x0, t, theta: x0 / _left(t, theta)),
        "Your mean runs away from zero. The drift points back to it: which sign does the exponent need?",
    ),
    "mean decays at twice the rate": (
        _mean(lambda x0, t, theta: x0 * _left(t, 2 * theta)),
        "Your mean decays too fast. The factor two in the exponent belongs to the variance, which is a "
        "square; the mean follows the drift alone.",
    ),
    "mean in a straight line": (
        _mean(lambda x0, t, theta: x0 * (1 - theta * torch.as_tensor(t))),
        "Your mean follows the slope at the start in a straight line. On the way it comes closer to zero and "
        "the pull gets weaker, so the true curve bends.",
    ),
    "order swapped": (
        lambda x0, t, theta, sigma: _ou_transition(x0, t, theta, sigma)[::-1],
        "Your two results are in the other order: first the mean, then the standard deviation. Look at the "
        "line with `return`.",
    ),
}
LOOK_AGAIN = (
    "Asked twice about the same states, your function answers differently. Mean and standard deviation "
    "describe the law of the state; neither is itself a draw from it. Do you draw anything?"
)
LOOK_START = (
    "At time 0 nothing has happened yet: the mean is the start itself, and there is no uncertainty at all. "
    "Put t = 0 into your formulas by hand: what is left over?"
)
LOOK_END = (
    "Long after the start the process has settled: the start is forgotten, and the spread no longer changes. "
    "Let the exponentials in your formulas vanish: does what is left fit the stationary law?"
)
LOOK_MEAN = (
    "Your mean does not obey its own equation: averaging removes the noise, so it moves with the drift "
    "alone. Differentiate your formula by hand and compare."
)
LOOK_VARIANCE = (
    "Your variance does not obey its own equation. The noise adds sigma² per unit of time, and the pull "
    "takes away at twice the rate theta. It starts and settles rightly: compare the exponents."
)
LOOK_T = (
    "With a float `t` your function is right. Given one time for each state, it mixes them up: row i should "
    "belong to the state i at its own time. How does a (6, 1) tensor broadcast against (6, 2) in your lines?"
)


@exercise("2.4", "Exact transition", "core", "x0, t, theta, sigma", _ou_transition, MISTAKES, double=True)
def ou_transition(student: StudentFunction) -> Iterator[Fact]:
    """Start, end, and the differential equations that mean and variance obey between them."""
    x0 = torch.tensor([[0.5, -1.0], [2.0, 0.25], [-3.0, 1.5]], dtype=torch.float64).repeat(2, 1)

    def law(t: Time, theta: float, sigma: float) -> Tensor:
        return student.parts(x0, t, theta, sigma, shape=(6, 2), names=("mean", "std"), broadcast=("std",))

    # First of all away from 0, where the mean is the start: a wrong form shows here.
    twice = [law(0.3, *PAIRS[0]) for _ in range(2)]
    changed = (twice[0] != twice[1]).double().mean(dim=(1, 2))
    what = "share of mean and std that changes when asked again"
    yield Fact("random result", what, torch.zeros(2), changed, LOOK_AGAIN)
    if float(changed.sum()) > 0:
        return
    mean, std = law(0.0, *PAIRS[0])
    yield Fact("wrong start", "mean at t = 0, against the start", x0, mean, LOOK_START)
    yield Fact("wrong start", "standard deviation at t = 0", 0.0, std.abs().max(), LOOK_START)
    ends = torch.stack([law(LATE, theta, sigma) for theta, sigma in PAIRS])
    yield Fact("wrong end", "mean after a long time", 0.0, ends[:, 0].abs().max().clamp(max=1e3), LOOK_END)
    settled = torch.tensor([sigma**2 / (2 * theta) for theta, sigma in PAIRS], dtype=torch.float64)
    what = "variance after a long time, with two pairs of theta and sigma"
    yield Fact("wrong end", what, settled, ends[:, 1].square().mean(dim=(1, 2)), LOOK_END)
    yield from _equations(law)
    column = torch.linspace(0.1, 1.1, 6, dtype=torch.float64)[:, None]
    singly = torch.stack([law(float(t), *PAIRS[0])[:, i] for i, t in enumerate(column)], dim=1)
    yield Fact(
        "times mixed up", "mean and std, with `t` of shape (6, 1)", singly, law(column, *PAIRS[0]), LOOK_T
    )


def _equations(law: Callable[..., Tensor]) -> Iterator[Fact]:
    """The rates at which mean and variance change at t = 0.4, by a central difference, against theory."""
    d = 0.01  # not finer: single precision is enough for an answer
    means, variances = [], []
    for theta, sigma in PAIRS:
        before, now, after = (law(0.4 + s * d, theta, sigma) for s in (-1, 0, 1))
        means.append(torch.stack([-theta * now[0], (after[0] - before[0]) / (2 * d)]))
        growth = (after[1].square() - before[1].square()) / (2 * d)
        variances.append(torch.stack([sigma**2 - 2 * theta * now[1].square(), growth]))
    expected, rate = torch.stack(means, dim=1)
    yield Fact("wrong mean", "rate of change of the mean at t = 0.4", expected, rate, LOOK_MEAN)
    expected, rate = torch.stack(variances, dim=1)
    yield Fact("wrong variance", "rate of change of the variance at t = 0.4", expected, rate, LOOK_VARIANCE)
