"""Take over grades from containers: `python -m coursetools.nbgrader.container_grades BOX …`.

A box is one student's folder, in which a container has run `nbgrader autograde`. What it holds was in the
student's hands, so only this student's scores are taken, each within its bounds, and the notebooks.
"""

import math
import shutil
import sys
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from coursetools.nbgrader.plugins import is_scored


def main(boxes: list[str]) -> int:
    """Take each box's scores into the grade book of this folder; return 1 if one has none."""
    missing = [name for name in boxes if not import_box(Path(name))]
    for name in missing:
        print(f"{name}: nothing was scored; the output of autograde there says why", file=sys.stderr)
    return 1 if missing else 0


def import_box(box: Path) -> bool:
    """Take one student's scores and notebooks; return whether there were any.

    Raises:
        ValueError: a notebook is a link, or missing.
    """
    student, found = box.name, False
    with (
        Gradebook(f"sqlite:///{box / 'gradebook.db'}") as theirs,
        Gradebook("sqlite:///gradebook.db") as ours,
    ):
        for assignment in [each.name for each in ours.assignments]:
            if is_scored(theirs, assignment, student):
                ours.update_or_create_student(student)
                ours.update_or_create_submission(assignment, student)
                found = True
                for book in theirs.find_submission(assignment, student).notebooks:
                    _copy(box, Path("autograded") / student / assignment / f"{book.name}.ipynb")
                    _import_scores(ours, book, assignment, student)
        ours.db.commit()
    return found


def _import_scores(ours: Any, theirs: Any, assignment: str, student: str) -> None:
    scores = {grade.name: grade.auto_score for grade in theirs.grades}
    for mine in ours.find_submission_notebook(theirs.name, assignment, student).grades:
        score = scores.get(mine.name)
        if score is not None and not math.isfinite(score):
            score = None
        mine.auto_score = None if score is None else min(max(score, 0.0), mine.max_score)
        mine.needs_manual_grade = score is None


def _copy(box: Path, path: Path) -> None:
    if (box / path).resolve() != box.resolve() / path or not (box / path).is_file():
        raise ValueError(f"{box / path} is no file of this box; look at it")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(box / path, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
