"""Probability paths of token sequences: each place jumps once, from the source's token to its own."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from ..base import Time, as_time
from ..distributions import Sequences
from .schedulers import CondOT, Scheduler

Source = Literal["mask", "uniform"]
"""What stands at every place at t = 0: the mark of a hidden place, or a random token."""
Rates = Literal["direct", "reversed"]
"""Two processes with the same marginals: places jump straight to their tokens, or noising runs backwards."""


@dataclass(frozen=True)
class DiscretePath:
    """The factorised mixture path: at time t each place shows its clean token with probability alpha(t).

        p_t(x | z) = product over places of  alpha(t) [x_j = z_j] + (1 - alpha(t)) p_0(x_j)

    Campbell et al. 2024; Gat et al. 2024, mixture paths; Holderrieth & Erives, discrete diffusion. A linear
    path mixes two points; where nothing lies between two tokens, it is their probabilities that are mixed.
    Of the scheduler only alpha counts: the source's weight is 1 - alpha.

    Args:
        tokens: size of the alphabet, at least 1; tokens are 0 to tokens - 1.
        source: "mask", at t = 0 every place is hidden, or "uniform", every place holds a random token.
        scheduler: gives alpha; CondOT() unless given, alpha(t) = t.
    Raises:
        ValueError: there is no token, or the source is unknown.

    >>> path, z = DiscretePath(5), torch.tensor([[0, 3, 4]])
    >>> path.sample(z, 0.0), path.sample(z, 1.0)
    (tensor([[5, 5, 5]]), tensor([[0, 3, 4]]))
    """

    tokens: int
    source: Source = "mask"
    scheduler: Scheduler = field(default_factory=CondOT)

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ValueError(f"tokens = {self.tokens}; an alphabet has at least one token")
        if self.source not in get_args(Source):
            raise ValueError(f"source = '{self.source}'; give one of {', '.join(get_args(Source))}")

    @property
    def states(self) -> int:
        """What can stand at a place: the tokens, and with the source "mask" the mark of a hidden place."""
        return self.tokens + (self.source == "mask")

    @property
    def mask(self) -> int | None:
        """The index that marks a hidden place, one above the last token; None if the source hides nothing."""
        return self.tokens if self.source == "mask" else None

    def start(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw states at t = 0.

        Args:
            shape: (batch, length).
            generator: source of randomness; the states are on its device.
        Returns:
            int64 of that shape: hidden everywhere, or random tokens.
        """
        device = "cpu" if generator is None else generator.device
        if self.source == "mask":
            return torch.full(shape, self.tokens, device=device)
        return torch.randint(self.tokens, shape, generator=generator, device=device)

    def sample(self, z: Tensor, t: Time, generator: Generator | None = None) -> Tensor:
        """Draw states of the path at time t: each place keeps its token with probability alpha(t).

        Args:
            z: data, (batch, length) of int64 from 0 to tokens - 1.
            t: times in [0, 1], a float, (batch,) or (batch, 1).
            generator: source of randomness, on the data's device.
        Returns:
            States, shaped like `z`.
        Raises:
            ValueError: `z` is no batch of tokens, or `t` has another shape.
        """
        self._check(z, self.tokens, "data")
        kept = torch.rand(z.shape, generator=generator, device=z.device) < self.scheduler.alpha(_time(t, z))
        if self.source == "mask":
            return torch.where(kept, z, self.tokens)
        noise = torch.randint(self.tokens, z.shape, generator=generator, device=z.device)
        return torch.where(kept, z, noise)

    def conditional_rates(self, z: Tensor, x: Tensor, t: Time, kind: Rates = "direct") -> Tensor:
        """Rates at which a state jumps if its clean sequence is known: the discrete (z - x) / (1 - t).

            Q_t(y | x, z) = alpha' / (1 - alpha) ([y = z_j] - [y = x_j])   at each place j

        Args:
            z: data, (batch, length).
            x: states, same shape.
            t: times below 1, a float, (batch,) or (batch, 1).
            kind: as for `rates`.
        Returns:
            (batch, length, states) in float64, as for `rates`.
        Raises:
            ValueError: as for `rates`, or the shapes disagree.
        """
        self._check(z, self.tokens, "data")
        return self.rates(one_hot(z, self.tokens).double(), x, t, kind)

    def rates(self, posterior: Tensor, x: Tensor, t: Time, kind: Rates = "direct") -> Tensor:
        """Rates at which the places of a state jump, from the posterior of their clean tokens.

            Q_t(y | x) = alpha' / (1 - alpha) (p(z_j = y | x) - [y = x_j])   at each place j

        Marginalization trick for jump processes, Holderrieth & Erives: the conditional rates averaged over
        the posterior generate the marginal path. With a mask as source only hidden places jump.

        `kind="reversed"` gives the rates of noising run backwards in time, with a uniform source

            Q_t(y | x) = alpha' / (alpha V) E[ p_t(y | z_j) / p_t(x_j | z_j) | x ],   V tokens,

        which has the same marginals and other paths. With a mask as source both are the same.

        Args:
            posterior: probabilities of the clean tokens, (batch, length, tokens), each place summing to 1.
            x: states, (batch, length) of int64.
            t: times below 1 (and above 0 for "reversed" rates of a uniform source), a float, (batch,) or
                (batch, 1).
            kind: "direct" or "reversed".
        Returns:
            (batch, length, states), typed like `posterior`, per unit of time. The entry of the state's own
            token is minus the sum of the others.
        Raises:
            ValueError: shapes disagree, a state lies outside, or the rates are infinite at this time.

        >>> path, p = DiscretePath(2), torch.tensor([[[0.25, 0.75]]])
        >>> path.rates(p, torch.tensor([[2]]), 0.5)  # hidden: token 1 is three times as likely
        tensor([[[ 0.5000,  1.5000, -2.0000]]])
        """
        self._check(x, self.states, "states")
        if posterior.shape != (*x.shape, self.tokens):
            raise ValueError(
                f"the posterior has shape {tuple(posterior.shape)}; for states {tuple(x.shape)} and "
                f"{self.tokens} tokens give {(*x.shape, self.tokens)}"
            )
        own = one_hot(x, self.states).to(posterior)
        if self.source == "uniform" and kind == "reversed":
            rates = self._reversed(posterior, own, t)
        else:
            pace = self.pace(_time(t, x, posterior.dtype))[..., None]
            if self.source == "mask":
                pace = pace * (x == self.tokens)[..., None]
                posterior = torch.nn.functional.pad(posterior, (0, 1))
            rates = pace * posterior
        rates = rates * (1 - own)
        return rates - own * rates.sum(-1, keepdim=True)

    def pace(self, t: Tensor) -> Tensor:
        """Rate at which a place that still waits jumps, alpha' / (1 - alpha), at times `t`.

        Raises ValueError where it is infinite, at t = 1.
        """
        left = 1 - self.scheduler.alpha(t)
        if bool((left <= 0).any()):
            raise ValueError("where alpha(t) = 1 every place has jumped, at an infinite rate; take t below 1")
        return self.scheduler.alpha_dot(t) / left

    def _reversed(self, posterior: Tensor, own: Tensor, t: Time) -> Tensor:
        """Off-diagonal rates of noising run backwards: p_t(y) / p_t(x) times the rate of noising."""
        alpha, right, other = self._odds(_time(t, own[..., 0], posterior.dtype)[..., None])
        if bool((alpha <= 0).any()):
            raise ValueError("reversed noising starts at an infinite rate; use times above 0")
        here = (posterior * own).sum(-1, keepdim=True)  # probability that the state's own token is clean
        ratio = posterior * right / other + here * (other / right) + (1 - posterior - here)
        return self._noising(t, own, posterior.dtype) * ratio

    def _noising(self, t: Time, own: Tensor, dtype: torch.dtype) -> Tensor:
        now = _time(t, own[..., 0], dtype)[..., None]
        return self.scheduler.alpha_dot(now) / self.scheduler.alpha(now) / self.tokens

    def _odds(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha, and with a uniform source the probabilities of the clean token and of each other one."""
        alpha = self.scheduler.alpha(t)
        other = (1 - alpha) / self.tokens
        if bool((other <= 0).any()):
            raise ValueError("where alpha(t) = 1 no token is noise any more; use times below 1")
        return alpha, alpha + other, other

    def posterior(self, law: Sequences, x: Tensor, t: Time) -> Tensor:
        """Exact posterior of the clean tokens, for data whose law is known completely.

            p_t(z_j = y | x) = sum over z with z_j = y of p(z) p_t(x | z), divided by the sum over all z

        With a mask as source the time cancels: every sequence that agrees with what is shown has the same
        chance of being hidden in this way.

        Args:
            law: the law of the data.
            x: states, (batch, length).
            t: times in [0, 1], a float, (batch,) or (batch, 1).
        Returns:
            (batch, length, tokens) in float64.
        Raises:
            ValueError: law and path have different alphabets, or `x` is no batch of states.
        """
        if law.tokens != self.tokens:
            raise ValueError(f"the law has {law.tokens} tokens, the path {self.tokens}; give both the same")
        self._check(x, self.states, "states")
        if self.source == "mask":
            return law.posterior(x)
        alpha = self.scheduler.alpha(_time(t, x, torch.float64))
        slip = (1 - alpha) / (1 - alpha + alpha * self.tokens)
        return law.posterior(x, slip if isinstance(t, Tensor) and t.numel() > 1 else slip[:1])

    @staticmethod
    def _check(x: Tensor, states: int, name: str) -> None:
        if x.dim() != 2 or x.dtype != torch.int64:
            raise ValueError(
                f"{name} have shape {tuple(x.shape)} and type {x.dtype}; give whole numbers (batch, length), "
                "for example with .long()"
            )
        if x.numel() and (int(x.min()) < 0 or int(x.max()) >= states):
            raise ValueError(
                f"{name} run from {int(x.min())} to {int(x.max())}; on this path they are 0 to {states - 1}"
            )


def _time(t: Time, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return as_time(t, x, torch.get_default_dtype() if dtype is None else dtype)
