"""The command line: `coursetools build`, `coursetools check`, `coursetools site`, `coursetools release`."""

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

# jsonschema, behind nbformat, would build a grammar of web addresses (2 s) that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from coursetools.build import links, staleness  # noqa: E402
from coursetools.build.diagnostics import CourseError, Diagnostic  # noqa: E402
from coursetools.build.editions import ParsedCourse, load_course, write_notebooks  # noqa: E402
from coursetools.nbgrader.assignments import release_for_nbgrader  # noqa: E402
from coursetools.publish import leaks  # noqa: E402
from coursetools.publish.release import Release, release  # noqa: E402
from coursetools.publish.schedule import parse_date, status_lines  # noqa: E402
from coursetools.site.staging import stage  # noqa: E402

SHOWN = 40  # faults or files; more than that nobody reads


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after a line for each thing that is wrong."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except CourseError as error:
        return _report(error.faults, options.unchanged(options))
    except (ValueError, OSError) as error:
        return _print([f"coursetools: {error}"], to_stderr=True)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("coursetools", description="Build, check and release the course.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, description in (
        (_build, "write every notebook from its source"),
        (_check, "notebooks = sources, no leaks, no dead links"),
        (_site, "run the lectures, and write the pages of the reader's site for Sphinx"),
        (_release, "make the students' tree of the course"),
    ):
        name = run.__name__.lstrip("_")
        command = commands.add_parser(name, help=description, description=f"{name}: {description}")
        command.add_argument(
            "--root", type=Path, default=Path(), help="the course's top folder (default: here)"
        )
        verb = {"build": "written", "check": "checked", "site": "written"}.get(name)
        command.set_defaults(run=run, unchanged=lambda _, verb=verb: f"nothing {verb}")
        if run is _site:
            _add_site_arguments(command)
    _add_release_arguments(command)
    return parser


def _add_site_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", type=Path, metavar="DIR", help="the folder of the pages")
    parser.add_argument(
        "--lectures", default="all", metavar="none|all|04,05", help="those to run; others have no outputs"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="lectures at a time (default: 2)")


def _add_release_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(unchanged=lambda options: f"{options.nbgrader or options.dest} is as it was")
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument(
        "dest", type=Path, nargs="?", metavar="DEST", help="the students' tree: a folder or a clone"
    )
    to.add_argument(
        "--nbgrader", type=Path, metavar="DIR", help="write a course for nbgrader into DIR instead"
    )
    parser.add_argument("--date", help="as if it were then, such as 2026-11-24T09:00+01:00 (default: now)")
    choices = "none|due|all|01,03"
    parser.add_argument("--labs", default="due", metavar=choices, help="labs that are out")
    parser.add_argument("--solutions", default="due", metavar=choices, help="solutions that are out")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, and change nothing")
    parser.add_argument(
        "--force", action="store_true", help="replace files that were changed by hand in DEST"
    )


def _build(options: argparse.Namespace) -> int:
    parsed, readers = _load(options.root)
    books = {path: text for path, text in parsed.notebooks.items() if path not in readers}
    changed = write_notebooks(options.root, books)
    return _print(
        [*(f"wrote {path}" for path in changed), f"{len(parsed.notebooks)} notebooks are up to date"]
    )


def _check(options: argparse.Namespace) -> int:
    parsed, readers = _load(options.root)
    faults = check_faults(parsed, readers)
    if faults:
        return _report(faults, "the check failed")
    count = len(parsed.notebooks)
    return _print([f"{count} notebooks: as their sources build them, nothing leaked, no dead link"])


def _site(options: argparse.Namespace) -> int:
    parsed = load_course(options.root)
    numbers = None if options.lectures == "all" else options.lectures.replace("none", "").split(",")
    staged = stage(parsed, options.dest, numbers, jobs=options.jobs)
    return _print([f"{len(staged.pages)} pages, {len(staged.run)} of them with outputs, in {options.dest}"])


def _load(root: Path) -> tuple[ParsedCourse, set[str]]:
    """The course, and those of its notebooks on disk that are a reader's own, which are listed."""
    parsed = load_course(root)
    readers = staleness.reader_copies(parsed)
    for path in sorted(readers):
        back = f" (`git restore {path}` brings the built one back)" if path in parsed.notebooks else ""
        _print([f"{path}: run or worked in here, left alone{back}"])
    return parsed, readers


def check_faults(parsed: ParsedCourse, readers: Collection[str] = ()) -> list[Diagnostic]:
    """Every gate's faults: stale notebooks, leaks, dead links.

    Args:
        parsed: the course, its sources and the notebooks that they build.
        readers: notebooks whose copy on disk is a reader's own, and not looked at.
    """
    withheld = leaks.withheld_lines(parsed.sources.values(), leaks.public_texts(parsed.root))
    labs = {(path, text.encode()) for path, text in parsed.notebooks.items() if path.startswith("labs/")}
    # The lab on disk may be stale or an orphan: what it gives away is given away all the same.
    on_disk = {f"labs/{path.name}": path for path in (parsed.root / "labs").glob("*.ipynb")}
    labs |= {(path, at.read_bytes()) for path, at in on_disk.items() if path not in readers}
    return [
        *staleness.stale_faults(parsed, readers),
        *sorted(set(leaks.leak_faults(labs, withheld))),
        *links.link_faults(parsed),
    ]


def _release(options: argparse.Namespace) -> int:
    dest = options.nbgrader or options.dest
    if options.nbgrader and (options.date is not None or options.solutions != "due"):
        raise ValueError("--nbgrader takes no --date and no --solutions; leave them out")
    at = datetime.now(UTC) if options.date is None else parse_date(options.date)
    parsed = load_course(options.root)
    switches = {"dry_run": options.dry_run, "force": options.force}
    if options.nbgrader:
        made = release_for_nbgrader(parsed, dest, options.labs, **switches)
    else:
        choices = {"labs": options.labs, "solutions": options.solutions}
        made = release(parsed, dest, at, **choices, **switches)
    lines = list(status_lines(made.statuses))
    if made.left_out:
        lines.append(f"not in git, so left out: {', '.join(made.left_out)}")
    return _print([*lines, *_change_lines(dest, made, options.dry_run)])


def _change_lines(dest: Path, made: Release, dry_run: bool) -> list[str]:
    write, remove, would = made.change.write, made.change.remove, "would be " * dry_run
    if not write and not remove:
        return [f"{dest} is up to date: nothing {would}changed"]
    lines = [f"  write   {path}" for path in write if dry_run or len(write) <= SHOWN]
    count = f"{len(write)} files {would}written, {len(remove)} {would}removed in {dest}"
    return [*lines, *(f"  remove  {path}" for path in remove), count]


def _report(faults: Sequence[Diagnostic], outcome: str) -> int:
    more = [f"… and {len(faults) - SHOWN} more"] * (len(faults) > SHOWN)
    count = f"{len(faults)} fault{'s' * (len(faults) != 1)}: {outcome}"
    return _print([*map(str, faults[:SHOWN]), *more, count], to_stderr=True)


def _print(lines: Sequence[str], *, to_stderr: bool = False) -> int:
    """Print, and return 1 for errors. Names may be no text, and a reader such as `head` may be gone."""
    stream = sys.stderr if to_stderr else sys.stdout
    try:
        stream.write("".join(line.encode(errors="backslashreplace").decode() + "\n" for line in lines))
        stream.flush()
    except BrokenPipeError:  # Python would write what is left at its end, and fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return int(to_stderr)
