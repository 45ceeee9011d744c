"""Chains and networks that several exercises of this chapter measure with."""

from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from ...base import Time
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..shared.test_fields import RecordingField, Rule


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


class Predictor(RecordingField):
    """A network that answers with the noise in a state, called as net(x, k), and keeps a record of its calls.

    Args:
        rule: its answers to states (rows, dim) and indices (rows, 1).
        dim: length of one state.
    """

    def __init__(self, rule: Rule, dim: int = 2) -> None:
        super().__init__(rule, dim, "net")
        self.__name__ = "net"  # so that Python's own messages call it by that name

    def _times(self, t: Time, rows: Tensor) -> Tensor:
        if isinstance(t, int | float):
            return rows.new_full((len(rows), 1), float(t))
        if isinstance(t, Tensor) and t.numel() in (1, len(rows)):
            return t.to(rows).reshape(-1, 1).expand(len(rows), 1)
        raise Fault(
            "field misused",
            f"Your function calls `net` with {described(t)} as its second argument. It takes the states "
            f"first and the index second: a whole number, or a tensor of shape ({len(rows)},).",
        )


def of_point(alpha_bar: Tensor, z: Tensor) -> Predictor:
    """The exact network for data that are one point, or one point for each row: z (dim,) or (rows, dim)."""

    def rule(x: Tensor, k: Tensor) -> Tensor:
        left = between(alpha_bar, k).to(x)
        return (x - left.sqrt() * z.to(x)) / (1 - left).sqrt().clamp(min=1e-9)

    return Predictor(rule, z.shape[-1])


def watched(facts: Iterator[Fact]) -> Generator[Fact, None, bool]:
    """Hand facts on as they come; the value of `yield from` tells whether all of them hold."""
    held = True
    for fact in facts:
        held = held and fact.holds()
        yield fact
    return held


TWICE = "Your step asks the network twice. Keep its answer under a name."


NOT_ASKED = (
    "Your function never asks the network. Only the network knows which noise is in a state: call it, as in "
    "`net(x, k)`, and use its answer."
)
LOOK_ASKED = (
    "The network should be asked about the state `x` at the index `k`, as they were given. What do you hand "
    "to it?"
)


def heard(net: Predictor, x: Tensor, k: int) -> Fact:
    """What the network was told in a step from the states `x` at the index `k`, and whether it was asked."""
    if not net.calls:
        return Fact("net not asked", "questions to the network", 1.0, 0.0, NOT_ASKED)
    off = [(call.x - x).abs().max() for call in net.calls if call.x.shape == x.shape]
    away = torch.stack([*off, x.new_zeros(())]).max()
    what = f"indices told at k = {k}, and distance from `x`"
    came = torch.stack([net.times().min(), net.times().max(), away])
    return Fact("network misled", what, torch.tensor([k, k, 0.0]), came, LOOK_ASKED)
