"""The gate over the finished tree: planted secrets are found wherever they stand, and nothing is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tree_plants
from coursekit.command.cli import main
from release_texts import SOLUTION, laid_out

from coursekit.release import search, shapes, unpacked
from coursekit.release.source import parse

ROOT = Path(__file__).resolve().parent.parent
FILE = "solutions/01_flows.md"
SECRETS = {
    "solution region": "    return x + h * slope  # forward along the withheld slope",
    "sample answer": "Because the slope is followed for a short while.",
    "hidden test": "assert step(hidden_field, hidden_state, 0.0, 0.5) == 17",
}
REGION = """\
    states, now = [x0], times[0]
    for later in times[1:]:
        states.append(step(field, states[-1], now, later - now))
        now = later
    return torch.stack(states)"""
LONGER = SOLUTION.replace(
    "    slope = field(x, t)\n    return x + h * slope  # forward along the withheld slope", REGION
)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A course, and its student's tree in git with one release in it; each test gets copies."""
    folder = tmp_path_factory.mktemp("pattern")
    root = laid_out(folder / "course")
    (root / "coursekit").mkdir()
    (root / "coursekit/__init__.py").touch()
    assert main(["release", str(folder / "students"), "--root", str(root), "--solutions", "none"]) == 0
    tree_plants.git(folder / "students", "init", "-q")
    return folder


@pytest.fixture
def both(pattern, tmp_path):
    shutil.copytree(pattern, tmp_path / "here")
    return tmp_path / "here/course", tmp_path / "here/students"


def release(both, solutions="none"):
    return main(["release", str(both[1]), "--root", str(both[0]), "--solutions", solutions, "--force"])


def state(folder):
    """Every path, content and time stamp below a folder."""
    return {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
        if ".git/index" not in path.as_posix()
    }


@pytest.mark.parametrize("plant", tree_plants.PLACES.values(), ids=tree_plants.PLACES)
def test_planted_is_found_named_and_nothing_is_written(both, capsys, plant):
    secret = list(SECRETS.values())[len(plant.__name__) % 3]
    place = plant(*both, secret)
    (both[0] / "lectures/02_noise.md").write_text("# Changed\n")  # something to write, were there no leak
    before = state(both[1])
    assert release(both) == 1
    told = capsys.readouterr().err
    at = next(n for n, line in enumerate(SOLUTION.splitlines(), 1) if secret in line)
    moved = range(at, at + 2)  # a plant may lengthen the source above
    assert any(f"{FILE}:{line}: this withheld line is in {place}" in told for line in moved), told
    assert "students is as it was" in told
    assert secret.strip() not in told or plant is tree_plants.in_a_file_s_name
    assert state(both[1]) == before


@pytest.mark.parametrize("plant", tree_plants.PLACES.values(), ids=tree_plants.PLACES)
def test_where_nothing_is_withheld_nothing_is_found(both, plant):
    """Once the solution is out, or with harmless words, the same places are clean."""
    plant(*both, "a harmless line of a length that would count if it were withheld")
    assert release(both) == 0


def test_a_released_solution_is_public(both):
    tree_plants.in_readme(*both, SECRETS["sample answer"])
    assert release(both, solutions="all") == 0


def test_once_out_a_solution_can_not_be_held_back_again_where_git_remembers_it(both, capsys):
    assert release(both, solutions="all") == 0
    tree_plants.git(both[1], "add", "-A")
    tree_plants.git(both[1], "commit", "-qm", "solutions")
    assert release(both) == 1
    assert f"is in {FILE} in git object " in capsys.readouterr().err


def test_all_solutions_stay_out_of_a_tree_that_git_cloned_from_the_course(both, capsys):
    """DEST made as a clone of the instructor's repository: its history has everything."""
    root, dest = both
    tree_plants.git(root, "init", "-q")
    tree_plants.git(root, "add", "-A")
    tree_plants.git(root, "commit", "-qm", "course")
    shutil.rmtree(dest)
    subprocess.run(["git", "clone", "-q", root, dest], check=True)
    assert release(both) == 1
    assert f"is in {FILE} in git object " in capsys.readouterr().err


# ------------------------------------------------------------------------------- renamed, wrapped, indented

HIDDEN = search.Withheld([], shapes.shapes([parse(LONGER, FILE)], []))
WORDS = {
    "states": "trail",
    "now": "s",
    "later": "s_next",
    "times": "grid",
    "step": "move",
    "field": "u",
    "x0": "start",
}


def renamed(text):
    return shapes._TOKEN.sub(lambda token: WORDS.get(token[0], token[0]), text)


DISGUISES = {
    "renamed": renamed,
    "renamed and indented": lambda text: "\n".join("        " + line for line in renamed(text).split("\n")),
    "renamed and on fewer lines": lambda text: renamed(text).replace("\n        ", " "),
    "renamed and wrapped": lambda text: renamed(text).replace(", ", ",\n        ").replace("(", "(\n   "),
    "renamed, with comments": lambda text: renamed(text).replace("\n", "  # go on\n    # and on\n"),
    "renamed, a half": lambda text: "\n".join(renamed(text).split("\n")[:3]),
    "renamed, one line": lambda text: renamed(text).split("\n")[2],
    "renamed, inside other code": lambda text: f"a = 1\ndef mine(a):\n{renamed(text)}\nprint(mine(3))",
    "only one name changed": lambda text: text.replace("states", "xs"),
}


def found(name, data):
    return [str(fault) for fault in search.faults([(name, data.encode())], HIDDEN)]


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize(
    "plant", [tree_plants.leak_plants.in_source, tree_plants.leak_plants.in_attachment_base64]
)
def test_code_with_other_names_is_found(disguise, plant):
    (*told,) = found("labs/a.ipynb", tree_plants.book(plant, disguise(REGION)))
    assert told
    assert all(
        "this withheld code, perhaps with other names, is in labs/a.ipynb, cell " in each for each in told
    )


@pytest.mark.parametrize(
    "innocent",
    [
        REGION.replace("later - now", "now - later"),  # no renaming: the names are exchanged
        REGION.replace("torch.stack", "torch.cat").replace("append", "extend").replace("[-1]", "[-2]"),
        "    xs = [x0]\n    for t, h in pairs(times):\n        xs.append(step(field, xs[-1], t, h))",
    ],
)
def test_other_code_is_not_found_by_its_shape(innocent):
    lines = [each for each in HIDDEN.shapes if shapes.shows(shapes.read(innocent), each)]
    whole = max(HIDDEN.shapes, key=lambda each: len(each.skeleton))
    assert whole not in lines
    assert not shapes.shows(shapes.read("xs = 1\n" * 9), whole)


def test_a_shape_in_public_code_is_public():
    left = shapes.shapes([parse(LONGER, FILE)], [renamed(REGION)])
    assert {each.line for each in left} < {each.line for each in HIDDEN.shapes}
    assert not any("append" in each.skeleton for each in left)


# --------------------------------------------------------------------------------- what can't be searched


def test_what_can_not_be_searched_is_refused(both, capsys):
    tree_plants.put(both[1], "dist/a.zip", b"PK\x03\x04 and no more")
    tree_plants.put(both[1], "dist/a.gz", b"\x1f\x8b\x08 and no more")
    assert release(both) == 1
    told = capsys.readouterr().err
    assert "dist/a.zip:1: dist/a.zip is an archive that can't be opened" in told
    assert "dist/a.gz:1: dist/a.gz is an archive that can't be opened" in told


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch):
    monkeypatch.setattr(unpacked, "LARGEST", 100_000)
    (fault,) = search.faults([("a.zip", tree_plants.zipped("a", "0" * 200_000))], HIDDEN)
    assert "grows beyond" in str(fault)
    (fault,) = search.faults([("a", b"0" * 200_000)], HIDDEN)
    assert "is larger than" in str(fault)


def test_compiled_code_without_its_source_is_refused(both, capsys):
    tree_plants.put(both[1], "coursekit/__pycache__/answers.cpython-311.pyc", b"\0")
    assert release(both) == 1
    assert "compiled code, and its source coursekit/answers.py is not in the tree" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="pipes")
def test_a_pipe_in_the_tree_is_not_waited_for(both):
    os.mkfifo(both[1] / "pipe")
    assert release(both) == 0


def test_the_git_of_a_folder_inside_is_searched_too(both, capsys):
    inner = both[1] / "inner"
    inner.mkdir()
    tree_plants.git(inner, "init", "-q")
    tree_plants.in_an_unreachable_object(both[0], inner, SECRETS["hidden test"])
    assert release(both) == 1
    assert "is in inner/.git/objects/" in capsys.readouterr().err


def test_a_git_that_can_not_be_read_is_refused(both, capsys):
    (both[1] / ".git/HEAD").write_text("nonsense")
    assert release(both) == 1
    assert "git can't read the repository" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="PATH")
def test_a_git_that_is_not_installed_is_refused(both, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert release(both) == 1
    assert "git can't be run" in capsys.readouterr().err


# ------------------------------------------------------------------------------------- where it is looked


def test_a_module_that_git_does_not_know_makes_nothing_public(both, capsys):
    """It is not released, so what it says is as secret as before."""
    tree_plants.git(both[0], "init", "-q")
    tree_plants.git(both[0], "add", "-A")
    tree_plants.put(both[0], "coursekit/scratch.py", SECRETS["hidden test"] + "\n")
    tree_plants.in_a_script(*both, SECRETS["hidden test"])
    tree_plants.git(both[0], "add", "postBuild")
    assert release(both) == 1
    assert "this withheld line is in postBuild" in capsys.readouterr().err


def test_another_repository_in_the_environment_is_not_looked_into(both, capsys, monkeypatch):
    """Git sets these for a hook: a release from a hook must look into DEST all the same."""
    tree_plants.in_an_unreachable_object(*both, SECRETS["hidden test"])
    other = both[0].parent / "other"
    other.mkdir()
    tree_plants.git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git/objects"))
    assert release(both) == 1
    assert "in git object " in capsys.readouterr().err


def test_an_object_that_git_shows_another_for_is_searched(both, capsys):
    (both[1] / "old.py").write_text(SECRETS["hidden test"])
    (both[1] / "new.py").write_text("harmless\n")
    words = ["git", "-C", both[1], "hash-object", "-w", "old.py", "new.py"]
    old, new = subprocess.check_output(words, text=True).split()
    (both[1] / "old.py").unlink()
    tree_plants.git(both[1], "replace", old, new)
    assert release(both) == 1
    assert f"git object {old[:12]}" in capsys.readouterr().err


def test_a_name_in_a_tree_that_no_branch_reaches_is_searched(both, capsys):
    name = SECRETS["hidden test"].replace("/", "-")
    tree_plants.put(both[1], name, "")
    tree_plants.git(both[1], "add", "-A")
    tree_plants.git(both[1], "write-tree")
    tree_plants.git(both[1], "rm", "-q", "--cached", name)
    (both[1] / name).unlink()
    assert release(both) == 1
    assert "is in tree in git object " in capsys.readouterr().err


def as_nobody(both, *more):
    """Run a release as somebody who is not root."""
    program = (
        "import os, sys; from coursekit.command.cli import main\n"
        "main([*sys.argv[1:], '--dry-run'])  # loads all that is needed while it may be read\n"
        "os.seteuid(65534); sys.exit(main(sys.argv[1:]))"
    )
    for folder in (both[1], *both[1].parents[:-1]):
        folder.chmod(0o755)
    subprocess.run(["chown", "-R", "65534", both[1].parent], check=True)
    words = ["release", str(both[1]), "--root", str(both[0]), "--solutions", "none", "--force", *more]
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root's rights away")
def test_a_folder_that_can_not_be_read_is_refused(both):
    shutil.rmtree(both[1] / ".git")
    closed = both[1] / "closed"
    closed.mkdir()
    (closed / "a.py").write_text(SECRETS["hidden test"])
    (both[0] / "lectures/02_noise.md").write_text("# Changed\n")
    subprocess.run(["chmod", "000", closed], check=True)
    done = as_nobody(both)
    assert "Permission denied" in done.stderr.splitlines()[-1]
    assert done.returncode == 1


def test_a_file_of_any_size_is_not_read_into_memory(both, capsys, monkeypatch):
    with (both[1] / "huge.bin").open("wb") as file:
        file.truncate(200_000_000_000)
    assert release(both) == 1
    assert "huge.bin:1: huge.bin is larger than 64 MB" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="bytes in names")
def test_names_that_are_no_text_are_searched(both, capsys):
    os.symlink(SECRETS["hidden test"].encode() + b"\xff", os.fsencode(both[1]) + b"/li\xffnk")
    (both[1] / os.fsdecode(b"na\xffme")).write_text("harmless")
    assert release(both) == 1
    told = capsys.readouterr().err
    assert "this withheld line is in li" in told
    assert "codec" not in told


def test_a_clone_of_the_course_is_refused_in_a_page(both, capsys):
    """Its history has every line many times over: the reasons are told as far as anybody reads."""
    text = (both[0] / FILE).read_text(encoding="utf-8")
    for number in range(80):
        tree_plants.put(both[1], f"copies/{number}.md", text)
    assert release(both) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) < 60
    assert any(each.startswith("… and ") for each in told)
    assert re.search(r"^\d{3,} faults: .* is as it was", told[-1])
