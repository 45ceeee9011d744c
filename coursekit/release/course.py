"""course.toml: the title, the repository, the chapters in order, their dates, and the points of exercises."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from coursekit.release.faults import CourseError, Fault

FILE = "course.toml"
_KEYS: dict[str, type] = {"title": str, "repository": str, "branch": str, "chapters": list}
_CHAPTER_KEYS: dict[str, type] = {"slug": str, "title": str, "lab": bool}
_DATES = ("lab_from", "solution_from")
_POINTS = re.compile(r"core|stretch|open|written|[1-9]\d?\.[1-9]\d?")
_SLUG = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_REPOSITORY = re.compile(r"|[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Chapter:
    """A chapter: `lectures/SLUG.md`, and `solutions/SLUG.md` where it has a lab; `line` in course.toml.

    `lab_from` and `solution_from` say when students get them (None: at once).
    """

    slug: str
    title: str
    lab: bool
    lab_from: datetime | None = None
    solution_from: datetime | None = None
    line: int = 1

    @property
    def number(self) -> int:
        """The chapter's number, from the two digits its slug begins with."""
        return int(self.slug[:2])


@dataclass(frozen=True)
class Course:
    """What the notebooks' links, badges and first cells are made from, and `points` by kind or number."""

    title: str
    repository: str
    branch: str
    chapters: tuple[Chapter, ...]
    points: Mapping[str, int] = field(default_factory=dict)


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
    except UnicodeDecodeError:
        raise CourseError([Fault(FILE, 1, "not UTF-8", "save the file as UTF-8")]) from None


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
    return Course(table["title"], table["repository"], table["branch"], chapters, table.get("points", {}))


def _faults(table: dict[str, Any], text: str) -> Iterator[Fault]:
    yield from _shape_faults(table, _KEYS, lambda key: _key_line(text, key), ("points",))
    yield from _points_faults(table.get("points", {}), text)
    if not _REPOSITORY.fullmatch(str(table.get("repository", ""))):
        yield Fault(FILE, _key_line(text, "repository"), "repository is not owner/name", 'write it so, or ""')
    chapters: Any = table.get("chapters")
    lines = _chapter_lines(text)
    tables = isinstance(chapters, list) and all(isinstance(row, dict) for row in chapters)
    if not tables or len(lines) != len(chapters):
        yield Fault(FILE, 1, "chapters are not [[chapters]] tables", "write one [[chapters]] line for each")
        return
    seen: set[str] = set()
    for row, line in zip(chapters, lines, strict=True):
        yield from _shape_faults(row, _CHAPTER_KEYS, lambda _, line=line: line, _DATES)
        yield from _date_faults(row, line)
        slug = str(row.get("slug", ""))
        if not _SLUG.fullmatch(slug):
            yield Fault(FILE, line, f"slug {slug!r} is not NN_name", "write two digits, _ and small letters")
        if slug[:2] in seen:
            yield Fault(FILE, line, f"chapter number {slug[:2]} is given twice", "number each chapter once")
        seen.add(slug[:2])


def _shape_faults(
    table: Any, keys: dict[str, type], line: Any, optional: tuple[str, ...] = ()
) -> Iterator[Fault]:
    for key in table.keys() - keys.keys() - set(optional):
        yield Fault(FILE, line(key), f"unknown key {key!r}", f"use only {', '.join([*keys, *optional])}")
    for key, kind in keys.items():
        if not isinstance(table.get(key), kind):
            yield Fault(FILE, line(key), f"no {key}, or not a {kind.__name__}", f"set {key}")


def _date_faults(row: dict[str, Any], line: int) -> Iterator[Fault]:
    remedy = "write a date, a time and a zone, such as 2026-11-24T09:00:00+01:00"
    good = []
    for key in _DATES:
        date = row.get(key)
        if date is None:
            continue
        if row.get("lab") is False:
            yield Fault(FILE, line, f"{key} in a chapter without a lab", "leave it out")
        elif not isinstance(date, datetime):
            yield Fault(FILE, line, f"{key} is not a date with a time", remedy)
        elif date.tzinfo is None:
            yield Fault(FILE, line, f"{key} has no time zone", remedy)
        else:
            good.append(date)
    if len(good) == 2 and good[1] < good[0]:
        yield Fault(FILE, line, "the solution would be out before its lab", "let solution_from be the later")
    if row.get("lab_from") and row.get("lab") and not row.get("solution_from"):
        yield Fault(FILE, line, "the lab has a date and its solution has none", "give solution_from too")


def _points_faults(points: Any, text: str) -> Iterator[Fault]:
    line = next((n for n, each in enumerate(text.splitlines(), 1) if each.strip() == "[points]"), 1)
    if not isinstance(points, dict):
        yield Fault(FILE, line, "points are not a [points] table", "write [points] and a line for each kind")
        return
    for key, value in points.items():
        if not _POINTS.fullmatch(key):
            remedy = 'use core, stretch, open, written or an exercise such as "1.2"'
            yield Fault(FILE, line, f"points of {key!r}", remedy)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1000:
            yield Fault(FILE, line, f"points of {key} are {value!r}", "give a whole number from 0 to 1000")


def _key_line(text: str, key: str) -> int:
    lines = text.partition("[[")[0].splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(key)}\s*=", line)), 1)


def _chapter_lines(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*chapters\s*]]", line)]
