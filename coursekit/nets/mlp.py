"""A plain network for points of a plane or a line."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..base import Time, as_time


class MLP(nn.Module):
    """A plain network for points of a plane or a line: from state and time to velocity.

    Args:
        dim: number of axes of the states.
        hidden: units in each hidden layer.
        layers: number of hidden layers, at least 1.
        gain: factor on state and time. Above 1 the first units start steep, and edges of the data are
            learnt in fewer steps.
    Raises:
        ValueError: a size is below 1.

    >>> MLP(2)(torch.randn(5, 2), 0.5).shape
    torch.Size([5, 2])
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
        """Predict the velocity at states and times.

        Args:
            x: states, (batch, dim).
            t: times in [0, 1], a float, (batch,) or (batch, 1).
        Returns:
            (batch, dim), data units per unit time.
        Raises:
            ValueError: `x` or `t` has the wrong shape.
        """
        if x.dim() != 2 or x.shape[1] != self.config["dim"]:
            raise ValueError(
                f"states have shape {tuple(x.shape)}, but this network was built for (batch, "
                f"{self.config['dim']}); build it with another dim, or use a network of images"
            )
        return self.stack(self.config["gain"] * torch.cat([x, as_time(t, x)], dim=-1))
