"""`### BEGIN SOLUTION` and `### END SOLUTION`: what a lab leaves out of an exercise's cell.

Between them `### INSTEAD` may stand, and below it, as comments, what the lab shows in the solution's place:
code with a mistake to be found. A line is a marker only if it is exactly one of these, apart from its
indentation. A line that looks like one without being one is a fault: taken for a comment, it would leave the
answer in the lab.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN, INSTEAD, END = "### BEGIN SOLUTION", "### INSTEAD", "### END SOLUTION"
_LIKE = re.compile(
    r"\b(BEGIN|END)\W*SOL"  # in capitals, anywhere
    r"|^\s*#+\W*(BEGIN|END)\b"  # … or a comment that opens with one of the words
    r"|^\s*#{2,}\s*(?i:instead)\b"
    r"|#\W*(?i:(begin|end|start|stop)\W*(of\W+)?(the\W+)?solu?t?i?ons?|solution\W+(begin|end|start|stop)s?)\W*$"
)


@dataclass(frozen=True)
class Region:
    """A solution in a cell: indices of its marker lines, and the first one's indentation.

    `instead` is that of `### INSTEAD`, and `end` where there is none.
    """

    begin: int
    instead: int
    end: int
    indent: str


class MarkerError(ValueError):
    """A marker out of place: `line` is its index in the cell."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def is_marker(line: str) -> bool:
    """Whether the line, apart from its indentation, is exactly a marker."""
    return line.strip() in (BEGIN, INSTEAD, END)


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
    instead: int | None = None
    for index, line in enumerate(lines):
        marker = line.strip()
        if not is_marker(line):
            if looks_like_marker(line):
                raise MarkerError(index, f"{marker!r} looks like a solution marker but is none")
        elif marker == BEGIN:
            if begin is not None:
                raise MarkerError(index, f"a second {BEGIN!r} inside a solution")
            begin = index
        elif begin is None:
            raise MarkerError(index, f"{marker!r} without a beginning")
        elif marker == INSTEAD:
            if instead is not None:
                raise MarkerError(index, f"a second {INSTEAD!r} inside a solution")
            instead = index
        else:
            found.append(_region(lines, begin, instead, index))
            begin = instead = None
    if begin is not None:
        raise MarkerError(begin, f"{BEGIN!r} without an end")
    return found


def _region(lines: list[str], begin: int, instead: int | None, end: int) -> Region:
    if not "".join(lines[begin + 1 : end if instead is None else instead]).strip():
        raise MarkerError(begin, "an empty solution")
    shown = lines[instead + 1 : end] if instead is not None else []
    if instead is not None and (not shown or not all(line.lstrip().startswith("# ") for line in shown)):
        raise MarkerError(instead, f"below {INSTEAD!r} a line that is no comment, or none at all")
    indent = lines[begin][: -len(lines[begin].lstrip())]
    return Region(begin, end if instead is None else instead, end, indent)


def without_markers(source: str) -> str:
    """The cell as it stands in the solution."""
    lines = source.splitlines()
    for region in reversed(regions(source)):
        lines[region.instead : region.end + 1] = []
        del lines[region.begin]
    return "\n".join(lines)


def stub(source: str, number: str) -> str:
    """The cell as it stands in the lab.

    Each solution region raises `NotImplementedError` instead, or is the code below its `### INSTEAD`.
    """
    lines = source.splitlines()
    for region in reversed(regions(source)):
        shown = [line.replace("# ", "", 1) for line in lines[region.instead + 1 : region.end]]
        raises = f'{region.indent}raise NotImplementedError("{stub_message(number)}")'
        lines[region.begin : region.end + 1] = shown or [raises]
    return "\n".join(lines)


def stub_message(number: str) -> str:
    """What an untouched exercise says: `Exercise 1.2: fill me in`."""
    return f"Exercise {number}: fill me in"


def solution_lines(source: str) -> Iterator[tuple[int, str]]:
    """The lines inside the solution regions, each with its index in the cell."""
    lines = source.splitlines()
    for region in regions(source):
        for index in range(region.begin + 1, region.instead):
            yield index, lines[index]
