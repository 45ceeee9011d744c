"""`coursekit release DEST`: make the student's tree, prove it clean, and only then put it into DEST."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coursekit.release import dest, kept, replacing, search
from coursekit.release.build import Material, load, notebooks
from coursekit.release.dates import Out, chosen, plan
from coursekit.release.faults import CourseError, Fault
from coursekit.release.grading import graded_course
from coursekit.release.tree import File, not_in_git, student_tree

_PUBLIC = re.compile(r"coursekit/.+\.py|(lectures|solutions)/[^/]+\.md")


@dataclass(frozen=True)
class Release:
    """What a release did or, in a dry run, would do."""

    out: list[Out]
    change: replacing.Change
    left_out: list[str]
    undone: bool


def release(
    root: Path,
    to: Path,
    at: datetime,
    *,
    labs: str = "due",
    solutions: str = "due",
    dry: bool = False,
    force: bool = False,
) -> Release:
    """Bring the student's tree in `to` to what is out at a moment.

    Args:
        root: the instructor's repository.
        to: the student's tree: empty, an earlier release, or a git working tree.
        at: the moment, with a time zone.
        labs: `none`, `due`, `all`, or chapters such as `01,03`.
        solutions: the same for solutions.
        dry: change nothing, and say what would change.
        force: replace files that were changed by hand in `to`.
    Returns:
        What is out, and what was changed.
    Raises:
        CourseError: faults in the sources, a leak, a change in a lab that is out: nothing was written.
        ValueError: an option or `to` is not what it should be: nothing was written.
        OSError: a file can't be read or written: nothing was changed.
    """
    dest.check_place(root, to)
    material = load(root)
    out = plan(material.course, at, labs, solutions)
    with nullcontext() if dry else replacing.alone(to):
        return _release(root, to, material, out, dry, force)


def _release(root: Path, to: Path, material: Material, out: list[Out], dry: bool, force: bool) -> Release:
    undone = not dry and replacing.undo(to)
    tree = student_tree(root, material, notebooks(material), out)
    slugs = {chapter.slug for chapter in material.course.chapters}
    before = dest.earlier(to, tree)
    after, tree[dest.MANIFEST] = dest.remembered(tree, before, slugs)
    change = dest.changes(to, tree, before, after)
    _refuse([*dest.in_the_way(to, change), *kept.faults(before.labs, after.labs, slugs)])
    _refuse(list(_leaks(to, material, tree, out, change)))
    _put(to, change, before, dry, force)
    return Release(out, change, not_in_git(root), undone)


def _leaks(
    to: Path, material: Material, tree: dict[str, File], out: list[Out], change: replacing.Change
) -> Iterator[Fault]:
    """What the tree, what stays in `to` and its git's objects would give away."""
    released = {f"solutions/{each.chapter.slug}.md" for each in out if each.solution}
    public = [file.data.decode(errors="replace") for path, file in tree.items() if _PUBLIC.fullmatch(path)]
    hidden = search.withheld(material.sources.values(), released, public)
    staying = search.left_in_place(to, {*tree, *change.remove})
    yield from search.compiled_alone([*tree, *staying])
    yield from search.faults(((path, file.data) for path, file in tree.items()), hidden)
    yield from search.faults(((path, search.content(to / path)) for path in staying), hidden)
    yield from search.faults(search.git_objects(to), hidden)


def release_for_nbgrader(
    root: Path, to: Path, labs: str, *, dry: bool = False, force: bool = False
) -> Release:
    """Write a course for nbgrader into `to`, whose other files are nbgrader's own; arguments as in `release`.

    Returns:
        What was changed.
    Raises:
        CourseError, ValueError, OSError: as `release`; nothing was changed.
    """
    dest.check_place(root, to, graded=True)
    material = load(root)
    tree = graded_course(material, chosen(material.course, labs))
    with nullcontext() if dry else replacing.alone(to):
        return _graded(to, tree, dry, force)


def _graded(to: Path, tree: dict[str, File], dry: bool, force: bool) -> Release:
    undone = not dry and replacing.undo(to)
    before = dest.earlier(to, tree)
    after, tree[dest.MANIFEST] = dest.remembered(tree, before, set())
    change = dest.changes(to, tree, before, after)
    _refuse(list(dest.in_the_way(to, change)))
    _put(to, change, before, dry, force)
    return Release([], change, [], undone)


def _put(to: Path, change: replacing.Change, before: dest.Before, dry: bool, force: bool) -> None:
    theirs = sorted(dest.changed_by_hand(to, change, before))
    if theirs and not force:
        names = ", ".join(theirs)
        raise ValueError(f"changed by hand in {to}: {names}; move them away, or give --force to replace them")
    if not dry and (change.write or change.remove):
        replacing.replace(to, change)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise CourseError(faults)
