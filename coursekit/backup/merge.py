"""Saved work put at its places in the lab of today."""

import copy
import re
import secrets
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from .cells import Book, Cell, exercises, untouched
from .saved_file import Work

ANSWERS = ("exercise", "written")
PLACELESS = "## From your saved work: this lab has no place for it any more"
RAN = "## From your saved work: you ran this, and the notebook that was saved did not have it"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Restored:
    """A notebook's JSON, and how many cells of each kind came from the saved work."""

    raw: dict[str, Any]
    answers: int
    words: int
    others: int
    at_end: int


def merge(lab: Book, work: Work) -> Restored:
    """The lab of today with the saved work in it; nothing of the reader's is dropped.

    An answer goes to the cell with its id, or the cell of its exercise where that was mended meanwhile. A
    cell of the course that the reader changed replaces the one with its id. Any other cell of hers comes
    after the cell that it came after. The course's own text is that of today.

    Args:
        lab: today's lab; what the reader has written into it stays where the saved work has nothing.
        work: of the same lab.
    """
    where = _placement(lab, work)
    there = {cell.text for cell in work.cells}
    end = _ending(where.placeless, [text for text in work.ran if text not in there])
    cells = _assemble(lab.raw["cells"], where, end)
    tags = [cell.tag for cell in where.put.values()]
    answers, words = tags.count("exercise"), tags.count("written")
    others = len(tags) - answers - words + sum(map(len, where.after.values()))
    at_end = sum(cell.text not in (PLACELESS, RAN) for cell in end)
    book = lab.raw | {"cells": cells, "nbformat": 4, "nbformat_minor": 5}
    return Restored(book, answers, words, others, at_end)


@dataclass(frozen=True)
class _Placement:
    """Saved cells by their places: in a cell of the lab, after one (-1: before the first), nowhere."""

    put: dict[int, Cell]
    after: dict[int, list[Cell]]
    placeless: list[Cell]


def _placement(lab: Book, work: Work) -> _Placement:
    """Where each cell of the reader's goes; cells that the course made and nobody changed go nowhere."""
    base, saved = lab.cells(), work.cells
    pairs, numbers = _match_cells(saved, base), {*exercises(base)}
    where, at = _Placement({}, defaultdict(list), []), -1
    rows = zip(saved, untouched(lab.lab, saved), exercises(saved), strict=True)
    for index, (cell, as_made, number) in enumerate(rows):
        to = pairs.get(index)
        at = at if to is None else to
        if as_made or cell.is_idle():
            continue
        if to is not None and (cell.tag in ANSWERS or base[to].id == cell.id):
            where.put[to] = cell
        elif to is None and cell.tag in ANSWERS and number not in numbers:
            where.placeless.append(cell)
        elif to is None or base[to].text != cell.text:
            where.after[at].append(cell)
    return where


def _match_cells(saved: Sequence[Cell], base: Sequence[Cell]) -> dict[int, int]:
    """For each saved cell its cell in the lab: the same id, else the same exercise, else the same text."""

    def by_id(cells: Sequence[Cell]) -> list[Hashable]:
        return [cell.id or None for cell in cells]

    def by_exercise(cells: Sequence[Cell]) -> list[Hashable]:
        numbers = zip(cells, exercises(cells), strict=True)
        return [(cell.tag, number) if cell.tag and number else None for cell, number in numbers]

    def by_text(cells: Sequence[Cell]) -> list[Hashable]:
        return [(cell.kind, cell.text) for cell in cells]

    pairs: dict[int, int] = {}
    for key in (by_id, by_exercise, by_text):
        free: dict[Hashable, deque[int]] = defaultdict(deque)
        for index, value in enumerate(key(base)):
            if value is not None and index not in pairs.values():
                free[value].append(index)
        for index, value in enumerate(key(saved)):
            if index not in pairs and free.get(value):
                pairs[index] = free[value].popleft()
    return pairs


def _ending(placeless: Sequence[Cell], ran: Sequence[str]) -> list[Cell]:
    """The cells at the end, each kind under its heading."""
    first = [Cell("markdown", PLACELESS), *placeless] if placeless else []
    second = [Cell("markdown", RAN), *(Cell("code", text) for text in ran)] if ran else []
    return [*first, *second]


def _assemble(raws: Sequence[dict[str, Any]], where: _Placement, end: Sequence[Cell]) -> list[dict[str, Any]]:
    used = {str(raw.get("id", "")) for raw in raws}
    made = [_new_cell(cell, used) for cell in where.after.get(-1, [])]
    for index, raw in enumerate(raws):
        made.append(_fill(raw, where.put.get(index), used))
        made += [_new_cell(cell, used) for cell in where.after.get(index, [])]
    return [*made, *(_new_cell(cell, used) for cell in end)]


def _fill(raw: dict[str, Any], cell: Cell | None, used: set[str]) -> dict[str, Any]:
    """A cell of the lab without its outputs, with the reader's text where there is one."""
    kept: dict[str, Any] = {
        key: copy.deepcopy(raw[key])
        for key in ("cell_type", "metadata", "source", "attachments")
        if key in raw
    }
    made = {**kept, "id": raw.get("id") or _new_id("", used)}
    if cell is not None:
        made.pop("attachments", None)
        made |= _content(cell)
    return _without_outputs(made)


def _new_cell(cell: Cell, used: set[str]) -> dict[str, Any]:
    """A cell of the reader's own."""
    made: dict[str, Any] = {"id": _new_id(cell.id, used), "metadata": {}, **_content(cell)}
    return _without_outputs(made)


def _without_outputs(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "execution_count": None, "outputs": []} if made["cell_type"] == "code" else made


def _content(cell: Cell) -> dict[str, Any]:
    pictures = {"attachments": cell.pictures} if cell.pictures and cell.kind != "code" else {}
    return {"cell_type": cell.kind, "source": cell.text, **pictures}


def _new_id(wanted: str, used: set[str]) -> str:
    """The wanted id if it is one and free, else a new one."""
    made = wanted if _ID.fullmatch(wanted) and wanted not in used else secrets.token_hex(8)
    used.add(made)
    return made
