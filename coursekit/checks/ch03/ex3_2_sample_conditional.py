"""Exercise 3.2: samples of the conditional path."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all, recurring
from ..shared.quiet import failing
from ..shared.schedulers import bent, column, equal_share
from .common import GAUSSIAN_FAULTS, mix
from .common import sample_conditional as _reference

N, MOMENTS = 4000, (0.8, 0.35)
POINT = torch.tensor([2.0, -1.0], dtype=torch.float64)
TESTS = 20
"""Statistical numbers in this check; they share the family's level."""

MISTAKES = {
    **recurring(GAUSSIAN_FAULTS),
    **one_time_for_all(_reference, 1),
    "root of beta for the spread": (
        mix(lambda a, b, a_dot, b_dot: (a, b.sqrt())),
        "Your noise is multiplied by the root of `beta`, as if `beta` were a variance. In the law of the "
        "path the variance is the square of `beta`: what is then the standard deviation?",
    ),
    "nothing random": (
        mix(noise=torch.zeros_like),
        "Two runs of your function with the same arguments give the same states: nothing in them is random. "
        "A conditional path is a cloud of noise around a centre. Where is it drawn, and is its seed free?",
    ),
    "data left out": (
        mix(lambda a, b, a_dot, b_dot: (torch.zeros_like(a), b)),
        "Your states are noise of the right width around the origin, whatever data point you are given. The "
        "cloud belongs to `z` and moves towards it: where does `z` enter your result, apart from its shape?",
    ),
    "data drawn anew": (
        lambda z, t, scheduler: _reference(torch.randn_like(z), t, scheduler),
        "Your clouds do not depend on the data point that is handed over: something random stands in its "
        "place. In this exercise only the noise is drawn; `z` is given.",
    ),
    "times drawn anew": (
        lambda z, t, scheduler: _reference(z, torch.rand_like(t), scheduler),
        "You draw times of your own and do not use those that are handed over, so the cloud is the same "
        "mixture of all times whatever `t` is. Only the noise is left to chance here; `t` is given.",
    ),
    "noise proportional to the state": (
        mix(noise=lambda z: z * torch.randn_like(z)),
        "Your noise is multiplied by the data point, so that far out it is stronger and at zero there is "
        "none. In the law of the path the width of the cloud is the same around every data point.",
    ),
    "variance-preserving weights assumed": (
        mix(lambda a, b, a_dot, b_dot: (a, (1 - a**2).sqrt())),
        "You work out the noise's weight from that of the data, so that the squares add up to one. That "
        "holds for the cosine, not for every scheduler: the one that is handed over returns both weights.",
    ),
    "weights that add up to one": (
        mix(lambda a, b, a_dot, b_dot: (a, 1 - a)),
        "You work out the noise's weight as one minus that of the data. That holds on the straight line, not "
        "for every scheduler: the one that is handed over returns both weights.",
    ),
}
HINT_RANDOM = (
    "Two runs with the same arguments should give different states, because each run draws fresh noise. "
    "Yours repeat themselves. Is the noise drawn inside your function, and used?"
)
HINT_SPREAD = (
    "The cloud around the centre has the wrong width. The standard deviation of the state is the weight of "
    "the noise at that time. What do you multiply the noise with, and is it standard normal?"
)
HINT_CENTRE = (
    "The cloud is not where it should be: its centre is the data point, scaled by the weight of the data "
    "at that time. What do you multiply the data with, and does your noise have mean zero?"
)
HINT_TIED = (
    "The coordinates of the noise go together, so that knowing one tells something about the other. Each "
    "coordinate of each state needs a draw of its own."
)
HINT_NORMAL = (
    "Centre and width of the cloud are right, but its shape is not: too many or too few states lie within "
    "one standard deviation. Which function draws standard normal numbers?"
)
HINT_ROWS = (
    "With one time for the whole batch your states are right. With another time in every row they are not: "
    "row i must be mixed with the weights of time i. Print the shapes of the weights and of the data."
)
HINT_END = (
    "At time 1 nothing is left of the noise and the data point is there whole, so the state should be the "
    "data point itself. Yours is not. Is a weight bounded away from zero, or something added to it?"
)


@exercise("3.2", "Sample the conditional path", "core", "z, t, scheduler", _reference, MISTAKES, random=True)
def sample_conditional(student: StudentFunction) -> Iterator[Fact]:
    """Fresh noise, width, centre and shape of the cloud, a time for every row in any dimension, the end."""
    z = POINT.expand(N, 2).clone()
    runs = [[student(z, column(t, N), bent, shape=(N, 2)).double() for t in MOMENTS] for _ in range(2)]
    same = sum(equal_share(*pair) for pair in zip(*runs, strict=True)) / 2
    what = "share of states that come out the same in two runs"
    yield Fact("nothing random", what, 0.0, same, HINT_RANDOM)
    if same < 0.9:  # else there is no cloud to be measured
        yield from _clouds(torch.stack(runs[0]))
    if same >= 0.9 or float(runs[0][0].var(dim=0).max()) < 1e-9:
        return
    for dim in (5, 1):
        z, t = 3 * torch.randn(N, dim, dtype=torch.float64), 0.1 + 0.8 * torch.rand(N, 1).double()
        x = student(z, t, bent, shape=(N, dim)).double()
        what = f"spread of the noise in early, middle and late rows, {dim} coordinate{'s' * (dim > 1)}"
        tol = margin(TESTS) / math.sqrt(2 * dim * N / 3)
        got = spread_by_time(x, z, t)
        near = 1.5 * tol * max(1.0, float(got.max()))
        spread = Fact("rows mixed up", what, torch.ones(3), got, HINT_ROWS, tol, near)
        yield from [spread] if dim > 1 else failing([spread])
    z = torch.randn(3, 3, dtype=torch.float64)
    gap = (student(z, column(1.0, 3), bent, shape=(3, 3)).double() - z).abs().max()
    end = Fact("not the data point at time 1", "distance from `z` at t = 1", 0.0, gap, HINT_END)
    yield from failing([end])


def spread_by_time(x: Tensor, z: Tensor, t: Tensor) -> Tensor:
    """Root mean square of the noise behind states x (n, dim), in thirds from early to late; at most 100."""
    alpha, beta, _, _ = bent(t)
    noise = ((x - alpha * z) / beta)[t[:, 0].argsort()]
    return torch.stack([part.square().mean().sqrt() for part in noise.chunk(3)]).clamp(max=100)


def _clouds(x: Tensor) -> Iterator[Fact]:
    """Width, centre, ties and shape of the clouds (times, N, 2) at both times."""
    alpha, beta, _, _ = bent(torch.tensor(MOMENTS, dtype=torch.float64)[:, None])
    widest = float(beta.max())
    at = "at t = 0.8 and 0.35"
    spread = x.std(dim=1)
    tol = margin(TESTS) * widest / math.sqrt(2 * N)
    what = f"standard deviations of both coordinates {at}"
    yield Fact("wrong width", what, beta.expand(2, 2).flatten(), spread.flatten(), HINT_SPREAD, tol)
    if float(spread.max()) < 1e-4:  # one draw: nothing more can be learnt from it
        return
    tol = margin(TESTS) * widest / math.sqrt(N)
    what = f"means {at}, for z = (2, -1)"
    yield Fact("wrong centre", what, (alpha * POINT).flatten(), x.mean(dim=1).flatten(), HINT_CENTRE, tol)
    tied = torch.stack([torch.corrcoef(cloud.T)[0, 1] for cloud in x]).nan_to_num(0.0)
    tol = margin(TESTS) / math.sqrt(N)
    yield Fact("coordinates tied", "correlation of the coordinates", torch.zeros(2), tied, HINT_TIED, tol)
    inside = (x - (alpha * POINT)[:, None]).abs() < beta[:, None]
    normal = math.erf(1 / math.sqrt(2))
    tol = margin(TESTS) * math.sqrt(normal * (1 - normal) / (2 * N))
    share = inside.double().mean(dim=(1, 2))
    what = "share within one standard deviation"
    yield Fact("not normal", what, torch.full((2,), normal), share, HINT_NORMAL, tol)
