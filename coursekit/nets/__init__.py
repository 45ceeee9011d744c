"""Networks that stand in for a vector field: called as net(x, t), or net(x, t, y) with a label.

`mlp` is for points. `film_mlp`, `unet` and `dit` are for square images of any size, each in a file to read in
ten minutes; `conditioning` embeds time and label for all three. `vae` encodes images in latents, and decodes
them. `clip_dit` is for clips, whose frames `what_where` encodes; `denoisers` are for sequences of tokens.
`pretrained` saves and loads all of these.
"""

from .clip_dit import ClipDiT
from .conditioning import ConditionEmbedding, FiLM, ImageNetwork, TimeEmbedding
from .denoisers import ShortConvolution, TokenMLP, TokenNetwork, TokenTransformer
from .dit import AttentionBlock, DiT, patchify, unpatchify
from .film_mlp import FiLMBlock, FiLMMLP
from .mlp import MLP
from .pretrained import load_codec, load_pretrained, load_vae
from .unet import ConvBlock, UNet
from .vae import ConvVAE
from .what_where import WhatWhere

__all__ = [
    "MLP",
    "AttentionBlock",
    "ClipDiT",
    "ConditionEmbedding",
    "ConvBlock",
    "ConvVAE",
    "DiT",
    "FiLM",
    "FiLMBlock",
    "FiLMMLP",
    "ImageNetwork",
    "ShortConvolution",
    "TimeEmbedding",
    "TokenMLP",
    "TokenNetwork",
    "TokenTransformer",
    "UNet",
    "WhatWhere",
    "load_codec",
    "load_pretrained",
    "load_vae",
    "patchify",
    "unpatchify",
]
