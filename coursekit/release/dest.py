"""DEST, where a release goes: what was released there before, what was changed by hand, what is to change.

`.release.json` in DEST remembers every file's hash and the exercise cells of every lab that is out.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from coursekit.release.faults import Fault
from coursekit.release.kept import exercise_cells
from coursekit.release.replacing import STAGING, Change, digest
from coursekit.release.tree import File

MANIFEST = ".release.json"
CONFIG = "nbgrader_config.py"  # what a course for nbgrader has, and no student's tree


@dataclass(frozen=True)
class Before:
    """What was released into DEST earlier: files with their hashes, labs with their exercise cells."""

    files: dict[str, str] = field(default_factory=dict)
    labs: dict[str, list[str]] = field(default_factory=dict)


def check_place(root: Path, dest: Path, *, graded: bool = False) -> None:
    """Refuse a DEST that is no place for a release.

    Args:
        root: the instructor's repository.
        dest: where the release is to go.
        graded: it is a course for nbgrader, with all answers, and not the student's tree.
    Raises:
        ValueError: DEST is a file, the repository, in it or around it, or a folder of somebody else's.
    """
    here, there = root.resolve(), dest.resolve()
    if there == here or here in there.parents or there in here.parents:
        raise ValueError(
            f"{dest} and the repository {here} are one inside the other; choose a folder outside"
        )
    if dest.is_symlink() and not dest.exists():
        raise ValueError(f"{dest} is a link that leads nowhere; remove it")
    if dest.exists() and not dest.is_dir():
        raise ValueError(f"{dest} is a file; name a folder")
    strange = dest.is_dir() and any(dest.iterdir()) and not (dest / MANIFEST).is_file()
    if strange and not (dest / ".git").exists() and not (dest / STAGING).exists():
        raise ValueError(
            f"{dest} is not empty, and neither an earlier release nor a git working tree; empty it"
        )
    if graded and any((dest / each).exists() for each in ("lectures", "labs")):
        raise ValueError(f"{dest} is a student's tree, and this would put all answers there; name another")
    if not graded and (dest / CONFIG).exists():
        raise ValueError(f"{dest} is a course for nbgrader, with all answers; name another folder")


def earlier(dest: Path, tree: Iterable[str]) -> Before:
    """Read what was released before; without `.release.json` the labs of `tree` in DEST count as out.

    Raises:
        ValueError: `.release.json` or such a lab can't be read.
    """
    if (dest / MANIFEST).is_file():
        try:
            table = json.loads((dest / MANIFEST).read_text(encoding="utf-8"))
            before = Before(dict(table["files"]), dict(table["labs"]))
            _check(before)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{dest / MANIFEST} can't be read ({error!r}); restore it from git") from None
        return before
    labs = [path for path in tree if path.startswith("labs/") and (dest / path).is_file()]
    found = {}
    for path in labs:
        try:
            found[path] = exercise_cells((dest / path).read_text(encoding="utf-8"))
        except ValueError:
            raise ValueError(f"{dest / path} is no notebook; restore or remove it") from None
    return Before({}, found)


def remembered(tree: Mapping[str, File], before: Before, slugs: set[str]) -> tuple[Before, File]:
    """What this release leaves to remember, and `.release.json` with it."""
    labs = {
        path: exercise_cells(file.data.decode()) for path, file in tree.items() if path.startswith("labs/")
    }
    old = [path for path in before.labs if path not in tree and PurePosixPath(path).stem not in slugs]
    labs |= {path: before.labs[path] for path in old}
    files = {path: digest(file.data) for path, file in tree.items()}
    files |= {path: before.files[path] for path in old if path in before.files}
    table = {"labs": dict(sorted(labs.items())), "files": dict(sorted(files.items()))}
    return Before(files, labs), File((json.dumps(table, indent=1) + "\n").encode())


def changes(dest: Path, tree: Mapping[str, File], before: Before, after: Before) -> Change:
    """The files that differ from what DEST has, and those of the last release that this one has no more."""
    write = {path: file for path, file in tree.items() if not _same(dest / path, file)}
    gone = [path for path in sorted(before.files) if path not in after.files and os.path.lexists(dest / path)]
    return Change(write, gone)


def changed_by_hand(dest: Path, change: Change, before: Before) -> Iterator[str]:
    """Files that would be replaced or removed and are not as the last release left them."""
    for path in [*change.write, *change.remove]:
        at = dest / path
        if path == MANIFEST or not os.path.lexists(at):
            continue
        if not at.is_file() or digest(at.read_bytes()) != before.files.get(path):
            yield path


def in_the_way(dest: Path, change: Change) -> Iterator[Fault]:
    """Links and folders where files are to be written: a link could lead out of the tree."""
    for path in [*change.write, *change.remove]:
        steps = [path, *(str(each) for each in PurePosixPath(path).parents if str(each) != ".")]
        for step in steps:
            if (dest / step).is_symlink():
                yield Fault(step, 1, f"a link in DEST, to {(dest / step).resolve()}", "remove it")
        if (dest / path).is_dir() and not (dest / path).is_symlink():
            yield Fault(path, 1, "a folder in DEST where a file belongs", "remove it")
        for step in steps[1:]:
            if (dest / step).is_file():
                yield Fault(step, 1, "a file in DEST where a folder belongs", "remove it")


def _same(at: Path, file: File) -> bool:
    return at.is_file() and not at.is_symlink() and digest(at.read_bytes()) == digest(file.data)


def _check(before: Before) -> None:
    """Believe nothing that leads out of the tree: whoever may change DEST may have written this."""
    for path in (*before.files, *before.labs):
        parts = PurePosixPath(path).parts
        odd = PureWindowsPath(path).drive or PureWindowsPath(path).root or "\\" in path
        if odd or not parts or any(part.lower() in ("..", ".git", STAGING) for part in parts):
            raise ValueError(f"it names a file outside the tree: {path}")
    cells = [cell for lab in before.labs.values() for cell in lab if isinstance(lab, list)]
    lists = all(isinstance(lab, list) for lab in before.labs.values())
    if not lists or not all(isinstance(each, str) for each in (*before.files.values(), *cells)):
        raise ValueError("its entries are of another kind")
