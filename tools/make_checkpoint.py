"""Make a generator that the course ships: `python tools/make_checkpoint.py digits`, or another of `WORDS`.

It does what `coursekit train` does with the words below, in build/NAME (killed, it goes on where it was), and
writes the network into coursekit/weights/, its settings and measurements beside it as JSON, and a model card.
What is measured is the network as it is shipped, with its weights rounded where the file holds float16.

`mnist_300s` is what a reader gets in five minutes. `placed_digits` draws pairs from captions, beside a bag of
words; `moving_digits` makes clips, beside two networks with equal training: one with attention over time and
no other road between frames, one whose frames know nothing of one another. The three `patches_…` are those
that chapter 08 compares: alike but for what they predict, and sampled from without clipping, which would help
two of the three.
"""

import argparse
import json
import platform
import shlex
from pathlib import Path
from typing import Any

import torch

from coursekit import limit_threads
from coursekit.cli.distributed import init_distributed
from coursekit.cli.evaluate import evaluate
from coursekit.cli.main import parser as command_parser
from coursekit.cli.main import settings
from coursekit.cli.run_state import STATE
from coursekit.cli.sample import generate
from coursekit.cli.train import train
from coursekit.nets import ImageNetwork, pretrained
from coursekit.paths import Prediction

ROOT = Path(__file__).parents[1]
PATCHES = (
    "mnist --net transformer --predict {} --patch 14 --width 64 --bottleneck 0 --lr 0.004 --decay 0.99 "
    "--steps 2000 --batch 128 --seed 0"
)
WORDS = {
    "digits": "digits --net mlp --steps 2000 --batch 256 --seed 0",
    "mnist": "mnist --net unet --seconds 6600 --batch 64 --seed 0",
    "mnist_300s": "mnist --steps 5000 --seed 0",
    "patches_data": PATCHES.format("data"),
    "patches_velocity": PATCHES.format("velocity"),
    "patches_noise": PATCHES.format("noise"),
    "placed_digits": "placed-digits --steps 4000 --seed 0",
    "placed_digits_bag": "placed-digits --net bag --steps 4000 --seed 0",
    "moving_digits": "moving-digits --steps 8000 --seed 0",
    "moving_digits_attention": "moving-digits --net attention --steps 8000 --seed 0",
    "moving_digits_frames": "moving-digits --net frames --steps 8000 --seed 0",
}
FULL = ("digits", "mnist")
"""Kept in float32; the others in float16."""
DATA = {
    "digits": "1,297 handwritten digits of 8 × 8 pixels that come with scikit-learn (Alpaydin & Kaynak 1998)",
    "mnist": "the 60,000 training images of MNIST, 28 × 28 pixels (LeCun, Bottou, Bengio & Haffner 1998)",
}
JUDGE = {
    "digits": "support vector machines that were trained on real digits alone",
    "mnist": "a convolutional network that was trained on real digits alone (mnist_classifier.json)",
}
CARD = Path(__file__).with_name("model_card.md")


def processor() -> str:
    """Name of the processor, where the system tells it."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def card(name: str, told: dict[str, Any]) -> str:
    """The model card, from what was asked for and measured."""
    known = {key.replace(".", "_"): value for key, value in told.items()}
    spent = f"{told['training_seconds']:,.0f} s"
    if "processor_seconds" in told:
        beside = ", beside other work" * (told["training_seconds"] > 1.1 * told["processor_seconds"])
        spent = f"{told['processor_seconds']:,.0f} s of one thread, {spent} on the clock{beside}"
    kept = "" if name in FULL else ", kept in float16"
    source, judge = DATA[told["data"]], JUDGE[told["data"]]
    text = CARD.read_text(encoding="utf-8")
    return text.format(**known, name=name, spent=spent, kept=kept, source=source, judge=judge)


def noise_left(net: ImageNetwork, predict: Prediction) -> float:
    """Standard deviation of the pixels in a corner of 3 × 3, which is blank paper in MNIST."""
    images = generate(net, predict, torch.arange(10).repeat(50), 1.0, seed=4, clip=False)
    return round(float(images[..., :3, :3].std()), 4)


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=WORDS)
    parser.add_argument("--folder", type=Path, help="where to train; build/NAME unless given")
    parser.add_argument("--out", type=Path, default=ROOT / "coursekit" / "weights")
    chosen = parser.parse_args()
    name, folder = chosen.name, chosen.folder or ROOT / "build" / chosen.name
    words = f"train {WORDS[name]}"
    config = settings(command_parser().parse_args([*shlex.split(words), "--out", str(folder)]))
    with init_distributed("cpu") as group:
        train(config, folder, group, resume=(folder / STATE).exists())
        told: dict[str, Any] = {
            "command": f"coursekit {words} --out DIR",
            "machine": f"one thread of {processor()}, torch {torch.__version__}",
            **json.loads((folder / "config.json").read_text(encoding="utf-8")),
        }
        shipped = chosen.out / f"{name}.safetensors"
        notes = {key: told[key] for key in ("command", "steps", "predict")}
        pretrained.save(
            pretrained.load(folder / "model.safetensors"), shipped, half=name not in FULL, **notes
        )
        net = pretrained.load(shipped)
        assert isinstance(net, ImageNetwork)
        compared = name.startswith("patches")
        told |= evaluate(config, folder, net, group.device, clip=not compared)
    if compared:
        told |= {"clipped": False, "noise_left": noise_left(net, config.predict)}
    elif config.data in DATA:
        (chosen.out / f"{name}.md").write_text(card(name, told), encoding="utf-8")
    (chosen.out / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"{chosen.out / name}.json tells how it was made and how good it is")


if __name__ == "__main__":
    main()
