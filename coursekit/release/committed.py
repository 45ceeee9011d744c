"""Gate: the notebooks on disk are, byte for byte, what the sources build."""

from collections.abc import Iterator
from pathlib import Path

from coursekit.release.build import FOLDERS
from coursekit.release.faults import Fault

_REBUILD = "edit the .md source, not the notebook, and run `make notebooks`"


def faults(root: Path, made: dict[str, str]) -> Iterator[Fault]:
    """Notebooks that are missing, stale (with the first line that differs) or have no source.

    Args:
        root: the course's top folder.
        made: the notebooks the sources build, path to text.
    """
    for path, text in made.items():
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
            if path not in made:
                yield Fault(
                    path, 1, "an orphan: no source builds it", "delete it, or list its chapter in course.toml"
                )


def _first_difference(data: bytes, expected: bytes) -> int:
    pairs = zip(data.split(b"\n"), expected.split(b"\n"), strict=False)
    same = min(data.count(b"\n"), expected.count(b"\n")) + 1
    return next((line for line, (a, b) in enumerate(pairs, 1) if a != b), same)
