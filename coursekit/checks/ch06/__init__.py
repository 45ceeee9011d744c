"""Checks of lab 06, guidance: `drop_labels = checks.ch06.drop_labels(drop_labels)`, and so on."""

from .block import conditioned_block
from .combining import guided_velocity
from .contest import measured, my_images
from .dropping import drop_labels
from .embedding import fourier_embedding
from .ex6_3_guidance_loss import guidance_loss
from .sampling import sample_digits
from .sweep import sweep

__all__ = [
    "conditioned_block",
    "drop_labels",
    "fourier_embedding",
    "guidance_loss",
    "guided_velocity",
    "measured",
    "my_images",
    "sample_digits",
    "sweep",
]
