"""Text to notebooks: what is built, and what each edition has."""

import ast
import json
import re
import subprocess
import sys

import nbformat
import pytest
from course_texts import COURSE, FORMED, HEAD, HINTS, LECTURE, SOLUTION, build, course
from nbconvert import HTMLExporter

from coursetools.build.course import parse_course
from coursetools.build.editions import ANSWER_HERE, build_editions, parse_source

LECTURE_FILE, SOLUTION_FILE = "lectures/01_flows.md", "solutions/01_flows.md"
LECTURE_BOOK, LAB, SOLVED = "lectures/01_flows.ipynb", "labs/01_flows.ipynb", "solutions/01_flows.ipynb"


def built(repository=""):
    made = build(LECTURE, LECTURE_FILE, course(repository=repository))
    return made | build(SOLUTION, SOLUTION_FILE, course(repository=repository))


def cells(text, tag=None):
    found = nbformat.v4.reads(text).cells  # unlike nbformat.reads, mends no id that is there twice
    return found if tag is None else [cell for cell in found if tag in cell.metadata.get("tags", [])]


def lecture_cells(text, file=LECTURE_FILE):
    (made,) = build(text, file, course()).values()
    return cells(made)


@pytest.fixture(params=[LECTURE_BOOK, LAB, SOLVED])
def notebook(request):
    return built("me/flows")[request.param]


def test_every_notebook_is_valid_and_as_jupyter_would_save_it_without_outputs(notebook):
    book = nbformat.reads(notebook, as_version=4)
    nbformat.validate(book)
    assert nbformat.writes(book) + "\n" == notebook
    assert book.metadata.keys() - {"coursekit"} == {"kernelspec", "language_info"}
    assert book.metadata.kernelspec.name == "python3"
    for cell in book.cells:
        assert cell.metadata.keys() <= {"tags", "jupyter", "cellView"}
        assert "attachments" not in cell
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            ast.parse(cell.source)


def test_ids_are_valid_and_unique(notebook):
    ids = [cell["id"] for cell in json.loads(notebook)["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)


def test_ids_stay_when_a_cell_is_inserted_elsewhere():
    before = lecture_cells(LECTURE)
    after = lecture_cells(LECTURE.replace("## Evidence", "Some new words.\n\n+++\n\n## Evidence"))
    assert len(after) == len(before) + 1
    assert [cell.id for cell in after if cell.source != "Some new words."] == [cell.id for cell in before]


def test_equal_cells_and_equal_notebooks_of_other_names_get_other_ids():
    twice = LECTURE + '\n```{code-cell} python\nprint("a plain cell")\n```\n'
    made = lecture_cells(twice)
    assert len({cell.id for cell in made if cell.source == 'print("a plain cell")'}) == 2
    assert lecture_cells(twice) == made
    assert not {cell.id for cell in made} & {cell.id for cell in lecture_cells(twice, "lectures/02_noise.md")}


def test_a_lab_replaces_each_solution_at_its_own_indentation_by_a_line_that_says_which_exercise():
    more = "\n\ndef other(x):\n    for each in x:\n        ### BEGIN SOLUTION\n        yield each\n"
    more += "        ### END SOLUTION\n"
    text = SOLUTION.replace("    ### END SOLUTION\n", "    ### END SOLUTION" + more, 1)
    (cell,) = cells(build(text, SOLUTION_FILE, course())[LAB], "exercise")
    assert cell.source.splitlines() == [
        "def step(field, x, t, h):",
        "    if h == 0:",
        "        return x",
        '    raise NotImplementedError("Exercise 1.1: fill me in")',
        "",
        "def other(x):",
        "    for each in x:",
        '        raise NotImplementedError("Exercise 1.1: fill me in")',
    ]


def test_each_edition_has_what_is_its_own():
    made = built()
    (cell,) = cells(made[SOLVED], "exercise")
    assert "    slope = field(x, t)\n    return x + h * slope" in cell.source
    assert not re.search("(BEGIN|END) SOLUTION|NotImplementedError", made[SOLVED])
    for text in ("hidden_state", "step_again", "own remark", "followed for a short while"):
        assert text in made[SOLVED]
        assert text not in made[LAB]
    for text in ("in every copy", "checks.step", "Another way to write", "Say why", "the idea"):
        assert text in made[LAB]
    for path in (LAB, SOLVED):
        assert "\n".join(each.source for each in cells(made[path])).count(HINTS.splitlines()[0]) == 2
    (cell,) = cells(made[LAB], "written")
    assert (cell.cell_type, cell.source) == ("markdown", ANSWER_HERE)


def test_untouched_lab_runs_every_definition():
    """Without the checks and the set-up: no stub may raise before it is called."""
    names = {"checks": type("Checks", (), {"step": staticmethod(lambda answer: answer)})}
    for cell in cells(built()[LAB]):
        if cell.cell_type == "code":
            exec(cell.source, names)
    with pytest.raises(NotImplementedError, match=r"Exercise 1\.1: fill me in"):
        names["step"](None, 0, 0, 1)


def test_set_up_is_the_first_code_and_the_header_comes_first(notebook):
    found = cells(notebook)
    code = [cell for cell in found if cell.cell_type == "code"]
    assert "coursekit.limit_threads()" in code[0].source
    assert all("google.colab" not in cell.source for cell in code[1:])
    assert found[0].source.startswith("*A course* · chapter 01")
    assert found[1].source.startswith("# ")


@pytest.mark.parametrize("repository", ["", "me/flows"])
@pytest.mark.parametrize("on_colab", [False, True])
def test_set_up_installs_on_colab_only(monkeypatch, capsys, repository, on_colab):
    calls = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: calls.append(command[1:]))
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    if on_colab:
        monkeypatch.setitem(sys.modules, "google.colab", sys)
    code = [cell for cell in cells(built(repository)[LAB]) if cell.cell_type == "code"]
    exec(code[0].source, {})
    install = ["-m", "pip", "install", "--quiet", "git+https://github.com/me/flows@main"]
    assert calls == [install] * (on_colab and bool(repository))
    assert not capsys.readouterr().out


def test_an_exercise_may_show_a_mistake_instead_of_a_stub():
    mistake = "    ### INSTEAD\n    # return x - h * field(x, t)\n    ### END SOLUTION\n"
    made = build(SOLUTION.replace("    ### END SOLUTION\n", mistake, 1), SOLUTION_FILE, course())
    (lab,), (solved,) = cells(made[LAB], "exercise"), cells(made[SOLVED], "exercise")
    assert lab.source.splitlines()[-2:] == ["        return x", "    return x - h * field(x, t)"]
    assert solved.source == cells(built()[SOLVED], "exercise")[0].source


def test_what_serves_is_folded_and_what_is_taught_is_not():
    for cell in cells(built_in_form()):
        tags = cell.metadata.get("tags", [])
        folded = bool({"setup", "figure", "evidence"} & set(tags))
        assert cell.metadata.get("jupyter", {}).get("source_hidden", False) == folded
        assert (cell.metadata.get("cellView") == "form") == folded
    assert cells(built()[LAB])[2].metadata.tags == ["setup"]


def built_in_form():
    return build(FORMED, LECTURE_FILE, parse_course(COURSE.replace("lab = true", HEAD)))[LECTURE_BOOK]


def test_boxes_are_quotes_with_a_title_and_one_line_formulas():
    text = "\n".join(cell.source for cell in cells(built_in_form()))
    assert "> **Key idea**\n>\n> Small steps.\n" in text
    assert "> **Algorithm 1: steps along a field**\n>\n> Repeat\n>\n> $$ x \\leftarrow x + h u $$\n" in text
    assert "> **Theorem: One way**" in text
    assert ":::" not in text


def test_the_head_stands_below_the_title():
    title = cells(built_in_form())[1].source
    assert title.startswith("# Flows\n\n> **45 minutes**, 90 with *Going deeper*. **You need:** chapter 00\n")
    assert "you will be able to**\n>\n> - step\n\n" in title
    assert title.endswith("A picture.")


def test_the_reference_notebook_is_linked_from_every_head_and_links_to_every_chapter():
    of = parse_course(COURSE.replace("[[", 'reference = "reference"\n\n[[', 1))
    chapter = of.lectures[-1]
    source = parse_source("# Reference\n\nNotation.\n", "lectures/reference.md", chapter)
    (book,) = build_editions(source, of, chapter).values()
    assert "[00 Start](00_start.ipynb) · [01 Flows](01_flows.ipynb)" in cells(book)[0].source
    assert (
        "[Reference](../lectures/reference.ipynb)" in cells(build(SOLUTION, SOLUTION_FILE, of)[LAB])[0].source
    )


def test_folds_stay_closed_in_nbconvert():
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(built()[LAB], as_version=4))
    fold = re.search(r"<details><summary>Hint 2(.*?)</details>", page, re.DOTALL)
    assert fold
    assert "$x + h u$" in fold[1]


def test_navigation_links_neighbours_and_twins():
    made = built()
    assert "[← Start](00_start.ipynb) · [Lab](../labs/01_flows.ipynb) · [Noise →](02" in made[LECTURE_BOOK]
    assert "[Lecture](../lectures/01_flows.ipynb) · [Noise →](../lectures/02_noise.ipynb)" in made[LAB]
    first, *_, last = cells(made[LAB])
    assert first.source.splitlines()[2] == last.source.splitlines()[-1]
    start = lecture_cells("# Start\n", "lectures/00_start.md")[0].source
    assert not re.search("←|labs/", start)


@pytest.mark.parametrize("repository", ["", "me/flows"])
def test_only_a_lab_says_in_its_first_cell_how_to_keep_work_and_which_it_is(repository):
    made = built(repository)
    first = cells(made[LAB])[0].source
    for word in ("Binder forgets", "`coursekit.save()`", "`coursekit.restore()`"):
        assert word in first
    assert [path for path, text in made.items() if "coursekit.save()" in text] == [LAB]
    marks = {path: json.loads(text)["metadata"].get("coursekit") for path, text in made.items()}
    assert marks == {LECTURE_BOOK: None, SOLVED: None, LAB: {"course": "A course", "lab": "01_flows"}}


def test_badges_only_with_a_repository_and_not_on_a_solution():
    made = built("me/flows")
    for folder, path in (("lectures", LECTURE_BOOK), ("labs", LAB)):
        assert f"https://colab.research.google.com/github/me/flows/blob/main/{path}" in made[path]
        assert f"https://mybinder.org/v2/gh/me/flows/main?labpath={folder}%2F01_flows.ipynb" in made[path]
        assert "badge" not in built()[path]
    assert "badge" not in made[SOLVED]


def test_a_cell_that_labs_leave_out_may_stand_between_exercise_and_check():
    check = "```{code-cell} python\n:tags: [check]"
    hidden = "```{code-cell} python\n:tags: [hidden]\n\nstep(None, 0, 0, 0)\n```\n\n"
    lab = build(SOLUTION.replace(check, hidden + check), SOLUTION_FILE, course())[LAB]
    assert len(cells(lab)) == len(cells(built()[LAB]))
