"""Exercise 7.8: the best sampler with twenty questions to the network."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from ...distributions import GaussianMixture
from ...paths import linear_betas
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from .common import Predictor, between, of_point, shares
from .sampler_words import LOOKS

QUESTIONS, STEPS, N, RUNS = 20, 1000, 8192, 4
BOUND = 50.0
"""Largest distance that passes, in thousandths of a data unit; DDIM in equal strides misses it."""
BUMPS = GaussianMixture(
    torch.tensor([0.3, 0.4, 0.3]), torch.tensor([[-1.5], [0.0], [1.2]]), torch.tensor([0.1, 0.1, 0.1])
)
Net = Callable[[Tensor, float], Tensor]
Sampler = Callable[[Net, Tensor, Tensor], Tensor]


def _noise(x: Tensor, k: Tensor) -> Tensor:
    """E[eps | x] in the states (rows, 1) at indices (rows, 1), exactly: the bumps stay normal on the way."""
    share = between(shares(linear_betas(STEPS)), k)
    means, widths = BUMPS.means[:, 0].double(), BUMPS.stds[:, 0].double()
    centres, variance = share.sqrt() * means, share * widths**2 + 1 - share
    off = x - centres
    weights = (BUMPS.weights.double().log() - variance.log() / 2 - off.square() / (2 * variance)).softmax(1)
    return ((weights * off / variance).sum(1, keepdim=True) * (1 - share).sqrt()).to(x)


@cache
def _quantiles() -> Tensor:
    """Where an even sample of N states of the bumps should lie, by bisection of the distribution function."""
    share = _even()
    low, high = torch.full((N,), -4.0, dtype=torch.float64), torch.full((N,), 4.0, dtype=torch.float64)
    for _ in range(45):
        middle = (low + high) / 2
        below = (
            torch.special.ndtr((middle[:, None] - BUMPS.means[:, 0]) / BUMPS.stds[:, 0])
            @ BUMPS.weights.double()
        )
        low, high = torch.where(below < share, middle, low), torch.where(below < share, high, middle)
    return (low + high) / 2


def _table() -> Tensor:
    """Shares of DDPM's chain, in single precision as in the notebook."""
    return shares(linear_betas(STEPS)).float()


def _even() -> Tensor:
    return (torch.arange(N, dtype=torch.float64) + 0.5) / N


def start() -> Tensor:
    """An even sample of standard normal noise, (N, 1), in a random order."""
    return torch.special.ndtri(_even()).float()[torch.randperm(N), None]


def _away(x: Tensor) -> float:
    """Mean way from each state to its place in the truth, in thousandths."""
    off = (x.detach().double()[:, 0].sort().values - _quantiles()).abs().nan_to_num(1e3, 1e3)
    return float(1000 * off.mean().clamp(max=1e3))


def distance(sampler: Sampler) -> tuple[float, float]:
    """How far from the truth a sampler ends, and how sure that is.

    The exact noise predictor of three bumps on DDPM's chain of 1,000 steps; the Wasserstein-1 distance
    between the final states and the data's law.

    Args:
        sampler: called as sampler(net, x, alpha_bar) with x (N, 1) at k = 1000, returns states at k = 0.
    Returns:
        The distance in thousandths of a data unit, and its standard error over four runs; 0 if nothing is
        random in it.
    """
    away = torch.tensor([_away(sampler(Predictor(_noise, 1), start(), _table())) for _ in range(RUNS)])
    return float(away.mean()), float(away.std() / RUNS**0.5)


def _jump(x: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return b.sqrt() * (x - (1 - a).sqrt() * eps) / a.sqrt() + (1 - b).sqrt() * eps


def _strides(power: float, questions: int = QUESTIONS) -> list[int]:
    """Indices from K to 0: equal strides for power 1, shorter and shorter ones above."""
    return [round(STEPS * (1 - i / questions) ** power) for i in range(questions + 1)]


def _ddim(power: float, questions: int = QUESTIONS, eta: float = 0.0) -> Sampler:
    """DDIM's steps along these strides."""

    def sampler(net: Net, x: Tensor, alpha_bar: Tensor) -> Tensor:
        ks = _strides(power, questions)
        for k, j in pairwise(ks):
            a, b, eps = alpha_bar[k], alpha_bar[j], net(x, k)
            fresh = eta**2 * (1 - b) / (1 - a) * (1 - a / b)
            z = (x - (1 - a).sqrt() * eps) / a.sqrt()
            x = b.sqrt() * z + (1 - b - fresh).clamp(min=0).sqrt() * eps + fresh.sqrt() * torch.randn_like(x)
        return x

    return sampler


def _my_sampler(net: Net, x: Tensor, alpha_bar: Tensor) -> Tensor:
    """Strides that get shorter, and in each the noise that the last two answers let expect half way."""
    ks, old = _strides(2.0), None
    for k, j in pairwise(ks):
        eps = net(x, k)
        ahead = eps if old is None else 1.5 * eps - 0.5 * old
        x, old = _jump(x, ahead, alpha_bar[k], alpha_bar[j]), eps
    return x


MISTAKES: dict[str, tuple[Sampler, str]] = {
    "DDIM in equal strides": (
        _ddim(1.0),
        "This is the sampler to beat: DDIM in equal strides. Where along the chain does the state change "
        "fastest, and are your strides short there? Could the answer before the last be of use?",
    ),
    "ancestral steps": (
        _ddim(1.0, eta=1.0),
        "You take ancestral steps in long strides. Their fresh noise needs many small steps after it to be "
        "worked in; with twenty it costs more than it mends.",
    ),
    "one big jump": (
        _ddim(1.0, 1),
        "You ask once and jump to the end. That gives the *mean* of all data that could lie behind a state, "
        "and lands between the bumps. You have more questions left.",
    ),
}
LOOK_QUESTIONS = (
    "Your sampler asks the network too often. Each call on all states counts as one question, and twenty are "
    "allowed, whatever they are used for. A method that asks twice in a step can take half as many steps."
)


def _counted() -> Predictor:
    """The network of the check, which stops whoever asks too often: a thousand questions would take long."""
    rows = 0

    def rule(x: Tensor, k: Tensor) -> Tensor:
        nonlocal rows
        rows += len(x)
        if rows > QUESTIONS * N:
            raise Fault("too many questions", LOOK_QUESTIONS)
        return _noise(x, k)

    return Predictor(rule, 1)


def _seen(net: Predictor) -> str:
    """What is wrong with the questions of a sampler, if something is to be seen in them."""
    k = net.times()
    if not len(k):
        return "net not asked"
    if float(k.max()) <= 1:
        return "network told a time"
    if float(k[0]) < float(k[-1]):
        return "wrong direction"
    first = net.calls[0].x
    if len(k) > 2 and all(call.x.shape == first.shape and torch.equal(call.x, first) for call in net.calls):
        return "always from the start"
    return ""


def _spacing(net: Predictor) -> str:
    """Tell whether the strides get longer and longer, the last one included."""
    k = torch.cat([net.times(), torch.zeros(1)])
    strides = (k[:-1] - k[1:])[k[:-1] > k[1:]]
    return "strides grow towards the data" if float(strides[-1]) > 2 * float(strides[0]) else ""


def _landing(student: StudentFunction) -> str:
    """Tell whether a sampler misses the one data point that there is."""
    net = of_point(_table(), torch.tensor([1.5]))
    end = student(net, start(), _table(), shape=(N, 1))
    return "does not land" if float((end - 1.5).abs().mean()) > 0.03 else ""


def _name(student: StudentFunction, net: Predictor, few: bool, random: bool) -> str:
    """What to call a sampler that is not close enough, and whether it asks little or is random."""
    name = "questions left" if few else "too random" if random else "not close enough"
    return _seen(net) or ("" if random else _landing(student) or _spacing(net)) or name


@exercise(
    "7.8", "Twenty questions", "open", "net, x, alpha_bar", _my_sampler, MISTAKES, limit=15.0, double=True
)
def my_sampler(student: StudentFunction) -> Iterator[Fact | str]:
    """Questions asked, and the distance to the truth in four runs."""
    again, ends, asked = start(), [], 0.0
    for i in range(RUNS):
        net = _counted()
        ends.append(student(net, again if i < 2 else start(), _table(), shape=(N, 1)).double())
        asked = max(asked, net.evaluations(N))
    away = [_away(end) for end in ends]
    fact = Fact(
        "too many questions", "questions asked", asked, asked, LOOK_QUESTIONS, 1e-6, 0.1, "at most 20"
    )
    yield fact  # it holds: who asked more often was stopped
    apart = float((ends[0] - ends[1]).square().mean().sqrt().clamp(max=1e3))
    what = "how far two runs from one start end apart"
    yield Fact("too random", what, apart, apart, LOOKS["too random"], 1e-6, 0.02 + 0.1 * apart, "any")
    mean, error = float(torch.tensor(away).mean()), float(torch.tensor(away).std() / math.sqrt(RUNS))
    name = _name(student, net, asked < QUESTIONS - 1, apart > 0.01) if mean > BOUND else "not close enough"
    what = "distance to the truth, in thousandths"
    yield Fact(name, what, 0.0, mean, LOOKS[name], BOUND, max(0.05, 4 * error), f"at most {BOUND:g}")
    if mean <= BOUND:
        yield (
            f"Your distance: {mean:.1f} ± {error:.1f} thousandths of a data unit; the lower, the better. To "
            f"compare: DDIM in equal strides {_plain(1.0):.1f}, in shrinking ones {_plain(2.0):.1f}."
        )


@cache
def _plain(power: float) -> float:
    return distance(_ddim(power))[0]
