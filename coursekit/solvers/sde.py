"""Solvers of stochastic differential equations: follow a process by random steps."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from .processes import Process


@dataclass(frozen=True)
class EulerMaruyama:
    """Follow the drift at the start of a step and add noise that grows with the root of the step.

        X(t + h) = X + h drift + sqrt(h) diffusion eps,   eps from N(0, I)

    Maruyama 1955; Holderrieth & Erives, simulating an SDE. Averages converge at `order` 1 (the weak order).
    Single paths, on the same Brownian motion, converge at `strong_order`, 1/2, and at
    `strong_order_additive`, 1, where the diffusion does not depend on the state.

    Args:
        generator: source of the noise, on the states' device; torch's own unless given.

    >>> solver = EulerMaruyama(torch.Generator().manual_seed(0))
    >>> solver.step(BrownianMotion(), torch.zeros(4, 1), 0.0, 0.1).shape
    torch.Size([4, 1])
    """

    order: ClassVar[int] = 1
    strong_order: ClassVar[float] = 0.5
    strong_order_additive: ClassVar[float] = 1.0
    evaluations: ClassVar[int] = 1

    generator: Generator | None = None

    def step(self, process: Process, x: Tensor, t: float, h: float) -> Tensor:
        """Take one random step of length `h` > 0 from states `x` (batch, *event) of a process at time `t`.

        Raises ValueError if `h` is not positive: a process runs forwards only.
        """
        if not h > 0:
            raise ValueError(f"h = {h}; a stochastic process runs forwards, so let the times increase")
        increment = torch.empty_like(x).normal_(0, h**0.5, generator=self.generator)
        return self.advance(process, x, t, h, increment)

    @staticmethod
    def advance(process: Process, x: Tensor, t: float, h: float, increment: Tensor) -> Tensor:
        """Take the step that belongs to a given increment of Brownian motion.

        Args:
            process: the process.
            x: states, (batch, *event).
            t: time.
            h: length of the step.
            increment: W(t + h) - W(t), from N(0, h I), shaped like `x`.
        Returns:
            States at time t + h, shaped like `x`.
        """
        moved = x.add(process.drift(x, t), alpha=h)
        sigma = process.diffusion(x, t)
        if isinstance(sigma, Tensor):
            return moved.addcmul_(sigma, increment)
        return moved.add_(increment, alpha=sigma)
