"""Exercise 7.2: L_simple, the loss with which DDPM is trained."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Function, recurring
from ..shared.regression_loss import LossTask, measure, mistakes
from .common import shares, uneven

TABLES = shares(uneven(30) * 2.5), shares(uneven(30) * 2.5), shares(uneven(7) * 2.0)


def chain(alpha_bar: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Weights of data and noise at indices; at the nearest one where they are not whole."""

    def at(k: Tensor) -> tuple[Tensor, Tensor]:
        share = alpha_bar[k.round().long().clamp(0, len(alpha_bar) - 1)]
        return share.sqrt(), (1 - share).sqrt()

    return at


TASK = LossTask(
    target=lambda s: s.eps,
    path=chain,
    given=lambda batch, rows: (TABLES[batch],),
    last=lambda alpha_bar: float(len(alpha_bar) - 1),
    steps=True,
)


def mixed(a: Callable[[Tensor], Tensor], b: Callable[[Tensor], Tensor]) -> Function:
    """The loss with other weights of data and noise, made from the share of variance that is left."""
    return TASK.loss(state=lambda s: a(s.alpha**2) * s.z + b(s.alpha**2) * s.eps)


def drawn(low: int, high: int) -> Function:
    """The loss with indices from `low` up to K + `high`."""
    return TASK.loss(times=lambda z, last: torch.randint(low, int(last) + high + 1, (len(z), 1)))


def looked_up(entry: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """The loss with another share than that of the index: `entry` of (table, k)."""

    def path(alpha_bar: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        return lambda k: (entry(alpha_bar, k).sqrt(), (1 - entry(alpha_bar, k)).sqrt())

    return TASK.loss(path=path)


MISTAKES = {
    **recurring(
        {
            "alpha for alpha-bar": looked_up(lambda table, k: table[k] / table[(k - 1).clamp(min=0)]),
            "table read one place off": looked_up(lambda table, k: table[k - 1]),
            "root missing on the data": mixed(lambda a: a, lambda a: (1 - a).sqrt()),
            "root missing on the noise": mixed(torch.sqrt, lambda a: 1 - a),
            "both roots missing": mixed(lambda a: a, lambda a: 1 - a),
            "data and noise swapped": mixed(lambda a: (1 - a).sqrt(), torch.sqrt),
            "root taken twice": mixed(torch.sqrt, lambda a: (1 - a.sqrt()).sqrt()),
            "network told the other direction": TASK.loss(told=lambda s: s.last - s.t),
            "network told our time": TASK.loss(told=lambda s: 1 - s.t / s.last),
            "sign of the noise": TASK.loss(target=lambda s: -s.eps),
            "score for target": TASK.loss(target=lambda s: -s.eps / s.beta),
        }
    ),
    "table read from its end": (
        looked_up(lambda table, k: table[len(table) - 1 - k]),
        "You mix with the share at K - k. In this chain the index grows from the data to the noise, the "
        "other way round than our time.",
    ),
    "the last index left out": (
        drawn(1, -1),
        "The last index, K, never comes. `torch.randint(low, high, …)` leaves `high` itself out. Sampling "
        "starts at K, so the network has to know it.",
    ),
    "from 0 to K - 1": (
        drawn(0, -1),
        "Your indices run from 0 to K - 1, as places in a list do. At 0 there is no noise to be found, and "
        "the last index never comes. The paper draws from 1 to K.",
    ),
    "index 0 drawn too": (
        drawn(0, 0),
        "Your indices include 0. There the state is the data point, and the noise that the network should "
        "find has weight zero. The paper draws from 1 to K.",
    ),
    "network told another index": (
        TASK.loss(told=lambda s: s.t - 1),
        "The network is told k - 1, while the state lies at k. It would be used with an index that is one "
        "off. Tell it the index at which the state was mixed.",
    ),
    "network told a time": (
        TASK.loss(told=lambda s: s.t / s.last),
        "You divide the index by K before you tell it to the network. This network is asked with the index "
        "itself, from 1 to K.",
    ),
    "noise as it arrives": (
        TASK.loss(target=lambda s: s.beta * s.eps),
        "Your target is the noise after it was scaled down. The draw itself is asked for, which has the same "
        "size at all indices.",
    ),
    "weighted by the variance": (
        TASK.loss(reduce=lambda r, s: (s.beta * r).square().mean()),
        "You weigh the squared errors by the variance of the noise. The simple loss has no weight: that is "
        "what makes it simple.",
    ),
    "weighted as in the bound": (
        TASK.loss(reduce=lambda r, s: (r / s.beta).square().mean()),
        "You divide the squared errors by the variance of the noise, so that steps near the data count most. "
        "The bound on the likelihood has such weights; the simple loss leaves them out.",
    ),
    **mistakes(TASK, "noise"),
}


@exercise(
    "7.2", "The simple loss", "core", "net, z, alpha_bar", TASK.loss(), MISTAKES, random=True, limit=12.0
)
def simple_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Indices, states and noise that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK)
