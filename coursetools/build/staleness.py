"""Gate: the committed notebooks are, byte for byte, what the sources build.

JupyterLab saves outputs into the notebook that is being read, and a student works in the lab. So a
notebook on disk may differ while git still holds the built one: that copy belongs to its reader, and is left
alone. Once the difference is staged or committed, it is a fault. The same holds for a notebook that
`coursekit.restore()` wrote beside a lab.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from coursetools.build.diagnostics import Diagnostic
from coursetools.build.editions import FOLDERS, ParsedCourse
from coursetools.git import run_git

_RESTORED = re.compile(r"\d\d_\w+?_restored(_\d+)?\.ipynb")
_REBUILD = "edit the .md source, not the notebook, and run `make notebooks`"


def reader_copies(parsed: ParsedCourse) -> set[str]:
    """Notebooks that only their reader has changed, and restored ones that git does not know."""
    root, books = parsed.root, parsed.notebooks
    labs = {f"labs/{path.name}" for path in (root / "labs").glob("*.ipynb")} - books.keys()
    found = {path for path in labs if _RESTORED.fullmatch(path[5:]) and _staged(root, path) is None}
    for path, text in books.items():
        changed = (root / path).is_file() and (root / path).read_bytes() != text.encode()
        if changed and _staged(root, path) == text.encode():
            found.add(path)
    return found


def _staged(root: Path, path: str) -> bytes | None:
    """What git would commit for `path`; None without git, or where git does not know it."""
    try:
        return run_git(root, "show", f":./{path}")
    except ValueError:
        return None


def stale_faults(parsed: ParsedCourse, readers: Collection[str] = ()) -> Iterator[Diagnostic]:
    """Notebooks that are missing, stale (with the first line that differs) or have no source.

    Those in `readers`, from `reader_copies`, are not looked at.
    """
    root, books = parsed.root, parsed.notebooks
    for path, text in books.items():
        if path in readers:
            continue
        if not (root / path).is_file():
            yield Diagnostic(path, 1, "missing", "run `make notebooks` and commit it")
        elif (data := (root / path).read_bytes()) != text.encode():
            pairs = zip(data.split(b"\n"), text.encode().split(b"\n"), strict=False)
            line = next((n for n, (old, new) in enumerate(pairs, 1) if old != new), data.count(b"\n") + 1)
            yield Diagnostic(path, line, "stale: differs from its source", _REBUILD)
    for folder in FOLDERS:
        for found in sorted((root / folder).glob("*.ipynb")):
            path = f"{folder}/{found.name}"
            if path not in books and path not in readers:
                remedy = "delete it, or list its chapter in course.toml"
                yield Diagnostic(path, 1, "an orphan: no source builds it", remedy)
