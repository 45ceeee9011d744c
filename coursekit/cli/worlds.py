"""What the four data sets give to training: states and labels in two tensors."""

from typing import get_args

import torch
from torch import Generator, Tensor

from ..data import moving_digits, placed_digits
from ..nets import load_codec
from .config import DATA, DataName

PICTURES = 20_000
"""Pictures with captions to train on."""
CLIPS = 40_000
"""Clips to train on; only their latents are kept, 15 MB."""
AT_ONCE = 4_000
"""Clips drawn together: 33 MB."""


def training_data(name: str) -> tuple[Tensor, Tensor]:
    """States and labels to train on: images and digits, pictures and captions, or latents and conditions.

    Pictures and clips are drawn anew at each call, always the same ones.
    """
    generator = Generator().manual_seed(0)
    if name == "placed-digits":
        pictures = placed_digits(PICTURES, generator=generator)
        return pictures.images, pictures.words
    if name == "moving-digits":
        codec = load_codec()
        clips = (moving_digits(AT_ONCE, generator=generator) for _ in range(CLIPS // AT_ONCE))
        parts = [(codec.latents(part.frames), part.conditions) for part in clips]
        latents, conditions = zip(*parts, strict=True)
        return torch.cat(latents), torch.cat(conditions)
    if name not in DATA:
        raise ValueError(f"there are no data called {name}; choose one of {', '.join(get_args(DataName))}")
    return DATA[name]().train
