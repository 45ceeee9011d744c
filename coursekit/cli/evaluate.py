"""How good a network's images are, measured beside what real images would get."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import Digits
from ..evaluation import metrics
from ..evaluation.classifiers import DigitClassifiers, MNISTClassifier, digit_classifiers, mnist_classifier
from ..nets import ImageNetwork
from ..paths import Prediction
from .config import DATA, TrainConfig
from .run_state import write_json
from .sample import generate, save

STEPS = 20
"""Steps of Heun's method for each image that is measured."""
WISHES = 1000
"""Images in each measurement of agreement."""
CLOUD = 2000
"""Most real and generated images compared as clouds."""
POOL = 10_000
"""Most training images that the floor and the nearest neighbours are taken from."""


def report(config: TrainConfig, folder: Path, net: ImageNetwork, device: torch.device) -> dict[str, Any]:
    """Measure a trained network, write metrics.json and samples.png, and return the metrics.

    Agreement is by a judge that never saw the generator. What follows is at w = 1: the Fréchet
    distance beside its floor (real against real), within-class diversity relative to real images, and the
    nearest-neighbour ratio, where 1 is as near to the training images as fresh real ones are and 0 is a copy.
    """
    known, judge = DATA[config.data](), (digit_classifiers if config.data == "digits" else mnist_classifier)()
    print(f"measuring {2 * WISHES + len(known.test.labels[:CLOUD]):,} generated images", flush=True)
    numbers = _labels(net, config.predict, judge, device) | _cloud(net, config.predict, known, judge, device)
    write_json(folder / "metrics.json", numbers)
    y = torch.arange(10, device=device).repeat_interleave(12)
    images = _made(net, config.predict, y, 1.5, seed=1)
    save(images, y, folder / "samples.png")
    return numbers


def _labels(
    net: ImageNetwork, predict: Prediction, judge: DigitClassifiers | MNISTClassifier, device: torch.device
) -> dict[str, float]:
    wanted = torch.arange(10, device=device).repeat(WISHES // 10)
    return {
        f"agreement_w{w:g}": round(
            metrics.accuracy(judge.classify(_made(net, predict, wanted, w, seed=2)), wanted.cpu()), 4
        )
        for w in (1.5, 2.0)
    }


def _cloud(
    net: ImageNetwork,
    predict: Prediction,
    known: Digits,
    judge: DigitClassifiers | MNISTClassifier,
    device: torch.device,
) -> dict[str, float]:
    (seen, _), (z, y) = known.train, (part[:CLOUD] for part in known.test)
    images = _made(net, predict, y.to(device), 1.0, seed=3)
    real, made = judge.features(z), judge.features(images)
    floor = metrics.frechet_floor(
        judge.features(seen[:POOL]), real, generator=torch.Generator().manual_seed(0)
    )
    spread, usual = (metrics.within_class_diversity(features, y) for features in (made, real))
    return {
        "agreement_w1": round(metrics.accuracy(judge.classify(images), y), 4),
        "frechet": round(metrics.frechet_distance(made, real), 4),
        "frechet_floor": round(float(floor.mean()), 4),
        "diversity": round(spread / usual, 4),
        "nearest_neighbour_ratio": round(metrics.nearest_neighbour_ratio(images, seen[:POOL], z), 4),
        "images_compared": len(z),
        "heun_steps": STEPS,
    }


def _made(net: ImageNetwork, predict: Prediction, y: Tensor, w: float, seed: int) -> Tensor:
    return generate(net, predict, y, w, steps=STEPS, seed=seed).cpu()
