"""Exercise 11.5: the loss of masked diffusion.

The network is ours, and its logits are free numbers, a fresh set in each call. A cross-entropy pulls them
along softmax minus target, so their gradient tells, place by place, what an answer compares them with, and
with which weight. The right weights are those by which every number of hidden tokens counts alike.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.quiet import failing

TOKENS, MASK = 5, 5
SIZES = ((4, 384, 80), (8, 192, 40))
FEW = 6
"""Length of a row, rows of a batch, batches; and batches that show what kind of loss it is."""
LIGHT = 150.0
"""Weights are cut off here before they are averaged: those of 1 / (1 - t) have no variance."""
Loss = Callable[..., Tensor]


class Net:
    """A network whose logits are free numbers, and which keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Tensor] = []
        self.logits: list[Tensor] = []

    def __call__(self, *given: Tensor) -> Tensor:
        """Logits (batch, length, tokens) of states (batch, length)."""
        if len(given) != 1:
            raise Fault("net misused", HINTS["arguments"])
        x = given[0]
        if not isinstance(x, Tensor) or x.dim() != 2 or x.is_floating_point() or x.dtype == torch.bool:
            raise Fault("net misused", HINTS["states"])
        if int(x.max()) > MASK or int(x.min()) < 0:
            raise Fault("net misused", HINTS["tokens"])
        logits = torch.randn((*x.shape, TOKENS), generator=torch.Generator().manual_seed(len(self.shown)))
        self.shown.append(x.detach().clone())
        self.logits.append(logits.requires_grad_())
        return 1.0 * logits  # not a leaf: without gradients, as under `torch.no_grad`, none arrives


@dataclass(frozen=True)
class Record:
    """What one call of a loss did: hidden places, weight and direction of its gradient, and its value."""

    z: Tensor
    x: Tensor
    pull: Tensor
    logits: Tensor
    value: float

    @property
    def hidden(self) -> Tensor:
        """Where the mask stood, (batch, length)."""
        return self.x == MASK

    @property
    def line(self) -> Tensor:
        """How a cross-entropy with the clean token pulls at each place, (batch, length, tokens)."""
        return torch.softmax(self.logits, dim=-1) - one_hot(self.z, TOKENS)

    @property
    def weight(self) -> Tensor:
        """By which weight a place counts in the sum over the batch, (batch, length)."""
        line = self.line
        return len(self.z) * (self.pull * line).sum(dim=-1) / line.square().sum(dim=-1)

    @property
    def costs(self) -> Tensor:
        """Cross-entropy of each place, (batch, length)."""
        return cross_entropy(self.logits.transpose(1, 2), self.z, reduction="none")


HINTS = {
    "arguments": "Your function calls `net` with several things. It takes the states alone: with the mask, "
    "they say themselves how far they are.",
    "states": "Your function hands `net` something else than states: whole numbers of shape (batch, length), "
    "tokens and `mask`.",
    "tokens": "Your function hands `net` numbers that are neither tokens nor `mask`.",
    "mask": "Some entries of what you show the network are neither the clean token nor `mask`. Print a row "
    "of what you show.",
    "nothing": "The network is shown nothing with a hidden token, so there is nothing to guess. What becomes "
    "of the row that you have hidden: is it the one that you hand to `net`?",
    "nan": "Your loss is no number. In this batch there are rows in which nothing happens to be hidden, or "
    "all is. Do you divide by a number of tokens, or by 1 - t, that may be zero?",
    "shown": "Tokens that are *shown* pull at the network: with them it would learn to copy. Only hidden "
    "places have something to be guessed. Which factor is zero where a token is shown?",
    "line": "The check looks at how your loss pulls at the logits. A cross-entropy pulls along softmax minus "
    "a one for the clean token. Yours pulls another way: what does it compare, and do logits or "
    "probabilities go into it?",
    "sign": "Your loss gets smaller the worse the network guesses. A cross-entropy is minus the logarithm of "
    "the probability that the right token was given.",
    "counts": "Rows with few hidden tokens and rows with many do not count as they should. Every *number* of "
    "hidden tokens, one, two, up to all, should have the same say on average. In yours the shares of the "
    "weight are {0}. How often do you make rows with so many, and by what do you multiply them?",
    "scale": "All numbers of hidden tokens have the same say, as they should, but your loss is {0} times the "
    "bound in nats for a whole row{1}. Is there a number of rows or tokens by which you divide and "
    "should not, or a logarithm with another base?",
    "value": "The network is pulled as it should be, and still the value of your loss is not the weighted "
    "sum of the cross-entropies: it is {0} times that. What happens after the sum?",
    "places": "Some places of the rows have a larger say than others. Each should be hidden as often as any "
    "other, and with as many others: do you always hide the first or the last ones?",
    "fresh": "Two calls with the same rows hide the very same places. In training every step should hide "
    "others. Is a seed set inside your function?",
    "other": "With rows of {0} tokens your loss is not right, though it was before. Is a length written into "
    "your function?",
}  # fmt: skip


def _hide(z: Tensor, t: Tensor) -> Tensor:
    return torch.rand(z.shape) >= t


@dataclass(frozen=True, eq=False)
class ByTime:
    """The loss by times, of parts, each of which may be another one."""

    weight: Callable[[Tensor], Tensor] = lambda t: 1 / (1 - t)
    hides: Callable[[Tensor, Tensor], Tensor] = _hide
    counted: Callable[[Tensor], Tensor] = lambda hide: hide
    shown: Callable[[Tensor, Tensor], Tensor] = lambda x, z: x
    cost: Callable[[Tensor, Tensor], Tensor] = lambda logits, z: cross_entropy(
        logits.transpose(1, 2), z, reduction="none"
    )
    finish: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda rows, hide, z: rows.mean()
    times: Callable[[Tensor], Tensor] = lambda z: torch.rand(len(z), 1)

    def __call__(self, net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
        """The loss of one batch."""
        t = self.times(z)
        hide = self.hides(z, t)
        x = torch.where(hide, mask, z)
        costs = self.cost(net(self.shown(x, z)), z)
        return self.finish((costs * self.counted(hide) * self.weight(t)).sum(dim=1), hide, z)


def _numbers(z: Tensor) -> Tensor:
    """Times at which one, two, … or all tokens of a row are hidden, each equally often."""
    return 1 - torch.randint(1, z.shape[1] + 1, (len(z), 1)) / z.shape[1]


def _counted(net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
    """Every number of hidden tokens equally often, and each by the inverse of its share."""
    length = z.shape[1]
    count = torch.randint(1, length + 1, (len(z), 1))
    hide = torch.rand(z.shape).argsort(dim=1).argsort(dim=1) < count
    costs = cross_entropy(net(torch.where(hide, mask, z)).transpose(1, 2), z, reduction="none")
    return (costs * hide * length / count).sum(dim=1).mean()


def _per_row(net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
    """Mean over the hidden tokens of a row, zero over zero where there are none."""
    hide = _hide(z, torch.rand(len(z), 1))
    costs = cross_entropy(net(torch.where(hide, mask, z)).transpose(1, 2), z, reduction="none")
    return ((costs * hide).sum(dim=1) / hide.sum(dim=1)).mean()


def _per_row_clamped(net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
    hide = _hide(z, torch.rand(len(z), 1))
    costs = cross_entropy(net(torch.where(hide, mask, z)).transpose(1, 2), z, reduction="none")
    return ((costs * hide).sum(dim=1) / hide.sum(dim=1).clamp(min=1)).mean()


def _count_with_none(net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
    length = z.shape[1]
    count = torch.randint(0, length + 1, (len(z), 1))
    hide = torch.rand(z.shape).argsort(dim=1).argsort(dim=1) < count
    costs = cross_entropy(net(torch.where(hide, mask, z)).transpose(1, 2), z, reduction="none")
    return (costs * hide * length / count.clamp(min=1)).sum(dim=1).mean()


def _count_weight(weight: Callable[[Tensor, int], Tensor], most: int = 0) -> Loss:
    def loss(net: Callable[[Tensor], Tensor], z: Tensor, mask: int) -> Tensor:
        count = torch.randint(1, (most or z.shape[1]) + 1, (len(z), 1))
        hide = torch.rand(z.shape).argsort(dim=1).argsort(dim=1) < count
        costs = cross_entropy(net(torch.where(hide, mask, z)).transpose(1, 2), z, reduction="none")
        return (costs * hide * weight(count, z.shape[1])).sum(dim=1).mean()

    return loss


def _row_coin(z: Tensor, t: Tensor) -> Tensor:
    return (torch.rand(len(z), 1) >= t).expand(z.shape)


def _last(z: Tensor, t: Tensor) -> Tensor:
    length = z.shape[1]
    return torch.arange(length) >= (t * length + torch.rand(t.shape)).floor()


def _fixed(z: Tensor, t: Tensor) -> Tensor:
    ranks = torch.rand(z.shape).argsort(dim=1).argsort(dim=1)
    return ranks < ((1 - t) * z.shape[1]).round()


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "no gradient": lambda net, z, mask: _counted(net, z, mask).detach(),
        }
    ),
    "no weight": (
        ByTime(lambda t: torch.ones_like(t)),
        "Every hidden token counts alike in your loss, without any weight. So rows in which nearly all is "
        "hidden count most, because they have the most of them, and the number is no bound. Which weight "
        "gives every *number* of hidden tokens the same say?",
    ),
    "mean over the batch's hidden tokens": (
        ByTime(lambda t: torch.ones_like(t), finish=lambda rows, hide, z: rows.sum() / hide.sum()),
        "You average over all hidden tokens of the batch. The best network is the same, but the number is no "
        "bound: rows in which much is hidden have a larger say. Divide each row by something of its own.",
    ),
    "weight 1/t": (
        ByTime(lambda t: 1 / t.clamp(min=1e-3)),
        "You divide by t, the share that is *shown*. A row of which few tokens are hidden has few terms, and "
        "those should weigh more: by what do you divide then?",
    ),
    "weight t/(1-t)": (
        ByTime(lambda t: t / (1 - t)),
        "Your weight is t/(1-t). It leaves out rows that have just begun, in which nearly all is hidden. "
        "Differentiate $\\alpha=t$: what stands above the line?",
    ),
    "weight 1-t": (
        ByTime(lambda t: 1 - t),
        "You multiply by 1-t where you should divide. Rows with few hidden tokens have few terms already.",
    ),
    "weight t": (
        ByTime(lambda t: t),
        "You multiply by t. Which weight gives every number of hidden tokens the same say?",
    ),
    "weight squared": (
        ByTime(lambda t: 1 / (1 - t).clamp(min=0.01) ** 2),
        "You divide by (1-t) squared. Rows with one hidden token then outweigh all others, and the value "
        "jumps from batch to batch.",
    ),
    "root of the weight": (
        ByTime(lambda t: (1 - t) ** -0.5),
        "You divide by the root of 1-t. Noise has standard deviations; here tokens are counted, and a row "
        "with half as many hidden ones needs twice the weight.",
    ),
    "mask turned round": (
        ByTime(hides=lambda z, t: torch.rand(z.shape) < t),
        "You hide a token with probability t, and weigh by 1/(1-t), which belongs to hiding with probability "
        "1-t. In this course nothing is hidden at time 1.",
    ),
    "all places": (
        ByTime(counted=lambda hide: torch.ones_like(hide)),
        "All places count in your loss, the shown ones too. Those the network can copy, and it would learn "
        "mostly that. Only hidden places have something to be guessed.",
    ),
    "all places, no weight": (
        ByTime(lambda t: torch.ones_like(t), counted=lambda hide: torch.ones_like(hide)),
        "All places count alike in your loss, the shown ones too. Those the network can copy. "
        "Only hidden places have something to be guessed.",
    ),
    "shown places": (
        ByTime(counted=lambda hide: ~hide),
        "You count the places that are shown, and leave out those that are hidden. It should be the other "
        "way round: look at your mask of truth values.",
    ),
    "clean sentence shown": (
        ByTime(shown=lambda x, z: z),
        "You show the network the clean rows. It can copy them, and when you generate there is no clean row "
        "to show. The rows with hidden tokens should go into `net`.",
    ),
    "softmax twice": (
        ByTime(cost=lambda lg, z: cross_entropy(lg.softmax(-1).transpose(1, 2), z, reduction="none")),
        "You hand probabilities to a function that takes logits: the softmax is taken twice. The network "
        "would never be allowed to be sure.",
    ),
    "logits for logarithms": (
        ByTime(cost=lambda lg, z: -lg.gather(-1, z[..., None])[..., 0]),
        "You pick the logit of the right token, without normalising. A network could make it larger and "
        "larger. What turns logits into logarithms of probabilities?",
    ),
    "probability for its logarithm": (
        ByTime(cost=lambda lg, z: 1 - lg.softmax(-1).gather(-1, z[..., None])[..., 0]),
        "You use the probability of the right token itself. What is wanted is minus its logarithm: only that "
        "adds up to the price of a whole row.",
    ),
    "minus the probability": (
        ByTime(cost=lambda lg, z: -lg.softmax(-1).gather(-1, z[..., None])[..., 0]),
        "You add up minus the *probability* of the right token. What is wanted is minus its logarithm: only "
        "that adds up to the price of a whole row.",
    ),
    "squared distance": (
        ByTime(cost=lambda lg, z: (lg - one_hot(z, lg.shape[-1])).square().sum(dim=-1)),
        "You compare logits with ones and zeros by squares. Between tokens there is no distance: a "
        "cross-entropy asks for the probability of the right one.",
    ),
    "squared distance of probabilities": (
        ByTime(cost=lambda lg, z: (lg.softmax(-1) - one_hot(z, lg.shape[-1])).square().sum(dim=-1)),
        "You compare probabilities with ones and zeros by squares. Its smallest value is at the same "
        "probabilities, but it is not the price of a row in nats: what is?",
    ),
    "sign": (
        ByTime(finish=lambda rows, hide, z: -rows.mean()),
        "Your loss has the wrong sign: it gets smaller the worse the network guesses, so that training "
        "would make the network worse and worse.",
    ),
    "nothing hidden in a row": (
        _per_row,
        "You divide by the number of hidden tokens of a row. In some rows nothing happens to be hidden, and "
        "zero over zero is no number. Such a row has nothing to say: let it have no part.",
    ),
    "rows without a hidden token count": (
        _per_row_clamped,
        "You average over the hidden tokens of each row, which is right; but rows in which nothing is hidden "
        "count as zeros in the mean over the batch. So your number is too small by the share of such rows. "
        "Leave them out, or never make them.",
    ),
    "rows without a hidden token count, by counts": (
        _count_with_none,
        "You draw the number of hidden tokens from zero on. Rows in which nothing is hidden cost nothing and "
        "count in the mean, so your number is too small. From which to which number should it run?",
    ),
    "rows without a hidden token left out of the mean": (
        ByTime(finish=lambda rows, hide, z: rows[hide.any(dim=1)].mean()),
        "With the weight 1/(1-t) rows in which nothing is hidden belong into the mean, with cost zero. You "
        "leave them out, so your number is too large by a factor of one plus one over the length.",
    ),
    "in bits": (
        ByTime(finish=lambda rows, hide, z: rows.mean() / math.log(2)),
        "Your loss is in bits. In this lab it is compared with entropies in nats: use the natural logarithm.",
    ),
    "for a token": (
        ByTime(finish=lambda rows, hide, z: rows.mean() / z.shape[1]),
        "Your loss is the price of a single token on average. What is asked for is that of a *whole* row: "
        "where do you divide by the length, or leave out a factor?",
    ),
    "another length written in": (
        _count_weight(lambda count, length: 9 / count, 9),
        "A number of places is written into your function, 9 perhaps. The rows here have another length: "
        "read it off `z`.",
    ),
    "sum over the batch": (
        ByTime(finish=lambda rows, hide, z: rows.sum()),
        "You add the rows of the batch up. Then the loss depends on how many there are: take their mean.",
    ),
    "perplexity": (
        ByTime(finish=lambda rows, hide, z: (rows.mean() / z.shape[1]).exp()),
        "You take an exponential at the end. That is the perplexity, which people like to print; its mean "
        "over batches is no bound. Return the nats themselves.",
    ),
    "fifteen percent": (
        ByTime(lambda t: torch.ones_like(t), hides=lambda z, t: torch.rand(z.shape) < 0.15),
        "You hide the same small share always, as BERT does. Then the network never meets rows in which most "
        "is hidden, and generating begins there.",
    ),
    "fifteen percent, mean over the hidden": (
        ByTime(
            lambda t: torch.ones_like(t),
            hides=lambda z, t: torch.rand(z.shape) < 0.15,
            finish=lambda rows, hide, z: rows.sum() / hide.sum().clamp(min=1),
        ),
        "You hide the same small share always, as BERT does. Then the network never meets rows in which most "
        "is hidden, and generating begins there.",
    ),
    "one token hidden": (
        ByTime(
            lambda t: torch.ones_like(t),
            hides=lambda z, t: torch.arange(z.shape[1]) == torch.randint(z.shape[1], (len(z), 1)),
        ),
        "You hide one token in each row. Then the network never meets rows in which most is hidden, and "
        "generating begins there.",
    ),
    "rows all or nothing": (
        ByTime(hides=_row_coin),
        "No row that you show the network is half hidden: it is hidden as a whole, or not at all. Generating "
        "leads through half-hidden rows, and the network would meet them for the first time.",
    ),
    "the end is hidden": (
        ByTime(hides=_last),
        "You hide the end of each row. That trains a network to go on writing; here any places may be "
        "hidden, in any combination.",
    ),
    "weight of the count left out": (
        _count_weight(lambda count, length: torch.ones_like(count)),
        "You draw every number of hidden tokens equally often, and add up their costs. Then rows in which "
        "many are hidden count more, having more terms. By what should each row be divided?",
    ),
    "count multiplied": (
        _count_weight(lambda count, length: count / length),
        "You multiply by the share of hidden tokens where you should divide by it. Rows in which many are "
        "hidden have more terms already.",
    ),
    "squared normal times": (
        ByTime(times=lambda z: torch.randn(len(z), 1).abs().clamp(max=0.999)),
        "Your times are normal numbers. They should be uniform between 0 and 1, which `torch.rand` draws.",
    ),
}


BY_NUMBERS = (
    "all places", "softmax twice", "logits for logarithms",
    "probability for its logarithm", "minus the probability", "squared distance",
    "squared distance of probabilities", "in bits", "sum over the batch", "perplexity", "for a token",
)  # fmt: skip
"""Mistakes that are made as easily where the number of hidden tokens is drawn, and not the time."""
for _name in BY_NUMBERS:
    _wrong, _words = MISTAKES[_name]
    assert isinstance(_wrong, ByTime)
    MISTAKES[f"{_name}, by numbers"] = (replace(_wrong, times=_numbers, hides=_fixed), _words)


def _records(student: StudentFunction, length: int, rows: int, calls: int) -> Iterator[Record | Fact]:
    """Calls of a loss on fresh rows, or the fact that ends the measuring."""
    for _ in range(calls):
        z, net = torch.randint(TOKENS, (rows, length)), Net()
        value = student(net, z, MASK, shape=(), finite=False)
        if not net.shown:
            raise Fault("net not asked", "Your loss never asks the network, so it cannot train it.")
        if any(x.shape != z.shape for x in net.shown):
            raise Fault("net misused", HINTS["states"])
        if not math.isfinite(float(value)):
            if bool((net.shown[0] == MASK).any(dim=1).all()):  # no row without blanks is to blame
                student(Net(), z, MASK, shape=())
            yield Fact("no number", "numbers that are none", 0.0, 1.0, HINTS["nan"])
            return
        loss = student.last
        if not (isinstance(loss, Tensor) and loss.requires_grad):
            pulls: tuple[Tensor | None, ...] = (None,)
        else:
            pulls = torch.autograd.grad(loss.reshape(()), net.logits, allow_unused=True)
        for x, logits, pull in zip(net.shown, net.logits, pulls, strict=False):
            pull = torch.zeros_like(logits) if pull is None else pull
            yield Record(z, x, pull.detach(), logits.detach(), float(value))


@dataclass(frozen=True)
class Summary:
    """What many calls have in common.

    Args:
        shares: share of the weight on rows with one, two, … hidden tokens, (length,).
        noise: the largest standard error of these.
        scale: the loss over the bound, of a row.
        places: share of the weight on each place, (length,).
    """

    shares: Tensor
    noise: float
    scale: float
    places: Tensor


def _summary(records: list[Record], length: int) -> Summary:
    by_count, by_place = [], []
    middle = torch.cat([record.weight[record.hidden] for record in records]).abs().median()
    most = LIGHT * max(1.0, float(middle) / 4)  # a sum over the batch is many times as large
    for record in records:
        weight = (record.weight * record.hidden).clamp(-most, most).double()
        count = record.hidden.sum(dim=1)
        total = torch.zeros(length + 1, dtype=torch.float64).index_add_(0, count, weight.sum(dim=1))
        by_count.append(total[1:] / len(weight))
        by_place.append(weight.mean(dim=0))
    counts, places = torch.stack(by_count), torch.stack(by_place)
    whole = counts.sum(dim=1).mean()
    if abs(float(whole)) < 1e-9:
        return Summary(torch.zeros(length), 0.0, 0.0, torch.zeros(length))
    noise = counts.std(dim=0) / len(counts) ** 0.5 / whole.abs()
    return Summary(
        counts.mean(dim=0) / whole, float(noise.max()), float(whole) / length, places.mean(dim=0) / whole
    )


def _structure(records: list[Record]) -> Iterator[Fact]:
    """What is shown, which places pull, and along which line."""
    shown = torch.stack([((r.x != r.z) & ~r.hidden).double().mean() for r in records]).mean()
    yield Fact(
        "neither token nor mark",
        "share of other entries shown to `net`",
        0.0,
        shown,
        HINTS["mask"],
        1e-6,
        0.1,
    )
    hidden = torch.stack([r.hidden.double().mean() for r in records]).mean()
    some = float(hidden > 0)
    yield Fact("nothing hidden", "batches shown with hidden tokens", 1.0, some, HINTS["nothing"], 0.1)
    size = torch.stack([r.pull.norm(dim=-1).sum() for r in records]).sum()
    yield Fact("no gradient", "gradient that arrives", 1.0, float(size > 0), NO_GRADIENT)
    if not some or not size > 0:
        return
    aside = torch.stack([(r.pull.norm(dim=-1) * ~r.hidden).sum() for r in records]).sum() / size
    yield Fact(
        "shown places count", "share of the pull on shown places", 0.0, aside, HINTS["shown"], 1e-4, 0.06
    )
    off, all_of_it, positive = torch.zeros(()), torch.zeros(()), torch.zeros(())
    for r in records:
        along = (r.weight / len(r.z))[..., None] * r.line
        off = off + ((r.pull - along).norm(dim=-1) * r.hidden).sum()
        all_of_it = all_of_it + (r.pull.norm(dim=-1) * r.hidden).sum()
        positive = positive + (r.weight * r.hidden).sum()
    rest = off / all_of_it.clamp(min=1e-9)
    yield Fact(
        "not a cross-entropy", "share of the pull in another direction", 0.0, rest, HINTS["line"], 1e-3, 0.05
    )
    yield Fact("wrong sign", "sign of the pull", 1.0, positive.sign(), HINTS["sign"])


NO_GRADIENT = (
    "No gradient leads from your loss back to the logits that the network gave, so nothing would be "
    "learnt. Look for `.item()`, `.detach()`, `argmax`, or an answer of the network that is never used."
)


def _weights(records: list[Record], length: int, first: bool) -> Iterator[Fact]:
    """How numbers of hidden tokens and places share in the loss, and how large it is."""
    found = _summary(records, length)
    wanted = torch.full((length,), 1 / length, dtype=torch.float64)
    listed = ", ".join(number(share) for share in found.shares)
    tol = min(0.02 + 6 * found.noise, 0.4 / length)
    what = f"share of the weight on rows with 1, 2, … {length} hidden tokens"
    other = HINTS["other"].format(length)
    yield Fact(
        "wrong weights",
        what,
        wanted,
        found.shares,
        HINTS["counts"].format(listed) if first else other,
        tol,
        tol + 0.02,
    )
    what = "share of the weight on each place"
    yield Fact(
        "places do not count alike",
        what,
        wanted,
        found.places,
        HINTS["places"] if first else other,
        0.06,
        0.09,
    )
    one = found.scale
    spread = 6 * found.noise
    near = 0.1 * min(abs(one), 50.0)
    token = ", that is the bound for a single token" if abs(one * length - 1) < 0.05 else ""
    yield Fact(
        "another size",
        f"loss over the bound, rows of {length}",
        1.0,
        min(one, 1e3),
        HINTS["scale"].format(number(one), token),
        0.035 + min(spread, 0.05),
        near,
    )


def _values(records: list[Record]) -> Fact:
    """The value of the loss over the weighted sum of cross-entropies by which it pulls."""
    ratios = [
        r.value / float((r.weight * r.hidden * r.costs).sum() / len(r.z)) for r in records if r.hidden.any()
    ]
    value = torch.tensor(ratios, dtype=torch.float64).clamp(-1e3, 1e3)
    come = float(value[(value - 1).abs().argmax()])
    return Fact(
        "value not the sum of its costs",
        "value over weighted cross-entropies",
        1.0,
        come,
        HINTS["value"].format(number(come)),
        1e-3,
        0.3 * max(1.0, abs(come)),
    )


@exercise("11.5", "The loss", "core", "net, z, mask", _counted, MISTAKES, random=True, limit=15.0)
def masked_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """What is shown, where and along which line it pulls, with which weights; the value; fresh draws."""
    for length, rows, calls in SIZES:
        first = length == SIZES[0][0]
        told = (lambda facts: facts) if first else failing
        few, ended = _split(_records(student, length, rows, FEW))
        facts = list(_structure(few)) if ended is None else [ended]
        yield from told(facts)
        if len(facts) < STRUCTURE:
            return
        many, ended = _split(_records(student, length, rows, calls))
        facts += _weights(many, length, first) if ended is None else [ended]
        if all(fact.holds() for fact in facts[:STRUCTURE]) and ended is None:
            facts.append(_values(few))
        yield from told(facts[STRUCTURE:])
        if not all(fact.holds() for fact in facts):
            return
        if first:
            yield from _chance(many)


STRUCTURE = 6
"""Facts about what is shown and how it pulls; fewer are measured where nothing pulls."""


def _split(found: Iterator[Record | Fact]) -> tuple[list[Record], Fact | None]:
    """The records, and the fact that ended them, if one did."""
    entries = list(found)
    ended = [entry for entry in entries if isinstance(entry, Fact)]
    return [entry for entry in entries if isinstance(entry, Record)], ended[0] if ended else None


def _chance(records: list[Record]) -> Iterator[Fact | str]:
    """Fresh places in each call, and a word on rows that are hidden alike."""
    pairs = pairwise(records)
    alike = torch.stack([(a.hidden == b.hidden).all().double() for a, b in pairs]).mean()
    what = "share of calls that hide the same"
    yield from failing([Fact("same places each time", what, 0.0, alike, HINTS["fresh"], 0.5)])
    means = torch.stack([r.hidden.sum(dim=1).double().mean() for r in records])
    if float(means.std()) > 0.5:
        yield (
            "All rows of a batch are hidden alike in your loss: one time, or one number, for all. Its mean "
            "is right, and its value jumps more from batch to batch than it has to."
        )
