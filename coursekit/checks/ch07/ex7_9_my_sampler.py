"""Exercise 7.9: the best sampler with twenty questions to the network."""

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
from ..shared.mistakes import Mistake
from .common import Predictor, between, of_point, shares

QUESTIONS, STEPS, N, RUNS = 20, 1000, 8192, 4
BOUND = 40.0
"""Largest distance that passes, in thousandths of a data unit; DDIM misses it, wherever its strides lie."""
BEST_STRIDES = (
    1000,
    904,
    835,
    743,
    694,
    623,
    553,
    482,
    435,
    382,
    328,
    280,
    237,
    196,
    151,
    109,
    72,
    36,
    17,
    6,
    0,
)
"""Indices of the best strides for DDIM that a random search found."""
BUMPS = GaussianMixture(
    torch.tensor([0.3, 0.4, 0.3]), torch.tensor([[-1.5], [0.0], [1.2]]), torch.tensor([0.1, 0.1, 0.1])
)
POINT = torch.tensor([1.5, -0.5])
Net = Callable[[Tensor, float], Tensor]
Sampler = Callable[[Net, Tensor, Tensor], Tensor]
HINTS = {
    "questions left": (
        "Your sampler is not close enough yet, and it has questions left: it asks fewer than twenty times. "
        "Take more steps."
    ),
    "too random": (
        "Your samples differ from run to run, and on average they are not close enough. Fresh noise has to "
        "be worked in by later steps: try less of it, and none towards the end."
    ),
    "not close enough": (
        "Your sampler is not close enough yet. Where the steps lie can mend a part, but no choice of strides "
        "alone is enough: let a step use more than one answer of the network."
    ),
    "net not asked": (
        "Your sampler never asks the network. Where the data lie, only the network knows: call it, as in "
        "`net(x, k)`, with a state and its index, on the way from k = 1000 to k = 0."
    ),
    "network told a time": (
        "Your sampler tells the network numbers from 0 to 1, as if they were times. This one is asked with "
        "the index, from 1000 for noise to 1, next to the data."
    ),
    "wrong direction": (
        "Your sampler begins at the data's end of the chain. The states that it is given are noise, at k = "
        "1000, and from there the indices get smaller. In which order are your indices?"
    ),
    "network told another index": (
        "Your sampler's first states lie at k = 1000, and it asks about them at a smaller index. Does the "
        "network hear the index at which a state lies, or the one to which it goes?"
    ),
    "always from the start": (
        "Your sampler asks about the first states again and again: what a step returns never becomes the "
        "state from which the next one sets out. Which name does the result of a step get?"
    ),
    "does not land": (
        "Your sampler does not arrive. The check has tried it on data that are a single point, where every "
        "step can be exact, and it missed the point. Does the last step go to k = 0, and does the network "
        "hear the index at which the state really lies?"
    ),
    "strides grow towards the data": (
        "Your strides get longer towards the data, where the state changes fastest. Which of your indices "
        "lie close together? Turn the spacing round."
    ),
    "too many questions": (
        "Your sampler asks the network too often. Each call on all states counts as one question, and "
        "twenty are allowed, whatever they are used for. A method that asks twice in a step can take half "
        "as many steps."
    ),
}


def _noise(x: Tensor, k: Tensor) -> Tensor:
    """E[eps | x] in the states (rows, 1) at indices (rows, 1), exactly: the bumps stay normal on the way."""
    share = between(shares(linear_betas(STEPS)), k)
    means, widths = BUMPS.means[:, 0].double(), BUMPS.stds[:, 0].double()
    variance, off = share * widths**2 + 1 - share, x - share.sqrt() * means
    weights = (BUMPS.weights.double().log() - variance.log() / 2 - off.square() / (2 * variance)).softmax(1)
    return ((weights * off / variance).sum(1, keepdim=True) * (1 - share).sqrt()).to(x)


@cache
def _quantiles() -> Tensor:
    """Where an even sample of N states of the bumps should lie, by bisection of the distribution function."""
    low, high = torch.full((2, N), 4.0, dtype=torch.float64) * torch.tensor([[-1.0], [1.0]])
    for _ in range(45):
        middle = (low + high) / 2
        steps = torch.special.ndtr((middle[:, None] - BUMPS.means[:, 0]) / BUMPS.stds[:, 0])
        below = steps @ BUMPS.weights.double() < _even()
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def _table() -> Tensor:
    """Shares of DDPM's chain, in single precision as in the notebook."""
    return shares(linear_betas(STEPS)).float()


def _even() -> Tensor:
    return (torch.arange(N, dtype=torch.float64) + 0.5) / N


def start() -> Tensor:
    """An even sample of standard normal noise, (N, 1), in a random order."""
    return torch.special.ndtri(_even()).float()[torch.randperm(N), None]


def _way_to_truth(x: Tensor) -> float:
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
    away = torch.tensor(
        [_way_to_truth(sampler(Predictor(_noise, 1), start(), _table())) for _ in range(RUNS)]
    )
    return float(away.mean()), float(away.std() / RUNS**0.5)


def _strides(power: float, questions: int = QUESTIONS) -> list[int]:
    """Indices from K to 0: equal strides for power 1, shorter and shorter ones above."""
    return [round(STEPS * (1 - i / questions) ** power) for i in range(questions + 1)]


def _ddim(power: float | None, questions: int = QUESTIONS, eta: float = 0.0, memory: float = 0.0) -> Sampler:
    """DDIM's steps along these strides (None: the best), with `memory` times the answer's last change."""
    ks = BEST_STRIDES if power is None else _strides(power, questions)

    def sampler(net: Net, x: Tensor, alpha_bar: Tensor) -> Tensor:
        old = None
        for k, j in pairwise(ks):
            a, b, answer = alpha_bar[k], alpha_bar[j], net(x, k)
            eps, old = answer if old is None else answer + memory * (answer - old), answer
            fresh = eta**2 * (1 - b) / (1 - a) * (1 - a / b)
            z = (x - (1 - a).sqrt() * eps) / a.sqrt()
            x = b.sqrt() * z + (1 - b - fresh).clamp(min=0).sqrt() * eps
            x = x + fresh.sqrt() * torch.randn_like(x) if eta else x
        return x

    return sampler


def _three_answers(net: Net, x: Tensor, alpha_bar: Tensor) -> Tensor:
    """Adams and Bashforth's rule of order three for the noise of a stride, from the last three answers."""
    weights: tuple[tuple[float, ...], ...] = ((1.0,), (1.5, -0.5), (23 / 12, -16 / 12, 5 / 12))
    past: list[Tensor] = []
    for k, j in pairwise(_strides(1.5)):
        a, b = alpha_bar[k], alpha_bar[j]
        past = [net(x, k), *past][:3]
        eps = sum(w * e for w, e in zip(weights[len(past) - 1], past, strict=True))
        x = b.sqrt() * (x - (1 - a).sqrt() * eps) / a.sqrt() + (1 - b).sqrt() * eps
    return x


@cache
def ladder() -> dict[str, float]:
    """Distances to compare with, from far to near, and the one that passes."""
    return {
        "DDIM, equal strides": distance(_ddim(1.0))[0],
        "DDIM, the best strides we found": distance(_ddim(None))[0],
        "enough to pass": BOUND,
        "the best of our search": distance(_three_answers)[0],
    }


MISTAKES: dict[str, Mistake] = {
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


def _counting_net() -> Predictor:
    """The network of the check, which stops whoever asks too often: a thousand questions would take long."""
    rows = 0

    def rule(x: Tensor, k: Tensor) -> Tensor:
        nonlocal rows
        rows += len(x)
        if rows > QUESTIONS * N:
            raise Fault("too many questions", HINTS["too many questions"])
        return _noise(x, k)

    return Predictor(rule, 1)


def _reason(net: Predictor, few: bool, random: bool, missed: float) -> str:
    """Why a sampler is not close enough, as far as its questions and its landing on a point show."""
    k = net.times()
    if not len(k):
        return "net not asked"
    first, path = net.calls[0].x, torch.cat([k, torch.zeros(1)])
    strides = (path[:-1] - path[1:])[path[:-1] > path[1:]]
    unmoved = all(call.x.shape == first.shape and torch.equal(call.x, first) for call in net.calls)
    signs = (
        ("network told a time", float(k.max()) <= 1),
        ("wrong direction", float(k[0]) < float(k[-1])),
        ("network told another index", float(k[0]) < 0.99 * STEPS),
        ("always from the start", len(k) > 2 and unmoved),
        ("does not land", not random and missed > 0.03),
        (
            "strides grow towards the data",
            not random and len(strides) > 0 and float(strides[-1]) > 2 * float(strides[0]),
        ),
        ("questions left", few),
        ("too random", random),
    )
    return next((name for name, seen in signs if seen), "not close enough")


REFERENCE = _ddim(2.0, memory=0.5)


@exercise(
    "7.9", "Twenty questions", "open", "net, x, alpha_bar", REFERENCE, MISTAKES, may_draw=True, limit=15.0
)
def my_sampler(student: StudentFunction) -> Iterator[Fact | str]:
    """Questions asked, the distance to the truth in four runs, and landing on a point in the plane."""
    again, ends, asked = start(), [], 0.0
    for i in range(RUNS):
        net = _counting_net()
        ends.append(student(net, again if i < 2 else start(), _table(), shape=(N, 1)).double())
        asked = max(asked, net.evaluations(N))
    hint = HINTS["too many questions"]
    yield Fact("too many questions", "questions asked", asked, asked, hint, 1e-6, 0.1, "at most 20")
    # It holds: who asked more often was stopped.
    apart = float((ends[0] - ends[1]).square().mean().sqrt().clamp(max=1e3))
    what = "how far two runs from one start end apart"
    yield Fact("too random", what, apart, apart, HINTS["too random"], 1e-6, 0.02 + 0.1 * apart, "any")
    away = torch.tensor([_way_to_truth(end) for end in ends])
    mean, error = float(away.mean()), float(away.std() / RUNS**0.5)
    missed = 0.0
    if net.calls:
        x = start()[:300].reshape(150, 2)
        end = student(of_point(_table(), POINT), x, _table(), shape=(150, 2))
        missed = float((end - POINT).abs().mean().clamp(max=1e3))
    name = "not close enough" if mean <= BOUND else _reason(net, asked < QUESTIONS - 1, apart > 0.01, missed)
    what = "distance to the truth, in thousandths"
    yield Fact(name, what, 0.0, mean, HINTS[name], BOUND, max(0.05, 4 * error), f"at most {BOUND:g}")
    what = "distance from the point, for data that are one point of the plane"
    yield Fact("does not land", what, 0.0, missed, HINTS["does not land"], 0.2, 0.1, "at most 0.2")
    if mean <= BOUND:
        rungs = ", ".join(f"{name} {away:.1f}" for name, away in ladder().items() if away != BOUND)
        yield (
            f"Your distance: {mean:.1f} ± {error:.1f} thousandths of a data unit; the lower, the better. To "
            f"compare: {rungs}."
        )
