"""Exercise 6.8: the best agreement at a fixed distance."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor

from ...data import digits
from ...evaluation.classifiers import digit_classifiers
from ...evaluation.metrics import frechet_distance
from ...nets import load_pretrained
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction

N, EVALUATIONS, DISTANCE, ENOUGH = 4000, 8, 1.1, 0.9975
"""Images, evaluations of the network for each, the largest distance, and the agreement that passes."""
FIRST = 20
"""Images of a first, small batch: what comes out may not be the same whatever is handed over."""


class Counted:
    """The network that came with the course, and how many states it was asked about."""

    def __init__(self) -> None:
        self.net: Any = load_pretrained("digits")
        self.null: int = self.net.null
        self.rows = 0

    def __call__(self, x: Tensor, t: Any, y: Tensor) -> Tensor:
        """Velocity at states, times and labels."""
        if not isinstance(x, Tensor):
            raise Fault(
                "net misused", f"Your function calls `net` with {described(x)} as its first argument."
            )
        self.rows += len(x)
        return self.net(x, t, y)


Counted.__name__ = Counted.__call__.__qualname__ = "net"  # the name in Python's own messages


def _steps(scales: tuple[float, ...]) -> Callable[[Any, Tensor, Tensor], Tensor]:
    """Euler's steps, each with a guidance scale of its own; a branch without weight is not asked for."""

    def rule(net: Any, y: Tensor, x: Tensor) -> Tensor:
        h, none = 1 / len(scales), torch.full_like(y, net.null)
        with torch.no_grad():
            for k, w in enumerate(scales):
                u = net(x, k * h, y if w else none)
                if w not in (0.0, 1.0):
                    rest = net(x, k * h, none)
                    u = rest + w * (u - rest)
                x = x + h * u
        return x

    return rule


plain = _steps((1.0,) * EVALUATIONS)
"""What there is to beat: as many steps as evaluations, without guidance."""


def measured(images: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Whether each image shows the digit of its label (n,), and the distance of all to real images."""
    judge = digit_classifiers()
    distance = frechet_distance(judge.features(images), judge.features(digits().test.images))
    return judge.classify(images) == y, distance


@cache
def _wishes() -> tuple[Tensor, Tensor, Tensor]:
    """Labels and noise, the same for everybody, and where the plain steps hit."""
    y = torch.arange(10).repeat(N // 10)
    x = torch.randn(N, 1, 8, 8, generator=torch.Generator().manual_seed(8))
    return y, x, measured(plain(Counted(), y, x), y)[0]


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "no guidance": (
        plain,
        "These are eight plain steps without guidance, the ones to beat. Guidance costs a second evaluation "
        "wherever it is used: make fewer steps, and spend what you save where guidance does most.",
    ),
    "label ignored": (
        _steps((0.0,) * EVALUATIONS),
        "Your images come from the unconditional field: their digits have nothing to do with the labels.",
    ),
    "too much guidance": (
        _steps((1.5, 1.5, 1.5, 1.5)),
        "You guide strongly in every step. All images are what was asked for, but with so few steps and so "
        "much guidance the cloud has moved away from the real one. Where on the way is guidance worth most?",
    ),
}
HINT_BUDGET = (
    "Your function asks the network more often than it may. Each branch of the guided field is an evaluation "
    "for every image; a branch without weight need not be asked."
)
HINT_DISTANCE = (
    "Your images are farther from the real ones than is allowed, taken as a whole. Guide less, or later, or "
    "make more and shorter steps. Then look at the agreement again."
)
HINT_AGREEMENT = (
    "The judge does not yet see the digit of the label often enough. A little guidance raises the "
    "agreement; find the steps in which it costs least distance."
)


@exercise(
    "6.8",
    "The best agreement at a fixed distance",
    "open",
    "net, y, x",
    _steps((1, 1, 1, 1, 2, 1)),
    MISTAKES,
    may_draw=True,
    limit=15.0,
)
def my_images(student: StudentFunction) -> Iterator[Fact | str]:
    """Evaluations, distance and agreement, and whether the latter is better than that of plain steps."""
    y, x, before = _wishes()
    student(Counted(), y[:FIRST], x[-FIRST:], shape=(FIRST, 1, 8, 8))
    net = Counted()
    images = student(net, y, x, shape=(N, 1, 8, 8)).float().clamp(-1e3, 1e3)  # else features overflow
    spent = net.rows / N
    most = f"at most {EVALUATIONS}"
    allowed = min(spent, EVALUATIONS + 0.0)
    what = "evaluations for each image"
    yield Fact("too many evaluations", what, allowed, spent, HINT_BUDGET, 0.01, expected_text=most)
    hits, distance = measured(images, y)
    share = float(hits.double().mean())
    yield _comparison(hits, before, distance, spent)
    most = f"at most {DISTANCE}"
    yield Fact("too far away", "distance", 0.0, distance, HINT_DISTANCE, DISTANCE, 0.02, expected_text=most)
    least = f"at least {100 * ENOUGH:g}"
    wanted = 100 * max(share, ENOUGH)
    yield Fact(
        "too few hits",
        "agreement in per cent",
        wanted,
        100 * share,
        HINT_AGREEMENT,
        1e-9,
        0.1,
        expected_text=least,
    )


def _comparison(hits: Tensor, before: Tensor, distance: float, spent: float) -> str:
    """The number and its gain over plain steps from the same noise, both with standard errors."""
    share = float(hits.double().mean())
    error = (share * (1 - share) / N) ** 0.5
    gain = hits.double() - before.double()
    better, doubt = float(gain.mean()), float(gain.std()) / N**0.5
    clear = "no clear change" if abs(better) < 2 * doubt else f"clearly {'better' if better > 0 else 'worse'}"
    usual = float(before.double().mean())
    return (
        f"Agreement {share:.2%} ± {error:.2%} at distance {distance:.2f}, with {spent:g} evaluations for "
        f"each image. Plain steps: {usual:.2%}. Difference {better:+.2%} ± {doubt:.2%}: {clear}."
    )
