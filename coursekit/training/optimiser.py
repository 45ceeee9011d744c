"""Adam, the optimiser of all networks of the course."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Adam on torch's own kernels: gradient descent with a step of about `lr` for each weight.

        m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,
        w <- w - lr m / (1 - 0.9^k) / (sqrt(v / (1 - 0.999^k)) + eps)   in step k, with the gradient g

    Kingma & Ba 2015. Its numbers are those of torch.optim.Adam, whose constructor imports torch's compiler
    (torch._dynamo): 70 MB, and seconds on a slow core. This class calls the same kernel without it.

    Args:
        params: the tensors to update, all on one device.
        lr: the learning rate; set `adam.lr` to change it between steps.
        eps: added to the denominator, so that it is not zero.
    Raises:
        ValueError: there are no parameters, or `lr` is not positive.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> adam = Adam([weight], lr=0.1)
    >>> weight.square().sum().backward()
    >>> adam.step()
    >>> round(weight.item(), 6)
    0.9
    """

    def __init__(self, params: Iterable[Tensor], lr: float, eps: float = 1e-8) -> None:
        self.params = list(params)
        if not self.params or not lr > 0:
            raise ValueError(f"{len(self.params)} parameters, lr = {lr}; give some, such as net.parameters()")
        self.lr, self.eps = lr, eps
        self._means = [torch.zeros_like(weight) for weight in self.params]
        self._squares = [torch.zeros_like(weight) for weight in self.params]
        device = self.params[0].device
        # One fused kernel updates all weights where it exists: for small networks a third of a step's time.
        self._fused = device.type in ("cpu", "cuda")
        at = device if self._fused else None
        self._counts = [torch.zeros((), dtype=torch.float32, device=at) for _ in self.params]

    def zero_grad(self) -> None:
        """Remove the gradients of all parameters."""
        for weight in self.params:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient."""
        rows = zip(self.params, self._means, self._squares, self._counts, strict=True)
        used = [row for row in rows if row[0].grad is not None]
        if not used:
            return
        weights, means, squares, counts = (list(column) for column in zip(*used, strict=True))
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

    def state_dict(self) -> dict[str, Tensor]:
        """Return the optimiser state as a flat dictionary of tensors; `load_state_dict` takes it."""
        kinds = {"mean": self._means, "square": self._squares, "count": self._counts}
        return {f"{name}.{k}": value for name, values in kinds.items() for k, value in enumerate(values)}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a state that `state_dict` returned, of an optimiser of the same parameters.

        Raises ValueError if its shapes are those of other parameters.
        """
        own = self.state_dict()
        if {name: value.shape for name, value in own.items()} != {n: v.shape for n, v in state.items()}:
            raise ValueError("the state belongs to other parameters; use that of the same network")
        for name, value in own.items():
            value.copy_(state[name])
