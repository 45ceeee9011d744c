"""Gate: nothing withheld from students is in a lab, in whatever place and disguise.

Withheld are the lines of solution regions, of `hidden` and `solution` cells and of `written` sample answers
(there also each sentence). A line is not counted if it is short, or public anyway: in a module of coursekit,
in a lecture's source, or as the signature in the exercise's own stub.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.release.disguises import readings, squeeze
from coursekit.release.faults import Fault
from coursekit.release.markers import stub, withheld_lines
from coursekit.release.rules import LEFT_OUT
from coursekit.release.source import Source

SHORTEST = 20
_COMMENT = re.compile(r"\s#\s")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_SIGNATURE = re.compile(r"\s*(async def|def|class|@)")


@dataclass(frozen=True)
class Secret:
    """A withheld line: where it is written, and its text without white space."""

    file: str
    line: int
    squeezed: str


def public_text(root: Path) -> str:
    """All that anyone may read: coursekit's modules and the lectures' sources, without white space."""
    files = [*sorted((root / "coursekit").rglob("*.py")), *sorted((root / "lectures").glob("*.md"))]
    return "\n".join(squeeze(path.read_text(encoding="utf-8")) for path in files)


def secrets(sources: Iterable[Source], public: str) -> list[Secret]:
    """The lines that no lab may show.

    Args:
        sources: parsed sources; only solutions withhold anything.
        public: what is public anyway, without white space (see `public_text`).
    Returns:
        Each withheld line of at least 20 characters that is not public.
    """
    found = []
    for source in sources:
        public_here = public + "\n" + "\n".join(_signatures(source))
        for number, line in _withheld(source):
            for part in _parts(line):
                if len(part) >= SHORTEST and squeeze(part) not in public_here:
                    found += [Secret(source.file, number, form) for form in _forms(part)]
    return found


def faults(name: str, text: str, hidden: list[Secret]) -> Iterator[Fault]:
    """The secrets that a lab gives away.

    Args:
        name: the lab's path, for messages.
        text: the lab's file as it is on disk.
        hidden: what it may not show (see `secrets`).
    Returns:
        One fault for each withheld line and place, at the line that is withheld.
    """
    for place, content in places(text):
        shown = "\n".join(squeeze(reading) for reading in readings(content))
        lines = {(secret.file, secret.line) for secret in hidden if secret.squeezed in shown}
        for file, line in sorted(lines):
            what = f"this withheld line is in {name}, {place}"
            yield Fault(file, line, what, "reword it there, or write it where it may be read")


def _withheld(source: Source) -> Iterator[tuple[int, str]]:
    if source.folder != "solutions":
        return
    for cell in source.cells:
        if cell.tag == "exercise":
            yield from ((cell.body + index, line) for index, line in withheld_lines(cell.text))
        elif cell.tag == "written" or cell.tag in LEFT_OUT:
            yield from enumerate(cell.text.splitlines(), cell.body)


def _parts(line: str) -> set[str]:
    """The line; without its comment, and the comment; and its sentences, should it be prose."""
    parts = [line, *_COMMENT.split(line, maxsplit=1), *_SENTENCE_END.split(line)]
    return {part.strip() for part in parts}


def _forms(part: str) -> set[str]:
    """The part as it is written, and as a page shows it: without the marks of *emphasis* and `code`."""
    shown = squeeze(re.sub("[*`]", "", part))
    return {squeeze(part)} | ({shown} if len(shown) > SHORTEST // 2 else set())


def _signatures(source: Source) -> Iterator[str]:
    for cell in source.cells:
        if cell.tag == "exercise":
            yield from (squeeze(line) for line in stub(cell.text, "").splitlines() if _SIGNATURE.match(line))


def places(text: str) -> list[tuple[str, str]]:
    """The parts of a notebook that can hold text, each with its name; keys count as text."""
    try:
        return list(_places(json.loads(text, object_pairs_hook=_all_keys), text))
    except (ValueError, RecursionError):  # the second: nested so deeply that Python gives up
        return [("which is no notebook", text)]


def _all_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON in which a key that is there twice is kept twice."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        made[key if key not in made else f"{key} (again, {len(made)})"] = value
    return made


def _places(book: Any, text: str) -> Iterator[tuple[str, str]]:
    if not isinstance(book, dict) or not isinstance(book.get("cells", []), list):
        yield "which is no notebook", f"{text}\n{_strings(book)}"
        return
    for key, value in book.items():
        if key != "cells":
            yield f"notebook {key}", _strings(value)
    for index, cell in enumerate(book.get("cells", []), 1):
        for key, value in cell.items() if isinstance(cell, dict) else [("", cell)]:
            yield f"cell {index} {key}", _strings(value)


def _strings(value: Any) -> str:
    """All text in a JSON value, keys too, one string a line: squeezed, a text in pieces is whole again."""
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{_strings(item)}" for key, item in value.items())
    return "\n".join(map(_strings, value)) if isinstance(value, list) else str(value)
