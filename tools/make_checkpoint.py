"""Make a generator that the course ships: `python tools/make_checkpoint.py digits` (or `mnist`).

It runs `coursekit train` with the options below in build/ (killed, it goes on where it was), and copies the
network to coursekit/weights/ with its settings and measurements beside it.
"""

import argparse
import json
import platform
import shutil
from pathlib import Path

import coursekit  # noqa: F401 - first: it asks for one thread before torch starts
from coursekit.command.cli import main as command
from coursekit.command.folder import STATE

ROOT = Path(__file__).parents[1]
OPTIONS = {
    "digits": ["--net", "mlp", "--steps", "2000", "--batch", "256", "--seed", "0"],
    "mnist": ["--net", "unet", "--seconds", "6600", "--batch", "64", "--seed", "0"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=OPTIONS)
    parser.add_argument("--folder", type=Path, help="where to train; build/DATA unless given")
    parser.add_argument("--out", type=Path, default=ROOT / "coursekit" / "weights")
    chosen = parser.parse_args()
    folder = chosen.folder or ROOT / "build" / chosen.data
    options = ["train", chosen.data, *OPTIONS[chosen.data]]
    going_on = ["--resume"] if (folder / STATE).exists() else []
    if status := command([*options, "--device", "cpu", "--out", str(folder), *going_on]):
        raise SystemExit(status)
    shutil.copyfile(folder / "model.safetensors", chosen.out / f"{chosen.data}.safetensors")
    told = {"command": f"coursekit {' '.join(options)} --out DIR", "machine": platform.machine()}
    for name in ("config.json", "metrics.json"):
        told |= json.loads((folder / name).read_text(encoding="utf-8"))
    card = chosen.out / f"{chosen.data}.json"
    card.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"{card} tells how it was made and how good it is")


if __name__ == "__main__":
    main()
