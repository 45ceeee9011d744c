"""Exercise 2.6: the drift of Langevin dynamics, for a density known up to its constant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...base import Time
from ...distributions import GaussianMixture
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..core.faults import Fault, described
from ..shared.dependence import repeats, uses
from ..shared.mistakes import TEXTS, recurring

Density = Callable[[Tensor], Tensor]
"""Logarithms of a density, up to a constant: states (batch, dim) -> (batch,)."""


@dataclass(frozen=True)
class LogDensity:
    """A log-density to hand to an answer, which says what is wrong with a call in a student's words.

    Args:
        rule: its values at states (rows, dim).
        dim: length of one state.
    """

    rule: Density
    dim: int

    def __call__(self, x: Tensor, *more: object, **named: object) -> Tensor:
        """Log-density at states `x` (rows, dim), up to a constant: (rows,)."""
        if more or named:
            raise Fault(
                "field misused",
                f"Your function calls `log_density` with {1 + len(more) + len(named)} arguments. It takes "
                "only the states: the density does not change with time.",
            )
        if not isinstance(x, Tensor) or x.dim() == 0 or x.shape[-1] != self.dim:
            raise Fault(
                "field misused",
                f"Your function calls `log_density` with {described(x)}. It takes only the states, of shape "
                f"(batch, {self.dim}).",
            )
        return self.rule(x)


def _score(log_density: Density, x: Tensor) -> Tensor:
    """Gradient of the log-density at each state, by automatic differentiation."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(log_density(x).sum(), x)[0]


def _langevin_drift(x: Tensor, t: Time, log_density: Density, sigma: float) -> Tensor:
    """Half of sigma squared times the score."""
    return sigma**2 / 2 * _score(log_density, x)


def _made(change: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., Tensor]:
    """A drift made from states, score and strength."""
    return lambda x, t, log_density, sigma: change(x, _score(log_density, x), sigma)


def _slopes_of_density(x: Tensor, t: Time, log_density: Density, sigma: float) -> Tensor:
    return sigma**2 / 2 * _score(lambda x: log_density(x).exp(), x)


def _values(x: Tensor, t: Time, log_density: Density, sigma: float) -> Tensor:
    return (sigma**2 / 2 * log_density(x)[:, None]).expand_as(x)


MISTAKES: Mistakes = {
    **recurring(
        {
            "missing half": _made(lambda x, s, sigma: sigma**2 * s),
            "sigma for sigma squared": _made(lambda x, s, sigma: sigma / 2 * s),
            "half of sigma, squared": _made(lambda x, s, sigma: (sigma / 2) ** 2 * s),
            "away from the peaks": _made(lambda x, s, sigma: -(sigma**2) / 2 * s),
            "divided by sigma": _made(lambda x, s, sigma: s / (2 * sigma**2)),
            "noise inside the drift": _made(
                lambda x, s, sigma: sigma**2 / 2 * s + sigma * torch.randn_like(x)
            ),
            "sigma left out": _made(lambda x, s, sigma: s / 2),
        }
    ),
    "sigma times the score": (_made(lambda x, s, sigma: sigma * s), TEXTS["sigma for sigma squared"]),
    "the score itself": (
        _made(lambda x, s, sigma: 1.0 * s),
        "You return the gradient of the log-density as it is. That pull fits one strength of the noise only: "
        "work out in one dimension, for a normal density, how strong a pull keeps its variance.",
    ),
    "mean for sum": (
        _made(lambda x, s, sigma: sigma**2 / 2 * s / len(x)),
        "Your pull gets weaker as the batch gets larger: you differentiate the *mean* of the "
        "log-densities, so each state has only its share in it. Which other way to make one number of them "
        "leaves every state its own gradient in full?",
    ),
    "mean pull of the batch": (
        _made(lambda x, s, sigma: sigma**2 / 2 * s.mean(dim=0).expand_as(x)),
        "All states of your batch get the same pull, the mean over them. Each state is pulled by the slope "
        "of the log-density at its own place. Where do you average?",
    ),
    "gradient of the density": (
        _slopes_of_density,
        "You differentiate the density, not its logarithm. Far out, where the density is tiny, your pull "
        "vanishes, and it changes when the density is multiplied by a constant. The pull needs the "
        "*relative* slope: what is handed to you already?",
    ),
    "log-density, not its gradient": (
        _values,
        "You return the log-density itself, the same number in every coordinate. A drift is a direction in "
        "which the density grows: what has to be done to the log-density first?",
    ),
    "direction only": (
        _made(lambda x, s, sigma: sigma**2 / 2 * s / s.norm(dim=1, keepdim=True).clamp(min=1e-9)),
        "You scale every gradient to length one, so near a peak and far out the pull is equally strong. Its "
        "length matters: use the gradient as it comes.",
    ),
    "state scaled by the score": (
        _made(lambda x, s, sigma: sigma**2 / 2 * x * s),
        "You multiply the gradient by the state. The gradient is already a direction at that state: at the "
        "origin yours would vanish, wherever the peaks are.",
    ),
    "sum of score and state": (
        _made(lambda x, s, sigma: x + sigma**2 / 2 * s),
        "You add the state to the drift. A drift is a velocity; the solver multiplies it by the step "
        "size and adds it to the state by itself.",
    ),
}


def _target(dim: int) -> GaussianMixture:
    """Two unequal hills, well apart and not at the origin."""
    means = torch.tensor([[-1.0, 0.5, 0.2], [1.5, -0.5, 0.0]], dtype=torch.float64)[:, :dim]
    return GaussianMixture(torch.tensor([0.6, 0.4]), means, torch.tensor([0.6, 0.9]))


@exercise("2.6", "Langevin drift", "core", "x, t, log_density, sigma", _langevin_drift, MISTAKES)
def langevin_drift(student: StudentFunction) -> Iterator[Fact]:
    """Balance of pull and noise under the target, and the slope of its log-density at every state."""
    line, sigmas = _target(1), (1.5, 0.5)
    grid = torch.linspace(-8, 9, 3401, dtype=torch.float64)[:, None]
    weight = line.log_prob(grid).exp()[:, None] * (grid[1] - grid[0])

    def pull(sigma: float, rule: Any = line.log_prob, t: float = 0.3) -> Tensor:
        return student(grid, t, LogDensity(rule, 1), sigma, shape=(3401, 1)).double()

    drifts = [pull(sigma) for sigma in sigmas]
    hint = (
        "Called twice with the same states, your drift answers differently. It is a fixed velocity at every "
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
    other = pull(sigmas[0], lambda x: -(x - 1).square().sum(dim=1) / 2)
    yield uses(drifts[0], {"log_density": other, "sigma": drifts[1]}, "drift")
    hint = (
        "With your drift the target's own samples would not stay what they are: their mean square starts to "
        "change. The pull must balance the noise, for every sigma. Which power of sigma and which factor do "
        "you take? Is every state pulled by the slope of the log-density at its own place?"
    )
    for drift, sigma in zip(drifts, sigmas, strict=True):
        # d/dt E[x²] = 2 E[x · drift] + sigma², which is zero in a stationary law.
        rate = 2 * (weight * grid * drift).sum() + sigma**2
        what = f"rate of change of the target's mean square, sigma = {sigma}"
        yield Fact("out of balance", what, 0.0, rate, hint)
    hint = (
        "Your drift changes when a number is added to the log-density. That number is the unknown constant "
        "of the density, and no pull may depend on it. What do you do to the log-density before you "
        "differentiate?"
    )
    lifted = (pull(sigmas[0], lambda x: line.log_prob(x) + 3) - drifts[0]).abs().max()
    yield Fact("depends on the constant", "change of the drift when 3 is added", 0.0, lifted, hint)
    hint = (
        "The balance holds on average, but not at every place: your drift is not the right multiple of the "
        "slope there. Each state is pulled by the slope of the log-density at its own place, however steep "
        "that is. What does your function do to rows and coordinates?"
    )
    space, x = _target(3), torch.cat([1.5 * torch.randn(9, 3), 6 * torch.randn(3, 3)]).double()
    for shift, sigma in enumerate(sigmas):  # other places for the other strength, or all calls look alike
        drift = student(x + shift, 0.7, LogDensity(space.log_prob, 3), sigma, shape=(12, 3)).double()
        wanted = sigma**2 / 2 * _slope(space, x + shift)
        what = f"drift against sigma²/2 times the slope of the log-density, sigma = {sigma}"
        yield Fact("not along the score", what, wanted, drift, hint, 0.01)


def _slope(law: GaussianMixture, x: Tensor) -> Tensor:
    """Gradient of the log-density by central differences."""
    sides = []
    for axis in torch.eye(x.shape[1], dtype=x.dtype) * 1e-4:
        sides.append((law.log_prob(x + axis) - law.log_prob(x - axis)) / 2e-4)
    return torch.stack(sides, dim=1)
