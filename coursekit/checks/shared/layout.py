"""Which number goes where: images and clips that are cut into tokens, and put together again."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..core.facts import Fact

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Words:
    """What is cut, and hints for what can go wrong: blocks, their order, the order inside, the way back.

    Args:
        things: what is cut: "images".
        mixed: for blocks that hold pixels of several of the things.
        square: for a cut that is right only where height and width are equal.
    """

    things: str
    mixed: str
    square: str
    blocks: str
    order: str
    inside: str
    places: str
    back: str


def of_cut(
    cut: Callable[[Tensor], Tensor],
    joined: Callable[[Tensor], Tensor],
    block: Tensor,
    inside: Tensor,
    tokens: Shape,
    square: Callable[[], bool],
    words: Words,
    what: str,
    other: str,
) -> Generator[Fact, None, bool]:
    """Facts about a cut and the way back, up to the first that fails; returns whether all hold.

    Args:
        cut: the answer's tokens of what is cut.
        joined: what its way back makes of tokens.
        block: for each entry of what is cut, the number of its block.
        inside: for each entry, its place in the token.
        tokens: shape of the tokens, (batch, number, size).
        square: whether the answer cuts things that are square as it should; asked if it fails on others.
        words: hints for the first case.
        what: the case, in words.
        other: hint for all of the other cases; empty for the first.
    """
    x = torch.randn(block.shape)
    count, size = tokens[1:]
    came = cut(x)
    blocks, places = cut(block).double(), cut(inside).double()
    back = joined(came)
    numbers = torch.arange(count).double()[:, None].expand(tokens)
    laid = joined(numbers).double()
    spread = blocks - blocks.mean(dim=2, keepdim=True)
    wanted = torch.arange(size).double().expand(tokens)
    kept, all_of_x = (part.flatten(1).sort(dim=1).values for part in (came, x))
    most = max(len(token.unique()) for token in blocks.flatten(0, 1))
    facts = [
        Fact(
            "no blocks",
            f"most blocks that one token has pixels of{what}",
            torch.zeros(spread.numel()),
            spread.flatten(),
            words.blocks,
            1e-6,
            0.5,
            expected_text="1",
            measured_text=f"{most}",
        ),
        Fact(
            "blocks in another order", f"block in each token{what}", numbers, blocks, words.order, 1e-6, 0.5
        ),
        Fact(
            "another order inside a patch",
            f"places in a token{what}",
            wanted,
            places,
            words.inside,
            1e-6,
            0.5,
        ),
        Fact("pixels changed", f"all numbers{what}", all_of_x, kept, words.blocks, 1e-6),
        Fact(
            "patches not in their places",
            f"patch that each pixel comes from{what}",
            block,
            laid,
            words.places,
            1e-6,
            0.5,
        ),
        Fact(
            "does not lead back", f"{words.things} from their tokens{what}", x, back, words.back, 1e-6, 1e-3
        ),
    ]
    wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
    if not other and wrong < 4:
        beside = torch.cat([x[:1], torch.randn(x[1:].shape)])
        if not torch.equal(cut(beside)[0], came[0]):
            facts[wrong] = replace(facts[wrong], name=f"{words.things} mixed", hint=words.mixed)
        elif square():
            facts[wrong] = replace(
                facts[wrong], name=f"right for square {words.things} only", hint=words.square
            )
    # One thing after the other: what is wrong first is told, whatever the rest is like.
    if not other:
        # Both facts on the way back are measured, so that its mistakes are told apart.
        yield from facts[: wrong + 1] if wrong < 4 else facts
    else:
        found = facts[wrong : wrong + 1]
        yield from (
            Fact("wrong in another shape", f.label, f.expected, f.measured, other, f.tol) for f in found
        )
    return wrong == len(facts)
