"""A discrete path written out state by state: laws, rates and solvers' steps without any sampling."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad

from ..base import Time
from ..distributions import Sequences
from .discrete import DiscretePath, Rates

LARGEST = 4096  # states: a matrix of all pairs then takes 134 MB


@dataclass(frozen=True, eq=False)
class Enumerated:
    """All sequences of a discrete path in a row, so that every law is a vector and every step a matrix.

    A law of three letters has 5^3 states, 6^3 with the mask: few enough to compute in full what larger
    problems can only sample. Vectors are (S,) and matrices (S, S) in float64, and entry [y, x] leads from
    state x to state y. With a denoiser, posteriors, rates and steps are those that it makes; `marginal` is
    always that of the path.

    Args:
        law: the law of the data.
        path: the path to it, with the same alphabet.
        denoiser: gives logits (batch, length, tokens), called as denoiser(x, t); the exact one unless given.
    Raises:
        ValueError: the alphabets differ, or there are too many states.

    >>> space = Enumerated(Sequences(torch.tensor([[0, 1], [1, 0]])), DiscretePath(2))
    >>> len(space.states), space.marginal(1.0)[space.index(torch.tensor([[0, 1]]))]
    (9, tensor([0.5000], dtype=torch.float64))
    >>> space.law_after(1)[space.index(torch.tensor([[0, 1], [0, 0]]))]  # one look: the places don't agree
    tensor([0.2500, 0.2500], dtype=torch.float64)
    """

    law: Sequences
    path: DiscretePath
    denoiser: Callable[[Tensor, Time], Tensor] | None = None

    def __post_init__(self) -> None:
        if self.law.tokens != self.path.tokens:
            raise ValueError(
                f"the law has {self.law.tokens} tokens and the path {self.path.tokens}; give both the same"
            )
        if (count := self.path.states**self.law.length) > LARGEST:
            raise ValueError(
                f"{self.path.states}^{self.law.length} = {count:,} states are too many to write out; "
                f"give shorter sequences or fewer tokens, for at most {LARGEST:,} states"
            )

    @cached_property
    def states(self) -> Tensor:
        """All states, (S, length) of int64, counted like a number with `path.states` digits."""
        each = torch.arange(self.path.states)
        return torch.cartesian_prod(*[each] * self.law.length).reshape(-1, self.law.length)

    def index(self, x: Tensor) -> Tensor:
        """Numbers (batch,) of the states `x` (batch, length) in the row."""
        return (x * self._strides).sum(-1)

    @cached_property
    def _strides(self) -> Tensor:
        return self.path.states ** torch.arange(self.law.length - 1, -1, -1)

    @cached_property
    def _agree(self) -> Tensor:
        """Whether a state shows the token of a data row at a place, (S, k, length)."""
        return (self.states[:, None] == self.law.support[0]).double()

    @cached_property
    def _source(self) -> Tensor:
        """Probability of each token of each state at t = 0, (S, length)."""
        if self.path.source == "mask":
            return (self.states == self.path.tokens).double()
        return torch.full(self.states.shape, 1 / self.path.tokens, dtype=torch.float64)

    def marginal(self, t: float | Tensor) -> Tensor:
        """Law of the path at time t, p_t(x) = sum over z of p(z) p_t(x | z), as (S,).

        A tensor `t` without axes, in float64, can be differentiated through.
        """
        alpha = self.path.scheduler.alpha(torch.as_tensor(t, dtype=torch.float64))
        conditional = alpha * self._agree + (1 - alpha) * self._source[:, None]
        return conditional.prod(-1) @ self.law.support[1]

    def posterior(self, t: float) -> Tensor:
        """Posterior of the clean tokens in every state, (S, length, tokens)."""
        if self.denoiser is None:
            return self._exact(t)
        with torch.no_grad():
            return self.denoiser(self.states, t).double().softmax(-1)

    def _exact(self, t: float) -> Tensor:
        return self._masked if self.path.source == "mask" else self.path.posterior(self.law, self.states, t)

    @cached_property
    def _masked(self) -> Tensor:
        """With a mask as source the posterior does not depend on time."""
        return self.law.posterior(self.states)

    def rate_matrix(self, t: float, kind: Rates = "direct") -> Tensor:
        """Rates between all states at time t, (S, S): one place jumps at a time; columns sum to 0.

            dp_t/dt = Q_t p_t

        Args:
            t: a time below 1 (above 0 for "reversed" rates of a uniform source).
            kind: "direct" or "reversed", as for `DiscretePath.rates`.
        Raises:
            ValueError: the rates are infinite at this time.
        """
        rates = self.path.rates(self.posterior(t), self.states, t, kind)
        here = torch.arange(len(self.states))
        matrix = torch.zeros(len(here), len(here), dtype=torch.float64)
        for token in range(self.path.states):
            there = here[:, None] + (token - self.states) * self._strides
            matrix.index_put_((there, here[:, None].expand_as(there)), rates[..., token], accumulate=True)
        return matrix

    def euler_kernel(self, t: float, h: float) -> Tensor:
        """Transition matrix of an Euler step of length h from time t, (S, S), for all places at once.

            K(y | x) = product over places of  [y_j = x_j] + m (p(z_j = y_j | x) - [y_j = x_j]),
            m = min(1, h alpha' / (1 - alpha))

        The places move independently, given x: what many words in one look cost. It is the step of
        `JumpEuler` with this denoiser.
        """
        return self._kernel(t, h * float(self.path.pace(torch.tensor(t, dtype=torch.float64))))

    def ancestral_kernel(self, t: float, h: float) -> Tensor:
        """Transition matrix of a step that integrates the rate of waiting places exactly, (S, S).

            m = (alpha(t + h) - alpha(t)) / (1 - alpha(t))   in place of Euler's h alpha' / (1 - alpha)

        With a mask as source it is the ancestral step of Sahoo et al. 2024 (MDLM), on alpha = t Euler's.
        """
        times = torch.tensor([t, t + h], dtype=torch.float64)
        before, after = self.path.scheduler.alpha(times).tolist()
        return self._kernel(t, (after - before) / (1 - before))

    def _kernel(self, t: float, moved: float) -> Tensor:
        own = one_hot(self.states, self.path.states).double()
        posterior = pad(self.posterior(t), (0, self.path.states - self.path.tokens))
        share = torch.full(self.states.shape, min(moved, 1.0), dtype=torch.float64)
        if self.path.source == "mask":
            share = share * (self.states == self.path.tokens)
        step = torch.lerp(own, posterior, share[..., None])
        rows = torch.ones(len(own), 1, dtype=torch.float64)  # from each state to all, place after place
        for place in range(self.law.length):
            rows = (rows[:, :, None] * step[:, None, place]).flatten(1)
        return rows.T

    def law_after(self, steps: int) -> Tensor:
        """Law at t = 1 of Euler's method with equal steps from t = 0, (S,): pushed exactly, not sampled.

        Raises ValueError if there is no step.
        """
        if steps < 1:
            raise ValueError(f"steps = {steps}, but a run needs at least one step")
        p = self.marginal(0.0)
        for k in range(steps):
            p = self.euler_kernel(k / steps, 1 / steps) @ p
        return p

    def law_in_random_order(self) -> Tensor:
        """Law of revealing one place at a time, each time a random one of those hidden, (S,).

        It is the jump chain of the masked path: with the exact denoiser the law of the data itself.

        Raises ValueError if the source hides nothing.
        """
        if self.path.source != "mask":
            raise ValueError("only a mask can be revealed: give a path with source='mask'")
        rates = self.rate_matrix(0.0) if float(self.path.pace(torch.zeros(()))) > 0 else self.rate_matrix(0.5)
        leaving = -rates.diagonal()
        jump = (rates + leaving.diag()) / leaving.clamp_min(1e-300)
        p = self.marginal(0.0)
        for _ in range(self.law.length):
            p = jump @ p
        return p

    def bound(self, kind: Rates = "direct", nodes: int = 200) -> float:
        """Bound of the denoiser on its cross-entropy, in nats: the loss that training makes small.

            E over z of KL( paths given z || paths of the denoiser )
            = E integral over t of sum over y of  Q_z log(Q_z / Q) - Q_z + Q

        Q_z are the conditional rates and Q those of the denoiser. For a mask as source it is the masked
        cross-entropy of weight alpha' / (1 - alpha). The exact denoiser gives the floor of all denoisers.

        Args:
            kind: "direct" or "reversed" rates.
            nodes: nodes of the Gauss-Legendre rule in u, t = (1 - cos pi u) / 2: dense at both ends.
        """
        return self._path_divergence(self.posterior, kind, nodes)

    def floor(self, kind: Rates = "direct", nodes: int = 200) -> float:
        """Least value of `bound` over all denoisers, in nats; that of the exact one.

        It is at least the entropy of the data, and equal where jumps tell nothing but the data: for a mask,
        and for reversed noising. The direct rates of a uniform source have a higher one.

        Args:
            kind: "direct" or "reversed" rates.
            nodes: as for `bound`.
        """
        return self._path_divergence(self._exact, kind, nodes)

    def _path_divergence(self, posterior: Callable[[float], Tensor], kind: Rates, nodes: int) -> float:
        from numpy.polynomial.legendre import leggauss  # here, so that importing coursekit stays light

        total = 0.0
        for node, weight in zip(*leggauss(nodes), strict=True):
            u = (node + 1) / 2
            t, speed = (1 - math.cos(math.pi * u)) / 2, math.pi / 2 * math.sin(math.pi * u)
            if 0 < float(self.path.scheduler.alpha(torch.tensor(t, dtype=torch.float64))) < 1:
                # Closer to an end than rounding can tell, the integrand is finite and the weight nothing.
                total += weight / 2 * speed * self._divergence_at(t, posterior(t), kind)
        return total

    def _divergence_at(self, t: float, answered: Tensor, kind: Rates) -> float:
        """E over z and x of sum over y of Q_z log(Q_z / Q) - Q_z + Q, at time t."""
        p, exact = self.marginal(t), self._exact(t)
        others = 1 - one_hot(self.states, self.path.states).double()
        model = self.path.rates(answered, self.states, t, kind) * others
        value = torch.zeros((), dtype=torch.float64)
        for token in range(self.path.tokens):  # the clean token at a place, in every state
            z = torch.full_like(self.states, token)
            given = self.path.conditional_rates(z, self.states, t, kind) * others
            gap = torch.xlogy(given, given) - torch.xlogy(given, model) - given + model
            chance = p[:, None] * exact[..., token]
            value = value + torch.where(chance > 0, chance * gap.sum(-1), 0.0).sum()
        return float(value)
