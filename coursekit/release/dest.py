"""DEST, where a release goes: what was released there before, what was changed by hand, and replacing it all.

`.release.json` in DEST remembers every file's hash and the exercise cells of every lab that is out. New files
are written beside the old ones first; only when all are there are they moved into place, each at once. A run
that fails on the way moves the old ones back, and one that was killed is undone by the next.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit.release.faults import Fault
from coursekit.release.kept import exercise_cells
from coursekit.release.tree import File

MANIFEST = ".release.json"
STAGING = ".release-staging"
_DONE = "replaced"


@dataclass(frozen=True)
class Before:
    """What was released into DEST earlier: files with their hashes, labs with their exercise cells."""

    files: dict[str, str] = field(default_factory=dict)
    labs: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What a release does in DEST: files to write, and files to remove."""

    write: dict[str, File]
    remove: list[str]


def check_place(root: Path, dest: Path) -> None:
    """Refuse a DEST that is no place for a release.

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


def earlier(dest: Path, tree: Iterable[str]) -> Before:
    """Read what was released before; without `.release.json` the labs of `tree` in DEST count as out.

    Raises:
        ValueError: `.release.json` or such a lab can't be read.
    """
    if (dest / MANIFEST).is_file():
        try:
            table = json.loads((dest / MANIFEST).read_text(encoding="utf-8"))
            return Before(dict(table["files"]), dict(table["labs"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{dest / MANIFEST} can't be read ({error!r}); restore it from git") from None
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


def replace(dest: Path, change: Change) -> None:
    """Bring DEST to the new state as a whole, or leave it as it was.

    Raises:
        OSError: a file can't be written; nothing has changed.
    """
    created = [path for path in (dest, *dest.parents) if not path.exists()]
    staging = dest / STAGING
    try:
        dest.mkdir(parents=True, exist_ok=True)
        _stage(dest, staging, change)
        _swap(dest, staging, change)
    except BaseException:
        undo(dest)
        for path in created:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise
    shutil.rmtree(staging)


def undo(dest: Path) -> bool:
    """Put back what a run that failed or was killed has replaced; return whether there was one."""
    staging = dest / STAGING
    if not staging.is_dir():
        return False
    if (staging / "journal").is_file() and not (staging / _DONE).exists():
        journal = json.loads((staging / "journal").read_text(encoding="utf-8"))
        for path in journal["old"]:
            if (staging / "old" / path).is_file():
                (dest / path).parent.mkdir(parents=True, exist_ok=True)
                os.replace(staging / "old" / path, dest / path)
        for path in journal["fresh"]:
            (dest / path).unlink(missing_ok=True)
            _prune(dest, path)
    shutil.rmtree(staging)
    return True


def digest(data: bytes) -> str:
    """A file's hash; git may change line ends on Windows, which is no change."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def _same(at: Path, file: File) -> bool:
    return at.is_file() and not at.is_symlink() and digest(at.read_bytes()) == digest(file.data)


def _stage(dest: Path, staging: Path, change: Change) -> None:
    staging.mkdir()
    for path, file in change.write.items():
        new = staging / "new" / path
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(file.data)
        new.chmod(0o755 if file.executable else 0o644)
    touched = [*change.write, *change.remove]
    old = [path for path in touched if (dest / path).is_file()]
    for path in old:
        (staging / "old" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(dest / path, staging / "old" / path)
    journal: dict[str, Any] = {"old": old, "fresh": [path for path in touched if path not in set(old)]}
    (staging / "journal.part").write_text(json.dumps(journal), encoding="utf-8")
    os.replace(staging / "journal.part", staging / "journal")


def _swap(dest: Path, staging: Path, change: Change) -> None:
    for path in change.write:
        (dest / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / "new" / path, dest / path)
    for path in change.remove:
        (dest / path).unlink()
        _prune(dest, path)
    (staging / _DONE).touch()


def _prune(dest: Path, path: str) -> None:
    """Remove the folders that have become empty."""
    for folder in PurePosixPath(path).parents:
        at = dest / folder
        if at == dest or not at.is_dir() or any(at.iterdir()):
            return
        at.rmdir()
