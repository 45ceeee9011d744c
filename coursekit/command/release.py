"""coursekit release: the student's tree from the instructor's repository."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..release.handout import Release


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
    at = dates.moment(chosen.date) if chosen.date else datetime.now(UTC)
    options = {"dry": chosen.dry_run, "force": chosen.force}
    try:
        if chosen.nbgrader:
            made = handout.release_for_nbgrader(chosen.root, to, chosen.labs, **options)
        else:
            options |= {"labs": chosen.labs, "solutions": chosen.solutions}
            made = handout.release(chosen.root, to, at, **options)
    except CourseError as error:
        print(error, file=sys.stderr)
        count = len(error.faults)
        print(f"{count} fault{'s' * (count != 1)}: {to} is as it was", file=sys.stderr)
        return 1
    for line in dates.told(made.out):
        print(line)
    if made.undone:
        print(f"an earlier release into {to} was interrupted; what it had begun was undone")
    if made.left_out:
        print(f"not in git, so left out: {', '.join(made.left_out)}")
    print("\n".join(_told(chosen, to, made)))
    return 0


def _told(chosen: argparse.Namespace, to: Path, made: Release) -> list[str]:
    change, would = made.change, "would be " * chosen.dry_run
    if not change.write and not change.remove:
        return [f"{to} is up to date: nothing {would}changed"]
    count = f"{len(change.write)} files {would}written, {len(change.remove)} {would}removed in {to}"
    short = len(change.write) > 40 and not chosen.dry_run
    lines = [] if short else [f"  write   {path}" for path in change.write]
    return [*lines, *(f"  remove  {path}" for path in change.remove), count]
