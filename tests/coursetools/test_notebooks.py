"""Text to notebooks: what is built, and what each edition has."""

import ast
import json
import re
import subprocess
import sys

import nbformat
import pytest
from course_texts import HINTS, LECTURE, SOLUTION, build, course

from coursetools.build.editions import ANSWER_HERE

LECTURE_FILE, SOLUTION_FILE = "lectures/01_flows.md", "solutions/01_flows.md"


def built(repository=""):
    made = build(LECTURE, LECTURE_FILE, course(repository=repository))
    return made | build(SOLUTION, SOLUTION_FILE, course(repository=repository))


def cells(text, tag=None):
    found = nbformat.v4.reads(text).cells  # unlike nbformat.reads, mends no id that is there twice
    return found if tag is None else [cell for cell in found if tag in cell.metadata.get("tags", [])]


def sources(text):
    return "\n".join(cell.source for cell in cells(text))


@pytest.fixture(params=["lectures", "labs", "solutions"])
def notebook(request):
    return built("me/flows")[f"{request.param}/01_flows.ipynb"]


def test_every_notebook_is_valid_and_as_jupyter_would_save_it(notebook):
    book = nbformat.reads(notebook, as_version=4)
    nbformat.validate(book)
    assert nbformat.writes(book) + "\n" == notebook


def test_only_listed_metadata_and_no_outputs(notebook):
    book = json.loads(notebook)
    assert book["metadata"].keys() - {"coursekit"} == {"kernelspec", "language_info"}
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    for cell in book["cells"]:
        assert cell["metadata"].keys() <= {"tags"}
        assert "attachments" not in cell
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_ids_are_valid_and_unique(notebook):
    ids = [cell["id"] for cell in json.loads(notebook)["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)


def test_ids_stay_when_a_cell_is_inserted_elsewhere():
    inserted = LECTURE.replace("## Evidence", "Some new words.\n\n+++\n\n## Evidence")
    before = cells(built()["lectures/01_flows.ipynb"])
    after = cells(build(inserted, LECTURE_FILE, course())["lectures/01_flows.ipynb"])
    assert len(after) == len(before) + 1
    assert [cell.id for cell in after if cell.source != "Some new words."] == [cell.id for cell in before]


def test_equal_cells_and_equal_notebooks_of_other_names_get_other_ids():
    twice = LECTURE + '\n```{code-cell} python\nprint("a plain cell")\n```\n'
    made = cells(build(twice, LECTURE_FILE, course())["lectures/01_flows.ipynb"])
    same = [cell.id for cell in made if cell.source == 'print("a plain cell")']
    assert len(set(same)) == 2
    assert build(twice, LECTURE_FILE, course()) == build(twice, LECTURE_FILE, course())
    elsewhere = build(twice, "lectures/02_noise.md", course())["lectures/02_noise.ipynb"]
    assert not {cell.id for cell in made} & {cell.id for cell in cells(elsewhere)}


def test_lab_replaces_the_solution_by_a_line_that_says_which_exercise():
    (cell,) = cells(built()["labs/01_flows.ipynb"], "exercise")
    assert cell.source.splitlines() == [
        "def step(field, x, t, h):",
        "    if h == 0:",
        "        return x",
        '    raise NotImplementedError("Exercise 1.1: fill me in")',
    ]


def test_two_regions_at_two_depths_are_replaced_at_their_own_indentation():
    more = """\
    ### END SOLUTION

def other(x):
    for each in x:
        ### BEGIN SOLUTION
        yield each
        ### END SOLUTION
"""
    text = SOLUTION.replace("    ### END SOLUTION\n", more, 1)
    lab = build(text, SOLUTION_FILE, course())["labs/01_flows.ipynb"]
    (cell,) = cells(lab, "exercise")
    raised = [line for line in cell.source.splitlines() if "raise" in line]
    assert [len(line) - len(line.lstrip()) for line in raised] == [4, 8]
    ast.parse(cell.source)


def test_solution_keeps_the_code_without_its_markers():
    made = built()["solutions/01_flows.ipynb"]
    (cell,) = cells(made, "exercise")
    assert "    slope = field(x, t)\n    return x + h * slope" in cell.source
    assert "SOLUTION" not in sources(made)
    assert "NotImplementedError" not in sources(made)


def test_hidden_and_solution_cells_are_in_the_solution_only():
    made = built()
    for text in ("hidden_state", "step_again", "own remark", "followed for a short while"):
        assert text in made["solutions/01_flows.ipynb"]
        assert text not in made["labs/01_flows.ipynb"]
    for text in ("in every copy", "checks.step", "Another way to write", "Say why", "the idea"):
        assert text in made["labs/01_flows.ipynb"]


def test_written_answer_becomes_a_place_to_write():
    (cell,) = cells(built()["labs/01_flows.ipynb"], "written")
    assert (cell.cell_type, cell.source) == ("markdown", ANSWER_HERE)


def test_code_is_python_in_every_notebook(notebook):
    for cell in cells(notebook):
        if cell.cell_type == "code":
            ast.parse(cell.source)


def test_untouched_lab_runs_every_definition():
    """Without the checks and the set-up: no stub may raise before it is called."""
    lab = cells(built()["labs/01_flows.ipynb"])
    names = {"checks": type("Checks", (), {"step": staticmethod(lambda answer: answer)})}
    for cell in lab:
        if cell.cell_type == "code":
            exec(cell.source, names)
    with pytest.raises(NotImplementedError, match=r"Exercise 1\.1: fill me in"):
        names["step"](None, 0, 0, 1)


def test_set_up_is_the_first_code_and_the_header_comes_first(notebook):
    found = cells(notebook)
    code = [cell for cell in found if cell.cell_type == "code"]
    assert code[0].source.endswith("how many threads torch uses")
    assert all("google.colab" not in cell.source for cell in code[1:])
    assert found[0].source.startswith("*A course* · chapter 01")
    assert found[1].source.startswith("# ")


@pytest.mark.parametrize("repository", ["", "me/flows"])
@pytest.mark.parametrize("on_colab", [False, True])
def test_set_up_installs_on_colab_only(monkeypatch, capsys, repository, on_colab):
    calls = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: calls.append(command))
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    if on_colab:
        monkeypatch.setitem(sys.modules, "google.colab", sys)
    code = [cell for cell in cells(built(repository)["labs/01_flows.ipynb"]) if cell.cell_type == "code"]
    exec(code[0].source, {})
    assert len(calls) == (on_colab and bool(repository))
    if calls:
        assert calls[0][1:] == ["-m", "pip", "install", "--quiet", "git+https://github.com/me/flows@main"]
    assert ("course.toml" in capsys.readouterr().out) == (on_colab and not repository)


def test_navigation_links_neighbours_and_twins():
    made = built()
    assert "[← Start](00_start.ipynb)" in made["lectures/01_flows.ipynb"]
    assert "[Lab](../labs/01_flows.ipynb)" in made["lectures/01_flows.ipynb"]
    assert "[Noise →](02_noise.ipynb)" in made["lectures/01_flows.ipynb"]
    assert "[Lecture](../lectures/01_flows.ipynb)" in made["labs/01_flows.ipynb"]
    assert "[Noise →](../lectures/02_noise.ipynb)" in made["labs/01_flows.ipynb"]
    first, last = cells(made["labs/01_flows.ipynb"])[:: len(cells(made["labs/01_flows.ipynb"])) - 1]
    assert first.source.splitlines()[2] == last.source.splitlines()[-1]
    start = build("# Start\n", "lectures/00_start.md", course())["lectures/00_start.ipynb"]
    assert "←" not in start
    assert "labs/" not in start


@pytest.mark.parametrize("repository", ["", "me/flows"])
def test_only_a_lab_says_in_its_first_cell_how_to_keep_work_and_which_it_is(repository):
    made = built(repository)
    first = cells(made["labs/01_flows.ipynb"])[0].source
    assert "Binder" in first.replace("badge", "")
    assert "`coursekit.save()`" in first
    assert "`coursekit.restore()`" in first
    assert [path for path, text in made.items() if "coursekit.save()" in text] == ["labs/01_flows.ipynb"]
    marks = {path: json.loads(text)["metadata"].get("coursekit") for path, text in made.items()}
    assert marks.pop("labs/01_flows.ipynb") == {"course": "A course", "lab": "01_flows"}
    assert set(marks.values()) == {None}


@pytest.mark.parametrize("folder", ["lectures", "labs"])
def test_badges_only_with_a_repository(folder):
    path = f"{folder}/01_flows.ipynb"
    with_badges = built("me/flows")[path]
    assert f"https://colab.research.google.com/github/me/flows/blob/main/{path}" in with_badges
    assert f"https://mybinder.org/v2/gh/me/flows/main?labpath={folder}%2F01_flows.ipynb" in with_badges
    assert "badge" not in built()[path]


def test_no_badge_on_a_solution():
    assert "badge" not in built("me/flows")["solutions/01_flows.ipynb"]


def test_a_cell_that_labs_leave_out_may_stand_between_exercise_and_check():
    hidden = "```{code-cell} python\n:tags: [hidden]\n\nstep(None, 0, 0, 0)\n```\n"
    text = SOLUTION.replace(
        "```{code-cell} python\n:tags: [check]", hidden + "\n```{code-cell} python\n:tags: [check]"
    )
    lab = build(text, SOLUTION_FILE, course())["labs/01_flows.ipynb"]
    assert len(cells(lab)) == len(cells(built()["labs/01_flows.ipynb"]))


def test_hints_are_in_both_editions():
    made = built()
    for folder in ("labs", "solutions"):
        assert sources(made[f"{folder}/01_flows.ipynb"]).count(HINTS.splitlines()[0]) == 2
