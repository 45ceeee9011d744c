"""Exercise 4.3: the marginal field of a data set."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, one_time_for_all, recurring
from ..shared.schedulers import bent, straight
from .ex4_1_velocity import Field, Scheduler, conditional_velocity
from .ex4_2_posterior_weights import WEIGHTS_BY_EXP, WEIGHTS_WITH_ONE_SHIFT, late_states, weigh

TIMES = torch.tensor([0.25, 0.4, 0.55, 0.7, 0.8], dtype=torch.float64)[:, None]
_WEIGHTS = weigh()


def _averaged(weights: Field = _WEIGHTS, each: Field = conditional_velocity) -> Field:
    """Average of the conditional fields under some weights."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        u = each(x[:, None], points, t[:, None], scheduler)
        return (weights(x, points, t, scheduler)[..., None] * u).sum(1)

    return rule


_marginal_field = _averaged()


def _towards(point: Field) -> Field:
    """The field of one data point, chosen for each state."""
    return lambda x, points, t, scheduler: conditional_velocity(
        x, point(x, points, t, scheduler), t, scheduler
    )


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "nearest point only": _towards(
                lambda x, points, *more: points[_WEIGHTS(x, points, *more).argmax(1)]
            ),
            "weights not normalised": _averaged(weigh(shares=lambda logs: logs.exp())),
            "mean for sum": lambda x, points, t, scheduler: (
                _marginal_field(x, points, t, scheduler) / len(points)
            ),
            "way for velocity": _averaged(each=lambda x, z, t, scheduler: z - x),
            "straight line only": _averaged(each=lambda x, z, t, scheduler: (z - x) / (1 - t)),
            "towards the noise": lambda *given: -_marginal_field(*given),
            "beta for beta squared": _averaged(weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta))),
            "no half in the exponent": _averaged(weigh(lambda rest, beta: -rest.square().sum(-1) / beta**2)),
            "sign of the exponent": _averaged(
                weigh(lambda rest, beta: rest.square().sum(-1) / (2 * beta**2))
            ),
            "alpha left out": _averaged(weigh(choose=lambda a, b, da, db: (torch.ones_like(a), b))),
            "exp before the sum": _averaged(WEIGHTS_BY_EXP),
            "one shift for the whole batch": _averaged(WEIGHTS_WITH_ONE_SHIFT),
            "straight line assumed": lambda x, points, t, scheduler: _marginal_field(x, points, t, straight),
        }
    ),
    **one_time_for_all(_marginal_field, 2),
    "plain mean": (
        _towards(lambda x, points, *more: points.mean(0)),
        "You give all data points the same say, whatever the state. The trick asks for an average in which "
        "the points count by how likely they are to lie behind *this* state.",
    ),
    "plain sum": (
        lambda x, points, *more: len(points) * conditional_velocity(x, points.mean(0), *more),
        "You add up the fields of all data points without weights. An average is asked for, and one in "
        "which the likely points count more.",
    ),
    "weights over the wrong axis": (
        _averaged(weigh(shares=lambda logs: logs.softmax(0))),
        "Your weights add up to one over the batch, not over the data points. For each state, the weights "
        "of all data points together make one.",
    ),
    "softmax of the weights": (
        _averaged(weigh(shares=lambda logs: logs.softmax(1).softmax(1))),
        "Your data points count nearly alike, as if a softmax were taken of the weights once more. The "
        "function of exercise 4.2 returns shares already: they can be used as they are.",
    ),
    "mean data point for velocity": (
        _averaged(each=lambda x, z, t, scheduler: z.expand(len(x), *z.shape)),
        "You return the average data point behind the state. That is where the journey is expected to end, "
        "not the velocity. One more call gets you there.",
    ),
    "nearest point by distance": (
        _towards(lambda x, points, *more: points[(x[:, None] - points).norm(dim=-1).argmin(1)]),
        "You follow the field of the data point that is nearest to the state. All data points take part in "
        "the average, each by its weight; and at time t nearness is measured from the scaled points.",
    ),
}
HINT_ONE = (
    "With a single data point nothing is averaged: its weight is one, and the field is that of exercise "
    "4.1. Yours is another, so look at the velocity before you look at the weights. Which scheduler does it "
    "use, and does it get the state, the data point and the time?"
)
HINT_FLUX = (
    "With a single data point your field is right, with four on a line it is not: the check measures how "
    "much probability moves past the states. So look at the weights. Are they those of exercise 4.2, at the "
    "same state and time, and is each multiplied with the field of its own data point before they are added "
    "up?"
)
HINT_PLANE = (
    "On a line your field is right, with more coordinates it is not. Print the shapes before you multiply: "
    "weights (batch, n, 1), fields (batch, n, dim), and the sum over the data points."
)
HINT_OWN = (
    "Together your states get other velocities than one by one. A state is averaged over the data points, "
    "never over the other states: along which axis do you sum?"
)
HINT_LATE = (
    "Late in time all densities are tiny. Still the field leads to an average of the data points: halfway "
    "between two of them both pull equally, a little aside they pull as 7 to 3, and far out one wins. Is "
    "yours made of the weights of exercise 4.2?"
)


def _flux(x: Tensor, points: Tensor, t: Tensor) -> Tensor:
    """Field on the line from the path alone: the probability lost on the left, over the density, (batch, 1).

    d/dt P(X_t <= x) = -p_t(x) u_t(x) is the continuity equation, summed up from the left.
    """

    def left(t: Tensor) -> Tensor:
        alpha, beta, _, _ = bent(t)
        return torch.special.ndtr((x - alpha * points) / beta).mean(1, keepdim=True)

    alpha, beta, _, _ = bent(t)
    density = torch.distributions.Normal(alpha * points, beta).log_prob(x).exp().mean(1, keepdim=True)
    return -(left(t + 1e-4) - left(t - 1e-4)) / 2e-4 / density


@exercise("4.3", "The field of a data set", "core", "x, points, t, scheduler", _marginal_field, MISTAKES)
def marginal_field(student: StudentFunction) -> Iterator[Fact]:
    """Flux on the line, a product of lines in the plane and in space, one state at a time, late in time."""
    axes = [torch.tensor(row).double() for row in ([-2.0, -1.0, 0.3, 1.5], [-0.8, 1.2], [0.2, 0.9, -1.1])]
    line = torch.tensor([[-1.2], [0.9], [-0.4], [0.1], [1.0]], dtype=torch.float64)
    places = torch.cat([line, line.flip(0) + 0.2, line - 0.3], dim=1)
    fluxes = torch.cat([_flux(places[:, k : k + 1], axis, TIMES) for k, axis in enumerate(axes)], dim=1)
    tol = 1e-3 * float(fluxes.abs().max())
    one = student(line, axes[0][:1, None], TIMES, bent, shape=(5, 1))
    true = conditional_velocity(line, axes[0][:1, None], TIMES, bent)
    yield Fact(
        "wrong for one point", "velocities for a single data point, on the line", true, one, HINT_ONE, tol
    )
    cases = (
        ("wrong on the line", HINT_FLUX),
        ("wrong in the plane", HINT_PLANE),
        ("wrong in space", HINT_PLANE),
    )
    for dim, (name, hint) in enumerate(cases, start=1):
        # Points on a product of axes: the coordinates know nothing of one another.
        points = torch.cartesian_prod(*axes[:dim]).reshape(-1, dim)
        x = places[:, :dim]
        came = student(x, points, TIMES, bent, shape=(5, dim))
        what = f"velocities, {dim} coordinates, from the loss of probability"
        yield Fact(name, what, fluxes[:, :dim], came, hint, tol)
    rows = [student(x[k : k + 1], points, TIMES[k : k + 1], bent, shape=(1, 3)) for k in range(5)]
    yield Fact("states mixed up", "velocities of five states, all at once", torch.cat(rows), came, HINT_OWN)
    x, ends, late = late_states()
    came = student(x, ends, late, straight, shape=(3, 1), finite=False) * (1 - late)
    what = "velocities halfway between two points, aside, and far out, times what is left after t = 0.98"
    yield Fact("wrong late in time", what, torch.tensor([0.0, 0.4, -2.0]), came.flatten(), HINT_LATE, 3e-3)
