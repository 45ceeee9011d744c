"""Explorers: controls over the drawings of `plots`, answered by the running notebook.

`explorer` puts controls over any drawing; the others are ready-made for the lectures. An explorer needs no
display to be built, so notebooks that hold one also run where nobody looks on.
"""

from .digits import digit, guidance
from .motion import flows, noise_to_data
from .panel import Explorer, button, choice, explorer, slider

__all__ = [
    "Explorer",
    "button",
    "choice",
    "digit",
    "explorer",
    "flows",
    "guidance",
    "noise_to_data",
    "slider",
]
