"""Exercise 5.10: how much noise at what time, with fifty steps."""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache

import torch
from torch import Tensor

from ...distributions import GaussianMixture
from ...paths import CondOT, GaussianPath
from ...paths.posterior import MixturePosterior
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

STEPS = 50
BOUND = 9.0
"""Largest distance that passes, in thousandths of a data unit; every constant sigma misses it."""
N, SHIFTS = 1024, 5
"""States in one run, and runs: each has kicks of its own, the same for every sigma."""
TIMES = torch.arange(STEPS) / STEPS
MEANS = torch.tensor([[-1.5], [0.0], [1.2]], dtype=torch.float64)
BUMPS = GaussianMixture(torch.tensor([0.3, 0.4, 0.3]), MEANS, torch.tensor([0.1, 0.1, 0.1]))


@cache
def _quantiles() -> Tensor:
    """Where an even sample of N states of the bumps should lie, by bisection of the distribution function."""
    share = (torch.arange(N, dtype=torch.float64) + 0.5) / N
    low, high = torch.full((N,), -4.0, dtype=torch.float64), torch.full((N,), 4.0, dtype=torch.float64)
    for _ in range(45):
        middle = (low + high) / 2
        below = torch.special.ndtr((middle[:, None] - BUMPS.means[:, 0]) / BUMPS.stds[:, 0])
        under = below @ BUMPS.weights.double() < share
        low, high = torch.where(under, middle, low), torch.where(under, high, middle)
    return (low + high) / 2


@cache
def _kicks() -> Tensor:
    """Standard normal kicks (steps, shifts, N, 1): even on every stretch of states, moved at random.

    The even numbers are van der Corput's sequence.
    """
    left, even, weight = torch.arange(N), torch.zeros(N, dtype=torch.float64), 0.5
    while bool((left > 0).any()):
        even, left, weight = even + weight * (left % 2), left // 2, weight / 2
    shifts = torch.rand(STEPS, SHIFTS, 1, 1, generator=torch.Generator().manual_seed(5)).double()
    return torch.special.ndtri(((even[:, None] + shifts) % 1).clamp(1e-9, 1 - 1e-9))


def runs(sigmas: Tensor) -> Tensor:
    """Final states (shifts, N, 1) of Euler–Maruyama's steps with these strengths (steps,), sorted.

    The exact fields of the straight-line path to the bumps. Start and kicks are spread evenly: in each step
    the sorted states get the kicks of a sequence that is even on every stretch, moved by a random shift
    (array-RQMC, L'Ecuyer, Lécot & Tuffin 2008). All strengths get the same shifts.
    """
    post = MixturePosterior(BUMPS, GaussianPath(CondOT()))
    start = torch.special.ndtri((torch.arange(N, dtype=torch.float64) + 0.5) / N)
    x, kicks, h = start[:, None].expand(SHIFTS, N, 1), _kicks(), 1 / STEPS
    for k, sigma in enumerate(sigmas.tolist()):
        z, score = (part.reshape(x.shape) for part in post.means(x.reshape(-1, 1), k / STEPS))
        x = x + h * (z + (1 - k / STEPS) * score + sigma**2 / 2 * score)
        x = x.sort(dim=1).values + sigma * h**0.5 * kicks[k]
    return x.sort(dim=1).values


def distance(sigma: Callable[[Tensor], Tensor | float]) -> tuple[float, float]:
    """How far from the truth fifty Euler–Maruyama steps with strength sigma(t) end, and how sure that is.

    The Wasserstein-1 distance between the final states and the data's law: the mean way from each state to
    its place in the truth, sorted.

    Args:
        sigma: strength at times (50,), the beginnings of the steps; a tensor of that shape, or one number.
    Returns:
        The distance in thousandths of a data unit, and its standard error over five sets of kicks.
    """
    return _distance(torch.as_tensor(sigma(TIMES.clone()), dtype=torch.float64).expand(STEPS).detach())


def _distance(sigmas: Tensor) -> tuple[float, float]:
    return _distance_of(tuple(sigmas.double().tolist()))


@lru_cache(maxsize=64)
def _distance_of(strengths: tuple[float, ...]) -> tuple[float, float]:
    sigmas = torch.tensor(strengths, dtype=torch.float64)
    away = 1000 * (runs(sigmas)[..., 0] - _quantiles()).abs().mean(1).nan_to_num(1e6)
    return float(away.mean().clamp(max=1e6)), float(away.std() / SHIFTS**0.5)


MISTAKES: dict[str, Mistake] = {
    "no noise": (
        lambda t: torch.zeros_like(t),
        "Without noise you follow the flow, with the error of Euler's steps all the way. It beats a sigma of "
        "one, but some noise at the right time mends part of that error. When would it do no harm?",
    ),
    "sigma one": (
        lambda t: torch.ones_like(t),
        "This is the sigma to beat. Near the end the score is steep, and the pull of one step overshoots. "
        "How could your sigma depend on time?",
    ),
    "growing": (
        lambda t: 1.0 * t,
        "Your noise grows towards the end, where it hurts most: there the hills are narrow, and a step that "
        "kicks as far as they are wide blurs them. Turn it round.",
    ),
}
HINT_NEGATIVE = (
    "Your sigma is negative at some times. A strength of noise is at least zero: what does your formula do "
    "towards the ends of the interval?"
)
HINT_TIME = (
    "At one and the same time your sigma is another one when more times come with it. It should depend on "
    "the time alone: does it count places in the list, look at other times, or leave something to chance?"
)
HINTS = {
    "too much noise at the end": (
        "With the last fifth of your noise switched off you would come much closer. Late in time the bumps "
        "are narrow and the score is steep: a kick of sigma times the root of h must stay well below their "
        "width."
    ),
    "too much noise": (
        "With half of your noise you would come closer. The pull along the score, times the step, must not "
        "overshoot: where is the score steepest?"
    ),
    "too little noise": (
        "With twice as much noise you would come closer. Noise along the way mends what Euler's steps got "
        "wrong before; try more of it while the cloud is still wide."
    ),
    "not close enough": (
        "Your sigma is not close enough yet, and neither more nor less of it everywhere would help much. "
        "Think of when noise mends, and of when it harms: change its course in time."
    ),
}


def _diagnosis(sigmas: Tensor) -> str:
    """Which simple change would help most."""
    changed = {
        "too much noise at the end": sigmas * (TIMES < 0.8),
        "too much noise": sigmas / 2,
        "too little noise": sigmas * 2,
    }
    found = {name: _distance(strength)[0] for name, strength in changed.items()}
    best, away = min(found, key=lambda name: found[name]), _distance(sigmas)[0]
    if away > 1000:  # so much that half of it blows up too
        return best if found[best] < 1000 else "too much noise"
    return best if found[best] < 0.9 * away else "not close enough"


def _comparison(away: float, error: float) -> str:
    zero, constant, best = (_distance(s)[0] for s in (0 * TIMES, 0.45 + 0 * TIMES, 5 * (1 - TIMES) ** 2))
    return (
        f"Your distance: {away:.1f} ± {error:.1f} thousandths of a data unit; the lower, the better. To "
        f"compare: no noise ends {zero:.1f} away, the best constant {constant:.1f}, the best of our search "
        f"{best:.1f}."
    )


@exercise("5.10", "The best noise", "open", "t", lambda t: 3 * (1 - t), MISTAKES, limit=10.0)
def my_sigma(student: StudentFunction) -> Iterator[Fact | str]:
    """A function of time, at least zero, and the distance to the truth after fifty steps."""
    sigmas = student(TIMES, shape=(STEPS,), broadcast=True).double()
    # The lab draws it on a finer grid, both ends included; every other time of that is one of TIMES.
    fine = student(torch.arange(101) / 100, shape=(101,), broadcast=True, finite=False).double()
    student.results.clear()  # the time itself, or the same number always, is an attempt, not a slip
    some = sigmas[[0, STEPS // 2, STEPS - 1]]
    what = "sigma at the start, in the middle and at the end"
    yield Fact("negative", what, some.clamp(min=0), some, HINT_NEGATIVE, 1e-6, 0.02, "at least 0")
    lowest = float(torch.cat([sigmas, fine]).nan_to_num(0).min())
    if lowest < -1e-6:
        yield Fact("negative", "smallest sigma", 0.0, lowest, HINT_NEGATIVE, 1e-6, 0.02, "at least 0")
        return
    apart = float(((sigmas - fine[:100:2]) / (1 + sigmas)).abs().max())
    if apart > 1e-5:
        what = "largest change of sigma, relative to 1 + sigma, when more times are handed over"
        yield Fact("not a function of time", what, 0.0, apart, HINT_TIME, 1e-5)
        return
    away, error = _distance(sigmas)
    name = "not close enough" if away <= BOUND else _diagnosis(sigmas)
    # What is closer than the bound is as good as the truth itself.
    what = "distance to the truth, in thousandths"
    yield Fact(name, what, 0.0, away, HINTS[name], BOUND, 0.05, f"at most {BOUND:g}")
    if away <= BOUND:
        yield _comparison(away, error)
