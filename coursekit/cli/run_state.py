"""Files of a run, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..base import atomic_write
from ..training import EMA, Adam
from .config import TrainConfig

STATE = "state.safetensors"
"""What a run needs to go on: weights, their average, the optimiser's memory."""


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary as JSON, whole or not at all."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def save_state(folder: Path, config: TrainConfig, net: nn.Module, ema: EMA, adam: Adam, **told: Any) -> None:
    """Write all that a run needs to go on exactly where it is, with `told` in the header."""
    tensors = _named(net, ema) | {f"adam.{name}": value for name, value in adam.state().items()}
    header = {
        "config": json.dumps(config.described()),
        "metadata": json.dumps(told | {"ema_updates": ema.updates}),
    }
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_write(folder / STATE) as part:
        save_file(copies, part, metadata=header)


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
