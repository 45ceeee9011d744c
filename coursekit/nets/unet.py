"""A U-Net: convolutions on a stack of scales, with bridges between the way down and the way up."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from ..times import Time
from .conditioning import FiLM, ImageNetwork, silent


class ConvBlock(nn.Module):
    """A residual layer on images whose channels are scaled and shifted by time and label.

        x -> x + B silu( film(norm(A silu(norm(x))), c) )

    A and B are 3 × 3 convolutions. B starts at zero, so that a fresh block passes its input on. After Ho et
    al. 2020 and Dhariwal & Nichol 2021.

    Args:
        width: number of channels, a multiple of 8.
        condition: numbers in the conditioning vector.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.before = nn.GroupNorm(8, width)
        self.inward = nn.Conv2d(width, width, 3, padding=1)
        self.after, self.film = nn.GroupNorm(8, width, affine=False), FiLM(condition, width)
        self.outward = silent(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Pass features (batch, width, height, width) on, changed by a condition (batch, condition)."""
        middle = self.inward(silu(self.before(x)))
        return x + self.outward(silu(self.film(self.after(middle), condition, axis=1)))


class UNet(ImageNetwork):
    """A convolutional network of images that looks at several scales at once.

    On the way down, each level halves the side and doubles the channels: far pixels come together. On the
    way up the side doubles again, and a *bridge* hands over the features of the same size from the way
    down, so that fine strokes are not lost. Ronneberger et al. 2015; for diffusion, Ho et al. 2020.

    Args:
        channels: numbers in each pixel.
        size: pixels along a side; sides that cannot be halved evenly are rounded up.
        classes: number of labels, the null label not counted.
        width: channels of the finest level, a multiple of 8; each further level has twice as many.
        levels: number of sizes, at least 1.
        blocks: residual blocks on each level, on either way.
        condition: numbers in the vector that time and label are embedded in.
    Raises:
        ValueError: a size is below 1, or `width` is no multiple of 8.
    """

    def __init__(
        self,
        channels: int = 1,
        size: int = 28,
        classes: int = 10,
        width: int = 24,
        levels: int = 3,
        blocks: int = 1,
        condition: int = 64,
    ) -> None:
        super().__init__(
            channels=channels,
            size=size,
            classes=classes,
            width=width,
            levels=levels,
            blocks=blocks,
            condition=condition,
        )
        if width % 8:
            raise ValueError(f"width = {width}; channels are normalised in 8 groups, so take a multiple of 8")
        widths = [width * 2**level for level in range(levels)]
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(_blocks(w, blocks, condition) for w in widths)
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.merge = nn.ModuleList(nn.Conv2d(2 * w, w, 1) for w in widths[:-1])
        self.up = nn.ModuleList(_blocks(w, blocks, condition) for w in widths)
        last = silent(nn.Conv2d(width, channels, 3, padding=1))
        self.last = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), last)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Answer for states, times and labels; `ImageNetwork` says which shapes they have."""
        condition = self.heard(x, t, y)
        features, bridges = self.first(x), []
        for level, blocks in enumerate(self.down):
            if level:
                bridges.append(features)
                features = self.halve[level - 1](features)
            features = _through(blocks, features, condition)
        features = _through(self.up[-1], features, condition)
        for level in reversed(range(len(bridges))):
            bridge = bridges[level]
            features = interpolate(self.narrow[level](features), size=bridge.shape[-2:])
            features = self.merge[level](torch.cat([features, bridge], dim=1))
            features = _through(self.up[level], features, condition)
        return self.last(features)


def _blocks(width: int, count: int, condition: int) -> nn.ModuleList:
    return nn.ModuleList(ConvBlock(width, condition) for _ in range(count))


def _through(blocks: nn.Module, features: Tensor, condition: Tensor) -> Tensor:
    for block in blocks:  # type: ignore[attr-defined]
        features = block(features, condition)
    return features
