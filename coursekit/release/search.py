"""Gate: nothing withheld is anywhere in a student's tree, nor in the git objects of DEST.

Searched are all files that will be there after the release, inside archives and notebooks too, and every
object of DEST's git, whether or not a branch still reaches it.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coursekit.release.disguises import readings, squeeze
from coursekit.release.faults import Fault
from coursekit.release.git import ask
from coursekit.release.leaks import Secret, places, secrets
from coursekit.release.replacing import STAGING
from coursekit.release.shapes import Shape, read, shapes, shows
from coursekit.release.source import Source
from coursekit.release.unpacked import LARGEST, Unreadable, texts

_REMEDY = "nothing was written; remove it there, or release its chapter's solution"
_LOOK = "remove it, or make DEST anew"
_COMPILED = (".pyc", ".pyo")


@dataclass(frozen=True)
class Withheld:
    """What students may not have yet: lines, and pieces of code under any names."""

    lines: list[Secret]
    shapes: list[Shape]


def withheld(sources: Iterable[Source], released: Collection[str], public: Collection[str]) -> Withheld:
    """What no student may see yet.

    Args:
        sources: the parsed sources.
        released: paths of the solutions' sources that are out.
        public: the texts that make a line public: modules, lectures and the solutions that are out.
    """
    hidden = [each for each in sources if each.folder == "solutions" and each.file not in released]
    return Withheld(secrets(hidden, "\n".join(map(squeeze, public))), shapes(hidden, public))


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


def left_in_place(dest: Path, replaced: Collection[str]) -> list[str]:
    """The paths in DEST that the release neither writes nor removes, but for git's objects and `.venv`.

    Raises:
        OSError: a folder can't be read.
    """
    found = []
    for folder, inner, names in os.walk(dest, onerror=_raised) if dest.exists() else ():
        at = Path(folder)
        top = at == dest
        inner[:] = [each for each in inner if not (top and each in (STAGING, ".venv"))]
        if at == dest / ".git":
            inner[:] = [each for each in inner if each != "objects"]
        links = [each for each in inner if (at / each).is_symlink()]
        # A pipe or a socket holds no text, and reading it would wait for ever.
        texts = [each for each in names if (at / each).is_symlink() or (at / each).is_file()]
        found += [(at / name).relative_to(dest).as_posix() for name in (*texts, *links)]
    return [path for path in found if path not in replaced]


def content(at: Path) -> bytes:
    """A file's content, as far as it can be searched; of a link, where it leads."""
    if at.is_symlink():
        return os.fsencode(os.readlink(at))
    with at.open("rb") as file:
        return file.read(LARGEST + 1)


def _raised(error: OSError) -> None:
    raise error


def compiled_alone(paths: Iterable[str]) -> Iterator[Fault]:
    """Compiled code without its source: nobody can say what it was compiled from."""
    there = set(paths)
    for path in there:
        folder, _, name = path.rpartition("/")
        source = f"{folder.removesuffix('__pycache__').rstrip('/')}/{name.split('.')[0]}.py".lstrip("/")
        if path.endswith(_COMPILED) and source not in there:
            yield Fault(path, 1, f"compiled code, and its source {source} is not in the tree", _LOOK)


def git_objects(dest: Path) -> Iterator[tuple[str, bytes]]:
    """Every object in the git repository of DEST, with a path it has had; of a folder, the names in it.

    Raises:
        ValueError: there is a repository, and git can't read it.
    """
    listed = ask(dest, "rev-list", "--objects", "--all", "--reflog") if dest.is_dir() else None
    if listed is None:
        return
    paths = dict(line.split(" ", 1) for line in listed.decode(errors="replace").splitlines() if " " in line)
    data = ask(dest, "cat-file", "--batch-all-objects", "--unordered", "--batch") or b""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, kind, size = data[at:end].decode().split(" ")
        yield f"{paths.get(name, kind)} in git object {name[:12]}", data[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)


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
