"""Exercise 2.10: Langevin dynamics in steps as large as the bias allows."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...distributions import GaussianMixture
from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance, variance_tolerance
from ..core.facts import listed
from ..shared.fields import Scored
from ..shared.mistakes import recurring
from ..shared.noise import correlation

Score = Callable[[Tensor], Tensor]

BOUND = 0.1
"""Largest bias of a run: see `bias`."""
FLOOR, BEST = 0.75, 1.45
"""The number that passes, well above what Euler and Maruyama's steps reach; the largest that we know of."""
N, FINE = 8_000, 12_000
"""States of a run on the ladder, and of each of the runs that settle the number."""
REPEATS, HALVINGS = 6, 3
"""Runs at each place where the number is settled, all taken together; how often two rungs are halved."""
FIRST, RATIO, RUNGS = 0.2, 1.25, 16
"""The ladder of sigma² h: its first rung, the ratio of neighbours, and where it ends."""
HILL, WIDTH, LEFT = 1.2, 0.6, 0.6
"""The target: two hills at -HILL and HILL, their width, and the weight of the left one."""
CLOCK = 30.0
"""sigma² times the time of a run: five times what it takes to change hills, and no more, so that samplers
that are slow to move are found out as well."""
SETTINGS = ((2.0, 1.0), (1.0, 2.0), (0.5, 0.5))
"""Strengths, and sizes of the target, in turn: what is tuned to one of them is of no use for the next."""


def target() -> GaussianMixture:
    """Two hills on the line with little between them, with mean -0.24 and variance 1.74."""
    means = torch.tensor([[-HILL], [HILL]], dtype=torch.float64)
    return GaussianMixture(torch.tensor([LEFT, 1 - LEFT]), means, torch.tensor([WIDTH, WIDTH]))


def target_score(x: Tensor) -> Tensor:
    """Score of `target` at states (n, 1).

    Two hills of one width at -m and m share the tanh; a mixture of any hills takes ten times as long.
    """
    tilt = math.log(LEFT / (1 - LEFT)) / 2
    return (HILL * torch.tanh(HILL / WIDTH**2 * x - tilt) - x) / WIDTH**2


def moments() -> tuple[float, float]:
    """Mean and variance of the target, by adding up over its hills."""
    law = target()
    mean = (law.weights[:, None] * law.means).sum()
    square = (law.weights[:, None] * (law.means.square() + law.stds.square())).sum()
    return float(mean), float(square - mean**2)


def bias(x: Tensor) -> float:
    """How far samples (n, 1) are off the target: the larger of two relative errors.

    That of the mean is counted in standard deviations of the target, that of the variance in variances.
    Samples that run away count as infinitely far off.
    """
    mean, variance = moments()
    off = torch.stack([(x.mean() - mean) / variance**0.5, x.var() / variance - 1]).abs().max()
    return float(off) if bool(torch.isfinite(off)) else float("inf")


class Counted:
    """A score that counts for how many states it is evaluated."""

    def __init__(self, score: Score, dim: int) -> None:
        self.score, self.states = Scored(score, dim), 0

    def __call__(self, x: Tensor, *more: object, **named: object) -> Tensor:
        """Score of the target at states `x` (n, dim)."""
        values = self.score(x, *more, **named)
        self.states += len(x)
        return values


def start(n: int) -> Tensor:
    """States (n, 1), all on the left hill: nearly half of them have to find the other one."""
    return target().means[:1].repeat(n, 1)


@dataclass(frozen=True)
class Reached:
    """How far a sampler gets: its bias on the first rung, and where the bias comes to the bound.

    `best` is in sigma² h for each evaluation of the score, `error` its standard error, and `calls` how often
    one step evaluates it.
    """

    first: float
    best: float = 0.0
    error: float = 0.0
    calls: float = 1.0


def _run(run: Callable[..., Tensor], product: float, turn: int, n: int) -> tuple[Tensor, float]:
    """States (n, 1) after a run at this sigma² h, and how often the score was evaluated in one step.

    A target of another size is shown to the sampler, and its samples are scaled back.
    """
    sigma, size = SETTINGS[turn % len(SETTINGS)]
    steps = math.ceil(CLOCK / product)
    score = Counted(lambda x: target_score(x / size) / size, 1)
    x = run(score, size * start(n), sigma, size**2 * product / sigma**2, steps).double()
    return x / size, max(score.states, 1) / (n * steps)


def _pooled(run: Callable[..., Tensor], product: float) -> tuple[float, float]:
    """Bias of several runs at this sigma² h, taken together, and its standard error."""
    ends = [_run(run, product, turn, FINE)[0] for turn in range(REPEATS)]
    each = torch.tensor([min(bias(x), 1.0) for x in ends])
    return min(bias(torch.cat(ends)), 1.0), float(each.std()) / REPEATS**0.5


def _meet(run: Callable[..., Tensor], low: float, high: float) -> tuple[float, float]:
    """Where the bias comes to the bound, in sigma² h, between two rungs of the ladder; its standard error.

    Halving, and a line only at the end: the bias has kinks, where the error of the variance overtakes that of
    the mean, and is nearly level before them. A line across a kink meets the bound elsewhere.
    """
    (below, _), (above, error) = _pooled(run, low), _pooled(run, high)
    while above <= BOUND and high < FIRST * RATIO**RUNGS:  # it was chance that stopped the climb
        low, below, high = high, above, high * RATIO
        above, error = _pooled(run, high)
    while below > BOUND and low > FIRST:  # or chance that let it go on
        high, above, low = low, below, low / RATIO
        below, _ = _pooled(run, low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        off, error = _pooled(run, middle)
        low, below, high, above = (middle, off, high, above) if off <= BOUND else (low, below, middle, off)
    slope = max(above - below, 1e-3) / (high - low)
    return low + min(max((BOUND - below) / slope, 0.0), high - low), error / slope


def climb(run: Callable[..., Tensor]) -> Reached:
    """Go up the ladder of sigma² h as long as the bias stays below the bound; then settle where it meets it.

    Args:
        run: called as run(score, x, sigma, h, steps).
    Returns:
        How far it gets; `best` is 0 if the first rung is above the bound.
    """
    first = calls = 0.0
    for rung in range(RUNGS):
        product = FIRST * RATIO**rung
        x, calls = _run(run, product, rung, N)
        off = bias(x)
        first = off if rung == 0 else first
        if off > BOUND and rung == 0:
            return Reached(first)
        if off > BOUND:
            best, error = _meet(run, product / RATIO, product)
            return Reached(first, best / calls, error / calls, calls)
    return Reached(first, FIRST * RATIO ** (RUNGS - 1) / calls, calls=calls)


def plain_limit() -> float:
    """Where Euler and Maruyama's steps come to the bound, from their own stationary law on a grid."""
    law, grid = target(), torch.linspace(-6, 6, 241, dtype=torch.float64)[:, None]
    low, high = 0.1, 2.0
    for _ in range(8):
        product = (low + high) / 2
        to = torch.exp(-((grid.T - grid - product / 2 * law.score(grid)) ** 2) / (2 * product))
        settled = torch.linalg.matrix_power(to / to.sum(dim=1, keepdim=True), 1024)[120]
        mean, variance = moments()
        off = (settled * (grid[:, 0] - mean).square()).sum() / variance - 1
        low, high = (low, product) if off > BOUND else (product, high)
    return low


def _with(drift: float, kick: float, power: float = 0.5, noise: str = "fresh") -> Callable[..., Tensor]:
    """Euler and Maruyama's steps with other factors, another power of h, or noise of another kind."""

    def walk(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
        x, fixed = (torch.randn_like(x) if noise == "restart" else x), torch.randn_like(x)
        for _ in range(steps):
            draw = fixed if noise == "fixed" else torch.randn_like(x[:, :1] if noise == "row" else x)
            x = x + drift * h * sigma**2 / 2 * score(x) + kick * sigma * h**power * draw
        return x

    return walk


_euler_maruyama = _with(1.0, 1.0)


def _my_langevin(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Kicks that are weaker by what plain steps make too wide, at the rate that the score shows.

    The mean square of the score is its mean slope, which for a normal target is the pull's.
    """
    product = h * sigma**2
    for _ in range(steps):
        pull = score(x)
        too_wide = float(pull.square().mean()) * product / 4
        kick = (product * max(1 - too_wide, 0.5)) ** 0.5 * torch.randn_like(x)
        x = x + product / 2 * pull + kick
    return x


def _whole_sum(score: Score, x: Tensor, sigma: float, h: float, steps: int) -> Tensor:
    """Kicks by the sum of two neighbouring draws instead of their mean."""
    draws = torch.randn(steps + 1, *x.shape, dtype=x.dtype)
    for old, new in itertools.pairwise(draws):
        x = x + h * sigma**2 / 2 * score(x) + sigma * h**0.5 * (old + new)
    return x


MISTAKES: Mistakes = {
    **recurring(
        {
            "missing half": _with(2.0, 1.0),
            "no noise": _with(1.0, 0.0),
            "away from the peaks": _with(-1.0, 1.0),
            "h for sqrt(h)": _with(1.0, 1.0, 1.0),
            "same noise in every step": _with(1.0, 1.0, noise="fixed"),
            "one noise for all coordinates": _with(1.0, 1.0, noise="row"),
            "one step only": lambda score, x, sigma, h, steps: _euler_maruyama(score, x, sigma, h, 1),
            "sigma left out": lambda score, x, sigma, h, steps: _euler_maruyama(score, x, 1.0, h, steps),
        }
    ),
    "no drift": (
        lambda score, x, sigma, h, steps: x + sigma * (h * steps) ** 0.5 * torch.randn_like(x),
        "Your steps do not use the score: noise alone spreads the samples further and further. What keeps "
        "them together?",
    ),
    "half of the sum left out": (
        _whole_sum,
        "Your kicks have twice the size that they should have. If you share draws between neighbouring "
        "steps: a kick is the *mean* of two draws, so that all kicks together have the right variance.",
    ),
    "no better than Euler and Maruyama": (
        _euler_maruyama,
        "Call for call of the score, your steps get as far as Euler and Maruyama's do, and that does not "
        f"pass: the floor is {FLOOR:g}. In which direction are their samples off? And what is known in a "
        "step, beside the score where it begins?",
    ),
    "start drawn anew": (
        _with(1.0, 1.0, noise="restart"),
        "Your walk begins at states that it draws itself, not at those it is given. In the end the start is "
        "forgotten, but not after a few short steps. Which of the arguments did you not use?",
    ),
}


# The lab's own race is in double precision.
@exercise(
    "2.10",
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
    hint = (
        "Even with small steps your samples do not settle into the target: their mean or variance is off by "
        "more than the bound. Does every step start where the one before ended, and is each state pulled by "
        "the score at its own place? Print mean and variance after more and more steps."
    )
    what, most = f"bias with sigma² h = {FIRST:g}", f"at most {BOUND:g}"
    yield Fact("bias too large", what, 0.0, min(came_to.first, 1e3), hint, BOUND, 0.1, most)
    if came_to.first > BOUND:
        return
    several = (
        "More than one call of the score in a step has to pay for itself. " if came_to.calls > 1.01 else ""
    )
    hint = (
        f"Your samples settle where they should with small steps, but a number of {FLOOR:g} is needed to "
        f"pass. {several}In which direction are mean and variance off with long steps, and what would push "
        "them back?"
    )
    what, least = "largest sigma² h for each call of the score", f"at least {FLOOR:g}"
    # What is above the floor is right whatever it is, so that a pass shows the number itself.
    yield Fact("below the floor", what, max(came_to.best, FLOOR), came_to.best, hint, 1e-6, 0.05, least)
    if came_to.best >= FLOOR:
        yield (
            f"Your number is {came_to.best:.2f}, with a standard error of {came_to.error:.3f}. Euler and "
            f"Maruyama's steps reach about {plain_limit():.2f}, the best that we know {BEST:g}."
        )


def _short(student: StudentFunction) -> Iterator[Fact]:
    """Calls of the score, kicks and pull in a few short steps from one place in the plane."""
    means, sigma, steps, end = torch.tensor([[-0.5, 1.0], [1.0, 0.0]]).double(), 1.5, 20, 0.04
    law = GaussianMixture(torch.tensor([0.7, 0.3]), means, torch.tensor([0.8, 0.5]))
    x, spread = torch.tensor([-2.0, 1.0]).double().repeat(N, 1), sigma * end**0.5
    score, twice = Counted(law.score, 2), Counted(law.score, 2)

    def move(score: Score, x: Tensor, steps: int = steps) -> Tensor:
        return student(score, x, sigma, end / steps, steps, shape=(N, 2)).double() - x

    way = move(score, x)
    move(twice, x, 2 * steps)
    calls = torch.tensor([float(score.states), float(twice.states)]) / N
    hint = (
        "The check counts how often the score is evaluated in a run of 20 steps and in one of 40. A walk "
        "needs it in every step, and with twice as many steps twice as often. Where do your lines use "
        "`score` and `steps`?"
    )
    name = "ignores `score`" if calls[0] == 0 else "ignores `steps`"
    different = float(calls[0] > 0) + float(calls[0] != calls[1])
    yield Fact(name, "of two signs that score and steps are used", 2.0, different, hint, 0.5)
    # Kicks may be shared between neighbouring steps, and the pull weakens a little on the way.
    tol = variance_tolerance(N, 1.0, 5) + 0.1
    came = way.var(dim=0) / spread**2
    # No spread: is there no noise, or one draw for all?
    shared = float(came.max()) < 1e-9 and float((move(score, x) - way).abs().max()) > 1e-9
    name, hint = (
        "wrong steps",
        "After a few short steps your states should have moved by the drift times the time, on average, and "
        "their kicks should have added up to the variance sigma² times the time. One of the two is off. "
        "Compare your line with exercises 2.2 and 2.6: sigma, its square, h, its root, the half, and the "
        "state that a step starts from.",
    )
    if shared:
        name, hint = (
            "one noise for all states",
            "All states are kicked alike: they move together and never spread. Each state needs a draw of "
            "its own: look at the shape in which you draw.",
        )
    what = f"variance after {steps} short steps, over sigma² times their time"
    wanted, near = f"from {1 - tol:.2f} to {1 + tol:.2f}", 0.0005 + float(came.max()) / 10
    yield Fact(name, what, torch.ones(2), came, hint, tol, near, wanted)
    if shared:  # where they all go is a matter of chance
        return
    drift = sigma**2 / 2 * law.score(x[:1])[0]
    tol = mean_tolerance(N, 1.0, 5) * spread / end + 0.1 * float(drift.abs().max())
    what, wanted = "mean move in these steps, over their time", f"{listed(drift)}, give or take {tol:.2f}"
    yield Fact("wrong steps", what, drift, way.mean(dim=0) / end, hint, tol, None, wanted)
    look = (
        "The kicks of the two coordinates go together: knowing one tells something about the other. Each "
        "coordinate of each state needs a draw of its own: look at the shape in which you draw."
    )
    tied = correlation(way[:, 0], way[:, 1]) if float(came.min()) > 1e-9 else 0.0
    yield Fact("coordinates tied", "correlation of two coordinates", 0.0, tied, look, 0.08)
