"""The folder that a release is written to: what it has, what is to change there, and the change itself.

`.release.json` in it has the hash of every released file, and the exercise cells of every lab that is out.
A file is written beside its place and renamed, so none is ever half written. A release that fails on the way
is completed by the next; in a git work tree git can undo it, because a release starts from committed files.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from coursetools.build.diagnostics import Diagnostic, raise_if_any
from coursetools.git import run_git
from coursetools.publish.frozen_cells import exercise_cells

MANIFEST = ".release.json"
NBGRADER_CONFIG = "nbgrader_config.py"  # what a course for nbgrader has, and no students' tree


@dataclass(frozen=True)
class File:
    """A file's content, and whether it may be executed."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class Manifest:
    """What a release left: files with their hashes, labs with their exercise cells."""

    files: dict[str, str] = field(default_factory=dict)
    labs: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class TreeChange:
    """What a release does in its folder: files to write, and files to remove."""

    write: Mapping[str, File]
    remove: list[str]


def check_place(root: Path, dest: Path, *, nbgrader: bool = False) -> None:
    """Refuse a folder that is no place for a release.

    Args:
        root: the instructor's repository.
        dest: where the release is to go.
        nbgrader: it is a course for nbgrader, with all answers, and not the students' tree.
    Raises:
        ValueError: it is a file, the repository, in it or around it, a folder of other things, or a git work
            tree that has the repository's history.
    """
    here, there = root.resolve(), dest.resolve()
    if there == here or here in there.parents or there in here.parents:
        raise ValueError(
            f"one of {dest} and the repository {here} is inside the other; choose another folder"
        )
    if dest.exists() and not dest.is_dir():
        raise ValueError(f"{dest} is a file; name a folder")
    known = any((dest / each).exists() for each in (MANIFEST, ".git"))
    if dest.is_dir() and any(dest.iterdir()) and not known:
        raise ValueError(f"{dest} is not empty, and neither an earlier release nor a git work tree; empty it")
    if nbgrader and any((dest / each).exists() for each in ("lectures", "labs")):
        raise ValueError(f"{dest} is a students' tree, and this would put all answers there; name another")
    if not nbgrader and (dest / NBGRADER_CONFIG).exists():
        raise ValueError(f"{dest} is a course for nbgrader, with all answers; name another folder")
    if (dest / ".git").exists() and _commits(root) & _commits(dest):
        raise ValueError(
            f"the history of {dest} is the repository's own, with all solutions; start a new one"
        )


def _commits(folder: Path) -> set[bytes]:
    return set((run_git(folder, "rev-list", "--all") or b"").split())


def read_manifest(dest: Path, tree: Iterable[str]) -> Manifest:
    """Read what the last release left; without `.release.json` the labs of `tree` in `dest` count as out.

    Raises:
        ValueError: `.release.json` or such a lab can't be read.
    """
    try:
        table = json.loads((dest / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(dict(table["files"]), dict(table["labs"]))
        for path in manifest.files:  # believe nothing that leads out of the tree
            if PurePosixPath(path).is_absolute() or {"..", ".git"} & {*PurePosixPath(path.lower()).parts}:
                raise ValueError(f"it names a file outside the tree: {path}")
        return manifest
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{dest / MANIFEST} can't be read ({error}); restore it from git") from None
    labs = {}
    for path in tree:
        if path.startswith("labs/") and (dest / path).is_file():
            try:
                labs[path] = exercise_cells((dest / path).read_text(encoding="utf-8"))
            except ValueError:
                raise ValueError(f"{dest / path} is no notebook; restore or remove it") from None
    return Manifest({}, labs)


def next_manifest(tree: Mapping[str, File], before: Manifest, slugs: set[str]) -> Manifest:
    """What this release leaves: its own files, and the labs of chapters that the course no longer has."""
    old = [path for path in before.labs if path not in tree and PurePosixPath(path).stem not in slugs]
    labs = {path: before.labs[path] for path in old}
    labs |= {path: exercise_cells(tree[path].data.decode()) for path in tree if path.startswith("labs/")}
    files = {path: before.files[path] for path in old if path in before.files}
    files |= {path: _digest(file.data) for path, file in tree.items()}
    return Manifest(dict(sorted(files.items())), dict(sorted(labs.items())))


def plan_change(dest: Path, tree: Mapping[str, File], before: Manifest, after: Manifest) -> TreeChange:
    """What differs from what `dest` has, `.release.json` last, and what is no longer released."""
    table = {"labs": after.labs, "files": after.files}
    every = {**tree, MANIFEST: File((json.dumps(table, indent=1) + "\n").encode())}
    write = {path: file for path, file in every.items() if _hash_on_disk(dest / path) != _digest(file.data)}
    gone = [path for path in before.files if path not in after.files and os.path.lexists(dest / path)]
    return TreeChange(write, gone)


def carry_out(
    dest: Path,
    tree: Mapping[str, File],
    change: TreeChange,
    before: Manifest,
    *,
    dry_run: bool = False,
    force: bool = False,
) -> None:
    """Change the folder, unless that would lose what somebody else wrote there.

    Args:
        dest: the folder of the release.
        tree: the files to be released.
        change: what is to be done (see `plan_change`).
        before: what the last release left.
        dry_run: only check.
        force: replace files that were changed by hand, as long as git can bring them back.
    Raises:
        CourseError: a link or a folder is in the place of a file.
        ValueError: files that would be replaced were changed by hand, or a change is not committed.
        OSError: a file can't be written or removed; those before it are done.
    """
    raise_if_any(_obstacles(dest, [*change.write, *change.remove]))
    if not change.write and not change.remove:
        return

    def is_foreign(path: str) -> bool:
        if path == MANIFEST or not os.path.lexists(dest / path):
            return False
        ours = {before.files.get(path, "")} | {_digest(file.data) for file in [tree.get(path)] if file}
        return _hash_on_disk(dest / path) not in ours

    changed = sorted(path for path in [*change.write, *change.remove] if is_foreign(path))
    if changed and not force:
        names = ", ".join(changed)
        raise ValueError(f"changed by hand in {dest}: {names}; move them away, or replace them by --force")
    uncommitted = [path for path in _uncommitted(dest) if is_foreign(path)]
    if uncommitted and not (dest / NBGRADER_CONFIG).exists():
        names = ", ".join(uncommitted[:5]) + ", …" * (len(uncommitted) > 5)
        raise ValueError(f"not committed in {dest}: {names}; commit them, so that git can undo the release")
    if not dry_run:
        _apply(dest, change)


def _obstacles(dest: Path, paths: Iterable[str]) -> set[Diagnostic]:
    """Links, and folders in the place of files: a release does not write through them."""
    targets = {dest / path for path in paths}
    parents = {dest / parent for path in paths for parent in PurePosixPath(path).parents} - {dest}
    wrong = {at for at in targets | parents if at.is_symlink()}
    wrong |= {at for at in targets if at.is_dir()} | {at for at in parents if at.is_file()}
    message = f"a link, a folder or a file in {dest} in the place of something else"
    return {Diagnostic(at.relative_to(dest).as_posix(), 1, message, "remove it") for at in wrong}


def _uncommitted(dest: Path) -> list[str]:
    if not (dest / ".git").exists():
        return []
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return [os.fsdecode(line[3:]) for line in (run_git(dest, *words) or b"").split(b"\0") if line]


def _apply(dest: Path, change: TreeChange) -> None:
    for path in change.remove:
        (dest / path).unlink()
        for folder in [dest / parent for parent in PurePosixPath(path).parents][:-1]:
            if not any(folder.iterdir()):
                folder.rmdir()
    for path, file in change.write.items():
        at = dest / path
        at.parent.mkdir(parents=True, exist_ok=True)
        new = at.with_name(f".{at.name}.new")
        try:
            new.write_bytes(file.data)
            new.chmod(0o755 if file.executable else 0o644)
            os.replace(new, at)
        finally:
            new.unlink(missing_ok=True)


def _digest(data: bytes) -> str:
    """A file's hash; git may change line ends on Windows, which is no change."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def _hash_on_disk(at: Path) -> str | None:
    return _digest(at.read_bytes()) if at.is_file() and not at.is_symlink() else None
