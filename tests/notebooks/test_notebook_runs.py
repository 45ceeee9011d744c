"""The run that proves the notebooks can itself fail: a raising cell, a budget, a missing notebook."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from coursetools.site import executed

pytestmark = pytest.mark.xdist_group(
    "notebooks"
)  # one run for all: kernels that start at once fight for ports
ROOT = Path(__file__).resolve().parents[2]

# one code cell each, with what the run must make of it
LECTURE = {
    "1 + 1": "passes",
    "import time; until = time.process_time() + 1.4\nwhile time.process_time() < until: pass": "is slow",
    "import time; time.sleep(1.2)": "passes",  # waits, as on a busy machine, and does not work
    "block = bytearray(90_000_000); del block": "is big",
    "2 + 2": "passes",  # the kernel's peak is still over the budget: told once, not at every cell
    "print('x' * 600_000)": "has a large output",
    "raise ValueError('planted')": "raises",
}
SOLUTION = {
    "import os, pathlib; assert os.environ['COURSEKIT_STRICT'] == '1'": "passes",
    "assert pathlib.Path(os.environ['COURSEKIT_HOME']).name.startswith('kernel')": "passes",
}
LAB = {"3 + 3": "passes"}
KEPT = {"print('seen')": "passes", "4 + 4": "passes"}
CHAPTERS = """
[[chapters]]
slug = "00_here"
lab = true
[[chapters]]
slug = "01_missing"
lab = false
"""


def notebook(path, cells):
    path.parent.mkdir(exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small course under this conftest.py with tight budgets, run as `make test` runs the real one."""
    root = tmp_path_factory.mktemp("course")
    text = (ROOT / "conftest.py").read_text(encoding="utf-8")
    text = re.sub(r"^CELL_SECONDS = .*", "CELL_SECONDS = 1.0", text, flags=re.MULTILINE)
    text = re.sub(r"^KERNEL_MB = .*", 'KERNEL_MB = {"lectures": 120.0}', text, flags=re.MULTILINE)
    text = re.sub(r"^NOTEBOOK_MB = .*", "NOTEBOOK_MB = 0.5", text, flags=re.MULTILINE)
    (root / "conftest.py").write_text(text, encoding="utf-8")
    (root / "course.toml").write_text(CHAPTERS, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", root)
    notebook(root / "lectures" / "00_here.ipynb", LECTURE)
    notebook(root / "lectures" / "02_kept.ipynb", KEPT)
    notebook(root / "solutions" / "00_here.ipynb", SOLUTION)
    notebook(root / "labs" / "00_here.ipynb", LAB)
    notebook(root / "labs" / "00_here_restored.ipynb", ["raise ValueError('a reader's own')"])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-rA",
        "--nbval-lax",
        "lectures",
        "labs",
        "solutions",
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return root, done


def test_what_a_lecture_put_out_is_kept_for_the_site_if_all_of_it_passed(run):
    root, _ = run
    (file,) = (root / "build" / "site" / "executed").iterdir()
    text = (root / "lectures" / "02_kept.ipynb").read_text(encoding="utf-8")
    assert file == executed.kept_file(root, "02_kept", text, executed.library_hash(root))
    printed, result = (outputs[0] for outputs in json.loads(file.read_text(encoding="utf-8")))
    assert (printed["text"], result["data"]["text/plain"]) == ("seen\n", "8")


def test_each_cell_ends_as_it_should(run):
    _, done = run
    assert done.returncode == 1
    ends = {
        cell: end for end, cell in re.findall(r"^(PASSED|FAILED) (\S+::Cell \d+)", done.stdout, re.MULTILINE)
    }
    expected = {f"lectures/00_here.ipynb::Cell {i}": end for i, end in enumerate(LECTURE.values())}
    expected |= {f"solutions/00_here.ipynb::Cell {i}": end for i, end in enumerate(SOLUTION.values())}
    expected |= {f"lectures/02_kept.ipynb::Cell {i}": end for i, end in enumerate(KEPT.values())}
    expected |= {"labs/00_here.ipynb::Cell 0": "passes"}  # and nothing of the restored one
    assert ends == {cell: "PASSED" if end == "passes" else "FAILED" for cell, end in expected.items()}


def test_the_reasons_are_told(run):
    _, done = run
    for reason in (
        r"The cell took \d+ s; a cell may take",
        r"The kernel grew to \d+ MB; it may take",
        r"With its outputs the notebook grew to 0\.6 MB; it may have",
        "planted",
    ):
        assert re.search(reason, done.stdout)


def test_a_chapter_without_its_notebook_is_told(run):
    _, done = run
    assert (
        "FAILED lectures/01_missing.ipynb: it is a chapter of course.toml and no cell of it ran"
        in done.stdout
    )


def test_the_record_holds_times_and_memory(run):
    root, _ = run
    record = json.loads((root / "build" / "notebooks.json").read_text(encoding="utf-8"))
    names = ["labs/00_here", "lectures/00_here", "lectures/02_kept", "solutions/00_here"]
    assert sorted(record) == [f"{name}.ipynb" for name in names]
    lecture = record["lectures/00_here.ipynb"]
    assert lecture["slowest"]["cell"] == 1
    assert lecture["slowest"]["seconds"] >= 1.4 - 0.05  # the system counts it in ticks of 10 ms
    assert lecture["seconds"] >= sum(cell["seconds"] for cell in lecture["cells"])
    assert lecture["mb"] >= 130  # the block and the kernel, seen although it was freed within the cell


def test_no_notebook_at_all_is_no_success(tmp_path):
    for name in ("conftest.py", "pyproject.toml", "course.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "lectures").mkdir()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", "lectures"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no cell of it ran" in done.stdout
