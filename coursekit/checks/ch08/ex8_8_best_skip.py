"""Exercise 8.8: the best constant skip in a mute direction, and what it leaves of the noise."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Mistake


def _skip(t: Tensor) -> Tensor:
    return -(1 - t).mean() / (1 - t).square().mean()


def _kept(a: Tensor, grid: Tensor) -> Tensor:
    return (1 + a * grid.diff()).prod()


def _rule(
    skip: Callable[[Tensor], Tensor] = _skip, kept: Callable[[Tensor, Tensor], Tensor] = _kept
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Skip and what it keeps, one or both of them changed."""

    def rule(t: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
        a = skip(t)
        return a, kept(a, grid)

    return rule


MISTAKES: dict[str, Mistake] = {
    "sign of the skip": (
        _rule(lambda t: -_skip(t)),
        "Your skip has the wrong sign: it would make the noise grow. Which sign has the velocity in a mute "
        "direction, where the data are zero?",
    ),
    "mean over itself": (
        _rule(lambda t: -1 / (1 - t).mean()),
        "You set the *mean* of answer and target equal. Squared errors count: take the derivative of their "
        "mean by a, and the late times enter with their square.",
    ),
    "mean of the best at each time": (
        _rule(lambda t: -(1 / (1 - t).clamp(min=1e-6)).mean()),
        "At each time by itself minus one over 1 − t would be best, and you average that. It grows without "
        "bound, and where it does the states are small: which times does the loss look at?",
    ),
    "moments of t": (
        _rule(lambda t: -t.mean() / t.square().mean()),
        "You use the moments of t. In a mute direction the state holds the noise with its weight: which one "
        "is that at time t?",
    ),
    "variance for mean square": (
        _rule(lambda t: -(1 - t).mean() / (1 - t).var(correction=0)),
        "You divide by the variance, as if a constant could be added as well. The answer is a times the "
        "state and nothing more: the mean square is what its length is made of.",
    ),
    "square of the mean above": (
        _rule(lambda t: -((1 - t).mean() ** 2) / (1 - t).square().mean()),
        "Your numerator is squared. That is what the loss *gains*; the skip itself has the mean once above "
        "the line.",
    ),
    "upside down": (
        _rule(lambda t: 1 / _skip(t)),
        "Your fraction stands on its head. Set the derivative of the mean squared error to zero, and solve "
        "for a once more.",
    ),
    "minus three halves always": (
        _rule(lambda t: torch.full((), -1.5).to(t)),
        "Your skip is that of uniform times, whatever the times are. The times of the training are handed "
        "over in `t`: take means over them.",
    ),
    "an exponential": (
        _rule(kept=lambda a, grid: (a * (grid[-1] - grid[0])).exp()),
        "You follow the equation exactly. The sampler takes Euler's steps, and each of them multiplies the "
        "state by a number: which?",
    ),
    "an exponential of the skip": (
        _rule(kept=lambda a, grid: a.exp()),
        "You take the exponential of the skip, whatever the grid is. The sampler takes Euler's steps, each "
        "as long as the grid says: by what does one step multiply the state?",
    ),
    "times for steps": (
        _rule(kept=lambda a, grid: (1 + a * grid).prod()),
        "You multiply with the times of the grid. A step lasts from one time to the next: take differences.",
    ),
    "factors added up": (
        _rule(kept=lambda a, grid: (1 + a * grid.diff()).sum()),
        "You add the factors of the steps. Each step multiplies what the last one has left.",
    ),
    "sign in the steps": (
        _rule(kept=lambda a, grid: (1 - a * grid.diff()).prod()),
        "In your steps the skip has the other sign: the noise grows. The velocity is a times the state, and "
        "a is negative already.",
    ),
    "half of it": (
        _rule(lambda t: _skip(t) / 2),
        "Your skip is half of the best one. The derivative of a square brings a factor two, and so does the "
        "mixed term: do they cancel?",
    ),
    "order swapped": (lambda t, grid: _rule()(t, grid)[::-1], TEXTS["order swapped"]),
    "equal steps assumed": (
        _rule(kept=lambda a, grid: (1 + a / (len(grid) - 1)) ** (len(grid) - 1)),
        TEXTS["equal steps assumed"],
    ),
    "steps added up": (
        _rule(kept=lambda a, grid: 1 + a * (grid[-1] - grid[0])),
        "You add up the steps as if each began at the start. Every step multiplies what the last one left.",
    ),
    "share that is lost": (
        _rule(kept=lambda a, grid: 1 - _kept(a, grid)),
        "Your second number is what is lost of the noise. What is left of it is asked for.",
    ),
    "change for state": (
        _rule(kept=lambda a, grid: (a * grid.diff()).prod()),
        "You multiply the changes. A step hands on the state and its change: what is a state multiplied by, "
        "if its velocity is a times itself?",
    ),
    "squared": (
        _rule(kept=lambda a, grid: _kept(a, grid).square()),
        "Your second number is squared: the share of the noise's variance. The factor on the noise itself is "
        "asked for.",
    ),
    "one point too many": (
        _rule(kept=lambda a, grid: (1 + a / len(grid)) ** len(grid)),
        "You count the points of the grid, and there is one step less than points. Each step has its own "
        "length: read it off the grid.",
    ),
}
HINT_SKIP = (
    "Your skip is not the best one for these times. In a mute direction the state is (1 − t) ε and the "
    "target −ε. Write the mean of the squared difference between a times the state and the target as a "
    "parabola in a, with means over the times: where is its lowest point?"
)
HINT_KEPT = (
    "The skip is right, what is left of the noise is not. In a mute direction a step of length h takes x to "
    "x + h a x. Do it by hand for two steps of different length."
)


@exercise("8.8", "The best constant skip", "stretch", "t, grid", _rule(), MISTAKES)
def best_skip(student: StudentFunction) -> Iterator[Fact]:
    """Skips for one time, uniform times on intervals and others; what is left on grids of many kinds."""
    even = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    times = {
        "two times, 0.3 and 0.7": torch.tensor([[0.3], [0.7]], dtype=torch.float64).repeat(20, 1),
        "uniform times": even[:, None],
        "uniform on [0, 0.6]": 0.6 * even[:, None],
        "mostly early": even[:, None] ** 2,
        "times as a row": even.sqrt(),
    }
    wanted = [-0.5 / 0.29, -1.5, -3 * 0.6 * 0.7 / (1 - 0.4**3), -(2 / 3) / (8 / 15), -(1 / 3) / (1 / 6)]
    grids = [
        torch.linspace(0, 1, 51, dtype=torch.float64),
        torch.tensor([0.0, 1.0], dtype=torch.float64),
        torch.linspace(0, 1, 6, dtype=torch.float64) ** 2,
        torch.tensor([0.1, 0.2, 0.6, 0.9], dtype=torch.float64),
        torch.linspace(0, 1, 21, dtype=torch.float64),
    ]
    came = [
        student.parts(t, grid, shape=(), names=("skip", "kept"))
        for t, grid in zip(times.values(), grids, strict=True)
    ]
    skips, kept = torch.stack(came, dim=1)
    yield Fact(
        "wrong skip",
        "skips for " + ", ".join(times),
        torch.tensor(wanted).double(),
        skips.clamp(-1e3, 1e3),
        HINT_SKIP,
        2e-3,
    )
    left = []
    for a, grid in zip(skips.clamp(-1e3, 1e3), grids, strict=True):
        x = 1.0
        for h in grid.diff().tolist():
            x = x + h * float(a) * x
        left.append(max(min(x, 1e6), -1e6))
    yield Fact(
        "wrong share",
        "what is left of the noise on five grids, with your skips",
        torch.tensor(left).double(),
        kept.clamp(-1e6, 1e6),
        HINT_KEPT,
        2e-3,
    )
