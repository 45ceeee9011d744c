"""Checks of lab 08, what the network predicts: `convert = checks.ch08.convert(convert)`."""

from .ex8_1_convert import convert
from .ex8_2_clipped_loss import clipped_loss
from .ex8_3_space_loss import space_loss
from .ex8_4_patchify import patchify
from .ex8_5_attention import attention
from .ex8_6_mute_directions import mute_directions
from .ex8_7_loss_floor import loss_floor
from .ex8_8_best_skip import best_skip
from .ex8_9_my_velocity import LADDER as ladder
from .ex8_9_my_velocity import my_velocity, rescued

__all__ = [
    "attention",
    "best_skip",
    "clipped_loss",
    "convert",
    "ladder",
    "loss_floor",
    "mute_directions",
    "my_velocity",
    "patchify",
    "rescued",
    "space_loss",
]
