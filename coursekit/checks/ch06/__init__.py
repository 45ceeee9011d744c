"""Checks of lab 06, guidance: `drop_labels = checks.ch06.drop_labels(drop_labels)`, and so on."""

from .ex6_1_drop_labels import drop_labels
from .ex6_2_guided_noise import guided_noise
from .ex6_3_guidance_loss import guidance_loss
from .ex6_4_fourier_embedding import fourier_embedding
from .ex6_5_sample_digits import sample_digits
from .ex6_6_conditioned_block import conditioned_block
from .ex6_7_sweep import sweep
from .ex6_8_my_images import measured, my_images

__all__ = [
    "conditioned_block",
    "drop_labels",
    "fourier_embedding",
    "guidance_loss",
    "guided_noise",
    "measured",
    "my_images",
    "sample_digits",
    "sweep",
]
