"""Exercise 4.2: how likely each data point is to lie behind a state."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, one_time_for_all, recurring
from ..shared.schedulers import bent, straight
from .ex4_1_velocity import Field, Scheduler

N = 3000
TIMES = torch.tensor([0.2, 0.45, 0.6, 0.8], dtype=torch.float64)[:, None]
POINTS = torch.tensor([[1.0, 0.5], [-1.2, 1.0], [0.3, -1.5]], dtype=torch.float64)


def _exponent(rest: Tensor, beta: Tensor) -> Tensor:
    return -rest.square().sum(-1) / (2 * beta**2)


def weigh(
    exponent: Callable[[Tensor, Tensor], Tensor] = _exponent,
    shares: Callable[[Tensor], Tensor] = lambda logs: logs.softmax(1),
    choose: Callable[..., tuple[Tensor, Tensor]] = lambda a, b, da, db: (a, b),
) -> Field:
    """Weights from the exponent of the clouds, how it is normalised, and the scheduler's numbers in use."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta = choose(*scheduler(t))
        return shares(exponent(x[:, None] - alpha[:, None] * points, beta))

    return rule


def by_exp(logs: Tensor, shift: float | Tensor = 0.0, extra: float = 0.0) -> Tensor:
    """Shares by way of exponentials, which underflow unless each row is shifted by its largest logarithm."""
    parts = (logs - shift).exp()
    return parts / (parts.sum(1, keepdim=True) + extra)


WEIGHTS_BY_EXP = weigh(shares=by_exp)
WEIGHTS_WITH_ONE_SHIFT = weigh(shares=lambda logs: by_exp(logs, logs.max()))
MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "exp before the sum": WEIGHTS_BY_EXP,
            "one shift for the whole batch": WEIGHTS_WITH_ONE_SHIFT,
            "nearest point only": weigh(
                shares=lambda logs: torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]).to(logs)
            ),
            "beta for beta squared": weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta)),
            "beta to the fourth": weigh(lambda rest, beta: -rest.square().sum(-1) / (2 * beta**4)),
            "beta squared multiplied": weigh(lambda rest, beta: -rest.square().sum(-1) / 2 * beta**2),
            "no half in the exponent": weigh(lambda rest, beta: 2 * _exponent(rest, beta)),
            "sign of the exponent": weigh(lambda rest, beta: -_exponent(rest, beta)),
            "distance not squared": weigh(lambda rest, beta: -rest.norm(dim=-1) / (2 * beta**2)),
            "mean over the coordinates": weigh(lambda rest, beta: _exponent(rest, beta) / rest.shape[-1]),
            "square of the sum": weigh(lambda rest, beta: -rest.sum(-1).square() / (2 * beta**2)),
            "alpha left out": weigh(choose=lambda a, b, da, db: (torch.ones_like(a), b)),
            "alpha and beta swapped": weigh(choose=lambda a, b, da, db: (b, a)),
            "third taken for the second": weigh(choose=lambda a, b, da, db: (a, da)),
            "straight line assumed": lambda x, points, t, scheduler: weigh()(x, points, t, straight),
        }
    ),
    **one_time_for_all(weigh(), 2),
    **alike(
        "Each state, each row of your result, needs weights that add up to one over the data points: the "
        "question is which *data point* lies behind it. Along which axis of (batch, n) do these stand?",
        {
            "normalised over the batch": weigh(shares=lambda logs: logs.softmax(0)),
            "normalised over everything": weigh(shares=lambda logs: (logs - logs.logsumexp((0, 1))).exp()),
        },
    ),
    "not normalised": (
        weigh(shares=lambda logs: logs.exp()),
        "You return densities, or something in proportion to them. To become probabilities they have to be "
        "divided by their sum over all data points.",
    ),
    **alike(
        "You return logarithms, or shares of them. They are a good way to get there, but weights are in "
        "proportion to the densities: which step leads from a row of logarithms to numbers that add up to "
        "one?",
        {
            "exponents": weigh(shares=lambda logs: logs),
            "logarithms": weigh(shares=lambda logs: logs.log_softmax(1)),
            "shares of the logarithms": weigh(shares=lambda logs: logs / logs.sum(1, keepdim=True)),
        },
    ),
    "exp before the sum, and a small number": (
        weigh(shares=lambda logs: by_exp(logs, extra=1e-12)),
        "Late in time all your densities are smaller than any float. The small number in the denominator "
        "hides the zero but all weights are lost. Stay with logarithms until the sum is made.",
    ),
    "beta left out": (
        weigh(lambda rest, beta: -rest.square().sum(-1) / 2),
        "In your exponent the distance is not measured in widths of the cloud. Late in time the clouds are "
        "narrow, and a small distance tells a lot.",
    ),
    "one over the distance": (
        weigh(lambda rest, beta: 1 / rest.norm(dim=-1), lambda near: near / near.sum(1, keepdim=True)),
        "Your weights fall with the distance, but not as the density of a normal law does. Bayes' rule asks "
        "for the density of the cloud around each data point, at the state.",
    ),
    "axes swapped": (
        lambda x, points, t, scheduler: weigh()(x, points, t, scheduler).T,
        "The weights are right, but they stand in columns: one row for each state was asked for, (batch, "
        "n). Swap the two axes.",
    ),
}
HINT_SUM = (
    "The weights of one state over all data points have to add up to one: some data point lies behind it. "
    "Yours do not. Along which axis of (batch, n) do the data points stand?"
)
HINT_START = (
    "At time 0 a state is pure noise and says nothing about its data point, so all points should have the "
    "same weight. Which number of the scheduler is zero at that time, and where does it enter?"
)
HINT_ODDS = (
    "How many times likelier one data point is than another is the ratio of two normal densities at the "
    "state. Yours is another ratio. Write down the exponent of the density of a cloud around one data point."
)
HINT_HONEST = (
    "States were made from data points that the check knows. Points with the weight 0.7 should be the right "
    "ones seven times out of ten; yours are too sure or not sure enough."
)
HINT_OWN = (
    "Together your states get other weights than one by one. Each state is compared with all data points, "
    "and never with the other states; and each has its own time."
)
HINT_LATE = (
    "Late in time every density is tiny, smaller than any float. Still the weights are shares: one half "
    "each halfway between two points, 0.7 and 0.3 a little aside, 1 and 0 far out. Do you leave the "
    "logarithms before the sum is made, or cut them off?"
)


def _log_odds(x: Tensor, points: Tensor, t: Tensor) -> Tensor:
    """Log of how many times likelier the first point is than each other, by Bayes' rule, (batch, n - 1)."""
    alpha, beta, _, _ = bent(t)
    law = torch.distributions.Normal(alpha[..., None] * points, beta[..., None])
    density = law.log_prob(x[:, None]).sum(-1)
    return density[:, :1] - density[:, 1:]


@exercise("4.2", "Who stands behind this state", "core", "x, points, t, scheduler", weigh(), MISTAKES)
def posterior_weights(student: StudentFunction) -> Iterator[Fact]:
    """Sums, the start, odds in the plane, in space and on a line, honesty, one by one, and late in time."""
    came = student(torch.randn(4, 2).double(), POINTS, TIMES, bent, shape=(4, 3)).double()
    summed = Fact(
        "do not sum to one", "sums of the weights of four states", torch.ones(4), came.sum(1), HINT_SUM
    )
    yield summed
    start = student(torch.randn(4, 2), POINTS, 0 * TIMES, bent, shape=(4, 3), finite=False)
    what = "weights of three data points at t = 0"
    yield Fact("not equal at the start", what, torch.full((4, 3), 1 / 3), start, HINT_START)
    for dim, n in ((2, 3), (3, 5), (1, 4)):
        x, points = torch.randn(4, dim, dtype=torch.float64), torch.randn(n, dim, dtype=torch.float64)
        came = student(x, points, TIMES, bent, shape=(4, n)).double()
        logs, true = came.clamp(min=1e-30).log(), _log_odds(x, points, TIMES)
        what, tol = (
            f"log-odds of the first data point, {dim} coordinates",
            1e-3 * (1 + float(true.abs().max())),
        )
        yield Fact("wrong odds", what, true, logs[:, :1] - logs[:, 1:], HINT_ODDS, tol)
    yield _honest(student)
    rows = [student(x[k : k + 1], points, TIMES[k : k + 1], bent, shape=(1, n)) for k in range(4)]
    yield Fact("states mixed up", "weights of four states, all at once", torch.cat(rows), came, HINT_OWN)
    if summed.holds():  # shares of another kind: how they are made late in time adds nothing
        # Asked together: what saves one of them need not save the other.
        came = student(*late_states(), straight, shape=(3, 2), finite=False)
        true = torch.tensor([[0.5, 0.5], [0.7, 0.3], [1.0, 0.0]])
        what = "weights of two data points at t = 0.98: for states halfway, a little aside, and far out"
        yield Fact("underflow", what, true, came, HINT_LATE, 3e-3)


def late_states() -> tuple[Tensor, Tensor, Tensor]:
    """States halfway between two points, with odds 7 to 3, and far out: there every density underflows."""
    ends, late = torch.tensor([[1.0], [-1.0]]), torch.full((3, 1), 0.98, dtype=torch.float64)
    aside = (1 - late[0]) ** 2 / (2 * late[0]) * torch.tensor(0.7 / 0.3).log()
    return torch.stack([torch.zeros(1), aside, torch.tensor([3.0])]), ends, late


def _honest(student: StudentFunction) -> Fact:
    """Weight of the true point, against the sum of squared weights, which is its mean."""
    rows, t = torch.randint(3, (N,)), 0.9 * torch.rand(N, 1, dtype=torch.float64)
    alpha, beta, _, _ = bent(t)
    x = alpha * POINTS[rows] + beta * torch.randn(N, 2, dtype=torch.float64)
    came = student(x, POINTS, t, bent, shape=(N, 3)).double()
    gap = came[torch.arange(N), rows] - came.square().sum(1)
    tol = margin(1) * 0.5 / N**0.5  # the gap lies between -1 and 1, and is far narrower than that
    what = "mean weight of the true point, minus what the weights promise"
    return Fact("not honest", what, 0.0, gap.mean().clamp(-10, 10), HINT_HONEST, tol)
