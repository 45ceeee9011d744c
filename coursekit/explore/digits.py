"""Explorers of a network that generates handwritten digits."""

import json
from typing import Any

import torch
import traitlets
from torch import Tensor

from ..nets import FiLMMLP, ImageNetwork, load_pretrained
from ..plots import Picture, digit_grid, panels, picture
from ..solvers import find_solver, simulate, solve, time_grid
from ..training import guided
from .browser import STATIC, BrowserExplorer

STEPS = 20
SHIPPED = "digits"
OURS, YOURS = "the course’s network", "your network"


class DigitsExplorer(BrowserExplorer):
    """The explorer that `digit` and `guidance` make: the page runs the network itself.

    A page without a kernel fetches the weights that the course ships, whatever network was handed over.
    """

    name = "digits"
    _esm = STATIC / "digits.js"

    weights = traitlets.Bytes().tag(sync=True)

    def __init__(self, settings: dict[str, Any], net: FiLMMLP) -> None:
        self.net = net
        super().__init__(settings, lambda: _still(settings, net))
        self.weights = _file(net)

    def _kept_settings(self) -> dict[str, Any]:
        return super()._kept_settings() | {"weights": f"{SHIPPED}.safetensors", "whose": OURS}


def digit(net: FiLMMLP | None = None, w: float = 2.0) -> DigitsExplorer:
    """Generate a handwritten digit of one's choice, and show how it comes out of the noise.

    Args:
        net: a network of grey images with labels 0 to 9, null label 10; None loads the course's own of
            8 × 8 pixels.
        w: guidance scale, in [0, 6].
    Returns:
        The explorer: the digit, time, guidance scale, steps, method, and a button for other noise.
    Raises:
        TypeError: the network is no FiLMMLP, the kind that the page can run.
        ValueError: it has colours or other labels, or w is out of its range.
    """
    open_, more = ["digit", "noise"], ["w", "steps", "method"]
    return _made(net, {"single": True, "digit": 3, "w": w, "most": 6.0, "controls": open_, "more": more})


def guidance(net: FiLMMLP | None = None, most: float = 6.0) -> DigitsExplorer:
    """Explore what the guidance scale, the solver and its steps do to generated digits.

    The noise stays the same until other noise is asked for.

    Args:
        net: a network of grey images with labels 0 to 9, null label 10; None loads the course's own.
        most: greatest guidance scale offered, at least 1.5.
    Returns:
        The explorer: one digit or every digit, time, guidance scale, steps, method, and a button for noise.
    Raises:
        TypeError: the network is no FiLMMLP, the kind that the page can run.
        ValueError: it has colours or other labels, or `most` is too small.

    >>> guidance().settings["w"]
    1.5
    """
    controls = ["digit", "w", "steps", "method", "noise"]
    return _made(net, {"single": False, "digit": "all", "w": 1.5, "most": most, "controls": controls})


def _made(net: ImageNetwork | None, settings: dict[str, Any]) -> DigitsExplorer:
    made = load_pretrained(SHIPPED) if net is None else net
    if not isinstance(made, FiLMMLP):
        raise TypeError(f"the page runs a FiLMMLP, and this is a {type(made).__name__}")
    if made.config["channels"] != 1 or made.null != 10:
        raise ValueError(f"the page shows grey images of ten digits; the network has {made.config}")
    if not 0 <= settings["w"] <= settings["most"]:
        raise ValueError(f"w = {settings['w']}; the page offers 0 to {settings['most']}")
    whose = OURS if net is None else YOURS
    return DigitsExplorer({**settings, "steps": STEPS, "method": "heun", "t": 1.0, "whose": whose}, made)


def _file(net: FiLMMLP) -> bytes:
    """A network as `pretrained.save` writes it."""
    from safetensors.torch import save

    weights = {name: each.detach().cpu().float().contiguous() for name, each in net.state_dict().items()}
    return save(weights, metadata={"net": "FiLMMLP", "config": json.dumps(net.config)})


def _still(settings: dict[str, Any], net: FiLMMLP) -> Picture:
    """What the page will show, drawn by Matplotlib."""
    return _way(settings, net) if settings["single"] else _grid(settings, net)


def _noise(net: FiLMMLP, n: int) -> Tensor:
    return torch.randn(n, *net.event, generator=torch.Generator().manual_seed(0))


def _way(settings: dict[str, Any], net: FiLMMLP) -> Picture:
    label, shown = settings["digit"], range(0, STEPS + 1, STEPS // 5)
    with torch.no_grad():
        field = guided(net, torch.tensor([label]), settings["w"])
        strip = simulate(field, _noise(net, 1), time_grid(STEPS))[list(shown), 0]
    figure, axs = panels(len(shown), [f"t = {k / STEPS:.1f}" for k in shown], (1.0, 1.0))
    for ax, image in zip(axs, strip, strict=True):
        digit_grid(image[None], ax=ax)
    text = f"Noise turns into a handwritten {label}, in {len(shown)} pictures from t = 0 to t = 1."
    return picture(figure, text)


def _grid(settings: dict[str, Any], net: FiLMMLP) -> Picture:
    y = torch.arange(10).repeat_interleave(10)
    with torch.no_grad():
        images = solve(guided(net, y, settings["w"]), _noise(net, len(y)), time_grid(STEPS), "Heun")
    # Heun evaluates the field twice in a step, guidance two branches of it.
    evaluations = STEPS * find_solver("Heun").evaluations * 2
    text = (
        f"10 generated images of each digit at guidance scale w = {settings['w']:.2f}. {STEPS} steps of "
        f"Heun: each image took {evaluations} evaluations of {settings['whose']}."
    )
    return picture(digit_grid(images, y), text)
