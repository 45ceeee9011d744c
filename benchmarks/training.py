"""Training: `fit` beside a tight loop written by hand, and beside the loops of the peers' examples.

All train the same network on the same board with the flow-matching loss. The loop by hand has fused Adam and
nothing else: no schedule, no smoothed copy, no checks, no record.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

import coursekit
from coursekit.nets import MLP
from coursekit.training import EMA, fit, velocity_loss

from . import peers
from .rounds import Seconds, interleaved, ratios, spread, table

CASES = ((64, 3, 1_000, 100), (64, 3, 4_096, 40), (128, 4, 1_000, 40), (128, 4, 4_096, 15))


def by_hand(net: nn.Module, data: Tensor, steps: int, batch: int) -> Iterable[float]:
    """The tightest loop that we know."""
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    for _ in range(steps):
        z = data[torch.randint(len(data), (batch,))]
        eps, t = torch.randn_like(z), torch.rand(batch, 1)
        loss = (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        yield 0.0


def ours(net: nn.Module, data: Tensor, steps: int, batch: int, ema: bool = False) -> Iterable[float]:
    """`fit` with its schedule, its checks and its record, and a smoothed copy if asked for."""
    copy = EMA(net) if ema else None
    loss = velocity_loss(coursekit.GaussianPath())
    return (step.loss for step in fit(net, loss, data, steps, batch=batch, lr=1e-3, ema=copy))


def loops() -> dict[str, Callable[..., Iterable[float]]]:
    """Ours, the loop by hand, and those of the peers that are here, as they stand and with fused Adam."""
    known: dict[str, Callable[..., Iterable[float]]] = {
        "by hand": by_hand,
        "ours": ours,
        "ours, smoothed copy": lambda *words: ours(*words, ema=True),
    }
    for name, loop in (("torchcfm", peers.torchcfm_loop), ("flow_matching", peers.flow_matching_loop)):
        if peers.present(name):
            known[name] = loop
            known[f"{name}, fused"] = lambda *words, loop=loop: loop(*words, fused=True)
    return known


def timed(hidden: int, layers: int, batch: int, steps: int, rounds: int) -> Seconds:
    """Seconds of each loop for that many steps."""
    data, net = coursekit.Chessboard().sample(50_000), MLP(2, hidden=hidden, layers=layers)
    runs = {name: lambda loop=loop: list(loop(net, data, steps, batch)) for name, loop in loops().items()}
    return interleaved(runs, rounds)


def section(rounds: int = 15) -> str:
    """The part of the report about training: steps a second of ours over those of the others."""
    rows, others = [], [name for name in loops() if name != "ours"]
    for hidden, layers, batch, steps in CASES:
        seconds = timed(hidden, layers, batch, steps, rounds)
        speed = [spread(ratios(seconds, name, "ours")) for name in others]
        each = 1e3 * min(seconds["ours"]) / steps
        rows.append([f"{layers} × {hidden}", f"{batch:,}", f"{each:.2f}", *speed])
    return table(["network", "batch", "ours, ms a step", *(f"{name} / ours" for name in others)], rows)
