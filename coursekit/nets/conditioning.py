"""Conditioning on time and label, the same for all networks of images."""

import math

import torch
from torch import Tensor, nn

from ..base import Time, as_time


def zero_init(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    """Zero-initialise a layer: weights and bias."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class TimeEmbedding(nn.Module):
    """Embed a time in sines and cosines of several frequencies, so that a network can resolve close times.

        t -> sin(pi f_k t), cos(pi f_k t),   f_k from 1 to `max_freq`, geometrically spaced

    After the positional encoding of Vaswani et al. 2017. A wave of frequency 1 completes half a
    period between noise and data, so t = 0 and t = 1 stay distinct.

    Args:
        n_freqs: number of frequencies, at least 2; the embedding has twice as many entries.
        max_freq: the highest frequency, half turns per unit time.

    >>> TimeEmbedding()(torch.tensor([[0.5]])).shape
    torch.Size([1, 32])
    """

    freqs: Tensor

    def __init__(self, n_freqs: int = 16, max_freq: float = 16.0) -> None:
        super().__init__()
        row = torch.exp(torch.linspace(0.0, math.log(max_freq), n_freqs))
        self.register_buffer("freqs", math.pi * row, persistent=False)  # made again when loaded

    def forward(self, t: Tensor) -> Tensor:
        """Embed times (batch, 1) as (batch, 2 n_freqs), values in [-1, 1]."""
        angle = t * self.freqs
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class ConditionEmbedding(nn.Module):
    """Embed a time and a label in one vector, which then modulates every block.

        c = silu( W embed(t) + b + E_y )

    Labels run from 0 to classes - 1. One more label, `null` = classes, means "no label given": it is what
    classifier-free guidance trains the unconditional field on (Ho & Salimans 2022). A state can have several
    labels, such as the words of a caption: then E_y is the sum of theirs, a *bag of words*, which does not
    change if they are put in another order.

    Args:
        classes: number of labels, the null label not counted.
        dim: length of the vector.

    >>> embed = ConditionEmbedding(classes=10, dim=64)
    >>> embed(torch.zeros(3, 1, 8, 8), 0.5, torch.arange(3)).shape
    torch.Size([3, 64])
    """

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        embed = TimeEmbedding()
        self.time = nn.Sequential(embed, nn.Linear(2 * len(embed.freqs), dim))
        self.label = nn.Embedding(classes + 1, dim)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Embed times, a float, (batch,) or (batch, 1, …, 1), and labels (batch,) or (batch, words).

        Returns (batch, dim). Raises ValueError if there is not one label, or one row, for each of the states.
        """
        if y.shape[:1] != x.shape[:1] or y.dim() > 2:
            raise ValueError(f"labels have shape {tuple(y.shape)}; give one for each state, ({len(x)},)")
        label = self.label(y)
        label = label.sum(1) if y.dim() == 2 else label
        return nn.functional.silu(self.time(as_time(t, x).flatten(1)) + label)

    def time_and_words(self, x: Tensor, t: Time, y: Tensor) -> tuple[Tensor, Tensor]:
        """Embed times alone, (batch, dim), and each word of captions (batch, words): (batch, words, dim)."""
        return nn.functional.silu(self.time(as_time(t, x).flatten(1))), self.label(y)


class FiLM(nn.Module):
    """Scale and shift features by a condition: how all networks of images are conditioned on time and label.

        features -> features * (1 + scale(c)) + shift(c)

    Feature-wise linear modulation, Perez et al. 2018. Scale and shift start at zero.

    Args:
        cond_dim: length of the conditioning vector.
        features: number of features, or of channels.

    >>> film = FiLM(cond_dim=64, features=16)
    >>> features = torch.ones(3, 16)
    >>> torch.equal(film(features, torch.randn(3, 64)), features)  # before training
    True
    """

    def __init__(self, cond_dim: int, features: int) -> None:
        super().__init__()
        self.to_scale_shift = zero_init(nn.Linear(cond_dim, 2 * features))

    def forward(self, features: Tensor, condition: Tensor, axis: int = -1) -> Tensor:
        """Modulate features, with theirs along `axis`, by a condition (batch, cond_dim); same shape.

        A condition of more axes, (batch, …, cond_dim), is broadcast against features (batch, …, features).
        """
        if condition.dim() > 2:
            scale, shift = self.to_scale_shift(condition).chunk(2, dim=-1)
            return features * (1 + scale) + shift
        shape = [1] * features.dim()
        shape[0], shape[axis] = len(features), -1
        scale, shift = (half.reshape(shape) for half in self.to_scale_shift(condition).chunk(2, dim=-1))
        return features * (1 + scale) + shift


class ImageNetwork(nn.Module):
    """A network of square images with labels, called as net(x, t, y): the base of all three kinds.

    The call takes states `x` (batch, channels, size, size), times `t` in [0, 1] as a float, (batch,) or
    (batch, 1, 1, 1), and labels `y` (batch,), integers from 0 to `null`. It returns a prediction of the
    shape of `x`, in data units per unit time if it was trained to predict a velocity, and raises ValueError
    if one of the three has the wrong shape.

    Args:
        config: the sizes it was made with, each at least 1; among them channels, size and classes.
    Raises:
        ValueError: a size is below 1.

    >>> UNet().null, UNet().event
    (10, (1, 28, 28))
    """

    def __init__(self, **config: int) -> None:
        super().__init__()
        if min(config.values()) < 1:
            raise ValueError(f"every size must be at least 1, but they are {config}")
        self.config = config
        self.null: int = config["classes"]
        """The label that means "no label given"."""
        self.condition = ConditionEmbedding(config["classes"], config["cond_dim"])

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of an image: (channels, size, size)."""
        return self.config["channels"], self.config["size"], self.config["size"]

    def embed_condition(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Check the states and embed their times and labels, (batch, cond_dim).

        Raises:
            ValueError: `x`, `t` or `y` has a shape that the network was not built for.
        """
        self.check_states(x)
        return self.condition(x, t, y)

    def check_states(self, x: Tensor) -> None:
        """Raise ValueError if the states have a shape that the network was not built for."""
        if x.shape[1:] != self.event:
            raise ValueError(
                f"states have shape {tuple(x.shape)}, but this network was built for (batch, "
                f"{', '.join(map(str, self.event))}); reshape them, or build it with other sizes"
            )
