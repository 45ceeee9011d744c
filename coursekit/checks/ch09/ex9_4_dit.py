"""Exercise 9.4: find the bug in a friend's diffusion transformer, which cannot tell patches apart."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...nets import patchify, unpatchify
from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from ..shared.trained import trained_through
from .common import first_failing

SIZES = (((3, 2, 4, 4), 2, 5, 3), ((2, 1, 3, 3), 1, 4, 1), ((1, 3, 4, 4), 4, 6, 2))
"""Shape of the states, side of a patch, width and number of blocks."""


class RecordingParts:
    """Parts of a diffusion transformer that keep a record of what they are given."""

    def __init__(self, shape: tuple[int, ...], patch: int, width: int, depth: int) -> None:
        tokens, numbers = (shape[2] // patch) ** 2, shape[1] * patch**2
        self.patch, self.width = patch, width
        self.place = torch.randn(tokens, width)
        self.into, self.out = torch.randn(numbers, width), torch.randn(width, numbers)
        self.kernels = torch.randn(depth, width, width) / width**0.5
        self.seen: dict[str, list[Any]] = {"condition": [], "block": [], "last": []}
        self.blocks = [self._block(k) for k in range(depth)]

    def __repr__(self) -> str:
        return "the parts of a transformer"

    def condition(self, x: Tensor, t: Any, y: Any) -> Tensor:
        """The condition of times and labels, (batch, width)."""
        self.seen["condition"].append((x, t, y))
        times = torch.as_tensor(t).reshape(-1, 1).expand(len(x), 1).float()
        wave = torch.arange(1.0, self.width + 1)
        return torch.sin(wave * (1 + times)) + torch.cos(wave * (y.float()[:, None] + 1))

    def first(self, patches: Tensor) -> Tensor:
        """Tokens of patches, (batch, tokens, width)."""
        return self._checked(patches, len(self.into), "first") @ self.into

    def _checked(self, h: Any, numbers: int, name: str) -> Tensor:
        if not isinstance(h, Tensor) or h.dim() != 3 or h.shape[1:] != (len(self.place), numbers):
            raise Fault("net misused", HINT_MISUSED.format(name, len(self.place), numbers))
        return h

    def _block(self, k: int) -> Callable[[Tensor, Tensor], Tensor]:
        def block(h: Tensor, c: Tensor) -> Tensor:
            h = self._checked(h, self.width, "blocks")
            self.seen["block"].append((k, h.detach().clone(), c.detach().clone()))
            return h + torch.tanh((h + h.mean(dim=1, keepdim=True)) @ self.kernels[k] + c[:, None])

        return block

    def last(self, h: Tensor, c: Tensor) -> Tensor:
        """Patches of tokens, (batch, tokens, numbers of a patch)."""
        h = self._checked(h, self.width, "last")
        self.seen["last"].append((h.detach().clone(), c.detach().clone()))
        return (h * (1 + c[:, None])) @ self.out


def _rule(
    enter: Callable[[Any, Tensor], Tensor] = lambda net, h: h + net.place,
    between: Callable[[Any, Tensor], Tensor] = lambda net, h: h,
    leave: Callable[[Any, Tensor], Tensor] = lambda net, h: h,
    blocks: Callable[[Any], list[Any]] = lambda net: net.blocks,
    cut: Callable[[Tensor, int], Tensor] = patchify,
    back: Callable[[Tensor, Any], Tensor] = unpatchify,
) -> Callable[..., Tensor]:
    """The transformer from its parts, any of which may be wrong."""

    def rule(net: Any, x: Tensor, t: Any, y: Tensor) -> Tensor:
        c = net.condition(x, t, y)
        h = enter(net, net.first(cut(x, net.patch)))
        for block in blocks(net):
            h = block(between(net, h), c)
        return back(net.last(leave(net, h), c), x.shape)

    return rule


def _place(net: Any, h: Tensor) -> Tensor:
    return h + net.place


def _as_it_is(net: Any, h: Tensor) -> Tensor:
    return h


MISTAKES: dict[str, Mistake] = {
    "position added after the blocks": (
        _rule(enter=_as_it_is, leave=_place),
        "The tokens learn where they are only when all the looking at one another is over. Inside the blocks "
        "a patch cannot know which of the others is its neighbour. When would it have to be told?",
    ),
    "position not used": (
        _rule(enter=_as_it_is),
        "No token learns where it is any more: for your transformer an image is a bag of patches. The place "
        "has to stay, and to come earlier.",
    ),
    "position added before and after": (
        _rule(leave=_place),
        "The tokens learn their places before the blocks now, and after them once more. Once is enough: the "
        "blocks hand on what they were told.",
    ),
    "position added before each block": (
        _rule(enter=_as_it_is, between=_place),
        "You add the place before every block, so it enters several times. It is added once, to what the "
        "first layer makes of the patches.",
    ),
    "position added before each block and at the start": (
        _rule(between=_place),
        "You add the place at the start and before every block, so it enters several times. Once is enough.",
    ),
    "position of the first patch for all": (
        _rule(enter=lambda net, h: h + net.place[:1]),
        "All tokens get the place of the first one, so they still cannot tell which is which.",
    ),
    "position multiplied": (
        _rule(enter=lambda net, h: h * net.place),
        "You multiply by the place. It is added: a learnt place starts near zero, and a product with it "
        "would "
        "wipe out the patch.",
    ),
    "place alone": (
        _rule(enter=lambda net, h: 0 * h + net.place),
        "The blocks get the places and no patches: the sum became an assignment. Both belong in a token.",
    ),
    "mean position": (
        _rule(enter=lambda net, h: h + net.place.mean(dim=0)),
        "All tokens get the same place, a mean, so they still cannot tell which is which.",
    ),
    "blocks in reverse": (
        _rule(blocks=lambda net: net.blocks[::-1]),
        "Your tokens pass the blocks from the last to the first. The order of the list is that of the "
        "layers.",
    ),
    "last block left out": (
        _rule(blocks=lambda net: net.blocks[:-1]),
        "One of the blocks is never asked. All of them are, one after the other.",
    ),
    "patches put back by a reshape": (
        _rule(back=lambda patches, shape: patches.reshape(shape)),
        "At the end you reshape patches into an image. A reshape moves no number: the rows of a patch have "
        "to "
        "be put apart again. Which function does that?",
    ),
    "image cut by a reshape": (
        _rule(cut=lambda x, p: x.reshape(len(x), -1, x.shape[1] * p * p)),
        "You cut the image by a reshape, which moves no number: your tokens are stripes. Which function cuts "
        "patches?",
    ),
}
HINT_MISUSED = (
    "`net.{0}` gets something else than it can use: it takes tokens (batch, {1}, {2}). Places have the shape "
    "(tokens, width): to what can they be added?"
)
HINT_ASKED = "Your function asks {0} of the {1} blocks. Each of them is asked once, in the order of the list."
HINT_ENTERS = (
    "The first block does not get what it should: what the first layer makes of each patch, plus the place "
    "of that patch. {0}"
)
FOLLOW = "Follow the tokens from `net.first` to the loop. What is done to them on the way?"
HINT_BETWEEN = (
    "What enters block {0} is not what the block before it returned. Inside the loop nothing but the block "
    "should change the tokens. {1}"
)
HINT_CONDITION = (
    "A block, or the last layer, is told another condition than the one that `net.condition` makes of time "
    "and label. It is the same for all of them, and does not change on the way."
)
HINT_LEAVES = (
    "The last layer does not get what the last block returned. Is something added between the loop and "
    "`net.last`, or does it come from elsewhere?"
)
HINT_IMAGE = (
    "All parts get what they should, and the image you return is not what the last layer says. Its patches "
    "have to be put back into an image of the shape of `x`, and nothing else."
)
HINT_TOLD = (
    "`net.condition` is to be asked about the states, the time and the labels as they come, in this order: "
    "net.condition(x, t, y)."
)


def _places(net: RecordingParts, patches: Tensor, c: Tensor) -> str:
    """Where the places are added if not before the first block, in a sentence."""
    depth, blocks = len(net.blocks), net.seen["block"][: len(net.blocks)]
    added = blocks[0][1] - net.first(patches)
    if float(added.abs().max()) > 1e-3:
        factor = (added * net.place).sum() / (net.place.square().sum() * len(added))
        if torch.allclose(added, (factor * net.place).expand_as(added), atol=1e-3):
            return f"Yours is the first, plus {number(factor)} times the place."
        if torch.allclose(added, added[:1].expand_as(added), atol=1e-3):
            return (
                "What you add to the patches is the same for every image, as it should be, but it is not the "
                "place of each patch: row k of `net.place` belongs to patch k."
            )
        return FOLLOW
    told = [*blocks, *((None, *each) for each in net.seen["last"][-1:])]
    left = [net.blocks[k](h, its) for k, h, its in blocks]
    after = [
        str(k + 1)
        for k, (h, after) in enumerate(zip(left, told[1:], strict=False))
        if torch.allclose(after[1] - h, net.place.expand_as(h), atol=1e-4)
    ]
    said = "What the first layer makes of the patches arrives there, and no place. "
    if after:
        said += f"In your function places are added after block {' and '.join(after)} of {depth}. "
        return said + "What has the first block seen of them?"
    if not all(its.shape == c.shape and torch.allclose(its, c) for _, _, its in told):
        said += "And the blocks are not told the condition that `net.condition` made. "
        return said + "A condition is one for a whole image: can it say where each patch is?"
    return said + "To what is the place added in your function, and when?"


def _kept(came: Tensor, wanted: Tensor, before: Tensor) -> str:
    """What enters a block if not the result of the block before, in a sentence."""
    if torch.allclose(came, before, atol=1e-3):
        return "It is what entered the block before: is the result of each block kept?"
    if torch.allclose(came, wanted + before, atol=1e-3):
        return "It is that plus what entered the block before, which a block adds by itself already."
    return "Is the result of each block kept, as it is?"


def _call(student: StudentFunction, size: tuple[Any, ...], t: Any) -> list[Fact]:
    """Follow the tokens through all parts."""
    shape, patch, width, depth = size
    net = RecordingParts(shape, patch, width, depth)
    x, y = torch.randn(shape), torch.arange(shape[0]) + 1
    came = student(net, x, t, y, shape=shape).double()
    tokens = patchify(x, patch) @ net.into + net.place
    what, blocks = "" if size == SIZES[0] else f", states {shape}", net.seen["block"]
    told = net.seen["condition"] and all(
        isinstance(a, Tensor) and torch.equal(a, b)
        for a, b in zip(net.seen["condition"][-1][::2], (x, y), strict=True)
    )
    facts = [
        Fact("condition misused", f"condition asked as it should be{what}", 1.0, float(bool(told)), HINT_TOLD)
    ]
    if not told:
        return facts
    c = net.condition(x, t, y)
    order = torch.tensor([float(k) for k, _, _ in blocks])
    if len(blocks) != depth or not torch.equal(order, torch.arange(float(depth))):
        hint = HINT_ASKED.format(len(set(order.tolist())), depth)
        return [
            *facts,
            Fact("blocks not in turn", f"blocks asked{what}", torch.arange(float(depth)), order, hint),
        ]
    hint = HINT_ENTERS.format(_places(net, patchify(x, patch), c))
    facts.append(
        Fact("wrong tokens enter", f"tokens before the first block{what}", tokens, blocks[0][1], hint)
    )
    for k in range(1, depth):
        wanted = net.blocks[k - 1](blocks[k - 1][1], blocks[k - 1][2])
        facts.append(
            Fact(
                "wrong tokens between",
                f"tokens before block {k + 1}{what}",
                wanted,
                blocks[k][1],
                HINT_BETWEEN.format(k + 1, _kept(blocks[k][1], wanted, blocks[k - 1][1])),
            )
        )
    if not net.seen["last"]:
        raise Fault("net not asked", HINT_LEAVES)
    h, told_last = net.seen["last"][-1]
    conditions = torch.stack([*(each[2] for each in blocks[:depth]), told_last])
    facts.append(
        Fact(
            "wrong condition",
            f"condition of each part{what}",
            c.expand_as(conditions),
            conditions,
            HINT_CONDITION,
        )
    )
    wanted = net.blocks[-1](blocks[depth - 1][1], blocks[depth - 1][2])
    facts.append(Fact("wrong tokens leave", f"tokens before the last layer{what}", wanted, h, HINT_LEAVES))
    image = unpatchify(net.last(h, told_last), x.shape)
    facts.append(Fact("wrong image", f"image of the last layer's patches{what}", image, came, HINT_IMAGE))
    return facts


@exercise("9.4", "Find the bug: where am I?", "core", "net, x, t, y", _rule(), MISTAKES)
def dit(student: StudentFunction) -> Iterator[Fact]:
    """What each part is given, from the patches to the image, in three sizes."""
    for case, (size, t) in enumerate(zip(SIZES, (0.3, torch.full((2, 1, 1, 1), 0.7), 0.5), strict=True)):
        facts = _call(student, size, t)
        yield from facts if case == 0 else failing(first_failing(facts))
        if not all(fact.holds() for fact in facts):
            return
    shape, patch, width, depth = SIZES[0]
    x = torch.randn(shape).requires_grad_()
    net = RecordingParts(shape, patch, width, depth)
    weights = {"`net.place`": net.place, "`net.first`": net.into, "`net.last`": net.out}
    weights["`net.blocks`"] = net.kernels
    for weight in weights.values():
        weight.requires_grad_()
    yield from trained_through(student, net, x, 0.3, torch.arange(3), shape=shape, weights=weights)
