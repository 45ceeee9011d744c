"""Files of a run, written whole or not at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..training import EMA, Adam
from .config import TrainConfig

STATE = "state.safetensors"
"""What a run needs to go on: weights, their average, the optimiser's memory."""


def write(path: Path, fill: Callable[[Path], object]) -> None:
    """Let `fill` write a file beside `path`, then put it in its place in one move.

    A kill at any moment leaves the old file or the new one, never half of one.

    Args:
        path: where the file is to be.
        fill: writes to the path that it is given, which has the same ending.
    """
    part = path.with_name(f".{os.getpid()}.part{path.suffix}")
    try:
        fill(part)
        part.chmod(0o644)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary as JSON, in one move."""
    write(path, lambda part: part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8"))


def save_state(folder: Path, config: TrainConfig, net: nn.Module, ema: EMA, adam: Adam, **told: Any) -> None:
    """Write all that a run needs to go on exactly where it is, with `told` in the header."""
    tensors = _named(net, ema) | {f"adam.{name}": value for name, value in adam.state().items()}
    header = {
        "config": json.dumps(config.described()),
        "metadata": json.dumps(told | {"ema_updates": ema.updates}),
    }
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write(folder / STATE, lambda part: save_file(copies, part, metadata=header))


def _named(net: nn.Module, ema: EMA) -> dict[str, Tensor]:
    return {f"net.{name}": value for name, value in net.state_dict().items()} | {
        f"ema.{name}": value for name, value in ema.net.state_dict().items()
    }


def load_state(folder: Path, config: TrainConfig, net: nn.Module, ema: EMA, adam: Adam) -> dict[str, Any]:
    """Put a saved state into a network, its average and its optimiser; return what was told with it.

    Raises:
        ValueError: there is nothing to resume, it is damaged, or it belongs to another config.
    """
    path = folder / STATE
    if not path.exists():
        raise ValueError(f"there is no run to resume in {folder}; leave --resume out to start one")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata()
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); delete the folder and start anew") from error
    before = json.loads(header["config"])
    differ = [name for name, value in config.described().items() if before[name] != value]
    if differ:
        were = ", ".join(f"--{name} {before[name]}" for name in differ)
        raise ValueError(f"the run in {folder} was started with {were}; resume it with the same settings")
    net.load_state_dict(_part(tensors, "net."))
    ema.net.load_state_dict(_part(tensors, "ema."))
    told = json.loads(header["metadata"])
    ema.updates = told.pop("ema_updates")
    adam.restore(_part(tensors, "adam."))
    return told


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
