"""Exercise 8.8: the best constant skip in a mute direction, and what it leaves of the noise."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Mistake
from ..shared.quiet import failing


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
    "no numerator": (
        _rule(lambda t: -1 / (1 - t).square().mean()),
        "The numerator of your skip is missing. The mixed term of the square holds the state once: what is "
        "its mean over the times?",
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
    "starts for steps": (
        _rule(kept=lambda a, grid: (1 + a * grid[:-1]).prod()),
        "You multiply with the times at which the steps begin. A step lasts from one time to the next: take "
        "differences.",
    ),
    "ends for steps": (
        _rule(kept=lambda a, grid: (1 + a * grid[1:]).prod()),
        "You multiply with the times at which the steps end. A step lasts from one time to the next: take "
        "differences.",
    ),
    "last step left out": (
        _rule(kept=lambda a, grid: _kept(a, grid[:-1])),
        "Your last step is missing. Between n times there are n − 1 steps: does the slice or the loop drop a "
        "time that the differences need?",
    ),
    "first step left out": (
        _rule(kept=lambda a, grid: _kept(a, grid[1:])),
        "Your first step is missing. Between n times there are n − 1 steps: does the slice or the loop drop "
        "a time that the differences need?",
    ),
    "steps that look ahead": (
        _rule(kept=lambda a, grid: (1 / (1 - a * grid.diff())).prod()),
        "You divide where a step should multiply: that is an implicit step, which asks the velocity at its "
        "end. Euler's step asks at its beginning.",
    ),
    "without its sign": (
        _rule(kept=lambda a, grid: _kept(a, grid).abs()),
        "Your second number lost its sign. A step that is long enough takes a state beyond zero, and the "
        "noise comes back turned round.",
    ),
    "the best skip of each time": (
        _rule(kept=lambda a, grid: (1 - grid.diff() / (1 - grid[:-1])).prod()),
        "In your steps each time has its own best skip. The sampler has one number for all times: the skip "
        "that you found.",
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
HINT_GRID = (
    "Your skip changes when only `grid` does. The skip is learnt in training, at the times `t`; the grid is "
    "that of the sampler, and comes in afterwards. Which of the two do your means run over?"
)
HINT_SINGLE = (
    "Here all rows have nearly one time, 0.6. In a mute direction the state is 0.4 ε there and the target "
    "−ε: which a makes a times the state equal to the target? Your {0} makes {1} ε of it."
)
HINT_MEAN = (
    "Where all rows have one time your skip is right, and for several times it is not. With half of the "
    "rows at t = 0.3 and half at 0.7 the mean squared error is ½ (1 + 0.7 a)² + ½ (1 + 0.3 a)². At your "
    "a = {0} it still gets smaller when a {1}: where is its derivative zero?"
)
HINT_UNIFORM = (
    "For two times your skip is right, and for others it is not. Are your means over all the times that are "
    "handed over, whatever their shape?"
)
HINT_ONE = (
    "Your skip is as it should be, and what is left of the noise is not, even after one single step of "
    "length one: it takes x = 1 to 1 + a, which is {0} here."
)
HINT_LATE = (
    "A single step from 0 to 1 is right, and one from 0.4 to 0.6 is not. Each step multiplies the state by "
    "1 + h a: the length h of the step comes in, and the time at which it begins does not."
)
HINT_JOINED = (
    "After one single step your number is right, and after several it is not. {0} Do it by hand for two "
    "steps of different length: what does the second one start from?"
)
ONE, BEST = -0.4 / (0.4**2 + 0.01**2), -0.5 / 0.29
"""The best skips for rows at 0.59 and at 0.61, and for rows at 0.3 and at 0.7."""


@exercise("8.8", "The best constant skip", "stretch", "t, grid", _rule(), MISTAKES)
def best_skip(student: StudentFunction) -> Iterator[Fact]:
    """Skips for one time, for two, for uniform times on intervals and others; what is left on many grids."""

    def asked(t: Tensor, *grid: float) -> Tensor:
        came = student.parts(t, torch.tensor(grid).double(), shape=(), names=("skip", "kept"))
        return came.double().clamp(-1e3, 1e3)

    even = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    two = torch.tensor([[0.3], [0.7]], dtype=torch.float64).repeat(500, 1)
    single = asked(two.sub(0.5).div(20).add(0.6), 0.0, 1.0)[0]
    times = (two, even[:, None], even**2, even.sqrt()[:, None, None, None], two)
    wanted = [ONE, BEST, -1.5, -(2 / 3) / (8 / 15), -(1 / 3) / (1 / 6)]
    grids: list[tuple[float, ...]] = [
        (0.0, 1.0),
        (0.4, 0.6),
        tuple(i / 50 for i in range(51)),
        tuple((i / 5) ** 2 for i in range(6)),
        (0.1, 0.2, 0.6, 0.9),
    ]
    skips, kept = torch.stack([asked(t, *grid) for t, grid in zip(times, grids, strict=True)], dim=1)
    moved = (asked(two, *grids[3])[0] - skips[0]).abs()
    yield from failing(
        [Fact("skip that depends on the grid", "change of the skip with the grid", 0.0, moved, HINT_GRID)]
    )
    a = float(skips[0])
    plain = abs(float(single) - ONE) < 0.1
    name, hint = "wrong mean over the times", HINT_MEAN.format(number(a), "grows" if a < BEST else "falls")
    if not plain:
        name, hint = "wrong skip for a single time", HINT_SINGLE.format(number(single), number(0.4 * single))
    elif abs(a - BEST) <= 2e-3:
        hint = HINT_UNIFORM
    skip = Fact(
        name,
        "skips for times near 0.6; for 0.3 and 0.7; for uniform times; for early ones; for late ones",
        torch.tensor(wanted).double(),
        torch.cat([single[None], skips[:4]]),
        hint,
        2e-3,
        0.03,
    )
    yield skip
    if not skip.holds():
        return
    left = torch.stack([_kept(a, torch.tensor(grid).double()) for a, grid in zip(skips, grids, strict=True)])
    right = ((kept - left).abs() <= 2e-3).tolist()
    name, hint = (
        "wrong product of the steps",
        HINT_JOINED.format("With equal steps it is right, too." if right[2] else ""),
    )
    if not right[1]:
        name, hint = "a step that depends on its time", HINT_LATE
    if not right[0]:
        name, hint = "wrong single step", HINT_ONE.format(number(left[0]))
    what = "what is left of the noise: one step from 0 to 1, one from 0.4 to 0.6, three longer grids"
    yield Fact(name, what, left, kept, hint.replace("  ", " "), 2e-3)
