"""Adam, the rule by which all networks of the course learn."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Adam on torch's own kernels: gradient descent with a step of about `lr` for each weight.

        m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,
        w <- w - lr m / (1 - 0.9^k) / (sqrt(v / (1 - 0.999^k)) + eps)   in step k, with the gradient g

    Kingma & Ba 2015. Its numbers are those of torch.optim.Adam, whose first step loads torch's compiler:
    70 MB, and seconds on a slow core. This class calls the same kernel without it.

    Args:
        weights: the tensors to improve, all on one device.
        lr: the learning rate; set `adam.lr` to change it between steps.
        eps: what keeps the division finite.
    Raises:
        ValueError: there are no weights, or `lr` is not positive.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float, eps: float = 1e-8) -> None:
        self.weights = list(weights)
        if not self.weights or not lr > 0:
            raise ValueError(f"{len(self.weights)} weights, lr = {lr}; give some, such as net.parameters()")
        self.lr, self.eps = lr, eps
        self._means = [torch.zeros_like(weight) for weight in self.weights]
        self._squares = [torch.zeros_like(weight) for weight in self.weights]
        device = self.weights[0].device
        # One fused kernel updates all weights where it exists: for small networks a third of a step's time.
        self._fused = device.type in ("cpu", "cuda")
        at = device if self._fused else None
        self._counts = [torch.zeros((), dtype=torch.float32, device=at) for _ in self.weights]

    def zero_grad(self) -> None:
        """Leave all weights without a gradient, as `backward` wants to find them."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Improve all weights that have a gradient."""
        columns = zip(self.weights, self._means, self._squares, self._counts, strict=True)
        known = [column for column in columns if column[0].grad is not None]
        if not known:
            return
        weights, means, squares, counts = (list(column) for column in zip(*known, strict=True))
        grads = [weight.grad for weight in weights if weight.grad is not None]
        adam(
            weights,
            grads,
            means,
            squares,
            [],
            counts,
            fused=self._fused,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.lr,
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Tell all that it remembers, by name: what `restore` needs to go on exactly here."""
        kinds = {"mean": self._means, "square": self._squares, "count": self._counts}
        return {f"{name}.{k}": value for name, values in kinds.items() for k, value in enumerate(values)}

    @torch.no_grad()
    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` told, of an optimiser of the same weights.

        Raises ValueError if it was told of other weights.
        """
        own = self.state()
        if {name: value.shape for name, value in own.items()} != {n: v.shape for n, v in state.items()}:
            raise ValueError(
                "the state belongs to an optimiser of other weights; use that of the same network"
            )
        for name, value in own.items():
            value.copy_(state[name])
