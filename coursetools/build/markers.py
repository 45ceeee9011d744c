"""`### BEGIN SOLUTION` and `### END SOLUTION`: what a lab leaves out of an exercise's cell.

A line is a marker only if it is exactly one of the two, apart from its indentation. A line that looks like
one without being one is a fault: taken for a comment, it would leave the answer in the lab.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_LIKE = re.compile(
    r"\b(BEGIN|END)\W*SOL"  # in capitals, anywhere
    r"|^\s*#+\W*(BEGIN|END)\b"  # … or a comment that opens with one of the words
    r"|#\W*(?i:(begin|end|start|stop)\W*(of\W+)?(the\W+)?solu?t?i?ons?|solution\W+(begin|end|start|stop)s?)\W*$"
)


@dataclass(frozen=True)
class Region:
    """A solution in a cell: indices of its two marker lines, and the first one's indentation."""

    begin: int
    end: int
    indent: str


class MarkerError(ValueError):
    """A marker out of place: `line` is its index in the cell."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def is_marker(line: str) -> bool:
    """Whether the line, apart from its indentation, is exactly a marker."""
    return line.strip() in (BEGIN, END)


def looks_like_marker(line: str) -> bool:
    """Whether the line is, or was probably meant to be, a solution marker."""
    return bool(_LIKE.search(line))


def regions(source: str) -> list[Region]:
    """Find the solution regions of a cell, from top to bottom.

    Raises:
        MarkerError: a marker is misspelt, stray, nested, missing, or encloses nothing.
    """
    lines = source.splitlines()
    found: list[Region] = []
    begin: int | None = None
    for index, line in enumerate(lines):
        if not is_marker(line):
            if looks_like_marker(line):
                raise MarkerError(index, f"{line.strip()!r} looks like a solution marker but is none")
        elif line.strip() == BEGIN:
            if begin is not None:
                raise MarkerError(index, f"a second {BEGIN!r} inside a solution")
            begin = index
        elif begin is None:
            raise MarkerError(index, f"{END!r} without a beginning")
        elif not "".join(lines[begin + 1 : index]).strip():
            raise MarkerError(begin, "an empty solution")
        else:
            indent = lines[begin][: -len(lines[begin].lstrip())]
            found.append(Region(begin, index, indent))
            begin = None
    if begin is not None:
        raise MarkerError(begin, f"{BEGIN!r} without an end")
    return found


def without_markers(source: str) -> str:
    """The cell as it stands in the solution."""
    return "\n".join(line for line in source.splitlines() if not is_marker(line))


def stub(source: str, number: str) -> str:
    """The cell as it stands in the lab: each solution region raises `NotImplementedError` instead."""
    lines = source.splitlines()
    for region in reversed(regions(source)):
        lines[region.begin : region.end + 1] = [
            f'{region.indent}raise NotImplementedError("{stub_message(number)}")'
        ]
    return "\n".join(lines)


def stub_message(number: str) -> str:
    """What an untouched exercise says: `Exercise 1.2: fill me in`."""
    return f"Exercise {number}: fill me in"


def solution_lines(source: str) -> Iterator[tuple[int, str]]:
    """The lines inside the solution regions, each with its index in the cell."""
    lines = source.splitlines()
    for region in regions(source):
        for index in range(region.begin + 1, region.end):
            yield index, lines[index]
