"""Exercise 3.2: samples of the conditional path."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import Numbers, bent, column, equal_share, root_mean_square
from .cosine import _cosine_scheduler

N = 4000
MOMENTS = (0.8, 0.35)
POINT = torch.tensor([2.0, -1.0], dtype=torch.float64)
TESTS = 15
"""Statistical facts in this check; they share the family's level."""

Scheduler = Callable[[Tensor], Numbers]
Noise = Callable[[Tensor], Tensor]


def _sample_conditional(z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    """One state around each data point."""
    alpha, beta, _, _ = scheduler(t)
    return alpha * z + beta * torch.randn_like(z)


def _with(noise: Noise) -> Callable[[Tensor, Tensor, Scheduler], Tensor]:
    """The right weights with other noise."""

    def rule(z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, _, _ = scheduler(t)
        return alpha * z + beta * noise(z)

    return rule


def _weighed(weigh: Callable[..., tuple[Tensor, Tensor]]) -> Callable[[Tensor, Tensor, Scheduler], Tensor]:
    """The right noise with other weights."""

    def rule(z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        data, noise = weigh(*scheduler(t))
        return data * z + noise * torch.randn_like(z)

    return rule


MISTAKES = {
    "alpha and beta swapped": (
        _weighed(lambda a, b, a_dot, b_dot: (b, a)),
        "You multiply the data by the noise's weight and the noise by the data's. Late in time your states "
        "are nearly all noise. Which of the two numbers grows from zero to one?",
    ),
    "beta squared for the spread": (
        _weighed(lambda a, b, a_dot, b_dot: (a, b**2)),
        "Your noise is multiplied by `beta` squared. That is the variance of the state; noise is multiplied "
        "by the standard deviation. How does a factor in front of a random number change its variance?",
    ),
    "root of beta for the spread": (
        _weighed(lambda a, b, a_dot, b_dot: (a, b.sqrt())),
        "Your noise is multiplied by the root of `beta`, as if `beta` were a variance. In the law of the "
        "path the variance is the square of `beta`: what is then the standard deviation?",
    ),
    "nothing random": (
        _with(torch.zeros_like),
        "Two runs of your function with the same arguments give the same states: nothing in them is random. "
        "A conditional path is a cloud of noise around a centre. Where is it drawn, and is its seed free?",
    ),
    "rand for randn": (
        _with(torch.rand_like),
        "Your noise is uniform between 0 and 1: never negative, and too narrow. The path asks for standard "
        "normal noise. Two functions of torch have names that differ by one letter.",
    ),
    "one noise for the whole batch": (
        _with(lambda z: torch.randn_like(z[:1]).expand_as(z)),
        "All states of the batch get the same noise: the cloud has no width, it only jumps from run to run. "
        "Each state needs a draw of its own; look at the shape in which you draw.",
    ),
    "one noise for all coordinates": (
        _with(lambda z: torch.randn_like(z[:, :1]).expand_as(z)),
        "Within each state all coordinates get the same noise, so the cloud is a diagonal line. Each "
        "coordinate needs a draw of its own; look at the shape in which you draw.",
    ),
    "data not scaled": (
        _weighed(lambda a, b, a_dot, b_dot: (torch.ones_like(a), b)),
        "The noise has the right weight, but the data point enters whole at every time. Early on the path "
        "should know nothing of it yet. Which number multiplies the data?",
    ),
    "noise not scaled": (
        _weighed(lambda a, b, a_dot, b_dot: (a, torch.ones_like(b))),
        "The data have the right weight, but the noise is equally strong at all times. At the end of the "
        "path it has to be gone. Which number multiplies the noise?",
    ),
    "scheduler not used": (
        lambda z, t, scheduler: t * z + (1 - t) * torch.randn_like(z),
        "You mix by the time itself, as on the straight line, whatever scheduler you are given. Ask the "
        "scheduler for its weights at time `t`; the check hands over another one than the lab's.",
    ),
    "cosine assumed": (
        lambda z, t, scheduler: _sample_conditional(z, t, _cosine_scheduler),
        "You mix with the cosine, whatever scheduler you are given. Ask the one that was handed over: its "
        "name is the third argument of your function; the check hands over another one than the lab's.",
    ),
    "slopes for weights": (
        _weighed(lambda a, b, a_dot, b_dot: (a_dot, b_dot)),
        "You mix data and noise by the derivatives of the weights. That gives a velocity, which chapter 04 "
        "will need. A state is mixed by the weights themselves.",
    ),
    "third taken for the second": (
        _weighed(lambda a, b, a_dot, b_dot: (a, a_dot)),
        "You multiply the noise by the third number of the scheduler, the derivative of the data's weight. "
        "Look up the order in which a scheduler returns its four numbers.",
    ),
    **one_time_for_all(_sample_conditional, 1),
}
LOOK_RANDOM = (
    "Two runs with the same arguments should give different states, because each run draws fresh noise. "
    "Yours repeat themselves. Is the noise drawn inside your function, and used?"
)
LOOK_SPREAD = (
    "The cloud around the centre has the wrong width. The standard deviation of the state is the weight of "
    "the noise at that time. What do you multiply the noise with, and is it standard normal?"
)
LOOK_CENTRE = (
    "The cloud is not where it should be: its centre is the data point, scaled by the weight of the data "
    "at that time. What do you multiply the data with, and does your noise have mean zero?"
)
LOOK_TIED = (
    "The coordinates of the noise go together, so that knowing one tells something about the other. Each "
    "coordinate of each state needs a draw of its own."
)
LOOK_NORMAL = (
    "Centre and width of the cloud are right, but its shape is not: too many or too few states lie within "
    "one standard deviation. Which function draws standard normal numbers?"
)
LOOK_ROWS = (
    "With one time for the whole batch your states are right. With another time in every row they are not: "
    "row i must be mixed with the weights of time i. Print the shapes of the weights and of the data."
)


@exercise(
    "3.2",
    "Sample the conditional path",
    "core",
    "z, t, scheduler",
    _sample_conditional,
    MISTAKES,
    random=True,
    double=True,
)
def sample_conditional(student: StudentFunction) -> Iterator[Fact]:
    """Fresh noise, width and centre of the cloud at two times, its shape, and a time for every row."""
    z = POINT.expand(N, 2).clone()
    runs = [[student(z, column(t, N), bent, shape=(N, 2)).double() for t in MOMENTS] for _ in range(2)]
    same = sum(equal_share(*pair) for pair in zip(*runs, strict=True)) / 2
    what = "share of states that come out the same in two runs"
    yield Fact("nothing random", what, 0.0, same, LOOK_RANDOM, match_tol=0.1)
    if same < 0.9:  # else there is no cloud to be measured
        yield from _clouds(torch.stack(runs[0]))
    z = 3 * torch.randn(N, 2, dtype=torch.float64)
    times = torch.linspace(0.1, 0.9, N, dtype=torch.float64)[:, None]
    x = student(z, times, bent, shape=(N, 2)).double()
    if same >= 0.9 or float(runs[0][0].var(dim=0).max()) < 1e-9:
        return
    alpha, beta, _, _ = bent(times)
    noise = (x - alpha * z) / beta
    thirds = torch.stack([root_mean_square(part) for part in noise.chunk(3)])
    what = "spread of the noise in early, middle and late rows"
    tol = margin(TESTS) / math.sqrt(2 * 2 * N / 3)
    yield Fact("rows mixed up", what, torch.ones(3), thirds, LOOK_ROWS, tol, 0.2)


def _clouds(x: Tensor) -> Iterator[Fact]:
    """Width, centre, ties and shape of the clouds (times, N, 2) at both times."""
    alpha, beta, _, _ = bent(torch.tensor(MOMENTS, dtype=torch.float64)[:, None])
    widest = float(beta.max())
    at = "at t = 0.8 and 0.35"
    spread = x.std(dim=1)
    tol = margin(TESTS) * widest / math.sqrt(2 * N)
    what = f"standard deviations of both coordinates {at}"
    yield Fact("wrong width", what, beta.expand(2, 2).flatten(), spread.flatten(), LOOK_SPREAD, tol)
    if float(spread.max()) < 1e-4:  # one draw: nothing more can be learnt from it
        return
    tol = margin(TESTS) * widest / math.sqrt(N)
    what = f"means {at}, for z = (2, -1)"
    yield Fact("wrong centre", what, (alpha * POINT).flatten(), x.mean(dim=1).flatten(), LOOK_CENTRE, tol)
    tied = torch.stack([torch.corrcoef(cloud.T)[0, 1] for cloud in x])
    tol = margin(TESTS) / math.sqrt(N)
    yield Fact("coordinates tied", "correlation of the coordinates", torch.zeros(2), tied, LOOK_TIED, tol)
    inside = (x - (alpha * POINT)[:, None]).abs() < beta[:, None]
    normal = math.erf(1 / math.sqrt(2))
    tol = margin(TESTS) * math.sqrt(normal * (1 - normal) / (2 * N))
    what = "share within one standard deviation"
    share = inside.double().mean(dim=(1, 2))
    yield Fact("not normal", what, torch.full((2,), normal), share, LOOK_NORMAL, tol)
