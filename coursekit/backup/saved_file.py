"""The file that is downloaded and brought back: one JSON object, with a checksum of all the rest.

It may come from anywhere, so nothing in it is believed before it was looked at, and no name in it becomes a
path. Reading never writes.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..base import atomic_write, installed_version
from .cells import KINDS, LAB, TAGS, Cell
from .faults import Refused, unwritable

FORMAT = "coursekit work"
VERSION = 1
LARGEST = 10_000_000  # bytes; a lab with its text has 50 thousand, the rest are pictures pasted into answers
MOST = 5_000  # cells, and cells that were run
_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")
_MIME = re.compile(r"[\w.+-]+/[\w.+-]+")
_NUMBER = re.compile(r"[1-9]?\d\.[1-9]\d?")


@dataclass(frozen=True)
class Work:
    """What is kept of a lab: all its cells, what was run and is not among them, and when exercises passed."""

    course: str
    lab: str
    saved: datetime
    cells: tuple[Cell, ...]
    ran: tuple[str, ...]
    passed: dict[str, datetime]


def to_text(work: Work) -> str:
    """The file's text."""
    table: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "course": work.course,
        "lab": work.lab,
        "coursekit": installed_version(),
        "saved": work.saved.isoformat(timespec="seconds"),
        "passed": {number: when.isoformat(timespec="seconds") for number, when in work.passed.items()},
        "cells": [{key: value for key, value in vars(cell).items() if value} for cell in work.cells],
        "ran": list(work.ran),
    }
    return json.dumps(table | {"sha256": _checksum(table)}, indent=1) + "\n"


def read(path: Path) -> Work:
    """Read a saved file.

    Raises:
        Refused: it is missing, too large, damaged, of another kind, or holds what `save` never writes.
    """
    name = path.name
    try:
        if not path.is_file():
            raise Refused(f"There is no file `{path}`: drag it into the list of files beside the lab.")
        if path.stat().st_size > LARGEST:
            raise Refused(f"`{name}` is too large to be saved work: choose the file that you downloaded.")
        data = path.read_bytes()
    except OSError as error:
        raise unwritable(error, path) from None
    try:
        return _work(_table(data, name))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Refused(
            f"`{name}` holds something that `coursekit.save()` never writes, and is not used: download your "
            "work again, or take an older file."
        ) from None


def _table(data: bytes, name: str) -> dict[str, Any]:
    """The JSON object in the file, if it is whole and of this format."""
    again = "upload it once more from your computer, or take an older file."
    try:
        table = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Refused(f"`{name}` is damaged, or was never saved work: {again}") from None
    if isinstance(table, dict) and "nbformat" in table:
        raise Refused(f"`{name}` is a notebook, not saved work: open it with a double click.")
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise Refused(
            f"`{name}` is not work saved by `coursekit.save()`: choose the file that you downloaded."
        )
    if table.pop("sha256", None) != _checksum(table):
        raise Refused(f"`{name}` is damaged, its checksum is wrong: {again}")
    if table.get("version") != VERSION or isinstance(table["version"], bool):
        raise Refused(
            f"`{name}` was saved by another version of the course's package: restore it with that version, "
            "or update the course."
        )
    return table


def _checksum(table: dict[str, Any]) -> str:
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _work(table: dict[str, Any]) -> Work:
    """The work in an undamaged object; whatever is not as `to_text` writes it is a ValueError or the like."""
    lab, ran, raw = _text(table["lab"], LAB), table["ran"], table["cells"]
    _must(isinstance(raw, list) and isinstance(ran, list) and max(len(raw), len(ran)) <= MOST)
    passed = {_text(number, _NUMBER): _moment(when) for number, when in table["passed"].items()}
    _must(all(int(number.split(".")[0]) == int(lab[:2]) for number in passed))
    return Work(
        _text(table["course"]),
        lab,
        _moment(table["saved"]),
        tuple(_cell(each) for each in raw),
        tuple(_text(each) for each in ran),
        passed,
    )


def _cell(raw: dict[str, Any]) -> Cell:
    cell = Cell(**raw)
    _must(cell.kind in KINDS and cell.tag in ("", *TAGS))
    for kinds in cell.pictures.values():
        for kind, data in kinds.items():
            _text(kind, _MIME)
            _text(data)
    return Cell(cell.kind, _text(cell.text), cell.tag, _text(cell.id, _ID), cell.pictures)


def _text(value: Any, form: re.Pattern[str] | None = None) -> str:
    _must(isinstance(value, str) and (form is None or form.fullmatch(value) is not None))
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    _must(moment.tzinfo is not None)
    return moment


def _must(holds: bool) -> None:
    if not holds:
        raise ValueError


def write_new(folder: Path, stem: str, ending: str, text: str) -> Path:
    """Write a file that is not there yet, whole or not at all, and return its path.

    Args:
        folder: where.
        stem: its name without ending; `_2`, `_3`, … is added if that is taken.
        ending: such as `.json`.
        text: its content.
    Raises:
        Refused: the folder may not be written, or the disk is full.
    """
    names = (f"{stem}{ending}" if n == 1 else f"{stem}_{n}{ending}" for n in range(1, 10_000))
    path = next(folder / name for name in names if not os.path.lexists(folder / name))
    try:
        with atomic_write(path, overwrite=False) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    except FileExistsError:  # written by another process in between
        return write_new(folder, stem, ending, text)
    except OSError as error:
        raise unwritable(error, path) from None
    return path
