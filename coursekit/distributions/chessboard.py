"""The chessboard: a law with sharp edges, a density and no score."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from .protocols import check_points


@dataclass(frozen=True)
class Chessboard:
    """Uniform on the dark squares of a board: a law with sharp edges, density but no score.

    The density is constant on the dark squares and zero elsewhere, so its score is zero where it exists
    and does not exist at the edges. That is why `Chessboard` has none.

    Args:
        squares: squares along a side, at least 2.
        half_width: the board is [-half_width, half_width]^2, data units.
    Raises:
        ValueError: fewer than 2 squares, or no width.

    >>> board = Chessboard()
    >>> board.sample(5).shape
    torch.Size([5, 2])
    >>> board.contains(torch.tensor([[-1.5, -1.5], [-0.5, -1.5]])).tolist()
    [True, False]
    """

    squares: int = 4
    half_width: float = 2.0

    def __post_init__(self) -> None:
        if self.squares < 2 or not self.half_width > 0:
            raise ValueError("a chessboard needs at least 2 squares a side and a positive half_width")

    @property
    def side(self) -> float:
        """Length of a square's side, data units."""
        return 2 * self.half_width / self.squares

    def corners(self) -> Tensor:
        """Lower left corners of the dark squares, (m, 2)."""
        dark = [(i, j) for i in range(self.squares) for j in range(self.squares) if (i + j) % 2 == 0]
        return torch.tensor(dark, dtype=torch.get_default_dtype()) * self.side - self.half_width

    def sample(self, n: int, generator: Generator | None = None) -> Tensor:
        """Draw `n` points, (n, 2): a dark square, then a point on it; on the generator's device, if any."""
        device = None if generator is None else generator.device
        corners = self.corners().to(device)
        chosen = torch.randint(len(corners), (n,), generator=generator, device=device)
        return corners[chosen] + self.side * torch.rand(n, 2, generator=generator, device=device)

    def contains(self, x: Tensor) -> Tensor:
        """Return which points `x` (batch, 2) lie on a dark square, as booleans (batch,)."""
        check_points(x, 2)
        cell = ((x + self.half_width) / self.side).floor()
        inside = ((cell >= 0) & (cell < self.squares)).all(-1)
        return inside & (cell.sum(-1) % 2 == 0)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density at points `x` (batch, 2), as (batch,): -log(dark area) on the squares, else -inf."""
        area = len(self.corners()) * self.side**2
        density = torch.full((len(x),), -math.inf, dtype=x.dtype, device=x.device)
        return density.masked_fill(self.contains(x), -math.log(area))
