"""Exercises as a solution's source writes them: a heading, three hints, and the cells below."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from coursetools.build.diagnostics import Diagnostic
from coursetools.build.source import SourceCell, SourceFile

KINDS = ("core", "stretch", "open")
FORM = "### Exercise 1.2 · Title · core · 10 min"
_HEADING = re.compile(rf"### Exercise (\d+)\.(\d+) · (\S.*) · ({'|'.join(KINDS)}) · \d+ min")
_LIKE_HEADING = re.compile(r"\s*#+\s*exercise\b", re.IGNORECASE)
_HINT = re.compile(r"<summary>\s*Hint\s+(\d+) · \S.*</summary>")
_LIKE_HINT = re.compile(r"<summary>\W*hint", re.IGNORECASE)


@dataclass(frozen=True)
class ExerciseSection:
    """An exercise: its number, its heading's line, its hints' numbers, the cells up to the next, its kind."""

    chapter: int
    ordinal: int
    line: int
    hints: list[int] = field(default_factory=list)
    cells: list[SourceCell] = field(default_factory=list)
    kind: str = KINDS[0]

    @property
    def number(self) -> str:
        """The number as the heading writes it: `1.2`."""
        return f"{self.chapter}.{self.ordinal}"


def exercises(source: SourceFile) -> list[ExerciseSection]:
    """The exercises of a source, from top to bottom; a cell's own heading comes before the cell."""
    found: list[ExerciseSection] = []
    for cell in source.cells:
        for number, line in _public_lines(cell):
            heading = _HEADING.fullmatch(line)
            if heading:
                found.append(ExerciseSection(int(heading[1]), int(heading[2]), number, kind=heading[4]))
            elif found:
                found[-1].hints.extend(int(hint[1]) for hint in _HINT.finditer(line))
        if found:
            found[-1].cells.append(cell)
    return found


def numbers(source: SourceFile) -> dict[int, str]:
    """The exercise's number for each cell below a heading, by the cell's line."""
    return {cell.line: exercise.number for exercise in exercises(source) for cell in exercise.cells}


def form_faults(source: SourceFile) -> Iterator[Diagnostic]:
    """Headings and hints that look like some but are not written in the one form."""
    for cell in source.cells:
        for number, line in _public_lines(cell):
            if _LIKE_HEADING.match(line) and not _HEADING.fullmatch(line):
                message = f"not an exercise's heading: {line.strip()!r}"
                yield Diagnostic(source.file, number, message, f"write {FORM!r}")
            if _LIKE_HINT.search(line) and not _HINT.search(line):
                remedy = "write <summary>Hint 1 · the idea</summary> on one line"
                yield Diagnostic(source.file, number, "not a hint's summary", remedy)


def _public_lines(cell: SourceCell) -> Iterator[tuple[int, str]]:
    """The lines of a Markdown cell that labs keep, each with its number in the file."""
    if cell.kind == "markdown" and not cell.tag:
        yield from enumerate(cell.text.splitlines(), cell.body)
