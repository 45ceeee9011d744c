"""Exercise 5.3: the drift of a flow with noise added."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Field, Time
from ...distributions import GaussianMixture
from ...paths import CondOT, GaussianPath, marginal_law, marginal_score, marginal_velocity
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Mistake, recurring
from ..shared.test_fields import RecordingField
from .common import CLOCK_TURNED_ROUND, ignored, spaced_times

Clock = Callable[[Time], tuple[Time, Time]]
T = 0.6
SIGMAS = (1.5, 0.5)


def _rule(
    change: Callable[[Tensor, Tensor, float], Tensor], clock: Clock = lambda t: (t, t)
) -> Callable[..., Tensor]:
    """A drift made by `change` from velocity, score and sigma, asked at the times that `clock` makes."""

    def drift(x: Tensor, t: Time, velocity: Field, score: Field, sigma: float) -> Tensor:
        return change(velocity(x, clock(t)[0]), score(x, clock(t)[1]), sigma)

    return drift


def _drift(u: Tensor, s: Tensor, sigma: float) -> Tensor:
    return u + sigma**2 / 2 * s


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "sigma squared, without the half": _rule(lambda u, s, sigma: u + sigma**2 * s),
            "noise inside the drift": _rule(
                lambda u, s, sigma: _drift(u, s, sigma) + sigma * torch.randn_like(u)
            ),
            "sign of the score": _rule(lambda u, s, sigma: u - sigma**2 / 2 * s),
            "sigma for sigma squared": _rule(lambda u, s, sigma: u + sigma / 2 * s),
            "half of sigma, squared": _rule(lambda u, s, sigma: u + (sigma / 2) ** 2 * s),
            "sigma left out": _rule(lambda u, s, sigma: u + s / 2),
            "divided by sigma": _rule(lambda u, s, sigma: u + s / (2 * sigma**2) if sigma else u),
            "mean score of the batch": _rule(lambda u, s, sigma: _drift(u, s.mean(0).expand_as(s), sigma)),
        }
    ),
    "sigma times the score": (_rule(lambda u, s, sigma: u + sigma * s), TEXTS["sigma for sigma squared"]),
    "score added whole": (_rule(lambda u, s, sigma: u + s), TEXTS["sigma left out"]),
    "drift left uncorrected": (
        _rule(lambda u, s, sigma: 1.0 * u),
        "Your drift is the velocity alone. With noise on top, the cloud would spread further than the path "
        "allows. Something has to pull the states back, the more the stronger the noise.",
    ),
    "velocity with noise": (
        _rule(lambda u, s, sigma: u + sigma * torch.randn_like(u)),
        "Your drift is random and has no score in it. The solver adds the noise; the drift's task is to "
        "make up for it, by a pull along the score.",
    ),
    "sign, without the half": (
        _rule(lambda u, s, sigma: u - sigma**2 * s),
        "Your correction is that of an SDE run backwards in time, from data to noise. In this course time "
        "runs towards the data: think about the sign, and about the factor beside it.",
    ),
    "velocity scaled too": (
        _rule(lambda u, s, sigma: sigma**2 / 2 * (u + s)),
        "Your factor multiplies the velocity too. The velocity carries the path by itself and stays as it "
        "is; only the correction depends on sigma. Where do the brackets end?",
    ),
    "fields swapped": (
        _rule(lambda u, s, sigma: _drift(s, u, sigma)),
        "Velocity and score have changed places in your line. Which of the two stays when sigma is zero?",
    ),
    "clock turned round": (_rule(_drift, lambda t: (1 - t, 1 - t)), CLOCK_TURNED_ROUND),
    "score at another time": (
        _rule(_drift, lambda t: (t, 0 * t)),
        "The velocity is asked at the right time, the score is not. Both change along the path, and the "
        "correction must fit the law at the very time of the drift.",
    ),
}
HINT_AGAIN = (
    "Asked twice about the same states, your drift answers differently. A drift has one value at every place "
    "and time; all chance comes from the solver. Do you draw anything, or keep something between calls?"
)
HINT_FLOW = (
    "Without noise nothing has to be corrected, so with sigma zero the drift is the velocity of the flow "
    "itself, state by state. Yours is another one. What does your line leave when sigma is zero, and at "
    "which states and time does it ask?"
)
HINT_BALANCE = (
    "With your drift the law would leave the path: the rate of change of its mean square is not that of the "
    "path. The pull has to balance the noise, for every sigma. Which factor does the noise have in the "
    "Fokker–Planck equation, and do you cut off or scale anything?"
)
HINT_PLACE = (
    "The balance holds on a path to two hills, but not at every place. The check asks with a velocity and a "
    "score of its own; your drift is another combination of the two. What does your function do to rows and "
    "coordinates, and at which time does it ask?"
)


def _imbalance(student: StudentFunction, sigma: float) -> Tensor:
    """Rate of change of the mean square under the answer's drift and noise, minus that of the path.

    d/dt E[x²] = 2 E[x · drift] + sigma², for any stochastic differential equation (Itô).
    """
    means = torch.tensor([[-1.0], [1.5]], dtype=torch.float64)
    data = GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.6, 0.9]))
    path = GaussianPath(CondOT())
    grid = torch.linspace(-7, 8, 1501, dtype=torch.float64)[:, None]

    def weight(t: float) -> Tensor:
        return marginal_law(data, path, t).log_prob(grid).exp()[:, None] * (grid[1] - grid[0])

    fields = marginal_velocity(data, path), marginal_score(data, path)
    drift = student(grid, T, *fields, sigma, shape=(1501, 1))
    change = ((weight(T + 1e-3) - weight(T - 1e-3)) / 2e-3 * grid.square()).sum()
    return 2 * (weight(T) * grid * drift.double()).sum() + sigma**2 - change


def _swirl(x: Tensor, t: Tensor) -> Tensor:
    return x.roll(1, dims=1) * (1 + t) - 0.5


def _pull(x: Tensor, t: Tensor) -> Tensor:
    return -(x - 2 * t) / (1.2 - t) ** 2


def _right(x: Tensor, t: Time, sigma: float) -> Tensor:
    times = torch.as_tensor(t, dtype=torch.float64).expand(len(x), 1)
    return _drift(_swirl(x, times), _pull(x, times), sigma)


def _fields(dim: int) -> tuple[RecordingField, RecordingField]:
    return RecordingField(_swirl, dim, "velocity"), RecordingField(_pull, dim, "score")


@exercise("5.3", "The drift with noise", "core", "x, t, velocity, score, sigma", _rule(_drift), MISTAKES)
def extended_drift(student: StudentFunction) -> Iterator[Fact]:
    """Nothing random or ignored, the flow where sigma is 0, the balance on a path, and every state."""
    x = torch.randn(6, 2, dtype=torch.float64)
    fields = _fields(2)
    first, again = (student(x, T, *fields, SIGMAS[0], shape=(6, 2)) for _ in range(2))
    changed = float((first != again).double().mean())
    yield Fact("random drift", "share of the drift that changes when asked again", 0.0, changed, HINT_AGAIN)
    if changed > 0:
        # The mean of many draws tells whether the score is in it.
        many = student(x[:1].expand(20_000, 2), T, *fields, SIGMAS[0], shape=(20_000, 2)).mean(0)
        right = _right(x[:1], T, SIGMAS[0])[0]
        yield Fact("random drift", "mean drift at one state", right, many, HINT_AGAIN, 0.1, 0.15)
        return
    others = {"x": x + 1, "t": T / 2, "velocity": fields[1], "score": fields[0], "sigma": SIGMAS[1]}
    yield from ignored(student, (x, T, *fields, SIGMAS[0]), others, (6, 2))
    still = student(x, T, *fields, 0.0, shape=(6, 2))
    yield Fact("not the flow", "drift with sigma = 0", _right(x, T, 0.0), still, HINT_FLOW)
    off = torch.stack([_imbalance(student, sigma) for sigma in SIGMAS])
    what = f"rate of the mean square, beyond the path's, at sigma = {SIGMAS[0]} and {SIGMAS[1]}"
    yield Fact("out of balance", what, torch.zeros(2), off, HINT_BALANCE, 3e-3)
    column = spaced_times(6, 0.1, 0.8)
    for n, dim, t, sigma in (
        (6, 2, T, 0.5),
        (6, 2, column, 1.5),
        (3, 3, 0.2, 1.0),
        (1, 4, torch.tensor(T), 2),
    ):
        x = 1 + torch.randn(n, dim, dtype=torch.float64)
        drift = student(x, t, *_fields(dim), sigma, shape=(n, dim))
        what = f"drift at {n} states of {dim} numbers, sigma = {sigma}"
        yield Fact("wrong somewhere", what, _right(x, t, sigma), drift, HINT_PLACE, 2e-3)
