"""`### BEGIN SOLUTION` and `### END SOLUTION`: what a lab leaves out of an exercise's cell.

A line is a marker only if it is exactly one of the two, apart from its indentation. A line that merely looks
like one is a fault: were it taken for a comment, the answer would stand in the lab.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_VERB = "(begin|end|start|stop)"
_WORDS = re.compile(rf"\W*({_VERB}\W+(of\W+)?(the\W+)?sol\w*|solution\W+{_VERB}s?)\W*", re.IGNORECASE)
_BARE = re.compile(r"\b(BEGIN|END)\s+SOLUTION\b|^\s*#+\s*(BEGIN|END)\b")
_VERBS = ("begin", "end", "start", "stop")


@dataclass(frozen=True)
class Region:
    """A solution in a cell: indices of its two marker lines, and the first one's indentation."""

    begin: int
    end: int
    indent: str


class MarkerFault(ValueError):
    """A marker out of place: `line` is its index in the cell."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        super().__init__(what)


def looks_like_marker(line: str) -> bool:
    """Whether the line is, or was probably meant to be, a solution marker."""
    comment = line[line.index("#") :] if "#" in line else ""
    return bool(_BARE.search(line) or _WORDS.fullmatch(comment) or _misspelt(comment))


def _misspelt(comment: str) -> bool:
    """Whether the letters of a comment are nearly those of a marker: "begn soluton", but not "resolution"."""
    letters = re.sub(r"[^a-z]", "", comment.lower())
    if letters.endswith("solution"):  # compare what is before it alone: "exact solution" shares most letters
        verb = letters.removesuffix("solution")
        return any(SequenceMatcher(None, verb, right).ratio() > 0.75 for right in _VERBS)
    alike = (SequenceMatcher(None, letters, right + "solution").ratio() for right in _VERBS)
    return len(letters) > len("solution") and max(alike) > 0.82


def is_marker(line: str) -> bool:
    """Whether the line, apart from its indentation, is exactly a marker."""
    return line.strip() in (BEGIN, END)


def regions(source: str) -> list[Region]:
    """Find the solution regions of a cell.

    Args:
        source: the cell's text, with markers.
    Returns:
        The regions from top to bottom.
    Raises:
        MarkerFault: a marker is misspelt, stray, nested, missing, or encloses nothing.
    """
    lines = source.splitlines()
    found: list[Region] = []
    begin: int | None = None
    for index, line in enumerate(lines):
        if not is_marker(line):
            if looks_like_marker(line):
                raise MarkerFault(index, f"{line.strip()!r} looks like a solution marker but is none")
        elif line.strip() == END:
            found.append(_region(lines, begin, index))
            begin = None
        elif begin is not None:
            raise MarkerFault(index, f"a second {BEGIN!r} inside a solution")
        else:
            begin = index
    if begin is not None:
        raise MarkerFault(begin, f"{BEGIN!r} without an end")
    return found


def _region(lines: list[str], begin: int | None, end: int) -> Region:
    if begin is None:
        raise MarkerFault(end, f"{END!r} without a beginning")
    if not "".join(lines[begin + 1 : end]).strip():
        raise MarkerFault(begin, "an empty solution")
    return Region(begin, end, line_indent(lines[begin]))


def line_indent(line: str) -> str:
    """The white space a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def solved(source: str) -> str:
    """The cell as it stands in the solution: without the marker lines."""
    return "\n".join(line for line in source.splitlines() if not is_marker(line))


def stub(source: str, number: str) -> str:
    """The cell as it stands in the lab: each solution region raises `NotImplementedError` instead."""
    lines = source.splitlines()
    for region in reversed(regions(source)):
        lines[region.begin : region.end + 1] = [
            f'{region.indent}raise NotImplementedError("{message(number)}")'
        ]
    return "\n".join(lines)


def message(number: str) -> str:
    """What an untouched exercise says: `Exercise 1.2: fill me in`."""
    return f"Exercise {number}: fill me in"


def withheld_lines(source: str) -> Iterator[tuple[int, str]]:
    """The lines inside the solution regions, each with its index in the cell."""
    lines = source.splitlines()
    for region in regions(source):
        for index in range(region.begin + 1, region.end):
            yield index, lines[index]
