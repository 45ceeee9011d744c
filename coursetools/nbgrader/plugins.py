"""nbgrader plugins for this course's submissions: needs the `instructor` extra.

A notebook whose cells were deleted, duplicated, split or retyped, and one that kills its kernel, is reported
and gets no score at all; nbgrader alone would score some of them, silently, by what is left. Hidden tests do
not show in the feedback either: nbgrader alone would print them there.
"""

import csv
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_output
from nbgrader import preprocessors as steps
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import CsvExportPlugin

from coursetools.publish.leaks import json_text, squeeze

_DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
_HIDDEN = "BEGIN HIDDEN TESTS"
_SHORTEST = 12


class NotScored(Exception):
    """A submission that a person has to look at: nothing of it was scored."""


class RequireIntactCells(steps.NbGraderPreprocessor):
    """Refuse a notebook whose cells are not the ones that were handed out."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Compare the submission's cells with the assignment's."""
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as book:
            source = book.find_notebook(info["notebook"], info["assignment"])
            cells = {cell.name: (cell.cell_type, cell.source) for cell in source.source_cells}
            answers = {cell.name for cell in source.solution_cells}
        faults = _cell_faults(nb.cells, cells, answers)
        if faults:
            raise _not_scored(resources, "; ".join(faults))
        return nb, resources


class ExecuteSubmission(steps.Execute):
    """Execute a submission; one whose kernel dies, or where no assert can fail, has no score at all.

    A warning costs nothing: nbgrader alone would give 0 for a test that has anything on stderr.
    """

    def preprocess(self, nb: Any, resources: Any, retries: int | None = None) -> tuple[Any, Any]:
        """Run all cells, and one more that must fail."""
        nb.cells.append(new_code_cell("assert False"))
        try:
            nb, resources = super().preprocess(nb, resources, retries)
        except Exception as error:
            raise _not_scored(resources, f"it could not be run ({type(error).__name__}: {error})") from error
        must_fail = nb.cells.pop()
        if not any(output.get("ename") == "AssertionError" for output in must_fail.outputs):
            raise _not_scored(resources, "it changes how Python runs: `assert False` no longer fails there")
        for output in (each for cell in nb.cells for each in cell.get("outputs", [])):
            if output.output_type == "stream":
                output.name = "stdout"
        return nb, resources


class HideTests(steps.ClearHiddenTests):
    """Take hidden tests out of feedback, and the outputs that quote them."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Clear all cells; a submission that prints the grader's files does not get them as feedback."""
        tests = _hidden_lines(nb.cells)
        for cell in nb.cells:
            if cell.cell_type == "code" and _HIDDEN not in cell.source:
                shown = squeeze(json_text(cell.outputs))
                if any(line in shown for line in tests):
                    note = "An output that quotes a hidden test is left out.\n"
                    cell.outputs = [new_output("stream", text=note)]
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear one cell."""
        if cell.cell_type == "code" and _HIDDEN in cell.source:
            failed = any(output.output_type == "error" for output in cell.outputs)
            cell.outputs = []
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
            cell.source += f"\n# It {'failed' if failed else 'passed'}."
        return cell, resources


class GradesExport(CsvExportPlugin):
    """Grades as CSV; nbgrader alone would write 0 for what was never scored, here such a score is empty."""

    def export(self, gradebook: Any) -> None:
        """Write the table."""
        super().export(gradebook)
        path = Path(self.to or "grades.csv")
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        for row in table:
            if not is_scored(gradebook, row["assignment"], row["student_id"]):
                row["raw_score"] = row["score"] = ""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]) if table else [])
            writer.writeheader()
            writer.writerows(table)


def is_scored(gradebook: Any, assignment: str, student: str) -> bool:
    """Whether autograde came to its end: it leaves a score at every test."""
    try:
        books = gradebook.find_submission(assignment, student).notebooks
    except MissingEntry:
        return False
    return any(grade.auto_score is not None for book in books for grade in book.grades)


def _cell_faults(cells: Any, handed_out: dict[str, tuple[str, str]], answers: set[str]) -> list[str]:
    named = [(cell.metadata.get("nbgrader", {}).get("grade_id"), cell) for cell in cells]
    count = Counter(name for name, _ in named if name)
    faults = [f"cell {name} is missing" for name in handed_out if name not in count]
    faults += [f"cell {name} is there {n} times (split or copied)" for name, n in count.items() if n > 1]
    faults += [f"cell {name} is none of the assignment's" for name in count if name not in handed_out]
    for name, cell in named:
        kind, text = handed_out.get(name, (cell.cell_type, ""))
        if cell.cell_type != kind:
            faults.append(f"cell {name} was turned from {kind} into {cell.cell_type}")
        elif name in answers and kind == "code":
            gone = [each for each in _DEFINED.findall(text) if not re.search(rf"\b{each}\b", cell.source)]
            faults += [f"cell {name} no longer defines {each} (split or emptied)" for each in gone]
    return faults


def _hidden_lines(cells: Any) -> set[str]:
    """The lines of all hidden tests, squeezed; not those that stand in a visible cell too."""
    hidden, visible = [], []
    for cell in cells:
        before, _, inside = cell.source.partition(_HIDDEN)
        visible.append(squeeze(before))
        hidden += [squeeze(line) for line in inside.splitlines()]
    shown = "\n".join(visible)
    return {line for line in hidden if len(line) >= _SHORTEST and line not in shown}


def _not_scored(resources: Any, reason: str) -> NotScored:
    """Forget the submission: an export would list it with 0 points, as if it had been marked."""
    info = resources["nbgrader"]
    with Gradebook(info["db_url"]) as book, suppress(MissingEntry):
        book.remove_submission(info["assignment"], info["student"])
    return NotScored(f"{info['notebook']} of {info['student']} is not scored: {reason}")


SANITIZE: list[type] = [RequireIntactCells, steps.ClearOutput, steps.DeduplicateIds]
SANITIZE += [steps.OverwriteKernelspec, steps.OverwriteCells, steps.CheckCellMetadata]
AUTOGRADE: list[type] = [ExecuteSubmission, steps.IgnorePattern, steps.LimitOutput, steps.SaveAutoGrades]
AUTOGRADE += [steps.AssignLatePenalties, steps.CheckCellMetadata]
FEEDBACK: list[type | str] = [steps.GetGrades, HideTests]
FEEDBACK += ["nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]
