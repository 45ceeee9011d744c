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
from ..shared.test_fields import RecordingField

T = 0.6
SIGMAS = (1.5, 0.5)


def _rule(change: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., Tensor]:
    """A drift made by `change` from velocity, score and sigma at the state and time in question."""

    def drift(x: Tensor, t: Time, velocity: Field, score: Field, sigma: float) -> Tensor:
        return change(velocity(x, t), score(x, t), sigma)

    return drift


def _at_zero(x: Tensor, t: Time, velocity: Field, score: Field, sigma: float) -> Tensor:
    return velocity(x, 0.0 * t) + sigma**2 / 2 * score(x, 0.0 * t)


def _score_at_zero(x: Tensor, t: Time, velocity: Field, score: Field, sigma: float) -> Tensor:
    return velocity(x, t) + sigma**2 / 2 * score(x, 0.0 * t)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "sigma squared, without the half": (
        _rule(lambda u, s, sigma: u + sigma**2 * s),
        "Your correction is twice what the noise needs, so the cloud would shrink below the path's. Noise "
        "spreads a density at half the rate of sigma squared: look at the Laplacian's factor in the "
        "Fokker–Planck equation.",
    ),
    "drift left uncorrected": (
        _rule(lambda u, s, sigma: 1.0 * u),
        "Your drift is the velocity alone. With noise on top, the cloud would spread further than the path "
        "allows. Something has to pull the states back, the more the stronger the noise.",
    ),
    "noise inside the drift": (
        _rule(lambda u, s, sigma: u + sigma**2 / 2 * s + sigma * torch.randn_like(u)),
        "Your drift is random. All chance comes from the simulator, which adds noise of strength sigma by "
        "itself; the drift says only where a state is pulled.",
    ),
    "velocity with noise": (
        _rule(lambda u, s, sigma: u + sigma * torch.randn_like(u)),
        "Your drift is random and has no score in it. The simulator adds the noise; the drift's task is to "
        "make up for it, by a pull along the score.",
    ),
    "sign of the score": (
        _rule(lambda u, s, sigma: u - sigma**2 / 2 * s),
        "Your correction points downhill, where the noise goes anyway, so the cloud would spread twice as "
        "fast. In which direction does the score point, and which way must the states be pulled?",
    ),
    "sign, without the half": (
        _rule(lambda u, s, sigma: u - sigma**2 * s),
        "Your correction is that of an SDE run backwards in time, from data to noise. In this course time "
        "runs towards the data: think about the sign, and about the factor beside it.",
    ),
    "sigma for sigma squared": (
        _rule(lambda u, s, sigma: u + sigma / 2 * s),
        "Your correction grows in proportion to sigma. The noise spreads the states at a rate of sigma "
        "*squared*, and the pull has to keep the balance with it for every sigma.",
    ),
    "half of sigma, squared": (
        _rule(lambda u, s, sigma: u + (sigma / 2) ** 2 * s),
        "Your bracket covers the two as well, so a quarter is left instead of a half. The pull is then too "
        "weak for the noise.",
    ),
    "sigma times the score": (
        _rule(lambda u, s, sigma: u + sigma * s),
        "You multiply the score by sigma. The noise spreads the states at a rate of sigma *squared*, and "
        "half of that is what the pull has to balance.",
    ),
    "sigma left out": (
        _rule(lambda u, s, sigma: u + s / 2),
        "Your drift does not depend on sigma. It fits for a sigma of one only; stronger noise needs a "
        "stronger pull.",
    ),
    "score added whole": (
        _rule(lambda u, s, sigma: u + s),
        "You add the score as it is, whatever sigma is. Stronger noise needs a stronger pull, and without "
        "any noise there must be none.",
    ),
    "velocity left out": (
        _rule(lambda u, s, sigma: sigma**2 / 2 * s),
        "Your drift is that of Langevin dynamics: it keeps a law that stands still in balance. The law of a "
        "path moves on, so something is missing.",
    ),
    "velocity scaled too": (
        _rule(lambda u, s, sigma: sigma**2 / 2 * (u + s)),
        "Your factor multiplies the velocity too. The velocity carries the path by itself and stays as it "
        "is; only the correction depends on sigma. Where do the brackets end?",
    ),
    "fields swapped": (
        _rule(lambda u, s, sigma: s + sigma**2 / 2 * u),
        "Velocity and score have changed places in your line. Which of the two stays when sigma is zero?",
    ),
    "divided by sigma": (
        _rule(lambda u, s, sigma: u + s / (2 * sigma**2) if sigma else u),
        "Your correction gets weaker where the noise gets stronger. To keep the same law, both have to grow "
        "together.",
    ),
    "mean score of the batch": (
        _rule(lambda u, s, sigma: u + sigma**2 / 2 * s.mean(0).expand_as(s)),
        "All states of your batch get the same correction, the mean over them. Each state is pulled by the "
        "score at its own place.",
    ),
    "time not handed on": (
        _at_zero,
        "You ask velocity and score about time 0, whatever `t` is. Both change along the path: hand on the "
        "time that you are given.",
    ),
    "score at another time": (
        _score_at_zero,
        "The velocity is asked at the right time, the score is not. Both change along the path, and the "
        "correction must fit the law at the very time of the drift.",
    ),
}
LOOK_AGAIN = (
    "Asked twice about the same states, your drift answers differently. It is a fixed velocity at every "
    "place; all chance comes from the simulator. Do you draw anything?"
)
LOOK_FLOW = (
    "Without noise nothing has to be corrected, so with sigma zero the drift is the velocity of the flow "
    "itself. Yours is another one. What does your line leave when sigma is zero?"
)
LOOK_BALANCE = (
    "With your drift the law would leave the path: the rate of change of its mean square is not that of the "
    "path. The pull must be exactly so strong that it balances the noise, for every sigma."
)
LOOK_PLACE = (
    "The balance holds on average, but not at every place. The check asks with a velocity of its own and a "
    "score of its own; your drift is another combination of the two. What does your function do to the rows?"
)


def _hills() -> GaussianMixture:
    """Two unequal hills on the line."""
    means = torch.tensor([[-1.0], [1.5]], dtype=torch.float64)
    return GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.6, 0.9]))


def _imbalance(student: StudentFunction, sigma: float) -> Tensor:
    """Rate of change of the mean square under the answer's drift and noise, minus that of the path.

    d/dt E[x²] = 2 E[x · drift] + sigma², for any stochastic differential equation (Itô).
    """
    data, path = _hills(), GaussianPath(CondOT())
    grid = torch.linspace(-7, 8, 1501, dtype=torch.float64)[:, None]

    def weight(t: float) -> Tensor:
        return marginal_law(data, path, t).log_prob(grid).exp()[:, None] * (grid[1] - grid[0])

    drift = student(
        grid, T, marginal_velocity(data, path), marginal_score(data, path), sigma, shape=(1501, 1)
    )
    change = ((weight(T + 1e-3) - weight(T - 1e-3)) / 2e-3 * grid.square()).sum()
    return 2 * (weight(T) * grid * drift.double()).sum() + sigma**2 - change


def _swirl(x: Tensor, t: Tensor) -> Tensor:
    return torch.stack([-x[:, 1], x[:, 0]], dim=1) * (1 + t)


def _pull(x: Tensor, t: Tensor) -> Tensor:
    return -(x - 2 * t) / (1.2 - t) ** 2


@exercise(
    "5.3",
    "The drift with noise",
    "core",
    "x, t, velocity, score, sigma",
    _rule(lambda u, s, sigma: u + sigma**2 / 2 * s),
    MISTAKES,
    double=True,
)
def extended_drift(student: StudentFunction) -> Iterator[Fact]:
    """Nothing random, the flow where sigma is 0, the balance on a path, and the parts at every state."""
    x = torch.randn(6, 2, dtype=torch.float64)
    fields = RecordingField(_swirl, name="velocity"), RecordingField(_pull, name="score")
    first, again = (student(x, T, *fields, SIGMAS[0], shape=(6, 2)) for _ in range(2))
    changed = float((first != again).double().mean())
    yield Fact("random drift", "share of the drift that changes when asked again", 0.0, changed, LOOK_AGAIN)
    if changed > 0:
        # The mean of many draws tells whether the score is in it.
        many = student(x[:1].expand(20_000, 2).clone(), T, *fields, SIGMAS[0], shape=(20_000, 2)).mean(0)
        what = "mean drift at one state"
        wanted = _swirl(x[:1], torch.tensor(T)) + SIGMAS[0] ** 2 / 2 * _pull(x[:1], torch.tensor(T))
        yield Fact("random drift", what, wanted[0], many, LOOK_AGAIN, 0.1, 0.15)
        return
    still = student(x, T, *fields, 0.0, shape=(6, 2))
    fact = Fact(
        "not the flow", "drift with sigma = 0", _swirl(x, torch.tensor(T)), still, LOOK_FLOW, match_tol=0.02
    )
    off = [_imbalance(student, sigma) for sigma in SIGMAS]
    what = f"rate of the mean square, beyond the path's, at sigma = {SIGMAS[0]} and {SIGMAS[1]}"
    yield Fact("out of balance", what, torch.zeros(2), torch.stack(off), LOOK_BALANCE, 3e-3, 0.02)
    yield fact
    times = torch.linspace(0.1, 0.8, 6, dtype=torch.float64)[:, None]
    for sigma, t in ((SIGMAS[1], T), (SIGMAS[0], times)):  # a number for all, and a time for each
        drift = student(x + sigma, t, *fields, sigma, shape=(6, 2))
        at = torch.as_tensor(t, dtype=torch.float64).expand(6, 1)
        wanted = _swirl(x + sigma, at) + sigma**2 / 2 * _pull(x + sigma, at)
        what = f"drift at six states, sigma = {sigma}"
        yield Fact("wrong somewhere", what, wanted, drift, LOOK_PLACE, 2e-3, 0.02)
