"""Markov chains in continuous time: states that wait, and jump; and the solver that follows many at once."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from ..base import Time, as_time
from ..paths import DiscretePath
from .processes import JumpProcess

Denoiser = Callable[[Tensor, Time], Tensor]
"""Gives logits (batch, length, tokens) of the clean tokens, called as denoiser(x, t)."""


@dataclass(frozen=True, eq=False)
class MarkovChain:
    """A Markov chain in continuous time, given by its rates: dp/dt = Q p, the forward equation.

        P(X_{t+h} = y | X_t = x) = [y = x] + h Q[y, x] + o(h)

    The chain waits in x for an exponential time of mean 1 / (-Q[x, x]) and then jumps to y with probability
    Q[y, x] / (-Q[x, x]). Columns sum to 0, so probability is neither made nor lost. Holderrieth & Erives,
    continuous-time Markov chains.

    As a jump process every place of a state (batch, length) follows a chain of its own.

    Args:
        rates: Q, (n, n), floating-point: from the state of the column to that of the row, per unit of time.
    Raises:
        ValueError: the matrix is not square, a rate is negative, or a column does not sum to 0.

    >>> chain = MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]]))
    >>> chain.stationary()
    tensor([0.3333, 0.6667], dtype=torch.float64)
    >>> simulate(chain, torch.zeros(5, 1, dtype=torch.int64), time_grid(10)).shape
    torch.Size([11, 5, 1])
    """

    rates: Tensor

    def __post_init__(self) -> None:
        rates = self.rates
        if rates.dim() != 2 or rates.shape[0] != rates.shape[1] or not rates.is_floating_point():
            raise ValueError(
                f"rates have shape {tuple(rates.shape)} and type {rates.dtype}; give a square matrix of "
                "floating-point numbers, Q[y, x] from x to y"
            )
        rates = rates.double()
        off = rates - rates.diagonal().diag()
        if not bool((off >= 0).all()):
            raise ValueError("a rate from one state to another is negative; only the diagonal may be")
        size = float(rates.abs().max()) + 1e-300
        if float(rates.sum(0).abs().max()) > 1e-5 * size:
            turned = float(rates.sum(1).abs().max()) <= 1e-5 * size
            remedy = "its rows do: give rates.T" if turned else "set Q[x, x] to minus the sum of the others"
            raise ValueError(f"a column of the rates does not sum to 0; {remedy}")
        object.__setattr__(self, "rates", off - off.sum(0).diag())  # to the last digit

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.rates)

    @property
    def leaving(self) -> Tensor:
        """Rate at which each state is left, -Q[x, x], (n,): one over the mean time of waiting there."""
        return 0.0 - self.rates.diagonal()  # not -0.0, one over which is negative

    def derivative(self, p: Tensor) -> Tensor:
        """Time derivative of a law, Q p: the forward equation's right-hand side.

        Args:
            p: probabilities, (n,) or (batch, n).
        Returns:
            Per unit of time, shaped like `p`; its entries sum to 0.

        >>> MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]])).derivative(torch.tensor([1.0, 0.0]))
        tensor([-2.,  2.])
        """
        return p @ self.rates.to(p).T

    def transition(self, t: Time) -> Tensor:
        """Transition matrix over a time t, exp(t Q): entry [y, x] is P(X_t = y | X_0 = x).

        Args:
            t: times of at least 0, a float or any shape.
        Returns:
            (n, n) in float64, or (*shape of t, n, n).
        Raises:
            ValueError: a time is negative.
        """
        times = torch.as_tensor(t, dtype=torch.float64, device=self.rates.device)
        _check_forwards(times)
        return torch.linalg.matrix_exp(times[..., None, None] * self.rates)

    def uniformized(self, t: float) -> Tensor:
        """The same matrix as a sum: jumps at one rate for all states, of which some lead nowhere.

            exp(t Q) = sum over k of Poisson(k; r t) (I + Q / r)^k,   r the largest rate of leaving

        Jensen 1953. Every term is a probability, so nothing cancels. Terms beyond rounding are left out.

        Args:
            t: a time of at least 0.
        Returns:
            (n, n) in float64.
        Raises:
            ValueError: the time is negative.
        """
        _check_forwards(torch.as_tensor(t))
        fastest = float(self.leaving.max())
        power = torch.eye(self.states, dtype=torch.float64, device=self.rates.device)
        if fastest * t == 0:
            return power
        step, mean = power + self.rates / fastest, fastest * t
        total = torch.zeros_like(power)
        for k in range(math.ceil(mean + 10 * math.sqrt(mean) + 30)):
            total += math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) * power
            power = step @ power
        return total

    def euler_kernel(self, h: float) -> Tensor:
        """Transition matrix of an Euler step, I + h Q, (n, n) in float64.

        Where h is above one over a rate of leaving, the entry on the diagonal is negative: no probability.
        """
        return torch.eye(self.states, dtype=torch.float64, device=self.rates.device) + h * self.rates

    def stationary(self) -> Tensor:
        """The law that stays as it is, Q p = 0, (n,) in float64.

        Raises ValueError if there are several: some states are never reached from others.
        """
        _, sizes, vectors = torch.linalg.svd(self.rates)
        if self.states > 1 and float(sizes[-2]) <= 1e-12 * float(sizes[0]):
            raise ValueError("there are several stationary laws: give a chain whose states reach one another")
        kept = vectors[-1].abs()
        return kept / kept.sum()

    def jumps(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """How often each place of the states `x` (batch, length) jumps, and the logits of where to.

        As `JumpProcess` says; the rates do not depend on time.
        """
        target = (self.rates - self.rates.diagonal().diag()).T.log()
        return self.leaving[x], target[x]


def two_state(t: Time, start: float | Tensor, up: float, down: float) -> Tensor:
    """Probability of state 1 in the chain of two states, in closed form.

        P(X_t = 1) = s + (start - s) exp(-(up + down) t),   s = up / (up + down)

    The solution of p' = up (1 - p) - down p.

    Args:
        t: times since the start, any shape.
        start: probability of state 1 at the start.
        up: rate from 0 to 1, at least 0, per unit of time.
        down: rate from 1 to 0, at least 0; one of the two is positive.
    Returns:
        Probabilities, shaped like `t`.
    Raises:
        ValueError: a rate is negative, or both are 0.

    >>> two_state(torch.tensor([0.0, 1.0, 50.0], dtype=torch.float64), 0.0, up=2.0, down=1.0)
    tensor([0.0000, 0.6335, 0.6667], dtype=torch.float64)
    """
    if min(up, down) < 0 or not up + down > 0:
        raise ValueError(f"up = {up}, down = {down}; rates are at least 0, and one of them is positive")
    settled = up / (up + down)
    return settled + (start - settled) * torch.exp(-(up + down) * torch.as_tensor(t))


@dataclass(frozen=True, eq=False)
class JumpPaths:
    """Paths of a chain, each a staircase: at `times[i, k]` path i jumps to `states[i, k]`.

    The first time is 0 and the last the end, reached in the state before it; shorter paths repeat the end.

    Args:
        times: (batch, k) in float64.
        states: (batch, k) of int64.

    >>> chain = MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]]))
    >>> paths = gillespie(chain, torch.zeros(3, dtype=torch.int64), 2.0)
    >>> paths.at(0.0), paths.end.shape
    (tensor([0, 0, 0]), torch.Size([3]))
    """

    times: Tensor
    states: Tensor

    @property
    def end(self) -> Tensor:
        """States at the end, (batch,)."""
        return self.states[:, -1]

    @property
    def count(self) -> Tensor:
        """Number of jumps of each path, (batch,)."""
        return ((self.times > 0) & (self.times < self.times[:, -1:])).sum(1)

    def at(self, t: float) -> Tensor:
        """States at a time t from 0 to the end, (batch,)."""
        last = (self.times <= t).sum(1, keepdim=True) - 1
        return self.states.gather(1, last)[:, 0]


def gillespie(chain: MarkovChain, x0: Tensor, end: float, generator: Generator | None = None) -> JumpPaths:
    """Simulate a chain exactly, jump by jump: wait an exponential time, then jump.

        wait ~ Exponential(-Q[x, x]),   P(next = y) = Q[y, x] / (-Q[x, x])

    Gillespie 1977. Nothing is discretised: the states at every time have the chain's own law.

    Args:
        chain: the chain.
        x0: states at time 0, (batch,) of int64.
        end: time at which to stop, at least 0.
        generator: source of randomness, on the device of `x0`.
    Returns:
        The paths, their times and states.
    Raises:
        ValueError: `x0` does not hold states of the chain, or the end is negative.

    >>> chain = MarkovChain(torch.tensor([[-2.0, 0.0], [2.0, 0.0]]))  # state 1 is never left
    >>> gillespie(chain, torch.ones(1, dtype=torch.int64), 5.0).times
    tensor([[0., 5.]], dtype=torch.float64)
    """
    if x0.dim() != 1 or x0.dtype != torch.int64:
        raise ValueError(f"x0 has shape {tuple(x0.shape)} and type {x0.dtype}; give whole numbers (batch,)")
    if x0.numel() and (int(x0.min()) < 0 or int(x0.max()) >= chain.states):
        raise ValueError(f"states run from 0 to {chain.states - 1}, but x0 holds {x0.unique().tolist()}")
    _check_forwards(torch.as_tensor(end))
    leaving = chain.leaving.to(x0.device)
    target = (chain.rates - chain.rates.diagonal().diag()).T.to(x0.device)
    clock = torch.zeros(len(x0), dtype=torch.float64, device=x0.device)
    x, times, states = x0, [clock], [x0]
    running = torch.arange(len(x0), device=x0.device)
    while len(running):
        wait = torch.empty(len(running), dtype=torch.float64, device=x0.device)  # then infinite at a dead end
        wait = wait.exponential_(generator=generator) / leaving[x[running]]
        at = clock[running] + wait
        running, at = running[at < end], at[at < end]
        x, clock = x.clone(), clock.clone()
        clock[running] = at
        if len(running):
            x[running] = torch.multinomial(target[x[running]], 1, generator=generator)[:, 0]
            times.append(torch.full_like(clock, end).index_put((running,), at))
            states.append(x)
    times.append(torch.full_like(clock, end))
    states.append(x)
    return JumpPaths(torch.stack(times, 1), torch.stack(states, 1))


@dataclass(frozen=True, eq=False)
class DenoisedJumps:
    """The jump process of a denoiser: it carries the source of a discrete path to the data.

        Q_t(y | x) = alpha' / (1 - alpha) (p(z_j = y | x) - [y = x_j])   at each place j

    Holderrieth & Erives, marginal rates of the factorised mixture path. With the exact denoiser its laws are
    the path's marginals; a trained one takes its place as a network takes that of a field.

    Args:
        denoiser: gives logits (batch, length, tokens) of the clean tokens, called as denoiser(x, t) with a
            float t.
        path: the path it was made for.

    >>> law, path = Sequences(torch.tensor([[0, 1], [1, 0]])), DiscretePath(2)
    >>> x = solve(DenoisedJumps(law.denoiser, path), path.start((4, 2)), time_grid(10))
    >>> x.shape, int(x.max())  # nothing is hidden any more
    (torch.Size([4, 2]), 1)
    """

    denoiser: Denoiser
    path: DiscretePath

    def rates(self, x: Tensor, t: Time) -> Tensor:
        """Rates at states `x` (batch, length) and time `t`, (batch, length, states): `DiscretePath.rates`."""
        return self.path.rates(self._logits(x, t).softmax(-1), x, t)

    def jumps(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """How often each place of the states `x` (batch, length) is drawn anew, and the logits of its token.

        As `JumpProcess` says. Without a softmax: only places that move need one.
        """
        logits = self._logits(x, t)
        rate = self.path.pace(as_time(t, x, torch.float64)).expand(x.shape)
        if self.path.source == "mask":
            rate = rate * (x == self.path.tokens)
        return rate, logits

    def _logits(self, x: Tensor, t: Time) -> Tensor:
        logits = self.denoiser(x, t)
        if logits.shape != (*x.shape, self.path.tokens):
            raise ValueError(
                f"the denoiser returned shape {tuple(logits.shape)}; for states {tuple(x.shape)} and "
                f"{self.path.tokens} tokens it must return logits {(*x.shape, self.path.tokens)}"
            )
        return logits


@dataclass(frozen=True)
class JumpEuler:
    """Let each place jump with probability h times its rate, all places at once and independently.

        P(X_{t+h} = y | x) = product over places of  [y_j = x_j] + h Q_t(y_j | x)

    Holderrieth & Erives, sampling from a jump process with factorised rates; tau-leaping is its cousin
    (Gillespie 2001; Campbell et al. 2022). Laws converge at `order` 1. Where h times a rate is above 1,
    which is no probability, the place surely jumps.

    Args:
        generator: source of randomness, on the states' device; torch's own unless given.

    >>> solver = JumpEuler(torch.Generator().manual_seed(0))
    >>> chain = MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]]))
    >>> solver.probabilities(chain, torch.tensor([[0]]), 0.0, 0.1)
    tensor([[[0.8000, 0.2000]]], dtype=torch.float64)
    """

    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1

    generator: Generator | None = None

    def step(self, process: JumpProcess, x: Tensor, t: float, h: float) -> Tensor:
        """Take one random step of length `h` > 0 from states `x` (batch, length) of a process at time `t`.

        Tokens are drawn only where a place moves. Raises ValueError if `h` is not positive.
        """
        rate, logits = self._jumps(process, x, t, h)
        chance = torch.rand(x.shape, generator=self.generator, dtype=torch.float64, device=x.device)
        moved = chance < h * rate
        new = x.clone()
        new[moved] = draw_tokens(logits[moved], self.generator)
        return new

    def probabilities(self, process: JumpProcess, x: Tensor, t: float, h: float) -> Tensor:
        """Law of each place after a step, given `x` (batch, length): (batch, length, states) in float64.

        Places are independent, so this is the whole law of a step. `states` is what the process knows, at
        least the largest state of `x` and one.
        """
        rate, logits = self._jumps(process, x, t, h)
        states = max(logits.shape[-1], int(x.max()) + 1)
        share = (h * rate).clamp(max=1).double()[..., None]
        target = torch.nn.functional.pad(_softmax(logits), (0, states - logits.shape[-1]))
        return torch.where(share > 0, share * target, 0.0) + (1 - share) * one_hot(x, states)

    @staticmethod
    def _jumps(process: JumpProcess, x: Tensor, t: float, h: float) -> tuple[Tensor, Tensor]:
        if not h > 0:
            raise ValueError(f"h = {h}; a jump process runs forwards, so let the times increase")
        return process.jumps(x, t)


def draw_tokens(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw a token from each row of logits, (n,) from (n, tokens).

    In double precision: in single precision rare tokens are drawn too rarely (Zheng et al. 2024).

    >>> draw_tokens(torch.tensor([[0.0, -torch.inf], [-torch.inf, 0.0]]))
    tensor([0, 1])
    """
    if not len(logits):
        return torch.zeros(0, dtype=torch.int64, device=logits.device)
    return torch.multinomial(_softmax(logits), 1, generator=generator)[:, 0]


def _softmax(logits: Tensor) -> Tensor:
    return logits.double().softmax(-1)


def _check_forwards(t: Tensor) -> None:
    if bool((t < 0).any()):
        raise ValueError("a chain runs forwards: give times of at least 0")
