"""Wrong answers that tempt in many exercises, with what each is told."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

Answer = Callable[..., Tensor]
Mistakes = dict[str, tuple[Answer, str]]
"""For each name of a wrong answer: the answer, and what its author is told."""


def one_time_for_all(right: Answer, place: int) -> Mistakes:
    """Make the rivals that go by one time where every row has its own: by the first, and by the mean.

    Args:
        right: the right answer.
        place: number of its argument `t` (batch, 1), from 0.
    """

    def at(choose: Callable[[Tensor], Tensor]) -> Answer:
        def mistake(*given: Any) -> Tensor:
            t = given[place]
            return right(*given[:place], choose(t).expand_as(t), *given[place + 1 :])

        return mistake

    told = "Each row of `t` is the time of the state in the same row, and its weights differ from row to row."
    return {
        "one time for the whole batch": (
            at(lambda t: t[:1]),
            f"You use the first of the times for all states. {told}",
        ),
        "mean time for the whole batch": (
            at(lambda t: t.mean()),
            f"You use the mean of the times for all states. {told}",
        ),
    }
