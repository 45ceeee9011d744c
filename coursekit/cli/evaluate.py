"""How good a network's images are, beside what real images would get."""

from collections.abc import Callable
from functools import partial
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
"""Heun steps for each image that is measured."""
N_LABELLED = 1000
"""Images in each measurement of agreement."""
N_SAMPLES = 2000
"""At most so many real and generated images are compared as distributions."""
POOL = 10_000
"""At most so many training images serve for the floor and the nearest neighbours."""


def evaluate(
    config: TrainConfig, folder: Path, net: ImageNetwork, device: torch.device, *, clip: bool = True
) -> dict[str, Any]:
    """Measure a trained network, write metrics.json and samples.png, and return the metrics.

    Agreement is the accuracy of a classifier that never saw the generator. The rest is at w = 1: the Fréchet
    distance beside its floor (real against real), within-class diversity relative to real images, and the
    nearest-neighbour ratio, where 1 is as near to the training images as fresh real ones are and 0 is a copy.
    `clip` is that of `generate`.
    """
    dataset = DATA[config.data]()
    judge = digit_classifiers() if config.data == "digits" else mnist_classifier()
    print(f"measuring {2 * N_LABELLED + len(dataset.test.labels[:N_SAMPLES]):,} generated images", flush=True)
    make = partial(_generate, net, config.predict, clip=clip)
    numbers = _agreement(make, judge, device) | _distribution_metrics(make, dataset, judge, device)
    write_json(folder / "metrics.json", numbers)
    y = torch.arange(10, device=device).repeat_interleave(12)
    images = make(y, 1.5, seed=1)
    save(images, y, folder / "samples.png")
    return numbers


def _agreement(
    make: Callable[..., Tensor], judge: DigitClassifiers | MNISTClassifier, device: torch.device
) -> dict[str, float]:
    target = torch.arange(10, device=device).repeat(N_LABELLED // 10)
    return {
        f"agreement_w{w:g}": round(metrics.accuracy(judge.classify(make(target, w, seed=2)), target.cpu()), 4)
        for w in (1.5, 2.0)
    }


def _distribution_metrics(
    make: Callable[..., Tensor],
    dataset: Digits,
    judge: DigitClassifiers | MNISTClassifier,
    device: torch.device,
) -> dict[str, float]:
    (train, _), (z, y) = dataset.train, (part[:N_SAMPLES] for part in dataset.test)
    images = make(y.to(device), 1.0, seed=3)
    real, generated = judge.features(z), judge.features(images)
    floor = metrics.frechet_floor(
        judge.features(train[:POOL]), real, generator=torch.Generator().manual_seed(0)
    )
    diversity, of_real = (metrics.within_class_diversity(part, y) for part in (generated, real))
    return {
        "agreement_w1": round(metrics.accuracy(judge.classify(images), y), 4),
        "frechet": round(metrics.frechet_distance(generated, real), 4),
        "frechet_floor": round(float(floor.mean()), 4),
        "diversity": round(diversity / of_real, 4),
        "nearest_neighbour_ratio": round(metrics.nearest_neighbour_ratio(images, train[:POOL], z), 4),
        "images_compared": len(z),
        "heun_steps": STEPS,
    }


def _generate(
    net: ImageNetwork, predict: Prediction, y: Tensor, w: float, *, seed: int, clip: bool
) -> Tensor:
    return generate(net, predict, y, w, steps=STEPS, seed=seed, clip=clip).cpu()
