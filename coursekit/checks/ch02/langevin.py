"""Exercise 2.5: the drift of Langevin dynamics."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Time
from ...distributions import GaussianMixture
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.test_fields import Scored

Score = Callable[[Tensor], Tensor]


def _langevin_drift(x: Tensor, t: Time, score: Score, sigma: float) -> Tensor:
    """Half of sigma squared times the score."""
    return sigma**2 / 2 * score(x)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "missing half": (
        lambda x, t, score, sigma: sigma**2 * score(x),
        "Your drift is twice what the noise can balance, so the samples would crowd round the peaks: their "
        "law would be the target's density squared. Take the stationary variance of an Ornstein–Uhlenbeck "
        "process and find the factor for which it is that of a Gaussian target.",
    ),
    "sigma for sigma squared": (
        lambda x, t, score, sigma: sigma / 2 * score(x),
        "Your drift grows in proportion to sigma. The noise spreads the samples at a rate of sigma "
        "*squared*, and the drift has to keep the balance with it for every sigma.",
    ),
    "half of sigma, squared": (
        lambda x, t, score, sigma: (sigma / 2) ** 2 * score(x),
        "Your bracket covers the two as well, so a quarter is left instead of a half. The pull is then too "
        "weak for the noise, and the samples would spread too far.",
    ),
    "away from the peaks": (
        lambda x, t, score, sigma: -(sigma**2) / 2 * score(x),
        "Your drift points downhill, away from where the target is dense: the samples would flee from it. In "
        "which direction does the score point?",
    ),
    "sigma left out": (
        lambda x, t, score, sigma: 1.0 * score(x),
        "Your drift does not depend on sigma. Stronger noise needs a stronger pull, or else the law that is "
        "kept in balance would change with sigma.",
    ),
    "sigma left out, half kept": (
        lambda x, t, score, sigma: score(x) / 2,
        "Your drift does not depend on sigma. It fits for a sigma of one only; stronger noise needs a "
        "stronger pull.",
    ),
    "divided by sigma": (
        lambda x, t, score, sigma: score(x) / (2 * sigma**2),
        "Your drift gets weaker where the noise gets stronger. To keep the same law, both have to grow "
        "together.",
    ),
    "noise inside the drift": (
        lambda x, t, score, sigma: sigma**2 / 2 * score(x) + sigma * torch.randn_like(x),
        "Your drift is random. All chance comes from the simulator, which adds noise of strength sigma by "
        "itself; the drift says only where a state is pulled.",
    ),
    "score not used": (
        lambda x, t, score, sigma: -(sigma**2) / 2 * x,
        "Your drift pulls to zero whatever the target is: that is the answer for a standard normal law "
        "alone. Which of the arguments did you not use?",
    ),
    "state scaled by the score": (
        lambda x, t, score, sigma: sigma**2 / 2 * x * score(x),
        "You multiply the score by the state. The score is already a direction at that state: at the origin "
        "yours would vanish, wherever the peaks are.",
    ),
    "mean score of the batch": (
        lambda x, t, score, sigma: sigma**2 / 2 * score(x).mean(dim=0).expand_as(x),
        "All states of your batch get the same pull, the mean over them. Each state is pulled by the score "
        "at its own place.",
    ),
    "sum of score and state": (
        lambda x, t, score, sigma: x + sigma**2 / 2 * score(x),
        "You add the state to the drift. A drift is a velocity; the simulator multiplies it with the step "
        "size and adds it to the state by itself.",
    ),
}
LOOK_AGAIN = (
    "Asked twice about the same states, your drift answers differently. It is a fixed velocity at every "
    "place; all chance comes from the simulator, by way of the diffusion coefficient. Do you draw anything?"
)
LOOK_BALANCE = (
    "With your drift the target's own samples would not stay what they are: their mean square starts to "
    "change. The pull must be exactly so strong that it balances the noise, for every sigma. Try it on a "
    "standard normal target by hand."
)
LOOK_UPHILL = (
    "The balance holds on average, but not at every place: your drift is not the right multiple of the score "
    "there. Each state is pulled by the score at its own place. What does your function do to the rows?"
)


def _target(dim: int) -> GaussianMixture:
    """Two unequal hills, well apart and not at the origin."""
    means = torch.tensor([[-1.0, 0.5], [1.5, -0.5]], dtype=torch.float64)[:, :dim]
    return GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.6, 0.9]))


@exercise("2.5", "Langevin drift", "core", "x, t, score, sigma", _langevin_drift, MISTAKES, double=True)
def langevin_drift(student: StudentFunction) -> Iterator[Fact]:
    """Balance of pull and noise under the target, and the slope of its log-density at every state."""
    line, sigmas = _target(1), (1.5, 0.5)
    grid = torch.linspace(-8, 9, 3401, dtype=torch.float64)[:, None]
    weight = line.log_prob(grid).exp()[:, None] * (grid[1] - grid[0])
    score = Scored(line.score, 1)
    drifts = [student(grid, 0.3, score, sigma, shape=(3401, 1)) for sigma in sigmas]
    again = student(grid, 0.3, score, sigmas[0], shape=(3401, 1))
    changed = float((again != drifts[0]).double().mean())
    yield Fact("random drift", "share of the drift that changes when asked again", 0.0, changed, LOOK_AGAIN)
    if changed > 0:
        return
    for drift, sigma in zip(drifts, sigmas, strict=True):
        # d/dt E[x²] = 2 E[x · drift] + sigma², which is zero in a stationary law.
        rate = 2 * (weight * grid * drift).sum() + sigma**2
        what = f"rate of change of the target's mean square, sigma = {sigma}"
        yield Fact("out of balance", what, 0.0, rate, LOOK_BALANCE, match_tol=0.02)
    plane, x = _target(2), 1.5 * torch.randn(12, 2, dtype=torch.float64)
    for shift, sigma in enumerate(sigmas):  # other places for the other strength, or all calls look alike
        drift = student(x + shift, 0.3, Scored(plane.score, 2), sigma, shape=(12, 2))
        wanted = sigma**2 / 2 * _slope(plane, x + shift)
        what = f"drift against sigma²/2 times the slope of the log-density, sigma = {sigma}"
        yield Fact("not along the score", what, wanted, drift, LOOK_UPHILL, match_tol=0.02)


def _slope(law: GaussianMixture, x: Tensor) -> Tensor:
    """Gradient of the log-density by central differences."""
    sides = []
    for axis in torch.eye(x.shape[1], dtype=x.dtype) * 1e-4:
        sides.append((law.log_prob(x + axis) - law.log_prob(x - axis)) / 2e-4)
    return torch.stack(sides, dim=1)
