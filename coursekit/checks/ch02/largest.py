"""Exercise 2.8: Langevin dynamics in steps as large as the bias allows."""

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.test_fields import Scored
from .race import BOUND, FIRST, climb, plain_limit, target

N = 12_000

Score = Callable[[Tensor], Tensor]


def _my_langevin(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Steps of Euler and Maruyama."""
    for _ in range(steps):
        x = x + h * sigma**2 / 2 * score(x) + sigma * h**0.5 * torch.randn_like(x)
    return x


def _with(drift: float, kick: float, power: float = 0.5) -> Callable[..., Tensor]:
    """Euler and Maruyama's steps, with another factor before the drift, the kick, or another power of h."""

    def walk(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
        for _ in range(steps):
            x = x + drift * h * sigma**2 / 2 * score(x) + kick * sigma * h**power * torch.randn_like(x)
        return x

    return walk


def _one_draw(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Noise drawn before the loop."""
    noise = torch.randn_like(x)
    for _ in range(steps):
        x = x + h * sigma**2 / 2 * score(x) + sigma * h**0.5 * noise
    return x


def _whole_sum(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Kicks by the sum of two neighbouring draws instead of their mean."""
    draws = torch.randn(steps + 1, *x.shape, dtype=x.dtype)
    for old, new in itertools.pairwise(draws):
        x = x + h * sigma**2 / 2 * score(x) + sigma * h**0.5 * (old + new)
    return x


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "missing half": (
        _with(2.0, 1.0),
        "Your pull is twice what the noise can balance, so your samples crowd round the peaks, however small "
        "the steps are. Look once more at exercise 2.5.",
    ),
    "no noise": (
        _with(1.0, 0.0),
        "There is no noise in your steps: all samples climb to a peak of the density and stay there. That "
        "is a search for the most likely point, not sampling.",
    ),
    "no drift": (
        _with(0.0, 1.0),
        "Your steps do not use the score: noise alone spreads the samples further and further. What keeps "
        "them together?",
    ),
    "away from the peaks": (
        _with(-1.0, 1.0),
        "Your drift points downhill, away from where the target is dense. In which direction does the score "
        "point?",
    ),
    "h for sqrt(h)": (
        _with(1.0, 1.0, 1.0),
        "Your noise shrinks as fast as the step size, so small steps hardly know any noise. Kicks add up by "
        "their variances: how does the size of one depend on h?",
    ),
    "same noise in every step": (
        _one_draw,
        "Your kicks add up as if every state were pushed in one direction over and over. Where is the noise "
        "drawn: before the loop, or anew in each of its turns?",
    ),
    "half of the sum left out": (
        _whole_sum,
        "Your kicks have twice the size that they should have. If you share draws between neighbouring "
        "steps: a kick is the *mean* of two draws, so that all kicks together have the right variance.",
    ),
    "one step only": (
        lambda score, x, sigma, h, steps: _my_langevin(score, x, sigma, h, 1),
        "You take one step, whatever `steps` says. The samples need time to find the target: repeat the "
        "step, each from where the one before ended.",
    ),
}
LOOK_SHARED = (
    "All states are kicked alike: they move together and never spread. Each state needs a draw of its own: "
    "look at the shape in which you draw."
)
LOOK_STEPS = (
    "After a few short steps your states should have moved by the drift times the time, on average, and "
    "their kicks should have added up to the variance sigma² times the time. One of the two is off. Compare "
    "your line with exercises 2.2 and 2.5."
)
LOOK_BIAS = (
    "Even with small steps your samples do not settle into the target: their mean or variance is off by more "
    "than the bound. Print both after more and more steps. Does every step start where the one before ended?"
)


@exercise(
    "2.8",
    "The largest step",
    "open",
    "score, x, sigma, h, steps",
    _my_langevin,
    MISTAKES,
    random=True,
    limit=60.0,
    double=True,
)
def my_langevin(student: StudentFunction) -> Iterator[Fact | str]:
    """A few short steps, then the ladder of sigma² h; the number is where the bias comes to the bound."""
    steps_right = True
    for fact in _short(student):
        steps_right = steps_right and fact.holds()
        yield fact
    if not steps_right:  # the ladder has nothing to add
        return
    came_to = climb(lambda *args: student(*args, shape=tuple(args[1].shape)))
    what = f"bias with sigma² h = {FIRST:g}"
    yield Fact(
        "bias too large", what, 0.0, min(came_to.first, 1e3), LOOK_BIAS, BOUND, 0.1, f"at most {BOUND:g}"
    )
    if came_to.first <= BOUND:
        yield (
            f"Your largest sigma² h for each call of the score: {came_to.best:.2f}, where the bias is "
            f"{BOUND:g}; the standard error of the draws is {came_to.error:.3f}. Euler and Maruyama's steps "
            f"reach about {plain_limit():.2f}. Can you go further?"
        )


def _short(student: StudentFunction) -> Iterator[Fact]:
    """Kicks and pull after a few short steps from one place."""
    law, sigma, steps, end = target(), 1.5, 20, 0.04
    x, score = torch.full((N, 1), -2.0, dtype=torch.float64), Scored(law.score, 1)
    spread, move = sigma * end**0.5, student(score, x, sigma, end / steps, steps, shape=(N, 1)).double() - x
    # Kicks may be shared between neighbouring steps, and the pull weakens a little on the way.
    tol = variance_tolerance(N, 1.0, 2) + 0.1
    came = float(move.var()) / spread**2
    shared = False
    if came < 1e-9:  # no noise, or one draw for all? And is the place of any importance?
        again, _ = (
            student(score, x + k, sigma, end / steps, steps, shape=(N, 1)).double() - x for k in (0, 1)
        )
        shared = float((again - move).abs().max()) > 1e-9
    name, look = ("one noise for all states", LOOK_SHARED) if shared else ("wrong steps", LOOK_STEPS)
    what = f"variance after {steps} short steps, divided by sigma² times their time"
    wanted = f"from {1 - tol:.2f} to {1 + tol:.2f}"
    yield Fact(name, what, 1.0, came, look, tol, 0.0005 + came / 10, wanted)
    if shared:  # where they all go is a matter of chance
        return
    drift = float(sigma**2 / 2 * law.score(x[:1]))
    tol = mean_tolerance(N, 1.0, 2) * spread / end + 0.1 * abs(drift)
    what, wanted = (
        "mean way after these steps, divided by their time",
        f"from {drift - tol:.2f} to {drift + tol:.2f}",
    )
    yield Fact("wrong steps", what, drift, move.mean() / end, LOOK_STEPS, tol, None, wanted)
