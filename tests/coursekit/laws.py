"""The members that the laws are tested on: a new distribution, scheduler or solver is added here, once."""

import torch

from coursekit import (
    DDIM,
    VP,
    BrownianMotion,
    ChainScheduler,
    Chessboard,
    Circles,
    CondOT,
    Cosine,
    Empirical,
    Euler,
    Gaussian,
    GaussianMixture,
    GaussianPath,
    Heun,
    Langevin,
    Moons,
    OrnsteinUhlenbeck,
    Spiral,
    SquareRoot,
    cosine_betas,
    linear_betas,
    marginal_law,
)

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
SCHEDULERS = {
    "straight line": CondOT(),
    "cosine": Cosine(),
    "linear beta": VP(),
    "square root": SquareRoot(),
    "chain": ChainScheduler(linear_betas()),
    "short chain": ChainScheduler(cosine_betas(7)),
}
POINTS = Empirical(torch.tensor([[1.5, 0.5], [-1.0, 1.0], [0.0, -1.5], [1.4, 0.2], [-0.5, -0.5]]))
MARGINALS = {
    f"{name} at {t}": marginal_law(law, GaussianPath(), t)
    for name, law in {**DISTRIBUTIONS, "data set": POINTS}.items()
    for t in (0.0, 0.5, 0.8)
}
"""Laws of their own: the same tests apply to them."""
SHAPES = {"moons": Moons(), "circles": Circles(), "spiral": Spiral(), "data set": POINTS}
"""What can be sampled and no more."""
PROCESSES = {
    "Brownian motion": BrownianMotion(0.7),
    "Ornstein-Uhlenbeck": OrnsteinUhlenbeck(1.5, 0.8),
    "Langevin": Langevin(DISTRIBUTIONS["flat normal"], 1.2),
}
SOLVERS = {"Euler": Euler(), "Heun": Heun(), "DDIM": DDIM(GaussianPath())}
