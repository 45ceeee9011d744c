"""Generate images with the network of a finished run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..base import Field, Time, atomic_write
from ..nets import ImageNetwork, pretrained
from ..paths import Prediction, convert
from ..solvers import solve, time_grid
from ..training import guided
from .config import PATH

SOLVERS = ("euler", "heun")
"""Names of the solvers that the command offers."""
AT_ONCE = 64
"""Images simulated together: many more would be slower, as their memory is allocated anew in every step."""
FIRST = 0.02
"""Start time for a network that predicts noise: at t = 0 the noise says nothing about the data."""


def load(folder: Path) -> tuple[ImageNetwork, Prediction]:
    """Read the network of a run and what it was trained to predict.

    Raises:
        ValueError: the folder holds no finished run.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        net = pretrained.load(folder / "model.safetensors")
    except FileNotFoundError as error:
        remedy = f"coursekit train … --out {folder} makes one"
        raise ValueError(f"{folder} holds no finished run; {remedy}") from error
    if not isinstance(net, ImageNetwork):
        raise ValueError(f"{folder} holds a network of points, not of images")
    return net, config["predict"]


@dataclass(frozen=True, eq=False)
class ImageVelocity:
    """The velocity of a field that predicts noise or data, with the predicted data clipped to [-1, 1] or not.

    At early times a small error in the noise is a large one in the image behind it, and no image lies outside
    [-1, 1]. Ho et al. 2020 clip in the same way.
    """

    field: Field
    predict: Prediction
    clip: bool = True
    singular_at: ClassVar[float] = 1.0

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        """Velocity at states `x` (batch, *event) and time `t` below 1, same shape."""
        z = convert(self.field(x, t), x, t, PATH, given=self.predict, wanted="data")
        z = z.clamp(-1, 1) if self.clip else z
        return convert(z, x, t, PATH, given="data", wanted="velocity")


def generate(
    net: ImageNetwork,
    predict: Prediction,
    y: Tensor,
    w: float,
    *,
    solver: str = "heun",
    steps: int = 20,
    seed: int = 0,
    clip: bool = True,
) -> Tensor:
    """Generate an image for each label.

    Args:
        net: called as net(x, t, y), with `config` and `null`.
        predict: what it predicts.
        y: labels, (n,), on the network's device.
        w: guidance scale.
        solver: "euler" or "heun".
        steps: steps from noise to image.
        seed: seed of the noise, which is drawn on the CPU and so the same on every device.
        clip: whether the data that a prediction of data or noise stands for are clipped to [-1, 1] in every
            step; of a velocity nothing is clipped.
    Returns:
        Images, (n, channels, size, size); values may lie a little outside [-1, 1].
    """
    noise = torch.randn(len(y), *net.event, generator=torch.Generator().manual_seed(seed)).to(y.device)
    first = FIRST if predict == "noise" else 0.0
    images = [
        solve(
            _velocity(guided(net, labels, w), predict, clip),
            start,
            time_grid(steps, first, 1.0),
            solver,
        )
        for start, labels in zip(noise.split(AT_ONCE), y.split(AT_ONCE), strict=True)
    ]
    return torch.cat(images)


def _velocity(field: Field, predict: Prediction, clip: bool) -> Field:
    return field if predict == "velocity" else ImageVelocity(field, predict, clip)


def save(images: Tensor, y: Tensor, path: Path) -> None:
    """Write images to a .npz file, x (n, c, h, w) in [-1, 1] and y (n,), or as one picture to a .png file.

    Raises:
        ValueError: the name has another ending.
    """
    images, y = images.clamp(-1, 1).cpu(), y.cpu()
    if path.suffix == ".npz":
        with atomic_write(path) as part:
            np.savez_compressed(part, x=images.numpy(), y=y.numpy())
    elif path.suffix == ".png":
        with atomic_write(path) as part:
            draw(images, y, part)
    else:
        raise ValueError(f"{path.name} is neither .npz (numbers) nor .png (a picture)")


def draw(images: Tensor, y: Tensor, path: Path) -> None:
    """Draw images in a grid, a row for each label."""
    from matplotlib.figure import Figure

    from ..plots import digit_grid

    columns = min(20, max(1, int(torch.bincount(y).max())))
    size = images.shape[-1] + 1
    figure = Figure(figsize=(0.4 + columns * size * 0.03, 0.2 + len(y.unique()) * size * 0.03), dpi=150)
    digit_grid(images, y, figure.add_subplot(), columns=columns)
    figure.savefig(path, bbox_inches="tight")
