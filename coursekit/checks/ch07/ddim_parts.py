"""The DDIM step, put together from parts, any of which may be wrong."""

from collections.abc import Callable

from torch import Tensor

Net = Callable[[Tensor, float], Tensor]
Rule = Callable[[Net, Tensor, int, int, Tensor], Tensor]
Guess = Callable[[Tensor, Tensor, Tensor], Tensor]
Move = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


def guess_of(x: Tensor, eps: Tensor, a: Tensor) -> Tensor:
    """The data point behind a state, by the noise in it."""
    return (x - (1 - a).sqrt() * eps) / a.sqrt()


def mixed_at(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Data and noise mixed anew, with the weights of the new index."""
    return b.sqrt() * z + (1 - b).sqrt() * eps


def rule(
    guess: Guess = guess_of,
    move: Move = mixed_at,
    asked: Callable[[int, int, int], float] = lambda k, j, steps: k,
) -> Rule:
    """A step from its parts: the guess at the data, the new mix, and the index that the network is told."""

    def step(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
        a, b, eps = alpha_bar[k], alpha_bar[j], net(x, asked(k, j, len(alpha_bar) - 1))
        return move(x, guess(x, eps, a), eps, a, b)

    return step
