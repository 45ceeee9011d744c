"""The settings of a training run, and the network and learning rate that go with them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..data import Digits, digits, mnist
from ..nets import DiT, FiLMMLP, UNet
from ..paths import GaussianPath, Prediction
from ..training import RegressionLoss, data_loss, noise_loss, velocity_loss

DATA: dict[str, Callable[[], Digits]] = {"digits": digits, "mnist": mnist}
SIZES = {"digits": 8, "mnist": 28}
PATH = GaussianPath()
DROP = 0.15
"""Fraction of labels dropped, for classifier-free guidance."""

LOSSES: dict[Prediction, Callable[[GaussianPath], RegressionLoss]] = {
    "velocity": velocity_loss,
    "data": data_loss,
    "noise": noise_loss,
}


@dataclass(frozen=True)
class Preset:
    """A network's sizes, its largest learning rate, the decay of its average, and its batch."""

    sizes: dict[str, int]
    lr: float
    decay: float
    batch: int


PRESETS = {
    ("digits", "mlp"): Preset({}, lr=1e-2, decay=0.99, batch=256),
    ("digits", "unet"): Preset({"width": 16, "levels": 3}, lr=4e-3, decay=0.99, batch=64),
    ("digits", "dit"): Preset({"patch": 2, "width": 64, "depth": 3}, lr=4e-3, decay=0.99, batch=64),
    ("mnist", "mlp"): Preset({"hidden": 512, "blocks": 3}, lr=2e-3, decay=0.999, batch=256),
    ("mnist", "unet"): Preset({"width": 24, "levels": 3}, lr=2e-3, decay=0.999, batch=64),
    ("mnist", "dit"): Preset({"patch": 4, "width": 96, "depth": 4}, lr=2e-3, decay=0.999, batch=64),
}
"""Settings that train well, for each pair of data and network."""


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training run, which ends after `steps` or after `seconds`.

    Args:
        data: "digits" or "mnist".
        net: "mlp", "unet" or "dit".
        predict: what the network predicts.
        batch: images in a step, over all processes.
        steps: steps in all, or None.
        seconds: seconds of training in all, over all resumed runs, or None.
        seed: seed of all random numbers.
    Raises:
        ValueError: not exactly one of `steps` and `seconds` is given, or a number is not positive.
    """

    data: Literal["digits", "mnist"]
    net: Literal["mlp", "unet", "dit"]
    predict: Prediction
    batch: int
    steps: int | None = None
    seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give either steps or seconds, as --steps or --seconds")
        for name, number in (("batch", self.batch), ("steps", self.steps), ("seconds", self.seconds)):
            if number is not None and not number > 0:
                raise ValueError(f"{name} is {number}; it must be positive")

    @property
    def preset(self) -> Preset:
        """The network's sizes, learning rate, decay and batch."""
        return PRESETS[self.data, self.net]

    def build(self) -> FiLMMLP | UNet | DiT:
        """Build the network; its initial weights come from torch's own generator."""
        kind = {"mlp": FiLMMLP, "unet": UNet, "dit": DiT}[self.net]
        return kind(channels=1, size=SIZES[self.data], classes=10, **self.preset.sizes)
