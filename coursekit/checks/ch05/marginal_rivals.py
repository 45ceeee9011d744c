"""Known wrong answers to exercise 5.6, as rules to compare with."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..shared.mistakes import one_time_for_all
from ..shared.schedulers import Numbers

Scheduler = Callable[[Tensor], Numbers]
Weigh = Callable[[Tensor, Tensor, Tensor], Tensor]


def _kernel(x: Tensor, points: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Log of the conditional densities up to a constant, (batch, m)."""
    return -(x[:, None] - alpha[..., None] * points).square().sum(-1) / (2 * beta**2)


def _usual(logs: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return logs.softmax(1)


def marginal_law(weigh: Weigh = _usual, power: float = 2.0, sign: float = 1.0) -> Callable[..., Tensor]:
    """Average of the conditional scores under the weights (batch, m) that `weigh` makes of log-densities."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, _, _ = scheduler(t)
        weights = weigh(_kernel(x, points, alpha, beta), alpha, beta)
        # Without the sum of the weights it would be wrong to take the state out of the average.
        return sign * (alpha * weights @ points - weights.sum(1, keepdim=True) * x) / beta**power

    return rule


def _other_weights(change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Callable[..., Tensor]:
    """Right scores, averaged with the weights that belong to another alpha or beta."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, _, _ = scheduler(t)
        weights = _kernel(x, points, *change(alpha, beta)).softmax(1)
        return (alpha * weights @ points - x) / beta**2

    return rule


def _nearest(logs: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(logs.argmax(1), logs.shape[1]).to(logs)


def _through_densities(logs: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return logs.exp() / logs.exp().sum(1, keepdim=True)


def _denoised(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    alpha, beta, _, _ = scheduler(t)
    return _kernel(x, points, alpha, beta).softmax(1) @ points


def _one_shift(logs: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    parts = (logs - logs.max()).exp()
    return parts / parts.sum(1, keepdim=True)


def _around(mean: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Something made of state, mean data point and the four numbers, with one of the weights changed."""

    def rule(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
        return mean(x, _denoised(x, points, t, scheduler), *scheduler(t))

    return rule


def _over_the_states(x: Tensor, points: Tensor, t: Tensor, scheduler: Scheduler) -> Tensor:
    alpha, beta, _, _ = scheduler(t)
    weights = _kernel(x, points, alpha, beta).softmax(0)
    return (alpha * weights @ points - x) / beta**2


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "all points weighted alike": (
        marginal_law(lambda logs, alpha, beta: torch.full_like(logs, 1 / logs.shape[1])),
        "You average the conditional scores with equal weights, which is the score around the mean of the "
        "data. A data point far away is hardly the one behind this state: weigh each by how likely it is, "
        "given the state.",
    ),
    "nearest point only": (
        marginal_law(_nearest),
        "You use the nearest data point alone. Late in time this is nearly right, but earlier several "
        "points could be behind a state, and each counts with its probability.",
    ),
    "weights normalised over the states": (
        marginal_law(lambda logs, alpha, beta: logs.softmax(0)),
        "Your weights add up to one over the *states*. For each state they should add up to one over the "
        "data points: which axis of your table is that?",
    ),
    "weights over the states, the short way": (
        _over_the_states,
        "Your weights add up to one over the *states*, so that the mean data point that you make of them is "
        "no mean. For each state they should add up to one over the data points.",
    ),
    "one shift for the whole batch": (
        marginal_law(_one_shift),
        "You shift all logarithms by the largest of the whole batch. That saves the row it comes from; a "
        "state far out loses all of its weights. Each row needs a shift of its own.",
    ),
    "alpha forgotten in the score": (
        _around(lambda x, z, a, b, a_dot, b_dot: (z - x) / b**2),
        "Your weights are right, but the score pulls to the mean data point itself. At time t the clouds sit "
        "at the data points times `alpha`.",
    ),
    "velocity for score": (
        _around(lambda x, z, a, b, a_dot, b_dot: a_dot * z + b_dot * (x - a * z) / b),
        "What you return is the marginal velocity of chapter 04: the way in which the path moves. The score "
        "needs no derivative of the scheduler.",
    ),
    "weights not normalised": (
        marginal_law(lambda logs, alpha, beta: logs.exp()),
        "Your weights do not add up to one, so far from the data nothing is left of the score. Divide by "
        "their sum; a softmax does both.",
    ),
    "exp before the sum": (
        marginal_law(_through_densities),
        "Far from the data all your densities are too small for a float: zero over zero is not a number. "
        "A softmax takes the logarithms, and shifts them before it leaves them.",
    ),
    "sum for mean": (
        marginal_law(lambda logs, alpha, beta: torch.ones_like(logs)),
        "You add up the conditional scores of all points. They have to be averaged, and with weights: each "
        "point counts by how likely it is to lie behind this state.",
    ),
    "one over beta": (
        marginal_law(power=1.0),
        "Your weights are right, but the score is `beta` times too small. It is divided by the variance, not "
        "by the standard deviation; look at exercise 5.1.",
    ),
    "sign of the score": (
        marginal_law(sign=-1.0),
        "Your score points away from the data. It should point uphill, to where the density is larger.",
    ),
    "sign of the exponent": (
        marginal_law(lambda logs, alpha, beta: (-logs).softmax(1)),
        "Your weights favour the data points that are farthest away. The log-density falls with the "
        "distance: which sign belongs in front of it?",
    ),
    "half missing in the weights": (
        marginal_law(lambda logs, alpha, beta: (2 * logs).softmax(1)),
        "Your scores are right, but the weights are too decided: the exponent is twice as large as it should "
        "be. What stands in the denominator of a normal density's exponent?",
    ),
    "beta for beta squared in the weights": (
        marginal_law(lambda logs, alpha, beta: (logs * beta).softmax(1)),
        "Your scores are right, the weights are not: in their exponent the squared distance is divided by "
        "`beta` once. Only its square has the unit of a squared distance.",
    ),
    "width missing in the weights": (
        marginal_law(lambda logs, alpha, beta: (logs * beta**2).softmax(1)),
        "Your scores are right, but the exponent of the weights is not divided by the variance. The "
        "narrower the clouds, the clearer which of them a state belongs to.",
    ),
    "distance not squared": (
        marginal_law(lambda logs, alpha, beta: (-(-2 * logs).sqrt() / beta / 2).softmax(1)),
        "In the exponent of your weights the distance is not squared. Does the function that measures it "
        "take a root at the end?",
    ),
    "alpha forgotten in the weights": (
        _other_weights(lambda alpha, beta: (torch.ones_like(alpha), beta)),
        "Your scores are right, but the weights measure the distance from the data points themselves. At "
        "time t the clouds sit at the data points times `alpha`.",
    ),
    "alpha forgotten": (
        lambda x, points, t, scheduler: marginal_law()(
            x, points, t, lambda t: (torch.ones_like(t), *scheduler(t)[1:])
        ),
        "Your clouds sit on the data points at every time. At time t they are at the data points times "
        "`alpha`, in the weights and in the score.",
    ),
    "data point for score": (
        _denoised,
        "You return the mean of the data points, given the state: the best guess at what lies behind it. "
        "The score is the way from the state to `alpha` times that guess, over the variance.",
    ),
    "log-density, not its slope": (
        lambda x, points, t, scheduler: _kernel(x, points, *scheduler(t)[:2]).logsumexp(1),
        "You return one number for each state: a log-density. Its gradient is asked for, which has as many "
        "coordinates as the state.",
    ),
    "straight line assumed": (
        lambda x, points, t, scheduler: marginal_law()(
            x, points, t, lambda t: (t, 1 - t, torch.ones_like(t), -torch.ones_like(t))
        ),
        "Your score is right for the straight line, but you do not ask the scheduler. The check hands over "
        "another one.",
    ),
    **one_time_for_all(marginal_law(), 2),
}
