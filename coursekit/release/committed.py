"""Gate: the committed notebooks are, byte for byte, what the sources build.

JupyterLab saves outputs into the notebook that is being read, and a student works in the lab. So a
notebook on disk may differ where git still holds the built one: that copy belongs to its reader, and is left
alone. Once the difference is committed, or staged, it is a fault. The same holds for a notebook that
`coursekit.restore()` wrote beside a lab.
"""

import re
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

from coursekit.release.build import FOLDERS
from coursekit.release.faults import Fault

_RESTORED = re.compile(r"\d\d_\w+?_restored(_\d+)?\.ipynb")
_REBUILD = "edit the .md source, not the notebook, and run `make notebooks`"


def read_or_worked_in(root: Path, made: dict[str, str]) -> set[str]:
    """Notebooks that differ on disk from what git holds and is built, and restored ones that git has not."""
    restored = (
        f"labs/{path.name}" for path in (root / "labs").glob("*.ipynb") if _RESTORED.fullmatch(path.name)
    )
    return {path for path in restored if path not in made and _staged(root, path) is None} | {
        path
        for path, text in made.items()
        if (root / path).is_file()
        and (root / path).read_bytes() != text.encode()
        and _staged(root, path) == text.encode()
    }


def _staged(root: Path, path: str) -> bytes | None:
    """What git would commit for `path`; None without git, or where git does not know it."""
    command = ["git", "-C", str(root), "show", f":./{path}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None
    return shown.stdout if shown.returncode == 0 else None


def faults(root: Path, made: dict[str, str], readers: Collection[str] = ()) -> Iterator[Fault]:
    """Notebooks that are missing, stale (with the first line that differs) or have no source.

    Args:
        root: the course's top folder.
        made: the notebooks the sources build, path to text.
        readers: notebooks whose copy on disk is a reader's own, from `read_or_worked_in`.
    """
    for path, text in made.items():
        if path in readers:
            continue
        if not (root / path).is_file():
            yield Fault(path, 1, "missing", "run `make notebooks` and commit it")
            continue
        data = (root / path).read_bytes()
        if data != text.encode():
            yield Fault(
                path, _first_difference(data, text.encode()), "stale: differs from its source", _REBUILD
            )
    for folder in FOLDERS:
        for found in sorted((root / folder).glob("*.ipynb")):
            path = f"{folder}/{found.name}"
            if path not in made and path not in readers:
                yield Fault(
                    path, 1, "an orphan: no source builds it", "delete it, or list its chapter in course.toml"
                )


def _first_difference(data: bytes, expected: bytes) -> int:
    pairs = zip(data.split(b"\n"), expected.split(b"\n"), strict=False)
    same = min(data.count(b"\n"), expected.count(b"\n")) + 1
    return next((line for line, (a, b) in enumerate(pairs, 1) if a != b), same)
