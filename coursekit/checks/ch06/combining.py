"""Exercise 6.2: combine two fields."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...training import guided
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .common import Told, labels_of

N, EVENT, NULL, TIME = 12, (1, 3, 3), 4, 0.35
SCALES = (0.0, 1.0, 2.5, -0.5)

Pair = Callable[[Tensor, Tensor, float], Tensor]


def own_field(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """A field that differs from label to label, in its slope and in its level."""
    return torch.cos(1.3 * y) * x + 2 * torch.sin(0.9 * y + 1) + t


def _guided_velocity(net: Any, x: Tensor, t: float, y: Tensor, w: float, null: int) -> Tensor:
    return guided(net, y, w, null=null)(x, t)


def _pair(combine: Pair, nothing: int | None = None) -> Callable[..., Tensor]:
    """Another combination of the two branches, or another label for none."""

    def rule(net: Any, x: Tensor, t: float, y: Tensor, w: float, null: int) -> Tensor:
        none = net(x, t, torch.full_like(y, null if nothing is None else nothing))
        return combine(none, net(x, t, y), w)

    return rule


def _right(none: Tensor, told: Tensor, w: float) -> Tensor:
    return none + w * (told - none)


def _mixed_labels(net: Any, x: Tensor, t: float, y: Tensor, w: float, null: int) -> Tensor:
    return net(x, t, ((1 - w) * null + w * y).long())


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "1 + w": (
        _pair(lambda none, told, w: (1 + w) * told - w * none),
        "Your scale counts from the conditional field: at 0 it gives the class as it was learnt, as in the "
        "paper of Ho and Salimans. Here 0 ignores the label and 1 is the class as learnt. You are one whole "
        "unit too far.",
    ),
    "w and 1 - w swapped": (
        _pair(lambda none, told, w: w * none + (1 - w) * told),
        "The two weights have changed places: at `w` = 1 your field ignores the label. Which of the two "
        "branches should be left over at 0, and which at 1?",
    ),
    "null label equal to a real class": (
        _pair(_right, nothing=0),
        "Your unconditional branch asks for label 0, which is a real class. You push away from the zeros, "
        "not from the images as a whole. Which label means that none is given?",
    ),
    "weights that do not add up to one": (
        _pair(lambda none, told, w: none + w * told),
        "You add `w` times the conditional field to the unconditional one. Then the weights add up to more "
        "than one, and at `w` = 1 the field is far too strong. It is the *difference* of both that counts.",
    ),
    "difference alone": (
        _pair(lambda none, told, w: w * (told - none)),
        "You return the difference of the two fields alone. It says where the label pulls; the field to "
        "which it is added is missing, so at `w` = 0 nothing would move.",
    ),
    "difference turned round": (
        _pair(lambda none, told, w: none + w * (none - told)),
        "Your difference points the wrong way: a larger `w` leads away from the wish. From which field to "
        "which should it point?",
    ),
    "guidance left out": (
        _pair(lambda none, told, w: told),
        "Your field is the conditional one whatever `w` is. It is right for `w` = 1 only: where does the "
        "other branch come in?",
    ),
    "label left out": (
        _pair(lambda none, told, w: none),
        "Your field is the unconditional one whatever `w` is: the wish is never heard. Which label does "
        "each of your two calls hand over?",
    ),
    "labels mixed instead of fields": (
        _mixed_labels,
        "You mix the *labels* and ask the network once. A label is a name, not a quantity: halfway between "
        "two of them lies a third digit. Ask twice, and mix the two answers.",
    ),
}
LOOK_STATES = (
    "The two branches have to be asked about the same state, the one handed over. Yours are asked about "
    "different ones: is something added to, or drawn for, one of them? Fields can only be compared in one "
    "and the same place."
)
LOOK_TIME = "Both branches have to be asked at the time that is handed over. Which time do yours get?"
LOOK_FIELD = (
    "The combination is not the guided one. Write down what should come out at `w` = 0 and at `w` = 1, and "
    "look which labels your calls hand over."
)


@exercise(
    "6.2", "Combine two fields", "core", "net, x, t, y, w, null", _guided_velocity, MISTAKES, double=True
)
def guided_velocity(student: StudentFunction) -> Iterator[Fact]:
    """Where and when the two branches are asked, and what comes out at four scales."""
    away, late, found = 0.0, 0.0, []
    for w in SCALES:
        x, y = torch.randn(N, *EVENT, dtype=torch.float64), labels_of(NULL, N)
        net = Told(own_field, EVENT, NULL)
        came = student(net, x, TIME, y, w, NULL, shape=(N, *EVENT))
        for asked in net.asked:
            away = max(
                [away, *(float((part - x).abs().max()) for part in asked.x.split(N) if len(part) == N)]
            )
            late = max(late, float((asked.t - TIME).abs().max()))
        none, told = (own_field(x, torch.tensor(TIME), _stretched(k)) for k in (y * 0 + NULL, y))
        found.append((w, _right(none, told, w), came))
    what = "distance of the states asked about from `x`"
    yield Fact("different x for the two branches", what, 0.0, min(away, 1.0), LOOK_STATES, match_tol=1.0)
    if away > 1e-3:  # what comes out then is left to chance
        return
    yield Fact("wrong time", "distance of the times asked about from `t`", 0.0, late, LOOK_TIME)
    for w, right, came in found:
        yield Fact("wrong combination", f"guided field at w = {w:g}", right, came, LOOK_FIELD)


def _stretched(y: Tensor) -> Tensor:
    return y.double().reshape(-1, *[1] * len(EVENT))
