"""Probability paths from noise to data: schedulers, exact fields, conversions, and DDPM's chain."""

from .conversions import ConvertedField, Prediction, convert, to_endpoints
from .ddpm import ChainScheduler, ForwardChain, cosine_betas, linear_betas
from .discrete import DiscretePath, Rates, Source
from .enumerated import Enumerated
from .exact import MarginalScore, MarginalVelocity, TractableDistribution, marginal_score, marginal_velocity
from .gaussian import GaussianPath
from .linear import LinearPath
from .marginal import Marginal, marginal_law
from .posterior import Posterior, make_posterior, posterior_weights
from .schedulers import VP, CondOT, Cosine, Scheduler, SquareRoot, snr

__all__ = [
    "VP",
    "ChainScheduler",
    "CondOT",
    "ConvertedField",
    "Cosine",
    "DiscretePath",
    "Enumerated",
    "ForwardChain",
    "GaussianPath",
    "LinearPath",
    "Marginal",
    "MarginalScore",
    "MarginalVelocity",
    "Posterior",
    "Prediction",
    "Rates",
    "Scheduler",
    "Source",
    "SquareRoot",
    "TractableDistribution",
    "convert",
    "cosine_betas",
    "linear_betas",
    "make_posterior",
    "marginal_law",
    "marginal_score",
    "marginal_velocity",
    "posterior_weights",
    "snr",
    "to_endpoints",
]
