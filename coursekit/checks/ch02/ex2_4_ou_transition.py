"""Exercise 2.4: the law of the Ornstein–Uhlenbeck process after a time t, exactly."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Time
from ...solvers import OrnsteinUhlenbeck
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import repeats, uses
from ..shared.mistakes import TEXTS, recurring

PAIRS, LATE = ((1.5, 0.8), (0.5, 2.0)), 20.0
"""Rates and strengths at which no two powers of either coincide, and a time long after both have settled."""


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


MISTAKES: Mistakes = {
    "variance instead of standard deviation": (
        lambda x0, t, theta, sigma: (x0 * _left(t, theta), _ou_transition(x0, t, theta, sigma)[1] ** 2),
        TEXTS["variance instead of standard deviation"],
    ),
    **recurring(
        {
            "sigma for sigma squared": _with(
                lambda t, theta, sigma: sigma / (2 * theta) * (1 - _left(t, 2 * theta))
            ),
            "sigma left out": _with(lambda t, theta, sigma: (1 - _left(t, 2 * theta)) / (2 * theta)),
            "order swapped": lambda x0, t, theta, sigma: _ou_transition(x0, t, theta, sigma)[::-1],
            "rate left out": _mean(lambda x0, t, theta: x0 * _left(t, 1.0)),
        }
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
        _with(lambda t, theta, sigma: sigma**2 / (2 * theta) * (1 - _left(t, 2 * theta)) ** 2),
        "You take the root of the stationary variance, but not of the factor that says how much of it has "
        "been reached. The root covers the whole product.",
    ),
    "square of the decay taken once too often": (
        _with(lambda t, theta, sigma: sigma**2 / (2 * theta) * (1 - _left(t, theta)) ** 2),
        "You square the part of the distance that has been covered. What has to be squared is the decay of a "
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
}


@exercise("2.4", "Exact transition", "core", "x0, t, theta, sigma", _ou_transition, MISTAKES)
def ou_transition(student: StudentFunction) -> Iterator[Fact]:
    """Start, end, and the differential equations that mean and variance obey between them."""
    x0 = torch.tensor([[0.5, -1.0], [2.0, 0.25], [-3.0, 1.5]], dtype=torch.float64).repeat(2, 1)

    def law(t: Time, theta: float, sigma: float, x0: Tensor = x0) -> Tensor:
        shape, names = tuple(x0.shape), ("mean", "std")
        return student.parts(x0, t, theta, sigma, shape=shape, names=names, broadcast=("std",))

    # First of all away from 0, where the mean is the start: a wrong form shows here.
    first, again = (law(0.3, *PAIRS[0]) for _ in range(2))
    hint = (
        "Called twice with the same states, your function answers differently. Mean and standard deviation "
        "describe the distribution of the state; neither is itself a draw from it. Do you draw anything?"
    )
    yield (same := repeats(first, again, "random result", hint))
    if not same.holds():
        return
    changed = {"t": law(0.7, 1.5, 0.8), "theta": law(0.3, 0.5, 0.8), "sigma": law(0.3, 1.5, 2.0)}
    yield uses(first[0], {name: changed[name][0] for name in ("t", "theta")}, "mean")
    yield uses(first[1], {name: parts[1] for name, parts in changed.items()}, "std")
    mean, std = law(0.0, *PAIRS[0])
    hint = (
        "At time 0 nothing has happened yet: the mean is the start itself, and there is no uncertainty at "
        "all. Put t = 0 into your formulas by hand: what is left over?"
    )
    yield Fact("wrong start", "mean at t = 0, against the start", x0, mean, hint)
    yield Fact("wrong start", "standard deviation at t = 0", 0.0, std.abs().max(), hint)
    hint = (
        "Long after the start the process has settled: the start is forgotten, and the spread no longer "
        "changes. Let the exponentials in your formulas vanish: does what is left fit the stationary "
        "distribution?"
    )
    ends = torch.stack([law(LATE, theta, sigma) for theta, sigma in PAIRS])
    yield Fact("wrong end", "mean after a long time", 0.0, ends[:, 0].abs().max().clamp(max=1e3), hint)
    settled = torch.tensor([sigma**2 / (2 * theta) for theta, sigma in PAIRS], dtype=torch.float64)
    what = "variance after a long time, two pairs of theta and sigma"
    yield Fact("wrong end", what, settled, ends[:, 1].square().mean(dim=(1, 2)), hint)
    yield from _equations(law)
    hint = (
        "With a float `t` your function is right. Given one time for each state, it mixes them up: row i "
        "should belong to the state i at its own time. How does a column of times broadcast against the "
        "states in your lines?"
    )
    for start in (x0, x0.repeat(1, 2)[:4]):  # as many states as coordinates, too
        column = torch.linspace(0.1, 1.1, len(start)).double()[:, None]
        singly = [law(float(t), *PAIRS[0], start)[:, i] for i, t in enumerate(column)]
        what = f"mean and std of states {tuple(start.shape)}, one time each"
        yield Fact("times mixed up", what, torch.stack(singly, dim=1), law(column, *PAIRS[0], start), hint)


def _equations(law: Callable[..., Tensor]) -> Iterator[Fact]:
    """The rates at which mean and variance change, by central differences, against theory."""
    d, means, variances = 0.01, [], []  # not finer: single precision is enough for an answer
    for t, (theta, sigma) in zip((0.4, 0.9), PAIRS, strict=True):
        before, now, after = (law(t + s * d, theta, sigma) for s in (-1, 0, 1))
        means.append(torch.stack([-theta * now[0], (after[0] - before[0]) / (2 * d)]))
        growth = (after[1].square() - before[1].square()) / (2 * d)
        variances.append(torch.stack([sigma**2 - 2 * theta * now[1].square(), growth]))
    hint = (
        "Your mean does not obey its own equation: averaging removes the noise, so it moves with the drift "
        "alone. Differentiate your formula by hand and compare."
    )
    expected, rate = torch.stack(means, dim=1)
    yield Fact("wrong mean", "rate of change of the mean", expected, rate, hint)
    hint = (
        "Your variance does not obey its own equation. The noise adds sigma² per unit of time, and the pull "
        "takes away at twice the rate theta. Differentiate your formula by hand and compare the exponents."
    )
    expected, rate = torch.stack(variances, dim=1)
    yield Fact("wrong variance", "rate of change of the variance", expected, rate, hint)
