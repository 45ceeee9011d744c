"""The table of all exercises: what is done, what is open."""

import html as markup

from ...base.display import table
from . import panel, progress_store
from .engine import Exercise, registry


def _state(exercise: Exercise, known: progress_store.Progress) -> tuple[str, str]:
    when = known.passed.get(exercise.number)
    return ("✓ done", f"{when.astimezone():%d %b %Y, %H:%M}") if when else ("○ to do", "")


def _in_order(entry: tuple[str, Exercise]) -> tuple[int, ...]:
    return tuple(int(part) for part in entry[0].split("."))


def _chapters() -> dict[str, list[Exercise]]:
    chapters: dict[str, list[Exercise]] = {}
    for _, exercise in sorted(registry.items(), key=_in_order):
        chapters.setdefault(exercise.number.split(".")[0], []).append(exercise)
    return chapters


def progress() -> None:
    """Show what is done: a line for each chapter, and all its exercises in a fold (in a terminal, below)."""
    known = progress_store.load()
    lines: list[str] = []
    rows: list[str] = []
    for chapter, exercises in _chapters().items():
        done = sum(exercise.number in known.passed for exercise in exercises)
        count = f"{done} of {len(exercises)} done"
        marks = "".join("●" if exercise.number in known.passed else "○" for exercise in exercises)
        lines.append(f"Chapter {int(chapter):02d} · {count}")
        lines += ["  {:<5}{:<34}{:<9}{:<8}{}".format(*_cells(e, known)).rstrip() for e in exercises]
        rows.append(_folded(f"Chapter {int(chapter):02d} · {count}", marks, exercises, known))
    if known.note:
        lines.append(known.note)
    note = f"<p>{markup.escape(known.note)}</p>" if known.note else ""
    panel.show("\n".join(lines), f'<div role="group" aria-label="Progress">{"".join(rows)}</div>{note}')


def _cells(exercise: Exercise, known: progress_store.Progress) -> tuple[str, ...]:
    return exercise.number, exercise.title, exercise.kind, *_state(exercise, known)


def _folded(title: str, marks: str, exercises: list[Exercise], known: progress_store.Progress) -> str:
    """One line for a chapter, with a mark for each exercise; its exercises in the fold."""
    rows = table([[markup.escape(cell) for cell in _cells(exercise, known)] for exercise in exercises])
    return f'<details><summary>{title} <span aria-hidden="true">{marks}</span></summary>{rows}</details>'
