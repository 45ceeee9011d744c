"""course.toml: the title, the repository and the chapters in order."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.release.faults import CourseError, Fault

FILE = "course.toml"
_KEYS: dict[str, type] = {"title": str, "repository": str, "branch": str, "chapters": list}
_CHAPTER_KEYS: dict[str, type] = {"slug": str, "title": str, "lab": bool}
_SLUG = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_REPOSITORY = re.compile(r"|[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Chapter:
    """A chapter: `lectures/SLUG.md`, and `solutions/SLUG.md` where it has a lab; `line` in course.toml."""

    slug: str
    title: str
    lab: bool
    line: int = 1

    @property
    def number(self) -> int:
        """The chapter's number, from the two digits its slug begins with."""
        return int(self.slug[:2])


@dataclass(frozen=True)
class Course:
    """What the notebooks' links, badges and first cells are made from."""

    title: str
    repository: str
    branch: str
    chapters: tuple[Chapter, ...]


def read_course(root: Path) -> Course:
    """Read and check `course.toml` in `root`.

    Args:
        root: the course's top folder.
    Returns:
        The course, its chapters in the order of the file.
    Raises:
        CourseError: the file is missing, is not TOML, or says something it may not.
    """
    try:
        return parse_course((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "run this in the course's top folder, or pass it as --root"
        raise CourseError([Fault(FILE, 1, f"no such file in {root.resolve()}", remedy)]) from None


def parse_course(text: str) -> Course:
    """Check the text of a `course.toml` and return the course it describes (see `read_course`)."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise CourseError([Fault(FILE, line, f"not TOML: {error}", "correct the line")]) from None
    faults = list(_faults(table, text))
    if faults:
        raise CourseError(faults)
    lines = _chapter_lines(text)
    chapters = tuple(Chapter(**row, line=line) for row, line in zip(table["chapters"], lines, strict=True))
    return Course(table["title"], table["repository"], table["branch"], chapters)


def _faults(table: dict[str, Any], text: str) -> Iterator[Fault]:
    yield from _shape_faults(table, _KEYS, lambda key: _key_line(text, key))
    if not _REPOSITORY.fullmatch(str(table.get("repository", ""))):
        yield Fault(FILE, _key_line(text, "repository"), "repository is not owner/name", 'write it so, or ""')
    chapters = table.get("chapters")
    lines = _chapter_lines(text)
    if not isinstance(chapters, list) or len(lines) != len(chapters):
        yield Fault(FILE, 1, "chapters are not [[chapters]] tables", "write one [[chapters]] line for each")
        return
    seen: set[str] = set()
    for row, line in zip(chapters, lines, strict=True):
        yield from _shape_faults(row, _CHAPTER_KEYS, lambda _, line=line: line)
        slug = str(row.get("slug", ""))
        if not _SLUG.fullmatch(slug):
            yield Fault(FILE, line, f"slug {slug!r} is not NN_name", "write two digits, _ and small letters")
        if slug[:2] in seen:
            yield Fault(FILE, line, f"chapter number {slug[:2]} is given twice", "number each chapter once")
        seen.add(slug[:2])


def _shape_faults(table: dict[str, Any], keys: dict[str, type], line: Any) -> Iterator[Fault]:
    for key in table.keys() - keys.keys():
        yield Fault(FILE, line(key), f"unknown key {key!r}", f"use only {', '.join(keys)}")
    for key, kind in keys.items():
        if not isinstance(table.get(key), kind):
            yield Fault(FILE, line(key), f"no {key}, or not a {kind.__name__}", f"set {key}")


def _key_line(text: str, key: str) -> int:
    lines = text.partition("[[")[0].splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(key)}\s*=", line)), 1)


def _chapter_lines(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*chapters\s*]]", line)]
