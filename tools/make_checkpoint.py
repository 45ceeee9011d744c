"""Make a generator that the course ships: `python tools/make_checkpoint.py digits` (or `mnist`).

It runs `coursekit train` with the words below in build/ (killed, it goes on where it was), and copies the
network to coursekit/weights/, with its settings and measurements beside it as JSON and as a model card. Of
`mnist_300s`, what a reader gets in five minutes, only the settings and measurements are kept.
"""

import argparse
import json
import platform
import shutil
from pathlib import Path
from typing import Any

import torch

from coursekit import limit_threads
from coursekit.cli.main import main as command
from coursekit.cli.run_state import STATE

ROOT = Path(__file__).parents[1]
WORDS = {
    "digits": "digits --net mlp --steps 2000 --batch 256 --seed 0",
    "mnist": "mnist --net unet --seconds 6600 --batch 64 --seed 0",
    "mnist_300s": "mnist --net mlp --predict data --seconds 300 --batch 256 --seed 0",
}
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


def card(told: dict[str, Any]) -> str:
    """The model card, from what was asked for and measured."""
    known = {name.replace(".", "_"): value for name, value in told.items()}
    source, judge = DATA[told["data"]], JUDGE[told["data"]]
    return CARD.read_text(encoding="utf-8").format(**known, source=source, judge=judge)


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=WORDS)
    parser.add_argument("--folder", type=Path, help="where to train; build/NAME unless given")
    parser.add_argument("--out", type=Path, default=ROOT / "coursekit" / "weights")
    chosen = parser.parse_args()
    folder = chosen.folder or ROOT / "build" / chosen.name
    line = ["train", *WORDS[chosen.name].split()]
    going_on = ["--resume"] if (folder / STATE).exists() else []
    if status := command([*line, "--device", "cpu", "--out", str(folder), *going_on]):
        raise SystemExit(status)
    told: dict[str, Any] = {
        "command": f"coursekit {' '.join(line)} --out DIR",
        "machine": f"one thread of {processor()}, torch {torch.__version__}",
    }
    for name in ("config.json", "metrics.json"):
        told |= json.loads((folder / name).read_text(encoding="utf-8"))
    (chosen.out / f"{chosen.name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if chosen.name == told["data"]:
        shutil.copyfile(folder / "model.safetensors", chosen.out / f"{chosen.name}.safetensors")
        (chosen.out / f"{chosen.name}.md").write_text(card(told), encoding="utf-8")
    print(f"{chosen.out / chosen.name}.json tells how it was made and how good it is")


if __name__ == "__main__":
    main()
