"""The table of all exercises: what is done, what is open."""

import html as markup

from . import panel, progress_store
from .engine import Exercise, registry

_CELL = "padding:0.2em 1.2em 0.2em 0; text-align:left; white-space:normal"


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
    """Show a table of all exercises by chapter: done (and since when) or to do."""
    known = progress_store.load()
    lines: list[str] = []
    rows: list[str] = []
    for chapter, exercises in _chapters().items():
        done = sum(exercise.number in known.passed for exercise in exercises)
        title = f"Chapter {int(chapter):02d} · {done} of {len(exercises)} done"
        lines.append(title)
        rows.append(f'<tr><th scope="rowgroup" colspan="5" style="{_CELL}">{title}</th></tr>')
        for exercise in exercises:
            cells = (exercise.number, exercise.title, exercise.kind, *_state(exercise, known))
            lines.append(("  {:<5}{:<34}{:<9}{:<8}{}".format(*cells)).rstrip())
            rows.append(
                "<tr>" + "".join(f'<td style="{_CELL}">{markup.escape(c)}</td>' for c in cells) + "</tr>"
            )
    if known.note:
        lines.append(known.note)
    note = f"<p>{markup.escape(known.note)}</p>" if known.note else ""
    table = f'<table aria-label="Progress" style="border-collapse:collapse">{"".join(rows)}</table>'
    panel.show("\n".join(lines), table + note)
