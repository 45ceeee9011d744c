"""The leak gate finds withheld lines in every part of a notebook and in text files; public lines pass."""

import json

import pytest
from course_texts import SOLUTION, build, course, edit, put, run, write_course

from coursetools.build.source import parse
from coursetools.publish import leaks

FILE, LAB = "solutions/01_flows.md", "labs/01_flows.ipynb"

# One line of each kind that is withheld, as the source writes it.
SECRETS = {
    "solution region": "    return x + h * slope  # forward along the withheld slope",
    "hidden cell": "assert step(hidden_field, hidden_state, 0.0, 0.5) == 17",
    "solution cell": "    return x + field(x, t) * h + 0 * secret_constant",
    "solution text": "The author's own remark on the second way.",
    "sample answer": (
        "Because the slope is followed for a short while. The error shrinks with the square of the step."
    ),
}
SOURCE = parse(SOLUTION, FILE)
WITHHELD = leaks.withheld_lines([SOURCE], public=[])
BUILT = build(SOLUTION, FILE, course())


def clean_lab():
    return json.loads(BUILT[LAB])


def found(book, withheld=WITHHELD):
    return [str(fault) for fault in leaks.leak_faults([(LAB, json.dumps(book).encode())], withheld)]


def line_of(secret):
    return next(n for n, line in enumerate(SOLUTION.splitlines(), 1) if secret in line)


def code_cell(book):
    """The exercise, behind the set-up."""
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"][1]


def output(**parts):
    return lambda book, text: code_cell(book).update(
        outputs=[json.loads(json.dumps(parts).replace('"TEXT"', json.dumps(text)))]
    )


# Each part of a notebook that can hold text, and what the fault names.
PARTS = {
    "source": (lambda book, text: code_cell(book)["source"].append("\n" + text), "cell 4 source"),
    "markdown": (lambda book, text: book["cells"][0]["source"].append(f"Think of `{text}`"), "cell 1 source"),
    "stream": (output(output_type="stream", name="stdout", text=["before\n", "TEXT"]), "cell 4 outputs"),
    "result": (output(output_type="execute_result", data={"text/plain": ["TEXT"]}), "cell 4 outputs"),
    "output's metadata": (output(output_type="display_data", metadata={"a": "TEXT"}), "cell 4 outputs"),
    "error": (output(output_type="error", ename="E", evalue="TEXT", traceback=[]), "cell 4 outputs"),
    "attachment": (
        lambda book, text: book["cells"][0].update(attachments={"a.txt": {"text/plain": text}}),
        "cell 1 attachments",
    ),
    "metadata": (lambda book, text: code_cell(book)["metadata"].update(a=[{"b": text}]), "cell 4 metadata"),
    "key": (lambda book, text: code_cell(book)["metadata"].update({text: 1}), "cell 4 metadata"),
    "tag": (lambda book, text: code_cell(book)["metadata"]["tags"].append(text), "cell 4 metadata"),
    "id": (lambda book, text: code_cell(book).update(id=text), "cell 4 id"),
    "notebook": (lambda book, text: book["metadata"].update(note=text), "notebook metadata"),
    "backup": (lambda book, text: book.update(backup=[text]), "notebook backup"),
}

# The same line, written otherwise.
FORMS = {
    "indented": lambda text: "            " + text.strip(),
    "tabs": lambda text: text.replace(" ", "\t"),
    "no spaces": lambda text: text.replace(" ", ""),
    "wrapped": lambda text: text.replace(" ", "\n   ", 7),
    "inside a line": lambda text: "x = 1; " + text.strip() + " # and more",
    "comment": lambda text: "# " + text.strip(),
    "emphasis": lambda text: text.replace("slope", "*slope*"),
    "coloured": lambda text: " ".join(f"\x1b[38;5;28;01m{word}\x1b[39;00m" for word in text.split(" ")),
}


def test_the_lab_as_built_is_clean_and_the_solution_itself_would_not_pass():
    assert found(clean_lab()) == []
    told = found(json.loads(BUILT["solutions/01_flows.ipynb"]))
    for secret in SECRETS.values():
        assert any(fault.startswith(f"{FILE}:{line_of(secret)}: ") for fault in told)


@pytest.mark.parametrize(("plant", "place"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_in_any_part_of_a_notebook_it_is_found_and_not_printed(plant, place, secret):
    book = clean_lab()
    plant(book, secret)
    (told,) = found(book)
    assert told.startswith(f"{FILE}:{line_of(secret)}: this withheld line is in {LAB}, {place}; ")
    assert secret.strip() not in told


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_in_another_form_it_is_found_in_a_notebook_and_a_text_file(form, secret):
    book = clean_lab()
    PARTS["source"][0](book, form(secret))
    assert any(told.startswith(f"{FILE}:{line_of(secret)}: ") for told in found(book))
    assert list(leaks.leak_faults([("notes.txt", form(secret).encode())], WITHHELD))


def test_a_line_without_its_comment_the_comment_and_one_sentence_are_found():
    for part in (
        "x + h * slope # otherwise",
        "forward along the withheld slope",
        "The error shrinks with the",
    ):
        book = clean_lab()
        rest = " square of the step." * part.startswith("The")
        PARTS["source"][0](book, f"return {part}{rest}")
        assert len(found(book)) == 1


def test_a_notebook_that_is_none_is_searched_as_text_and_a_picture_is_passed_over():
    secret = SECRETS["hidden cell"].encode()
    assert list(leaks.leak_faults([(LAB, b"{ " + secret)], WITHHELD))
    assert list(leaks.leak_faults([(LAB, b'{"cells": "' + secret + b'"}')], WITHHELD))
    assert not list(leaks.leak_faults([("a.png", b"\x89PNG\xff" + secret)], WITHHELD))


# Public lines


def secret_lines(public):
    return {secret.line for secret in leaks.withheld_lines([SOURCE], public)}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "coursekit").mkdir()
    return write_course(tmp_path)


@pytest.mark.parametrize("path", ["coursekit/deep/steps.py", "lectures/02_noise.md"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_public_lines_do_not_count(root, path, secret):
    """The same line in a module or a lecture, indented otherwise, is public; all others stay secret."""
    put(root, path, "# Noise\nif True:\n        " + secret.strip() + "\n")
    line = line_of(secret)
    assert line in secret_lines([])
    assert secret_lines([]) - secret_lines(leaks.public_texts(root)) == {line}


@pytest.mark.parametrize("path", ["solutions/notes.txt", "tests/steps.py", "labs/old.md"])
def test_other_files_do_not_make_a_line_public(root, path):
    put(root, path, "\n".join(SECRETS.values()))
    assert secret_lines(leaks.public_texts(root)) == secret_lines([])


@pytest.mark.parametrize(("length", "counts"), [(19, False), (20, True)])
def test_short_lines_do_not_count(length, counts):
    line = "y = " + "a" * (length - 4)
    source = parse(f"# T\n\n```{{code-cell}} python\n:tags: [hidden]\n\nif x:\n    {line}   \n```\n", FILE)
    assert [secret.line for secret in leaks.withheld_lines([source], [])] == [7] * counts
    lecture = parse("# A title that is long enough to count\n", "lectures/01_flows.md")
    assert leaks.withheld_lines([lecture], []) == []  # lectures withhold nothing


def test_the_stub_is_public_and_its_signature_may_be_repeated():
    again = SOLUTION.replace("def step_again(field, x, t, h):", "def step(field, x, t, h):")
    assert found(clean_lab(), leaks.withheld_lines([parse(again, FILE)], [])) == []


# `coursetools check`


def test_check_searches_labs_on_disk_also_those_that_no_source_builds(root, capsys):
    run(root, "build")
    assert run(root, "check") == 0
    book = clean_lab()
    PARTS["attachment"][0](book, SECRETS["solution cell"])
    put(root, LAB, json.dumps(book))
    put(root, "labs/99_old.ipynb", json.dumps(book))
    assert run(root, "check") == 1
    told = capsys.readouterr().err
    line = line_of(SECRETS["solution cell"])
    for path in (LAB, "labs/99_old.ipynb"):
        assert f"{FILE}:{line}: this withheld line is in {path}, cell 1 attachments; " in told


def test_check_fails_on_a_source_that_gives_its_own_answer_away(root, capsys):
    """A hint that is the solution's line is a leak like any other, though the notebooks are up to date."""
    edit(
        root / FILE,
        "</summary>\n\n`return x + ...`",
        f"</summary>\n\n`{SECRETS['solution region'].strip()}`",
    )
    run(root, "build")
    capsys.readouterr()
    assert run(root, "check") == 1
    told = capsys.readouterr().err
    assert "this withheld line is in" in told
    assert "stale" not in told
