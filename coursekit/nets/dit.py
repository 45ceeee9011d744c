"""A small diffusion transformer: an image as a sequence of patches that attend to one another."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from ..base import Time
from .conditioning import FiLM, ImageNetwork, zero_init


class AttentionBlock(nn.Module):
    """A transformer layer whose features are scaled and shifted by time and label.

        x -> x + O attention( film(norm(x), c) ),   x -> x + B gelu( A film(norm(x), c) )

    In *attention* each patch compares its query with the keys of all patches, and averages their values with
    the softmax of these scalar products as weights (Vaswani et al. 2017). The second layer acts on each patch
    alone. O and B start at zero, so that a new block is the identity. Peebles & Xie 2023, adaLN-zero.

    Args:
        width: features of each patch.
        heads: number of attention heads, a divisor of `width`.
        cond_dim: length of the conditioning vector.

    >>> AttentionBlock(width=96, heads=4, cond_dim=64)(torch.randn(2, 49, 96), torch.randn(2, 64)).shape
    torch.Size([2, 49, 96])
    """

    def __init__(self, width: int, heads: int, cond_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.film_attn, self.film_mlp = FiLM(cond_dim, width), FiLM(cond_dim, width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), zero_init(nn.Linear(width, width))
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), zero_init(nn.Linear(4 * width, width))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Transform features (batch, patches, width), conditioned on a vector (batch, cond_dim)."""
        qkv = self.qkv(self.film_attn(self.norm(x), condition))
        query, key, value = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value)  # (batch, heads, patches, width / heads)
        x = x + self.proj(mixed.transpose(1, 2).flatten(2))
        return x + self.fc2(gelu(self.fc1(self.film_mlp(self.norm(x), condition))))


class DiT(ImageNetwork):
    """A transformer of images, which are cut into square patches with a learnt position each.

    It has no built-in notion of neighbours: every patch can attend to every other from the first layer on.
    Peebles & Xie 2023, diffusion transformer. With a bottleneck a patch is read through a few numbers, a
    linear map of low rank, which suffices if clean patches lie near a plane of few dimensions: Li & He 2025.

    Args:
        channels: channels of the image.
        size: pixels along a side, a multiple of `patch`.
        classes: number of labels, the null label not counted.
        patch: pixels along a patch's side.
        width: features of each patch.
        depth: number of layers.
        heads: number of attention heads, a divisor of `width`.
        cond_dim: length of the vector that time and label are embedded in.
        bottleneck: numbers that a patch is reduced to before it is widened to `width` features; 0 for one
            linear map from its pixels to its features.
    Raises:
        ValueError: a size is below 1 (`bottleneck`: below 0), `patch` does not divide `size`, or `heads`
            does not divide `width`.

    >>> net = DiT(patch=14, bottleneck=16)
    >>> net(torch.randn(2, 1, 28, 28), 0.5, torch.tensor([3, net.null])).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        channels: int = 1,
        size: int = 28,
        classes: int = 10,
        patch: int = 4,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        cond_dim: int = 64,
        bottleneck: int = 0,
    ) -> None:
        super().__init__(
            channels=channels,
            size=size,
            classes=classes,
            patch=patch,
            width=width,
            depth=depth,
            heads=heads,
            cond_dim=cond_dim,
        )
        if size % patch or width % heads:
            raise ValueError(
                f"patch = {patch} must divide size = {size}, and heads = {heads} must divide width = {width}"
            )
        if bottleneck < 0:
            raise ValueError(f"bottleneck = {bottleneck}; give the numbers that a patch is reduced to, or 0")
        self.config["bottleneck"] = bottleneck  # the one size that may be 0
        pixels = channels * patch**2
        self.patch_embed = _patch_embedding(pixels, width, bottleneck)
        self.pos_embed = nn.Parameter(0.02 * torch.randn((size // patch) ** 2, width))
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, cond_dim) for _ in range(depth))
        self.norm, self.film = nn.LayerNorm(width, elementwise_affine=False), FiLM(cond_dim, width)
        self.head = zero_init(nn.Linear(width, pixels))

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Predict for states, times and labels, whose shapes are those of `ImageNetwork`."""
        condition = self.embed_condition(x, t, y)
        features = self.patch_embed(patchify(x, self.config["patch"])) + self.pos_embed
        for block in self.blocks:
            features = block(features, condition)
        return unpatchify(self.head(self.film(self.norm(features), condition)), x.shape)


def _patch_embedding(pixels: int, width: int, bottleneck: int) -> nn.Module:
    if not bottleneck:
        return nn.Linear(pixels, width)
    return nn.Sequential(nn.Linear(pixels, bottleneck, bias=False), nn.Linear(bottleneck, width))


def patchify(x: Tensor, patch: int) -> Tensor:
    """Cut images (batch, channels, size, size) into patches, (batch, patches, channels patch patch).

    >>> patchify(torch.zeros(2, 1, 28, 28), patch=4).shape
    torch.Size([2, 49, 16])
    """
    cut = x.unfold(2, patch, patch).unfold(3, patch, patch)  # (batch, channels, rows, columns, patch, patch)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, shape: torch.Size) -> Tensor:
    """Reassemble patches into images of a shape: the inverse of `patchify`.

    >>> x = torch.randn(2, 1, 8, 8)
    >>> torch.equal(unpatchify(patchify(x, 2), x.shape), x)
    True
    """
    batch, channels, size, _ = shape
    patch = round((patches.shape[-1] / channels) ** 0.5)
    row = size // patch
    cells = patches.reshape(batch, row, row, channels, patch, patch)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(shape)
