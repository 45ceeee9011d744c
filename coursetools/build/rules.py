"""What a source may contain: tags, markers, exercises and what belongs to them."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from coursetools.build.boxes import BoxError, boxes
from coursetools.build.course import Chapter
from coursetools.build.diagnostics import Diagnostic
from coursetools.build.exercises import FORM, ExerciseSection, exercises, form_faults, numbers
from coursetools.build.lecture_form import Violation, evidence_faults, lecture_faults
from coursetools.build.markers import MarkerError, looks_like_marker, regions, stub, stub_message
from coursetools.build.source import SourceCell, SourceFile

# The closed list of tags, and the kinds of cell that may carry them; a cell carries at most one.
TAGS: dict[str, dict[str, tuple[str, ...]]] = {
    "lectures": {
        "setup": ("code",),
        "figure": ("code",),
        "evidence": ("code",),
        "algorithm": ("code",),
        "explorer": ("code",),
    },
    "solutions": {
        "setup": ("code",),
        "figure": ("code",),
        "exercise": ("code",),
        "check": ("code",),
        "hidden": ("code",),
        "solution": ("code", "markdown"),
        "written": ("markdown",),
    },
}
LEFT_OUT = ("hidden", "solution")  # of labs; solutions keep them

_MARKER_REMEDY = "write exactly '### BEGIN SOLUTION' … '### END SOLUTION', in pairs, around lines of code"


def rule_faults(source: SourceFile, chapter: Chapter) -> Iterator[Diagnostic]:
    """Every rule that a lecture or a solution breaks.

    Exercises carry the number of their chapter. A lecture that says how many minutes it takes is held to the
    form of one.
    """
    faults: list[Violation] = []
    first = source.cells[0] if source.cells else SourceCell("markdown", "", line=1)
    if first.kind != "markdown" or first.tag or not first.text.startswith("# "):
        faults.append((first.line, "no title", "begin with a Markdown cell `# Title`"))
    for cell in source.cells:
        faults += [*_tag_faults(cell, source.folder), *_marker_faults(cell), *_content_faults(cell)]
    if source.folder == "lectures" and not faults:
        faults += evidence_faults(source)
        faults += lecture_faults(source, chapter.number) if chapter.minutes else []
    if source.folder == "solutions":
        malformed = list(form_faults(source))
        yield from malformed
        if not malformed:  # what follows would blame the wrong exercise
            faults += _exercise_faults(source, chapter.number)
    yield from (Diagnostic(source.file, *fault) for fault in faults)


def _tag_faults(cell: SourceCell, folder: str) -> Iterator[Violation]:
    allowed = TAGS[folder]
    remedy = f"use {', '.join(allowed)} or none"
    if not cell.tag or cell.kind in allowed.get(cell.tag, ()):
        return
    if cell.tag in allowed:
        yield cell.line, f"a {cell.kind} cell tagged {cell.tag!r}", "retag it or change its kind"
    elif any(cell.tag in tags for tags in TAGS.values()):
        yield cell.line, f"tag {cell.tag!r} does not belong in {folder}", remedy
    else:
        yield cell.line, f"unknown tag {cell.tag!r}", remedy


def _content_faults(cell: SourceCell) -> Iterator[Violation]:
    if cell.kind == "markdown" and cell.text.count("<details") != cell.text.count("</details>"):
        yield cell.line, "<details> and </details> are not in pairs", "close each in its cell"
    if cell.kind == "markdown":
        try:
            boxes(cell.text)
        except BoxError as error:
            yield cell.body + error.line, str(error), error.remedy


def _marker_faults(cell: SourceCell) -> Iterator[Violation]:
    if cell.tag == "exercise":
        try:
            if not regions(cell.text):
                yield cell.line, "an exercise without a solution region", "mark its solution"
        except MarkerError as error:
            yield cell.body + error.line, str(error), _MARKER_REMEDY
        return
    for number, line in enumerate(cell.text.splitlines(), cell.body):
        if looks_like_marker(line):
            message = f"solution marker {line.strip()!r} outside an exercise cell"
            yield number, message, "tag the cell [exercise], or remove the line"


def _exercise_faults(source: SourceFile, chapter: int | None) -> Iterator[Violation]:
    by_line = numbers(source)
    seen: set[str] = set()
    for exercise in exercises(source):
        yield from _heading_faults(exercise, chapter, seen)
        seen.add(exercise.number)
    for cell in source.cells:
        if cell.tag == "exercise" and cell.line not in by_line:
            yield cell.line, "an exercise without a heading and number", f"write {FORM!r} above it"
        elif cell.tag == "exercise":
            yield from _stub_faults(cell, by_line[cell.line])
    # The code cell after an exercise is its check: any other would run the stub and stop the lab.
    code = [cell for cell in source.cells if cell.kind == "code" and cell.tag not in LEFT_OUT]
    for cell, after in pairwise([*code, SourceCell("code", "")]):
        if cell.tag == "exercise" and after.tag != "check":
            yield cell.line, "an exercise without a check", "put a cell tagged [check] below it"


def _heading_faults(exercise: ExerciseSection, chapter: int | None, seen: set[str]) -> Iterator[Violation]:
    name, line = f"Exercise {exercise.number}", exercise.line
    if exercise.number in seen:
        yield line, f"{name} is there twice", "number each exercise once"
    if exercise.chapter != chapter:
        yield line, f"{name} is in chapter {chapter}", f"number it {chapter}.{exercise.ordinal}"
    if exercise.hints != [1, 2, 3]:
        found = ", ".join(map(str, exercise.hints)) or "none"
        yield line, f"{name} needs hints 1, 2, 3 and has {found}", "write three folded hints"
    if not any(cell.tag in ("exercise", "written") for cell in exercise.cells):
        remedy = "tag its code cell [exercise] or its sample answer [written]"
        yield line, f"{name} has nothing to fill in", remedy


def _stub_faults(cell: SourceCell, number: str) -> Iterator[Violation]:
    """The lab's copy must be Python and must not raise before anything is called."""
    try:
        text = stub(cell.text, number)
        tree = ast.parse(text)
    except MarkerError:
        return  # reported already
    except SyntaxError as error:
        message = f"without its solution the cell is not Python ({error.msg})"
        yield cell.line, message, "mark whole statements of one block"
        return
    raised = (ast.get_source_segment(text, node) or "" for node in _raised_at_once(tree))
    if any(stub_message(number) in each for each in raised):
        yield cell.line, "a solution outside a function stops the untouched lab", "put it in a function"


def _raised_at_once(node: ast.AST) -> Iterator[ast.Raise]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _raised_at_once(child)
