"""Measure the shipped generator of MNIST over guidance scales: `python tools/make_sweep.py`, half an hour.

It writes `coursekit/weights/mnist_sweep.json`, which lecture 06 shows. Images are kept in build/sweep, one
file for each scale: killed, it goes on where it was; `--only 1.5` makes those of one scale.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coursekit import data, limit_threads
from coursekit.cli.sample import generate
from coursekit.evaluation import metrics
from coursekit.evaluation.classifiers import MNISTClassifier, mnist_classifier
from coursekit.nets import load_pretrained

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "sweep"
OUT = ROOT / "coursekit" / "weights"
SCALES = (0.0, 0.5, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
COUNT, STEPS, SEED = 1000, 20, 3
BINS = 60  # of the histograms of distances, from 0 to LIMIT
LIMIT = 18.0


def images_at(w: float, y: Tensor) -> Tensor:
    """Images for labels `y` (n,) at guidance scale `w`, always from the same noise; made once, then read."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{w:g}.pt"
    if not file.exists():
        torch.save(generate(load_pretrained("mnist"), "velocity", y, w, steps=STEPS, seed=SEED), file)
    made: Tensor = torch.load(file)
    return made


def measure(images: Tensor, y: Tensor, real: Tensor, judge: MNISTClassifier) -> dict[str, float]:
    """Numbers of images (n, 1, 28, 28) that were asked to be `y`, beside real images of the same labels."""
    features, of_real = judge.features(images), judge.features(real)
    hit = judge.classify(images) == y
    usual = metrics.within_class_diversity(of_real, y)
    found = {
        "agreement": float(hit.double().mean()),
        "frechet": metrics.frechet_distance(features, of_real),
        "frechet_clipped": metrics.frechet_distance(judge.features(images.clamp(-1, 1)), of_real),
        "diversity": metrics.within_class_diversity(features, y) / usual,
        "coverage": metrics.coverage(images, real),
        "overshoot": float((images.abs() > 1.1).double().mean()),
    }
    if min((y[hit] == digit).sum() for digit in range(10)) > 1:
        found["diversity_recognised"] = metrics.within_class_diversity(features[hit], y[hit]) / usual
    return {name: round(value, 4) for name, value in found.items()}


def histogram(distances: Tensor) -> list[int]:
    """Counts of distances in equal bins from 0 to LIMIT."""
    return [int(count) for count in torch.histc(distances, BINS, 0, LIMIT)]


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=float, help="make the images of this scale, and measure nothing")
    chosen = parser.parse_args()
    (train, _), (real, y) = data.mnist().train, (part[:COUNT] for part in data.mnist().test)
    if chosen.only is not None:
        images_at(chosen.only, y)
        return

    judge, generator = mnist_classifier(), torch.Generator().manual_seed(0)
    pool = torch.randperm(len(train), generator=generator)[:10_000]
    features, of_real = judge.features(train[pool]), judge.features(real)
    floor = metrics.frechet_floor(features, of_real, generator=generator)
    fresh = [pool[torch.randperm(len(pool), generator=generator)[:COUNT]] for _ in range(10)]
    covered = [metrics.coverage(train[rows], real) for rows in fresh]
    made = images_at(1.0, y)
    near = metrics.nearest(made, train)[0]
    beside = metrics.nearest(real, train)[0]
    told: dict[str, Any] = {
        "command": "python tools/make_sweep.py",
        "network": "mnist.safetensors",
        "images": COUNT,
        "heun_steps": STEPS,
        "scales": {f"{w:g}": measure(images_at(w, y), y, real, judge) for w in SCALES},
        "real": {
            "agreement": round(metrics.accuracy(judge.classify(real), y), 4),
            "frechet": round(float(floor.mean()), 4),
            "frechet_spread": round(float(floor.std()), 4),
            "coverage": round(sum(covered) / len(covered), 4),
            "overshoot": float((train.abs() > 1.1).double().mean()),
        },
        "nearest": {
            "limit": LIMIT,
            "generated": histogram(near),
            "held_out": histogram(beside),
            "ratio": round(float(near.median() / beside.median()), 4),
            "smallest": [round(float(distances.min()), 4) for distances in (near, beside)],
        },
    }
    (OUT / "mnist_sweep.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
