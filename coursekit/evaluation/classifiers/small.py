"""The classifier of small digits on a larger canvas: it looks at a window around the ink."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import torch
from torch import Tensor, nn

from ...base import ink_centre, resample

WINDOW = 10
"""Pixels along a side of the window."""
FLOOR = 0.15
"""Fainter ink is taken for paper: a generator leaves a haze."""


class WindowNet(nn.Module):
    """A network that reads a digit in a window of 10 x 10 pixels: two hidden layers, of 256 and 64 units.

    >>> WindowNet()(torch.zeros(2, 100)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(WINDOW**2, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU())
        self.head = nn.Linear(64, 10)

    def forward(self, windows: Tensor) -> Tensor:
        """Logarithms of the odds of each digit, up to a constant, for windows (n, 100): (n, 10)."""
        return self.head(self.hidden(windows))


def ink_of(images: Tensor) -> Tensor:
    """Ink of images (…, 1, size, size) with pixels in [-1, 1]: (…, size, size) from 0 to 1, haze removed."""
    ink = (images[..., 0, :, :].detach().float().cpu().clamp(-1, 1) + 1) / 2
    return torch.where(ink > FLOOR, ink, 0.0)


def windows_of(ink: Tensor) -> Tensor:
    """Windows around the centre of the ink (n, size, size) as rows, (n, 100)."""
    centre = ink_centre(ink)
    middle = torch.full_like(centre, (WINDOW - 1) / 2)
    return resample(ink, WINDOW, centre, middle).flatten(1)


@dataclass(frozen=True, eq=False)
class WindowClassifier:
    """A classifier of single digits anywhere on blank paper, and of pairs side by side.

    Args:
        net: a trained `WindowNet` on the CPU, in evaluation mode.

    >>> judge = WindowClassifier(WindowNet().eval())
    >>> judge.classify(torch.zeros(2, 8, 1, 16, 16)).shape
    torch.Size([2, 8])
    """

    net: WindowNet

    @torch.no_grad()
    def classify(self, images: Tensor) -> Tensor:
        """Read one digit in each of the images (…, 1, size, size), pixels in [-1, 1]: (…) labels."""
        ink = ink_of(images)
        return self.net(windows_of(ink.flatten(0, -3))).argmax(1).reshape(ink.shape[:-2])

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Describe the digits in images (…, 1, size, size) by the last hidden layer: (…, 64) float64."""
        ink = ink_of(images)
        hidden = self.net.hidden(windows_of(ink.flatten(0, -3))).double()
        return hidden.reshape(*ink.shape[:-2], -1)

    def read_pairs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Read the digits in the left and in the right half of images (n, 1, size, size): (n,) twice."""
        half = images.shape[-1] // 2
        paper = torch.full_like(images[..., :half], -1.0)
        left, right = images[..., :half], images[..., half:]
        return self.classify(torch.cat([left, paper], -1)), self.classify(torch.cat([paper, right], -1))


@cache
def window_classifier() -> WindowClassifier:
    """Return the classifier of small digits on a larger canvas, read from the package and kept.

    It was trained on the training part of `data.digits()` alone; `python tools/make_window_classifier.py`
    makes it and records its accuracy on the held-out part.

    >>> window_classifier().classify(data.moving_digits(3).frames).shape
    torch.Size([3, 8])
    """
    from safetensors.torch import load_file

    net = WindowNet()
    with as_file(files("coursekit") / "weights" / "window_classifier.safetensors") as path:
        net.load_state_dict(load_file(path))
    return WindowClassifier(net.eval().requires_grad_(False))
