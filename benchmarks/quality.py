"""Quality against seconds: what 2, 5 and 15 seconds of training buy, on the chessboard and on the digits."""

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from coursekit import Chessboard, GaussianPath, data, log_likelihood, solve, time_grid
from coursekit.evaluation import classifiers, metrics
from coursekit.nets import MLP, FiLMMLP
from coursekit.training import EMA, Step, fit, guided, velocity_loss, with_dropped_labels

from .rounds import table

SECONDS, SEEDS = (2, 5, 15), (0, 1, 2)
PATH = GaussianPath()


def trained(
    seconds: float, make: Callable[[], nn.Module], train: Callable[..., Iterator[Step]]
) -> tuple[nn.Module, int]:
    """Train a network for about that many seconds of processor time; also the number of steps.

    The rate of learning falls to its end within the run, so the number of steps is set beforehand, from the
    time of 60 steps of another network.
    """
    began = time.process_time()
    _drain(train(make(), 60))
    steps = max(1, round(60 * seconds / (time.process_time() - began)))
    net = make()
    copy = EMA(net, 0.99)
    _drain(train(net, steps, copy))
    return copy.net, steps


def _drain(steps: Iterator[Step]) -> None:
    for _ in steps:
        pass


def chessboard(seconds: float, seed: int) -> tuple[float, float, int]:
    """Likelihood gap in nats and share of samples off the board after that many seconds; steps."""
    torch.manual_seed(seed)
    board = Chessboard()
    examples = board.sample(100_000)

    def train(net: nn.Module, steps: int, ema: EMA | None = None) -> Iterator[Step]:
        return fit(net, velocity_loss(PATH), examples, steps, batch=1000, lr=3e-2, ema=ema)

    net, steps = trained(seconds, lambda: MLP(2, gain=6.0), train)
    here = board.sample(2_000)
    gap = (board.log_prob(here) - log_likelihood(net, here, time_grid(50))).mean()
    made = solve(net, torch.randn(10_000, 2), time_grid(50))
    return float(gap), 1 - float(board.contains(made).double().mean()), steps


def digits(seconds: float, seed: int) -> tuple[float, float, int]:
    """Agreement at w = 1.5 and Fréchet distance at w = 1 after that many seconds; steps."""
    torch.manual_seed(seed)
    known, judge = data.digits(), classifiers.digit_classifiers()
    loss = with_dropped_labels(velocity_loss(PATH), 0.15)

    def train(net: nn.Module, steps: int, ema: EMA | None = None) -> Iterator[Step]:
        return fit(net, loss, (known.train.images, known.train.labels), steps, ema=ema)

    net, steps = trained(seconds, lambda: FiLMMLP(size=8, classes=10), train)

    def made(labels: Tensor, w: float) -> Tensor:
        return solve(guided(net, labels, w), torch.randn(len(labels), 1, 8, 8), time_grid(20))

    wishes = torch.arange(10).repeat(100)
    share = metrics.accuracy(judge.classify(made(wishes, 1.5)), wishes)
    real = judge.features(known.test.images)
    return share, metrics.frechet_distance(judge.features(made(known.test.labels, 1.0)), real), steps


def section() -> str:
    """The part of the report about quality, each number the mean of three seeds with the extremes."""
    rows = []
    for seconds in SECONDS:
        gap, off, steps = zip(*(chessboard(seconds, seed) for seed in SEEDS), strict=True)
        share, distance, more = zip(*(digits(seconds, seed) for seed in SEEDS), strict=True)
        cells = [_range(gap, "{:.2f}"), _range(off, "{:.1%}"), f"{min(steps):,}"]
        rows.append([seconds, *cells, _range(share, "{:.1%}"), _range(distance, "{:.2f}"), f"{min(more):,}"])
    head = ["seconds", "board: gap, nats", "off the board", "steps", "digits: agreement", "Fréchet", "steps"]
    return table(head, rows)


def _range(values: tuple[float, ...], shape: str) -> str:
    low, mean, high = min(values), sum(values) / len(values), max(values)
    return f"{shape.format(mean)} ({shape.format(low)}–{shape.format(high)})"
