"""How good a network's images or clips are, beside what real ones would get."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import (
    DIRECTIONS,
    Digits,
    clip_conditions,
    moving_digits,
    pair_words,
    pairs_of,
    placed_digits,
)
from ..evaluation import metrics
from ..evaluation.classifiers import (
    DigitClassifiers,
    MNISTClassifier,
    digit_classifiers,
    mnist_classifier,
    window_classifier,
)
from ..evaluation.clips import as_rounded, frechet_floor_of_clips, score_clips
from ..nets import ImageNetwork
from ..paths import Prediction
from .config import DATA, TrainConfig
from .run_state import write_json
from .sample import generate, pictures_of, save

STEPS = 20
"""Heun steps for each image that is measured."""
N_LABELLED = 1000
"""Images in each measurement of agreement."""
N_SAMPLES = 2000
"""At most so many real and generated images are compared as distributions."""
POOL = 10_000
"""At most so many training images serve for the floor and the nearest neighbours."""


N_PAIRS = 600
"""Pictures of seen, and of held-out pairs, that are read."""
N_CLIPS = 400
"""Clips that are measured, and real ones that they are compared with."""


def evaluate(
    config: TrainConfig, folder: Path, net: ImageNetwork, device: torch.device, *, clip: bool = True
) -> dict[str, Any]:
    """Measure a trained network, write metrics.json and samples, and return the metrics.

    Of digits: agreement is the accuracy of a classifier that never saw the generator; the rest is at w = 1,
    the Fréchet distance beside its floor (real against real), within-class diversity relative to real images,
    and the nearest-neighbour ratio, where 1 is as near to the training images as fresh real ones are and 0 is
    a copy. Of pictures with captions: how many show the pair that was asked for, of seen and of held-out
    pairs. Of clips: the scores of `score_clips`, beside those of real clips. `clip` is that of `generate`.
    """
    make = partial(_generate, net, config.predict, clip=clip)
    if config.data == "placed-digits":
        return _evaluate_pairs(make, folder, device)
    if config.data == "moving-digits":
        return _evaluate_clips(make, folder, device)
    dataset = DATA[config.data]()
    judge = digit_classifiers() if config.data == "digits" else mnist_classifier()
    print(f"measuring {2 * N_LABELLED + len(dataset.test.labels[:N_SAMPLES]):,} generated images", flush=True)
    numbers = _agreement(make, judge, device) | _distribution_metrics(make, dataset, judge, device)
    write_json(folder / "metrics.json", numbers)
    y = torch.arange(10, device=device).repeat_interleave(12)
    images = make(y, 1.5, seed=1)
    save(images, y, folder / "samples.png")
    return numbers


def _evaluate_pairs(make: Callable[..., Tensor], folder: Path, device: torch.device) -> dict[str, Any]:
    """Right: both digits are read where the caption puts them. Mirrored: each where the other should be."""
    judge, numbers = window_classifier(), {}
    print(f"measuring {4 * N_PAIRS:,} generated images", flush=True)
    for kind in ("seen", "held out"):
        pairs = pairs_of("seen" if kind == "seen" else "held out")
        left, right = pairs[torch.arange(N_PAIRS) % len(pairs)].unbind(1)
        words = pair_words(left, right, torch.arange(N_PAIRS) // len(pairs) % 2 == 1)
        for w in (1.0, 2.0):
            images = make(words.to(device), w, seed=2)
            seen_left, seen_right = judge.read_pairs(images)
            name = f"{kind.replace(' ', '_')}_w{w:g}"
            numbers[f"right_{name}"] = _share((seen_left == left) & (seen_right == right))
            mirrored = (seen_left == right) & (seen_right == left) & (left != right)
            numbers[f"mirrored_{name}"] = _share(mirrored)
    shown = words[:20].repeat_interleave(8, 0)
    save(make(shown.to(device), 2.0, seed=1), shown, folder / "samples.png")
    real = placed_digits(2000, "all", "test", torch.Generator().manual_seed(0))
    left, right = judge.read_pairs(real.images)
    numbers["right_real"] = _share((left == real.left) & (right == real.right))
    numbers |= {"images_compared": N_PAIRS, "heun_steps": STEPS}
    write_json(folder / "metrics.json", numbers)
    return numbers


def _share(right: Tensor) -> float:
    return round(float(right.double().mean()), 4)


def _evaluate_clips(make: Callable[..., Tensor], folder: Path, device: torch.device) -> dict[str, Any]:
    judge, generator = window_classifier(), torch.Generator().manual_seed(0)
    real, other = (moving_digits(N_CLIPS, "test", generator=generator) for _ in range(2))
    pool = moving_digits(4 * N_CLIPS, generator=generator)
    print(f"measuring {2 * N_CLIPS:,} generated clips", flush=True)
    labels = torch.arange(N_CLIPS) % 10
    directions = torch.arange(N_CLIPS) // 10 % len(DIRECTIONS)
    conditions = clip_conditions(labels, directions)
    numbers: dict[str, Any] = {}
    for w in (1.0, 2.0):
        clips = make(conditions.to(device), w, seed=2)
        scores = as_rounded(score_clips(clips, labels, directions, real, judge))
        numbers |= {f"{name}_w{w:g}": number for name, number in scores.items()}
    for name in ("samples.png", "samples.gif"):
        save(clips[:40], conditions[:40], folder / name)
    scores = as_rounded(score_clips(other.frames, other.labels, other.directions, real, judge))
    numbers |= {f"{name}_real": number for name, number in scores.items()}
    floor = frechet_floor_of_clips(pool.frames, real.frames, judge, generator=generator)
    numbers |= {
        "frechet_floor": round(float(floor.mean()), 4),
        "clips_compared": N_CLIPS,
        "heun_steps": STEPS,
    }
    write_json(folder / "metrics.json", numbers)
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
    return pictures_of(net, generate(net, predict, y, w, steps=STEPS, seed=seed, clip=clip)).cpu()
