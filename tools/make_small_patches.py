"""Measure image transformers that chapter 08 does not train: `python tools/make_small_patches.py`.

In some seven minutes it writes `coursekit/weights/small_patches.json`: two networks on patches of 7 × 7,
whose 49 numbers are fewer than the width of 64, so that nothing is mute; the networks that come with the
course, `patches_velocity` also with the noise of its mute directions taken out of its images; and the loop of
the lecture, 2,000 steps of data prediction, with other losses and times. No weights are kept.
"""

import json
import platform
import shlex
from pathlib import Path
from typing import Any

import torch
from make_checkpoint import PATCHES, ROOT, processor
from torch import Generator, Tensor, nn

from coursekit import GaussianPath, data, limit_threads, load_pretrained, solve, time_grid
from coursekit.base import Time
from coursekit.cli.distributed import init_distributed
from coursekit.cli.main import parser as command_parser
from coursekit.cli.main import settings
from coursekit.cli.run_state import STATE
from coursekit.cli.train import train
from coursekit.evaluation import metrics
from coursekit.evaluation.classifiers import mnist_classifier
from coursekit.nets import DiT, ImageNetwork, patchify, pretrained, unpatchify
from coursekit.paths import Prediction, convert
from coursekit.training import EMA, Adam, cosine_rate, drop_labels, guided, improve

FRECHET, STEPS = 2000, 10
WORDS = {
    f"7 × 7, {predict}": PATCHES.format(predict).replace("--patch 14", "--patch 7").replace("2000", "700")
    for predict in ("data", "velocity")
}


def mute_part(net: Any, noise: Tensor, patch: int) -> Tensor:
    """What the last layer of a transformer cannot change in the noise."""
    basis = torch.linalg.qr(net.head.weight.detach().double(), mode="complete")[0][:, net.head.in_features :]
    return unpatchify((patchify(noise, patch).double() @ basis @ basis.T).float(), noise.shape)


class AsVelocity(nn.Module):
    """A network's prediction, converted to a velocity."""

    def __init__(self, net: ImageNetwork, predict: Prediction) -> None:
        super().__init__()
        self.net, self.predict, self.null, self.path = net, predict, net.null, GaussianPath()

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        return convert(self.net(x, t, y), x, t, self.path, given=self.predict, wanted="velocity")


def draw(net: ImageNetwork, predict: Prediction, y: Tensor, x: Tensor, w: float) -> Tensor:
    """Images by the sampler of the lecture: shorter steps near the end, the last one by Euler's method."""
    start = 0.05 if predict == "noise" else 0.0
    times = 1 - (1 - start) * (1 - time_grid(STEPS)) ** 1.5
    field = guided(AsVelocity(net, predict), y, w)
    return solve(field, solve(field, x, times[:-1], "heun"), times[-2:], "euler")


@torch.no_grad()
def measured(net: ImageNetwork, predict: Prediction, patch: int, remove: bool = False) -> dict[str, float]:
    """Agreement, Fréchet distance and noise in a blank corner."""
    dataset, judge = data.mnist(), mnist_classifier()
    pool, (real, y) = dataset.train[0][:10_000], (part[:FRECHET] for part in dataset.test)

    def drawn(y: Tensor, w: float, seed: int) -> Tensor:
        noise = torch.randn(len(y), 1, 28, 28, generator=Generator().manual_seed(seed))
        parts = zip(y.split(100), noise.split(100), strict=True)
        images = torch.cat([draw(net, predict, labels, x, w) for labels, x in parts])
        return images - mute_part(net, noise, patch) if remove else images

    features = judge.features(real)
    floor = metrics.frechet_floor(judge.features(pool), features, generator=Generator().manual_seed(0))
    told = {"frechet_floor": float(floor.mean())}
    for w in (1.0, 1.5, 2.0):
        images = drawn(y, w, 3)
        told[f"agreement_w{w:g}"] = metrics.accuracy(judge.classify(images), y)
        told[f"frechet_w{w:g}"] = metrics.frechet_distance(judge.features(images), features)
        told[f"noise_left_w{w:g}"] = float(images[..., :3, :3].std())
    return {name: round(value, 4) for name, value in told.items()}


def looped(space: str, times: str) -> ImageNetwork:
    """The network of the lecture's loop: data prediction through a bottleneck on patches of 14 × 14."""
    torch.manual_seed(8)
    generator, steps = Generator().manual_seed(8), 2000
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
        "measured": f"{FRECHET:,} images at each w; {STEPS} Heun steps, unclipped",
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
    shipped: tuple[tuple[str, str, Prediction, bool], ...] = (
        ("data, shipped", "patches_data", "data", False),
        ("velocity, shipped", "patches_velocity", "velocity", False),
        ("velocity, mute part removed", "patches_velocity", "velocity", True),
        ("noise, shipped", "patches_noise", "noise", False),
        ("data, wider, longer", "mnist_300s", "data", False),
    )
    for name, weights, predict, remove in shipped:
        net = load_pretrained(weights)
        assert isinstance(net, ImageNetwork)
        told["runs"][name] = measured(net, predict, 14, remove)
        print(name, told["runs"][name], flush=True)
    out = Path(ROOT / "coursekit" / "weights" / "small_patches.json")
    out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
