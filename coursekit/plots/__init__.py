"""Drawings of tensors: each draws into the `ax` it is given (or makes one) and returns it.

Colours can be told apart by colour-blind readers: lines take the palette of Okabe & Ito, surfaces and points
that carry a number take cividis. `show` puts a drawing on the page together with a text alternative.
"""

from .lines import convergence, curve, paths_1d, work_precision
from .page import Picture, picture, show
from .plane import density, quiver, samples, trajectories, warped_grid
from .style import COLORS, axes, panels
from .tiles import digit_grid

__all__ = [
    "COLORS",
    "Picture",
    "axes",
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
