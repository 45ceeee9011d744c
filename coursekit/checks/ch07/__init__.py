"""Checks of lab 07, DDPM and DDIM: `ddim_step = checks.ch07.ddim_step(ddim_step)`."""

from .clock import at_time
from .cosine import cosine_betas
from .ex7_1_chain_law import chain_law
from .ex7_3_reverse_step import reverse_step
from .ex7_4_ddim_step import ddim_step
from .loss import simple_loss
from .sampler import distance, my_sampler
from .variance import reverse_variance

__all__ = [
    "at_time",
    "chain_law",
    "cosine_betas",
    "ddim_step",
    "distance",
    "my_sampler",
    "reverse_step",
    "reverse_variance",
    "simple_loss",
]
