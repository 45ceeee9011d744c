"""What a check shows: a panel in a notebook, the same words as plain text elsewhere."""

import html as markup
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Protocol

from ...base.display import in_notebook as in_notebook
from ...base.display import inline as inline
from ...base.display import show as show
from ...base.display import table


class Heading(Protocol):
    """What a panel needs to know of an exercise."""

    @property
    def number(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, repr=False)
class Outcome:
    """What a check found; as the last line of a cell it shows itself.

    Args:
        exercise: which one.
        passed: whether the answer may be used from here on.
        name: "passed", or the short name of what went wrong.
        message: for the student; empty with a pass.
        rows: label, expected and measured value: with a pass all facts, else the first that does not hold.
        remarks: sentences beside a pass, such as a comparison.
        note: a sentence about the progress file.
    """

    exercise: Heading
    passed: bool
    name: str
    message: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    note: str = ""

    def with_note(self, note: str) -> "Outcome":
        """Add a sentence about the progress file."""
        return replace(self, note=note)

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_html_(self) -> str:
        return html(self)

    @property
    def report(self) -> str:
        """One line for a bug report: exercise, version, verdict, numbers; nothing of the student's code."""
        rows = "; ".join(f"{label}: {measured} [{expected}]" for label, expected, measured in self.rows)
        verdict = f"exercise {self.exercise.number} · coursekit {version('coursekit')} · {self.name}"
        return f"{verdict} · {rows}" if rows else verdict

    @property
    def banner(self) -> str:
        """Which version the lab goes on with, where it is not the student's."""
        if self.passed:
            return ""
        return f"Until it passes, the lab goes on with coursekit's own version of `{self.exercise.name}`."

    @property
    def mark(self) -> tuple[str, str, str]:
        """Sign, word and colour of the state; the colour only repeats what the other two say."""
        if self.passed:
            return "✓", "Passed", "46, 150, 100"
        if self.name in ("not attempted", "library's version"):
            return (
                "○",
                "Not attempted yet" if self.name == "not attempted" else "Not checked",
                "110, 125, 150",
            )
        if self.name in ("raises", "too slow", "field misused", "not a function", "wrong parameters"):
            return "!", "Stopped", "205, 105, 60"
        return "△", "Not yet", "200, 140, 30"


def to_text(outcome: Outcome) -> str:
    """The outcome as text."""
    sign, word, _ = outcome.mark
    lines = [f"{sign} {word} · Exercise {outcome.exercise.number} · {outcome.exercise.title}"]
    if outcome.message:
        lines.append(f"  {outcome.message}")
    if outcome.passed:
        lines.append("  Measured, with what was expected in brackets:")
        lines += [f"  - {label}: {measured} [{expected}]" for label, expected, measured in outcome.rows]
    else:
        rows = outcome.rows
        lines += [f"  Measured: {what}: expected {expected}, got {got}." for what, expected, got in rows]
    lines += [f"  {text}" for text in (*outcome.remarks, outcome.note, outcome.banner) if text]
    return "\n".join(lines)


BOX = (
    "border-left:5px solid rgb({0}); background:rgba({0}, 0.10); color:inherit; border-radius:3px; "
    "padding:0.6em 1em; margin:0.3em 0; max-width:48em; line-height:1.5"
)


def html(outcome: Outcome) -> str:
    """The outcome as a panel that reads on light and on dark pages, and to a screen reader."""
    sign, word, colour = outcome.mark
    exercise = outcome.exercise
    label = markup.escape(f"Exercise {exercise.number}: {word}")
    parts = [
        f'<div role="group" aria-label="{label}" style="{BOX.format(colour)}">',
        f'<div><strong><span aria-hidden="true">{sign}&nbsp;</span> {word}</strong>'
        f" · Exercise {exercise.number} · {inline(exercise.title)}</div>",
    ]
    if outcome.message:
        parts.append(f'<div style="margin-top:0.4em">{inline(outcome.message)}</div>')
    if outcome.rows:
        rows = [[inline(text) for text in row] for row in outcome.rows]
        measured = table(rows, ("what was measured", "expected", "yours"))
        parts.append(_folded("what was measured", measured) if outcome.passed else measured)
    parts += [f"<div>{inline(text)}</div>" for text in (*outcome.remarks, outcome.note) if text]
    if outcome.banner:
        line = f"margin-top:0.5em; padding-top:0.4em; border-top:1px dashed rgb({colour})"
        parts.append(f'<div style="{line}">{inline(outcome.banner)}</div>')
    report = (
        f'<code style="white-space:normal; overflow-wrap:anywhere">{markup.escape(outcome.report)}</code>'
    )
    parts.append(_folded("report: a line to paste if you think this verdict is wrong", report))
    return "".join(parts) + "</div>"


def _folded(title: str, content: str) -> str:
    """A fold, closed until it is clicked."""
    style = "margin-top:0.3em; font-size:0.9em; opacity:0.85"
    return f'<details style="{style}"><summary>{title}</summary>{content}</details>'
