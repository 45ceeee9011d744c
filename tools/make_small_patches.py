"""Measure image transformers that chapter 08 does not train: `python tools/make_small_patches.py`.

In some five minutes it writes `coursekit/weights/small_patches.json`: two networks on patches of 7 × 7,
whose 49 numbers are fewer than the width of 64, so that nothing is mute; and `patches_velocity`, which comes
with the course, with the noise of its mute directions taken out of its images; and the loop of the lecture,
1,000 steps of data prediction, with other losses and times. No weights are kept.
"""

import json
import platform
import shlex
from pathlib import Path
from typing import Any

import torch
from make_checkpoint import PATCHES, ROOT, processor
from torch import Generator, Tensor

from coursekit import data, limit_threads, load_pretrained
from coursekit.cli.distributed import init_distributed
from coursekit.cli.main import parser as command_parser
from coursekit.cli.main import settings
from coursekit.cli.run_state import STATE
from coursekit.cli.sample import generate
from coursekit.cli.train import train
from coursekit.evaluation import metrics
from coursekit.evaluation.classifiers import mnist_classifier
from coursekit.nets import DiT, ImageNetwork, patchify, pretrained, unpatchify
from coursekit.paths import Prediction
from coursekit.training import EMA, Adam, cosine_rate, drop_labels, improve

FRECHET, LABELLED, STEPS = 2000, 500, 10
WORDS = {
    f"7 × 7, {predict}": PATCHES.format(predict).replace("--patch 14", "--patch 7").replace("2000", "700")
    for predict in ("data", "velocity")
}


def mute_part(net: Any, noise: Tensor, patch: int) -> Tensor:
    """What the last layer of a transformer cannot change in the noise."""
    basis = torch.linalg.qr(net.head.weight.detach().double(), mode="complete")[0][:, net.head.in_features :]
    return unpatchify((patchify(noise, patch).double() @ basis @ basis.T).float(), noise.shape)


def measured(net: ImageNetwork, predict: Prediction, patch: int, remove: bool = False) -> dict[str, float]:
    """Agreement, Fréchet distance and noise in a blank corner."""
    dataset, judge = data.mnist(), mnist_classifier()
    pool, (real, y) = dataset.train[0][:10_000], (part[:FRECHET] for part in dataset.test)

    def drawn(y: Tensor, w: float, seed: int) -> Tensor:
        images = generate(net, predict, y, w, seed=seed, steps=STEPS, clip=False)
        if remove:
            noise = torch.randn(images.shape, generator=Generator().manual_seed(seed))
            images = images - mute_part(net, noise, patch)
        return images

    images, asked = drawn(y, 1.0, 3), torch.arange(10).repeat(LABELLED // 10)
    features = judge.features(real)
    told = {
        "agreement_w1": metrics.accuracy(judge.classify(images), y),
        "agreement_w1.5": metrics.accuracy(judge.classify(drawn(asked, 1.5, 2)), asked),
        "agreement_w2": metrics.accuracy(judge.classify(drawn(asked, 2.0, 2)), asked),
        "frechet": metrics.frechet_distance(judge.features(images), features),
        "frechet_floor": float(
            metrics.frechet_floor(judge.features(pool), features, generator=Generator().manual_seed(0)).mean()
        ),
        "noise_left": float(images[..., :3, :3].std()),
    }
    return {name: round(value, 4) for name, value in told.items()}


def looped(space: str, times: str) -> ImageNetwork:
    """The network of the lecture's loop: data prediction through a bottleneck on patches of 14 × 14."""
    torch.manual_seed(8)
    generator, steps = Generator().manual_seed(8), 1000
    images, labels = data.mnist(limit=8_000).train
    net = DiT(size=28, patch=14, width=64, depth=4, heads=4, cond_dim=64, bottleneck=16)
    ema, adam = EMA(net, 0.99), Adam(net.parameters(), 4e-3)
    for step in range(1, steps + 1):
        rows = torch.randint(len(images), (128,), generator=generator)
        z, y = images[rows], drop_labels(labels[rows], 0.15, net.null, generator)
        if times == "uniform":
            t = torch.rand(128, 1, 1, 1, generator=generator)
        else:
            t = torch.sigmoid(-0.8 + 0.8 * torch.randn(128, 1, 1, 1, generator=generator))
        eps = torch.randn(z.shape, generator=generator)
        error = net(t * z + (1 - t) * eps, t, y) - z
        weight = 1.0 if space == "data" else 1 / (1 - t).clamp(min=0.05)
        adam.lr = 4e-3 * cosine_rate(step, steps)
        improve(adam, (weight * error).square().mean(), ema)
    return ema.net.eval()


def main() -> None:
    limit_threads()
    told: dict[str, Any] = {
        "command": "python tools/make_small_patches.py",
        "machine": f"one thread of {processor() or platform.machine()}, torch {torch.__version__}",
        "measured": f"{FRECHET:,} images at w = 1, {LABELLED} at 1.5 and 2; {STEPS} Heun steps, unclipped",
        "runs": {},
    }
    for space, times in (("data", "uniform"), ("velocity", "uniform"), ("velocity", "logit-normal")):
        name = f"loop, loss in the {space}, times {times}"
        told["runs"][name] = measured(looped(space, times), "data", 14)
        print(name, told["runs"][name], flush=True)
    for name, words in WORDS.items():
        folder = ROOT / "build" / name.replace(" ", "").replace(",", "-").replace("×", "x")
        config = settings(command_parser().parse_args(["train", *shlex.split(words), "--out", str(folder)]))
        with init_distributed("cpu") as group:
            if not (folder / "model.safetensors").exists():
                train(config, folder, group, resume=(folder / STATE).exists())
        net = pretrained.load(folder / "model.safetensors")
        assert isinstance(net, ImageNetwork)
        spent = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("processor_seconds")
        told["runs"][name] = {
            "command": f"coursekit train {words} --out DIR",
            "processor_seconds": spent,
            **measured(net, config.predict, 7),
        }
        print(name, told["runs"][name], flush=True)
    net = load_pretrained("patches_velocity")
    for name, remove in (("14 × 14, velocity", False), ("14 × 14, velocity, mute part removed", True)):
        told["runs"][name] = measured(net, "velocity", 14, remove)
        print(name, told["runs"][name], flush=True)
    out = Path(ROOT / "coursekit" / "weights" / "small_patches.json")
    out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
