"""Exercise 5.1: the score of the conditional path."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import Numbers, bent

Scheduler = Callable[[Tensor], Numbers]
Rule = Callable[[Tensor, Tensor, Tensor, Scheduler], Tensor]


def conditional_law(change: Callable[..., Tensor] | None = None) -> Rule:
    """Score of N(alpha z, beta² I), or what `change` makes of (x, z, alpha, beta, alpha_dot, beta_dot)."""

    def rule(x: Tensor, z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, alpha_dot, beta_dot = scheduler(t)
        if change is not None:
            return change(x, z, alpha, beta, alpha_dot, beta_dot)
        return (alpha * z - x) / beta.square()

    return rule


def _cloud(z: Tensor, t: Tensor, scheduler: Scheduler) -> tuple[Tensor, Tensor]:
    alpha, beta, _, _ = scheduler(t)
    return alpha * z, beta


def _slope_of_the_density(x: Tensor, z: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    law = torch.distributions.Normal(*_cloud(z, t, scheduler))
    return law.log_prob(x).sum(1, keepdim=True).exp() * conditional_law()(x, z, t, scheduler)


MISTAKES: dict[str, tuple[Rule, str]] = {
    "one over beta": (
        conditional_law(lambda x, z, a, b, *_: (a * z - x) / b),
        "Your score is `beta` times too small: it is the noise in the state, with its sign turned. The "
        "exponent of a normal density divides the squared distance by the *variance*. What is left of that "
        "after the derivative?",
    ),
    "sign of the score": (
        conditional_law(lambda x, z, a, b, *_: (x - a * z) / b**2),
        "Your score has the right length and points the wrong way, away from the centre of the cloud. The "
        "score points uphill, to where the density is larger. Which sign does the exponent have?",
    ),
    "sign, and one over beta": (
        conditional_law(lambda x, z, a, b, *_: (x - a * z) / b),
        "What you return is the noise in the state. The score points the other way, uphill, and it is the "
        "noise divided by one more factor. Take the derivative of the log-density step by step.",
    ),
    "beta squared multiplied": (
        conditional_law(lambda x, z, a, b, *_: (a * z - x) * b**2),
        "You multiply by the variance where the formula divides. A narrow cloud has a steep density, so its "
        "score is large: what has to happen to your result as `beta` gets small?",
    ),
    "beta multiplied": (
        conditional_law(lambda x, z, a, b, *_: (a * z - x) * b),
        "You multiply by `beta`. A narrow cloud has a steep density, so its score is large: what has to "
        "happen to your result as `beta` gets small?",
    ),
    "width left out": (
        conditional_law(lambda x, z, a, b, *_: a * z - x),
        "Your score is the way to the centre, whatever the width of the cloud. The narrower the cloud, the "
        "steeper its density. Where does the variance stand in the exponent?",
    ),
    "not centred": (
        conditional_law(lambda x, z, a, b, *_: -x / b**2),
        "Your score pulls towards the origin and knows nothing of the data point. The cloud's centre is the "
        "data point times the data's weight, and there the score is zero.",
    ),
    "alpha forgotten": (
        conditional_law(lambda x, z, a, b, *_: (z - x) / b**2),
        "Your score pulls towards the data point itself. At time t the cloud is not there yet: its centre is "
        "the data point times a weight. Which of the four numbers is it?",
    ),
    "alpha and beta swapped": (
        conditional_law(lambda x, z, a, b, *_: (b * z - x) / a**2),
        "You centre the cloud with the noise's weight and take the data's weight for its width. In which "
        "order does the scheduler return its four numbers?",
    ),
    "third taken for the second": (
        conditional_law(lambda x, z, a, b, a_dot, b_dot: (a * z - x) / a_dot**2),
        "The width that you divide by is the third number of the scheduler, the derivative of the data's "
        "weight. Look up the order in which a scheduler returns its four numbers.",
    ),
    "two too many": (
        conditional_law(lambda x, z, a, b, *_: (a * z - x) / (2 * b**2)),
        "Your score is half as large as it should be. The exponent has a two in its denominator; what does "
        "the derivative of the square do with it?",
    ),
    "half forgotten": (
        conditional_law(lambda x, z, a, b, *_: 2 * (a * z - x) / b**2),
        "Your score is twice as large as it should be. The derivative of the square brings a two; what else "
        "stands in the exponent of a normal density?",
    ),
    "beta to the fourth": (
        conditional_law(lambda x, z, a, b, *_: (a * z - x) / b**4),
        "You square `beta` once too often. It is a standard deviation already, so its square is the "
        "variance, and the variance stands in the exponent once.",
    ),
    "velocity for score": (
        conditional_law(lambda x, z, a, b, a_dot, b_dot: a_dot * z + b_dot / b * (x - a * z)),
        "What you return is the conditional velocity of chapter 04: the way in which the path moves. The "
        "score needs no derivative of the scheduler, only the form of the cloud at this one time.",
    ),
    "straight line assumed": (
        lambda x, z, t, scheduler: (t * z - x) / (1 - t) ** 2,
        "Your formula is right for the straight line, but you do not ask the scheduler. The check hands over "
        "another one: take the two weights from its first two results.",
    ),
    "time along the wrong axis": (
        lambda x, z, t, scheduler: conditional_law()(x, z, t.reshape(1, -1), scheduler),
        "Each *coordinate* gets a time of its own in your function, and each state should. `t` has the shape "
        "(batch, 1), which stretches over the coordinates by itself. Do you drop its second axis?",
    ),
    **one_time_for_all(conditional_law(), 2),
    "mean over everything": (
        lambda x, z, t, scheduler: conditional_law()(x, z, t, scheduler) / x.numel(),
        "Your score is smaller the more states and coordinates there are. Is the derivative taken of a mean "
        "over everything? A sum leaves every row and every coordinate alone.",
    ),
    "gradient of the density": (
        _slope_of_the_density,
        "Your arrows point the right way, but they are the gradient of the density itself: they vanish where "
        "it is small. The score is the gradient of its *logarithm*.",
    ),
    "log-density, not its slope": (
        lambda x, z, t, scheduler: torch.distributions.Normal(*_cloud(z, t, scheduler)).log_prob(x),
        "You return log-densities, one for each coordinate. The score is their slope: the derivative of the "
        "log-density by the state, which is zero in the centre of the cloud.",
    ),
    "mean over the batch": (
        lambda x, z, t, scheduler: conditional_law()(x, z, t, scheduler) / len(x),
        "Your score is smaller the more states there are. Each state has a score of its own: is the "
        "derivative taken of a mean over the batch, where a sum would leave every row alone?",
    ),
}
LOOK_CENTRE = (
    "In the centre of the cloud its density is largest, so the score is zero there. Yours is not. Where is "
    "the centre at time t, and is it what you subtract?"
)
LOOK_WIDTH = (
    "One width away from the centre, the score points back to it and its length is one over `beta`. Yours "
    "is not. Write down the logarithm of the normal density and take its derivative."
)
LOOK_SLOPE = (
    "Your score is not the slope of the conditional log-density there, which the check measures by asking "
    "the density at two neighbouring places. Does every row use its own time and all of its coordinates?"
)


def slopes(log_prob: Callable[[Tensor], Tensor], x: Tensor, gap: float = 1e-4) -> Tensor:
    """Gradient of a log-density at states (batch, dim), by central differences."""
    axes = torch.eye(x.shape[1], dtype=x.dtype) * gap
    return torch.stack([(log_prob(x + axis) - log_prob(x - axis)) / (2 * gap) for axis in axes], dim=1)


def column(*times: float) -> Tensor:
    """Times as a column, (n, 1)."""
    return torch.tensor(times, dtype=torch.float64)[:, None]


@exercise("5.1", "Conditional score", "core", "x, z, t, scheduler", conditional_law(), MISTAKES, double=True)
def conditional_score(student: StudentFunction) -> Iterator[Fact]:
    """The centre, one width away from it, and the slope of the log-density at random states."""
    for times in (column(0.3, 0.6, 0.8), column(0.7, 0.45, 0.8, 0.2, 0.6)):
        n, dim = len(times), 3 if len(times) == 3 else 2  # first as many coordinates as states
        z = 1 + torch.rand(n, dim, dtype=torch.float64)
        alpha, beta, _, _ = bent(times)
        centre = student(alpha * z, z, times, bent, shape=(n, dim))
        away = torch.eye(n, dtype=torch.float64)[:, :dim]
        away[dim:, 0] = 1.0
        came = (student(alpha * z + beta * away, z, times, bent, shape=(n, dim)) * away).sum(1) * beta[:, 0]
        x = torch.randn(n, dim, dtype=torch.float64)
        law = torch.distributions.Normal(alpha * z, beta)
        slope = slopes(torch.distributions.Independent(law, 1).log_prob, x)
        score = student(x, z, times, bent, shape=(n, dim))
        if dim == n:  # as many coordinates as states: the first of the two rounds
            yield Fact("not zero at the centre", "score at the centre", 0.0, centre.abs().max(), LOOK_CENTRE)
            what = "score one width from the centre, times the width"
            yield Fact("wrong length", what, -torch.ones(n), came, LOOK_WIDTH, 2e-3)
        off = (score - slope).norm() / slope.norm()
        if float(off) > 2e-3:
            yield Fact(
                "not the slope", "score against the slope of the log-density", slope, score, LOOK_SLOPE
            )
            return
        what = "distance of the score from the slope of the log-density, over its length"
        yield Fact("not the slope", what, 0.0, off, LOOK_SLOPE, 2e-3)
