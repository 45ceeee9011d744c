"""A release replaces the student's tree as a whole: killed at any step, twice at a time, in odd places."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from coursekit.command.cli import main
from release_texts import laid_out

from coursekit.release import dest as places
from coursekit.release import replacing
from coursekit.release.tree import File

ROOT = Path(__file__).resolve().parent.parent
OLD = {"README.md": b"old\n", "a/gone.py": b"gone\n", "b/stays.py": b"stays\n", "b/changes.py": b"one\n"}
NEW = {"README.md": b"new\n", "b/changes.py": b"two\n", "c/d/fresh.py": b"fresh\n", "z.py": b"z\n"}
CHANGE = replacing.Change({path: File(data) for path, data in NEW.items()}, ["a/gone.py"])
posix = pytest.mark.skipif(os.name == "nt", reason="fork, rights and locks of POSIX")


def put(folder, files):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def content(folder):
    paths = (path for path in folder.rglob("*") if path.is_file() and ".git/" not in path.as_posix())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


BEFORE = OLD
AFTER = {path: data for path, data in (OLD | NEW).items() if path != "a/gone.py"}


@pytest.fixture
def tree(tmp_path):
    put(tmp_path / "students", OLD)
    return tmp_path / "students"


@pytest.fixture
def both(tmp_path):
    """A small course, and the student's tree of it."""
    root = laid_out(tmp_path / "course")
    (root / "coursekit").mkdir()
    (root / "coursekit/steps.py").write_text("GOES = 'on'\n")
    assert release((root, tmp_path / "students")) == 0
    return root, tmp_path / "students"


def release(both, *more):
    return main(["release", str(both[1]), "--root", str(both[0]), "--solutions", "none", *more])


def git(folder, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True)
    return done.stdout


def killed_after(count, work):
    """Run `work` in a process of its own that dies, as by kill -9, before its next step on the disk."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    steps = [0]

    def dying(function):
        def call(*arguments, **options):
            steps[0] += 1
            if steps[0] > count:
                os._exit(9)
            return function(*arguments, **options)

        return call

    for name in ("replace", "unlink", "rmdir", "mkdir", "rename"):
        setattr(os, name, dying(getattr(os, name)))
    try:
        work()
    finally:
        os._exit(0)


@posix
def test_killed_at_any_step_the_tree_is_the_old_one_or_the_new_one(tree):
    seen = set()
    for count in range(200):
        shutil.rmtree(tree)
        put(tree, OLD)
        died = killed_after(count, lambda: replacing.replace(tree, CHANGE))
        replacing.undo(tree)
        assert content(tree) in (BEFORE, AFTER), count
        seen.add(content(tree) == AFTER)
        assert not (tree / replacing.STAGING).exists()
        if not died:
            break
    assert not died
    assert seen == {True, False}


@posix
def test_killed_while_it_undoes_the_next_one_goes_on(tree):
    for count in range(200):
        shutil.rmtree(tree)
        put(tree, OLD)
        killed_after(20, lambda: replacing.replace(tree, CHANGE))
        assert content(tree) not in (BEFORE, AFTER)
        died = killed_after(count, lambda: replacing.undo(tree))
        replacing.undo(tree)
        assert content(tree) == BEFORE, count
        if not died:
            break
    assert not died


@posix
def test_what_somebody_changed_after_a_kill_is_not_undone(tree):
    killed_after(20, lambda: replacing.replace(tree, CHANGE))
    assert (tree / "README.md").read_bytes() == b"new\n"
    (tree / "README.md").write_bytes(b"mine\n")
    assert replacing.undo(tree)
    assert content(tree) == BEFORE | {"README.md": b"mine\n"}


@posix
def test_what_a_killed_run_leaves_is_nothing_to_git(tree):
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    killed_after(12, lambda: replacing.replace(tree, CHANGE))
    assert (tree / replacing.STAGING).exists()
    assert replacing.STAGING not in git(tree, "status", "--short", "--untracked-files=all")


@posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root's rights away")
def test_one_folder_that_can_not_be_written_leaves_all_as_it_was(tree):
    subprocess.run(["chown", "-R", "65534", tree.parent], check=True)
    for folder in tree.parents[:-1]:
        folder.chmod(0o755)
    (tree / "b").chmod(0o555)
    child = os.fork()
    if not child:
        os.setuid(65534)
        try:
            replacing.replace(tree, CHANGE)
        except PermissionError:
            os._exit(3)
        os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert content(tree) == BEFORE


# ------------------------------------------------------------------------------------- two runs at a time


@posix
def test_a_second_run_into_one_tree_is_refused(both, capsys):
    (both[0] / "README.md").write_text("# Changed\n")
    before = content(both[1])
    child = os.fork()
    if not child:
        with replacing.alone(both[1]):
            (both[1].parent / "held").touch()
            while not (both[1].parent / "go").exists():
                pass
        os._exit(0)
    while not (both[1].parent / "held").exists():
        pass
    assert release(both) == 1
    assert "another release into" in capsys.readouterr().err
    assert content(both[1]) == before
    assert release(both, "--dry-run") == 0
    (both[1].parent / "go").touch()
    os.waitpid(child, 0)
    assert release(both) == 0


@posix
def test_a_first_run_holds_the_folder_that_it_makes(tmp_path, monkeypatch):
    def stage(*arguments):
        code = "import sys; from pathlib import Path; from coursekit.release import replacing\n"
        code += "with replacing.alone(Path(sys.argv[1])): pass"
        done = subprocess.run([sys.executable, "-c", code, tmp_path / "x/y"], capture_output=True, cwd=ROOT)
        assert b"another release into" in done.stderr
        return real(*arguments)

    real = replacing._stage
    monkeypatch.setattr(replacing, "_stage", stage)
    replacing.replace(tmp_path / "x/y", replacing.Change(CHANGE.write, []))
    assert (tmp_path / "x/y/z.py").exists()


# ------------------------------------------------------------------------------- what DEST says of itself


@pytest.mark.parametrize(
    "path", ["../mine.txt", "lectures/../../mine.txt", "/etc/hosts", ".git/config", "a/.GIT/x", ""]
)
def test_a_memory_that_names_what_is_not_of_the_tree_is_refused(both, capsys, path):
    """Students can propose a change of `.release.json`: it must not lead a release out of the tree."""
    dest = both[1]
    git(dest, "init", "-q")
    (dest.parent / "mine.txt").write_text("mine\n")
    table = json.loads((dest / places.MANIFEST).read_text())
    table["files"][path] = replacing.digest(b"mine\n")
    (dest / places.MANIFEST).write_text(json.dumps(table))
    before = content(dest.parent)
    assert release(both, "--force") == 1
    assert "names a file outside the tree" in capsys.readouterr().err
    assert content(dest.parent) == before


@pytest.mark.parametrize("change", [{"files": {"a": 1}}, {"labs": {"a": "b"}}, {"labs": {"a": [1]}}])
def test_a_memory_of_other_kinds_is_refused(both, capsys, change):
    table = json.loads((both[1] / places.MANIFEST).read_text()) | change
    (both[1] / places.MANIFEST).write_text(json.dumps(table))
    assert release(both, "--force") == 1
    assert "can't be read" in capsys.readouterr().err


def test_a_course_for_nbgrader_does_not_go_into_the_student_s_tree(both, capsys):
    root, dest = both
    before = content(dest)
    for more in ([], ["--force"]):
        assert main(["release", "--nbgrader", str(dest), "--root", str(root), *more]) == 1
        assert "is a student's tree" in capsys.readouterr().err
    git(dest, "init", "-q")
    (dest / places.MANIFEST).unlink()
    assert main(["release", "--nbgrader", str(dest), "--root", str(root), "--force"]) == 1
    assert content(dest) == {path: data for path, data in before.items() if path != places.MANIFEST}


def test_the_student_s_tree_does_not_go_into_a_course_for_nbgrader(both, tmp_path, capsys):
    (both[0] / "solutions/01_flows.md").write_text(
        (both[0] / "solutions/01_flows.md").read_text().replace("checks.step(", "checks.ch01.step(")
    )
    grading = tmp_path / "grading"
    assert main(["release", "--nbgrader", str(grading), "--root", str(both[0])]) == 0
    before = content(grading)
    assert release((both[0], grading), "--force") == 1
    assert "is a course for nbgrader" in capsys.readouterr().err
    assert content(grading) == before


# ---------------------------------------------------------------------------------------- all sorts of git


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_a_course_that_is_reached_by_a_link(both, tmp_path):
    (tmp_path / "link").symlink_to(both[0])
    assert release((tmp_path / "link", tmp_path / "new")) == 0
    assert (tmp_path / "new/coursekit/steps.py").exists()


def test_a_bare_repository_is_no_student_s_tree(both, tmp_path, capsys):
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    assert release((both[0], tmp_path / "bare.git"), "--force") == 1
    assert "neither an earlier release nor a git working tree" in capsys.readouterr().err


def test_a_folder_below_a_file(both, tmp_path, capsys):
    (tmp_path / "file").write_text("a file\n")
    assert release((both[0], tmp_path / "file/students")) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "a file\n"


@pytest.fixture
def committed(both):
    git(both[1], "init", "-q", "-b", "main")
    git(both[1], "add", "-A")
    git(both[1], "commit", "-qm", "one")
    return both


SECRET = "assert step(hidden_field, hidden_state, 0.0, 0.5) == 17\n"


@pytest.mark.parametrize("kind", ["worktree", "submodule", "detached"])
@pytest.mark.parametrize("leak", [False, True])
def test_a_working_tree_of_any_kind_is_released_into_and_searched(committed, tmp_path, capsys, kind, leak):
    root, dest = committed
    if leak:
        (dest / "old.py").write_text(SECRET)
        git(dest, "add", "-A")
        git(dest, "commit", "-qm", "two")
        git(dest, "rm", "-q", "old.py")
        git(dest, "commit", "-qm", "three")
    at = tmp_path / "at"
    if kind == "worktree":
        git(dest, "worktree", "add", "-q", at, "-b", "spring")
    elif kind == "submodule":
        (tmp_path / "outer").mkdir()
        git(tmp_path / "outer", "init", "-q")
        git(tmp_path / "outer", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", dest, "at")
        at = tmp_path / "outer/at"
    else:
        git(dest, "checkout", "-q", "--detach")
        at = dest
    (root / "lectures/02_noise.md").write_text("# Changed\n")
    assert release((root, at)) == leak
    assert ("in git object" in capsys.readouterr().err) == leak
    assert (at / "lectures/02_noise.md").read_text().startswith("# Changed") != leak


def test_a_dirty_index_and_a_merge_that_has_stopped(committed, capsys):
    dest = committed[1]
    for branch, text in (("one", "ONE = 1\n"), ("two", "TWO = 2\n")):
        git(dest, "switch", "-qc", branch, "main")
        (dest / "coursekit/steps.py").write_text(text)
        git(dest, "commit", "-qam", branch)
    with pytest.raises(subprocess.CalledProcessError):
        git(dest, "merge", "one")
    (dest / "notes.txt").write_text("staged\n")
    git(dest, "add", "notes.txt")
    before, status = content(dest), git(dest, "status", "--short")
    assert release(committed) == 1
    assert "changed by hand in" in capsys.readouterr().err
    assert release(committed, "--force") == 0
    assert content(dest) == before | {"coursekit/steps.py": b"GOES = 'on'\n"}
    assert (dest / ".git/MERGE_HEAD").exists()
    assert git(dest, "status", "--short") == status  # a release touches files, never the index


def test_a_course_whose_git_can_not_be_read_is_not_taken_for_one_without(both, capsys):
    """Without git all files on disk are the course's: with one that fails, scratch files too."""
    git(both[0], "init", "-q")
    (both[0] / ".git/HEAD").write_text("nonsense")
    (both[0] / "coursekit/scratch.py").write_text("MINE = 1\n")
    assert release(both) == 1
    assert "git can't read the repository" in capsys.readouterr().err
