"""Exercise 7.6: our time, the chain's index, and the weights between two indices."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, one_time_for_all, recurring
from .common import Weights, between, facts_hold, root_weights, shares, uneven, wrong_weights

Rule = Callable[[Tensor, Tensor], tuple[Tensor, ...]]
Index = Callable[[Tensor, int], Tensor]
"""An index, of the time and the number of steps."""


def _index(t: Tensor, steps: int) -> Tensor:
    return steps * (1 - t)


def rule(
    weights: Weights = root_weights,
    index: Index = _index,
    share: Callable[[Tensor, Tensor], Tensor] = between,
    returned: Index | None = None,
) -> Rule:
    """The three answers from their parts: weights, index, share of (table, index), and the index returned."""

    def answer(t: Tensor, alpha_bar: Tensor) -> tuple[Tensor, ...]:
        steps = len(alpha_bar) - 1
        k = index(t, steps)
        alpha, beta = weights(share(alpha_bar, k))
        return (returned or index)(t, steps).to(t), alpha.to(t), beta.to(t)

    return answer


def _linear(values: Tensor, k: Tensor) -> Tensor:
    """Interpolate the entries of a table on straight lines."""
    k = k.clamp(0, len(values) - 1)
    low = k.floor().long().clamp(max=len(values) - 2)
    return torch.lerp(values[low], values[low + 1], (k - low).to(values))


def _neighbours_swapped(table: Tensor, k: Tensor) -> Tensor:
    low = k.floor().clamp(max=len(table) - 2)
    return between(table, 2 * low + 1 - k)


def _entry(of: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda table, k: table[of(k).long().clamp(0, len(table) - 1)]


HINT_STEPS = (
    "Your index runs up to 1,000, the number of steps in the notebook. Here is a chain of another length, "
    "as in the picture below: the table that you are given says how many steps there are."
)
HINT_INDEX = (
    "Your index does not belong to these times. The chain takes K steps from the data, t = 1, to the noise, "
    "t = 0, all equally long. How many entries has the table, how many steps are that, and is k a whole "
    "number between two of them? Put both ends of time in."
)
HINT_WEIGHTS = (
    "At a time that belongs to an index your weights are not those of the chain: the root of the share that "
    "is left for the data, and the root of the rest for the noise."
)
HINT_SQUARES = (
    "The squares of your weights do not add up to one between two indices. The chain keeps the sum of both "
    "variances at one all the way. How do you get from `alpha` to `beta`?"
)
HINT_BETWEEN = (
    "Between two indices the noising goes on at a constant rate, so each part of a step leaves the same "
    "share as an equal part of it: it is the *logarithm* that goes straight from index to index."
)
HINT_ENDS = (
    "Between the ends you are right. At t = 0 the index is K, the last entry of the table: which two "
    "entries do you mix there, and is the part of the way counted from the lower of the two?"
)
HINT_SIZES = (
    "On the chain tried first you are right, on this one not. The table may have any length and its entries "
    "any size, and there may be a single time. What do your lines take for granted?"
)

MISTAKES: dict[str, Mistake] = wrong_weights(rule) | one_time_for_all(rule(), 0)
MISTAKES |= recurring(
    {
        "straight line": lambda t, alpha_bar: (_index(t, len(alpha_bar) - 1), t, 1 - t),
        "alpha for alpha-bar": rule(share=lambda a, k: between(torch.cat([a[:1], a[1:] / a[:-1]]), k)),
    }
)
MISTAKES |= alike(
    HINT_INDEX,
    {
        "time not turned round": rule(index=lambda t, steps: steps * t),
        "index turned round, weights not": rule(returned=lambda t, steps: steps * t),
        "one entry too many": rule(index=lambda t, steps: (steps + 1) * (1 - t)),
        "one step too few": rule(index=lambda t, steps: (steps - 1) * (1 - t)),
        "index from 1": rule(index=lambda t, steps: 1 + (steps - 1) * (1 - t)),
        "not scaled to K": rule(returned=lambda t, steps: 1 - t),
        "index returned is rounded": rule(returned=lambda t, steps: _index(t, steps).round()),
        "index returned is cut off": rule(returned=lambda t, steps: _index(t, steps).floor()),
    },
)
MISTAKES |= alike(
    "Between two indices your weights stand still and then jump. A sampler in continuous time needs weights "
    "that change all the way. How far is the time on its way from one index to the next?",
    {
        "nearest index": rule(share=_entry(torch.round)),
        "index rounded down": rule(share=_entry(torch.floor)),
        "index rounded up": rule(share=_entry(torch.ceil)),
    },
)
MISTAKES |= alike(
    HINT_BETWEEN,
    {
        "one line from end to end": rule(share=lambda table, k: table[-1] ** (k / (len(table) - 1))),
        "shares on a straight line": rule(share=_linear),
        "weights on a straight line": rule(share=lambda table, k: _linear(table.sqrt(), k).square()),
        "share of the noise on a straight line": lambda t, alpha_bar: (
            *rule()(t, alpha_bar)[:2],
            rule(share=_linear)(t, alpha_bar)[2],
        ),
    },
)
MISTAKES |= {
    "weights not turned round": (
        rule(index=lambda t, steps: steps * t, returned=_index),
        "Your index is right, but your weights are those of the other end: at t = 1, the data, `alpha` has "
        "to be 1. Do you look the shares up with the same index?",
    ),
    "order of the results": (
        lambda t, alpha_bar: (*rule()(t, alpha_bar)[1:], rule()(t, alpha_bar)[0]),
        "Your three results are in another order. The index comes first, then the weight of the data, then "
        "that of the noise.",
    ),
    "part of the step turned round": (
        rule(share=_neighbours_swapped),
        "Inside a step your weights run backwards: half a step works, but a quarter is taken for three "
        "quarters. Which of the two neighbours gets more weight when the index is nearly the lower one?",
    ),
}


@exercise("7.6", "Their index, our time", "stretch", "t, alpha_bar", rule(), MISTAKES)
def at_time(student: StudentFunction) -> Iterator[Fact]:
    """Index; weights at the chain's own times; both between them; the constant rate; ends; another chain."""
    steps = 16  # a power of two, so that the chain's times are exact
    alpha_bar = shares(uneven(steps) * 4)

    def at(t: Tensor, table: Tensor = alpha_bar) -> Tensor:
        return student.parts(t[:, None], table, shape=(len(t), 1), names=("k", "alpha", "beta"))[..., 0]

    if not (yield from facts_hold(_inside(lambda k: at(1 - k / steps), alpha_bar))):
        return
    edge = torch.stack([torch.tensor([0.0, steps]).double(), *root_weights(alpha_bar[[0, -1]])])
    ends = at(torch.tensor([1.0, 0.0]))
    yield Fact("wrong ends", "all three at t = 1 and 0", edge, ends, HINT_ENDS, 5e-3)
    pairs = []
    for steps, times in ((5, (0.37,)), (100, (0.004, 1.0, 0.617))):
        table, t = shares(uneven(steps) * (2 if steps == 5 else 12)), torch.tensor(times)
        k = steps * (1 - t)
        right = torch.stack([k.double(), *root_weights(between(table, k))])
        pairs.append((right.flatten(), at(t, table).flatten()))
    expected, measured = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    yield Fact(
        "wrong for another chain", "all three for 5 and 100 steps", expected, measured, HINT_SIZES, 3e-3
    )


def _inside(numbers: Callable[[Tensor], Tensor], alpha_bar: Tensor) -> Iterator[Fact]:
    """What holds away from the ends of time, for the answers (3, len(k)) at the times of indices `k`."""
    inner, steps = torch.tensor([3.0, 11.0, 6.0, 14.0, 9.0]), len(alpha_bar) - 1
    away = torch.tensor([4.25, 10.75, 7.5, 12.375, 2.625, 13.25])
    start = torch.tensor([0.16, 0.08])  # so near that an index for 1,000 steps has an entry
    first = numbers(start)[0]
    if bool((first / start * steps - 1000).abs().max() < 1):
        what = "index at t = 0.99 and 0.995, for 16 steps"
        yield Fact("K of the notebook", what, start, first, HINT_STEPS, 2e-3)
        return
    at, off = numbers(inner), numbers(away)
    yield Fact("wrong index", "index at five times", inner, at[0], HINT_INDEX, 2e-3)
    left = alpha_bar[inner.long()]
    yield Fact("wrong alpha", "alpha at these times, by the table", left.sqrt(), at[1], HINT_WEIGHTS)
    yield Fact("wrong beta", "beta at these times, by the table", (1 - left).sqrt(), at[2], HINT_WEIGHTS)
    yield Fact("wrong index", "index at six times between", away, off[0], HINT_INDEX, 2e-3)
    what = "alpha² + beta² at six times between"
    yield Fact("squares do not add up", what, torch.ones(6), off[1:].square().sum(0), HINT_SQUARES)
    parts = torch.tensor([0.001, 0.25, 0.5, 0.75, 0.999])
    logs = torch.stack([numbers(low + parts)[1] for low in (5, 11)]).clamp(min=1e-12).log()
    ends = alpha_bar[[5, 11]].log() / 2, alpha_bar[[6, 12]].log() / 2
    logs = torch.cat([ends[0][:, None], logs], dim=1)
    pace = logs.diff(dim=1) / (ends[1] - ends[0])[:, None]
    what = "log alpha by quarters of a step, as a share"
    expected = torch.tensor([0.001, 0.249, 0.25, 0.25, 0.249]).expand(2, 5)
    yield Fact("rate not constant", what, expected, pace, HINT_BETWEEN, 2e-3, 4e-3)
