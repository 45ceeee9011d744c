"""Exercise 2.1: Brownian motion at given times."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.noise import correlation, different, normal, spread, within

N = 4000
TIMES = (0.0, 0.1, 0.15, 0.5, 1.3)
"""Not equally spaced, so that a grid that is counted instead of read shows."""
TESTS = 16
"""Statistical numbers in the facts below; they share the family's level."""


def _brownian_path(n: int, dim: int, times: Tensor) -> Tensor:
    """Running sum of independent normal increments, whose variances are the gaps between the times."""
    gaps = times.diff()[:, None, None]
    increments = gaps.sqrt() * torch.randn(len(times) - 1, n, dim).to(times)
    return torch.cat([increments.new_zeros(1, n, dim), increments.cumsum(0)])


Noise = Callable[[int, int, int], Tensor]


def _sum(scale: Tensor, noise: Tensor) -> Tensor:
    """Running sum from zero of noise (steps, n, dim) times one factor for each step."""
    increments = scale[:, None, None] * noise.to(scale)
    return torch.cat([torch.zeros_like(increments[:1]), increments.cumsum(0)])


def _scaled(scale: Callable[[Tensor], Tensor]) -> Callable[[int, int, Tensor], Tensor]:
    """The right noise with other factors."""
    return lambda n, dim, times: _sum(scale(times), torch.randn(len(times) - 1, n, dim))


def _drawn(noise: Noise) -> Callable[[int, int, Tensor], Tensor]:
    """The right factors with other noise, given the numbers of steps, paths and coordinates."""
    return lambda n, dim, times: _sum(times.diff().sqrt(), noise(len(times) - 1, n, dim))


def _seeded(steps: int, n: int, dim: int) -> Tensor:
    return torch.randn(steps, n, dim, generator=torch.Generator().manual_seed(0))


def _even(times: Tensor) -> Tensor:
    return ((times[-1] - times[0]) / (len(times) - 1)).sqrt().expand(len(times) - 1)


MISTAKES = {
    "h for sqrt(h)": (
        _scaled(lambda times: times.diff()),
        "Your increments shrink as fast as the gaps between the times. Their *variance* should be the gap: "
        "what then is the factor in front of a standard normal number? On a finer grid your paths would "
        "become flat.",
    ),
    "every increment of size one": (
        _scaled(lambda times: torch.ones_like(times.diff())),
        "Your increments do not depend on how far apart the times are. In a short time the motion gets "
        "less far than in a long one. Which part of `times` says how long a step lasts?",
    ),
    "time instead of gap": (
        _scaled(lambda times: times[1:].sqrt()),
        "You scale each increment with the time at which it ends, and then add them up. An increment knows "
        "only how long it lasts, so its variance is the distance between two neighbouring times.",
    ),
    "equal steps assumed": (
        _scaled(_even),
        "Your increments are all equally large, as if the times were equally spaced. Each gap has a length "
        "of its own: read it from `times`.",
    ),
    "first gap for all": (
        _scaled(lambda times: (times[1] - times[0]).sqrt().expand(len(times) - 1)),
        "All your increments have the variance of the first gap. The times need not be equally spaced; "
        "each gap has a length of its own.",
    ),
    "independent draws at every time": (
        lambda n, dim, times: times.sqrt()[:, None, None] * torch.randn(len(times), n, dim).to(times),
        "At every single time your states have the right spread, but they do not hang together: each is "
        "drawn anew, and what came before is forgotten. A path goes on from where it is. What is "
        "independent in Brownian motion are its increments.",
    ),
    "one draw for all times": (
        lambda n, dim, times: times.sqrt()[:, None, None] * torch.randn(1, n, dim).to(times),
        "At every single time your states have the right spread, but one number decides a whole path: all "
        "of them are curves of the same form, some larger, some smaller. Every increment is a new draw.",
    ),
    "increments not added up": (
        lambda n, dim, times: _brownian_path(n, dim, times).diff(dim=0, prepend=torch.zeros(1, n, dim)),
        "You return the increments themselves. Each says how far the motion gets in one gap; where it is "
        "at a time is the sum of all increments until then.",
    ),
    "same noise in every step": (
        _drawn(lambda steps, n, dim: torch.randn(1, n, dim).expand(steps, n, dim)),
        "You draw one noise and use it in every gap, so each of your paths keeps its direction. The "
        "increments of Brownian motion know nothing of one another: where in your loop is the draw made?",
    ),
    "one path for the whole batch": (
        _drawn(lambda steps, n, dim: torch.randn(steps, 1, dim).expand(steps, n, dim)),
        "All your paths are the same one. Each of the n paths needs draws of its own: look at the shape in "
        "which you draw.",
    ),
    "one path for all coordinates": (
        _drawn(lambda steps, n, dim: torch.randn(steps, n, 1).expand(steps, n, dim)),
        "Within each of your paths all coordinates move together, so the motion stays on a diagonal line. "
        "Each coordinate needs draws of its own.",
    ),
    "rand for randn": (
        _drawn(torch.rand),
        "Your increments are never negative: the paths only rise. They come from the uniform law between "
        "0 and 1. Two functions of torch have names that differ by one letter.",
    ),
    "coin tosses": (
        _drawn(lambda steps, n, dim: 2.0 * torch.randint(2, (steps, n, dim)) - 1),
        "Your increments have the right mean and variance, but only two sizes, one up and one down. Over "
        "many small steps nobody would notice; the increments of Brownian motion itself are normal.",
    ),
    "same draws in every call": (
        _drawn(_seeded),
        "Two calls of your function draw the very same paths, because it sets the seed anew each time. What "
        "is handed out as chance then never changes. Seed once, outside, or not at all.",
    ),
    "start left out": (
        lambda n, dim, times: _brownian_path(n, dim, times)[1:],
        "You return one state too few: the one at the first time is missing. Before any increment, the "
        "motion is at 0, and that state belongs to the path too.",
    ),
    "time on the wrong axis": (
        lambda n, dim, times: _brownian_path(n, dim, times).transpose(0, 1),
        "All states are there, but the axes are swapped: time should come first, then the batch. Along "
        "which axis do you put the states together?",
    ),
}

LOOK_START = (
    "Your paths are not at 0 at the first time. Before the first increment nothing has moved: what stands in "
    "the first row, and how many increments are there between the given times?"
)
LOOK_ROWS = (
    "Different times hold the very same states. If you collect the states in a list: a tensor that is "
    "changed in place, as by `+=`, stays one and the same tensor, so all entries of the list show what it "
    "holds in the end. Make a new tensor in each step."
)
LOOK_ALONG = (
    "Neighbouring paths of your batch go together: each is the one before plus a little. Paths know nothing "
    "of one another; it is along *time* that increments add up. Which axis does your sum run along, and "
    "which one is time?"
)
LOOK_SPREAD = (
    "The increments from one time to the next do not have the right spread. The variance of each should be "
    "the length of its gap, and the gaps differ. Print the differences of `times` and the factors that you "
    "multiply the noise with."
)
LOOK_MEAN = (
    "Your increments have a direction: their mean is not zero. Brownian motion goes up as often as down. "
    "Look at the function that draws the noise."
)
LOOK_STEPS = (
    "Increments of the same path go together: knowing one tells something about the next. Each of them "
    "should be a draw of its own, and then be added to the place that the path has reached."
)
LOOK_TOGETHER = (
    "The coordinates of your paths go together: knowing one tells something about the other. Each coordinate "
    "of each path needs draws of its own."
)
LOOK_NORMAL = (
    "Your increments have the right variance but another law than the normal one. Which function draws "
    "your noise, and do you multiply two random numbers somewhere?"
)
LOOK_AGAIN = (
    "Two calls of your function give paths that go together. Every call needs draws of its own: is a seed "
    "set, or a generator made, inside your function?"
)
LOOK_OTHER = (
    "With other numbers of paths, coordinates and times your function no longer has the right spread. Is "
    "something written into your lines that should be read from `times`?"
)


@exercise(
    "2.1", "Brownian motion", "core", "n, dim, times", _brownian_path, MISTAKES, random=True, double=True
)
def brownian_path(student: StudentFunction) -> Iterator[Fact]:
    """Start, law and independence of the increments between times that are not evenly spaced."""
    times = torch.tensor(TIMES, dtype=torch.float64)
    path = student(N, 2, times, shape=(5, N, 2)).double()
    later = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    other = student(N, 3, later, shape=(3, N, 3)).double()
    distinct = float(len(path.flatten(1).unique(dim=0)))
    what = "different rows among the states at five times"
    yield Fact("one tensor in every row", what, 5.0, distinct, LOOK_ROWS)
    yield Fact(
        "start not at zero", "largest distance from 0 at the first time", 0.0, path[0].abs().max(), LOOK_START
    )
    z = path.diff(dim=0) / times.diff().sqrt()[:, None, None]  # standard normal, if the answer is right
    still = any(float(step) < 1e-9 for step in within(z))
    if not still:
        along = _along(z)
        what = "correlation of neighbouring paths"
        yield Fact("added up along the batch", what, 0.0, along, LOOK_ALONG, mean_tolerance(N, 1.0, TESTS))
        if along > 0.5:  # the spread along the batch is then a matter of chance
            return
    tol = variance_tolerance(2 * N, 1.0, TESTS)
    what = "variance of each increment, divided by its gap"
    yield spread("wrong spread", what, within(z), LOOK_SPREAD, tol)
    if still:
        yield different(z, LOOK_SPREAD)
        return
    tol = mean_tolerance(2 * N, 1.0, TESTS)
    what = "mean of each increment, divided by the root of its gap"
    near = 1.5 * tol * max(1.0, float(within(z).max()) ** 0.5)
    yield Fact("wrong mean", what, torch.zeros(4), z.mean(dim=(1, 2)), LOOK_MEAN, tol, near)
    tied = torch.tensor([correlation(z[i], z[i + 1]) for i in range(3)])
    yield Fact(
        "increments tied",
        "correlation of each increment with the next",
        torch.zeros(3),
        tied,
        LOOK_STEPS,
        tol,
    )
    tol = mean_tolerance(4 * N, 1.0, TESTS)
    together = correlation(z[..., 0], z[..., 1])
    yield Fact("coordinates tied", "correlation of two coordinates", 0.0, together, LOOK_TOGETHER, tol)
    scaled = (z - z.mean(dim=(1, 2), keepdim=True)) / z.std(dim=(1, 2), keepdim=True)
    yield normal("not normal", "excess kurtosis of the increments", scaled, LOOK_NORMAL, TESTS)
    tol = variance_tolerance(3 * N, 1.0, TESTS)
    what = "variance at t = 2 in three dimensions, divided by 2"
    yield spread("wrong spread elsewhere", what, other[-1].var() / 2, LOOK_OTHER, tol)
    yield from _again(student, path)


def _along(z: Tensor) -> float:
    """Mean correlation of each path's increment with the next path's, from z (steps, batch, dim)."""
    z = z - z.mean(dim=1, keepdim=True)
    return float(((z[:, 1:] * z[:, :-1]).mean(dim=1) / z.square().mean(dim=1)).mean())


def _again(student: StudentFunction, path: Tensor) -> Iterator[Fact]:
    """Another call, on a grid twice as long: equal numbers would otherwise pass for a constant."""
    times = 2 * torch.tensor(TIMES, dtype=torch.float64)
    same = correlation(
        student(N, 2, times, shape=tuple(path.shape)).double().diff(dim=0)[-1], path.diff(dim=0)[-1]
    )
    what = "correlation of two calls"
    yield Fact("same draws in every call", what, 0.0, same, LOOK_AGAIN, mean_tolerance(2 * N, 1.0, TESTS))
