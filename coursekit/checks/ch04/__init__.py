"""Checks of lab 04, flow matching: `velocity = checks.ch04.velocity(velocity)`, and so on."""

from .conditional import velocity
from .continuity import continuity
from .ex4_4_flow_matching_loss import flow_matching_loss
from .floor import loss_floor
from .marginal import marginal_field
from .pairs import gain, my_pairs
from .steps import steps_needed
from .training import train
from .weights import posterior_weights

__all__ = [
    "continuity",
    "flow_matching_loss",
    "gain",
    "loss_floor",
    "marginal_field",
    "my_pairs",
    "posterior_weights",
    "steps_needed",
    "train",
    "velocity",
]
