"""Explorers: controls over pictures.

`explorer` puts controls over any drawing of `plots`, answered by the running notebook; `field` runs in the
page itself, without waiting for anyone. The others are ready-made for the lectures. An explorer needs no
display to be built, so notebooks that hold one also run where nobody looks on.
"""

from .diffusions import diffusions
from .digits import digit, guidance
from .extension import extension
from .field import field
from .latents import latents
from .motion import flows, noise_to_data
from .panel import Explorer, button, choice, explorer, slider, text
from .paths import drawing, paths
from .prediction import prediction
from .probe import probe
from .samplers import samplers
from .simplex import simplex
from .unmasking import unmasking

__all__ = [
    "Explorer",
    "button",
    "choice",
    "diffusions",
    "digit",
    "drawing",
    "explorer",
    "extension",
    "field",
    "flows",
    "guidance",
    "latents",
    "noise_to_data",
    "paths",
    "prediction",
    "probe",
    "samplers",
    "simplex",
    "slider",
    "text",
    "unmasking",
]
