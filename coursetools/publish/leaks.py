"""Gate: no line that is withheld from students is in a lab, or anywhere in their tree.

Withheld are the lines of solution regions, of `hidden` and `solution` cells, and of `written` sample answers
(there also each sentence). A line does not count if it is short, or public anyway: in a module of coursekit,
in a lecture's source, in a solution that is out, or in what the lab keeps of an exercise's cell. White space,
quotes, emphasis and comments don't count either. This keeps students from stumbling over a solution; it is
no defence against somebody who hides one, because the solutions are public.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursetools.build.diagnostics import Diagnostic
from coursetools.build.markers import solution_lines, stub
from coursetools.build.rules import LEFT_OUT
from coursetools.build.source import SourceFile

SHORTEST = 20
PUBLIC = re.compile(r"coursekit/.+\.py|(lectures|solutions)/[^/]+\.md")
_COMMENT = re.compile(r"\s#\s")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_IGNORED = str.maketrans("", "", "\"'`*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class WithheldLine:
    """A line that students may not have yet: where it is written, and its text (see `squeeze`)."""

    file: str
    line: int
    text: str


def squeeze(text: str) -> str:
    """The text without white space, quotes, emphasis and terminal colours: wrapping does not hide a line."""
    return "".join(_COLOUR.sub("", text).translate(_IGNORED).split())


def public_texts(root: Path) -> list[str]:
    """What anyone may read in the instructor's repository: coursekit's modules and the lectures' sources."""
    files = [*sorted((root / "coursekit").rglob("*.py")), *sorted((root / "lectures").glob("*.md"))]
    return [path.read_text(encoding="utf-8") for path in files]


def withheld_lines(sources: Iterable[SourceFile], public: Iterable[str]) -> list[WithheldLine]:
    """The lines of the sources' solutions that no student may see yet, unless a `public` text has them too.

    A line's parts, without its comment or a single sentence, are lines of their own.
    """
    shown = "\n".join(map(squeeze, public))
    found = []
    for source in sources:
        stubs = "\n".join(squeeze(stub(cell.text, "")) for cell in source.cells if cell.tag == "exercise")
        for number, line in _withheld(source):
            parts = {line, *_COMMENT.split(line, maxsplit=1), *_SENTENCE_END.split(line)}
            for part in sorted({part.strip() for part in parts}):
                text = squeeze(part)
                if len(part) >= SHORTEST and text not in shown and text not in stubs:
                    found.append(WithheldLine(source.file, number, text))
    return found


def leak_faults(files: Iterable[tuple[str, bytes]], withheld: list[WithheldLine]) -> Iterator[Diagnostic]:
    """Search files, each a path and its content, for withheld lines; what is not text is passed over.

    Returns one fault for each line and place: a file, or a part of a notebook's cell.
    """
    for path, data in files:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            continue
        for place, content in notebook_parts(text) if path.endswith(".ipynb") else [("", text)]:
            shown = squeeze(content)
            lines = {(each.file, each.line) for each in withheld if each.text in shown}
            for file, line in sorted(lines):
                message = f"this withheld line is in {path}{place}"
                remedy = "reword it there, write it where it may be read, or release the chapter's solution"
                yield Diagnostic(file, line, message, remedy)


def _withheld(source: SourceFile) -> Iterator[tuple[int, str]]:
    if source.folder != "solutions":
        return
    for cell in source.cells:
        if cell.tag == "exercise":
            yield from ((cell.body + index, line) for index, line in solution_lines(cell.text))
        elif cell.tag == "written" or cell.tag in LEFT_OUT:
            yield from enumerate(cell.text.splitlines(), cell.body)


def notebook_parts(text: str) -> list[tuple[str, str]]:
    """Every part of a notebook that can hold text, each with its name, such as `, cell 3 outputs`."""
    try:
        book: Mapping[str, Any] = json.loads(text)
        cells = [(n, *item) for n, cell in enumerate(book["cells"], 1) for item in cell.items()]
        rest = [(f", notebook {key}", value) for key, value in book.items() if key != "cells"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [("", text)]
    parts = [*rest, *((f", cell {n} {key}", value) for n, key, value in cells)]
    return [(place, json_text(value)) for place, value in parts]


def json_text(value: Any) -> str:
    """All text in a JSON value, keys too; the pieces of a text follow one another."""
    if isinstance(value, Mapping):
        return "".join(f"\n{key}\n{json_text(item)}" for key, item in value.items())
    return "".join(map(json_text, value)) if isinstance(value, list) else str(value)
