"""Networks that stand in for a vector field: called as net(x, t), or net(x, t, y) with a label.

`mlp` is for points. `film_mlp`, `unet` and `dit` are for square images of any size, each in a file to read in
ten minutes; `conditioning` embeds time and label for all three. `pretrained` saves and loads them.
"""

from .conditioning import ConditionEmbedding, FiLM, ImageNetwork, TimeEmbedding
from .dit import AttentionBlock, DiT, patchify, unpatchify
from .film_mlp import FiLMBlock, FiLMMLP
from .mlp import MLP
from .pretrained import load_pretrained
from .unet import ConvBlock, UNet

__all__ = [
    "MLP",
    "AttentionBlock",
    "ConditionEmbedding",
    "ConvBlock",
    "DiT",
    "FiLM",
    "FiLMBlock",
    "FiLMMLP",
    "ImageNetwork",
    "TimeEmbedding",
    "UNet",
    "load_pretrained",
    "patchify",
    "unpatchify",
]
