"""Explorers: controls over the drawings of `plots`, answered by the running notebook.

`explorer` puts controls over any drawing; the others are ready-made for the lectures. An explorer needs no
display to be built, so notebooks that hold one also run where nobody looks on.
"""

from .diffusions import diffusions
from .digits import digit, guidance
from .extension import extension
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
