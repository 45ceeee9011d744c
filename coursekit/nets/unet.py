"""A U-Net: convolutions on a stack of scales, with skip connections between the way down and the way up."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from ..base import Time
from .conditioning import FiLM, ImageNetwork, zero_init


class ConvBlock(nn.Module):
    """A residual layer on images whose channels are scaled and shifted by time and label.

        x -> x + B silu( film(norm(A silu(norm(x))), c) )

    A and B are 3 × 3 convolutions. B starts at zero, so that a fresh block passes its input on. After Ho et
    al. 2020 and Dhariwal & Nichol 2021.

    Args:
        width: number of channels, a multiple of 8.
        cond_dim: length of the conditioning vector.

    >>> ConvBlock(width=16, cond_dim=64)(torch.randn(2, 16, 8, 8), torch.randn(2, 64)).shape
    torch.Size([2, 16, 8, 8])
    """

    def __init__(self, width: int, cond_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2, self.film = nn.GroupNorm(8, width, affine=False), FiLM(cond_dim, width)
        self.conv2 = zero_init(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Pass features (batch, width, height, width) on, changed by a condition (batch, cond_dim)."""
        middle = self.conv1(silu(self.norm1(x)))
        return x + self.conv2(silu(self.film(self.norm2(middle), condition, axis=1)))


class UNet(ImageNetwork):
    """A convolutional network of images that looks at several scales at once.

    On the way down, each level halves the side and doubles the channels: far pixels come together. On the
    way up the side doubles again, and a *skip connection* hands over the features of the same size from
    the way down, so that fine strokes are not lost. Ronneberger et al. 2015; for diffusion, Ho et al. 2020.

    Args:
        channels: numbers in each pixel.
        size: pixels along a side; sides that cannot be halved evenly are rounded up.
        classes: number of labels, the null label not counted.
        width: channels of the finest level, a multiple of 8; each further level has twice as many.
        levels: number of sizes, at least 1.
        blocks: residual blocks on each level, on either way.
        cond_dim: length of the vector that time and label are embedded in.
    Raises:
        ValueError: a size is below 1, or `width` is no multiple of 8.

    >>> net = UNet()
    >>> net(torch.randn(2, 1, 28, 28), 0.5, torch.tensor([3, net.null])).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        channels: int = 1,
        size: int = 28,
        classes: int = 10,
        width: int = 24,
        levels: int = 3,
        blocks: int = 1,
        cond_dim: int = 64,
    ) -> None:
        super().__init__(
            channels=channels,
            size=size,
            classes=classes,
            width=width,
            levels=levels,
            blocks=blocks,
            cond_dim=cond_dim,
        )
        if width % 8:
            raise ValueError(f"width = {width}; channels are normalised in 8 groups, so take a multiple of 8")
        widths = [width * 2**level for level in range(levels)]
        self.conv_in = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(_blocks(w, blocks, cond_dim) for w in widths)
        self.downsample = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.upsample_proj = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.fuse = nn.ModuleList(nn.Conv2d(2 * w, w, 1) for w in widths[:-1])
        self.up = nn.ModuleList(_blocks(w, blocks, cond_dim) for w in widths)
        last = zero_init(nn.Conv2d(width, channels, 3, padding=1))
        self.head = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), last)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Predict for states, times and labels, whose shapes are those of `ImageNetwork`."""
        condition = self.embed_condition(x, t, y)
        features, skips = self.conv_in(x), []
        for level, blocks in enumerate(self.down):
            if level:
                skips.append(features)
                features = self.downsample[level - 1](features)
            features = _through(blocks, features, condition)
        features = _through(self.up[-1], features, condition)
        for level in reversed(range(len(skips))):
            skip = skips[level]
            features = interpolate(self.upsample_proj[level](features), size=skip.shape[-2:])
            features = self.fuse[level](torch.cat([features, skip], dim=1))
            features = _through(self.up[level], features, condition)
        return self.head(features)


def _blocks(width: int, count: int, cond_dim: int) -> nn.ModuleList:
    return nn.ModuleList(ConvBlock(width, cond_dim) for _ in range(count))


def _through(blocks: nn.Module, features: Tensor, condition: Tensor) -> Tensor:
    for block in blocks:  # type: ignore[attr-defined]
        features = block(features, condition)
    return features
