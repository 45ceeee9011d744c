"""Checks of lab 07, DDPM and DDIM: `ddim_step = checks.ch07.ddim_step(ddim_step)`."""

from .clock import at_time
from .cosine import cosine_betas
from .ddim import ddim_step
from .ex7_2_simple_loss import simple_loss
from .law import chain_law
from .reverse import reverse_step
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
