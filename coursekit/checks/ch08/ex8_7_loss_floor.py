"""Exercise 8.7: the loss that a network of a given width cannot go below."""

from collections.abc import Callable, Iterator
from itertools import combinations

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

SPECTRUM = (4.0, 0.3, 1.5, 0.04, 2.1, 0.5)
"""Variances along six axes, in no order; no two sums of some of them are alike."""


def _sizes(covariance: Tensor) -> Tensor:
    """Eigenvalues, from small to large."""
    return torch.linalg.eigvalsh(covariance)


def _floor(covariance: Tensor, width: int) -> Tensor:
    dim = len(covariance)
    return _sizes(covariance)[: max(dim - width, 0)].sum() / dim


def _of(rule: Callable[[Tensor, int, int], Tensor]) -> Callable[..., Tensor]:
    """A floor from the eigenvalues, the outputs and the width."""
    return lambda covariance, width: rule(_sizes(covariance), len(covariance), width)


MISTAKES: dict[str, Mistake] = {
    "largest for smallest": (
        _of(lambda s, n, h: s[min(h, n) :].sum() / n),
        "You add up the largest variances. The best network spends its hidden units on the directions in "
        "which most would be lost, and is silent in those in which little is.",
    ),
    "what is explained": (
        _of(lambda s, n, h: s[max(n - h, 0) :].sum() / n),
        "You return the part of the variance that the network can explain. The loss is what is left over "
        "when it has done so.",
    ),
    "a sum, not a mean": (
        _of(lambda s, n, h: s[: max(n - h, 0)].sum()),
        "Your number is the loss summed over the coordinates. The loss of this course is a mean over them.",
    ),
    "mean over the mute directions": (
        _of(lambda s, n, h: s[: max(n - h, 0)].sum() / max(n - h, 1)),
        "You average over the mute directions only. The others are coordinates too, and cost nothing.",
    ),
    "share of the variance": (
        _of(lambda s, n, h: s[: max(n - h, 0)].sum() / s.sum()),
        "You return a share of the whole variance. The loss is in the units of the target, squared, for each "
        "coordinate.",
    ),
    "roots of the eigenvalues": (
        _of(lambda s, n, h: s[: max(n - h, 0)].clamp(min=0).sqrt().sum() / n),
        "You add up standard deviations. The loss squares errors: variances add up, and the eigenvalues of a "
        "covariance are variances already.",
    ),
    "root of the floor": (
        lambda c, width: _floor(c, width).clamp(min=0).sqrt(),
        "Your number is the root of the floor, an error. The loss is a mean of squared errors: variances add "
        "up, and no root is taken.",
    ),
    "eigenvalues squared": (
        _of(lambda s, n, h: s[: max(n - h, 0)].square().sum() / n),
        "You square the eigenvalues. Those of a covariance are variances, so they are squares already.",
    ),
    "the diagonal": (
        lambda c, h: c.diagonal().sort().values[: max(len(c) - h, 0)].sum() / len(c),
        "You look at the diagonal, which knows the coordinates only. A network may choose any directions: "
        "turn the axes until the covariance is diagonal.",
    ),
    "width counted from the wrong side": (
        _of(lambda s, n, h: s[: min(h, n)].sum() / n),
        "You add up as many variances as there are hidden units. Those are the directions in which it can "
        "answer; how many are left?",
    ),
    "as for noise": (
        lambda c, h: torch.tensor(max(1 - h / len(c), 0.0)),
        "Your floor is the share of mute directions, whatever the covariance is. That is so for noise, where "
        "each direction has the variance one. Which variances are lost here?",
    ),
    "the diagonal as it comes": (
        lambda c, h: c.diagonal()[min(h, len(c)) :].sum() / len(c),
        "You take the last entries of the diagonal. The order of the coordinates says nothing: a network "
        "gives up the directions in which least is lost.",
    ),
    "mean root of the mute directions": (
        lambda c, h: _sizes(c)[: max(len(c) - h, 0)].clamp(min=0).sqrt().mean().nan_to_num(0.0),
        "You average standard deviations, over the mute directions only. Variances add up, and the mean is "
        "over all coordinates.",
    ),
    "over the width": (
        _of(lambda s, n, h: s[: max(n - h, 0)].sum() / max(h, 1)),
        "You divide by the number of hidden units. The loss is a mean over the coordinates of the target.",
    ),
    "one too many": (
        _of(lambda s, n, h: s[: max(n - h + 1, 0)].sum() / n),
        "You count one mute direction too many. With no hidden unit all are mute; with one, all but one.",
    ),
    "one too few": (
        _of(lambda s, n, h: s[: max(n - h - 1, 0)].sum() / n),
        "You count one mute direction too few. With no hidden unit all are mute; with one, all but one.",
    ),
    "the noise is forgotten or added": (
        _of(lambda s, n, h: (s + 1)[: max(n - h, 0)].sum() / n),
        "You add the variance of the noise. The covariance you are given is that of the target, whatever it "
        "is: for the velocity it contains the noise already.",
    ),
    "average over all directions": (
        _of(lambda s, n, h: s.mean() * max(n - h, 0) / n),
        "You take every direction for equally important: the share of mute directions times the mean "
        "variance. That is so for noise. Data have directions in which they hardly vary.",
    ),
}
HINT_NOISE = (
    "In a direction in which the network is mute it can answer with the mean at best, and pays the variance. "
    "For noise in 8 coordinates all directions have the variance one, so each mute one costs an eighth. With "
    "{0} hidden units your floor is {1} eighths. How many directions are mute?"
)
HINT_SAME = (
    "For noise in 8 coordinates your floor is {0} with 2 hidden units and with 5. Each unit more makes one "
    "direction less mute, and a mute direction costs its variance, shared among all 8 coordinates: what do "
    "you do with the variances that are given up?"
)
HINT_AXES = (
    "Here the directions have different variances, and a good network chooses the ones in which it is mute. "
    "{0} Which would you choose, and what is the mean over all six coordinates?"
)
HINT_TURNED = (
    "The same variances along other axes: the covariance is no longer diagonal, but the floor is the same, "
    "since a network may choose any directions. What are the variances along the best axes?"
)
HINT_NONE = (
    "Without a hidden unit the network is mute in all directions, and pays the whole variance, here {2:g} "
    "over {1} coordinates. Which entries does your slice keep for a width of zero?"
)
HINT_ALL = (
    "With {0} hidden units for {1} coordinates no direction need be mute, and nothing need be paid. What is "
    "{1} − {0}, and what does a slice do that ends there?"
)
HINT_PLANE = (
    "With {0} hidden units and {1} coordinates your floor is not right, where the covariance is that of data "
    "in a plane, or of their velocity. Most eigenvalues are equal there, up to rounding: which do you add up?"
)


def _added(floor: Tensor, width: int) -> str:
    """Which of the six variances a floor is the mean of, in a sentence."""
    total = 6 * float(floor)
    for count in range(7):
        for some in combinations(sorted(SPECTRUM), count):
            if abs(sum(some) - total) < 5e-3:
                listed = ", ".join(f"{each:g}" for each in some) or "none of them"
                return f"With {width} hidden units you add up {listed}."
    return f"Your floor for {width} hidden units is not a sum of some of them over six."


def _edge(widths: tuple[int, ...], wanted: Tensor, came: Tensor, outputs: int) -> str:
    """Hint for the first of these widths at which a floor is wrong."""
    wrong = next((i for i, off in enumerate((came - wanted).abs() > 1e-3) if off), 0)
    width = widths[wrong]
    hint = HINT_NONE if width == 0 else HINT_ALL if width >= outputs else HINT_PLANE
    return hint.format(width, outputs, float(wanted[wrong]) * outputs)


def _turned(variances: Tensor) -> Tensor:
    """A covariance with these variances, along axes by chance."""
    axes = torch.linalg.qr(torch.randn(len(variances), len(variances), dtype=torch.float64))[0]
    return axes * variances @ axes.T


@exercise("8.7", "The floor of a loss", "stretch", "covariance, width", _floor, MISTAKES)
def loss_floor(student: StudentFunction) -> Iterator[Fact]:
    """Noise, variances along the axes, along other axes, data in a plane, velocities; both edges."""

    def floors(covariance: Tensor, *widths: int) -> Tensor:
        return torch.stack([student(covariance, width, shape=()).double() for width in widths])

    came = floors(torch.eye(8, dtype=torch.float64), 2, 5)
    wanted = torch.tensor([0.75, 0.375])
    wrong = 0 if abs(float(came[0]) - 0.75) > 1e-3 else 1
    hint = HINT_NOISE.format((2, 5)[wrong], number(8 * came[wrong]))
    eighths = 8 * came
    counted = bool((eighths.round() - eighths).abs().max() < 1e-3)
    name = "wrong number of mute directions" if counted else "wrong for noise"
    if float((came[0] - came[1]).abs()) < 1e-3:
        name, hint = "a floor that does not fall with the width", HINT_SAME.format(number(came[0]))
    noise = Fact(
        name,
        "floors for noise, 8 coordinates and 2, 5 units",
        wanted,
        came,
        hint,
    )
    spectrum, widths = torch.tensor(SPECTRUM, dtype=torch.float64), (1, 2, 4)
    wanted = torch.stack([spectrum.sort().values[: 6 - width].sum() / 6 for width in widths])
    came = floors(torch.diag(spectrum), *widths)
    wrong = int((came - wanted).abs().argmax())
    hint = HINT_AXES.format(_added(came[wrong], widths[wrong]))
    axes = Fact("wrong along the axes", "floors for six variances, 1, 2, 4 units", wanted, came, hint)
    yield from (noise, axes)
    if not noise.holds() or not axes.holds():
        return
    came = floors(_turned(spectrum), *widths)
    yield Fact("wrong along other axes", "the same variances along other axes", wanted, came, HINT_TURNED)
    flat = _turned(torch.tensor([2.0, 1.0, *7 * [0.0]], dtype=torch.float64))
    edges: tuple[tuple[str, Tensor, tuple[int, ...], Tensor], ...] = (
        ("data in a plane, 0, 1, 2, 7 units", flat, (0, 1, 2, 7), torch.tensor([3 / 9, 1 / 9, 0.0, 0.0])),
        (
            "their velocity, 7, 9, 12 units",
            flat + torch.eye(9),
            (7, 9, 12),
            torch.tensor([2 / 9, 0.0, 0.0]),
        ),
    )
    for what, covariance, units, wanted in edges:
        came = floors(covariance, *units)
        hint = _edge(units, wanted, came, 9)
        yield Fact("wrong at an edge", f"floors for {what}", wanted, came, hint)
