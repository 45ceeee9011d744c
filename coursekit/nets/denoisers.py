"""Networks of token sequences: they see one with hidden places, and answer with logits for each place."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, embedding_bag, pad

from ..base import Time
from .conditioning import FiLM, zero_init
from .dit import AttentionBlock


class TokenNetwork(nn.Module):
    """A denoiser of token sequences: the base of both kinds.

    It is called as net(x, t), or net(x, t, y) with labels. States `x` (batch, length) are integers from 0 to
    `mask`, the index of a hidden place; the answer holds logits (batch, length, tokens) of the clean token of
    each place. The time is ignored: what is hidden says all that there is to know about it (Ou et al. 2025;
    Zheng et al. 2024). Labels `y` (batch,) run from 0 to `null`, which means "no label given" and is taken
    where none are.

    Args:
        tokens: size of the alphabet, the mark of a hidden place not counted.
        length: places of a sequence.
        classes: number of labels, the null label not counted; 0 for a network without labels.
        config: the other sizes it was made with, each at least 1.
    Raises:
        ValueError: a size is too small.

    >>> net = TokenMLP(tokens=65, length=9)
    >>> net.mask, net.event
    (65, (9,))
    """

    def __init__(self, tokens: int, length: int, classes: int = 0, **config: int) -> None:
        super().__init__()
        sizes = {"tokens": tokens, "length": length, **config}
        if min(sizes.values()) < 1 or classes < 0:
            raise ValueError(f"every size must be at least 1, and classes at least 0: {sizes}, {classes=}")
        self.config: dict[str, Any] = sizes | {"classes": classes}
        self.tokens, self.length, self.classes = tokens, length, classes
        self.mask = tokens
        """The index that marks a hidden place."""
        self.null = classes
        """The label that means "no label given"."""

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of a sequence: (length,)."""
        return (self.length,)

    def labels_of(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Check states and labels, and return the labels (batch,), the null label where none are given.

        Raises:
            ValueError: `x` is no batch of such sequences, `y` does not hold one label for each, or the
                network was built without labels and is given some.
        """
        if x.dim() != 2 or x.shape[1] != self.length or x.is_floating_point():
            raise ValueError(
                f"states have shape {tuple(x.shape)} and type {x.dtype}, but this network was built for "
                f"integers (batch, {self.length})"
            )
        if y is None:
            return torch.full((len(x),), self.null, device=x.device)
        if not self.classes:
            raise ValueError("this network was built without labels; call it as net(x, t)")
        if y.shape != x.shape[:1]:
            raise ValueError(f"labels have shape {tuple(y.shape)}; give one for each state, ({len(x)},)")
        return y


class TokenMLP(TokenNetwork):
    """A residual network of short sequences: each place has weights of its own for each token.

        h = sum over places of E[place, token],   h -> h + B relu( A norm(h) ),   logits = C norm(h)

    The sum is a linear map of the tokens written as one-hot vectors. B and C start at zero, so a new network
    answers that all tokens are equally probable (He et al. 2016 for the residual form).

    Args:
        tokens: size of the alphabet, the mark of a hidden place not counted.
        length: places of a sequence.
        hidden: width of the network.
        blocks: residual blocks.
        classes: number of labels, the null label not counted; 0 for a network without labels.
    Raises:
        ValueError: a size is too small.

    >>> net = TokenMLP(tokens=4, length=64, classes=10)
    >>> net(torch.full((3, 64), net.mask), 0.0, torch.tensor([0, 1, net.null])).shape
    torch.Size([3, 64, 4])
    """

    places: Tensor

    def __init__(
        self, tokens: int, length: int, hidden: int = 128, blocks: int = 2, classes: int = 0
    ) -> None:
        super().__init__(tokens, length, classes, hidden=hidden, blocks=blocks)
        self.embed = nn.Embedding(length * (tokens + 1), hidden)
        nn.init.normal_(self.embed.weight, std=len(self.embed.weight) ** -0.5)  # as a linear map
        self.label = nn.Embedding(classes + 1, hidden)
        if not classes:
            self.label.requires_grad_(False).weight.zero_()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden),
                nn.Linear(hidden, 2 * hidden),
                nn.ReLU(),
                zero_init(nn.Linear(2 * hidden, hidden)),
            )
            for _ in range(blocks)
        )
        self.norm, self.head = nn.LayerNorm(hidden), zero_init(nn.Linear(hidden, length * tokens))
        self.register_buffer("places", (tokens + 1) * torch.arange(length), persistent=False)

    def forward(self, x: Tensor, t: Time = 0.0, y: Tensor | None = None) -> Tensor:
        """Logits (batch, length, tokens) for states (batch, length) and labels (batch,)."""
        label = self.label(self.labels_of(x, y))
        features = embedding_bag(x + self.places, self.embed.weight, mode="sum") + label
        for block in self.blocks:
            features = features + block(features)
        return self.head(self.norm(features)).reshape(-1, self.length, self.tokens)


class ShortConvolution(nn.Module):
    """Let each place see its near neighbours: features -> features + convolution( norm(features) ).

    It starts as the identity. A causal one sees only the place itself and those before it.

    Args:
        width: features of each place.
        kernel: places that it sees, an odd number, the middle one, or if causal the last, its own.
        causal: whether it must not look ahead.

    >>> ShortConvolution(width=16, kernel=5)(torch.randn(2, 64, 16)).shape
    torch.Size([2, 64, 16])
    """

    def __init__(self, width: int, kernel: int, *, causal: bool = False) -> None:
        super().__init__()
        self.norm, self.mix = nn.LayerNorm(width), nn.Conv1d(width, width, kernel)
        nn.init.zeros_(self.mix.weight)
        self.sides = (kernel - 1, 0) if causal else (kernel // 2, kernel // 2)

    def forward(self, features: Tensor) -> Tensor:
        """Transform features (batch, places, width)."""
        return features + self.mix(pad(self.norm(features).transpose(1, 2), self.sides)).transpose(1, 2)


class TokenTransformer(TokenNetwork):
    """A transformer of longer sequences: every place can attend to every other.

    Each layer is the `AttentionBlock` of chapter 07, whose heads know how far apart two places lie, after a
    short convolution, which spells: neighbouring pieces of words need not find each other by attention. The
    label, where there is one, takes the part of time and label there.

    A *causal* one is no denoiser but the autoregressive twin: the logits of a place depend on the places
    before it alone, so that one call costs a whole sequence, -log p(z) = sum of -log p(z_i | z_1 … z_(i-1)).

    Args:
        tokens: size of the alphabet, the mark of a hidden place not counted.
        length: places of a sequence.
        width: features of each place.
        depth: number of layers.
        heads: number of attention heads, a divisor of `width`.
        classes: number of labels, the null label not counted; 0 for a network without labels.
        causal: whether a place's logits depend only on what stands before it.
        kernel: places that the short convolutions see, an odd number; 0 for layers without them.
        dropout: share of a layer's changes that is left out in training, from 0 to below 1.
    Raises:
        ValueError: a size is too small, `heads` does not divide `width`, `kernel` is even, or `dropout` lies
            outside.

    >>> net = TokenTransformer(tokens=512, length=64, width=32, depth=1)
    >>> net(torch.full((2, 64), net.mask), 0.0).shape
    torch.Size([2, 64, 512])
    """

    def __init__(
        self,
        tokens: int,
        length: int,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        classes: int = 0,
        *,
        causal: bool = False,
        kernel: int = 5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(tokens, length, classes, width=width, depth=depth, heads=heads)
        if width % heads or (kernel and kernel % 2 == 0) or kernel < 0 or not 0 <= dropout < 1:
            raise ValueError(
                f"heads = {heads} must divide width = {width}, kernel = {kernel} be odd or 0, and dropout = "
                f"{dropout} at least 0 and below 1"
            )
        self.config |= {"causal": causal, "kernel": kernel, "dropout": dropout}
        self.causal, self.dropout = causal, dropout
        cond_dim = width if classes else 1  # without labels the condition is one learnt number
        self.embed, self.label = nn.Embedding(tokens + 1, width), nn.Embedding(classes + 1, cond_dim)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(length, width))
        self.near = nn.ModuleList(
            ShortConvolution(width, kernel, causal=causal) for _ in range(depth * (kernel > 0))
        )
        self.blocks = nn.ModuleList(
            AttentionBlock(width, heads, cond_dim, length=length, causal=causal) for _ in range(depth)
        )
        self.norm, self.film = nn.LayerNorm(width, elementwise_affine=False), FiLM(cond_dim, width)
        self.head = zero_init(nn.Linear(width, tokens))

    def forward(self, x: Tensor, t: Time = 0.0, y: Tensor | None = None) -> Tensor:
        """Logits (batch, length, tokens) for states (batch, length) and labels (batch,)."""
        condition = self.label(self.labels_of(x, y))
        if self.causal:  # a place sees the one before it; the first sees the mark that nothing is known
            x = pad(x[:, :-1], (1, 0), value=self.mask)
        features = self._drop(self.embed(x) + self.pos_embed)
        for k, block in enumerate(self.blocks):
            if self.near:
                features = features + self._drop(self.near[k](features) - features)
            features = features + self._drop(block(features, condition) - features)
        return self.head(self.film(self.norm(features), condition))

    def _drop(self, features: Tensor) -> Tensor:
        return dropout(features, self.dropout, self.training) if self.dropout else features
