"""The leak gate: secrets planted in every place and disguise are found, and public lines are let pass."""

import json

import pytest
from leak_plants import (
    DISGUISES,
    PLACES,
    in_attachment,
    in_attachment_base64,
    in_cell_metadata,
    in_markdown,
    in_notebook_metadata,
    in_source,
    in_stream,
)
from release_texts import SOLUTION, course, laid_out, run

from coursekit.release import leaks
from coursekit.release.build import from_text
from coursekit.release.source import parse

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
HIDDEN = leaks.secrets([SOURCE], public="")
BUILT = from_text(SOLUTION, FILE, course())


def clean_lab():
    return json.loads(BUILT[LAB])


def found(book, hidden=HIDDEN):
    return [str(fault) for fault in leaks.faults(LAB, json.dumps(book), hidden)]


def line_of(secret):
    return next(n for n, line in enumerate(SOLUTION.splitlines(), 1) if secret in line)


def test_the_lab_as_built_is_clean():
    assert found(clean_lab()) == []


def test_the_solution_itself_would_not_pass():
    solution = BUILT["solutions/01_flows.ipynb"]
    told = [str(fault) for fault in leaks.faults(LAB, solution, HIDDEN)]
    for secret in SECRETS.values():
        assert any(fault.startswith(f"{FILE}:{line_of(secret)}: ") for fault in told)


@pytest.mark.parametrize("plant", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_planted_anywhere_is_found(plant, secret):
    book = clean_lab()
    plant(book, secret)
    (told,) = found(book)
    assert told.startswith(f"{FILE}:{line_of(secret)}: this withheld line is in {LAB}, ")


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("plant", [in_source, in_cell_metadata], ids=["source", "metadata"])
def test_disguised_is_found(disguise, secret, plant):
    book = clean_lab()
    plant(book, disguise(secret))
    assert any(told.startswith(f"{FILE}:{line_of(secret)}: ") for told in found(book))


@pytest.mark.parametrize(
    "part",
    [
        "x + h * slope # otherwise said",
        "forward along the withheld slope",
        "The error shrinks with the square of the step.",
    ],
)
def test_a_line_without_its_comment_and_one_sentence_are_found(part):
    book = clean_lab()
    in_source(book, "return " + part)
    assert len(found(book)) == 1


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (in_source, "cell 4 source"),
        (in_markdown, "cell 1 source"),
        (in_stream, "cell 4 outputs"),
        (in_attachment, "cell 1 attachments"),
        (in_cell_metadata, "cell 4 metadata"),
        (in_notebook_metadata, "notebook metadata"),
    ],
)
def test_the_place_is_named(plant, place):
    book = clean_lab()
    plant(book, SECRETS["hidden cell"])
    told = found(book)
    assert [f"{LAB}, {place};" in fault for fault in told] == [True], told


def test_the_secret_itself_is_not_printed():
    book = clean_lab()
    in_source(book, SECRETS["hidden cell"])
    assert "hidden_state" not in "".join(found(book))


def test_a_lab_that_is_no_json_is_searched_all_the_same():
    assert list(leaks.faults(LAB, "{ " + SECRETS["hidden cell"], HIDDEN))


def secret_lines(public):
    return {secret.line for secret in leaks.secrets([SOURCE], public)}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "coursekit").mkdir()
    return laid_out(tmp_path)


@pytest.mark.parametrize("path", ["coursekit/steps.py", "coursekit/deep/steps.py", "lectures/02_noise.md"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_public_lines_do_not_count(root, path, secret):
    """The same line in a module or a lecture, indented otherwise, is public; all others stay secret."""
    (root / path).parent.mkdir(exist_ok=True)
    with (root / path).open("a") as file:
        file.write("\nif True:\n        " + secret.strip() + "\n")
    line = line_of(secret)
    assert line in secret_lines("")
    assert secret_lines("") - secret_lines(leaks.public_text(root)) == {line}


@pytest.mark.parametrize("path", ["solutions/notes.txt", "tests/steps.py", "labs/old.md"])
def test_other_files_do_not_make_a_line_public(root, path):
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("\n".join(SECRETS.values()))
    assert secret_lines(leaks.public_text(root)) == secret_lines("")


@pytest.mark.parametrize(("length", "counts"), [(19, False), (20, True)])
def test_short_lines_do_not_count(length, counts):
    line = "y = " + "a" * (length - 4)
    source = parse(f"# T\n\n```{{code-cell}} python\n:tags: [hidden]\n\nif x:\n    {line}   \n```\n", FILE)
    assert [secret.line for secret in leaks.secrets([source], "")] == [7] * counts


def test_the_stub_is_public_and_its_signature_may_be_repeated():
    again = SOLUTION.replace("def step_again(field, x, t, h):", "def step(field, x, t, h):")
    hidden = leaks.secrets([parse(again, FILE)], "")
    assert found(clean_lab(), hidden) == []


def test_lectures_withhold_nothing():
    assert (
        leaks.secrets([parse("# A title that is long enough to count\n", "lectures/01_flows.md")], "") == []
    )


def test_check_fails_on_a_lab_on_disk_that_leaks(root, capsys):
    run(root, "build")
    assert run(root, "check") == 0
    book = clean_lab()
    in_attachment_base64(book, SECRETS["solution cell"])
    (root / "labs/01_flows.ipynb").write_text(json.dumps(book))
    assert run(root, "check") == 1
    line = line_of(SECRETS["solution cell"])
    assert f"{FILE}:{line}: this withheld line is in {LAB}, cell 1 attachments; " in capsys.readouterr().err


def test_check_fails_on_a_source_that_gives_its_own_answer_away(root, capsys):
    """A hint that is the solution's line is a leak like any other, though built = committed."""
    secret = SECRETS["solution region"].strip()
    path = root / FILE
    path.write_text(SOLUTION.replace("`return x + ...`", f"`{secret}`", 1), encoding="utf-8")
    run(root, "build")
    capsys.readouterr()
    assert run(root, "check") == 1
    told = capsys.readouterr().err
    assert told.count("this withheld line is in") == 1
    assert "stale" not in told


def test_check_searches_labs_that_no_source_builds(root, capsys):
    run(root, "build")
    book = clean_lab()
    in_notebook_metadata(book, SECRETS["sample answer"])
    (root / "labs/99_old.ipynb").write_text(json.dumps(book))
    assert run(root, "check") == 1
    told = capsys.readouterr().err
    assert "this withheld line is in labs/99_old.ipynb, notebook metadata; " in told
    assert "labs/99_old.ipynb:1: an orphan" in told
