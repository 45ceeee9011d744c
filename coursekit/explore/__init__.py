"""Explorers: controls over pictures.

`explorer` puts controls over any drawing of `plots`, answered by the running notebook; `field`, `digit`,
`guidance`, `diffusions` and `samplers` run in the page itself, without waiting for anyone. The others are
ready-made for the lectures. An explorer needs no display to be built, so notebooks that hold one also run
where nobody looks on.
"""

from .diffusions import diffusions
from .digits import digit, guidance
from .field import field
from .latents import latents
from .motion import flows
from .panel import Explorer, choice, explorer, slider, text
from .prediction import prediction
from .samplers import samplers
from .simplex import simplex
from .unmasking import unmasking

__all__ = [
    "Explorer",
    "choice",
    "diffusions",
    "digit",
    "explorer",
    "field",
    "flows",
    "guidance",
    "latents",
    "prediction",
    "samplers",
    "simplex",
    "slider",
    "text",
    "unmasking",
]
