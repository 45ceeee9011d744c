"""What several exercises of chapter 09 measure with: facts in turn, and exact numbers."""

import torch
from torch import Tensor

from ..core.facts import Fact


def first_failing(facts: list[Fact]) -> list[Fact]:
    """Facts up to the first that does not hold: they rest on one another."""
    wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
    return facts[: wrong + 1]


def exact(*shape: int) -> Tensor:
    """Standard normal numbers as an answer gets them in single precision, kept in double."""
    return torch.randn(shape).double()
