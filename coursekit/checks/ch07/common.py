"""Chains, networks and wrong weights that several exercises of this chapter measure with."""

from collections.abc import Callable, Generator, Iterator
from types import SimpleNamespace
from typing import ClassVar

import torch
from torch import Tensor

from ..core.facts import Fact
from ..shared.fields import RecordingField, Rule
from ..shared.mistakes import Function, Mistake, alike, recurring

Weights = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Weights of data and noise, of the share of the data's variance that is left."""


def uneven(steps: int) -> Tensor:
    """Variances beta_1 … beta_K (steps,) that go up and down, which no paper uses; their sum is below 1."""
    k = torch.arange(1, steps + 1, dtype=torch.float64)
    share = 1 + 0.6 * torch.sin(2.1 * k)
    return 0.9 * share / share.sum()


def shares(betas: Tensor) -> Tensor:
    """Share of the data's variance that is left after 0 … K steps, (K + 1,): the paper's alpha-bar."""
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - betas.double()).cumprod(0)])


def between(alpha_bar: Tensor, k: Tensor) -> Tensor:
    """Share at indices k that need not be whole: the log goes straight from one index to the next."""
    k = k.double().clamp(0, len(alpha_bar) - 1)
    low = k.floor().long().clamp(max=len(alpha_bar) - 2)
    logs = alpha_bar.double().log()
    return torch.lerp(logs[low], logs[low + 1], k - low).exp()


def posterior_variance(n: SimpleNamespace) -> Tensor:
    """The paper's beta-tilde, from the numbers of a step: beta (1 - before) / (1 - bar)."""
    return n.beta * (1 - n.before) / (1 - n.bar)


def root_weights(share: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of the chain: standard deviations, whose squares add up to one."""
    return share.sqrt(), (1 - share).clamp(min=0).sqrt()


WRONG_WEIGHTS: dict[str, Weights] = {
    "root missing on the data": lambda a: (a, (1 - a).sqrt()),
    "root missing on the noise": lambda a: (a.sqrt(), 1 - a),
    "both roots missing": lambda a: (a, 1 - a),
    "weights that add up to one": lambda a: (a.sqrt(), 1 - a.sqrt()),
    "root taken twice": lambda a: (a.sqrt(), (1 - a.sqrt()).sqrt()),
    "data and noise swapped": lambda a: ((1 - a).sqrt(), a.sqrt()),
}
"""Wrong weights whose words stand in the catalogue."""


def wrong_weights(rule: Callable[[Weights], Function]) -> dict[str, Mistake]:
    """Known mistakes of an exercise in which the weights are the whole answer."""
    twice = rule(lambda a: (a.sqrt().sqrt(), (1 - a.sqrt()).sqrt()))
    return recurring({name: rule(weights) for name, weights in WRONG_WEIGHTS.items()}) | alike(
        "The root is taken of the factors before they are multiplied, or of the share or its logarithm, and "
        "then once more. The product of the *variances'* factors needs one root.",
        {"both roots taken twice": twice},
    )


class Predictor(RecordingField):
    """A network that answers with the noise in a state, called as net(x, k), and keeps a record of its calls.

    Args:
        rule: its answers to states (rows, dim) and indices (rows, 1).
        dim: length of one state.
    """

    second: ClassVar[str] = "the index second: a whole number, or a tensor of shape ({rows},)"

    def __init__(self, rule: Rule, dim: int = 2) -> None:
        super().__init__(rule, dim, "net")
        self.__name__ = "net"  # so that Python's own messages call it by that name


def of_point(alpha_bar: Tensor, z: Tensor) -> Predictor:
    """The exact network for data that are one point, z (dim,)."""

    def rule(x: Tensor, k: Tensor) -> Tensor:
        left = between(alpha_bar, k).to(x)
        return (x - left.sqrt() * z.to(x)) / (1 - left).sqrt().clamp(min=1e-9)

    return Predictor(rule, z.shape[-1])


def facts_hold(facts: Iterator[Fact]) -> Generator[Fact, None, bool]:
    """Hand facts on as they come; the value of `yield from` tells whether all of them hold."""
    held = True
    for fact in facts:
        held = held and fact.holds()
        yield fact
    return held


TWICE = "Your step asks the network twice. Keep its answer under a name."


def changed_share(one: Tensor, other: Tensor) -> Fact:
    """Whether a function gave two results for the same arguments."""
    hint = (
        "Asked twice with the same arguments, your function answers differently. What is asked for here is "
        "determined by the arguments: is something drawn, or kept from one call to the next?"
    )
    changed = float((one != other).double().mean())
    return Fact("random result", "share that changes with the call", 0.0, changed, hint)


def questions(net: Predictor, x: Tensor, k: int) -> Iterator[Fact]:
    """Whether the network was asked in a step from the states `x` at the index `k`, and about what."""
    hint = (
        "Your function never asks the network. Only the network knows which noise is in a state: call it, "
        "as in `net(x, k)`, and use its answer."
    )
    if not net.calls:
        yield Fact("net not asked", "questions to the network", 1.0, 0.0, hint)
        return
    hint = (
        "The network should be asked about the state `x` at the index `k`, as they were given. What do you "
        "hand to it, in each of your calls?"
    )
    told = torch.stack([net.times().min(), net.times().max()])
    what = f"indices told at k = {k}"
    yield Fact("network told another index", what, torch.tensor([k, k]).double(), told, hint)
    shown = torch.cat([call.x.reshape(-1, net.dim) for call in net.calls]).double()
    away = 0.0  # of single rows or a part of them nothing is said
    if len(shown) % len(x) == 0:
        away = float((shown.reshape(-1, *x.shape) - x).abs().max() / x.abs().max())
    if away > 1e-3:
        what = "distance of states shown from `x`"
        yield Fact("network shown another state", what, 0.0, away, hint)
