"""Networks that stand in for a vector field: called as net(x, t), or net(x, t, y) with a label.

`plain` is for points. `mlp`, `unet` and `dit` are for square images of any size, each in a file to read in
ten minutes; `conditioning` tells all three the time and the label in the same way.
"""

from .conditioning import FiLM, FourierTime, ImageNetwork
from .dit import AttentionBlock, DiT, patchify, unpatchify
from .mlp import FiLMBlock, FiLMMLP
from .plain import MLP
from .unet import ConvBlock, UNet

__all__ = [
    "MLP",
    "AttentionBlock",
    "ConvBlock",
    "DiT",
    "FiLM",
    "FiLMBlock",
    "FiLMMLP",
    "FourierTime",
    "ImageNetwork",
    "UNet",
    "patchify",
    "unpatchify",
]
