"""nbgrader itself, from the source to the export: right scores, hidden tests, and hostile submissions."""

import copy
import csv
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
api = pytest.importorskip("nbgrader.api", reason="runs in the instructor's environment")

from course_texts import COURSE, HINTS, ROOT, put  # noqa: E402

from coursetools.cli import main  # noqa: E402

LINEAR = "    return center + torch.exp(-theta * torch.as_tensor(t)) * (x0 - center)"
EULER = "    return x + h * field(x, t)"
LOOP = """\
    states = [x0]
    for i in range(len(times) - 1):
        states.append(step(field, states[-1], times[i], times[i + 1] - times[i]))
    return torch.stack(states)"""
RIGHT = {"1-1": LINEAR, "1-2": EULER, "1-3": LOOP}


def code(text, tag=""):
    return "```{code-cell} python\n" + f":tags: [{tag}]\n\n" * bool(tag) + f"{text}\n```\n\n"


def exercise(title, head, answer, hidden=""):
    name = head.partition("(")[0]
    cell = f"def {head}:\n    ### BEGIN SOLUTION\n{answer}\n    ### END SOLUTION"
    text = f"### Exercise {title} · 5 min\n\n{HINTS}\n" + code(cell, "exercise")
    return text + code(f"{name} = checks.ch01.{name}({name})", "check") + hidden


SUM = "assert linear_flow(torch.ones(1, 2), 0.0, 1.0, torch.zeros(2)).sum() == 2  # hidden from students"
COUNT = "assert len(simulate(euler_step, lambda x, t: -x, torch.ones(1, 2), torch.linspace(0, 1, 3))) == 3"
TEXT = "# Lab: flows\n\nBack to [the lecture](../lectures/01_flows.ipynb).\n\n"
TEXT += code("import torch\n\nfrom coursekit import checks")
TEXT += exercise("1.1 · Flow · core", "linear_flow(x0, t, theta, center)", LINEAR, code(SUM, "hidden"))
TEXT += 'Why?\n\n+++ {"tags": ["written"]}\n\nBecause the sample answer says so at some length.\n\n+++\n\n'
TEXT += exercise("1.2 · One step · core", "euler_step(field, x, t, h)", EULER)
TEXT += exercise("1.3 · Loop · stretch", "simulate(step, field, x0, times)", LOOP, code(COUNT, "hidden"))
TEXT += code('worked_remark = "of the author\'s"', "solution")
POINTS = '[points]\ncore = 4\nwritten = 2\n"1.3" = 7\n'


def find(book, id_):
    (cell,) = [each for each in book["cells"] if each["metadata"].get("nbgrader", {}).get("grade_id") == id_]
    return cell


def fill(book, **bodies):
    """Replace each stub by a body; numbers as in `e1_1`."""
    for number, body in (RIGHT | {key[1:].replace("_", "-"): body for key, body in bodies.items()}).items():
        cell = find(book, f"exercise-{number}")
        head = "".join(cell["source"]).split("\n")[0]
        cell["source"] = f"{head}\n{body}"


def edited(book):
    """A wrong answer, and its test made to pass."""
    fill(book, e1_2="    return x - h * field(x, t)")
    cell = find(book, "check-1-2")
    cell["source"] = "assert True"
    cell["metadata"]["nbgrader"] |= {"points": 400}


def filled_in_and(id_, change):
    """All answers, and then a change of the cells at one of them."""

    def work(book):
        fill(book)
        change(book["cells"], book["cells"].index(find(book, id_)))

    return work


def without(id_):
    return filled_in_and(id_, lambda cells, at: cells.pop(at))


def retyped(id_):
    def change(cells, at):
        cells[at] = {key: cells[at][key] for key in ("id", "metadata", "source")} | {"cell_type": "markdown"}

    return filled_in_and(id_, change)


def split(cells, at):
    """As JupyterLab splits: both halves keep the metadata, the first half the beginning."""
    cells.insert(at + 1, copy.deepcopy(cells[at]))
    cells[at]["source"], cells[at + 1]["source"] = cells[at]["source"].split("\n    for", 1)


def split_bare(cells, at):
    """As other editors split: the second half is a new cell, here the one with the function."""
    cells.insert(at + 1, copy.deepcopy(cells[at]) | {"id": "new", "metadata": {}})
    cells[at]["source"] = "# my helpers"


def answering(**bodies):
    return lambda book: fill(book, **bodies)


PATCHED = "    return -x0\n\nAssertionError = print\nimport builtins\nbuiltins.AssertionError = Exception"
PATCHED_CHECK = (
    "    return -x0\n\nfrom coursekit import checks\nchecks.ch01.linear_flow = lambda answer: answer"
)
WARNS = f"    import warnings\n    warnings.warn('mine')\n    warnings.warn('again')\n{LINEAR}"
STUBBORN = "    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
NO_ASSERT = """\
    return -x0

import ast
class Without(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Without())"""
READS = f"""{LINEAR}

from pathlib import Path
top = next(each for each in Path.cwd().parents if (each / "gradebook.db").exists())
for path in top.glob("source/*/*.ipynb"):
    print(path.read_text())
print((top / "gradebook.db").read_bytes())"""
HAS = "cell exercise-1-2"
UNREADABLE = "There was an error processing assignment '01_flows' for student"
# student: what they hand in, and their score of 15 points; or, where nothing is scored, what is reported
SUBMISSIONS = {
    "right": (fill, 15),
    "untouched": (lambda book: None, 0),
    "half": (answering(e1_1="    return x0", e1_2="    return x + field(x, t)"), 7),
    "stopped": (answering(e1_2="    raise SystemExit"), 11),
    "loop": (answering(e1_2="    while True:\n        pass"), 11),
    "memory": (answering(e1_2="    return bytearray(10**16)"), 11),
    "patched": (answering(e1_1=PATCHED), 11),
    "patched_check": (answering(e1_1=PATCHED_CHECK), 13),  # the hidden test still tells
    "edited": (edited, 11),
    "warns": (answering(e1_1=WARNS), 15),
    "reads": (answering(e1_1=READS), 15),  # what it prints is not in the feedback
    "stubborn": (answering(e1_2=STUBBORN), None),  # either: see its test
    "no_assert": (answering(e1_1=NO_ASSERT), "`assert False` no longer fails there"),
    "exits": (answering(e1_2="    import os\n    os._exit(0)"), "it could not be run (DeadKernelError"),
    "renamed": (fill, f"{UNREADABLE} 'renamed'"),
    "no_notebook": (None, f"{UNREADABLE} 'no_notebook'"),
    "test_deleted": (without("check-1-2"), "cell check-1-2 is missing"),
    "answer_deleted": (without("exercise-1-2"), f"{HAS} is missing"),
    "given_deleted": (without("given-setup"), "cell given-setup is missing"),
    "copied": (
        filled_in_and("exercise-1-2", lambda cells, at: cells.append(cells[at])),
        f"{HAS} is there 2 times",
    ),
    "split": (filled_in_and("exercise-1-3", split), "cell exercise-1-3 is there 2 times"),
    "split_bare": (filled_in_and("exercise-1-2", split_bare), f"{HAS} no longer defines euler_step"),
    "test_retyped": (retyped("check-1-2"), "cell check-1-2 was turned from code into markdown"),
    "answer_retyped": (retyped("exercise-1-2"), f"{HAS} was turned from code into markdown"),
}
SCORES = {name: score for name, (_, score) in SUBMISSIONS.items() if isinstance(score, int)}
REPORTS = {name: report for name, (_, report) in SUBMISSIONS.items() if isinstance(report, str)}


def assignments(folder, text=TEXT, points=POINTS):
    """A course in a folder, and a course for nbgrader made from it."""
    for slug in ("00_start", "01_flows", "02_noise"):
        put(folder, f"course/lectures/{slug}.md", f"# {slug}\n")
    put(folder, "course/solutions/01_flows.md", text)
    put(folder, "course/course.toml", COURSE + points)
    assert main(["release", "--nbgrader", str(folder / "nbgrader"), "--root", str(folder / "course")]) == 0
    return folder / "nbgrader"


def nbgrader(folder, *words):
    # nbgrader calls alembic by its name: the environment has to be active
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": path}
    command = [sys.executable, "-m", "nbgrader", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course that went the whole way; with what each command printed."""
    course = assignments(tmp_path_factory.mktemp("grading"))
    told = {"generate_assignment": nbgrader(course, "generate_assignment", "01_flows")}
    handed_out = (course / "release/01_flows/01_flows.ipynb").read_text(encoding="utf-8")
    for student, (change, _) in SUBMISSIONS.items():
        name = "01_flows (1)" if student == "renamed" else "01_flows"
        book = json.loads(handed_out)
        if change:
            change(book)
        text = json.dumps(book) if change else "{ no JSON"
        put(course, f"submitted/{student}/01_flows/{name}.ipynb", text)
    told["autograde"] = nbgrader(course, "autograde", "01_flows", "--ExecutePreprocessor.timeout=20")
    told["generate_feedback"] = nbgrader(course, "generate_feedback", "01_flows")
    told["export"] = nbgrader(course, "export", "--to", "grades.csv")
    return course, told


def rows(course):
    with (course / "grades.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_what_is_handed_out_hides_tests_and_answers(graded):
    course, told = graded
    assert told["generate_assignment"].returncode == 0, told["generate_assignment"].stderr
    text = (course / "release/01_flows/01_flows.ipynb").read_text(encoding="utf-8")
    for secret in ("hidden from", "lambda x, t: -x", "torch.exp", "sample answer", "author's", "HIDDEN"):
        assert secret not in text
    assert "A hidden test of exercise 1.1 runs here." in text
    assert "../lectures" not in text


@pytest.mark.parametrize("student", SCORES)
def test_scores(graded, student):
    course, _ = graded
    row = rows(course)[student]
    assert float(row["score"]) == SCORES[student]
    assert float(row["max_score"]) == 4 + 4 + 7 + 2


@pytest.mark.parametrize("student", REPORTS)
def test_what_can_not_be_scored_is_reported_and_has_no_score(graded, student):
    course, told = graded
    assert told["autograde"].returncode != 0
    assert REPORTS[student] in told["autograde"].stderr
    assert not (course / "autograded" / student / "01_flows/01_flows.ipynb").exists()
    assert (rows(course)[student]["score"], rows(course)[student]["raw_score"]) == ("", "")


def test_a_loop_that_swallows_interrupts_does_not_stop_the_grading(graded):
    course, told = graded
    score = rows(course)["stubborn"]["score"]
    assert score == "11.0" or (score == "" and "stubborn is not scored: it could" in told["autograde"].stderr)


def test_the_feedback_says_what_failed_and_shows_no_hidden_test(graded):
    course, told = graded
    assert told["generate_feedback"].returncode == 0, told["generate_feedback"].stderr
    pages = {}
    for student in ("right", "half", "reads"):
        page = (course / "feedback" / student / "01_flows/01_flows.html").read_text(encoding="utf-8")
        pages[student] = page
        assert "hidden from students" not in page
        assert "lambda" not in page
        assert "runs here" in page
        assert ("It failed" in page) == (student == "half")
        assert ("quotes a hidden test is left out" in page) == (student == "reads")
    assert "the check says what it found" in pages["half"]  # a visible test may quote itself


def test_ids_are_the_same_in_every_build_and_unlike_each_other(tmp_path):
    changed = TEXT.replace("return x + h", "return x + 1 * h").replace("Why?", "Why so?")
    ids = []
    changed = changed.replace("import torch\n", "import numpy\nimport torch\n")
    for name, text in {"one": TEXT, "two": changed}.items():
        book = json.loads((assignments(tmp_path / name, text) / "source/01_flows/01_flows.ipynb").read_text())
        ids.append([each["metadata"].get("nbgrader", {}).get("grade_id") for each in book["cells"]])
    assert ids[0] == ids[1]
    named = [each for each in ids[0] if each]
    assert len(named) == len(set(named))
    assert {"exercise-1-1", "check-1-1", "hidden-1-1", "written-1-1", "check-1-3"} <= set(named)


def points(tmp_path, text, table):
    made = assignments(tmp_path, text, table)
    book = json.loads((made / "source/01_flows/01_flows.ipynb").read_text(encoding="utf-8"))
    marks = [each["metadata"]["nbgrader"] for each in book["cells"] if "nbgrader" in each["metadata"]]
    return {mark["grade_id"]: mark.get("points") for mark in marks if mark["grade"]}


def test_an_open_exercise_has_one_point_for_what_runs_and_a_person_gives_the_others(tmp_path):
    made = points(tmp_path, TEXT.replace("stretch", "open"), "[points]\nopen = 6\n")
    assert [made[key] for key in ("exercise-1-3", "check-1-3", "hidden-1-3")] == [5, 1, 0]
    assert "exercise-1-1" not in made


def test_points_of_an_exercise_in_words_alone_are_its_own(tmp_path):
    start, end = TEXT.index("```{code-cell} python\n:tags: [exercise]"), TEXT.index("Why?")
    made = points(tmp_path, TEXT[:start] + TEXT[end:], '[points]\nwritten = 2\n"1.1" = 9\n')
    assert made["written-1-1"] == 9


def test_no_folder_is_left_in_the_temporary_one(tmp_path, graded, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert nbgrader(graded[0], "export", "--to", "again.csv").returncode == 0
    assert not list(tmp_path.glob("coursekit-grading-*"))


STAND_IN = """\
#!/bin/bash
# In the place of docker: no network, little memory, the box as the only folder that is named; no isolation.
while [ "$1" != YOUR-IMAGE ]; do [ "$1" = -v ] && box=${2%%:*}; shift; done
shift
cd "$box" && exec "$@" --ExecutePreprocessor.timeout=20
"""


def test_the_page_s_loop_grades_each_submission_in_a_box(graded, tmp_path):
    """As it is written in TEACHING.md, but for the container."""
    page = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
    (loop,) = re.findall(r"```\n(cp gradebook\.db .*?)```", page, re.S)
    course = assignments(tmp_path / "a course")
    assert nbgrader(course, "generate_assignment", "01_flows").returncode == 0
    for student in ("half", "exits"):
        shutil.copytree(graded[0] / "submitted" / student, course / "submitted" / student)
    for name, text in {
        "docker": STAND_IN,
        "nbgrader": f'#!/bin/sh\nexec {sys.executable} -m nbgrader "$@"\n',
        "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
    }.items():
        put(tmp_path, f"bin/{name}", text).chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    env = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path}
    words = ["bash", "-uc", loop]
    done = subprocess.run(words, cwd=course, env=env, capture_output=True, text=True, check=False)
    assert "look at exits" in done.stdout, done.stderr
    assert done.returncode == 1
    assert "boxes/exits: nothing was scored" in done.stderr
    assert not (course.parent / "boxes/half/source").exists()
    assert nbgrader(course, "generate_feedback", "01_flows").returncode == 0
    assert nbgrader(course, "export", "--to", "grades.csv").returncode == 0
    assert {name: row["score"] for name, row in rows(course).items()} == {"half": "7.0"}
    assert "It failed" in (course / "feedback/half/01_flows/01_flows.html").read_text(encoding="utf-8")


def test_a_box_gives_no_more_than_a_test_s_points_and_no_file_from_elsewhere(graded, tmp_path, monkeypatch):
    """The grade book of a box was in the student's hands."""
    container_grades = importlib.import_module("coursetools.nbgrader.container_grades")
    course, box = tmp_path / "course", tmp_path / "boxes/half"
    shutil.copytree(graded[0], course)
    shutil.copytree(graded[0], box)
    with api.Gradebook(f"sqlite:///{box / 'gradebook.db'}") as book:
        grades = book.find_submission_notebook("01_flows", "01_flows", "half").grades
        for grade, score in zip(grades, (900, -900, float("inf")), strict=False):
            grade.auto_score = score
        book.db.commit()
    monkeypatch.chdir(course)
    assert container_grades.main([str(box)]) == 0
    assert nbgrader(course, "export", "--to", "grades.csv").returncode == 0
    assert 0 <= float(rows(course)["half"]["score"]) <= 15
    notebook = box / "autograded/half/01_flows/01_flows.ipynb"
    notebook.unlink()
    notebook.symlink_to(graded[0] / "source/01_flows/01_flows.ipynb")
    with pytest.raises(ValueError, match="is no file of this box"):
        container_grades.main([str(box)])
