"""Save and load trained networks, in files that hold numbers and text and no executable code."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from .conditioning import ImageNetwork
from .dit import DiT
from .film_mlp import FiLMMLP
from .mlp import MLP
from .unet import UNet

PRETRAINED = ("digits", "mnist", "mnist_300s", "patches_data", "patches_velocity", "patches_noise")
"""Generators that ship with the course."""

NETS: dict[str, type[MLP] | type[ImageNetwork]] = {kind.__name__: kind for kind in (MLP, FiLMMLP, UNet, DiT)}


def save(net: MLP | ImageNetwork, path: Path | str, /, *, half: bool = False, **notes: Any) -> None:
    """Write a network to a safetensors file, with its sizes and notes in the file's header.

    Args:
        net: a network of `coursekit.nets`.
        path: the file, whose name ends in .safetensors.
        half: round the weights to float16, in half the space; `load` computes in float32 all the same.
        notes: facts about the training, as JSON can hold them.
    Raises:
        ValueError: the network is not one of `coursekit.nets`, or the name has another ending.
    """
    from safetensors.torch import save_file

    kind = type(net).__name__
    if NETS.get(kind) is not type(net):
        raise ValueError(f"{kind} cannot be rebuilt from a file; save one of {', '.join(NETS)}")
    header = {"net": kind, "config": json.dumps(net.config), "notes": json.dumps(notes)}
    tensors = net.state_dict().items()
    weights = {name: (tensor.half() if half else tensor).contiguous() for name, tensor in tensors}
    save_file(weights, _safetensors_path(path), metadata=header)


def load(path: Path | str) -> MLP | ImageNetwork:
    """Load a network that `save` wrote, ready to be called.

    Only safetensors files are read: a pickle (.pt, .pth) can run arbitrary code when it is loaded.

    Args:
        path: the file.
    Returns:
        The network on the CPU, in float32 whatever the file holds, in evaluation mode, without gradients.
    Raises:
        ValueError: the file is of another kind, or was not written by `save`.
        FileNotFoundError: there is no such file.
    """
    from safetensors.torch import load_file

    header = _header(path)
    if header.get("net") not in NETS or "config" not in header:
        raise ValueError(f"{path} does not name the network that it holds; write it with pretrained.save")
    net = NETS[header["net"]](**json.loads(header["config"]))
    net.load_state_dict(load_file(path))  # copied into the network's own float32
    return net.eval().requires_grad_(False)


def _safetensors_path(path: Path | str) -> Path:
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(
            f"{path.name} is not a .safetensors file; a pickle could run arbitrary code, so none is loaded"
        )
    return path


def _header(path: Path | str) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    path = _safetensors_path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}); fetch it anew") from error


def load_pretrained(name: str) -> ImageNetwork:
    """Load a generator that ships with the course, net(x, t, y) with labels 0 … 9 and null label 10.

    "digits" has images (1, 8, 8) and was trained as in chapter 06, on the 1,297 training digits of
    `coursekit.data`. All others have images (1, 28, 28) and were trained on the 60,000 training images of
    MNIST: "mnist" is a U-Net that predicts the velocity; "mnist_300s" is what five minutes on one thread
    make, a transformer that predicts the data; "patches_data", "patches_velocity" and "patches_noise" are
    small transformers on large patches, alike but for what they predict. `python tools/make_checkpoint.py
    NAME` makes any of them and records its measurements beside it, in coursekit/weights/NAME.json.

    Args:
        name: one of `PRETRAINED`.
    Raises:
        ValueError: there is no generator of this name.

    >>> load_pretrained("digits").event
    (1, 8, 8)
    """
    if name not in PRETRAINED:
        raise ValueError(f"there is no pretrained network {name!r}; choose one of {', '.join(PRETRAINED)}")
    with as_file(files("coursekit") / "weights" / f"{name}.safetensors") as path:
        net = load(path)
    if not isinstance(net, ImageNetwork):
        raise ValueError(f"{name} holds a network of points, not of images; install coursekit anew")
    return net
