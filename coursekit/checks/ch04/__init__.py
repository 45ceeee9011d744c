"""Checks of lab 04, flow matching: `velocity = checks.ch04.velocity(velocity)`, and so on."""

from .ex4_1_velocity import velocity
from .ex4_2_posterior_weights import posterior_weights
from .ex4_3_marginal_field import marginal_field
from .ex4_4_flow_matching_loss import flow_matching_loss
from .ex4_5_train import train
from .ex4_6_friends_loss import friends_loss
from .ex4_7_continuity import continuity
from .ex4_8_loss_floor import loss_floor
from .ex4_9_steps_needed import steps_needed
from .ex4_10_my_pairs import gain, ladder, my_pairs

__all__ = [
    "continuity",
    "flow_matching_loss",
    "friends_loss",
    "gain",
    "ladder",
    "loss_floor",
    "marginal_field",
    "my_pairs",
    "posterior_weights",
    "steps_needed",
    "train",
    "velocity",
]
