"""Training: losses, guidance, coupling, the training loop and its optimiser."""

from .continuation import Continued, GivenFrames, draw_given, with_given_frames
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
from .masked import Denoiser, MaskedLoss, likelihood_bound, masked_loss, order_bits
from .optimiser import Adam
from .vae import gaussian_kl, vae_loss

__all__ = [
    "EMA",
    "Adam",
    "Continued",
    "Coupling",
    "Denoiser",
    "GivenFrames",
    "GuidedField",
    "LabelDropout",
    "Loss",
    "MaskedLoss",
    "RegressionLoss",
    "Step",
    "cosine_rate",
    "draw_batch",
    "draw_given",
    "drop_labels",
    "fit",
    "gaussian_kl",
    "guided",
    "improve",
    "likelihood_bound",
    "masked_loss",
    "minibatch_ot",
    "noise_loss",
    "order_bits",
    "prediction_loss",
    "score_loss",
    "training_steps",
    "vae_loss",
    "velocity_loss",
    "with_dropped_labels",
    "with_given_frames",
]
