"""A course for nbgrader, made from the solutions' sources: ids that stay, points, visible and hidden tests.

Each exercise becomes an answer cell, and its check the visible test: it fails unless the check hands the
student's own function back. A `hidden` cell becomes a hidden test, which counts only where the visible one
passed. Sample answers in words, and open exercises but for one point, are marked by a person.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from coursetools.build.course import FILE, Course
from coursetools.build.diagnostics import CourseError, Diagnostic, raise_if_any
from coursetools.build.editions import ANSWER_HERE, ParsedCourse
from coursetools.build.exercises import ExerciseSection, exercises
from coursetools.build.notebook import render
from coursetools.build.notebook_frame import setup_code
from coursetools.build.source import SourceCell, SourceFile
from coursetools.publish.destination import NBGRADER_CONFIG, File, apply_change, check_place, plan_change
from coursetools.publish.release import Release
from coursetools.publish.schedule import select_labs

POINTS = {"core": 2, "stretch": 3, "open": 4, "written": 2}
_CHECK = re.compile(r"^(\w+) = (checks\.\w+\.\w+)\((\w+)\)$")
_RELATIVE = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)[^)\s]+\)")
_CONFIG = """\
# Made by `coursetools release --nbgrader`. Read by every nbgrader command in this folder.
import atexit
import os
import shutil
import tempfile

from coursetools.nbgrader.plugins import AUTOGRADE, FEEDBACK, SANITIZE, GradesExport

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "{course}"
c.ClearSolutions.code_stub = {{"python": 'raise NotImplementedError("fill me in")'}}
c.ClearSolutions.text_stub = "{answer}"
c.ExecutePreprocessor.timeout = 300  # seconds for one cell
c.Autograde.sanitize_preprocessors = SANITIZE
c.Autograde.autograde_preprocessors = AUTOGRADE
c.GenerateFeedback.preprocessors = FEEDBACK
c.ExportApp.plugin_class = GradesExport

os.environ["COURSEKIT_STRICT"] = "0"  # a wrong answer loses its own points, no others
os.environ["COURSEKIT_HOME"] = tempfile.mkdtemp(prefix="coursekit-grading-")
atexit.register(shutil.rmtree, os.environ["COURSEKIT_HOME"], ignore_errors=True)
"""


def release_for_nbgrader(
    parsed: ParsedCourse, dest: Path, labs: str = "all", *, dry_run: bool = False, force: bool = False
) -> Release:
    """Write a course for nbgrader into a folder, whose other files are nbgrader's own.

    Arguments and exceptions are those of `coursetools.publish.release.release`; `labs` are the chapters that
    are to be assignments. Returns what was changed.
    """
    check_place(parsed.root, dest, nbgrader=True)
    tree = assignment_files(parsed, select_labs(parsed.course, labs))
    change = plan_change(dest, tree)
    apply_change(dest, tree, change, dry_run=dry_run, force=force)
    return Release([], change)


def assignment_files(parsed: ParsedCourse, slugs: set[str] | None = None) -> dict[str, File]:
    """The files of a course for nbgrader: settings, and an assignment for each chapter, or those in `slugs`.

    Raises:
        CourseError: points for an exercise that does not exist, or a check that no test can be made from.
    """
    course = parsed.course
    sources = [each for each in parsed.sources.values() if each.folder == "solutions"]
    there = {exercise.number for source in sources for exercise in exercises(source)}
    unknown = sorted(key for key in course.points if key[0].isdigit() and key not in there)
    raise_if_any(Diagnostic(FILE, 1, f"points for exercise {key}", "there is none") for key in unknown)
    name = re.sub(r"\W+", "-", course.title.lower()).strip("-")
    files = {NBGRADER_CONFIG: File(_CONFIG.format(course=name, answer=ANSWER_HERE).encode())}
    for source in sources:
        if slugs is None or source.slug in slugs:
            assignment = File(_assignment(source, course).encode())
            files[f"source/{source.slug}/{source.slug}.ipynb"] = assignment
    return files


def _assignment(source: SourceFile, course: Course) -> str:
    marked = list(_marked_cells(source, course))
    first = next((n for n, (cell, _) in enumerate(marked) if cell.kind == "code"), len(marked))
    marked.insert(first, (SourceCell("code", setup_code(course)), _metadata("code", "given-setup")))
    book = json.loads(render(f"nbgrader/{source.slug}", [cell for cell, _ in marked]))
    for raw, (_, metadata) in zip(book["cells"], marked, strict=True):
        raw["metadata"] = metadata
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _metadata(kind: str, id_: str, points: int | None = None, solution: bool = False) -> dict[str, Any]:
    """What nbgrader has to know about a cell of a kind; `points` None: it is not graded."""
    graded = {"grade": False} if points is None else {"grade": True, "points": points}
    roles = {"locked": not solution, "solution": solution, "task": False}
    return {"nbgrader": {"cell_type": kind, "grade_id": id_, "schema_version": 3, **graded, **roles}}


def _marked_cells(source: SourceFile, course: Course) -> Iterator[tuple[SourceCell, dict[str, Any]]]:
    """The cells that nbgrader gets, each with its metadata; worked remarks stay away."""
    found = exercises(source)
    belongs = {cell.line: exercise for exercise in found for cell in exercise.cells}
    shares = {exercise.number: _shares(exercise, course) for exercise in found}
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    for cell in source.cells:
        exercise = belongs.get(cell.line)
        if cell.tag == "solution" or (cell.tag == "hidden" and exercise is None):
            continue
        kind = cell.tag if cell.tag and exercise else "given"
        if kind == "given" and cell.kind == "markdown":
            yield replace(cell, text=_RELATIVE.sub(r"\1", cell.text)), {}
            continue
        number = exercise.number if exercise else "0"
        seen[id_ := f"{kind}-{number.replace('.', '-')}"] += 1
        order = seen[id_]
        if kind == "given":  # by its place, not its text: corrected after the release it is the same cell
            yield cell, _metadata(cell.kind, f"{id_}-{order}")
            continue
        if kind == "check":
            names[number], cell = _test(cell, source.file, number, order)
        elif kind == "hidden":
            cell = _hidden_test(cell, number, names.get(number, ""))
        points = shares[number][kind].pop(0) if shares[number][kind] else None
        id_ += f"-{order}" * (order > 1)
        yield cell, _metadata(cell.kind, id_, points, solution=kind in ("exercise", "written"))


def _shares(exercise: ExerciseSection, course: Course) -> dict[str, list[int]]:
    """An exercise's points for each of its cells: half of the tests', rounded down, are for the hidden ones.

    Of an open exercise the tests have one point, for a method that runs; the others are a person's to give.
    """
    table = POINTS | dict(course.points)
    count = Counter(cell.tag for cell in exercise.cells)
    total = table.get(exercise.number, table[exercise.kind])
    written = table["written"] if count["check"] else table.get(exercise.number, table["written"])
    by_hand = max(total - 1, 0) if exercise.kind == "open" else 0
    hidden = (total - by_hand) // 2 if count["hidden"] else 0
    return {
        "exercise": _split_points(by_hand, count["exercise"]) if by_hand else [],
        "check": _split_points(total - by_hand - hidden, count["check"]),
        "hidden": _split_points(hidden, count["hidden"]),
        "written": [written] * count["written"],
    }


def _split_points(total: int, count: int) -> list[int]:
    return [total // count + (index < total % count) for index in range(count)]


def _test(cell: SourceCell, file: str, number: str, order: int) -> tuple[str, SourceCell]:
    """The visible test: the check must hand the student's own function back. Returns what holds then."""
    found = _CHECK.match(cell.text.strip())
    if not found:
        remedy = "write `name = checks.ch01.name(name)`, one line, nothing else"
        raise CourseError([Diagnostic(file, cell.line, "a check that nbgrader can't grade by", remedy)])
    name, check, answer = found.groups()
    mine = f"answer_{number.replace('.', '_')}" + f"_{order}" * (order > 1)
    own = f"{name} is {mine}"
    lines = [
        f"{mine} = {answer}",
        f"{name} = {check}({mine})",
        f'assert {own}, "Exercise {number}: the check says what it found"',
    ]
    return own, replace(cell, text="\n".join(lines))


def _hidden_test(cell: SourceCell, number: str, own: str) -> SourceCell:
    first = [f"assert {own}"] if own else []
    lines = [f"# A hidden test of exercise {number} runs here.", "### BEGIN HIDDEN TESTS", *first, cell.text]
    return replace(cell, text="\n".join([*lines, "### END HIDDEN TESTS"]))
