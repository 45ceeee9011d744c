"""Recorded answers of students, right and wrong: one file a chapter.

`@wrong(number, name)` records an answer with the name that the check must give it, `@right(number)` one that
must pass. The functions' own names are free; a student would use that of the exercise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    number: str
    name: str
    function: Callable[..., Any]

    def __str__(self) -> str:
        own = getattr(self.function, "__name__", type(self.function).__name__)
        return f"{self.number}-{self.name}-{own}".replace(" ", "_")


WRONG: list[Answer] = []
RIGHT: list[Answer] = []


def wrong(number: str, name: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        WRONG.append(Answer(number, name, function))
        return function

    return keep


def right(number: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        RIGHT.append(Answer(number, "right", function))
        return function

    return keep
