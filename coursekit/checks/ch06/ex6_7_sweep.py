"""Exercise 6.7: the sweep over guidance scales."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...evaluation.metrics import frechet_distance
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction

SCALES, ALONE, N, WIDTH = (1.5, 0.0, 3.0, 1.0), (2.0,), 200, 3
"""Scales of one sweep and of another, images for each scale, and features of an image."""


class FakeJudge:
    """A judge of images whose first pixel is the label it sees, and whose next ones are the features."""

    def __repr__(self) -> str:
        return "a judge"

    def classify(self, images: Tensor) -> Tensor:
        """Labels (n,)."""
        return self._pixels(images)[:, 0].round().long()

    def features(self, images: Tensor) -> Tensor:
        """Features (n, WIDTH)."""
        return self._pixels(images)[:, 1 : 1 + WIDTH]

    def _pixels(self, images: object) -> Tensor:
        if isinstance(images, Tensor) and images.dim() == 4:
            return images.flatten(1)
        raise Fault(
            "judge misused",
            f"Your function hands the judge {described(images)}. It takes the images that `make` returned.",
        )


def _share_right(w: float) -> float:
    return round(N * (0.2 + 0.25 * w)) / N


def images_of(w: float, wanted: Tensor) -> Tensor:
    """Images (N, 1, 8, 8) of known quality: with the scale, hits, distance and spread grow."""
    generator = torch.Generator().manual_seed(5000 + round(1000 * w))
    right = torch.arange(N) < N * _share_right(w)
    images = torch.zeros(N, 1, 8, 8)
    images.flatten(1)[:, 0] = torch.where(right, wanted, (wanted + 1) % 10).float()
    noise = torch.randn(N, WIDTH, generator=generator)
    ties = noise + 0.8 * noise.roll(1, dims=1)
    images.flatten(1)[:, 1 : 1 + WIDTH] = (1 + w) * ties + w**2 + 0.5
    return images


class Maker:
    """Makes images for a scale, and counts how often it is asked."""

    def __init__(self, wanted: Tensor) -> None:
        self.wanted = wanted
        self.scales: list[float] = []

    def __call__(self, w: Any, *more: object) -> Tensor:
        """Images for a scale."""
        if more or not isinstance(w, int | float | Tensor) or (isinstance(w, Tensor) and w.numel() != 1):
            raise Fault(
                "make misused", "Your function should call `make` with one scale at a time, and nothing else."
            )
        self.scales.append(float(w))
        return images_of(float(w), self.wanted)


Maker.__name__ = Maker.__call__.__qualname__ = "make"  # the name in Python's own messages


def _table(
    share: Callable[[Tensor, Tensor], float] = lambda seen, wanted: float((seen == wanted).double().mean()),
    distance: Callable[[Tensor, Tensor], float] = frechet_distance,
    scales: Callable[[Any], Any] = lambda scales: scales,
    columns: int = 1,
    pixels: bool = False,
) -> Callable[..., Tensor]:
    """A sweep with one of its parts exchanged."""

    def rule(scales_given: Any, make: Any, judge: Any, wanted: Tensor, real: Tensor) -> Tensor:
        table = []
        for w in scales(scales_given):
            images = make(w)
            features = images.flatten(1)[:, :WIDTH] if pixels else judge.features(images)
            table.append([share(judge.classify(images), wanted), distance(features, real)][::columns])
        return torch.tensor(table, dtype=torch.float64)

    return rule


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "misses for hits": (
        _table(share=lambda seen, wanted: float((seen != wanted).double().mean())),
        "Your first column counts the images in which the judge sees another digit than that of the label. "
        "Agreement is the share in which it sees the same one.",
    ),
    "hits not divided": (
        _table(share=lambda seen, wanted: float((seen == wanted).sum())),
        "Your first column is a number of images. A share is asked for, between 0 and 1, so that sweeps with "
        "different numbers of images can be compared.",
    ),
    "percent": (
        _table(share=lambda seen, wanted: 100 * float((seen == wanted).double().mean())),
        "Your first column is in per cent. A share between 0 and 1 is asked for; the picture below counts on "
        "it.",
    ),
    "columns swapped": (
        _table(columns=-1),
        "Your two columns have changed places: agreement comes first, distance second. Look at the order in "
        "which you put them into a row.",
    ),
    "distance between pixels": (
        _table(pixels=True),
        "Your distance compares something else than the features of the images. `real` holds features, so "
        "the images have to go through the judge's `features` too.",
    ),
    "root of the distance": (
        _table(distance=lambda a, b: frechet_distance(a, b) ** 0.5),
        "You take a root of the distance. The Fréchet distance as it is used for images is the squared one, "
        "which is what the function of the course returns.",
    ),
    "distance of the means alone": (
        _table(distance=lambda a, b: float((a.mean(0) - b.mean(0)).square().sum())),
        "Your distance compares the means of the features alone. The Fréchet distance counts their spread "
        "and their ties as well: `metrics.frechet_distance` does all of it.",
    ),
    "same scale in every row": (
        _table(scales=lambda scales: [scales[0]] * len(scales)),
        "All of your rows belong to one and the same scale. Which name changes in your loop, and is it the "
        "one that `make` gets?",
    ),
    "scales sorted": (
        _table(scales=sorted),
        "Your rows come in the order of the sorted scales. The first row belongs to the first scale of the "
        "list, and so on, whatever its order.",
    ),
    "last scale alone": (
        _table(scales=lambda scales: scales[-1:]),
        "Your table has a single row. One row for each scale is asked for: collect them in a list, made "
        "before the loop.",
    ),
    "number of the scale": (
        _table(scales=lambda scales: range(len(scales))),
        "You hand `make` the number of the scale in the list, 0, 1, 2 and so on, not the scale itself.",
    ),
}
HINT_MADE = (
    "For each scale the images should be made once, and both numbers belong to these same images. Making "
    "them is what takes the time, and two different sets of images may disagree by chance."
)
HINT_SHARE = (
    "The first column should be the share of images in which the judge sees the digit of the label. "
    "Compare what `classify` returns with `wanted`, image by image."
)
HINT_DISTANCE = (
    "The second column should be the Fréchet distance between the features of your images and those of real "
    "ones. Which two sets does it get?"
)


@exercise("6.7", "The sweep", "stretch", "scales, make, judge, wanted, real", _table(), MISTAKES)
def sweep(student: StudentFunction) -> Iterator[Fact]:
    """Images of known quality in two sweeps: how often they are made, and what is found about them."""
    wanted, real, judge = torch.randint(10, (N,)), torch.randn(N, WIDTH), FakeJudge()
    make = Maker(wanted)
    sweeps = [
        student(list(part), make, judge, wanted, real, shape=(len(part), 2)) for part in (SCALES, ALONE)
    ]
    scales, table = (*SCALES, *ALONE), torch.cat([part.double() for part in sweeps])
    made = float(len(make.scales))
    yield Fact("images made twice", "times that images are made", len(scales), made, HINT_MADE, 0.1)
    shares = torch.tensor([_share_right(w) for w in scales])
    yield Fact("wrong agreement", "agreement, scale by scale", shares, table[:, 0], HINT_SHARE)
    right = torch.tensor([frechet_distance(judge.features(images_of(w, wanted)), real) for w in scales])
    what = "distance over the right one, scale by scale"
    came = (table[:, 1] / right).clamp(-999, 999)
    yield Fact("wrong distance", what, torch.ones(len(scales)), came, HINT_DISTANCE, 0.02)
