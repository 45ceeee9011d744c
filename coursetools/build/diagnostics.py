"""Diagnostics: what is wrong, in which file and line, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Diagnostic:
    """A fault in a source, a notebook or a released file; `str` gives `file:line: message; remedy`."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}; {self.remedy}"


class CourseError(Exception):
    """The course can't be built or released; `faults` has every reason, sorted by file and line."""

    def __init__(self, faults: Iterable[Diagnostic]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


def raise_if_any(faults: Iterable[Diagnostic]) -> None:
    """Raise one CourseError with all the faults, if there are any."""
    found = tuple(faults)
    if found:
        raise CourseError(found)
