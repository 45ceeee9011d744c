"""Exercise 6.6: a conditioned residual block."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction

SIDE, SIZE = 6, 4
"""As many images as channels, rows and columns, so that mixed-up axes show; numbers in a condition."""

Modulate = Callable[[Tensor, Tensor, Tensor], Tensor]


def _over_space(knob: Tensor) -> Tensor:
    return knob[:, :, None, None]


def _film(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return x * (1 + _over_space(scale)) + _over_space(shift)


def _block(
    modulate: Modulate = _film, bend: Callable[[Tensor], Tensor] = silu, skip: float = 1.0
) -> Callable[..., Tensor]:
    """A block with one of its parts exchanged."""

    def rule(x: Tensor, c: Tensor, knobs: Any, conv: Any) -> Tensor:
        scale, shift = knobs(c).chunk(2, dim=1)
        return skip * x + conv(bend(modulate(x, scale, shift)))

    return rule


def _after(x: Tensor, c: Tensor, knobs: Any, conv: Any) -> Tensor:
    scale, shift = knobs(c).chunk(2, dim=1)
    return x + _film(conv(silu(x)), scale, shift)


def _from_modulated(x: Tensor, c: Tensor, knobs: Any, conv: Any) -> Tensor:
    scale, shift = knobs(c).chunk(2, dim=1)
    x = _film(x, scale, shift)
    return x + conv(silu(x))


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
    "one forgotten in the scale": (
        _block(lambda x, scale, shift: x * _over_space(scale) + _over_space(shift)),
        "You multiply by the scale itself. While the knobs still stand at zero, as they do at the start of "
        "training, that wipes out the features. A scale of zero should change nothing.",
    ),
    "shift alone": (
        _block(lambda x, scale, shift: x + _over_space(shift)),
        "You add the shift and leave the scale out. Both halves of what `knobs` returns are needed.",
    ),
    "scale alone": (
        _block(lambda x, scale, shift: x * (1 + _over_space(scale))),
        "You multiply by the scale and leave the shift out. Both halves of what `knobs` returns are needed.",
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
        _from_modulated,
        "You add the change to the scaled and shifted features. What goes round the block should be the "
        "input as it came; keep it under a name of its own.",
    ),
    "modulated after the convolution": (
        _after,
        "You scale and shift what comes out of the convolution. That is a fine block too, but here the "
        "features are modulated first, then bent by the curve, then convolved.",
    ),
    "curve left out": (
        _block(bend=lambda x: x),
        "Between modulation and convolution a curve is missing. Without one, block after block could be "
        "multiplied out to a single linear map.",
    ),
    "relu for silu": (
        _block(bend=torch.relu),
        "Your curve has a kink: it cuts everything negative to zero. The one asked for is smooth, and has a "
        "name that begins with `si`.",
    ),
}
LOOK_REST = (
    "While the knobs stand at zero the block should be an ordinary residual block: curve, convolution, and "
    "the input added. Yours is not. Look at the order of the steps and at what is added at the end."
)
LOOK_BLOCK = (
    "With the knobs turned, the result is not the right one. Each channel of each image has one scale and "
    "one shift, the same for all of its pixels. Print the shapes that you multiply and add."
)


@exercise(
    "6.6", "A conditioned residual block", "stretch", "x, c, knobs, conv", _block(), MISTAKES, double=True
)
def conditioned_block(student: StudentFunction) -> Iterator[Fact]:
    """With the knobs at zero, then turned: on features whose four axes are equally long, then on others."""
    for batch, channels, side in ((SIDE, SIDE, SIDE), (5, 3, 4)):
        conv = nn.Conv2d(channels, channels, 3, padding=1).double().requires_grad_(False)
        knobs = nn.Linear(SIZE, 2 * channels).double().requires_grad_(False)
        x = torch.randn(batch, channels, side, side, dtype=torch.float64)
        c = torch.randn(batch, SIZE, dtype=torch.float64)
        shape = tuple(x.shape)
        right = _block()
        name = f"features {shape} after the block"
        nn.init.normal_(knobs.weight)
        came = student(x, c, knobs, conv, shape=shape)
        turned = Fact("wrong block", name, right(x, c, knobs, conv), came, LOOK_BLOCK)
        yield turned
        nn.init.zeros_(knobs.weight), nn.init.zeros_(knobs.bias)
        x = torch.randn(*shape, dtype=torch.float64)
        came = student(x, c, knobs, conv, shape=shape)
        yield Fact("wrong at rest", name + ", knobs at zero", right(x, c, knobs, conv), came, LOOK_REST)
        if not turned.holds():  # on other sizes a wrong one may stop with an error of Python's
            return
