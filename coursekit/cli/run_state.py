"""Save and load the state of a run, in files that are written whole or not at all."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..base import atomic_write
from ..training import EMA, Adam
from .config import TrainConfig

STATE = "state.safetensors"
"""What a run needs to be resumed: weights, their average, the state of the optimiser."""


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary as JSON, whole or not at all."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def save_state(
    folder: Path, config: TrainConfig, net: nn.Module, ema: EMA[nn.Module], adam: Adam, **metadata: Any
) -> None:
    """Write all that a run needs to be resumed exactly, with `metadata` in the header."""
    tensors = _weights_by_name(net, ema)
    tensors |= {f"adam.{name}": value for name, value in adam.state_dict().items()}
    header = {
        "config": json.dumps(asdict(config)),
        "metadata": json.dumps(metadata | {"ema_updates": ema.updates}),
    }
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_write(folder / STATE) as part:
        save_file(copies, part, metadata=header)


def _weights_by_name(net: nn.Module, ema: EMA[nn.Module]) -> dict[str, Tensor]:
    return {f"net.{name}": value for name, value in net.state_dict().items()} | {
        f"ema.{name}": value for name, value in ema.net.state_dict().items()
    }


def load_state(
    folder: Path, config: TrainConfig, net: nn.Module, ema: EMA[nn.Module], adam: Adam
) -> dict[str, Any]:
    """Load a saved state into a network, its average and its optimiser; return its metadata.

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
        raise ValueError(f"{path} is damaged ({error}); delete the folder and start again") from error
    before = json.loads(header["config"])
    differ = [name for name, value in asdict(config).items() if before.get(name) != value]
    if differ:
        were = ", ".join(
            f"no --{name}" if before.get(name) is None else f"--{name} {before[name]}" for name in differ
        )
        raise ValueError(f"the run in {folder} was started with {were}; resume it with the same settings")
    net.load_state_dict(_with_prefix(tensors, "net."))
    ema.net.load_state_dict(_with_prefix(tensors, "ema."))
    metadata = json.loads(header["metadata"])
    ema.updates = metadata.pop("ema_updates")
    adam.load_state_dict(_with_prefix(tensors, "adam."))
    return metadata


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
