"""Exercise 6.6: a conditioned residual block."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, silu

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

SIZE, SHAPES = 4, ((6, 6, 6, 6), (5, 3, 4, 7))
"""Numbers in a condition; features whose axes are equally long, so that mixed-up axes show, and others."""
Modulate = Callable[[Tensor, Tensor, Tensor], Tensor]


def _over_space(knob: Tensor) -> Tensor:
    return knob[:, :, None, None]


def _film(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return x * (1 + _over_space(scale)) + _over_space(shift)


def _block(
    modulate: Modulate = _film, bend: Callable[[Tensor], Tensor] = silu, skip: float = 1.0, step: int = 1
) -> Callable[..., Tensor]:
    """A block with one of its parts exchanged; with step 2, scales and shifts take turns."""

    def rule(x: Tensor, c: Tensor, knobs: Any, conv: Any) -> Tensor:
        scale, shift = knobs(c).chunk(2, dim=1) if step == 1 else (knobs(c)[:, ::2], knobs(c)[:, 1::2])
        return skip * x + conv(bend(modulate(x, scale, shift)))

    return rule


def _reordered(order: Callable[[Tensor, Callable[[Tensor], Tensor], Any], Tensor]) -> Callable[..., Tensor]:
    """Modulation, curve, convolution and sum in another order."""

    def rule(x: Tensor, c: Tensor, knobs: Any, conv: Any) -> Tensor:
        scale, shift = knobs(c).chunk(2, dim=1)
        return order(x, lambda features: _film(features, scale, shift), conv)

    return rule


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "added before it is broadcast over space": (
        _block(lambda x, scale, shift: x * (1 + scale) + shift),
        "Your scale and shift have the shape (batch, channels), and torch lines axes up from the right: they "
        "run along rows and columns of the image. With equal numbers of all of them there is not even an "
        "error. Which axes are missing behind?",
    ),
    "broadcast over images": (
        _block(lambda x, scale, shift: x * (1 + scale[:, :, None]) + shift[:, :, None]),
        "Your scale and shift have three axes, (batch, channels, 1), and torch lines axes up from the right: "
        "the batch meets the channels. How many axes does a batch of images have?",
    ),
    "scale and shift swapped": (
        _block(lambda x, scale, shift: _film(x, shift, scale)),
        "Scale and shift have changed places. The first half of what `knobs` returns is the scale.",
    ),
    "scale and shift in turn": (
        _block(step=2),
        "You take every other number of `knobs(c)` for the scale and the rest for the shift. All scales come "
        "first, one for each channel, then all shifts: where is the cut?",
    ),
    "one forgotten in the scale": (
        _block(lambda x, scale, shift: x * _over_space(scale) + _over_space(shift)),
        "You multiply by the scale itself. While the knobs still stand at zero, as they do at the start of "
        "training, that wipes out the features. A scale of zero should change nothing.",
    ),
    **{
        f"{one} alone": (
            _block(modulate),
            f"You use the {one} and leave the {other} out. Both halves of what `knobs` returns are needed.",
        )
        for one, other, modulate in (
            ("shift", "scale", lambda x, scale, shift: x + _over_space(shift)),
            ("scale", "shift", lambda x, scale, shift: x * (1 + _over_space(scale))),
        )
    },
    "shift scaled too": (
        _block(lambda x, scale, shift: (x + _over_space(shift)) * (1 + _over_space(scale))),
        "You add the shift first and multiply afterwards, so the shift is scaled as well. In which order do "
        "the two come?",
    ),
    "condition not used": (
        _block(lambda x, scale, shift: x),
        "Your block gives the same whatever the condition is, so the network never hears time and label. "
        "Where do the two halves of what `knobs` returns come in?",
    ),
    "input not added": (
        _block(skip=0.0),
        "Your block returns the change alone. A *residual* block adds the change to its input, so that a "
        "block with nothing to say passes its input on.",
    ),
    "modulated input added": (
        _reordered(lambda x, film, conv: film(x) + conv(silu(film(x)))),
        "You add the change to the scaled and shifted features. What goes round the block should be the "
        "input as it came; keep it under a name of its own.",
    ),
    **{
        name: (
            _reordered(order),
            f"You {what}. That is a block too, but here the features are modulated first, then bent by the "
            "curve, then convolved, and what comes out is added as it is.",
        )
        for name, what, order in (
            (
                "modulated after the convolution",
                "scale and shift what comes out of the convolution",
                lambda x, film, conv: x + film(conv(silu(x))),
            ),
            (
                "curve before the modulation",
                "send the features through the curve before you scale and shift them",
                lambda x, film, conv: x + conv(film(silu(x))),
            ),
            (
                "curve after the convolution",
                "convolve first and bend afterwards",
                lambda x, film, conv: x + silu(conv(film(x))),
            ),
        )
    },
    "curve left out": (
        _block(bend=lambda x: x),
        "Between modulation and convolution a curve is missing. Without one, block after block could be "
        "multiplied out to a single linear map.",
    ),
    **{
        f"{bend.__name__} for silu": (
            _block(bend=bend),
            f"Your curve {what}. The one asked for is the sigmoid times its argument: smooth, with a name "
            "that begins with `si` and ends in `lu`.",
        )
        for bend, what in (
            (torch.relu, "has a kink: it cuts everything negative to zero"),
            (torch.sigmoid, "squeezes everything between 0 and 1"),
            (torch.tanh, "squeezes everything between -1 and 1"),
            (gelu, "is much like the one asked for, and not the same"),
        )
    },
}
HINT_REST = (
    "While the knobs stand at zero the block should be an ordinary residual block: curve, convolution, and "
    "the input added. Yours is not. Look at the order of the steps and at what is added at the end."
)
HINT_BLOCK = (
    "With the knobs turned, the result is not the right one. Each channel of each image has one scale and "
    "one shift, the same for all of its pixels. Print the shapes that you multiply and add."
)


@exercise("6.6", "A conditioned residual block", "stretch", "x, c, knobs, conv", _block(), MISTAKES)
def conditioned_block(student: StudentFunction) -> Iterator[Fact]:
    """With the knobs turned, then at zero, on features of two shapes."""
    right = _block()
    for shape in SHAPES:
        channels = shape[1]
        conv = nn.Conv2d(channels, channels, 3, padding=1).requires_grad_(False)
        knobs = nn.Linear(SIZE, 2 * channels).requires_grad_(False)
        x, c = torch.randn(shape), torch.randn(shape[0], SIZE)
        nn.init.normal_(knobs.weight)
        came, what = student(x, c, knobs, conv, shape=shape), f"features {shape} after the block"
        turned = Fact("wrong block", what, right(x, c, knobs, conv), came, HINT_BLOCK)
        yield turned
        nn.init.zeros_(knobs.weight), nn.init.zeros_(knobs.bias)
        x, what = torch.randn(shape), what + ", knobs at zero"
        came = student(x, c, knobs, conv, shape=shape)
        yield Fact("wrong at rest", what, right(x, c, knobs, conv), came, HINT_REST)
        if not turned.holds():  # on other sizes a wrong one may stop with an error of Python's
            return
