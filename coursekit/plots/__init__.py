"""Drawings of tensors: each draws into the `ax` it is given (or makes one) and returns it.

Colours can be told apart by colour-blind readers. Lines take `COLORS`, the palette of Okabe & Ito; surfaces
take `SEQUENTIAL`, from white to blue; signed surfaces `DIVERGING`, blue below zero and red above; points that
carry a number `SPECTRUM`. `show` puts a drawing on the page with its caption and a text alternative.
"""

from .lines import convergence, curve, paths_1d, work_precision
from .page import Picture, picture, show
from .plane import density, quiver, samples, trajectories, warped_grid
from .style import COLORS, DIVERGING, SEQUENTIAL, SPECTRUM, axes, colorbar, panels
from .tiles import digit_grid

__all__ = [
    "COLORS",
    "DIVERGING",
    "SEQUENTIAL",
    "SPECTRUM",
    "Picture",
    "axes",
    "colorbar",
    "convergence",
    "curve",
    "density",
    "digit_grid",
    "panels",
    "paths_1d",
    "picture",
    "quiver",
    "samples",
    "show",
    "trajectories",
    "warped_grid",
    "work_precision",
]
