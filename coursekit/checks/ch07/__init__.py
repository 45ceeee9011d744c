"""Checks of lab 07, DDPM and DDIM: `ddim_step = checks.ch07.ddim_step(ddim_step)`."""

from .ex7_1_chain_law import chain_law
from .ex7_2_simple_loss import simple_loss
from .ex7_3_reverse_step import reverse_step
from .ex7_4_ddim_step import ddim_step
from .ex7_5_at_time import at_time
from .ex7_6_cosine_betas import cosine_betas
from .ex7_7_reverse_variance import reverse_variance
from .ex7_8_my_sampler import distance, my_sampler

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
