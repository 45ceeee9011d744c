"""What a training loop is watched on: three weights to be learnt, and a loss that keeps a record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from ..core.faults import Fault
from .common import column_of, matching_loss


class Line(nn.Module):
    """Three weights on the line: constant, time, and what a state has beyond its mean.

    Their three columns are uncorrelated on the path to data around 1.5, so every optimiser finds its way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64))

    def columns(self, x: Tensor, t: Tensor) -> Tensor:
        """Columns (rows, 3) at states (rows, 1) and times (rows, 1)."""
        return torch.cat([torch.ones_like(t), 2 * (3**0.5) * (t - 0.5), x - 1.5 * t], dim=1)

    def forward(self, x: Tensor, t: Tensor | float) -> Tensor:
        """Velocity (rows, 1)."""
        return (self.columns(x, column_of(t, x)) * self.weight).sum(1, keepdim=True)


class Watch:
    """A loss that keeps a record of every call: network, batch, weights, gradient and value."""

    def __init__(self, net: Line) -> None:
        self.net = net
        self.batches: list[Tensor] = []
        self.weights: list[Tensor] = []
        self.values: list[float] = []
        self.own: list[Tensor] = []
        self.held: list[Tensor] = []
        self.strangers = self.asked = 0
        self.busy = False
        net.weight.register_hook(self._reckoned)
        net.weight.register_post_accumulate_grad_hook(self._kept)

    def _reckoned(self, gradient: Tensor) -> None:
        self.asked += not self.busy

    def _kept(self, weight: Tensor) -> None:
        self.held.append(torch.zeros(3) if weight.grad is None else weight.grad.detach().double().clone())

    def __call__(self, net: Any, z: Tensor, *more: object) -> Tensor:
        """Flow-matching loss of a batch (rows, 1)."""
        if more or not isinstance(z, Tensor) or z.dim() != 2 or z.shape[1] != 1 or len(z) == 0:
            raise Fault(
                "loss misused",
                "Your function calls `loss` with something else than a network and a batch of data points. "
                "It is called as `loss(net, z)`, where `z` holds some rows of `data`.",
            )
        self.strangers += net is not self.net
        value = matching_loss(net, z.detach().double())
        self.batches.append(z.detach().clone())
        self.weights.append(self.net.weight.detach().clone())
        self.values.append(float(value.detach()))
        if net is self.net and value.requires_grad:
            self.busy = True
            self.own.append(torch.autograd.grad(value, self.net.weight, retain_graph=True)[0])
            self.busy = False
        return value


@contextmanager
def updates_of(net: Line) -> Iterator[list[Optimizer]]:
    """Keep a list of the updates that optimisers make of a network's weights."""
    made: list[Optimizer] = []

    def note(optimiser: Optimizer, args: object, more: object) -> None:
        if any(weight is net.weight for group in optimiser.param_groups for weight in group["params"]):
            made.append(optimiser)

    handle = register_optimizer_step_post_hook(note)
    try:
        yield made
    finally:
        handle.remove()


def _best(data: Tensor) -> tuple[Tensor, Tensor]:
    """Best weights of a Line by least squares, and the matrix that turns a miss into excess loss."""
    z = data.double().repeat(10, 1)
    t, eps = torch.rand(len(z), 1, dtype=torch.float64), torch.randn_like(z)
    rows = Line().columns(t * z + (1 - t) * eps, t)
    matrix = rows.T @ rows / len(z)
    return torch.linalg.solve(matrix, rows.T @ (z - eps) / len(z))[:, 0], matrix


def excess(net: Line, data: Tensor) -> float:
    """Excess loss of a trained Line over the best one, as a share of the excess that it started with."""
    best, matrix = _best(data)
    first, end = Line().weight.detach() - best, net.weight.detach() - best
    return min(float((end @ matrix @ end) / (first @ matrix @ first)), 1e3)
