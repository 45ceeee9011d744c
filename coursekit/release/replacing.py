"""A folder's files are replaced as a whole or not at all, by one run at a time.

New files are written beside the old ones first; only when all are there are they moved into place, each at
once. A run that fails on the way moves the old ones back, and one that was killed is undone by the next: its
journal says what it was about to do, and is removed when all is done.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coursekit.release.tree import File

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

STAGING = ".release-staging"
_JOURNAL = "journal"
_held: set[Path] = set()


@dataclass(frozen=True)
class Change:
    """What a release does in DEST: files to write, and files to remove."""

    write: Mapping[str, File]
    remove: list[str]


@contextmanager
def alone(dest: Path) -> Iterator[None]:
    """Hold the folder, if it is there, so that no other run works in it; a killed run holds nothing.

    Raises:
        ValueError: another run has it.
    """
    here = dest.resolve()
    if fcntl is None or here in _held or not here.is_dir():
        yield
        return
    folder = os.open(here, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise ValueError(f"another release into {dest} is running; wait for its end") from None
    except OSError:
        pass  # a file system without locks
    _held.add(here)
    try:
        yield
    finally:
        _held.discard(here)
        os.close(folder)


def replace(dest: Path, change: Change) -> None:
    """Bring DEST to the new state as a whole, or leave it as it was.

    Raises:
        OSError: a file can't be written; nothing has changed.
        ValueError: another run is at work in it.
    """
    created = [path for path in (dest, *dest.parents) if not path.exists()]
    try:
        dest.mkdir(parents=True, exist_ok=True)
        with alone(dest):
            _replace(dest, change)
    except BaseException:
        for path in created:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise


def undo(dest: Path) -> bool:
    """Put back what a run that failed or was killed has replaced; return whether there was one."""
    staging = dest / STAGING
    if not staging.is_dir():
        return False
    journal = staging / _JOURNAL
    if journal.is_file():
        for path, new in json.loads(journal.read_text(encoding="utf-8")).items():
            _put_back(dest, staging / "old" / path, path, new)
        journal.unlink()
    shutil.rmtree(staging)
    return True


def digest(data: bytes) -> str:
    """A file's hash; git may change line ends on Windows, which is no change."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def _replace(dest: Path, change: Change) -> None:
    staging = dest / STAGING
    staging.mkdir()
    try:
        _stage(dest, staging, change)
        _swap(dest, staging, change)
    except BaseException:
        undo(dest)
        raise
    shutil.rmtree(staging, ignore_errors=True)  # without its journal it is only in the way


def _stage(dest: Path, staging: Path, change: Change) -> None:
    (staging / ".gitignore").write_text("*\n", encoding="utf-8")  # should this run be killed
    for path, file in change.write.items():
        new = staging / "new" / path
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(file.data)
        new.chmod(0o755 if file.executable else 0o644)
    for path in (*change.write, *change.remove):
        if (dest / path).is_file():
            (staging / "old" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(dest / path, staging / "old" / path)
    journal = {path: digest(file.data) for path, file in change.write.items()} | dict.fromkeys(change.remove)
    (staging / "journal.part").write_text(json.dumps(journal), encoding="utf-8")
    os.replace(staging / "journal.part", staging / _JOURNAL)


def _swap(dest: Path, staging: Path, change: Change) -> None:
    for path in change.write:
        (dest / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / "new" / path, dest / path)
    for path in change.remove:
        (dest / path).unlink()
        _prune(dest, path)
    (staging / _JOURNAL).unlink()  # from here on there is nothing to undo


def _put_back(dest: Path, old: Path, path: str, new: str | None) -> None:
    """Undo the change of one file, unless it has not happened yet, or somebody has changed the file since."""
    at = dest / path
    now = digest(at.read_bytes()) if at.is_file() else None
    if now == new and old.is_file():
        at.parent.mkdir(parents=True, exist_ok=True)
        os.replace(old, at)
    elif now == new and now is not None:
        at.unlink()
    _prune(dest, path)


def _prune(dest: Path, path: str) -> None:
    """Remove the folders that have become empty."""
    for folder in PurePosixPath(path).parents:
        at = dest / folder
        if at == dest or (at.is_dir() and any(at.iterdir())):
            return
        if at.is_dir():
            at.rmdir()
