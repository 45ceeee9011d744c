"""Gate: what is out stays out, and a lab keeps the exercise cells that students have written into."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from coursetools.build.diagnostics import Diagnostic
from coursetools.publish.destination import File

_NUMBER = re.compile(r"Exercise (\d+\.\d+): fill me in")


def exercise_cells(text: str) -> list[str]:
    """The texts of the cells that students fill in, from top to bottom.

    Raises:
        ValueError: the text is no notebook.
    """
    try:
        cells = [(cell["metadata"].get("tags", []), cell["source"]) for cell in json.loads(text)["cells"]]
        return ["".join(source) for tags, source in cells if {"exercise", "written"} & set(tags)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("no notebook") from None


def frozen_faults(dest: Path, tree: Mapping[str, File], slugs: set[str]) -> Iterator[Diagnostic]:
    """What the release of `tree` would take away or change of the labs and solutions that are out, in `dest`.

    The lab of a chapter that is no longer among the course's `slugs` stays as it is.
    """
    for folder in ("labs", "solutions"):
        for at in sorted((dest / folder).glob("*.ipynb")):
            path = f"{folder}/{at.name}"
            if path not in tree and at.stem in slugs:
                message = "this is out, and students have it: it can't be held back again"
                yield Diagnostic(path, 1, message, f"put its date back, or name it in --{folder}")
            elif path in tree and folder == "labs":
                yield from _lab_faults(path, at, tree[path].data.decode())


def _lab_faults(path: str, at: Path, text: str) -> Iterator[Diagnostic]:
    try:
        before, after = exercise_cells(at.read_text(encoding="utf-8")), exercise_cells(text)
    except ValueError:
        yield Diagnostic(path, 1, f"{at} is no notebook", "restore it from git")
        return
    if before != after:
        message = f"this lab is out, and the release would change {_describe(before, after)}"
        yield Diagnostic(path, 1, message, "mend it in coursekit, or give the new lab a new slug")


def _describe(before: list[str], after: list[str]) -> str:
    changed = [text for text in [*before, *after] if (text in before) != (text in after)]
    numbers = [_NUMBER.search(text) for text in changed]
    phrases = [f"exercise {number[1]}" if number else "a written answer" for number in numbers]
    return ", ".join(dict.fromkeys(phrases)) or "the number or the order of its exercise cells"
