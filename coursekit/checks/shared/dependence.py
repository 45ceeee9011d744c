"""What an answer depends on: each of its arguments should make a difference, and chance should make none."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..core.facts import Fact


def uses(result: Tensor, changed: Mapping[str, Tensor]) -> Fact:
    """How many arguments change a result; the fact's name says which of them do not.

    Args:
        result: of the answer, for some arguments.
        changed: for each argument's name, the result when that argument alone is another one.
    """
    ignored = [name for name, other in changed.items() if torch.equal(other, result)]
    names = " and ".join(f"`{name}`" for name in ignored) or "nothing"
    hint = (
        f"Your result is exactly the same whatever {names} is: it was called twice, with only that changed. "
        "Read again what it stands for in the exercise. In which of your lines should it come in? Does it "
        "cancel, or does a fixed number stand in its place?"
    )
    count = float(len(changed))
    return Fact(f"ignores {names}", "arguments that matter", count, count - len(ignored), hint, tol=0.5)


def repeats(first: Tensor, again: Tensor, name: str, hint: str) -> Fact:
    """Share of a result that differs when the same is asked again: 0 unless chance has a part in it."""
    changed = (first != again).double().flatten(1).mean(dim=1) if first.dim() > 1 else (first != again) * 1.0
    return Fact(name, "share that changes when asked again", torch.zeros_like(changed), changed, hint, 1e-9)
