"""Training: losses, guidance, coupling, the training loop and its optimiser."""

from .coupling import minibatch_ot
from .guidance import GuidedField, LabelDropout, drop_labels, guided, with_dropped_labels
from .loop import EMA, Step, cosine_rate, draw_batch, fit, improve, training_steps
from .losses import (
    Coupling,
    Loss,
    RegressionLoss,
    noise_loss,
    prediction_loss,
    score_loss,
    velocity_loss,
)
from .optimiser import Adam

__all__ = [
    "EMA",
    "Adam",
    "Coupling",
    "GuidedField",
    "LabelDropout",
    "Loss",
    "RegressionLoss",
    "Step",
    "cosine_rate",
    "draw_batch",
    "drop_labels",
    "fit",
    "guided",
    "improve",
    "minibatch_ot",
    "noise_loss",
    "prediction_loss",
    "score_loss",
    "training_steps",
    "velocity_loss",
    "with_dropped_labels",
]
