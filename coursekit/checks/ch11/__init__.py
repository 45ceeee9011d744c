"""Checks of lab 11, discrete diffusion: `two_state = checks.ch11.two_state(two_state)`."""

from .ex11_1_two_state import two_state
from .ex11_2_jump_step import jump_step
from .ex11_3_corrupt import corrupt
from .ex11_4_posterior_rates import posterior_rates
from .ex11_5_masked_loss import masked_loss
from .ex11_6_generate import generate, law_after
from .ex11_7_exact_posterior import exact_posterior
from .ex11_8_guided_logits import guided_logits
from .ex11_9_choose import LADDER as ladder
from .ex11_9_choose import choose, written

__all__ = [
    "choose",
    "corrupt",
    "exact_posterior",
    "generate",
    "guided_logits",
    "jump_step",
    "ladder",
    "law_after",
    "masked_loss",
    "posterior_rates",
    "two_state",
    "written",
]
