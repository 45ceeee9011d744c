"""Explorer of what a network predicts: a spiral in a plane, in a space of many dimensions."""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..distributions import Spiral
from ..plots import COLORS, samples
from .panel import LOOK, WIDE, Explorer, choice, explorer

DIMENSIONS = [2, 8, 16, 512]
PREDICTIONS = ["data", "noise", "velocity"]
CLIPS = [0.0, 0.01, 0.05, 0.2]
HIDDEN = 256  # units of the last hidden layer
FIRST = 0.05  # time at which the sampler of noise prediction begins
DATA = Spiral(noise=0.02, turns=1.5)
LIM = 2.9  # half the side of the plane that is shown
ZOOMS = (1, 2, 5, 10, 20, 50, 100, 200)  # times as much as usual: the least that shows most of a cloud
DISTANCES = (1e-3, 1e3)  # of the side view; what lies outside is drawn at its edge


@dataclass(frozen=True, eq=False)
class _Run:
    """Figures of one stored training, and samples of its network.

    Args:
        share: fraction of samples on the curve, once projected to the plane.
        off: median distance from the plane.
        failed: step at which training broke off, if it did.
        plane: samples projected to the plane, (n, 2).
        distance: distances of the samples from the plane, (n,).
    """

    share: float
    off: float
    failed: int | None
    plane: Tensor
    distance: Tensor


@lru_cache(maxsize=1)
def _runs() -> dict[tuple[int, str, str, float], _Run]:
    """All stored runs by D, prediction, loss space and clip."""
    folder = files("coursekit") / "weights"
    record = json.loads((folder / "prediction_toy.json").read_text(encoding="utf-8"))
    with as_file(folder / "prediction_toy.npz") as file, np.load(file) as stored:
        points = torch.from_numpy(stored["samples"]).float()
    return {
        (run["D"], run["prediction"], run["space"], run["clip"]): _Run(
            run["share"], run["off"], run.get("failed"), each[:, :2], each[:, 2]
        )
        for run, each in zip(record["runs"], points, strict=True)
    }


def bound(D: int, prediction: str) -> float | None:
    """Least root mean square distance from the plane that the theorem of mute directions allows.

        sqrt(D - H - 2), times 1/t0 if the noise is predicted, from the time t0 on

    Args:
        D: dimensions of the space.
        prediction: "data", "noise" or "velocity".
    Returns:
        The distance; None where the theorem sets none.
    """
    mute = D - HIDDEN - 2
    if mute <= 0 or prediction == "data":
        return None
    return math.sqrt(mute) / (FIRST if prediction == "noise" else 1.0)


def prediction() -> Explorer:
    """Explore what a network should predict, data, noise or velocity, in spaces of many dimensions.

    The data are a spiral in a plane of a space with D dimensions (after Li & He 2025, Fig. 2). For every
    setting a network of 256 hidden units was trained beforehand, in 800 steps. The picture shows samples
    from above, projected to the plane, and from the side, which shows how far from the plane they are.

    Returns:
        The explorer: menus for D, for the prediction and for the space of the loss, and a slider for the clip
        of its weight.
    """

    def draw(ax: Axes, D: int, predicted: str, space: str, clip: float) -> str:
        run = _runs()[D, predicted, space, clip]
        reach = float(run.plane.abs().amax(1).quantile(0.95))
        unit = next((zoom for zoom in ZOOMS if reach <= LIM * zoom), ZOOMS[-1])
        inside = run.plane.abs().amax(1) <= LIM * unit
        ax.set_axis_off()
        above, beside = ax.inset_axes((0, 0, 0.42, 1)), ax.inset_axes((0.55, 0, 0.36, 1))
        _above(above, run.plane[inside])
        _beside(beside, run.plane[inside, 0], run.distance[inside], D, bound(D, predicted))
        for each in (above, beside):
            each.set(xlim=(-LIM * unit, LIM * unit), xlabel="first coordinate in the plane")
        above.set(ylim=(-LIM * unit, LIM * unit))
        return " ".join(
            (
                _what(D, predicted, space, clip),
                _shown(run, D, int(inside.sum()), unit),
                _theorem(D, predicted),
            )
        )

    return explorer(
        draw,
        (8.0, 3.8),
        D=choice("dimensions D", DIMENSIONS, 512),
        predicted=choice("prediction", PREDICTIONS),
        space=choice("loss space", PREDICTIONS, "velocity"),
        clip=widgets.SelectionSlider(
            options=[(f"{clip:g}", clip) for clip in CLIPS],
            value=0.05,
            description="clip of the weight",
            style=LOOK,
            layout=WIDE,
        ),
    )


def _number(value: float) -> str:
    """Three digits, with a real minus and no powers of ten."""
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", "−")


def _above(ax: Axes, y: Tensor) -> None:
    """Draw samples in the plane, over the curve."""
    fraction = torch.linspace(0, 1, 200)
    angle = 2 * math.pi * DATA.turns * fraction
    spiral = DATA.radius * fraction * torch.stack([angle.cos(), angle.sin()])
    ax.plot(*spiral, color="#BBBBBB", linewidth=3.5, zorder=0)
    samples(y, ax, color=COLORS[0], size=5)
    ax.set(title="from above: in the plane", ylabel="second coordinate")


def _beside(ax: Axes, first: Tensor, distance: Tensor, D: int, least: float | None) -> None:
    """Draw the distance from the plane over the first coordinate, the noise's, and the theorem's bound."""
    ax.set_title("from the side: distance from the plane")
    if D == 2:
        middle, words = (0.5, 0.5), "The plane is the whole space:\nno point lies off it."
        ax.text(*middle, words, ha="center", va="center", transform=ax.transAxes)
        ax.set_yticks([])
        return
    noise = math.sqrt(D - 2)
    lines = [(noise, "noise", "#666666", "--")]
    if least is not None:
        lines.append((least, "bound", COLORS[1], "-"))
    # On the logarithmic axis both may be near to each other: the upper text stands above, the lower below.
    lines.sort(key=lambda line: line[0])
    for (value, name, color, style), side in zip(lines, ("top", "bottom"), strict=False):
        place = side if least is not None else "center"
        ax.axhline(value, color=color, linestyle=style, linewidth=1.4)
        words, at = f" {name} {_number(value)}", ax.get_yaxis_transform()
        ax.text(1, value, words, color=color, va=place, fontsize="small", transform=at)
    samples(torch.stack([first, distance.clamp(*DISTANCES)], 1), ax, color=COLORS[0], size=5)
    ax.set(yscale="log", ylim=DISTANCES, aspect="auto", ylabel="")
    ax.grid(axis="y", color="#E3E3E3", linewidth=0.8)


def _what(D: int, predicted: str, space: str, clip: float) -> str:
    """Which run it is."""
    where = f"D = {D}, {predicted} prediction, {space} loss"
    if space == predicted:
        return f"{where}, which has no weight, so that the clip changes nothing."
    if predicted == "velocity":
        return f"{where}, whose weight has no denominator, so that the clip changes nothing."
    return f"{where}, clip {clip:g}."


def _shown(run: _Run, D: int, inside: int, unit: int) -> str:
    """What is seen."""
    said = f"{100 * run.share:.0f} % of the samples lie on the curve once projected to the plane."
    if D > 2:
        noise = _number(math.sqrt(D - 2))
        said += f" Median distance from the plane {_number(run.off)}; that of noise is about {noise}."
    if run.failed is not None:
        said = f"Training broke off after {run.failed} steps, with an infinite loss. {said}"
    if inside < len(run.plane):
        said += f" {inside} of {len(run.plane)} samples are in the frames."
    if unit > 1:
        said += f" The frames show {unit} times as much as usual."
    return said


def _theorem(D: int, predicted: str) -> str:
    """What is certain about every network of this width, however it was trained."""
    mute = D - HIDDEN - 2
    if D == 2:
        return "In two dimensions there is no direction off the plane."
    if mute <= 0:
        return (
            f"The theorem says nothing here, since {HIDDEN} hidden units are more than {D} dimensions: what "
            "is left of the noise is a matter of training."
        )
    begin = (
        f"The theorem: {HIDDEN} hidden units leave at least {mute} directions off the plane mute, where the "
        "answer is the same for every state. "
    )
    if predicted == "data":
        return begin + "Data prediction forgets the noise there, so there is no bound."
    least = _number(bound(D, predicted) or 0.0)
    effect = "keeps the noise" if predicted == "velocity" else f"magnifies the noise by {1 / FIRST:.0f}"
    name = predicted.capitalize()
    return begin + f"{name} prediction {effect} there: root mean square distance at least {least}."
