"""Exercise 6.7: the sweep over guidance scales."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from ...evaluation.metrics import frechet_distance
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction

SCALES, ALONE, N, WIDTH = (0.0, 1.0, 1.5, 3.0), (2.0,), 80, 3
"""Scales of one sweep and of another, images for each scale, and features of an image."""


class FakeJudge:
    """A judge of images whose first pixel is the label it sees, and whose next ones are the features."""

    def __repr__(self) -> str:
        return "a judge"

    def classify(self, images: Tensor) -> Tensor:
        """Labels (n,)."""
        return _pixels(images)[:, 0].round().long()

    def features(self, images: Tensor) -> Tensor:
        """Features (n, WIDTH)."""
        return _pixels(images)[:, 1 : 1 + WIDTH]


def _pixels(images: object) -> Tensor:
    if not isinstance(images, Tensor) or images.dim() != 4:
        raise Fault(
            "judge misused",
            f"Your function hands the judge {described(images)}. It takes the images that `make` returned.",
        )
    return images.flatten(1)


class Maker:
    """Makes images of known quality for a scale, and counts how often it is asked."""

    def __init__(self, wanted: Tensor) -> None:
        self.expected_text = wanted
        self.asked: list[float] = []

    def __call__(self, w: Any, *more: object) -> Tensor:
        """Images for a scale: the larger, the more labels are right and the farther away they lie."""
        if more or not isinstance(w, int | float | Tensor):
            raise Fault(
                "make misused", "Your function should call `make` with one scale at a time, and nothing else."
            )
        self.asked.append(float(w))
        right = torch.arange(N) < N * (0.2 + 0.25 * float(w))
        seen = torch.where(right, self.expected_text, (self.expected_text + 1) % 10)
        features = torch.randn(N, WIDTH, dtype=torch.float64) + float(w) ** 2
        images = torch.zeros(N, 1, 8, 8, dtype=torch.float64)
        images.flatten(1)[:, 0] = seen.double()
        images.flatten(1)[:, 1 : 1 + WIDTH] = features
        return images


Maker.__name__ = Maker.__call__.__qualname__ = "make"  # the name in Python's own messages


def _table(
    share: Callable[[Tensor, Tensor], float] = lambda seen, wanted: float((seen == wanted).double().mean()),
    distance: Callable[[Any, Tensor, Tensor], float] = lambda judge, images, real: frechet_distance(
        judge.features(images), real
    ),
    scales: Callable[[Any], Any] = lambda scales: scales,
    columns: int = 1,
) -> Callable[..., Tensor]:
    """A sweep with one of its parts exchanged."""

    def rule(scales_given: Any, make: Any, judge: Any, wanted: Tensor, real: Tensor) -> Tensor:
        rows = []
        for w in scales(scales_given):
            images = make(w)
            rows.append([share(judge.classify(images), wanted), distance(judge, images, real)][::columns])
        return torch.tensor(rows, dtype=torch.float64)

    return rule


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "misses for hits": (
        _table(share=lambda seen, wanted: float((seen != wanted).double().mean())),
        "Your first column counts the images in which the judge sees another digit than the one wished for. "
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
        _table(distance=lambda judge, images, real: frechet_distance(images.flatten(1)[:, :WIDTH], real)),
        "Your distance compares something else than the features of the images. `real` holds features, so "
        "the images have to go through the judge's `features` too.",
    ),
    "same scale in every row": (
        _table(scales=lambda scales: [scales[0]] * len(scales)),
        "All of your rows belong to one and the same scale. Which name changes in your loop, and is it the "
        "one that `make` gets?",
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
LOOK_MADE = (
    "For each scale the images should be made once, and both numbers belong to these same images. Making "
    "them is what takes the time, and two different sets of images may disagree by chance."
)
LOOK_SHARE = (
    "The first column should be the share of images in which the judge sees the digit that was wished for. "
    "Compare what `classify` returns with `wanted`, image by image."
)
LOOK_DISTANCE = (
    "The second column should be the Fréchet distance between the features of your images and those of real "
    "ones. Which two sets does it get?"
)


def as_table(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let a table come as nested lists, too."""

    @wraps(answer)
    def wrapped(*args: Any) -> Any:
        value = answer(*args)
        if not issubclass(type(value), list | tuple):  # an odd object may have no class to be asked for
            return value
        try:
            return torch.tensor(value, dtype=torch.float64)
        except (TypeError, ValueError):
            return value

    return wrapped


@exercise(
    "6.7",
    "The sweep",
    "stretch",
    "scales, make, judge, wanted, real",
    _table(),
    MISTAKES,
    random=True,
    double=True,
)
def sweep(student: StudentFunction) -> Iterator[Fact]:
    """Images of known quality in two sweeps: how often they are made, and what is found about them."""
    student.answer = as_table(student.answer)
    wanted = torch.randint(10, (N,))
    make = Maker(wanted)
    real = torch.randn(N, WIDTH, dtype=torch.float64)
    sweeps = [
        student(list(part), make, FakeJudge(), wanted, real, shape=(len(part), 2)) for part in (SCALES, ALONE)
    ]
    scales, table = (*SCALES, *ALONE), torch.cat([part.double() for part in sweeps])
    yield Fact(
        "images made twice", "times that images are made", len(scales), len(make.asked), LOOK_MADE, 0.1
    )
    shares = torch.tensor([min(1.0, round(N * (0.2 + 0.25 * w)) / N) for w in scales])
    yield Fact(
        "wrong agreement", "agreement, scale by scale", shares, table[:, 0], LOOK_SHARE, match_tol=0.02
    )
    # Shifted by w² in each feature, the means alone are 3 w⁴ apart; spreads agree but for chance.
    apart = torch.tensor([WIDTH * w**4 for w in scales])
    came = (table[:, 1] - apart) / (apart.sqrt() + 1)
    what = "distance beyond the known one, in units of its chance, scale by scale"
    yield Fact("wrong distance", what, torch.zeros(len(scales)), came.clamp(-99, 99), LOOK_DISTANCE, 2.0, 1.0)
