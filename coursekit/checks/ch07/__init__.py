"""Checks of lab 07, DDPM and DDIM: `family_step = checks.ch07.family_step(family_step)`."""

from .ex7_1_chain_law import chain_law
from .ex7_2_simple_loss import simple_loss
from .ex7_3_posterior import posterior
from .ex7_4_reverse_step import reverse_step
from .ex7_5_family_step import family_step
from .ex7_6_at_time import at_time
from .ex7_7_cosine_betas import cosine_betas
from .ex7_8_reverse_variance import reverse_variance
from .ex7_9_my_sampler import distance, ladder, my_sampler

__all__ = [
    "at_time",
    "chain_law",
    "cosine_betas",
    "distance",
    "family_step",
    "ladder",
    "my_sampler",
    "posterior",
    "reverse_step",
    "reverse_variance",
    "simple_loss",
]
