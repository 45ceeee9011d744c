"""The standard normal cut to an interval: its mass and its mean, however far out and however narrow."""

import math

import numpy as np
import torch
from torch import Tensor

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def truncated_normal(lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Average the standard normal density over an interval, and place the mean of the normal cut to it.

        log( (Phi(b) - Phi(a)) / (b - a) )   and   r = 2 (E[y | a < y < b] - m) / (b - a),  m = (a + b)/2

    Three forms, each used where it does not cancel: Gauss-Legendre quadrature on narrow intervals (down
    to width zero), the error function on intervals around zero, and the scaled complementary error
    function in the tails. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, truncated
    normal.

    Args:
        lower: a, any shape.
        upper: b, same shape, nowhere below `lower`.
    Returns:
        Log of the average density, and the relative place r of the mean in [-1, 1] (-1: at `lower`),
        each of that shape.

    >>> log_average, place = truncated_normal(torch.tensor(-1.0), torch.tensor(1.0))
    >>> round(log_average.exp().item(), 4), abs(place.item())
    (0.3413, 0.0)
    """
    middle, width = (lower + upper) / 2, upper - lower
    sign = torch.where(middle > 0, -1.0, 1.0).to(middle)  # mirrored so that the middle is never positive
    middle = sign * middle
    narrow = (width < 1) & (width * middle.abs() < 2)
    # `where` sends gradients through both branches, so each gets arguments that are harmless to it.
    wide = torch.where(narrow, torch.ones_like(width), width)
    centre = torch.where(narrow, torch.zeros_like(middle), middle)
    tail = centre + wide / 2 < 0
    log_tail, mean_tail = _tail(torch.where(tail, centre, -wide), wide)
    log_body, mean_body = _body(torch.where(tail, torch.zeros_like(centre), centre), wide)
    log_wide = torch.where(tail, log_tail, log_body)
    place_wide = 2 * (torch.where(tail, mean_tail, mean_body) - centre) / wide
    log_narrow, place_narrow = _narrow(middle, torch.where(narrow, width, torch.zeros_like(width)))
    place = sign * torch.where(narrow, place_narrow, place_wide)
    # A mean lies inside its interval: only rounding is cut off here.
    return torch.where(narrow, log_narrow, log_wide), place.clamp(-1, 1)


def _narrow(middle: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Quadrature: log of the average density, and the relative place of the mean."""
    nodes = torch.as_tensor(_NODES).to(middle)
    weights = torch.as_tensor(_WEIGHTS / 2).to(middle)
    step = width[..., None] / 2 * nodes
    density = weights * torch.exp(-step * (middle[..., None] + step / 2))  # relative to that in the middle
    total = density.sum(-1)
    log_middle = -middle.square() / 2 - math.log(2 * math.pi) / 2
    return log_middle + total.log(), (density * nodes).sum(-1) / total


def _body(middle: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Interval around zero: log of the average density, and the mean."""
    lower, upper = middle - width / 2, middle + width / 2
    mass = (torch.special.erf(upper / math.sqrt(2)) - torch.special.erf(lower / math.sqrt(2))) / 2
    density = (torch.exp(-lower.square() / 2) - torch.exp(-upper.square() / 2)) / math.sqrt(2 * math.pi)
    return (mass / width).log(), density / mass


def _tail(middle: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Interval below zero: both ends are measured relative to the density at the upper one."""
    lower, upper = middle - width / 2, middle + width / 2
    drop = width * middle  # log of the ratio of the densities at the two ends, negative
    mass = torch.special.erfcx(-upper / math.sqrt(2)) - drop.exp() * torch.special.erfcx(
        -lower / math.sqrt(2)
    )
    log_average = (mass / width / 2).log() - upper.square() / 2
    return log_average, math.sqrt(2 / math.pi) * torch.expm1(drop) / mass
