"""Train the generator of digits that lecture 00 ships: `python tools/make_checkpoint.py`.

It writes coursekit/weights/digits.safetensors and, beside it, digits.json with the numbers that were
measured. The recipe is that of lecture 06, with more steps. The result is the same on every run, but for
rounding, which differs between processors.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

import coursekit  # first: it asks for one thread before torch starts
from coursekit import checkpoints, guidance, judges, metrics, training
from coursekit.data import Digits, digits
from coursekit.losses import velocity_loss
from coursekit.nets import FiLMMLP

WEIGHTS = Path(__file__).parents[1] / "coursekit" / "weights"
DROP = 0.15  # share of labels dropped
RUNS = 5  # sets of generated digits in each measurement
HEUN_STEPS = 20


def seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def train(known: Digits, steps: int, seed: int) -> tuple[nn.Module, float]:
    """Train on the training part; return the averaged network and the steps made in a second."""
    torch.manual_seed(seed)  # the network's first weights
    net = FiLMMLP(dim=64, classes=10)
    ema = training.EMA(net)
    plain = velocity_loss(coursekit.GaussianPath())

    def loss(net: nn.Module, z: Tensor, y: Tensor, *, generator: Generator) -> Tensor:
        return plain(net, z, guidance.drop_labels(y, DROP, net.null, generator), generator=generator)

    start = time.perf_counter()
    for step in training.fit(net, loss, known.train, steps, ema=ema, generator=seeded(seed)):
        if step.step % (steps // 10) == 0:
            print(f"step {step.step:5d} of {steps}: loss {step.loss:.3f}")
    return ema.net, steps / (time.perf_counter() - start)


def generate(net: nn.Module, y: Tensor, w: float, seed: int) -> Tensor:
    noise = torch.randn(len(y), 64, generator=seeded(1000 + seed))
    return coursekit.flow(guidance.guided(net, y, w, net.null), noise, coursekit.time_grid(HEUN_STEPS))


def spread(values: list[float]) -> dict[str, float]:
    """Mean, least and largest of several measurements."""
    numbers = {"mean": sum(values) / len(values), "min": min(values), "max": max(values)}
    return {name: round(number, 4) for name, number in numbers.items()}


def over_runs(measure: Callable[[int], float]) -> dict[str, float]:
    return spread([measure(seed) for seed in range(RUNS)])


def measure(net: nn.Module, known: Digits) -> dict[str, dict[str, float]]:
    """Agreement at w = 1.5 on 1,000 digits a run; the rest at w = 1 on as many as are held out."""
    judge, wanted = judges.digit_judges(), torch.arange(10).repeat(100)
    (seen, _), (z, y) = known.train, known.test
    real = judge.features(z)
    floor = metrics.frechet_floor(judge.features(seen), real, generator=seeded(0))
    return {
        "agreement": over_runs(
            lambda seed: metrics.agreement(judge.classify(generate(net, wanted, 1.5, seed)), wanted)
        ),
        "frechet": over_runs(
            lambda seed: metrics.frechet_distance(judge.features(generate(net, y, 1.0, seed)), real)
        ),
        "frechet_floor": spread(floor.tolist()),
        "nearest_neighbour_ratio": over_runs(
            lambda seed: metrics.nearest_neighbour_ratio(generate(net, y, 1.0, seed), seen, z)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "digits.safetensors")
    chosen = parser.parse_args()
    known = digits()
    net, speed = train(known, chosen.steps, chosen.seed)
    print(f"{speed:.0f} steps a second")
    recipe = {"command": "python tools/make_checkpoint.py", "steps": chosen.steps, "seed": chosen.seed}
    told = recipe | {"parameters": sum(p.numel() for p in net.parameters())} | measure(net, known)
    chosen.out.parent.mkdir(exist_ok=True)
    checkpoints.save(net, chosen.out, **told)
    chosen.out.chmod(0o644)  # the writer keeps it to its owner, but a package's file is for all
    text = json.dumps(told, indent=2)
    chosen.out.with_suffix(".json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
