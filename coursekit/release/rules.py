"""What a source may hold: tags, markers, exercises and what belongs to them."""

import ast
import re
from collections.abc import Iterator

from coursekit.release.exercises import FORM, Exercise, exercises, form_faults, numbers
from coursekit.release.faults import Fault
from coursekit.release.markers import MarkerFault, is_marker, looks_like_marker, message, regions, stub
from coursekit.release.source import Cell, Source

# The closed list of tags, and the kinds of cell that may carry them; a cell carries at most one.
TAGS: dict[str, dict[str, tuple[str, ...]]] = {
    "lectures": {"evidence": ("code",), "explorer": ("code",)},
    "solutions": {
        "exercise": ("code",),
        "check": ("code",),
        "hidden": ("code",),
        "solution": ("code", "markdown"),
        "written": ("markdown",),
    },
}
LEFT_OUT = ("hidden", "solution")  # of labs; solutions keep them


def faults(source: Source, chapter: int) -> Iterator[Fault]:
    """Everything a parsed source does that it may not, each with its line.

    Args:
        source: a lecture or a solution.
        chapter: the number of its chapter, which its exercises must bear.
    """
    yield from _title_faults(source)
    for cell in source.cells:
        yield from _tag_faults(cell, source)
        yield from _marker_faults(cell, source)
        if cell.tag == "evidence" and not re.search(r"^\s*assert\b", cell.text, re.MULTILINE):
            yield Fault(
                source.file, cell.line, "evidence without an assert", "assert the claim, or drop the tag"
            )
        if cell.kind == "markdown" and cell.text.count("<details") != cell.text.count("</details>"):
            yield Fault(
                source.file, cell.line, "<details> and </details> are not in pairs", "close each in its cell"
            )
    if source.folder == "solutions":
        yield from _exercise_faults(source, chapter)


def _title_faults(source: Source) -> Iterator[Fault]:
    first = source.cells[0] if source.cells else Cell("markdown", "", line=1)
    if first.kind != "markdown" or first.tag or not first.text.startswith("# "):
        yield Fault(source.file, first.line, "no title", "begin with a Markdown cell `# Title`")


def _tag_faults(cell: Cell, source: Source) -> Iterator[Fault]:
    allowed = TAGS[source.folder]
    if not cell.tag or cell.kind in allowed.get(cell.tag, ()):
        return
    if cell.tag in allowed:
        yield Fault(
            source.file, cell.line, f"a {cell.kind} cell tagged {cell.tag!r}", "retag it or change its kind"
        )
    elif any(cell.tag in tags for tags in TAGS.values()):
        what = f"tag {cell.tag!r} does not belong in {source.folder}"
        yield Fault(source.file, cell.line, what, f"use {', '.join(allowed)} or none")
    else:
        yield Fault(source.file, cell.line, f"unknown tag {cell.tag!r}", f"use {', '.join(allowed)} or none")


def _marker_faults(cell: Cell, source: Source) -> Iterator[Fault]:
    if cell.tag == "exercise":
        try:
            if not regions(cell.text):
                yield Fault(
                    source.file, cell.line, "an exercise without a solution region", "mark its solution"
                )
        except MarkerFault as error:
            remedy = "write exactly '### BEGIN SOLUTION' … '### END SOLUTION', in pairs, around lines of code"
            yield Fault(source.file, cell.body + error.line, str(error), remedy)
        return
    for number, line in enumerate(cell.text.splitlines(), cell.body):
        if is_marker(line) or looks_like_marker(line):
            what = f"solution marker {line.strip()!r} outside an exercise cell"
            yield Fault(source.file, number, what, "tag the cell [exercise], or remove the line")


def _exercise_faults(source: Source, chapter: int) -> Iterator[Fault]:
    malformed = list(form_faults(source))
    yield from malformed
    if malformed:  # what follows would blame the wrong exercise
        return
    found, by_line = exercises(source), numbers(source)
    seen: set[str] = set()
    for exercise in found:
        yield from _heading_faults(exercise, source.file, chapter, seen)
        seen.add(exercise.number)
    for cell in source.cells:
        if cell.tag == "exercise" and cell.line not in by_line:
            yield Fault(
                source.file, cell.line, "an exercise without a heading and number", f"write {FORM!r} above it"
            )
        elif cell.tag == "exercise":
            yield from _stub_faults(cell, source.file, by_line[cell.line])
    yield from _check_faults(source)


def _heading_faults(exercise: Exercise, file: str, chapter: int, seen: set[str]) -> Iterator[Fault]:
    name = f"Exercise {exercise.number}"
    if exercise.number in seen:
        yield Fault(file, exercise.line, f"{name} is there twice", "number each exercise once")
    if exercise.chapter != chapter:
        yield Fault(
            file, exercise.line, f"{name} is in chapter {chapter}", f"number it {chapter}.{exercise.ordinal}"
        )
    if exercise.hints != [1, 2, 3]:
        got = ", ".join(map(str, exercise.hints)) or "none"
        yield Fault(
            file, exercise.line, f"{name} needs hints 1, 2, 3 and has {got}", "write three folded hints"
        )
    if not any(cell.tag in ("exercise", "written") for cell in exercise.cells):
        remedy = "tag its code cell [exercise] or its sample answer [written]"
        yield Fault(file, exercise.line, f"{name} has nothing to fill in", remedy)


def _check_faults(source: Source) -> Iterator[Fault]:
    """The code cell after an exercise is its check: any other would run the stub and stop the lab."""
    code = [cell for cell in source.cells if cell.kind == "code" and cell.tag not in LEFT_OUT]
    for cell, after in zip(code, [*code[1:], Cell("code", "")], strict=True):
        if cell.tag == "exercise" and after.tag != "check":
            yield Fault(
                source.file, cell.line, "an exercise without a check", "put a cell tagged [check] below it"
            )


def _stub_faults(cell: Cell, file: str, number: str) -> Iterator[Fault]:
    """The lab's copy must be Python and must not raise before anything is called."""
    try:
        text = stub(cell.text, number)
        tree = ast.parse(text)
    except MarkerFault:
        return  # said already
    except SyntaxError as error:
        what = f"without its solution the cell is not Python ({error.msg})"
        yield Fault(file, cell.line, what, "mark whole statements of one block")
        return
    if any(message(number) in (ast.get_source_segment(text, node) or "") for node in _run_at_once(tree)):
        yield Fault(
            file, cell.line, "a solution outside a function stops the untouched lab", "put it in a function"
        )


def _run_at_once(node: ast.AST) -> Iterator[ast.Raise]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _run_at_once(child)
