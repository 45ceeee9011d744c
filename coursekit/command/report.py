"""How good a network's images are, measured beside what real images would get."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import metrics
from ..conversions import Prediction
from ..data import Digits
from ..judges import Judges, MNISTJudges, digit_judges, mnist_judges
from ..nets import ImageNetwork
from .folder import write, write_json
from .job import DATA, Job
from .sample import draw, generate

STEPS = 20
"""Steps of Heun's method for each image that is measured."""
WISHES = 1000
"""Images in each measurement of agreement."""
CLOUD = 2000
"""Most real and generated images compared as clouds."""
POOL = 10_000
"""Most training images that the floor and the nearest neighbours are taken from."""


def report(job: Job, folder: Path, net: ImageNetwork, device: torch.device) -> dict[str, Any]:
    """Measure a trained network, write metrics.json and samples.png, and return the metrics.

    Agreement is by a judge that never saw the generator. What follows is at w = 1: the Fréchet
    distance beside its floor (real against real), within-class diversity relative to real images, and the
    nearest-neighbour ratio, where 1 is as near to the training images as fresh real ones are and 0 is a copy.
    """
    known, judge = DATA[job.data](), (digit_judges if job.data == "digits" else mnist_judges)()
    print(f"measuring {2 * WISHES + len(known.test.labels[:CLOUD]):,} generated images", flush=True)
    numbers = _labels(net, job.predict, judge, device) | _cloud(net, job.predict, known, judge, device)
    write_json(folder / "metrics.json", numbers)
    y = torch.arange(10, device=device).repeat_interleave(12)
    images = _made(net, job.predict, y, 1.5, seed=1)
    write(folder / "samples.png", lambda part: draw(images, y.cpu(), part))
    return numbers


def _labels(
    net: ImageNetwork, predict: Prediction, judge: Judges | MNISTJudges, device: torch.device
) -> dict[str, float]:
    wanted = torch.arange(10, device=device).repeat(WISHES // 10)
    return {
        f"agreement_w{w:g}": round(
            metrics.agreement(judge.classify(_made(net, predict, wanted, w, seed=2)), wanted.cpu()), 4
        )
        for w in (1.5, 2.0)
    }


def _cloud(
    net: ImageNetwork, predict: Prediction, known: Digits, judge: Judges | MNISTJudges, device: torch.device
) -> dict[str, float]:
    (seen, _), (z, y) = known.train, (part[:CLOUD] for part in known.test)
    images = _made(net, predict, y.to(device), 1.0, seed=3)
    real, made = judge.features(z), judge.features(images)
    floor = metrics.frechet_floor(
        judge.features(seen[:POOL]), real, generator=torch.Generator().manual_seed(0)
    )
    spread, usual = (metrics.within_class_diversity(features, y) for features in (made, real))
    return {
        "agreement_w1": round(metrics.agreement(judge.classify(images), y), 4),
        "frechet": round(metrics.frechet_distance(made, real), 4),
        "frechet_floor": round(float(floor.mean()), 4),
        "diversity": round(spread / usual, 4),
        "nearest_neighbour_ratio": round(metrics.nearest_neighbour_ratio(images, seen[:POOL], z), 4),
        "images_compared": len(z),
        "heun_steps": STEPS,
    }


def _made(net: ImageNetwork, predict: Prediction, y: Tensor, w: float, seed: int) -> Tensor:
    return generate(net, predict, y, w, steps=STEPS, seed=seed).cpu()
