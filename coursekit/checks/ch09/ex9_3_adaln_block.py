"""Exercise 9.3: a transformer's block whose condition shifts, scales and gates (adaLN-Zero)."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through
from .common import exact, first_failing

SIZES = ((4, 4, 4), (2, 5, 6), (3, 1, 4))
"""Batch, tokens and width; first all alike, so that mixed-up axes show as wrong numbers."""
ORDER = ("shift", "scale", "gate") * 2
Layer = Callable[[Tensor], Tensor]
Modulate = Callable[[Tensor, Tensor, Tensor], Tensor]


def _norm(h: Tensor) -> Tensor:
    return layer_norm(h, h.shape[-1:])


def _film(h: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return _norm(h) * (1 + scale) + shift


def _gated(h: Tensor, gate: Tensor, change: Tensor, changed: Tensor) -> Tensor:
    return h + gate * change


def _over_tokens(six: Tensor) -> Tensor:
    return six[:, None, :]


def _rule(
    modulate: Modulate = _film,
    gated: Callable[..., Tensor] = _gated,
    places: tuple[int, ...] = (0, 1, 2, 3, 4, 5),
    cut: Callable[[Tensor], tuple[Tensor, ...]] = lambda six: six.chunk(6, dim=-1),
    over: Callable[[Tensor], Tensor] = _over_tokens,
    parallel: bool = False,
    swapped: bool = False,
) -> Callable[..., Tensor]:
    """The block from its parts, any of which may be wrong."""

    def rule(x: Tensor, c: Tensor, knobs: Layer, mix: Layer, think: Layer) -> Tensor:
        found = cut(over(knobs(c)))
        six = [found[place] for place in places]
        layers = (think, mix) if swapped else (mix, think)
        changed = modulate(x, six[0], six[1])
        h = gated(x, six[2], layers[0](changed), changed)
        changed = modulate(x if parallel else h, six[3], six[4])
        return gated(h, six[5], layers[1](changed), changed)

    return rule


def _staged(second: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The block whose second step is another one: of the input, the tokens, three knobs and a layer."""

    def rule(x: Tensor, c: Tensor, knobs: Layer, mix: Layer, think: Layer) -> Tensor:
        six = _over_tokens(knobs(c)).chunk(6, dim=-1)
        h = x + six[2] * mix(_film(x, six[0], six[1]))
        return second(x, h, six[3:], think)

    return rule


def _interleaved(six: Tensor) -> tuple[Tensor, ...]:
    return six.unflatten(-1, (-1, 6)).unbind(dim=-1)


ORDERS = "The order is another one: shift, scale, gate for the first step, then the same for the second."
MISTAKES: dict[str, Mistake] = {
    "one forgotten in the scale": (
        _rule(lambda h, shift, scale: _norm(h) * scale + shift),
        "You multiply by the scale itself. At the start of training the knobs say zero, so all tokens would "
        "reach the layers as the same zeros; and the gates hide it. A scale of zero should change nothing.",
    ),
    "gate forgotten": (
        _rule(gated=lambda h, gate, change, changed: h + change),
        "You add what the layers say as it is, without the gate. Then a fresh block is not the identity.",
    ),
    "one plus the gate": (
        _rule(gated=lambda h, gate, change, changed: h + (1 + gate) * change),
        "You open the gate by one plus what the knobs say. A scale of zero changes nothing because of the 1; "
        "a gate of zero should let nothing through.",
    ),
    "gate on the whole": (
        _rule(gated=lambda h, gate, change, changed: gate * (h + change)),
        "Your gate multiplies the input as well. While it is closed, the block wipes out its tokens. What "
        "should pass it by?",
    ),
    "gate on the input": (
        _rule(gated=lambda h, gate, change, changed: gate * h + change),
        "Your gate multiplies the input, and the change passes it by. It should be the other way round.",
    ),
    "gate between two": (
        _rule(gated=lambda h, gate, change, changed: (1 - gate) * h + gate * change),
        "Your gate fades from the input to the change. In this block the input always passes in full, and "
        "the "
        "gate says how much of the change is added.",
    ),
    "gate squeezed": (
        _rule(gated=lambda h, gate, change, changed: h + gate.sigmoid() * change),
        "You send the gate through a sigmoid, so it is half open when the knobs say zero. The number itself "
        "is the gate; it may be negative too.",
    ),
    "modulated input added": (
        _rule(gated=lambda h, gate, change, changed: changed + gate * change),
        "You add the change to the normalised and shifted tokens. What passes round the layers is the input "
        "as it came; keep it under a name of its own.",
    ),
    "input not added": (
        _rule(gated=lambda h, gate, change, changed: gate * change),
        "You return the change alone. The input should pass round the layers: with closed gates the block is "
        "the identity.",
    ),
    "not normalised": (
        _rule(lambda h, shift, scale: h * (1 + scale) + shift),
        "The tokens are shifted and scaled as they come. First each of them is normalised: mean zero, "
        "variance one over its own numbers.",
    ),
    "normalised after the modulation": (
        _rule(lambda h, shift, scale: _norm(h * (1 + scale) + shift)),
        "You normalise after shift and scale, which takes most of them away again. In which order do the two "
        "come?",
    ),
    "normalised over the tokens": (
        _rule(
            lambda h, shift, scale: (
                layer_norm(h.transpose(1, 2), h.shape[1:2]).transpose(1, 2) * (1 + scale) + shift
            )
        ),
        "You normalise along the tokens. Each token is normalised by itself, over its own numbers.",
    ),
    "normalised over the image": (
        _rule(lambda h, shift, scale: layer_norm(h, h.shape[1:]) * (1 + scale) + shift),
        "You normalise all tokens of an image together. Each token is normalised by itself, over its own "
        "numbers.",
    ),
    "normalised over the batch": (
        _rule(
            lambda h, shift, scale: (
                (h - h.mean(0)) / (h.var(0, unbiased=False) + 1e-5).sqrt() * (1 + scale) + shift
            )
        ),
        "You normalise along the batch, so that images influence each other. Each token is normalised by "
        "itself, over its own numbers.",
    ),
    "mean not taken away": (
        _rule(
            lambda h, shift, scale: (
                h / (h.square().mean(-1, keepdim=True) + 1e-5).sqrt() * (1 + scale) + shift
            )
        ),
        "You divide by the size of a token without taking its mean away. That is another norm (RMSNorm); "
        "here "
        "a token has mean zero and variance one afterwards.",
    ),
    "variance with n minus one": (
        _rule(
            lambda h, shift, scale: (
                (h - h.mean(-1, keepdim=True)) / (h.std(-1, keepdim=True) + 1e-5) * (1 + scale) + shift
            )
        ),
        "Your normalised tokens are a little too small: torch's `std` and `var` divide by one less than the "
        "count. The layer norm divides by the count itself; torch has a function for it.",
    ),
    "shift scaled too": (
        _rule(lambda h, shift, scale: (_norm(h) + shift) * (1 + scale)),
        "You add the shift first and multiply afterwards, so the shift is scaled as well. In which order do "
        "the two come?",
    ),
    "scale before shift": (
        _rule(places=(1, 0, 2, 4, 3, 5)),
        f"Scale and shift have changed places. {ORDERS}",
    ),
    "gates first": (
        _rule(places=(2, 0, 1, 5, 3, 4)),
        f"You read shift, scale and gate one place off. {ORDERS}",
    ),
    "shift, gate, scale": (_rule(places=(0, 2, 1, 3, 5, 4)), f"Gate and scale have changed places. {ORDERS}"),
    "gate, scale, shift": (_rule(places=(2, 1, 0, 5, 4, 3)), f"You read the parts in reverse. {ORDERS}"),
    "scale, gate, shift": (_rule(places=(2, 0, 1, 5, 3, 4)[::-1]), f"Your parts are mixed up. {ORDERS}"),
    "in pairs": (
        _rule(places=(0, 2, 4, 1, 3, 5)),
        f"You read two shifts, two scales, two gates. {ORDERS}",
    ),
    "both steps share their knobs": (
        _rule(places=(0, 1, 2, 0, 1, 2)),
        "The second step uses the knobs of the first. The other three parts are its own.",
    ),
    "first gate for both steps": (
        _rule(places=(0, 1, 2, 3, 4, 2)),
        "The gate of the first step opens the second one too. The last sixth of the knobs is never used.",
    ),
    "steps swapped": (
        _rule(places=(3, 4, 5, 0, 1, 2)),
        "The first three parts belong to the first step, `mix`, and the last three to `think`. Yours have "
        "changed places.",
    ),
    "parts in turn": (
        _rule(cut=_interleaved),
        "You take every sixth number for a part. Each part is a run of neighbours: all shifts first, one for "
        "each number of a token, then all scales, and so on.",
    ),
    "knobs along the batch": (
        _rule(over=lambda six: six),
        "Your shifts, scales and gates have two axes, and torch lines axes up from the right: the images' "
        "knobs meet the tokens. With equal numbers there is not even an error. Which axis is missing?",
    ),
    "second step sees the input": (
        _rule(parallel=True),
        "Both of your steps look at the input of the block. The second one should see what the first has "
        "made of it.",
    ),
    "second step not normalised": (
        _staged(lambda x, h, s, layer: h + s[2] * layer(h * (1 + s[1]) + s[0])),
        "In the second step the tokens are not normalised again. What the first step adds changes their "
        "size, "
        "so each step begins with the same thing.",
    ),
    "second change added to the input": (
        _staged(lambda x, h, s, layer: x + s[2] * layer(_film(h, s[0], s[1]))),
        "The second step adds its change to the input of the *block*, so what the first step has added is "
        "lost. What should it be added to?",
    ),
    "gate squashed": (
        _rule(gated=lambda h, gate, change, changed: h + gate.tanh() * change),
        "You send the gate through a tanh. The number itself is the gate, however large it is.",
    ),
    "one condition for the whole batch": (
        _rule(over=lambda six: six.mean(dim=0, keepdim=True)[:, None]),
        "All images get the same shifts, scales and gates, a mean over the batch. Each image has a condition "
        "of its own.",
    ),
    "thinks before it mixes": (
        _rule(swapped=True),
        "Your tokens think first and look at one another afterwards. It is the other way round: `mix`, then "
        "`think`.",
    ),
}
HINT_REST = (
    "While the knobs say zero, as at the start of training, the block should hand back its input, exactly. "
    "Yours does not. What is added to the input then, and what is the input multiplied by? {0}"
)
HINT_GATE = (
    "Here only the gate of the {0} step is open; shifts and scales are zero. What should be added to its "
    "input is the gate times what the layer says about the normalised tokens. {1}"
)
HINT_STEP = (
    "With closed shifts and scales the {0} step was right. Now they are turned, and it is not. Each number "
    "of a normalised token is scaled, by a factor of one where the knob says zero, and then shifted. {1}"
)
HINT_BOTH = (
    "Each step by itself is right, both together are not. Which tokens does the second step normalise, and "
    "to what does it add its change?"
)
HINT_SIZE = (
    "With {0} images, {1} tokens and width {2} the block goes wrong, though it was right before. Is a size "
    "written into your function, or an axis of length one removed?"
)


def _at_rest(x: Tensor, came: Tensor) -> str:
    """What the block hands back while the knobs say zero, in a sentence."""
    factor = (came * x).sum() / x.square().sum()
    if float((came - _norm(x)).abs().max()) < 1e-2:
        return "You hand back the normalised tokens: is the input, as it came, kept under a name of its own?"
    if float((came - factor * x).abs().max()) < 1e-3:
        return f"You hand back {number(factor)} times the input."
    added = came - x
    if float((added - added.mean()).abs().max()) < 1e-3:
        return (
            f"You add {number(added.mean())} to every number. A layer that is given zeros need not answer "
            f"with zeros: on which side of it is the gate?"
        )
    return ""


def _turned(shifted: tuple[Tensor, Tensor], scaled: tuple[Tensor, Tensor]) -> str:
    """Whether the shift alone, or the scale alone, does what it should, in a sentence."""
    fine = [float((came - wanted).abs().max()) < 1e-3 for came, wanted in (shifted, scaled)]
    if fine == [False, True]:
        return "Turned alone, the scale does what it should, and the shift does not: what is it added to?"
    if fine == [True, False]:
        return "Turned alone, the shift does what it should, and the scale does not: what does it multiply?"
    if fine == [False, False]:
        return "Turned alone, neither shift nor scale does what it should: do this step's own come in?"
    return ""


def _seen(x: Tensor, came: Tensor, wanted: Tensor) -> str:
    """How the added change compares with the right one, in a sentence, if it is a multiple of it."""
    change, right = (came - x).flatten(), (wanted - x).flatten()
    factor = (change @ right) / (right @ right)
    if float((change - factor * right).abs().max()) < 1e-3:
        return f"You add {number(factor)} times that."
    return "Is each token normalised over its own numbers, and which sixth of the knobs is the gate?"


@exercise("9.3", "A block that starts as nothing", "core", "x, c, knobs, mix, think", _rule(), MISTAKES)
def adaln_block(student: StudentFunction) -> Iterator[Fact]:
    """At rest; then one gate, one step and the other, both; then other sizes."""
    right = _rule()
    for size in SIZES:
        batch, tokens, width = size
        x, c = 2 * exact(*size) + 0.5, exact(batch, 3)
        all_knobs = torch.randn(3, 6, width)
        across, one, other = torch.randn(tokens, tokens), torch.randn(width, width), torch.randn(width, width)

        def mix(h: Tensor, across: Tensor = across, one: Tensor = one) -> Tensor:
            return torch.tanh(across.to(h) @ h @ one.to(h))

        def think(h: Tensor, other: Tensor = other) -> Tensor:
            return torch.sin(h @ other.to(h)) + 0.3

        def ask(
            *turned: int, all_knobs: Tensor = all_knobs, x: Tensor = x, c: Tensor = c
        ) -> tuple[Tensor, Tensor]:
            table = torch.zeros_like(all_knobs)
            table[:, list(turned)] = all_knobs[:, list(turned)]

            def knobs(c: Tensor) -> Tensor:
                return c @ table.flatten(1).to(c)

            came = student(x, c, knobs, mix, think, shape=x.shape).double()
            return came, right(x, c, knobs, mix, think)

        if size != SIZES[0]:
            came, wanted = ask(*range(6))
            yield from first_failing(
                [
                    Fact(
                        "wrong in another size",
                        f"tokens after the block, sizes {size}",
                        wanted,
                        came,
                        HINT_SIZE.format(*size),
                    )
                ]
            )
            continue
        came = ask()[0]
        hint = HINT_REST.format(_at_rest(x, came)).strip()
        facts = [
            Fact("not the identity at the start", "tokens after the block, knobs at zero", x, came, hint)
        ]
        for name, turned in (("first", (0, 1, 2)), ("second", (3, 4, 5))):
            came, wanted = ask(turned[2])
            hint = HINT_GATE.format(name, _seen(x, came, wanted))
            facts.append(
                Fact(f"wrong change in the {name} step", f"tokens, {name} gate alone", wanted, came, hint)
            )
            came, wanted = ask(*turned)
            facts.append(
                Fact(
                    f"wrong modulation in the {name} step",
                    f"tokens, {name} step alone",
                    wanted,
                    came,
                    HINT_STEP.format(name, _turned(*(ask(knob, turned[2]) for knob in turned[:2]))).strip(),
                )
            )
        came, wanted = ask(*range(6))
        facts.append(Fact("wrong together", "tokens, all knobs turned", wanted, came, HINT_BOTH))
        yield from facts
        if not all(fact.holds() for fact in facts):
            return
    x, c = exact(2, 3, 4).requires_grad_(), exact(2, 3)
    knob, mixed, thought = (torch.full((1,), 0.5).requires_grad_() for _ in range(3))
    given: tuple[Any, ...] = (
        x,
        c,
        lambda c: knob * c.repeat(1, 8),
        lambda h: mixed * h.cumsum(dim=-1),
        lambda h: thought * h.cumsum(dim=-1),
    )
    weights = {"`knobs`": knob, "`mix`": mixed, "`think`": thought}
    yield from trained_through(student, *given, shape=(2, 3, 4), weights=weights)
