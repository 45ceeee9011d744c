"""Checks of lab 09, latents and transformers: `gaussian_kl = checks.ch09.gaussian_kl(gaussian_kl)`."""

from .ex9_1_gaussian_kl import gaussian_kl
from .ex9_2_vae_loss import vae_loss
from .ex9_3_adaln_block import adaln_block
from .ex9_4_dit import dit
from .ex9_5_relabel import relabel
from .ex9_6_rate_distortion import rate_distortion
from .ex9_7_elbo_gap import elbo_gap
from .ex9_8_multiply_adds import multiply_adds
from .ex9_9_my_space import LADDER as ladder
from .ex9_9_my_space import generated, my_space

__all__ = [
    "adaln_block",
    "dit",
    "elbo_gap",
    "gaussian_kl",
    "generated",
    "ladder",
    "multiply_adds",
    "my_space",
    "rate_distortion",
    "relabel",
    "vae_loss",
]
