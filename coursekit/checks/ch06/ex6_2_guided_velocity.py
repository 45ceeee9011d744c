"""Exercise 6.2: combine two fields."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...training import guided
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from .common import LabelledNet, labels_of

N = 12
CASES = (
    (0.0, (1, 8, 8), 4, 0.35),
    (1.0, (2,), 3, 0.0),
    (2.0, (1, 8, 8), 10, 0.9),
    (-0.5, (2,), 4, 0.6),
    (0.4, (3, 4, 5), 4, 0.2),
)
"""Guidance scale, shape of a state, null label and time of each call."""
Pair = Callable[[Tensor, Tensor, float], Tensor]


def own_field(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """A field that differs from label to label, in its slope and in its level."""
    return torch.cos(1.3 * y) * x + 2 * torch.sin(0.9 * y + 1) + t


def _reference(net: Any, x: Tensor, t: float, y: Tensor, w: float, null: int) -> Tensor:
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


def _fresh_state(net: Any, x: Tensor, t: float, y: Tensor, w: float, null: int) -> Tensor:
    return _right(net(torch.randn_like(x), t, torch.full_like(y, null)), net(x, t, y), w)


HINT_STATES = (
    "The two branches have to be asked about the same state, the one handed over. Yours are asked about "
    "different ones: is something added to, or drawn for, one of them? Fields can only be compared in one "
    "and the same place."
)
MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    **recurring(
        {
            "1 + w": _pair(lambda none, told, w: (1 + w) * told - w * none),
            "w and 1 - w swapped": _pair(lambda none, told, w: w * none + (1 - w) * told),
            "null label equal to a real class": _pair(_right, nothing=0),
            "guidance left out": _pair(lambda none, told, w: told),
            "label left out": _pair(lambda none, told, w: none),
        }
    ),
    "different x for the two branches": (_fresh_state, HINT_STATES),
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
    "added to the conditional field": (
        _pair(lambda none, told, w: told + (1 - w) * (told - none)),
        "You set out from the conditional field and go on in the wrong direction from there: at `w` = 0 you "
        "are past the label. From which field does the way of length `w` begin?",
    ),
    "difference turned round": (
        _pair(lambda none, told, w: none + w * (none - told)),
        "Your difference points the wrong way: a larger `w` leads away from the wish. From which field to "
        "which should it point?",
    ),
    "w cut to [0, 1]": (
        _pair(lambda none, told, w: _right(none, told, min(max(w, 0.0), 1.0))),
        "Between 0 and 1 your field is right, beyond them it is not: `w` is held inside that range. Guidance "
        "is for scales above 1, and negative ones lead away from the label. The formula knows no bounds.",
    ),
    "labels mixed instead of fields": (
        _mixed_labels,
        "You mix the *labels* and ask the network once. A label is a name, not a quantity: halfway between "
        "two of them lies a third digit. Ask twice, and mix the two answers.",
    ),
}
HINT_TIME = (
    "Both branches have to be asked at the time that is handed over, as it is. Yours are asked about "
    "another one. Which time do your two calls of the network get, and is anything done to it before?"
)
HINT_LABELS = (
    "Your function asks the network with labels that are neither those handed over in `y` nor the null "
    "label. Which label stands for none is the argument `null`; it differs from network to network."
)
HINT_MIXTURE = (
    "Your field is no mixture of the two branches whose weights add up to one. Write down what should come "
    "out at `w` = 0 and at `w` = 1. Is something added, left out, averaged or scaled besides?"
)
HINT_SCALE = (
    "Your field lies on the line through the two branches, but not where `w` puts it: 0 stands for the "
    "unconditional field, 1 for the conditional one, 2 for as far again. How does `w` enter your lines?"
)
HINT_UNUSED = (
    "Your field is the same mixture of the two branches whatever `w` is. The scale says how much the label "
    "counts: nothing at 0, fully at 1, and beyond that above. Where do your lines use `w`?"
)


@exercise("6.2", "Combine two fields", "core", "net, x, t, y, w, null", _reference, MISTAKES)
def guided_velocity(student: StudentFunction) -> Iterator[Fact]:
    """Where, when and with which labels the branches are asked, and how they are mixed, at five scales."""
    away, late, strange, scales, off = 0.0, 0.0, 0.0, [], []
    for w, event, null, t in CASES:
        x, y = torch.randn(N, *event), labels_of(null, N)
        net = LabelledNet(own_field, event, null)
        came = student(net, x, t, y, w, null, shape=tuple(x.shape)).double()
        for call in net.calls:
            late = max(late, float((call.t - t).abs().max()))
            if len(call.x) % N == 0:  # else rows were asked about one by one
                asked, label = call.x.unflatten(0, (-1, N)), call.y.unflatten(0, (-1, N))
                away = max(away, float((asked - x).abs().max()))
                strange = max(strange, float(((label != y) & (label != null)).double().mean()))
        labels = [label.double().reshape(-1, *[1] * len(event)) for label in (y * 0 + null, y)]
        none, told = (own_field(x.double(), torch.tensor(t), label) for label in labels)
        pull = told - none
        scales.append(float(((came - none) * pull).sum() / pull.square().sum()))
        off.append(float((came - none - scales[-1] * pull).abs().max()))
    what = "distance of the states asked about from `x`"
    yield Fact("different x for the two branches", what, 0.0, min(away, 1.0), HINT_STATES)
    if away > 1e-3:  # what comes out then is left to chance
        return
    yield Fact("wrong time", "distance of the times asked about from `t`", 0.0, late, HINT_TIME)
    yield Fact("wrong labels", "share of labels asked about that are others", 0.0, strange, HINT_LABELS)
    at = f"at w = {', '.join(f'{case[0]:g}' for case in CASES)}"
    what, came = f"distance from all mixtures of both branches, {at}", torch.tensor(off).clamp(max=1e4)
    yield Fact("no mixture of both branches", what, torch.zeros(len(off)), came, HINT_MIXTURE)
    right, came = torch.tensor([case[0] for case in CASES]), torch.tensor(scales).clamp(-1e4, 1e4)
    unused = float(came.max() - came.min()) < 0.01
    name, hint = ("w not used", HINT_UNUSED) if unused else ("wrong scale", HINT_SCALE)
    yield Fact(name, f"scale with which your field is guided, {at}", right, came, hint)
