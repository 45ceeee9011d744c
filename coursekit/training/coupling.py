"""Coupling: which noise goes with which data point in a batch."""

import torch
from torch import Tensor


def minibatch_ot(z: Tensor, eps: Tensor) -> Tensor:
    """Pair a batch of noise with a batch of data at the least mean squared distance.

        minimise over permutations  sum_i |z_i - eps_p(i)|^2

    Minibatch optimal transport (Pooladian et al. 2023; Tong et al. 2024), by SciPy's exact solver. The
    costs are batch^2 distances and about batch^3 steps: fine at 256, too slow above a few thousand.

    Args:
        z: data points, (batch, *event).
        eps: noise, same shape.
    Returns:
        The rows of `eps` in the order of their data points, same shape. Each appears once, so the law of
        the noise is unchanged.
    Raises:
        ValueError: shapes disagree.

    >>> z, eps = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.1], [0.1]])
    >>> minibatch_ot(z, eps)
    tensor([[0.1000],
            [1.1000]])
    """
    from scipy.optimize import linear_sum_assignment  # here, so that importing coursekit stays light

    if z.shape != eps.shape:
        raise ValueError(f"shapes disagree: z {tuple(z.shape)}, eps {tuple(eps.shape)}; pair equal batches")
    cost = torch.cdist(z.detach().flatten(1), eps.detach().flatten(1)).square()
    _, order = linear_sum_assignment(cost.cpu().numpy())
    return eps[torch.from_numpy(order).to(eps.device)]
