"""Training: losses, guidance, coupling, the one loop, its optimiser."""

from .coupling import minibatch_ot
from .guidance import drop_labels, guided
from .loop import EMA, Step, cosine_rate, fit, improve
from .losses import Coupling, Loss, RegressionLoss, data_loss, noise_loss, score_loss, velocity_loss
from .optimiser import Adam

__all__ = [
    "EMA",
    "Adam",
    "Coupling",
    "Loss",
    "RegressionLoss",
    "Step",
    "cosine_rate",
    "data_loss",
    "drop_labels",
    "fit",
    "guided",
    "improve",
    "minibatch_ot",
    "noise_loss",
    "score_loss",
    "velocity_loss",
]
