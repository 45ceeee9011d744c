"""A course in a folder: the commands on it, the same bytes every time, files that are missing or foreign."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from course_texts import ROOT, commit, edit, git, put, run, write_course

LECTURE, LAB, SOURCE = "lectures/01_flows.ipynb", "labs/01_flows.ipynb", "solutions/01_flows.md"


@pytest.fixture
def root(tmp_path):
    return write_course(tmp_path / "course")


def notebooks(root):
    return {path: path.read_bytes() for path in root.rglob("*.ipynb")}


def test_every_build_writes_the_same_bytes_also_from_windows_line_ends(root):
    assert run(root, "build") == 0
    first = notebooks(root)
    assert len(first) == 5
    assert not any(b"\r" in data for data in first.values())
    for path in first:
        path.unlink()
    for path in [*root.rglob("*.md"), root / "course.toml"]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(root, "build") == 0
    assert notebooks(root) == first


def test_the_command_in_a_fresh_process_builds_the_same_bytes(root):
    """Other hash seeds must not show; and it needs neither torch nor the package that students have."""
    run(root, "build")
    first = notebooks(root)
    (root / LAB).unlink()
    program = "import sys; from coursetools.cli import main; assert main(sys.argv[1:]) == 0; "
    program += "assert not {'torch', 'coursekit'} & set(sys.modules)"
    command = [sys.executable, "-c", program, "build", "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "wrote labs/01_flows.ipynb\n5 notebooks are up to date\n"
    assert notebooks(root) == first


def test_check_names_missing_stale_and_orphaned_notebooks(root, capsys):
    assert run(root, "check") == 1
    assert f"{LAB}:1: missing; run `make notebooks`" in capsys.readouterr().err
    assert run(root, "build") == 0
    assert run(root, "check") == 0
    lines = (root / LECTURE).read_text().splitlines()
    at = next(n for n, line in enumerate(lines, 1) if "a plain cell" in line)
    edit(root / LECTURE, "a plain cell", "another cell")
    put(root, LAB, (root / LAB).read_text()[:-1])
    put(root, "labs/99_old.ipynb", (root / LAB).read_text())
    assert run(root, "check") == 1
    message = capsys.readouterr().err
    assert f"{LECTURE}:{at}: stale" in message
    assert re.search(rf"{LAB}:\d+: stale", message)
    assert "labs/99_old.ipynb:1: an orphan" in message


def fails_to_build(root, capsys):
    assert run(root, "build") == 1
    assert not list(root.rglob("*.ipynb"))
    return capsys.readouterr().err


def test_a_fault_writes_nothing_and_all_faults_are_reported(root, capsys):
    edit(root / SOURCE, "[hidden]", "[hiden]")
    edit(root / "lectures/01_flows.md", "[evidence]", "[check]")
    message = fails_to_build(root, capsys)
    assert "lectures/01_flows.md:14: tag 'check' does not belong" in message
    assert re.search(r"solutions/01_flows\.md:\d+: unknown tag 'hiden'", message)
    assert message.endswith("2 faults: nothing written\n")


def test_sources_that_are_missing_unlisted_or_not_utf8(root, capsys):
    (root / "lectures/02_noise.md").unlink()
    (root / SOURCE).unlink()
    put(root, "lectures/07_more.md", "# More\n")
    put(root, "solutions/02_noise.md", "# Noise\n")
    put(root, "lectures/00_start.md", b"# Start\n\ncaf\xe9\n")
    message = fails_to_build(root, capsys)
    assert "course.toml:15: chapter '02_noise' has no lectures/02_noise.md; write it" in message
    assert "course.toml:10: chapter '01_flows' has no solutions/01_flows.md; write it" in message
    assert "lectures/07_more.md:1: not in course.toml; list it" in message
    assert "solutions/02_noise.md:1: not in course.toml; list it" in message
    assert "lectures/00_start.md:3: not UTF-8; save" in message


def test_no_course_toml_or_one_that_is_not_utf8(tmp_path, capsys):
    assert "course.toml:1: no such file" in fails_to_build(tmp_path, capsys)
    put(tmp_path, "course.toml", b'title = "caf\xe9"\n')
    assert "course.toml:1: not UTF-8" in fails_to_build(tmp_path, capsys)


def test_each_part_imports_only_from_those_before_it():
    order = ["git", "build", "site", "publish", "nbgrader"]
    for path in (ROOT / "coursetools").glob("*/*.py"):
        parts = re.findall(r"from coursetools\.(\w+)", path.read_text(encoding="utf-8"))
        assert {order.index(part) for part in parts} <= {*range(order.index(path.parent.name) + 1)}, path


@pytest.fixture
def cloned(root, capsys):
    """A course as a reader has it: built, and all of it in git."""
    run(root, "build")
    commit(root)
    capsys.readouterr()
    return root


def run_in(path):
    """Leave in a notebook what JupyterLab saves: an output and a count."""
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.execution_count = 1
    cell.outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    return path.read_bytes()


@pytest.mark.parametrize("path", [LECTURE, LAB])
def test_a_copy_that_its_reader_ran_is_no_fault_and_is_left_alone(cloned, path, capsys):
    theirs = run_in(cloned / path)
    for command in ("check", "build"):
        assert run(cloned, command) == 0
        assert f"{path}: run or worked in here" in capsys.readouterr().out
    assert (cloned / path).read_bytes() == theirs


def test_what_restore_and_save_wrote_is_its_reader_s(cloned, capsys):
    theirs = [f"labs/01_flows_restored{n}.ipynb" for n in ("", "_2")]
    for path in theirs:
        put(cloned, path, (cloned / "solutions/01_flows.ipynb").read_bytes())  # what a lab may not show
    shutil.copy(ROOT / ".gitignore", cloned)
    for folder in (cloned, cloned / "labs"):
        put(folder, "01_flows_saved_2026-01-02_030405 (1).json", "{}")
    for command in ("check", "build"):
        assert run(cloned, command) == 0
        assert f"{theirs[1]}: run or worked in here, left alone\n" in capsys.readouterr().out
    assert git(cloned, "status", "--short") == "?? .gitignore\n"
    git(cloned, "add", "--force", *theirs)
    assert run(cloned, "check") == 1
    assert f"{theirs[0]}:1: an orphan" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["staged", "no git", "another source"])
def test_otherwise_a_difference_is_a_fault(cloned, capsys, change):
    run_in(cloned / LECTURE)
    if change == "staged":
        git(cloned, "add", "-A")
    elif change == "no git":
        shutil.rmtree(cloned / ".git")
    else:
        edit(cloned / "lectures/01_flows.md", "A picture", "A new picture")
    assert run(cloned, "check") == 1
    assert f"{LECTURE}:" in capsys.readouterr().err
