"""What several exercises of chapter 08 measure with: states on the line, and its three predictions."""

import torch
from torch import Tensor

NAMES = ("data", "noise", "velocity")
"""What a network can be asked for."""
POINTS = ((3, 3), (5, 2), (1, 4), (4, 1))
"""Batches (states, coordinates) to ask for; the first cannot tell an axis by its length."""
IMAGES = (2, 1, 3, 4), (3, 3, 3, 3)
"""Batches of images (states, channels, height, width), one of them not square."""


def drawn(t: Tensor, shape: tuple[int, ...]) -> dict[str, Tensor]:
    """State on the line at times `t` (batch, 1, …, 1), and what could be predicted there, in float64."""
    z, eps = torch.randn(2, *shape, dtype=torch.float64)
    return {"x": t * z + (1 - t) * eps, "data": z, "noise": eps, "velocity": z - eps}


def column(times: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Times (batch,) as a column for states of this shape, (batch, 1, …, 1), in float64."""
    return times.double().reshape(-1, *[1] * (len(shape) - 1))


LEAST = (0.25, 0.3, 0.2)
"""Clips of three batches for a loss: so large that what is clipped is seen in many rows."""
CLIPS = {
    "at most for at least": "You keep what you divide by from getting large, and it should be kept from "
    "getting small. `least` is the smallest number that may stand below the line.",
    "least added": "You add `least` to what you divide by, which changes it at all times. Only where it "
    "would be smaller than `least` should it be something else.",
}
"""What to tell of mistakes that both losses share."""
