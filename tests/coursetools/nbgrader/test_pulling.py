"""Students pull a release with nbgitpuller: whatever they did to a lab, nothing of theirs is lost."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
pulling = pytest.importorskip("nbgitpuller.pull", reason="runs in the instructor's environment")

from course_texts import COURSE, DATES, commit, edit, git, put, write_course  # noqa: E402

from coursetools.cli import main  # noqa: E402

LAB, SOLUTION = "labs/01_flows.ipynb", "solutions/01_flows.ipynb"
OPEN, DUE = "2026-11-20T08:00Z", "2026-11-24T09:00+01:00"
MINE = "    return x + h * field(x, t)  # my own line\n"


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A course, a bare remote with its first release in it, and a student who has pulled it."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Student")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "s@example.org")
    root = write_course(tmp_path / "course")
    put(root, "course.toml", COURSE.replace("lab = true", DATES))
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "clone", "-q", "remote.git", "tree")
    git(tmp_path / "tree", "switch", "-qc", "main")
    publish(tmp_path, OPEN)
    pull(tmp_path)
    return tmp_path


def publish(world, date):
    tree = world / "tree"
    assert main(["release", str(tree), "--root", str(world / "course"), "--date", date]) == 0
    commit(tree)
    git(tree, "push", "-q", "origin", "main")


def pull(world):
    for _ in pulling.GitPuller(f"file://{world}/remote.git", str(world / "student"), branch="main").pull():
        pass


def second_release(world):
    """The solution becomes due, and a sentence and a hidden line of the lab are mended."""
    edit(world / "course/solutions/01_flows.md", "One step at a time.", "One step, each along the slope.")
    publish(world, DUE)
    pull(world)


def work(path):
    """What a student writes into the first exercise, and what running the cell leaves."""
    book = json.loads(path.read_text(encoding="utf-8"))
    cell = next(each for each in book["cells"] if "exercise" in each["metadata"].get("tags", []))
    cell["source"] = [*cell["source"][:-1], MINE]
    cell["execution_count"] = 3
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["mine\n"]}]
    path.write_text(json.dumps(book, indent=1) + "\n", encoding="utf-8")


def texts(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def test_an_untouched_lab_gets_the_new_text_and_the_solution_arrives(world):
    second_release(world)
    assert any("each along the slope" in text for text in texts(world / "student" / LAB))
    assert (world / "student" / SOLUTION).exists()
    assert (world / "student" / LAB).read_bytes() == (world / "tree" / LAB).read_bytes()


def test_an_edited_lab_keeps_the_student_s_work_and_gets_the_new_text(world):
    lab = world / "student" / LAB
    work(lab)
    second_release(world)
    assert any(MINE.strip() in text for text in texts(lab))
    assert '"mine\\n"' in lab.read_text(encoding="utf-8")
    assert any("each along the slope" in text for text in texts(lab))
    assert (world / "student" / SOLUTION).exists()


def test_edits_that_the_release_touches_too_stay_the_student_s(world):
    lab = world / "student" / LAB
    edit(lab, "One step at a time.", "Big steps!")
    work(lab)
    second_release(world)
    assert any("Big steps!" in text for text in texts(lab))
    assert any(MINE.strip() in text for text in texts(lab))


def test_a_deleted_lab_comes_back_and_what_was_committed_stays_in_git(world):
    (world / "student" / LAB).unlink()
    second_release(world)
    assert any("each along the slope" in text for text in texts(world / "student" / LAB))


def test_a_renamed_lab_stays_as_the_student_left_it(world):
    lab, mine = world / "student" / LAB, world / "student/labs/my_flows.ipynb"
    work(lab)
    lab.rename(mine)
    before = mine.read_bytes()
    second_release(world)
    assert mine.read_bytes() == before
    assert lab.read_bytes() == (world / "tree" / LAB).read_bytes()


def test_a_file_of_the_student_s_where_the_solution_arrives_is_kept(world):
    mine = put(world / "student", SOLUTION, "my own attempt")
    second_release(world)
    kept = [path.read_text(encoding="utf-8") for path in mine.parent.iterdir() if path != mine]
    assert "my own attempt" in kept
    assert mine.read_bytes() == (world / "tree" / SOLUTION).read_bytes()


def test_twice_and_with_nothing_new_a_pull_changes_nothing(world):
    work(world / "student" / LAB)
    before = (world / "student" / LAB).read_bytes()
    for _ in range(2):
        pull(world)
    assert (world / "student" / LAB).read_bytes() == before
