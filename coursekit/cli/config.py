"""The settings of a training run, and the network and learning rate that go with them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..data import Digits, digits, mnist
from ..nets import DiT, FiLMMLP, UNet
from ..paths import GaussianPath, Prediction

NetName = Literal["mlp", "unet", "transformer"]

DATA: dict[str, Callable[[], Digits]] = {"digits": digits, "mnist": mnist}
SIZES = {"digits": 8, "mnist": 28}
PATH = GaussianPath()
DROP = 0.15
"""Fraction of labels dropped, for classifier-free guidance."""

PREDICTIONS: tuple[Prediction, ...] = ("velocity", "data", "noise")
"""What a network of the command can be trained to predict, each with the loss in its own space."""


@dataclass(frozen=True)
class Preset:
    """A network's sizes, largest learning rate, decay of the average, batch and prediction."""

    sizes: dict[str, int]
    lr: float
    decay: float
    batch: int
    predict: Prediction = "velocity"


PRESETS = {
    ("digits", "mlp"): Preset({}, lr=1e-2, decay=0.99, batch=256),
    ("digits", "unet"): Preset({"width": 16, "levels": 3}, lr=4e-3, decay=0.99, batch=64),
    ("digits", "transformer"): Preset({"patch": 2, "width": 64, "depth": 3}, lr=4e-3, decay=0.99, batch=64),
    ("mnist", "mlp"): Preset({"hidden": 512, "blocks": 3}, lr=2e-3, decay=0.999, batch=256, predict="data"),
    ("mnist", "unet"): Preset({"width": 24, "levels": 3}, lr=2e-3, decay=0.999, batch=64),
    ("mnist", "transformer"): Preset(
        {"patch": 14, "width": 128, "depth": 4, "heads": 4, "bottleneck": 16},
        lr=3e-3,
        decay=0.999,
        batch=128,
        predict="data",
    ),
}
"""Settings that train well, for each pair of data and network."""

DEFAULT_NET: dict[str, NetName] = {"digits": "mlp", "mnist": "transformer"}
"""The network that makes the best images in a few minutes on one thread."""
TRANSFORMER_SIZES = ("patch", "width", "bottleneck")
"""Sizes of the transformer that can be chosen."""


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training run, which ends after `steps` or after `seconds`.

    What is None among the last five is the preset's.

    Args:
        data: "digits" or "mnist".
        net: "mlp", "unet" or "transformer".
        predict: what the network predicts.
        batch: images in a step, over all processes.
        steps: steps in all, or None.
        seconds: seconds of training in all, over all resumed runs, or None.
        seed: seed of all random numbers.
        patch: pixels along the side of a transformer's patches.
        width: features of a transformer's patches.
        bottleneck: numbers that a transformer reduces a patch to; 0 for no bottleneck.
        lr: the largest learning rate.
        decay: of the average of the weights.
    Raises:
        ValueError: not exactly one of `steps` and `seconds` is given, a number is not positive, or a size of
            the transformer is given for another network.
    """

    data: Literal["digits", "mnist"]
    net: NetName
    predict: Prediction
    batch: int
    steps: int | None = None
    seconds: float | None = None
    seed: int = 0
    patch: int | None = None
    width: int | None = None
    bottleneck: int | None = None
    lr: float | None = None
    decay: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give either steps or seconds, as --steps or --seconds")
        for name in ("batch", "steps", "seconds", "patch", "width", "lr"):
            number = getattr(self, name)
            if number is not None and not number > 0:
                raise ValueError(f"{name} is {number}; it must be positive")
        if self._sizes and self.net != "transformer":
            given = " and ".join(f"--{name}" for name in self._sizes)
            raise ValueError(f"{given} only for --net transformer, but the network is {self.net}")

    @property
    def _sizes(self) -> dict[str, int]:
        """The transformer's sizes that were chosen."""
        chosen = {name: getattr(self, name) for name in TRANSFORMER_SIZES}
        return {name: number for name, number in chosen.items() if number is not None}

    @property
    def preset(self) -> Preset:
        """The network's sizes, learning rate, decay and batch: the preset's, but for what was chosen."""
        usual = PRESETS[self.data, self.net]
        return replace(
            usual,
            sizes=usual.sizes | self._sizes,
            lr=usual.lr if self.lr is None else self.lr,
            decay=usual.decay if self.decay is None else self.decay,
        )

    def build(self) -> FiLMMLP | UNet | DiT:
        """Build the network; its initial weights come from torch's own generator."""
        kind = {"mlp": FiLMMLP, "unet": UNet, "transformer": DiT}[self.net]
        return kind(channels=1, size=SIZES[self.data], classes=10, **self.preset.sizes)
