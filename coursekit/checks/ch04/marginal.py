"""Exercise 4.3: the marginal field of a data set."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import bent, straight
from .conditional import Scheduler, conditional_velocity
from .weight_rivals import Law, one_shift, weigh

TIMES = torch.tensor([0.25, 0.4, 0.55, 0.7, 0.8], dtype=torch.float64)[:, None]


_WEIGHTS = weigh()


def _averaged(weights: Law = _WEIGHTS, each: Law = conditional_velocity) -> Law:
    """Average of the conditional fields under some weights."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        u = each(x[:, None], points, t[:, None], scheduler)
        return (weights(x, points, t, scheduler)[..., None] * u).sum(1)

    return rule


_marginal_field = _averaged()


def _nearest(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    chosen = points[weigh()(x, points, t, scheduler).argmax(1)]
    return conditional_velocity(x, chosen, t, scheduler)


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "plain mean": (
        lambda x, points, t, scheduler: conditional_velocity(x, points.mean(0), t, scheduler),
        "You give all data points the same say, whatever the state. The trick asks for an average in which "
        "the points count by how likely they are to lie behind *this* state.",
    ),
    "plain sum": (
        lambda x, points, t, scheduler: len(points) * conditional_velocity(x, points.mean(0), t, scheduler),
        "You add up the fields of all data points without weights. An average is asked for, and one in which "
        "the likely points count more.",
    ),
    "nearest point only": (
        _nearest,
        "You follow the field of the most likely data point alone. The others are possible as well: all of "
        "them take part in the average, each by its weight.",
    ),
    "weights over the wrong axis": (
        _averaged(weigh(shares=lambda logs: logs.softmax(0))),
        "Your weights add up to one over the batch, not over the data points. For each state, the weights "
        "of all data points together make one.",
    ),
    "weights not normalised": (
        _averaged(weigh(shares=lambda logs: logs.exp())),
        "The data points count by their densities, and these do not add up to one. An average needs weights "
        "that do.",
    ),
    "mean for sum": (
        lambda x, points, t, scheduler: _marginal_field(x, points, t, scheduler) / len(points),
        "Your field points the right way but is too short, by the number of data points. The weights add up "
        "to one already: a weighted average is a sum, with nothing left to divide by.",
    ),
    "way for velocity": (
        _averaged(each=lambda x, z, t, scheduler: z - x),
        "You average the ways that are left to the data points, not the velocities: the division by the time "
        "that is left got lost. The field of one data point is what your exercise 4.1 returns.",
    ),
    "straight line only": (
        _averaged(each=lambda x, z, t, scheduler: (z - x) / (1 - t)),
        "With the straight line your field would be right. The check hands over another scheduler: hand it "
        "on to the field of one data point.",
    ),
    "mean data point for velocity": (
        _averaged(each=lambda x, z, t, scheduler: z.expand(len(x), *z.shape)),
        "You return the average data point behind the state. That is where the journey is expected to end, "
        "not the velocity. One more call gets you there.",
    ),
    "towards the noise": (
        lambda x, points, t, scheduler: -_marginal_field(x, points, t, scheduler),
        "Your field is right but for its sign: it leads from the data back to the noise.",
    ),
    "beta for beta squared": (
        _averaged(weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta))),
        "The average is right, its weights are not: in their exponent the squared distance is divided by a "
        "standard deviation instead of a variance. See exercise 4.2.",
    ),
    "exp before the sum": (
        _averaged(weigh(shares=lambda logs: logs.exp() / logs.exp().sum(1, keepdim=True))),
        "Early in time your field is right. Late in time all densities are smaller than any float, and zero "
        "is divided by zero. Take the weights from exercise 4.2, which stays with logarithms.",
    ),
    "one shift for the whole batch": (
        _averaged(weigh(shares=one_shift)),
        "Your weights are shifted by the largest logarithm of the whole batch. Asked together, a state far "
        "out loses all of its weights. Each row needs a shift of its own: see exercise 4.2.",
    ),
    "straight line assumed": (
        lambda x, points, t, scheduler: _marginal_field(x, points, t, straight),
        "Your field is right for the straight line, weights and velocities, but you do not ask the "
        "scheduler. The check hands over another one: hand it on to both of your functions.",
    ),
    "nearest point by distance": (
        lambda x, points, t, scheduler: conditional_velocity(
            x, points[(x[:, None] - points).norm(dim=-1).argmin(1)], t, scheduler
        ),
        "You follow the field of the data point that is nearest to the state. All data points take part in "
        "the average, each by its weight; and at time t nearness is measured from the scaled points.",
    ),
    **one_time_for_all(_marginal_field, 2),
}
LOOK_FLUX = (
    "On a line, what the field carries past a point in a moment is what the probability left of it loses. "
    "The check measures that loss from the path itself, and your field carries something else. Are the "
    "weights those of exercise 4.2, and is each multiplied with the field of its own data point?"
)
LOOK_PLANE = (
    "On a line your field is right, in the plane it is not. Print the shapes before you multiply: weights "
    "(batch, n, 1), fields (batch, n, dim), and the sum over the data points."
)
LOOK_OWN = (
    "Together your states get other velocities than one by one. A state is averaged over the data points, "
    "never over the other states: along which axis do you sum?"
)
LOOK_LATE = (
    "Late in time all densities are tiny. Still the field has to vanish halfway between two data points, "
    "because both pull equally, and beyond one of them to lead to that one. Yours does not: is it made of "
    "the weights of exercise 4.2?"
)


def _flux(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    """Field on the line from the path alone: the probability lost on the left, over the density, (batch, 1).

    d/dt P(X_t <= x) = -p_t(x) u_t(x) is the continuity equation, summed up from the left.
    """

    def left(t: Tensor) -> Tensor:
        alpha, beta, _, _ = scheduler(t)
        return torch.special.ndtr((x - alpha * points[:, 0]) / beta).mean(1, keepdim=True)

    alpha, beta, _, _ = scheduler(t)
    density = torch.distributions.Normal(alpha * points[:, 0], beta).log_prob(x).exp().mean(1, keepdim=True)
    h = 1e-4
    return -(left(t + h) - left(t - h)) / (2 * h) / density


@exercise(
    "4.3",
    "The field of a data set",
    "core",
    "x, points, t, scheduler",
    _marginal_field,
    MISTAKES,
    double=True,
)
def marginal_field(student: StudentFunction) -> Iterator[Fact]:
    """Flux on the line, a product of two lines in the plane, one state at a time, and late in time."""
    points = torch.tensor([[-2.0], [-1.0], [0.3], [1.5]], dtype=torch.float64)
    x = torch.tensor([[-1.2], [0.9], [-0.4], [0.1], [1.0]], dtype=torch.float64)
    came, true = student(x, points, TIMES, bent, shape=(5, 1)), _flux(x, points, TIMES, bent)
    what = "velocities on the line, from the loss of probability"
    yield Fact("wrong on the line", what, true, came, LOOK_FLUX, 1e-3 * float(true.abs().max()))
    a, b = points[:3], torch.tensor([[-0.8], [1.2]], dtype=torch.float64)
    plane = torch.cartesian_prod(a[:, 0], b[:, 0])  # the two coordinates know nothing of one another
    x = torch.stack([x[:, 0], x[:, 0].flip(0) + 0.2], dim=1)
    true = torch.cat([_flux(x[:, :1], a, TIMES, bent), _flux(x[:, 1:], b, TIMES, bent)], dim=1)
    came = student(x, plane, TIMES, bent, shape=(5, 2))
    what = "velocities in the plane, one coordinate at a time"
    yield Fact("wrong in the plane", what, true, came, LOOK_PLANE, 1e-3 * float(true.abs().max()))
    rows = [student(x[k : k + 1], plane, TIMES[k : k + 1], bent, shape=(1, 2)) for k in range(5)]
    yield Fact(
        "states mixed up", "velocities of five states, asked together", torch.cat(rows), came, LOOK_OWN
    )
    late, ends = torch.full((2, 1), 0.98, dtype=torch.float64), torch.tensor([[1.0], [-1.0]]).double()
    x = torch.tensor([[0.0], [3.0]], dtype=torch.float64)
    came = student(x, ends, late, straight, shape=(2, 1), finite=False) * (1 - late)
    what = "velocity halfway between two data points, and beyond the first, times what is left after t = 0.98"
    yield Fact("wrong late in time", what, torch.tensor([0.0, -2.0]), came.flatten(), LOOK_LATE)
