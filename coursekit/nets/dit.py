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

    With a context, such as the words of a caption, there is a third layer between the two, *cross-attention*:
    queries of the patches, keys and values of the context (Vaswani et al. 2017; for images from words Rombach
    et al. 2022). With a length, each head adds a learnt number to the scalar product of two places that
    depends on how far the one lies behind the other: so the block knows order in time (Shaw, Uszkoreit &
    Vaswani 2018; in clips Ho et al. 2022, "Video diffusion models").

    Args:
        width: features of each patch.
        heads: number of attention heads, a divisor of `width`.
        cond_dim: length of the conditioning vector.
        context_dim: features of the context; 0 for a block without cross-attention.
        length: places of the sequences, for numbers that depend on their distance; 0 for none.
        causal: whether a place attends only to itself and to those before it, which takes a `length`.

    >>> AttentionBlock(width=96, heads=4, cond_dim=64)(torch.randn(2, 49, 96), torch.randn(2, 64)).shape
    torch.Size([2, 49, 96])
    >>> block = AttentionBlock(width=96, heads=4, cond_dim=64, context_dim=64)
    >>> block(torch.randn(2, 16, 96), torch.randn(2, 64), torch.randn(2, 6, 64)).shape
    torch.Size([2, 16, 96])
    """

    def __init__(
        self,
        width: int,
        heads: int,
        cond_dim: int,
        *,
        context_dim: int = 0,
        length: int = 0,
        causal: bool = False,
    ) -> None:
        super().__init__()
        if causal and not length:
            raise ValueError("a causal block must know the length of the sequences; give length=")
        self.heads, self.length, self.causal, self.has_context = heads, length, causal, context_dim > 0
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.film_attn, self.film_mlp = FiLM(cond_dim, width), FiLM(cond_dim, width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), zero_init(nn.Linear(width, width))
        if context_dim:
            self.query, self.key_value = nn.Linear(width, width), nn.Linear(context_dim, 2 * width)
            self.cross_proj = zero_init(nn.Linear(width, width))
        if length:  # far apart at the start, so that heads look at different distances
            self.distance = nn.Parameter(torch.randn(heads, 2 * length - 1))
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), zero_init(nn.Linear(4 * width, width))

    def forward(self, x: Tensor, condition: Tensor, context: Tensor | None = None) -> Tensor:
        """Transform features (batch, …, patches, width), which attend to one another along the last but one
        axis.

        They are conditioned on a vector (batch, cond_dim), or on one that is broadcast against the features,
        (batch, …, cond_dim), and on a context (batch, words, context_dim). Raises ValueError if the block was
        built for a context and there is none, or the other way round.
        """
        if self.has_context != (context is not None):
            raise ValueError(f"the block {'needs a' if self.has_context else 'takes no'} context")
        query, key, value = self._heads(self.qkv(self.film_attn(self.norm(x), condition)), 3)
        mixed = scaled_dot_product_attention(query, key, value, self._by_distance())
        x = x + self.proj(mixed.transpose(-2, -3).flatten(-2))
        if context is not None:
            (query,) = self._heads(self.query(self.norm(x)), 1)
            key, value = self._heads(self.key_value(context), 2)
            mixed = scaled_dot_product_attention(query, key, value)
            x = x + self.cross_proj(mixed.transpose(-2, -3).flatten(-2))
        return x + self.fc2(gelu(self.fc1(self.film_mlp(self.norm(x), condition))))

    def _heads(self, features: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Cut (…, places, parts width) into parts (…, heads, places, width / heads)."""
        return features.unflatten(-1, (parts, self.heads, -1)).transpose(-2, -4).unbind(-3)

    def _by_distance(self) -> Tensor | None:
        """What is added to the scalar product of query i and key j: (heads, length, length)."""
        if not self.length:
            return None
        places = torch.arange(self.length, device=self.distance.device)
        behind = places[:, None] - places[None, :]
        added = self.distance[:, behind + self.length - 1]
        return torch.where(behind < 0, -torch.inf, added) if self.causal else added


class DiT(ImageNetwork):
    """A transformer of images, which are cut into square patches with a learnt position each.

    It has no built-in notion of neighbours: every patch can attend to every other from the first layer on.
    Peebles & Xie 2023, diffusion transformer. With a bottleneck a patch is read through a few numbers, a
    linear map of low rank, which suffices if clean patches lie near a plane of few dimensions: Li & He 2025.

    With `words` it is conditioned on a caption: each patch attends to the words, whose embeddings bear learnt
    places, so that "a three left of a seven" and "a seven left of a three" differ (Rombach et al. 2022).
    Without, it also takes several labels for an image, and adds their embeddings up: a bag of words.

    Args:
        channels: channels of the image.
        size: pixels along a side, a multiple of `patch`.
        classes: number of labels, or of words in the vocabulary, the null label not counted.
        patch: pixels along a patch's side.
        width: features of each patch.
        depth: number of layers.
        heads: number of attention heads, a divisor of `width`.
        cond_dim: length of the vector that time and label are embedded in.
        bottleneck: numbers that a patch is reduced to before it is widened to `width` features; 0 for one
            linear map from its pixels to its features.
        words: words of a caption, for cross-attention; 0 for labels that modulate the features.
    Raises:
        ValueError: a size is below 1 (`bottleneck` and `words`: below 0), `patch` does not divide `size`, or
            `heads` does not divide `width`.

    >>> net = DiT(patch=14, bottleneck=16)
    >>> net(torch.randn(2, 1, 28, 28), 0.5, torch.tensor([3, net.null])).shape
    torch.Size([2, 1, 28, 28])
    >>> net = DiT(size=16, classes=len(data.VOCABULARY), words=6)
    >>> net(torch.randn(1, 1, 16, 16), 0.5, data.word_indices("a three left of a seven")[None]).shape
    torch.Size([1, 1, 16, 16])
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
        words: int = 0,
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
        check_divisors(size, patch, width, heads)
        if bottleneck < 0:
            raise ValueError(f"bottleneck = {bottleneck}; give the numbers that a patch is reduced to, or 0")
        if words < 0:
            raise ValueError(f"words = {words}; give the number of words in a caption, or 0")
        self.words = words
        self.config |= {"bottleneck": bottleneck} | ({"words": words} if words else {})  # these may be 0
        pixels = channels * patch**2
        self.patch_embed = _patch_embedding(pixels, width, bottleneck)
        self.pos_embed = nn.Parameter(0.02 * torch.randn((size // patch) ** 2, width))
        if words:
            self.word_place = nn.Parameter(0.5 * torch.randn(words, cond_dim))
        self.blocks = nn.ModuleList(
            AttentionBlock(width, heads, cond_dim, context_dim=cond_dim * bool(words)) for _ in range(depth)
        )
        self.norm, self.film = nn.LayerNorm(width, elementwise_affine=False), FiLM(cond_dim, width)
        self.head = zero_init(nn.Linear(width, pixels))

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Predict for states, times and labels, whose shapes are those of `ImageNetwork`."""
        condition, context = self._condition_and_context(x, t, y)
        features = self.patch_embed(patchify(x, self.config["patch"])) + self.pos_embed
        for block in self.blocks:
            features = block(features, condition, context)
        return unpatchify(self.head(self.film(self.norm(features), condition)), x.shape)

    def _condition_and_context(self, x: Tensor, t: Time, y: Tensor) -> tuple[Tensor, Tensor | None]:
        if not self.words:
            return self.embed_condition(x, t, y), None
        self.check_states(x)
        if y.shape != (len(x), self.words):
            wanted = f"{self.words} words for each state, {(len(x), self.words)}"
            raise ValueError(f"captions have shape {tuple(y.shape)}; give {wanted}")
        condition, context = self.condition.time_and_words(x, t, y)
        return condition, context + self.word_place


def check_divisors(size: int, patch: int, width: int, heads: int) -> None:
    """Raise ValueError unless patches fill an image, and heads share the features evenly."""
    if size % patch or width % heads:
        raise ValueError(
            f"patch = {patch} must divide size = {size}, and heads = {heads} must divide width = {width}"
        )


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
