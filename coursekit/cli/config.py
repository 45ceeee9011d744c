"""The settings of a training run, and the network and learning rate that go with them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..data import NULL_MOVE, NULL_WORD, Digits, digits, mnist
from ..data.placed import CAPTION_WORDS
from ..nets import ClipDiT, DiT, FiLMMLP, ImageNetwork, UNet
from ..paths import GaussianPath, Prediction

DataName = Literal["digits", "mnist", "placed-digits", "moving-digits"]
NetName = Literal["mlp", "unet", "transformer", "bag", "attention", "frames"]

DATA: dict[str, Callable[[], Digits]] = {"digits": digits, "mnist": mnist}
"""Data sets of single digits; of the others `worlds` makes the pictures and the clips."""
EVENTS: dict[str, dict[str, int]] = {
    "digits": {"channels": 1, "size": 8, "classes": 10},
    "mnist": {"channels": 1, "size": 28, "classes": 10},
    "placed-digits": {"channels": 1, "size": 16, "classes": NULL_WORD},
    "moving-digits": {"frames": 8, "channels": 18, "size": 1, "classes": NULL_MOVE},
}
"""Sizes that a network takes from its data: of clips, the frames and the numbers of a frame's latent."""
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
    space: Prediction | None = None
    """What the error is measured in; what is predicted, unless given."""
    given: float = 0.0
    """Share of the clips of a batch whose first frames are given, so that clips can be continued."""


_PAIRS = Preset({"patch": 4, "width": 64, "depth": 3}, lr=3e-3, decay=0.995, batch=64, predict="data")
_CLIPS = Preset(
    {"width": 64, "depth": 3},
    lr=3e-3,
    decay=0.997,
    batch=128,
    predict="data",
    space="velocity",
    given=0.25,
)
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
    ("placed-digits", "transformer"): replace(_PAIRS, sizes=_PAIRS.sizes | {"words": CAPTION_WORDS}),
    ("placed-digits", "bag"): _PAIRS,
    ("moving-digits", "transformer"): replace(_CLIPS, sizes=_CLIPS.sizes | {"flat": 384}),
    ("moving-digits", "attention"): _CLIPS,
    ("moving-digits", "frames"): replace(_CLIPS, sizes=_CLIPS.sizes | {"over_time": 0}),
}
"""Settings that train well, for each pair of data and network."""

DEFAULT_NET: dict[str, NetName] = {
    "digits": "mlp",
    "mnist": "transformer",
    "placed-digits": "transformer",
    "moving-digits": "transformer",
}
"""The network that makes the best images in a few minutes on one thread."""
TRANSFORMER_SIZES = ("patch", "width", "bottleneck")
"""Sizes of the transformer that can be chosen."""


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training run, which ends after `steps` or after `seconds`.

    What is None among the last five is the preset's.

    Args:
        data: "digits", "mnist", "placed-digits" (pictures with captions) or "moving-digits" (clips).
        net: "mlp", "unet" or "transformer" for digits; "transformer" or "bag" (of words) for pictures with
            captions; "transformer" (attention over time, and a perceptron of the whole clip), "attention"
            (without the perceptron) or "frames" (with neither) for clips.
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
        ValueError: not exactly one of `steps` and `seconds` is given, a number is not positive, the network
        is
            not for these data, or a size of the transformer is given for a network that has none.
    """

    data: DataName
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
        check_net(self.data, self.net)
        if self._sizes and self.net in ("mlp", "unet"):
            given = " and ".join(f"--{name}" for name in self._sizes)
            raise ValueError(f"{given} only for --net transformer, but the network is {self.net}")
        if self.data == "moving-digits" and set(self._sizes) - {"width"}:
            raise ValueError("a latent of a frame is one patch: of the sizes, clips have only --width")
        if self.predict != "data" and self.preset.given:
            raise ValueError(f"--predict {self.predict}: clips are continued by predicting data; use data")

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

    def build(self) -> ImageNetwork:
        """Build the network; its initial weights come from torch's own generator."""
        kinds: dict[str, type[Any]] = {"mlp": FiLMMLP, "unet": UNet, "transformer": DiT, "bag": DiT}
        kind = ClipDiT if self.data == "moving-digits" else kinds[self.net]
        net: ImageNetwork = kind(**EVENTS[self.data], **self.preset.sizes)
        return net


def check_net(data: str, net: str) -> None:
    """Raise ValueError if a network is not for these data."""
    if (data, net) not in PRESETS:
        known = " or ".join(name for of, name in PRESETS if of == data)
        raise ValueError(f"--net {net} is not for {data}; choose {known}")
