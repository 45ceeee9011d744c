"""Networks that stand in for a vector field: called as net(x, t), or net(x, t, y) with a label."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from .times import Time, as_time


def _check_vectors(x: Tensor, dim: int) -> None:
    if x.dim() != 2 or x.shape[1] != dim:
        raise ValueError(
            f"states have shape {tuple(x.shape)}, but this network was made for (batch, {dim}); "
            "flatten images first, or build the network with another dim"
        )


def _silent(layer: nn.Linear) -> nn.Linear:
    """Let a layer start with nothing to say: weights and bias zero."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class FourierTime(nn.Module):
    """Turn a time into waves of several speeds, so that a network can tell close times apart.

        t -> sin(pi f_k t), cos(pi f_k t),   f_k from 1 to `fastest` in a geometric row

    After the positional encoding of Vaswani et al. 2017. A wave of speed 1 goes through half a turn
    between noise and data, so t = 0 and t = 1 stay distinct.

    Args:
        waves: number of speeds, at least 2; the result has twice as many numbers.
        fastest: the largest speed, half turns per unit time.
    """

    speeds: Tensor

    def __init__(self, waves: int = 16, fastest: float = 16.0) -> None:
        super().__init__()
        row = torch.exp(torch.linspace(0.0, math.log(fastest), waves))
        self.register_buffer("speeds", math.pi * row, persistent=False)  # made again when loaded

    def forward(self, t: Tensor) -> Tensor:
        """Embed times (batch, 1) as (batch, 2 waves), values in [-1, 1]."""
        angle = t * self.speeds
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class MLP(nn.Module):
    """A plain network for points of a plane or a line: state and time in, velocity out.

    Args:
        dim: number of axes of the states.
        hidden: units in each hidden layer.
        layers: number of hidden layers, at least 1.
        gain: what state and time are multiplied by. Above 1 the first units start steep, and edges of
            the data are learnt in fewer steps.
    Raises:
        ValueError: a size is below 1.
    """

    def __init__(self, dim: int, hidden: int = 64, layers: int = 3, gain: float = 4.0) -> None:
        super().__init__()
        if min(dim, hidden, layers) < 1:
            raise ValueError(f"dim={dim}, hidden={hidden}, layers={layers}: each must be at least 1")
        self.config = {"dim": dim, "hidden": hidden, "layers": layers, "gain": gain}
        widths = [dim + 1] + [hidden] * layers
        stack = [m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.SiLU())]
        self.stack = nn.Sequential(*stack, nn.Linear(hidden, dim))

    def forward(self, x: Tensor, t: Time) -> Tensor:
        """Velocity that the network gives at states and times.

        Args:
            x: states, (batch, dim).
            t: times in [0, 1], a float, (batch,) or (batch, 1).
        Returns:
            (batch, dim), data units per unit time.
        Raises:
            ValueError: `x` or `t` has another shape.
        """
        _check_vectors(x, int(self.config["dim"]))
        return self.stack(self.config["gain"] * torch.cat([x, as_time(t, x)], dim=-1))


class FiLMBlock(nn.Module):
    """A residual layer whose units are scaled and shifted by time and label.

        x -> x + B silu(A norm(x) * (1 + scale) + shift)

    FiLM, feature-wise linear modulation: Perez et al. 2018. Scale, shift and B start at zero, so
    that a fresh block passes its input on and a stack of them trains from the first step.

    Args:
        hidden: number of units.
        condition: numbers in the conditioning vector.
    """

    def __init__(self, hidden: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False)
        self.film = _silent(nn.Linear(condition, 2 * hidden))
        self.inward, self.outward = nn.Linear(hidden, hidden), _silent(nn.Linear(hidden, hidden))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Pass features (batch, hidden) on, changed by a condition (batch, condition)."""
        scale, shift = self.film(condition).chunk(2, dim=-1)
        middle = self.inward(self.norm(x)) * (1 + scale) + shift
        return x + self.outward(nn.functional.silu(middle))


class FiLMMLP(nn.Module):
    """A residual network for vectors with labels; time and label scale and shift its units.

    Labels run from 0 to classes - 1. One more label, `null` = classes, means "no label given": it is
    what classifier-free guidance trains the unconditional field on (Ho & Salimans 2022). With the
    default sizes and 64 pixels the network has about 170,000 parameters. The output starts at zero.

    Args:
        dim: number of axes of the states.
        classes: number of labels, the null label not counted.
        hidden: units in each block.
        blocks: number of residual blocks.
        condition: numbers in the vector that time and label are embedded in.
    Raises:
        ValueError: a size is below 1.
    """

    def __init__(
        self, dim: int, classes: int, hidden: int = 160, blocks: int = 2, condition: int = 64
    ) -> None:
        super().__init__()
        self.config = {
            "dim": dim,
            "classes": classes,
            "hidden": hidden,
            "blocks": blocks,
            "condition": condition,
        }
        if min(self.config.values()) < 1:
            raise ValueError(f"every size must be at least 1, but they are {self.config}")
        self.null = classes
        waves = FourierTime()
        self.time = nn.Sequential(waves, nn.Linear(2 * len(waves.speeds), condition))
        self.label = nn.Embedding(classes + 1, condition)
        self.inward = nn.Linear(dim, hidden)
        self.blocks = nn.ModuleList(FiLMBlock(hidden, condition) for _ in range(blocks))
        last = _silent(nn.Linear(hidden, dim))
        self.outward = nn.Sequential(nn.LayerNorm(hidden, elementwise_affine=False), nn.SiLU(), last)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Velocity that the network gives at states and times, for the labels wished for.

        Args:
            x: states, (batch, dim).
            t: times in [0, 1], a float, (batch,) or (batch, 1).
            y: labels, (batch,) whole numbers from 0 to `null`.
        Returns:
            (batch, dim), data units per unit time.
        Raises:
            ValueError: `x`, `t` or `y` has another shape.
        """
        _check_vectors(x, self.config["dim"])
        if y.shape != x.shape[:1]:
            raise ValueError(f"labels have shape {tuple(y.shape)}; give one for each state, ({len(x)},)")
        condition = nn.functional.silu(self.time(as_time(t, x)) + self.label(y))
        features = self.inward(x)
        for block in self.blocks:
            features = block(features, condition)
        return self.outward(features)
