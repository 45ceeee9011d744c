"""The students' tree: every file of a release, in memory, made from the instructor's repository."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from coursetools.build.diagnostics import CourseError, Diagnostic
from coursetools.build.editions import ParsedCourse
from coursetools.git import run_git
from coursetools.publish.destination import File
from coursetools.publish.schedule import ChapterStatus
from coursetools.publish.unreleased_links import replace_unreleased_links

TOP = (
    *("README.md", "LICENSE", "LICENSE-TEXT", "CITATION.cff", "Makefile", "pyproject.toml"),
    *("constraints.txt", "environment.yml", "postBuild", ".gitignore", ".gitattributes"),
    "tools/setup_env.py",
)
FOLDERS = ("coursekit", "pictures", "tools/jupyterlab")
MADE_BY_RUNNING = {"__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_SHORTENED = ("README.md", "Makefile", "pyproject.toml")
_INSTRUCTORS_ONLY = re.compile(
    r"^[ \t]*(<!--|#) instructors only\b.*\n(?:.*\n)*?[ \t]*\1 end of instructors only\b.*\n", re.M
)
_PAGE = re.compile(r"README\.md|(lectures|labs|solutions)/[^/]+\.(md|ipynb)")


def student_files(parsed: ParsedCourse, statuses: Sequence[ChapterStatus]) -> dict[str, File]:
    """Every file that students get: path from the tree's top folder to content, sorted.

    Raises:
        CourseError: a file is a link, or an `instructors only` is not closed.
        ValueError: the repository's git can't be read.
    """
    chapters = [chapter.slug for chapter in parsed.course.lectures]
    labs = [each.chapter.slug for each in statuses if each.lab_out]
    solutions = [each.chapter.slug for each in statuses if each.solution_out]
    paths = [*_handed_on(parsed.root), *(f"lectures/{slug}.md" for slug in chapters)]
    paths += [f"solutions/{slug}.md" for slug in solutions]
    tree = {path: _read(parsed.root, path) for path in paths}
    folders = {"lectures": chapters, "labs": labs, "solutions": solutions}
    for path in (f"{folder}/{slug}.ipynb" for folder in folders for slug in folders[folder]):
        tree[path] = File(parsed.notebooks[path].encode())
    for path in _SHORTENED:
        if path in tree:
            tree[path] = File(_without_instructors(tree[path].data, path))
    pages = {path: file.data.decode() for path, file in tree.items() if _PAGE.fullmatch(path)}
    pages = replace_unreleased_links(parsed.root, pages, set(tree), statuses)
    tree |= {path: File(text.encode()) for path, text in pages.items()}
    return dict(sorted(tree.items()))


def not_in_git(root: Path) -> list[str]:
    """Files that would belong to the tree and are left out, because git does not know them yet."""
    return sorted(set(_on_disk(root)) - set(_handed_on(root)))


def _handed_on(root: Path) -> list[str]:
    """Of the files on disk those that git knows; where there is no git, all of them."""
    listed = run_git(root, "ls-files", "-z", "--", *TOP, *FOLDERS) or b""
    known = {os.fsdecode(path) for path in listed.split(b"\0") if path}
    return [path for path in _on_disk(root) if path in known or not known]


def _on_disk(root: Path) -> list[str]:
    every = [root / path for path in TOP]
    every += [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))]
    found = [path.relative_to(root) for path in every if path.is_file() or path.is_symlink()]
    return [path.as_posix() for path in found if not MADE_BY_RUNNING & set(path.parts)]


def _read(root: Path, path: str) -> File:
    at = root / path
    if any(each.is_symlink() for each in (at, *at.parents) if root in each.parents):
        message = f"a link, to {at.resolve()}"
        raise CourseError([Diagnostic(path, 1, message, "put the file itself in its place")])
    return File(at.read_bytes(), bool(at.stat().st_mode & 0o100))


def _without_instructors(data: bytes, path: str) -> bytes:
    """The text without what stands between `instructors only` and its end."""
    text = data.decode().replace("\r\n", "\n")
    shortened = _INSTRUCTORS_ONLY.sub("", text)
    if "instructors only" in shortened:
        line = next(n for n, each in enumerate(text.split("\n"), 1) if "instructors only" in each)
        remedy = "write <!-- instructors only --> … <!-- end of instructors only --> (outside Markdown # …)"
        raise CourseError([Diagnostic(path, line, "an 'instructors only' without its other end", remedy)])
    return shortened.encode()
