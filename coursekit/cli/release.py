"""coursekit release: the student's tree from the instructor's repository."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ..release.handout import Release

SHOWN = 40  # faults: a DEST that was cloned from the course itself has thousands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `coursekit release`."""
    parser.set_defaults(run=run)
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument(
        "dest", type=Path, nargs="?", metavar="DEST", help="the student's tree: a folder or a clone"
    )
    to.add_argument(
        "--nbgrader", type=Path, metavar="DIR", help="write a course for nbgrader into DIR instead"
    )
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the instructor's repository (default: here)"
    )
    parser.add_argument("--date", help="as if it were then, such as 2026-11-24T09:00+01:00 (default: now)")
    parser.add_argument("--labs", default="due", metavar="none|due|all|01,03", help="labs that are out")
    parser.add_argument(
        "--solutions", default="due", metavar="none|due|all|01,03", help="solutions that are out"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would change, and change nothing")
    parser.add_argument(
        "--force", action="store_true", help="replace files that were changed by hand in DEST"
    )


def run(chosen: argparse.Namespace) -> int:
    """Make the release; print what is out, and what was changed or what stands in the way."""
    # jsonschema, behind nbformat, would build a grammar of web addresses (2 s) that no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from ..release import dates, handout  # they need jupytext, which comes with the lab extra
    from ..release.faults import CourseError

    to = chosen.nbgrader or chosen.dest
    try:
        made = _made(chosen, to, dates, handout)
    except CourseError as error:
        count = len(error.faults)
        lines = [*map(str, error.faults[:SHOWN]), f"… and {count - SHOWN} more"][: min(count, SHOWN + 1)]
        _say([*lines, f"{count} fault{'s' * (count != 1)}: {to} is as it was"], sys.stderr)
        return 1
    lines = list(dates.told(made.out))
    if made.undone:
        lines.append(f"an earlier release into {to} was interrupted; what it had begun was undone")
    if made.left_out:
        lines.append(f"not in git, so left out: {', '.join(made.left_out)}")
    _say([*lines, *_told(chosen, to, made)], sys.stdout)
    return 0


def _made(chosen: argparse.Namespace, to: Path, dates: ModuleType, handout: ModuleType) -> Release:
    options = {"dry": chosen.dry_run, "force": chosen.force}
    if chosen.nbgrader:
        if chosen.date is not None or chosen.solutions != "due":
            raise ValueError("--nbgrader takes no --date and no --solutions; leave them out")
        return handout.release_for_nbgrader(chosen.root, to, chosen.labs, **options)
    at = datetime.now(UTC) if chosen.date is None else dates.moment(chosen.date)
    return handout.release(chosen.root, to, at, labs=chosen.labs, solutions=chosen.solutions, **options)


def _say(lines: list[str], to: TextIO) -> None:
    """Print, also names that are no text; that nobody reads on (`| head`) is no fault."""
    try:
        to.write("".join(line.encode(errors="backslashreplace").decode() + "\n" for line in lines))
        to.flush()
    except BrokenPipeError:
        # Python would write what is left at its end, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())


def _told(chosen: argparse.Namespace, to: Path, made: Release) -> list[str]:
    change, would = made.change, "would be " * chosen.dry_run
    if not change.write and not change.remove:
        return [f"{to} is up to date: nothing {would}changed"]
    count = f"{len(change.write)} files {would}written, {len(change.remove)} {would}removed in {to}"
    short = len(change.write) > 40 and not chosen.dry_run
    lines = [] if short else [f"  write   {path}" for path in change.write]
    return [*lines, *(f"  remove  {path}" for path in change.remove), count]
