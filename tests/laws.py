"""The members that the laws are tested on: a new distribution, scheduler or method is added here, once."""

import torch

from coursekit import Chessboard, Euler, Gaussian, GaussianMixture, Heun, StraightLine

DISTRIBUTIONS = {
    "standard normal": Gaussian(torch.zeros(2)),
    "flat normal": Gaussian(torch.tensor([1.0, -0.5]), torch.tensor([0.3, 1.2])),
    "mixture": GaussianMixture(
        torch.tensor([0.2, 0.5, 0.3]),
        torch.tensor([[-1.5, 0.0], [1.0, 1.0], [0.5, -1.5]]),
        torch.tensor([0.4, 0.3, 0.5]),
    ),
    "mixture of flat normals": GaussianMixture(
        torch.tensor([0.5, 0.5]),
        torch.tensor([[-1.0, 0.5], [1.0, 0.0]]),
        torch.tensor([[0.3, 0.9], [0.7, 0.4]]),
    ),
    "chessboard": Chessboard(),
    "chessboard with odd side": Chessboard(squares=3, half_width=1.5),
}
SCHEDULERS = {"straight line": StraightLine()}
METHODS = {"Euler": Euler(), "Heun": Heun()}
