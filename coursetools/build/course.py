"""course.toml: the title, the repository, the chapters in order, their dates, and the points of exercises."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from coursetools.build.diagnostics import CourseError, Diagnostic, raise_if_any

FILE = "course.toml"
_DATE = "a date, a time and a zone, such as 2026-11-24T09:00:00+01:00"
_KEYS = {
    "title": str,
    "repository": str,
    "branch": str,
    "reference": str,
    "chapters": list,
    "points": dict,
}
_CHAPTER_KEYS = {
    "slug": str,
    "title": str,
    "lab": bool,
    "minutes": list,
    "needs": str,
    "goals": list,
    "lab_from": datetime,
    "solution_from": datetime,
}
_OPTIONAL = {"reference", "points", "minutes", "needs", "goals", "lab_from", "solution_from"}
_HEAD = ("minutes", "needs", "goals")
_FORMS = {str: "text", bool: "true or false", list: "a list", dict: "a [points] table"}
_POINTS = re.compile(r"core|stretch|open|written|[1-9]\d?\.[1-9]\d?")
_SLUG = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_REPOSITORY = re.compile(r"|[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Chapter:
    """A chapter: `lectures/SLUG.md`, and `solutions/SLUG.md` where it has a lab; `line` in course.toml.

    Its lecture's head says the `minutes` of the main line and of all, what the reader `needs`, and the
    `goals`: what follows "you will be able to". `lab_from` and `solution_from` say when students get lab and
    solution (None: at once).
    """

    slug: str
    title: str
    lab: bool
    minutes: Sequence[int] = ()
    needs: str = ""
    goals: Sequence[str] = ()
    lab_from: datetime | None = None
    solution_from: datetime | None = None
    line: int = 1

    @property
    def number(self) -> int | None:
        """The chapter's number; None for the reference notebook."""
        return int(self.slug[:2]) if _SLUG.fullmatch(self.slug) else None


@dataclass(frozen=True)
class Course:
    """What links, badges and first cells are made from, and the `points` by kind or number of exercise.

    `reference` is the slug of the notebook to look things up in, `lectures/SLUG.md`; empty: there is none.
    """

    title: str
    repository: str
    branch: str
    chapters: tuple[Chapter, ...]
    points: Mapping[str, int] = field(default_factory=dict)
    reference: str = ""

    @property
    def lectures(self) -> tuple[Chapter, ...]:
        """Everything in `lectures/`: the chapters in order, and the reference notebook as one more."""
        extra = (Chapter(self.reference, "Reference", lab=False),) if self.reference else ()
        return (*self.chapters, *extra)


def read_course(root: Path) -> Course:
    """Read and check `course.toml` in the course's top folder.

    Raises:
        CourseError: the file is missing, is not TOML, or has an entry that is not allowed.
    """
    try:
        return parse_course((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "run this in the course's top folder, or pass it as --root"
        raise CourseError([Diagnostic(FILE, 1, f"no such file in {root.resolve()}", remedy)]) from None
    except UnicodeDecodeError:
        raise CourseError([Diagnostic(FILE, 1, "not UTF-8", "save the file as UTF-8")]) from None


def parse_course(text: str) -> Course:
    """Check the text of a `course.toml` and return the course it describes (see `read_course`)."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise CourseError([Diagnostic(FILE, line, f"not TOML: {error}", "correct the line")]) from None
    lines = text.splitlines()
    raise_if_any(Diagnostic(FILE, *fault) for fault in _faults(table, lines))
    chapters = tuple(Chapter(**row, line=line) for row, line in _numbered(table["chapters"], lines))
    return Course(**{**table, "chapters": chapters})


def _faults(table: dict[str, Any], lines: list[str]) -> Iterator[tuple[int, str, str]]:
    def line_of(key: str) -> int:
        found = (n for n, line in enumerate(lines, 1) if re.match(rf"\[?{re.escape(key)}\b", line))
        return next(found, 1) if key in table else 1

    for key, message, remedy in _table_faults(table, _KEYS):
        yield line_of(key), message, remedy
    if not _REPOSITORY.fullmatch(str(table.get("repository", ""))):
        yield line_of("repository"), "repository is not owner/name", 'write it so, or ""'
    points, chapters = table.get("points"), table.get("chapters")
    for key, value in points.items() if isinstance(points, dict) else ():
        if not _POINTS.fullmatch(key):
            remedy = 'use core, stretch, open, written or an exercise such as "1.2"'
            yield line_of("points"), f"points of {key!r}", remedy
        if type(value) is not int or not 0 <= value <= 1000:
            yield line_of("points"), f"points of {key} are {value!r}", "give an integer from 0 to 1000"
    if not isinstance(chapters, list) or not all(isinstance(row, dict) for row in chapters):
        yield 1, "chapters are not tables", "begin each with a line [[chapters]]"
        return
    numbers: set[str] = set()
    for row, line in _numbered(chapters, lines):
        yield from ((line, message, remedy) for _, message, remedy in _table_faults(row, _CHAPTER_KEYS))
        yield from ((line, *fault) for fault in _chapter_faults(row, numbers))
        numbers.add(str(row.get("slug"))[:2])


def _numbered(rows: list[dict[str, Any]], lines: list[str]) -> Iterator[tuple[dict[str, Any], int]]:
    """The chapters' tables, each with its line; those that are written in another form count as line 1."""
    starts = [n for n, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*chapters\s*]]", line)]
    yield from zip_longest(rows, starts[: len(rows)], fillvalue=1)


def _table_faults(table: dict[str, Any], keys: Mapping[str, type]) -> Iterator[tuple[str, str, str]]:
    for key in table.keys() - keys.keys():
        yield key, f"unknown key {key!r}", f"use only {', '.join(keys)}"
    for key, kind in keys.items():
        if key not in table and key not in _OPTIONAL:
            yield key, f"no {key}", f"set it to {_FORMS[kind]}"
        elif key in table and not isinstance(table[key], kind):
            yield key, f"{key} is of another kind", f"set it to {_FORMS.get(kind, _DATE)}"


def _chapter_faults(row: dict[str, Any], numbers: set[str]) -> Iterator[tuple[str, str]]:
    slug = str(row.get("slug", ""))
    if not _SLUG.fullmatch(slug):
        yield f"slug {slug!r} is not NN_name", "write two digits, _ and lower case"
    if slug[:2] in numbers:
        yield f"chapter number {slug[:2]} is given twice", "number each chapter once"
    yield from _head_faults(row)
    lab, solution = (row.get(key) for key in ("lab_from", "solution_from"))
    dates = [date for date in (lab, solution) if isinstance(date, datetime)]
    if row.get("lab") is False and (lab or solution):
        yield "a date in a chapter without a lab", "leave it out"
    if not all(date.tzinfo for date in dates):
        yield "a date without a time zone", f"write {_DATE}"
    elif len(dates) == 2 and dates[1] < dates[0]:
        yield "the solution would be out before its lab", "let solution_from be the later date"
    if lab and not solution:
        yield "the lab has a date and its solution has none", "give solution_from too"


def _head_faults(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    given = [key for key in _HEAD if key in row]
    if given and len(given) < len(_HEAD):
        missing = " and ".join(key for key in _HEAD if key not in row)
        yield f"{given[0]} without {missing}", f"give {', '.join(_HEAD)} together"
    minutes, goals = row.get("minutes", [1, 1]), row.get("goals", [""])
    whole = isinstance(minutes, list) and all(type(number) is int and number > 0 for number in minutes)
    if not whole or len(minutes) != 2 or minutes[0] > minutes[1]:
        yield "minutes are not two whole numbers in order", "write [45, 90]: the main line, and all of it"
    if not isinstance(goals, list) or not goals or not all(isinstance(goal, str) for goal in goals):
        yield "goals are not a list of texts", 'write ["take an Euler step", …], after "you will be able to"'
