"""The student's tree: every file of a release, in memory, made from the instructor's repository."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coursekit.release.build import Material
from coursekit.release.dates import Out
from coursekit.release.faults import CourseError, Fault
from coursekit.release.git import ask
from coursekit.release.later import redirected

TOP = (
    *("README.md", "LICENSE", "LICENSE-TEXT", "CITATION.cff", "Makefile", "pyproject.toml"),
    *("constraints.txt", "environment.yml", "postBuild", ".gitignore", ".gitattributes"),
    "tools/setup_env.py",
)
FOLDERS = ("coursekit", "pictures", "tools/jupyterlab")
MADE_BY_RUNNING = {"__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_ONLY = re.compile(
    r"^[ \t]*(<!--|#) instructors only\b.*\n(?:.*\n)*?[ \t]*\1 end of instructors only\b.*\n", re.M
)
_PAGE = re.compile(r"README\.md|(lectures|labs|solutions)/[^/]+\.(md|ipynb)")


@dataclass(frozen=True)
class File:
    """A file's content, and whether it may be executed."""

    data: bytes
    executable: bool = False


def student_tree(root: Path, material: Material, made: dict[str, str], out: Sequence[Out]) -> dict[str, File]:
    """Every file that students get.

    Args:
        root: the instructor's repository.
        material: its course and sources.
        made: the notebooks that the sources build, path to text.
        out: which labs and solutions are out.
    Returns:
        Path from the tree's top folder to content, sorted.
    Raises:
        CourseError: a file is a link, or an `instructors only` is not closed.
        ValueError: the repository's git can't be read.
    """
    paths = list(_handed_on(root))
    paths += [f"lectures/{chapter.slug}.md" for chapter in material.course.chapters]
    paths += [f"solutions/{each.chapter.slug}.md" for each in out if each.solution]
    tree = {path: _read(root, path) for path in paths}
    books = [f"lectures/{chapter.slug}.ipynb" for chapter in material.course.chapters]
    books += [f"labs/{each.chapter.slug}.ipynb" for each in out if each.lab]
    books += [f"solutions/{each.chapter.slug}.ipynb" for each in out if each.solution]
    tree |= {path: File(made[path].encode()) for path in books}
    for path in ("README.md", "Makefile"):
        if path in tree:
            tree[path] = File(_without_instructors(tree[path].data, path))
    pages = {path: file.data.decode() for path, file in tree.items() if _PAGE.fullmatch(path)}
    tree |= {path: File(text.encode()) for path, text in redirected(root, pages, set(tree), out).items()}
    return dict(sorted(tree.items()))


def not_in_git(root: Path) -> list[str]:
    """Files that would belong to the tree and are left out, because git does not know them yet."""
    known = _known_to_git(root)
    return sorted(set(_on_disk(root)) - known) if known else []


def _handed_on(root: Path) -> Iterator[str]:
    known = _known_to_git(root)
    yield from (path for path in _on_disk(root) if not known or path in known)


def _on_disk(root: Path) -> Iterator[str]:
    yield from (path for path in TOP if (root / path).is_file() or (root / path).is_symlink())
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root)
            if not MADE_BY_RUNNING & set(inside.parts) and (path.is_file() or path.is_symlink()):
                yield inside.as_posix()


def _known_to_git(root: Path) -> set[str]:
    """What git keeps of these; nothing where there is no git, and then all on disk counts."""
    listed = ask(root, "ls-files", "-z", "--", *TOP, *FOLDERS) or b""
    return {os.fsdecode(path) for path in listed.split(b"\0") if path}


def _read(root: Path, path: str) -> File:
    at = root / path
    steps = (path, *(str(each) for each in PurePosixPath(path).parents if str(each) != "."))
    if any((root / each).is_symlink() for each in steps):
        raise CourseError([Fault(path, 1, f"a link, to {at.resolve()}", "put the file itself in its place")])
    return File(at.read_bytes(), bool(at.stat().st_mode & 0o100))


def _without_instructors(data: bytes, path: str) -> bytes:
    """The text without what stands between `instructors only` and its end."""
    text = data.decode().replace("\r\n", "\n")
    kept = _ONLY.sub("", text)
    if "instructors only" in kept:
        line = next(n for n, each in enumerate(text.split("\n"), 1) if "instructors only" in each)
        remedy = "write <!-- instructors only --> … <!-- end of instructors only --> (in a Makefile # …)"
        raise CourseError([Fault(path, line, "an 'instructors only' without its other end", remedy)])
    return kept.encode()
