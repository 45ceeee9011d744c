"""A data set as a distribution."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True, eq=False)
class Empirical:
    """A data set: each of its points is drawn with the same probability, with replacement.

    Args:
        points: (n, *event), n at least 1, data units.
    Raises:
        ValueError: there are no points, or they have no event axis.

    >>> Empirical(torch.tensor([[1.0, 2.0]])).sample(2)
    tensor([[1., 2.],
            [1., 2.]])
    """

    points: Tensor

    def __post_init__(self) -> None:
        if self.points.dim() < 2 or len(self.points) == 0:
            raise ValueError(f"points have shape {tuple(self.points.shape)}; give (n, *event) with n above 0")

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points of the set, (n, *event)."""
        rows = torch.randint(len(self.points), (n,), generator=generator, device=self.points.device)
        return self.points[rows]
