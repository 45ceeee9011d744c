"""Saved work put at its places in the lab of today."""

import copy
import re
import secrets
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from .cells import Book, Cell, exercises, untouched
from .stored import Work

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


def merged(lab: Book, work: Work) -> Restored:
    """The lab of today with the saved work in it; nothing of the reader's is dropped.

    An answer goes to the cell with its id, or the cell of its exercise where that was mended meanwhile. A
    cell of the course that the reader changed replaces the one with its id. Any other cell of hers comes
    after the cell that it came after. The course's own text is that of today.

    Args:
        lab: today's lab; what the reader has written into it stays where the saved work has nothing.
        work: of the same lab.
    """
    base, saved = lab.cells(), work.cells
    pairs, there = _pairs(saved, base), {*exercises(base)}
    put: dict[int, Cell] = {}
    after: dict[int, list[Cell]] = defaultdict(list)
    placeless, at = [], -1
    rows = zip(saved, untouched(lab.lab, saved), exercises(saved), strict=True)
    for index, (cell, as_made, number) in enumerate(rows):
        to = pairs.get(index)
        at = at if to is None else to
        if as_made or cell.is_idle():
            continue
        if to is not None and (cell.tag in ANSWERS or base[to].id == cell.id):
            put[to] = cell
        elif to is not None and base[to].text == cell.text:
            continue
        elif to is None and cell.tag in ANSWERS and number not in there:
            placeless.append(cell)
        else:
            after[at].append(cell)
    end = _ending(placeless, [text for text in work.ran if text not in {cell.text for cell in saved}])
    raw = {
        **lab.raw,
        "cells": _assembled(lab.raw["cells"], put, after, end),
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    kinds = [cell.tag for cell in put.values()]
    others = len(kinds) + sum(map(len, after.values())) - sum(kinds.count(tag) for tag in ANSWERS)
    return Restored(
        raw, kinds.count("exercise"), kinds.count("written"), others, sum(not _heading(c) for c in end)
    )


def _pairs(saved: Sequence[Cell], base: Sequence[Cell]) -> dict[int, int]:
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


def _heading(cell: Cell) -> bool:
    return cell.text in (PLACELESS, RAN)


def _assembled(
    raws: Sequence[dict[str, Any]], put: dict[int, Cell], after: dict[int, list[Cell]], end: Sequence[Cell]
) -> list[dict[str, Any]]:
    used = {str(raw.get("id", "")) for raw in raws}
    made = [_added(cell, used) for cell in after.get(-1, [])]
    for index, raw in enumerate(raws):
        made.append(_filled(raw, put.get(index), used))
        made += [_added(cell, used) for cell in after.get(index, [])]
    return [*made, *(_added(cell, used) for cell in end)]


def _filled(raw: dict[str, Any], cell: Cell | None, used: set[str]) -> dict[str, Any]:
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
    return _unrun(made)


def _added(cell: Cell, used: set[str]) -> dict[str, Any]:
    """A cell of the reader's own."""
    made: dict[str, Any] = {"id": _new_id(cell.id, used), "metadata": {}, **_content(cell)}
    return _unrun(made)


def _unrun(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "execution_count": None, "outputs": []} if made["cell_type"] == "code" else made


def _content(cell: Cell) -> dict[str, Any]:
    pictures = {"attachments": cell.pictures} if cell.pictures and cell.kind != "code" else {}
    return {"cell_type": cell.kind, "source": cell.text, **pictures}


def _new_id(wanted: str, used: set[str]) -> str:
    """The wanted id if it is one and free, else a new one."""
    made = wanted if _ID.fullmatch(wanted) and wanted not in used else secrets.token_hex(8)
    used.add(made)
    return made
