"""Exercise 2.1: Brownian motion at given times."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, mean_tolerance, variance_tolerance
from ..shared.mistakes import recurring
from ..shared.noise import correlation, spread, standard_normal, within

N, TIMES = 4000, (0.0, 0.1, 0.15, 0.5, 1.3)
"""Paths of a run, and its times: not equally spaced, so that a grid that is counted instead of read shows."""
TESTS = 20
"""Statistical numbers in the facts below; they share the family's level."""


def _sum(scale: Tensor, noise: Tensor) -> Tensor:
    """Running sum from zero of noise (steps, n, dim) times one factor for each step."""
    increments = scale[:, None, None] * noise.to(scale)
    return torch.cat([torch.zeros_like(increments[:1]), increments.cumsum(0)])


def _scaled(scale: Callable[[Tensor], Tensor]) -> Callable[[int, int, Tensor], Tensor]:
    """The right noise with other factors."""
    return lambda n, dim, times: _sum(scale(times), torch.randn(len(times) - 1, n, dim))


def _drawn(noise: Callable[[int, int, int], Tensor]) -> Callable[[int, int, Tensor], Tensor]:
    """The right factors with other noise, given the numbers of steps, paths and coordinates."""
    return lambda n, dim, times: _sum(times.diff().sqrt(), noise(len(times) - 1, n, dim))


_brownian_path = _drawn(torch.randn)


def _seeded(steps: int, n: int, dim: int) -> Tensor:
    return torch.randn(steps, n, dim, generator=torch.Generator().manual_seed(0))


MISTAKES: Mistakes = {
    **recurring(
        {
            "h for sqrt(h)": _scaled(lambda times: times.diff()),
            "equal steps assumed": _scaled(
                lambda times: ((times[-1] - times[0]) / (len(times) - 1)).sqrt().expand(len(times) - 1)
            ),
            "same noise in every step": _drawn(lambda k, n, dim: torch.randn(1, n, dim).expand(k, n, dim)),
            "one noise for all coordinates": _drawn(lambda k, n, dim: torch.randn(k, n, 1).expand(k, n, dim)),
            "rand for randn": _drawn(torch.rand),
            "start left out": lambda n, dim, times: _brownian_path(n, dim, times)[1:],
            "time on the wrong axis": lambda n, dim, times: _brownian_path(n, dim, times).transpose(0, 1),
        }
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
    "first gap for all": (
        _scaled(lambda times: (times[1] - times[0]).sqrt().expand(len(times) - 1)),
        "All your increments have the variance of the first gap. The times need not be equally spaced; "
        "each gap has a length of its own.",
    ),
    "independent draws at every time": (
        lambda n, dim, times: times.sqrt()[:, None, None] * torch.randn(len(times), n, dim).to(times),
        "At every single time your states have the right spread, but they do not hang together: each is "
        "drawn anew, and what came before is forgotten. What is independent in Brownian motion are its "
        "increments; a path goes on from where it is.",
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
    "one path for the whole batch": (
        _drawn(lambda k, n, dim: torch.randn(k, 1, dim).expand(k, n, dim)),
        "All your paths are the same one. Each of the n paths needs draws of its own: look at the shape in "
        "which you draw.",
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
}


@exercise("2.1", "Brownian motion", "core", "n, dim, times", _brownian_path, MISTAKES, random=True)
def brownian_path(student: StudentFunction) -> Iterator[Fact]:
    """Start, law and independence of the increments between times that are not evenly spaced."""
    times = torch.tensor(TIMES, dtype=torch.float64)
    path = student(N, 2, times, shape=(5, N, 2)).double()
    others = [(1, torch.tensor([0.0, 0.5, 2.0]).double()), (3, torch.tensor([0.0, 2.0]).double())]
    lines, space = (student(N + dim, dim, t, shape=(len(t), N + dim, dim)).double() for dim, t in others)
    hint = (
        "Different times hold the very same states. Is one tensor changed in place, as by `+=`, and put into "
        "the list several times? All entries then show what it holds in the end. Or is nothing added?"
    )
    alike = float(len(path.flatten(1).unique(dim=0)))
    yield Fact("same states at different times", "different states at five times", 5.0, alike, hint)
    hint = (
        "Your paths are not at 0 at the first time, when nothing has moved yet. What is in the first row, "
        "and how many increments are there between the given times?"
    )
    yield Fact("start not at zero", "distance from 0 at the start", 0.0, path[0].abs().max(), hint)
    z = path.diff(dim=0) / times.diff().sqrt()[:, None, None]  # standard normal, if the answer is right
    if float(within(z).min()) > 1e-9:
        along = _along(z)
        hint = (
            "Neighbouring paths of your batch go together: each is the one before plus a little. Paths know "
            "nothing of one another; it is along *time* that increments add up. Which axis does your sum run "
            "along, and which one is time?"
        )
        tol = mean_tolerance(N, 1.0, TESTS)
        yield Fact("added up along the batch", "correlation of neighbouring paths", 0.0, along, hint, tol)
        if along > 0.5:  # the spread along the batch is then a matter of chance
            return
    hint = (
        "The increments from one time to the next do not have the right spread. The variance of each should "
        "be the length of its gap, and the gaps differ. Print the differences of `times`, and the factors of "
        "your noise."
    )
    yield from standard_normal(z, "increments", hint, TESTS)
    if float(within(z).min()) < 1e-9:
        return
    hint = (
        "Increments of the same path go together: knowing one tells something about another. Each of them "
        "should be a draw of its own, and then be added to the place that the path has reached."
    )
    tied = max((correlation(z[i], z[j]) for j in range(4) for i in range(j)), key=abs)
    tol = mean_tolerance(2 * N, 1.0, TESTS)
    yield Fact("increments tied", "correlation of two increments", 0.0, tied, hint, tol)
    hint = (
        "With other numbers of paths, coordinates and times your function no longer has the right spread. Is "
        "something written into your lines that should be read from `times`?"
    )
    came = torch.stack([lines[-1].var(), space[-1].var()]) / 2
    tol = variance_tolerance(N, 1.0, TESTS)
    yield spread(
        "wrong spread elsewhere", "variance at t = 2 in one and three dimensions, halved", came, hint, tol
    )
    hint = (
        "Two calls of your function give paths that go together. Every call needs draws of its own: is a "
        "seed set, or a generator made, inside your function?"
    )
    # On a grid twice as long: equal numbers would otherwise pass for a constant.
    again = student(N, 2, 2 * times, shape=(5, N, 2)).double().diff(dim=0)[-1]
    same, tol = correlation(again, path.diff(dim=0)[-1]), mean_tolerance(2 * N, 1.0, TESTS)
    yield Fact("same draws in every call", "correlation of two calls", 0.0, same, hint, tol)


def _along(z: Tensor) -> float:
    """Mean correlation of each path's increment with the next path's, from z (steps, batch, dim)."""
    z = z - z.mean(dim=1, keepdim=True)
    return float(((z[:, 1:] * z[:, :-1]).mean(dim=1) / z.square().mean(dim=1)).mean())
