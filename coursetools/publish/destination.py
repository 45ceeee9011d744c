"""The folder that a release is written to: what it has, what is to change there, and the change itself.

`.release.json` in it has the hash of every released file. A file is written beside its place and renamed, so
none is ever half written, and a release that was interrupted is completed by the next. In a git work tree a
release starts from committed files, so that git can undo it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coursetools.build.diagnostics import Diagnostic, raise_if_any
from coursetools.git import run_git

MANIFEST = ".release.json"
NBGRADER_CONFIG = "nbgrader_config.py"  # what a course for nbgrader has, and no students' tree


@dataclass(frozen=True)
class File:
    """A file's content, and whether it may be executed."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class TreeChange:
    """What a release does in its folder, and the hashes `before` of what the last one left there."""

    write: Mapping[str, File]
    remove: list[str]
    before: Mapping[str, str]


def check_place(root: Path, dest: Path, *, nbgrader: bool = False) -> None:
    """Refuse a folder that is no place for a release of the repository `root`.

    With `nbgrader` the release is a course for nbgrader, with all answers, and not a students' tree.

    Raises:
        ValueError: it is a file, the repository, in it or around it, a folder of other things, or a git work
            tree that has the repository's history.
    """
    here, there = root.resolve(), dest.resolve()
    if there == here or here in there.parents or there in here.parents:
        raise ValueError(f"one of {dest} and the repository {here} is inside the other; name another folder")
    if dest.exists() and not dest.is_dir():
        raise ValueError(f"{dest} is a file; name a folder")
    known = any((dest / each).exists() for each in (MANIFEST, ".git"))
    if dest.is_dir() and any(dest.iterdir()) and not known:
        raise ValueError(f"{dest} is not empty, and neither an earlier release nor a git work tree; empty it")
    if nbgrader and any((dest / each).exists() for each in ("lectures", "labs")):
        raise ValueError(f"{dest} is a students' tree, and this would put all answers there; name another")
    if not nbgrader and (dest / NBGRADER_CONFIG).exists():
        raise ValueError(f"{dest} is a course for nbgrader, with all answers; name another folder")
    folders = (root, dest) if (dest / ".git").exists() else ()
    commits = [set((run_git(folder, "rev-list", "--all") or b"").split()) for folder in folders]
    if commits and commits[0] & commits[1]:
        raise ValueError(f"{dest} has the history of {here}, with all solutions; use a repository of its own")


def plan_change(dest: Path, tree: Mapping[str, File], slugs: Iterable[str] = ()) -> TreeChange:
    """What has to be written and removed in `dest` for the release of `tree`.

    Labs of chapters that are no longer among the course's `slugs` stay. Raises ValueError if `.release.json`
    can't be read.
    """
    before = _read_manifest(dest)
    old_labs = {path for path in before if path.startswith("labs/") and PurePosixPath(path).stem not in slugs}
    after = {path: before[path] for path in old_labs}
    after |= {path: _digest(file.data) for path, file in tree.items()}
    table = json.dumps({"files": dict(sorted(after.items()))}, indent=1) + "\n"
    every = {**tree, MANIFEST: File(table.encode())}
    write = {path: file for path, file in every.items() if _digest_on_disk(dest / path) != _digest(file.data)}
    gone = [path for path in before if path not in after and os.path.lexists(dest / path)]
    return TreeChange(write, gone, before)


def apply_change(
    dest: Path, tree: Mapping[str, File], change: TreeChange, *, dry_run: bool = False, force: bool = False
) -> None:
    """Make the change that `plan_change` found for `tree`, unless it would lose somebody's work in `dest`.

    A dry run checks everything and changes nothing; `force` replaces files that were changed by hand, as long
    as git can bring them back.

    Raises:
        CourseError: a link or a folder is in place of a file.
        ValueError: files that would be replaced were changed by hand, or a change is not committed.
        OSError: a file can't be written or removed; those before it are done.
    """
    paths = [*change.write, *change.remove]
    raise_if_any(_obstacles(dest, paths))

    def is_foreign(path: str) -> bool:
        ours = {change.before.get(path, ""), _digest(tree[path].data) if path in tree else ""}
        return path != MANIFEST and os.path.lexists(dest / path) and _digest_on_disk(dest / path) not in ours

    changed = sorted(filter(is_foreign, paths))
    if changed and not force:
        names = ", ".join(changed)
        raise ValueError(f"changed by hand in {dest}: {names}; move them away, or replace them by --force")
    uncommitted: list[str] = []
    if paths and (dest / ".git").exists() and not (dest / NBGRADER_CONFIG).exists():
        words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        lines = (run_git(dest, *words) or b"").split(b"\0")
        uncommitted = [path for path in (os.fsdecode(line[3:]) for line in lines if line) if is_foreign(path)]
    if uncommitted:
        names = ", ".join(uncommitted[:5]) + ", …" * (len(uncommitted) > 5)
        raise ValueError(f"not committed in {dest}: {names}; commit them, so that git can undo the release")
    if not dry_run:
        _remove(dest, change.remove)
        _write(dest, change.write)


def _read_manifest(dest: Path) -> dict[str, str]:
    if not (dest / MANIFEST).is_file():
        return {}
    try:
        files = dict(json.loads((dest / MANIFEST).read_text(encoding="utf-8"))["files"])
        for path in files:  # believe nothing that leads out of the tree
            if PurePosixPath(path).is_absolute() or {"..", ".git"} & {*PurePosixPath(path.lower()).parts}:
                raise ValueError(f"it names a file outside the tree: {path}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{dest / MANIFEST} can't be read ({error!r}); restore it from git") from None
    return files


def _obstacles(dest: Path, paths: Iterable[str]) -> set[Diagnostic]:
    """Links, and folders in place of files: a release does not write through them."""
    targets = {dest / path for path in paths}
    parents = {parent for at in targets for parent in at.parents if dest in parent.parents}
    wrong = {at for at in targets | parents if at.is_symlink()}
    wrong |= {at for at in targets if at.is_dir()} | {at for at in parents if at.is_file()}
    message = f"a link, a folder or a file in {dest} in place of something else"
    return {Diagnostic(at.relative_to(dest).as_posix(), 1, message, "remove it") for at in wrong}


def _remove(dest: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (dest / path).unlink()
        for folder in (dest / path).parents:
            if folder == dest or any(folder.iterdir()):
                break
            folder.rmdir()


def _write(dest: Path, files: Mapping[str, File]) -> None:
    for path, file in files.items():
        at = dest / path
        new = at.with_name(f".{at.name}.new")
        at.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.write_bytes(file.data)
            new.chmod(0o755 if file.executable else 0o644)
            os.replace(new, at)
        finally:
            new.unlink(missing_ok=True)


def _digest(data: bytes) -> str:
    """A file's hash; git may change line ends on Windows, which is no change."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def _digest_on_disk(at: Path) -> str | None:
    return _digest(at.read_bytes()) if at.is_file() and not at.is_symlink() else None
