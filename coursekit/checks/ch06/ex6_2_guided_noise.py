"""Exercise 6.2: guide a noise prediction."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...training import guided
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import alike, recurring
from .common import LabelledNet, labels_of

N = 12
CASES = (
    (-1.0, (1, 8, 8), 4, 0.35),
    (0.0, (2,), 3, 0.25),
    (3.0, (1, 8, 8), 10, 0.9),
    (-1.5, (2,), 4, 0.6),
    (-0.6, (3, 4, 5), 4, 0.2),
)
"""Paper's scale omega, shape of a state, null label and time of each call; time 0 has a fact of its own."""
Pair = Callable[[Tensor, Tensor, float], Tensor]
Noise = Callable[[Tensor, Tensor, float], Tensor]


def own_field(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """A field that differs from label to label, in its slope and in its level."""
    return torch.cos(1.3 * y) * x + 2 * torch.sin(0.9 * y + 1) + t


def noise_of(u: Tensor, x: Tensor, t: float) -> Tensor:
    """The noise behind a state on the straight line that moves with the velocity u: x - t u."""
    return x - t * u


def _reference(net: Any, x: Tensor, t: float, y: Tensor, omega: float, null: int) -> Tensor:
    return noise_of(guided(net, y, 1 + omega, null=null)(x, t), x, t)


def _pair(combine: Pair, nothing: int | None = None, noise: Noise = noise_of) -> Callable[..., Tensor]:
    """Another mixture of the two velocities at w = 1 + omega, label for none, or conversion."""

    def rule(net: Any, x: Tensor, t: float, y: Tensor, omega: float, null: int) -> Tensor:
        none = net(x, t, torch.full_like(y, null if nothing is None else nothing))
        return noise(combine(none, net(x, t, y), 1 + omega), x, t)

    return rule


def _right(none: Tensor, told: Tensor, w: float) -> Tensor:
    return none + w * (told - none)


def _mixed_labels(net: Any, x: Tensor, t: float, y: Tensor, omega: float, null: int) -> Tensor:
    return noise_of(net(x, t, (-omega * null + (1 + omega) * y).long()), x, t)


def _fresh_state(net: Any, x: Tensor, t: float, y: Tensor, omega: float, null: int) -> Tensor:
    none = net(torch.randn_like(x), t, torch.full_like(y, null))
    return noise_of(_right(none, net(x, t, y), 1 + omega), x, t)


def _noises_added(net: Any, x: Tensor, t: float, y: Tensor, omega: float, null: int) -> Tensor:
    none, told = net(x, t, torch.full_like(y, null)), net(x, t, y)
    return noise_of(none, x, t) + (1 + omega) * noise_of(told, x, t)


HINT_STATES = (
    "The two branches have to be asked about the same state, the one handed over. Yours are asked about "
    "different ones: is something added to, or drawn for, one of them? Fields can only be compared in one "
    "and the same place."
)
HINT_CONVERSION = (
    "What you return is not the noise behind these states. Test your answer to (a) on paper at both ends of "
    "time: at time 0 the state is nothing but noise, and at time 1 it is the image itself."
)
MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    **recurring({"null label equal to a real class": _pair(_right, nothing=0)}),
    "velocity returned": (
        _pair(_right, noise=lambda u, x, t: u),
        "You return the guided *velocity*. The sampler that calls your function wants to hear which noise is "
        "in the state; question (a) on paper says how one becomes the other.",
    ),
    **alike(
        HINT_CONVERSION,
        {
            "image instead of noise": _pair(_right, noise=lambda u, x, t: x + (1 - t) * u),
            "sign of the velocity": _pair(_right, noise=lambda u, x, t: x + t * u),
            "t and 1 - t swapped": _pair(_right, noise=lambda u, x, t: x - (1 - t) * u),
            "minus the velocity": _pair(_right, noise=lambda u, x, t: -u),
            "time left out": _pair(_right, noise=lambda u, x, t: x - u),
        },
    ),
    "omega taken for w": (
        _pair(lambda none, told, w: _right(none, told, w - 1)),
        "You guide by one whole unit too little: `omega` counts from the class as it was learnt, as in the "
        "paper of Ho and Salimans, and w from the label ignored. What should come out at `omega` = 0?",
    ),
    "translated twice": (
        _pair(lambda none, told, w: _right(none, told, w + 1)),
        "You guide by one whole unit too much: at `omega` = 0 the class as it was learnt should come out, "
        "without any exaggeration. Has the one been added twice?",
    ),
    "weights swapped": (
        _pair(lambda none, told, w: w * none + (1 - w) * told),
        "The weights of the two branches have changed places: at `omega` = 0 you ignore the label, and at "
        "`omega` = -1 you follow it. Which of the two branches should be left over at 0?",
    ),
    "guidance left out": (
        _pair(lambda none, told, w: told),
        "You return the conditional answer whatever `omega` is. That is right for `omega` = 0 only: where "
        "does the other branch come in?",
    ),
    "label left out": (
        _pair(lambda none, told, w: none),
        "You return the unconditional answer whatever `omega` is, so the label is never heard. Which labels "
        "go into each of the two calls of the network?",
    ),
    "different x for the two branches": (_fresh_state, HINT_STATES),
    "weights that do not add up to one": (
        _pair(lambda none, told, w: none + w * told),
        "You add a multiple of the conditional velocity to the unconditional one. Then the weights add up to "
        "more than one, and where the label counts the velocity is far too large. It is the *difference* "
        "of both that counts.",
    ),
    "sign of the second weight": (
        _pair(lambda none, told, w: w * told + (w - 1) * none),
        "The weights of your two branches don't add up to one, because one of them has the wrong sign: going "
        "beyond the label means to go *away* from the branch without it. Test (c) on paper with numbers.",
    ),
    "noises added": (
        _noises_added,
        "You add a multiple of one noise prediction to the other, so the weights don't add up to one, and "
        "the state itself is counted more than once. It is the *difference* of the two that counts.",
    ),
    "difference alone": (
        _pair(lambda none, told, w: w * (told - none)),
        "You use the difference of the two velocities alone. It says where the label pulls; the velocity to "
        "which it is added is missing, so where the label is ignored nothing would move.",
    ),
    "difference turned round": (
        _pair(lambda none, told, w: none + w * (none - told)),
        "Your difference points the wrong way: a larger scale leads away from the label. From which branch "
        "to which should it point?",
    ),
    "scale cut to [0, 1]": (
        _pair(lambda none, told, w: _right(none, told, min(max(w, 0.0), 1.0))),
        "Between the two branches your answer is right, beyond them it is not: the scale is held inside a "
        "range. Guidance is for `omega` above 0, and below -1 it leads away from the label. The rule knows "
        "no bounds.",
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
HINT_START = (
    "At time 0 the state is nothing but noise, whatever the network says and whatever `omega` is: the noise "
    "in it is the state itself. Is something divided by the time, or left out?"
)
HINT_MIXTURE = (
    "There is no guided velocity that belongs to the noise you return. Check two things: your answer to (a) "
    "on paper, at both ends of time, and whether the weights of the two branches add up to one. Is something "
    "added, left out, averaged or scaled besides?"
)
HINT_SCALE = (
    "Your answer lies on the line through the two branches, but not where `omega` puts it: -1 stands for the "
    "unconditional branch, 0 for the conditional one, 1 for as far again. How does `omega` enter your lines?"
)
HINT_UNUSED = (
    "Your answer is the same mixture of the two branches whatever `omega` is. The scale says how far to go "
    "beyond the class as it was learnt. Where do your lines use `omega`?"
)
HINT_END = (
    "At time 1 the noise has left no trace in the state, and what the network says there still holds: state "
    "plus no time left times velocity is the image, and the noise is the image less the velocity. Is "
    "something divided by `1 - t` in your lines?"
)


@exercise("6.2", "Guide a noise prediction", "core", "net, x, t, y, omega, null", _reference, MISTAKES)
def guided_noise(student: StudentFunction) -> Iterator[Fact]:
    """Where, when and with which labels the branches are asked, and the guided velocity behind the noise."""
    away, late, strange, scales, off = 0.0, 0.0, 0.0, [], []
    for omega, event, null, t in CASES:
        x, y = torch.randn(N, *event), labels_of(null, N)
        net = LabelledNet(own_field, event, null)
        came = student(net, x, t, y, omega, null, shape=tuple(x.shape)).double()
        for call in net.calls:
            late = max(late, float((call.t - t).abs().max()))
            if len(call.x) % N == 0:  # else rows were asked about one by one
                asked, label = call.x.unflatten(0, (-1, N)), call.y.unflatten(0, (-1, N))
                away = max(away, float((asked - x).abs().max()))
                strange = max(strange, float(((label != y) & (label != null)).double().mean()))
        labels = [label.double().reshape(-1, *[1] * len(event)) for label in (y * 0 + null, y)]
        none, told = (
            noise_of(own_field(x.double(), torch.tensor(t), label), x.double(), t) for label in labels
        )
        pull = told - none
        scales.append(float(((came - none) * pull).sum() / pull.square().sum()) - 1)
        off.append(float((came - none - (scales[-1] + 1) * pull).abs().max()))
    what = "distance of the states asked about from `x`"
    yield Fact("different x for the two branches", what, 0.0, min(away, 1.0), HINT_STATES)
    if away > 1e-3:  # what comes out then is left to chance
        return
    yield Fact("wrong time", "distance of the times asked about from `t`", 0.0, late, HINT_TIME)
    yield Fact("wrong labels", "share of labels asked about that are others", 0.0, strange, HINT_LABELS)
    at = f"at omega = {', '.join(f'{case[0]:g}' for case in CASES)}"
    what, came = f"distance from all noise of guided velocities, {at}", torch.tensor(off).clamp(max=1e4)
    yield Fact("not the noise of a guided velocity", what, torch.zeros(len(off)), came, HINT_MIXTURE)
    right, came = torch.tensor([case[0] for case in CASES]), torch.tensor(scales).clamp(-1e4, 1e4)
    unused = float(came.max() - came.min()) < 0.01
    name, hint = ("omega not used", HINT_UNUSED) if unused else ("wrong scale", HINT_SCALE)
    yield Fact(name, f"scale with which your answer is guided, {at}", right, came, hint)
    x, y = torch.randn(N, 2), labels_of(3, N)
    start = student(LabelledNet(own_field, (2,), 3), x, 0.0, y, 1.5, 3, shape=(N, 2)).double()
    yield Fact("wrong at time 0", "noise in the state at time 0", x.double(), start, HINT_START)
    end = student(LabelledNet(own_field, (2,), 3), x, 1.0, y, 1.5, 3, shape=(N, 2), finite=False).double()
    none, told = (
        noise_of(own_field(x.double(), torch.tensor(1.0), label.double()[:, None]), x.double(), 1.0)
        for label in (y * 0 + 3, y)
    )
    yield Fact("wrong at time 1", "noise in the state at time 1", told + 1.5 * (told - none), end, HINT_END)
