"""Exercise 2.5: the drift of Langevin dynamics."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...base import Time
from ...distributions import GaussianMixture
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import repeats, uses
from ..shared.mistakes import recurring
from ..shared.test_fields import Scored

Score = Callable[[Tensor], Tensor]


def _langevin_drift(x: Tensor, t: Time, score: Score, sigma: float) -> Tensor:
    """Half of sigma squared times the score."""
    return sigma**2 / 2 * score(x)


def _scaled(factor: Callable[[float], float]) -> Callable[..., Tensor]:
    """Another multiple of the score."""
    return lambda x, t, score, sigma: factor(sigma) * score(x)


MISTAKES: Mistakes = {
    **recurring(
        {
            "missing half": _scaled(lambda sigma: sigma**2),
            "sigma for sigma squared": _scaled(lambda sigma: sigma / 2),
            "half of sigma, squared": _scaled(lambda sigma: (sigma / 2) ** 2),
            "away from the peaks": _scaled(lambda sigma: -(sigma**2) / 2),
            "divided by sigma": _scaled(lambda sigma: 1 / (2 * sigma**2)),
            "noise inside the drift": lambda x, t, score, sigma: (
                sigma**2 / 2 * score(x) + sigma * torch.randn_like(x)
            ),
            "mean score of the batch": lambda x, t, score, sigma: (
                sigma**2 / 2 * score(x).mean(dim=0).expand_as(x)
            ),
        }
    ),
    "state scaled by the score": (
        lambda x, t, score, sigma: sigma**2 / 2 * x * score(x),
        "You multiply the score by the state. The score is already a direction at that state: at the origin "
        "yours would vanish, wherever the peaks are.",
    ),
    "sum of score and state": (
        lambda x, t, score, sigma: x + sigma**2 / 2 * score(x),
        "You add the state to the drift. A drift is a velocity; the solver multiplies it with the step "
        "size and adds it to the state by itself.",
    ),
}


def _target(dim: int) -> GaussianMixture:
    """Two unequal hills, well apart and not at the origin."""
    means = torch.tensor([[-1.0, 0.5, 0.2], [1.5, -0.5, 0.0]], dtype=torch.float64)[:, :dim]
    return GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.6, 0.9]))


@exercise("2.5", "Langevin drift", "core", "x, t, score, sigma", _langevin_drift, MISTAKES)
def langevin_drift(student: StudentFunction) -> Iterator[Fact]:
    """Balance of pull and noise under the target, and the slope of its log-density at every state."""
    line, sigmas = _target(1), (1.5, 0.5)
    grid = torch.linspace(-8, 9, 3401, dtype=torch.float64)[:, None]
    weight = line.log_prob(grid).exp()[:, None] * (grid[1] - grid[0])

    def pull(sigma: float, score: Score = line.score, t: float = 0.3) -> Tensor:
        return student(grid, t, Scored(score, 1), sigma, shape=(3401, 1)).double()

    drifts = [pull(sigma) for sigma in sigmas]
    hint = (
        "Asked twice about the same states, your drift answers differently. It is a fixed velocity at every "
        "place; all chance comes from the solver, by way of the diffusion coefficient. What do you draw?"
    )
    yield (again := repeats(drifts[0], pull(sigmas[0]), "random drift", hint))
    if not again.holds():
        return
    hint = (
        "Your drift is another one at another time. The target does not change, so the same pull keeps the "
        "balance at all times: `t` is handed over because solvers do so. Where do you use it?"
    )
    yield repeats(drifts[0], pull(sigmas[0], t=0.8), "depends on `t`", hint)
    yield uses(drifts[0], {"score": pull(sigmas[0], lambda x: 1 - x), "sigma": drifts[1]}, "drift")
    hint = (
        "With your drift the target's own samples would not stay what they are: their mean square starts to "
        "change. The pull must balance the noise, for every sigma. Which power of sigma and which factor do "
        "you take? Is the score asked at the states handed over, and used as it comes?"
    )
    for drift, sigma in zip(drifts, sigmas, strict=True):
        # d/dt E[x²] = 2 E[x · drift] + sigma², which is zero in a stationary law.
        rate = 2 * (weight * grid * drift).sum() + sigma**2
        what = f"rate of change of the target's mean square, sigma = {sigma}"
        yield Fact("out of balance", what, 0.0, rate, hint)
    hint = (
        "The balance holds on average, but not at every place: your drift is not the right multiple of the "
        "score there. Each state is pulled by the score at its own place, however large that is. What does "
        "your function do to the rows?"
    )
    space, x = _target(3), torch.cat([1.5 * torch.randn(9, 3), 20 * torch.randn(3, 3)]).double()
    for shift, sigma in enumerate(sigmas):  # other places for the other strength, or all calls look alike
        drift = student(x + shift, 0.7, Scored(space.score, 3), sigma, shape=(12, 3)).double()
        wanted = sigma**2 / 2 * _slope(space, x + shift)
        what = f"drift against sigma²/2 times the slope of the log-density, sigma = {sigma}"
        yield Fact("not along the score", what, wanted, drift, hint)


def _slope(law: GaussianMixture, x: Tensor) -> Tensor:
    """Gradient of the log-density by central differences."""
    sides = []
    for axis in torch.eye(x.shape[1], dtype=x.dtype) * 1e-4:
        sides.append((law.log_prob(x + axis) - law.log_prob(x - axis)) / 2e-4)
    return torch.stack(sides, dim=1)
