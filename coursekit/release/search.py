"""Gate: nothing withheld is anywhere in a student's tree, nor in the git objects of DEST.

Searched are all files that will be there after the release, inside archives and notebooks too, and every
object of DEST's git, whether or not a branch still reaches it.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coursekit.release.dest import STAGING
from coursekit.release.disguises import readings, squeeze
from coursekit.release.faults import Fault
from coursekit.release.leaks import Secret, places, public_text, secrets
from coursekit.release.shapes import Shape, read, shapes, shows
from coursekit.release.source import Source
from coursekit.release.unpacked import Unreadable, texts

_REMEDY = "nothing was written; remove it there, or release its chapter's solution"
_LOOK = "remove it, or make DEST anew"
_COMPILED = (".pyc", ".pyo")


@dataclass(frozen=True)
class Withheld:
    """What students may not have yet: lines, and pieces of code under any names."""

    lines: list[Secret]
    shapes: list[Shape]


def withheld(root: Path, sources: Iterable[Source], out: set[str]) -> Withheld:
    """What no student may see while only the solutions `out` are released.

    Args:
        root: the instructor's repository.
        sources: its parsed sources.
        out: paths of the solutions' sources that are out: what they say is public.
    """
    hidden = [each for each in sources if each.folder == "solutions" and each.file not in out]
    released = [(root / path).read_text(encoding="utf-8") for path in sorted(out)]
    public = "\n".join([public_text(root), *map(squeeze, released)])
    files = [*sorted((root / "coursekit").rglob("*.py")), *sorted((root / "lectures").glob("*.md"))]
    code = [*released, *(path.read_text(encoding="utf-8") for path in files)]
    return Withheld(secrets(hidden, public), shapes(hidden, code))


def faults(files: Iterable[tuple[str, bytes]], hidden: Withheld) -> Iterator[Fault]:
    """What files give away, each named by its path, and a notebook's cell.

    Args:
        files: path and content of each file.
        hidden: what may not be there (see `withheld`).
    """
    clean: set[bytes] = set()  # git's objects repeat the files
    for path, data in files:
        digest = hashlib.sha256(data).digest()
        try:
            inside = texts(path, b"" if digest in clean else data)
            found = [fault for name, text in inside for fault in _in_text(name, text, hidden)]
        except Unreadable as error:
            yield Fault(path, 1, f"{error}, so nobody knows what is in it", _LOOK)
            continue
        yield from found
        if not found:
            clean.add(digest)


def left_in_place(dest: Path, replaced: set[str]) -> Iterator[tuple[str, bytes]]:
    """The files in DEST that the release neither writes nor removes, but for git's objects and `.venv`."""
    for folder, inner, names in os.walk(dest):
        at = Path(folder)
        top = at == dest
        inner[:] = [each for each in inner if not (top and each in (STAGING, ".venv"))]
        if at == dest / ".git":
            inner[:] = [each for each in inner if each != "objects"]
        for name in [*names, *(each for each in inner if (at / each).is_symlink())]:
            path = (at / name).relative_to(dest).as_posix()
            if path in replaced or not ((at / name).is_symlink() or (at / name).is_file()):
                continue  # a pipe or a socket holds no text, and reading it would wait for ever
            yield (
                path,
                os.readlink(at / name).encode() if (at / name).is_symlink() else (at / name).read_bytes(),
            )


def compiled_alone(paths: Iterable[str]) -> Iterator[Fault]:
    """Compiled code without its source: nobody can say what it was compiled from."""
    there = set(paths)
    for path in there:
        folder, _, name = path.rpartition("/")
        source = f"{folder.removesuffix('__pycache__').rstrip('/')}/{name.split('.')[0]}.py".lstrip("/")
        if path.endswith(_COMPILED) and source not in there:
            yield Fault(path, 1, f"compiled code, and its source {source} is not in the tree", _LOOK)


def git_objects(dest: Path) -> Iterator[tuple[str, bytes]]:
    """Every object in the git repository of DEST that can hold text, with a path it has had.

    Raises:
        ValueError: there is a repository, and git can't read it.
    """
    if not dest.is_dir() or _git(dest, "rev-parse", "--git-dir", fails=not (dest / ".git").exists()) is None:
        return
    listed = _git(dest, "rev-list", "--objects", "--all", "--reflog") or b""
    paths = dict(line.split(" ", 1) for line in listed.decode(errors="replace").splitlines() if " " in line)
    data = _git(dest, "cat-file", "--batch-all-objects", "--unordered", "--batch") or b""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, kind, size = data[at:end].decode().split(" ")
        content, at = data[end + 1 : end + 1 + int(size)], end + 2 + int(size)
        if kind != "tree":
            yield f"{paths.get(name, kind)} in git object {name[:12]}", content


def _git(dest: Path, *words: str, fails: bool = False) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(dest), *words], capture_output=True, check=False)
    except OSError as error:
        if fails:
            return None
        raise ValueError(f"{dest} has a git repository, and git can't be run: {error}") from None
    if done.returncode == 0:
        return done.stdout
    if fails:
        return None
    raise ValueError(
        f"git can't read the repository of {dest}: {done.stderr.decode(errors='replace').strip()}"
    )


def _in_text(name: str, text: str, hidden: Withheld) -> Iterator[Fault]:
    for place, content in places(text):
        where = name if place == "which is no notebook" else f"{name}, {place}"
        seen = readings(content)
        shown = "\n".join(map(squeeze, seen))
        found = {(each.file, each.line) for each in hidden.lines if each.squeezed in shown}
        for file, line in sorted(found):
            yield Fault(file, line, f"this withheld line is in {where}", _REMEDY)
        code = [read(each) for each in seen]
        renamed = {(each.file, each.line) for each in hidden.shapes if any(shows(one, each) for one in code)}
        for file, line in sorted(renamed - found):
            yield Fault(file, line, f"this withheld code, perhaps with other names, is in {where}", _REMEDY)
