"""What an answer depends on: each of its arguments should make a difference, and chance should make none."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..core.facts import Fact


def uses(result: Tensor, changed: Mapping[str, Tensor], part: str = "result") -> Fact:
    """How many arguments change a result; the fact's name says which of them do not.

    Args:
        result: of the answer, for some arguments.
        changed: for each argument's name, the result when that argument alone is another one.
        part: what the result is called, where there are several.
    """
    ignored = [name for name, other in changed.items() if torch.equal(other, result)]
    names = " and ".join(f"`{name}`" for name in ignored) or "nothing"
    hint = (
        f"Your {part} is exactly the same whatever you set {names} to: your function was called twice, with "
        "only that changed. Read again what the exercise says of it. In which of your lines should it come "
        "in? Does it cancel, or does a fixed number stand in its place?"
    )
    count = float(len(changed))
    return Fact(
        f"ignores {names}", f"arguments that change the {part}", count, count - len(ignored), hint, 0.5
    )


def repeats(first: Tensor, again: Tensor, name: str, hint: str) -> Fact:
    """Share of a result (…, batch, dim) that differs in another call, for each part: 0 if both are alike."""
    changed = (first != again).double().mean(dim=(-2, -1))
    return Fact(name, "share that changes in another call", torch.zeros_like(changed), changed, hint, 1e-9)
