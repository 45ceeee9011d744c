"""What the training loop costs beside one written by hand: `python benchmarks/training.py`.

Both train a 3 x 64 MLP on the chessboard with the flow-matching loss and fused Adam at batch 1,000; the loop
by hand has no schedule, no smoothed copy, no checks and no record. They run in turn, a round of each at a
time, so that a busy machine slows both. The ratio of steps a second of each round counts, and the median is
printed, without and with the smoothed copy.
"""

import statistics
import time

import coursekit  # first: it asks for one thread before torch starts

import torch  # isort: skip
from coursekit.losses import velocity_loss
from coursekit.nets import MLP
from coursekit.training import EMA, fit

STEPS, ROUNDS, BATCH = 200, 41, 1_000


def by_hand(net: torch.nn.Module, data: torch.Tensor) -> None:
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    for _ in range(STEPS):
        z = data[torch.randint(len(data), (BATCH,))]
        eps, t = torch.randn_like(z), torch.rand(BATCH, 1)
        loss = (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()


def ours(net: torch.nn.Module, data: torch.Tensor, ema: EMA | None = None) -> None:
    for _ in fit(net, velocity_loss(coursekit.GaussianPath()), data, STEPS, batch=BATCH, lr=1e-3, ema=ema):
        pass


def seconds(run, *args) -> float:
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def main() -> None:
    data, net = coursekit.Chessboard().sample(100_000), MLP(2)
    rounds = []
    for _ in range(ROUNDS):
        hand = seconds(by_hand, net, data)
        rounds.append((hand / seconds(ours, net, data), hand / seconds(ours, net, data, EMA(net))))
    for name, ratios in zip(("plain", "with a smoothed copy"), zip(*rounds, strict=True), strict=True):
        print(f"steps a second beside the loop by hand, {name}: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
