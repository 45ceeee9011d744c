"""Save and load trained networks, in files that hold numbers and text and no executable code."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal, overload

from .clip_dit import ClipDiT
from .conditioning import ImageNetwork
from .denoisers import TokenMLP, TokenNetwork, TokenTransformer
from .dit import DiT
from .film_mlp import FiLMMLP
from .mlp import MLP
from .unet import UNet
from .vae import ConvVAE
from .what_where import WhatWhere

PRETRAINED = (
    "digits",
    "mnist",
    "mnist_300s",
    "patches_data",
    "patches_velocity",
    "patches_noise",
    "latent_mnist",
    "placed_digits",
    "placed_digits_bag",
    "moving_digits",
    "moving_digits_attention",
    "moving_digits_frames",
)
"""Generators that ship with the course."""

DENOISERS = ("digit_tokens", "prose")
"""Generators of sequences of tokens that ship with the course."""

AUTOENCODERS = ("vae_mnist",)
"""Variational autoencoders that ship with the course."""

Saved = MLP | ImageNetwork | ConvVAE | WhatWhere | TokenMLP | TokenTransformer
"""What a file can hold."""
NETS: dict[str, type[Saved]] = {
    kind.__name__: kind
    for kind in (MLP, FiLMMLP, UNet, DiT, ClipDiT, ConvVAE, WhatWhere, TokenMLP, TokenTransformer)
}


def save(net: Saved, path: Path | str, /, *, half: bool = False, **notes: Any) -> None:
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


def load(path: Path | str) -> Saved:
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


@overload
def load_pretrained(name: Literal["digit_tokens", "prose"]) -> TokenNetwork: ...  # type: ignore[overload-overlap]
@overload
def load_pretrained(name: str) -> ImageNetwork: ...
def load_pretrained(name: str) -> ImageNetwork | TokenNetwork:
    """Load a generator that ships with the course, net(x, t, y) with labels 0 … 9 and null label 10.

    - "digits" has images (1, 8, 8) and was trained as in chapter 06, on the 1,297 training digits of
      `coursekit.data`.
    - Images (1, 28, 28), from the 60,000 training images of MNIST: "mnist" is a U-Net that predicts the
      velocity; "mnist_300s" is what five minutes on one thread make, a transformer that predicts the data;
      "patches_data", "patches_velocity" and "patches_noise" are small transformers on large patches, alike
      but for what they predict.
    - "latent_mnist" has standardised latents (4, 7, 7) of `load_vae("vae_mnist")`, whose `images` decodes
      them, and predicts the data.
    - "placed_digits" draws pairs of digits (1, 16, 16) from captions of six words, with cross-attention,
      "placed_digits_bag" from a bag of words. Both predict the data; `y` holds words (batch, 6).
    - "moving_digits" generates the latents of clips, (8, 18, 1, 1), from a digit and a direction;
      "moving_digits_attention" is the same without the perceptron of the whole clip, "moving_digits_frames"
      without attention over time as well: each frame by itself. All three were trained alike and predict
      the data; `load_codec` decodes their latents, and `coursekit.data.clip_conditions` makes their `y`.
    - Two are denoisers of tokens, net(x, t) with logits for each place: "digit_tokens" of the digits in four
      levels of grey, also net(x, t, y) (`coursekit.data.digit_tokens`), and "prose" of the course's own
      sentences, without labels (`coursekit.data.prose`).

    `python tools/make_latents.py` makes "latent_mnist", `python tools/make_discrete.py NAME` the denoisers,
    `python tools/make_checkpoint.py NAME` any other, and each records its measurements beside it, in
    coursekit/weights/NAME.json.

    Args:
        name: one of `PRETRAINED` or `DENOISERS`.
    Raises:
        ValueError: there is no generator of this name.

    >>> load_pretrained("digits").event
    (1, 8, 8)
    """
    known = (*PRETRAINED, *DENOISERS)
    if name not in known:
        raise ValueError(f"there is no pretrained network {name!r}; choose one of {', '.join(known)}")
    net, wanted = _shipped(name), TokenNetwork if name in DENOISERS else ImageNetwork
    if not isinstance(net, wanted):
        raise ValueError(f"{name} holds a {type(net).__name__}; install coursekit anew")
    return net


def load_vae(name: str = "vae_mnist") -> ConvVAE:
    """Load a variational autoencoder that ships with the course.

    "vae_mnist" encodes images (1, 28, 28) as latents (4, 7, 7); a minute on one thread made it, from the
    60,000 training images of MNIST. Its `shift` and `scale` are those of their latents. `python
    tools/make_latents.py` makes it and records its measurements in coursekit/weights/vae_mnist.json.

    Args:
        name: one of `AUTOENCODERS`.
    Raises:
        ValueError: there is no autoencoder of this name.

    >>> vae = load_vae("vae_mnist")
    >>> vae.latents(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 4, 7, 7])
    """
    if name not in AUTOENCODERS:
        raise ValueError(f"there is no autoencoder {name!r}; choose one of {', '.join(AUTOENCODERS)}")
    net = _shipped(name)
    if not isinstance(net, ConvVAE):
        raise ValueError(f"{name} holds no autoencoder; install coursekit anew")
    return net


def load_codec() -> WhatWhere:
    """Load the codec of frames that ships with the course: clips to latents and back.

    Trained on clips of the training part of `coursekit.data.digits()`; `python tools/make_codec.py` makes it.

    >>> load_codec().latents(data.moving_digits(2).frames).shape
    torch.Size([2, 8, 18, 1, 1])
    """
    codec = _shipped("what_where")
    if not isinstance(codec, WhatWhere):
        raise ValueError("what_where holds no codec; install coursekit anew")
    return codec


def _shipped(name: str) -> Saved:
    with as_file(files("coursekit") / "weights" / f"{name}.safetensors") as path:
        return load(path)
