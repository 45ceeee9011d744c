"""The classifier of 28 x 28 digits: a small convolutional network, trained beforehand and shipped."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import torch
from torch import Tensor, nn

BATCH = 500  # images evaluated together: 25 MB in the widest layer


def _layer(channels: int, wider: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, wider, 3, padding=1, bias=False), nn.BatchNorm2d(wider), nn.ReLU()]


class ConvNet(nn.Module):
    """A convolutional network that reads 28 x 28 digits: four layers of 3 x 3, then 64 hidden units.

    LeCun, Bottou, Bengio & Haffner 1998, with batch normalisation, Ioffe & Szegedy 2015.

    >>> ConvNet()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        halved = nn.MaxPool2d(2)
        self.conv = nn.Sequential(
            *_layer(1, 16), halved, *_layer(16, 32), *_layer(32, 32), halved, *_layer(32, 64), halved
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(64 * 3 * 3, 64), nn.ReLU())
        self.head = nn.Linear(64, 10)

    def hidden(self, images: Tensor) -> Tensor:
        """Values of the last hidden layer for images (n, 1, 28, 28): (n, 64), none negative."""
        return self.fc(self.conv(images))

    def forward(self, images: Tensor) -> Tensor:
        """Logarithms of the odds of each digit, up to a constant: (n, 10)."""
        return self.head(self.hidden(images))


@dataclass(frozen=True, eq=False)
class MNISTClassifier:
    """A classifier of 28 x 28 digits, with the methods of those of small digits.

    Args:
        net: a trained `ConvNet` on the CPU, in evaluation mode.

    >>> classifier = MNISTClassifier(ConvNet().eval())
    >>> classifier.features(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 64])
    """

    net: ConvNet

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Describe images by the network's last hidden layer: (n, 64) float64, none negative.

        Args:
            images: (n, 1, 28, 28), pixels in [-1, 1], on any device.
        Raises:
            ValueError: the images have the wrong shape.
        """
        if images.ndim != 4 or images.shape[1:] != (1, 28, 28):
            raise ValueError(
                f"images have shape {tuple(images.shape)}; this classifier takes (n, 1, 28, 28): rows of "
                "pixels are reshaped by images.reshape(-1, 1, 28, 28); digit_classifiers() takes 8 x 8 images"
            )
        parts = [self.net.hidden(part.float().cpu()).double() for part in images.detach().split(BATCH)]
        return torch.cat(parts) if parts else torch.empty(0, 64, dtype=torch.float64)

    @torch.no_grad()
    def classify(self, images: Tensor) -> Tensor:
        """Classify each of the images: (n,) labels.

        Args:
            images: (n, 1, 28, 28), pixels in [-1, 1], on any device.
        Raises:
            ValueError: the images have the wrong shape.
        """
        return self.net.head(self.features(images).float()).argmax(1)


@cache
def mnist_classifier() -> MNISTClassifier:
    """Return the classifier of MNIST, read from the package at the first call and kept for the process.

    It was trained on the 60,000 training images alone; `python tools/make_classifier.py` makes it
    and records its accuracy on the 10,000 test images.

    >>> mnist_classifier().classify(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3])
    """
    from safetensors.torch import load_file

    net = ConvNet()
    with as_file(files("coursekit") / "weights" / "mnist_classifier.safetensors") as path:
        net.load_state_dict(load_file(path))
    return MNISTClassifier(net.eval().requires_grad_(False))
