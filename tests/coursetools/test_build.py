"""A course in a folder: the commands on it, the same bytes every time, files that are missing or foreign."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from course_texts import LECTURE, ROOT, SOLUTION, commit, git, run, write_course

LECTURE_FILE, SOLUTION_FILE = "lectures/01_flows.md", "solutions/01_flows.md"


@pytest.fixture
def root(tmp_path):
    return write_course(tmp_path)


def test_two_builds_are_byte_identical(root):
    assert run(root, "build") == 0
    first = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    for path in first:
        path.unlink()
    assert run(root, "build") == 0
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == first
    assert len(first) == 5
    assert not any(b"\r" in data for data in first.values())


def test_windows_line_ends_build_the_same_bytes(root):
    run(root, "build")
    first = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    for path in [*root.rglob("*.md"), root / "course.toml"]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    run(root, "build")
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == first


def test_the_command_in_a_fresh_process_builds_the_same_bytes(root):
    """Other hash seeds must not show; and it needs neither torch nor the package that students have."""
    run(root, "build")
    first = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    (root / "labs/01_flows.ipynb").unlink()
    program = """
import sys
from coursetools.cli import main
assert main(sys.argv[1:]) == 0
assert not {"torch", "coursekit"} & set(sys.modules)
"""
    command = [sys.executable, "-c", program, "build", "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "wrote labs/01_flows.ipynb\n5 notebooks are up to date\n"
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == first


def test_check_passes_after_build_and_fails_before(root, capsys):
    assert run(root, "check") == 1
    assert "labs/01_flows.ipynb:1: missing; run `make notebooks`" in capsys.readouterr().err
    assert run(root, "build") == 0
    assert run(root, "check") == 0


def test_check_names_a_stale_notebook_with_its_line(root, capsys):
    run(root, "build")
    path = root / "lectures/01_flows.ipynb"
    lines = path.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "a plain cell" in line)
    lines[at] = lines[at].replace("a plain cell", "another cell")
    path.write_text("".join(lines))
    assert run(root, "check") == 1
    assert f"lectures/01_flows.ipynb:{at + 1}: stale" in capsys.readouterr().err


def test_check_names_a_notebook_cut_short_and_an_orphan(root, capsys):
    run(root, "build")
    path = root / "labs/01_flows.ipynb"
    path.write_text(path.read_text()[:-1])
    (root / "labs/99_old.ipynb").write_text((root / "labs/01_flows.ipynb").read_text())
    assert run(root, "check") == 1
    told = capsys.readouterr().err
    assert re.search(r"labs/01_flows\.ipynb:\d+: stale", told)
    assert "labs/99_old.ipynb:1: an orphan" in told


def test_a_fault_writes_nothing_and_all_faults_are_told(root, capsys):
    bad = SOLUTION.replace("[hidden]", "[hiden]")
    (root / SOLUTION_FILE).write_text(bad, encoding="utf-8")
    (root / LECTURE_FILE).write_text(LECTURE.replace("[evidence]", "[check]"), encoding="utf-8")
    assert run(root, "build") == 1
    assert not list(root.rglob("*.ipynb"))
    told = capsys.readouterr().err
    assert "lectures/01_flows.md:14: tag 'check' does not belong" in told
    assert re.search(r"solutions/01_flows\.md:\d+: unknown tag 'hiden'", told)
    assert told.endswith("2 faults: nothing written\n")


def told_by_build(root, capsys):
    assert run(root, "build") == 1
    assert not list(root.rglob("*.ipynb"))
    return capsys.readouterr().err


def test_chapter_without_source(root, capsys):
    (root / "lectures/02_noise.md").unlink()
    (root / "solutions/01_flows.md").unlink()
    told = told_by_build(root, capsys)
    assert "course.toml:15: chapter '02_noise' has no lectures/02_noise.md; write it" in told
    assert "course.toml:10: chapter '01_flows' has no solutions/01_flows.md; write it" in told


def test_source_without_chapter(root, capsys):
    (root / "lectures/07_more.md").write_text("# More\n")
    (root / "solutions/02_noise.md").write_text("# Noise\n")
    told = told_by_build(root, capsys)
    assert "lectures/07_more.md:1: not in course.toml; list it" in told
    assert "solutions/02_noise.md:1: not in course.toml; list it" in told


def test_source_that_is_not_utf8(root, capsys):
    (root / "lectures/02_noise.md").write_bytes(b"# Noise\n\ncaf\xe9\n")
    assert "lectures/02_noise.md:3: not UTF-8; save" in told_by_build(root, capsys)


def test_no_course(tmp_path, capsys):
    assert "course.toml:1: no such file" in told_by_build(tmp_path, capsys)


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


@pytest.mark.parametrize("folder", ["lectures", "labs"])
def test_a_copy_that_its_reader_ran_is_no_fault_and_is_left_alone(cloned, folder, capsys):
    path = sorted((cloned / folder).glob("*.ipynb"))[0]
    theirs = run_in(path)
    for command in ("check", "build"):
        assert run(cloned, command) == 0
        assert f"{folder}/{path.name}: run or worked in here" in capsys.readouterr().out
    assert path.read_bytes() == theirs


def test_what_restore_and_save_wrote_is_its_reader_s(cloned, capsys):
    theirs = {cloned / "labs" / f"01_flows_restored{n}.ipynb" for n in ("", "_2")}
    for path in theirs:
        path.write_bytes((cloned / "solutions/01_flows.ipynb").read_bytes())  # what a lab may not show
    shutil.copy(ROOT / ".gitignore", cloned)
    for folder in (cloned, cloned / "labs"):
        (folder / "01_flows_saved_2026-01-02_030405 (1).json").write_text("{}")
    for command in ("check", "build"):
        assert run(cloned, command) == 0
        assert (
            "labs/01_flows_restored_2.ipynb: run or worked in here, left alone\n" in capsys.readouterr().out
        )
    status = subprocess.run(
        ["git", "-C", cloned, "status", "--short"], capture_output=True, text=True, check=True
    )
    assert status.stdout == "?? .gitignore\n"
    git(cloned, "add", "--force", *theirs)
    assert run(cloned, "check") == 1
    assert "labs/01_flows_restored.ipynb:1: an orphan" in capsys.readouterr().err


def test_once_staged_or_without_git_a_difference_is_a_fault(cloned, capsys):
    path = sorted((cloned / "lectures").glob("*.ipynb"))[0]
    run_in(path)
    git(cloned, "add", "-A")
    assert run(cloned, "check") == 1
    assert "stale" in capsys.readouterr().err
    shutil.rmtree(cloned / ".git")
    assert run(cloned, "check") == 1


def test_a_reader_s_copy_does_not_hide_a_changed_source(cloned, capsys):
    path = sorted((cloned / "lectures").glob("*.ipynb"))[0]
    run_in(path)
    source = path.with_suffix(".md")
    source.write_text(source.read_text(encoding="utf-8") + "\nOne more line.\n", encoding="utf-8")
    assert run(cloned, "check") == 1
    assert "stale" in capsys.readouterr().err
