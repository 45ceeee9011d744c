"""Generate images, or clips, with the network of a finished run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base import Field, Time, atomic_write
from ..data import caption
from ..nets import ClipDiT, ImageNetwork, load_codec, pretrained
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


def data_of(folder: Path) -> str:
    """Name of the data that the network of a finished run was trained on."""
    name: str = json.loads((folder / "config.json").read_text(encoding="utf-8"))["data"]
    return name


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
    """Generate an image, or the latents of a clip, for each label.

    Args:
        net: called as net(x, t, y), with `config` and `null`.
        predict: what it predicts.
        y: labels, (n,), or several for each, (n, k), on the network's device.
        w: guidance scale.
        solver: "euler" or "heun".
        steps: steps from noise to image.
        seed: seed of the noise, which is drawn on the CPU and so the same on every device.
        clip: whether the data that a prediction of data or noise stands for are clipped to [-1, 1] in every
            step; of a velocity nothing is clipped, and no latents, which have no bounds.
    Returns:
        Images, (n, channels, size, size); values may lie a little outside [-1, 1]. Of clips the latents.
    """
    noise = torch.randn(len(y), *net.event, generator=torch.Generator().manual_seed(seed)).to(y.device)
    first = FIRST if predict == "noise" else 0.0
    images = [
        solve(
            _velocity(guided(net, labels, w), predict, clip and not isinstance(net, ClipDiT)),
            start,
            time_grid(steps, first, 1.0),
            solver,
        )
        for start, labels in zip(noise.split(AT_ONCE), y.split(AT_ONCE), strict=True)
    ]
    return torch.cat(images)


def _velocity(field: Field, predict: Prediction, clip: bool) -> Field:
    return field if predict == "velocity" else ImageVelocity(field, predict, clip)


def pictures_of(net: ImageNetwork, generated: Tensor) -> Tensor:
    """What was generated as pixels: images as they are, (n, channels, size, size), and clips decoded from
    latents.

    Returns clips as (n, frames, channels, size, size).
    """
    return load_codec().clips(generated.cpu()) if isinstance(net, ClipDiT) else generated


def save(images: Tensor, y: Tensor, path: Path) -> None:
    """Write images or clips to a file, whose name says what kind.

    Args:
        images: images (n, c, h, w), or clips (n, frames, c, h, w).
        y: labels, (n,), or several for each, (n, k).
        path: .npz for arrays, x in [-1, 1] and y; .png for one picture, of clips in strips; .gif for clips
        that
            move, side by side.
    Raises:
        ValueError: the name has another ending, or images are to move.
    """
    images, y = images.clamp(-1, 1).cpu(), y.cpu()
    moving = images.dim() == 5
    if path.suffix == ".npz":
        with atomic_write(path) as part:
            np.savez_compressed(part, x=images.numpy(), y=y.numpy())
    elif path.suffix == ".png":
        with atomic_write(path) as part:
            (draw_strips if moving else draw)(images, y, part)
    elif path.suffix == ".gif" and moving:
        with atomic_write(path) as part:
            animate(images, part)
    elif path.suffix == ".gif":
        raise ValueError(f"{path.name}: these are images, which do not move; write a .png or a .npz file")
    else:
        raise ValueError(
            f"{path.name} is neither .npz (numbers), .png (a picture) nor .gif (clips that move)"
        )


def draw(images: Tensor, y: Tensor, path: Path) -> None:
    """Draw images in a grid, a row for each label, or for each caption."""
    from matplotlib.figure import Figure

    from ..plots import digit_grid

    names, row = y.unique(dim=0, return_inverse=True)
    columns = min(20, max(1, int(torch.bincount(row).max())))
    size = images.shape[-1] + 1
    figure = Figure(figsize=(0.4 + columns * size * 0.03, 0.2 + len(names) * size * 0.03), dpi=150)
    axes = digit_grid(images, row if y.dim() == 2 else y, figure.add_subplot(), columns=columns)
    if y.dim() == 2:
        axes.set_yticks(axes.get_yticks(), [caption(words) or "(nothing)" for words in names])
    figure.savefig(path, bbox_inches="tight")


def _sheet(images: Tensor, columns: int, zoom: int) -> NDArray[np.uint8]:
    """Images (n, 1, h, w) side by side, ink black on white, as (height, width) of bytes."""
    n, _, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), 200, dtype=np.uint8)
    for place, image in enumerate((127.5 * (1 - images[:, 0])).round().byte().numpy()):
        top, left = (place // columns) * (height + 1), (place % columns) * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet.repeat(zoom, 0).repeat(zoom, 1)


def draw_strips(clips: Tensor, y: Tensor, path: Path) -> None:
    """Draw clips (n, frames, 1, h, w), one below the other, frame beside frame; at most 40."""
    from PIL import Image

    shown = clips[:40]
    Image.fromarray(_sheet(shown.flatten(0, 1), clips.shape[1], zoom=3)).save(path, format="png")


def animate(clips: Tensor, path: Path) -> None:
    """Write clips (n, frames, 1, h, w) as one that moves for ever, ten side by side."""
    from PIL import Image

    columns = min(10, len(clips))
    first, *rest = (
        Image.fromarray(_sheet(clips[:, frame], columns, zoom=4)) for frame in range(clips.shape[1])
    )
    first.save(path, format="gif", save_all=True, append_images=rest, duration=150, loop=0)
