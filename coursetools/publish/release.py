"""`coursetools release DEST`: make the students' tree, prove it clean, and only then write it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coursetools.build.diagnostics import Diagnostic, raise_if_any
from coursetools.build.editions import ParsedCourse
from coursetools.publish import leaks
from coursetools.publish.destination import TreeChange, apply_change, check_place, plan_change
from coursetools.publish.frozen_cells import frozen_faults
from coursetools.publish.schedule import ChapterStatus, schedule
from coursetools.publish.student_files import not_in_git, student_files


@dataclass(frozen=True)
class Release:
    """What a release did or, in a dry run, would do; `left_out` are files that git does not know yet."""

    statuses: Sequence[ChapterStatus]
    change: TreeChange
    left_out: Sequence[str] = ()


def release(
    parsed: ParsedCourse,
    dest: Path,
    at: datetime,
    *,
    labs: str = "due",
    solutions: str = "due",
    dry_run: bool = False,
    force: bool = False,
) -> Release:
    """Bring the students' tree in `dest` to what is out at a moment.

    Args:
        parsed: the instructor's repository, its course and sources.
        dest: the students' tree: empty, an earlier release, or a git work tree without uncommitted changes.
        at: the moment, with a time zone.
        labs: `none`, `due`, `all`, or chapters such as `01,03`.
        solutions: the same for solutions.
        dry_run: change nothing, and say what would change.
        force: replace files that were changed by hand in `dest`.
    Returns:
        What is out, and what was changed.
    Raises:
        CourseError: a leak, or a change in a lab that is out: nothing was written.
        ValueError: an option or `dest` is not what it should be: nothing was written.
        OSError: a file can't be read or written.
    """
    check_place(parsed.root, dest)
    statuses = schedule(parsed.course, at, labs, solutions)
    tree = student_files(parsed, statuses)
    slugs = {chapter.slug for chapter in parsed.course.chapters}
    raise_if_any(frozen_faults(dest, tree, slugs))
    change = plan_change(dest, tree, slugs)
    staying = _files_that_stay(dest, {*tree, *change.remove})
    raise_if_any(tree_leaks(parsed, {path: file.data for path, file in tree.items()}, staying, statuses))
    apply_change(dest, tree, change, dry_run=dry_run, force=force)
    return Release(statuses, change, not_in_git(parsed.root))


def tree_leaks(
    parsed: ParsedCourse,
    released: Mapping[str, bytes],
    staying: Mapping[str, bytes],
    statuses: Sequence[ChapterStatus],
) -> Iterator[Diagnostic]:
    """What a students' tree would give away: the files `released`, and others `staying` in it, by their path.

    A released module, lecture or solution makes its lines public, a file that only stays does not.
    """
    out = {f"solutions/{each.chapter.slug}.md" for each in statuses if each.solution_out}
    hidden = [source for path, source in parsed.sources.items() if path not in out]
    public = {path: data for path, data in released.items() if leaks.PUBLIC.fullmatch(path)}
    withheld = leaks.withheld_lines(hidden, [data.decode() for data in public.values()])
    # What makes a line public can't hold one that is withheld.
    searched = [(path, data) for path, data in released.items() if path not in public]
    yield from leaks.leak_faults([*searched, *staying.items()], withheld)


def _files_that_stay(dest: Path, ours: set[str]) -> dict[str, bytes]:
    found = []
    for folder, inner, names in os.walk(dest):
        inner[:] = [name for name in inner if name not in (".git", ".venv", "__pycache__")]
        found += [Path(folder, name) for name in names if Path(folder, name).is_file()]
    paths = {path.relative_to(dest).as_posix(): path for path in found}
    return {path: at.read_bytes() for path, at in paths.items() if path not in ours}
