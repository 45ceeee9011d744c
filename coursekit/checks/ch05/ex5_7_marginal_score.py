"""Exercise 5.7: the score of the marginal path to a data set."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, one_time_for_all, recurring
from ..shared.schedulers import bent, straight
from .common import Scheduler, factor_text, gradient, ignored, misread_scheduler, spaced_times

Rule = Callable[..., Tensor]


def _kernel(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Log of the conditional densities up to a constant, (batch, m)."""
    return -(x[:, None] - alpha[..., None] * points).square().sum(-1) / (2 * beta**2)


def _average(weigh: Rule = lambda logs, beta: logs.softmax(1), power: float = 2, sign: float = 1) -> Rule:
    """Average of the conditional scores under the weights (batch, m) that `weigh` makes of log-densities."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, _, _ = scheduler(t)
        weights = weigh(_kernel(x, points, alpha, beta), beta)
        # Without the sum of the weights it would be wrong to take the state out of the average.
        return sign * (alpha * weights @ points - weights.sum(1, keepdim=True) * x) / beta**power

    return rule


def _around(result: Rule, weigh: Rule = lambda x, points, a, b: _kernel(x, points, a, b).softmax(1)) -> Rule:
    """A result made of state, mean data point and the scheduler's numbers; `weigh` makes the weights."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        numbers = scheduler(t)
        return result(x, weigh(x, points, *numbers[:2]) @ points, *numbers)

    return rule


def _score(x: Tensor, z: Tensor, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    return (a * z - x) / b**2


def _shifted(logs: Tensor, beta: Tensor) -> Tensor:
    parts = (logs - logs.max()).exp()
    return parts / parts.sum(1, keepdim=True)


OVER_STATES = (
    "Your weights add up to one over the *states*. For each state they should add up to one over the data "
    "points: which axis of your table is that?"
)
MISTAKES: dict[str, Mistake] = {
    **one_time_for_all(_average(), 2),
    **misread_scheduler(_average(), 3),
    **recurring(
        {
            "nearest point only": _average(
                lambda logs, beta: torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]).to(logs)
            ),
            "one shift for the whole batch": _average(_shifted),
            "weights not normalised": _average(lambda logs, beta: logs.exp()),
            "exp before the sum": _average(lambda logs, beta: logs.exp() / logs.exp().sum(1, keepdim=True)),
            "one over beta": _average(power=1),
            "sign of the score": _average(sign=-1),
            "sign of the exponent": _average(lambda logs, beta: (-logs).softmax(1)),
            "no half in the exponent": _average(lambda logs, beta: (2 * logs).softmax(1)),
            "beta for beta squared": _average(lambda logs, beta: (logs * beta).softmax(1)),
            "beta squared multiplied": _average(lambda logs, beta: (logs * beta**4).softmax(1)),
            "distance not squared": _average(lambda logs, b: (-(-2 * logs).sqrt() / b / 2).softmax(1)),
            "mean over the coordinates": _around(
                _score, lambda x, points, a, b: (_kernel(x, points, a, b) / x.shape[1]).softmax(1)
            ),
            "velocity for score": _around(lambda x, z, a, b, ad, bd: ad * z + bd * (x - a * z) / b),
            "log-density, not its slope": lambda x, points, t, scheduler: _kernel(
                x, points, *scheduler(t)[:2]
            ).logsumexp(1),
            "alpha forgotten": lambda x, points, t, scheduler: _average()(
                x, points, t, lambda t: (torch.ones_like(t), *scheduler(t)[1:])
            ),
        }
    ),
    "alpha forgotten in the score": (
        _around(lambda x, z, a, b, *_: (z - x) / b**2),
        "Your weights are right, but the score pulls to the mean data point itself. At time t the clouds sit "
        "at the data points times `alpha`.",
    ),
    "alpha forgotten in the weights": (
        _around(_score, lambda x, points, a, b: _kernel(x, points, torch.ones_like(a), b).softmax(1)),
        "Your scores are right, but the weights measure the distance from the data points themselves. At "
        "time t the clouds sit at the data points times `alpha`.",
    ),
    "width missing in the weights": (
        _average(lambda logs, beta: (logs * beta**2).softmax(1)),
        "Your scores are right, but the exponent of the weights is not divided by the variance. The "
        "narrower the clouds, the clearer which of them a state belongs to.",
    ),
    "two squared in the exponent": (
        _average(lambda logs, beta: (logs / 2).softmax(1)),
        "Your scores are right, but the exponent of the weights is half as large as it should be. Is the two "
        "squared along with `beta`, or does it stand there twice?",
    ),
    "all points weighted alike": (
        _average(lambda logs, beta: torch.full_like(logs, 1 / logs.shape[1])),
        "You average the conditional scores with equal weights, which is the score around the mean of the "
        "data. A data point far away is hardly the one behind this state: weigh each by how likely it is, "
        "given the state.",
    ),
    "weights normalised over the states": (_average(lambda logs, beta: logs.softmax(0)), OVER_STATES),
    "weights over the states, the short way": (
        _around(_score, lambda x, points, a, b: _kernel(x, points, a, b).softmax(0)),
        OVER_STATES,
    ),
    "data point for score": (
        _around(lambda x, z, *_: z),
        "You return the mean of the data points, given the state: the best guess at what lies behind it. "
        "The score is the way from the state to `alpha` times that guess, over the variance.",
    ),
}
HINT_ONE = (
    "With a single data point the marginal path is the conditional one, so the score has to be that of "
    "exercise 5.1. Yours is another one. Do the weights in each row add up to one?"
)
HINT_SLOPE = (
    "With a single data point you are right, with several your score is not the slope of the log-density.{} "
    "Each data point's score counts with its probability, given the state. Do your weights take the centre "
    "and width of each cloud at the row's own time, and all coordinates? Along which axis do they add up?"
)
HINT_FAR = (
    "Far from all data your score is not a finite number, or not the right one. Densities are too small for "
    "a float out there; stay with logarithms as long as you can. Or is something added, or cut off?"
)
HINT_OWN = (
    "Together your states get other scores than one by one. Each state has weights of its own, over all data "
    "points, and a time of its own."
)


def _scaled_score(x: Tensor, points: Tensor, t: Tensor) -> Tensor:
    """Slope of the marginal log-density at states x, times beta."""
    alpha, beta, _, _ = bent(t)

    def log_prob(x: Tensor) -> Tensor:
        each = torch.distributions.Normal(alpha[..., None] * points, beta[..., None]).log_prob(x[:, None])
        return each.sum(-1).logsumexp(1)

    return gradient(log_prob, x) * beta


@exercise("5.7", "Marginal score", "stretch", "x, points, t, scheduler", _average(), MISTAKES)
def marginal_score(student: StudentFunction) -> Iterator[Fact]:
    """One data point, the slope of the log-density in many shapes, single states, and far away."""
    points = torch.tensor([[1.0, 0.5], [-1.5, 1.0], [0.2, -1.8], [0.8, 1.4]], dtype=torch.float64)
    t = spaced_times(4)
    alpha, beta, _, _ = bent(t)
    x = alpha * points + beta * torch.tensor([[0.8, 0.3], [-0.4, 1.0], [0.5, -0.9], [-1.0, -0.6]]).double()
    others = {"x": x + 0.5, "points": points + 0.5, "t": t + 0.1, "scheduler": straight}
    yield from ignored(student, (x, points, t, bent), others, (4, 2))
    alone = student(x, points[:1], t, bent, shape=(4, 2)) * beta
    right = _scaled_score(x, points[:1], t)
    yield Fact(
        "not the conditional score", "score with one data point, times beta", right, alone, HINT_ONE, 5e-3
    )
    together = student(x, points, t, bent, shape=(4, 2))
    what = "slope of the log-density times beta, 4 data points, 4 states of 2 numbers"
    right, came = _scaled_score(x, points, t), together * beta
    yield Fact("not the slope", what, right, came, HINT_SLOPE.format(factor_text(right, came)), 5e-3)
    singly = torch.cat([student(x[i : i + 1], points, t[i : i + 1], bent, shape=(1, 2)) for i in range(4)])
    yield Fact("states mixed up", "score of four states, asked together", singly, together, HINT_OWN, 2e-3)
    # Beside a state near the data: what saves one of them need not save the other.
    far = torch.tensor([[0.0, 40.0], [0.5, 0.3]], dtype=torch.float64)
    late = spaced_times(2, 0.8)
    alpha, beta, _, _ = bent(late)
    came = student(far, points, late, bent, shape=(2, 2), finite=False) * beta**2
    # Up there the highest of the points is the likeliest by far: e^-60 for the next.
    right, what = (alpha * points[3:] - far)[0], "score far above all data, times beta squared"
    fact = Fact("wrong far out", what, right, came[0], HINT_FAR, 0.04)
    yield fact
    if not fact.holds():
        alone = student(far[:1], points, late[:1], bent, shape=(1, 2), finite=False)
        lost = float(alone.isnan().double().mean())
        yield Fact("wrong far out", "share of it that is lost when asked alone", 0.0, lost, HINT_FAR)
    for m, n, dim in ((3, 3, 3), (7, 2, 1), (2, 5, 4)):
        x, data, t = torch.randn(n, dim).double(), torch.randn(m, dim).double(), spaced_times(n, 0.4, 0.9)
        came = student(x, data, t, bent, shape=(n, dim)) * bent(t)[1]
        what = f"the same, {m} data points, {n} states of {dim} numbers"
        yield Fact("not the slope", what, _scaled_score(x, data, t), came, HINT_SLOPE.format(""), 0.02)
