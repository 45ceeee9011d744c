"""Runs of notebooks (`pytest --nbval-lax lectures labs solutions`): isolated, measured, held to budgets.

Each cell's time, each kernel's memory and the size with outputs are taken in the run that proves a notebook,
printed as a table and written to `build/notebooks.json`; `make budgets` writes benchmarks/BUDGETS.md from it.
Solutions run with COURSEKIT_STRICT=1: a failed check is a failed cell.
"""

import json
import os
import sys
import threading
import time
import tomllib
from pathlib import Path

import psutil
import pytest

from coursetools.site import executed

# The budgets, here and nowhere else. A cell's seconds are the smaller of wall and processor time: a busy
# machine lengthens the one, a second thread the other, and neither makes the cell slow for its reader.
CELL_SECONDS = 60.0
# A lecture, its lab and the server (120 MB) stay together below 1.4 of the 2 GB that Binder gives.
KERNEL_MB = {"lectures": 680.0, "labs": 600.0, "solutions": 680.0}
NOTEBOOK_MB = 3.0  # the file with all outputs
HANGING_SECONDS = 300.0  # wall time after which a cell is interrupted

collect_ignore_glob = ["labs/*_restored*.ipynb"]  # a reader's own, from coursekit.restore()

ROOT = Path(__file__).resolve().parent
records: dict[str, dict] = {}
library = ""  # the hash of what all notebooks depend on, taken when it is first needed


def is_cell(item):
    return type(item).__name__ == "IPyNbCell"


def pytest_configure(config):
    config.option.nbval_current_env = (
        True  # this environment's kernel, whatever else is installed as `python3`
    )
    if not sys.stdout.isatty() and config.option.color == "auto":
        config.option.color = "no"  # nbval colours its reports wherever they go
    config.option.nbval_cell_timeout = min(config.option.nbval_cell_timeout, HANGING_SECONDS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """The first cell's set-up starts the kernel: give it a home of its own, to touch nobody's progress."""
    if not is_cell(item):
        return (yield)
    home = item.config._tmp_path_factory.mktemp("kernel")
    strict = "1" if item.path.parent.name == "solutions" else "0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEKIT_HOME", str(home))
        patch.setenv("COURSEKIT_STRICT", strict)
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Measure one cell, and fail it where it is over a budget."""
    if not is_cell(item):
        return (yield)
    if not hasattr(item.parent, "watch"):  # one for the notebook, as it has one kernel
        item.parent.watch = Watch(item.parent.kernel.km.provisioner.pid, item.path.stat().st_size)
    watch = item.parent.watch
    before = {"mb": watch.peak(), "notebook_mb": watch.size}
    worked, began = watch.worked(), time.perf_counter()
    try:
        result = yield
    finally:
        seconds = min(time.perf_counter() - began, watch.worked() - worked)
        watch.size += len(json.dumps(item.test_outputs or [])) / 1e6
        cell = {"cell": item.cell_num, "line": first_line(item.cell.source), "seconds": seconds}
        cell |= {"mb": watch.peak(), "notebook_mb": watch.size}
        item.user_properties.append(("cell", cell))
    if fault := breach(before, cell, item.path.parent.name):
        item.raise_cell_error(fault)
    watch.outputs.append(item.test_outputs or [])
    keep_outputs(item.path, watch.outputs)
    return result


def keep_outputs(path, outputs):
    """After a lecture's last cell keep what all of them put out: then the reader's site need not run it."""
    book = path.read_text(encoding="utf-8")
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(book)["cells"])
    if path.parent != ROOT / "lectures" or len(outputs) < cells:
        return
    global library
    library = library or executed.library_hash(ROOT)
    executed.keep(executed.kept_file(ROOT, path.stem, book, library), outputs)


def breach(before, cell, folder):
    """What a cell did to break a budget; what was broken before it is told once."""
    limit = KERNEL_MB.get(folder, max(KERNEL_MB.values()))
    if cell["seconds"] > CELL_SECONDS:
        return f"The cell took {cell['seconds']:.0f} s; a cell may take {CELL_SECONDS:.0f} s."
    if before["mb"] <= limit < cell["mb"]:
        return f"The kernel grew to {cell['mb']:.0f} MB; it may take {limit:.0f} MB."
    if before["notebook_mb"] <= NOTEBOOK_MB < cell["notebook_mb"]:
        size = f"{cell['notebook_mb']:.1f} MB"
        return f"With its outputs the notebook grew to {size}; it may have {NOTEBOOK_MB:g} MB."
    return None


def first_line(source):
    lines = [
        line.strip() for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return lines[0][:48] if lines else ""


class Watch:
    """A kernel's memory, its children's included, its processor time, and the size of its notebook in MB."""

    def __init__(self, pid, size):
        self.process = psutil.Process(pid)
        self.size = size / 1e6
        self.highest = 0.0
        self.outputs = []  # of each cell that passed
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while self.process.is_running():
            self.peak()
            time.sleep(0.5)

    def peak(self):
        """Highest memory until now in MB; the system's own record where it keeps one, else as sampled."""
        try:
            resident = self.process.memory_info().rss
            children = sum(own_memory(child) for child in self.process.children(recursive=True))
            now = max(resident + children, recorded_peak(self.process))
        except psutil.Error:  # gone, or going: what was seen until now stands
            now = 0
        self.highest = max(self.highest, now / 1e6)
        return self.highest

    def worked(self):
        """Seconds of processor time until now, finished children included."""
        try:
            times = self.process.cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system + times.children_user + times.children_system


def own_memory(child):
    """What a child takes on top of its parent: a fork shares the parent's pages."""
    try:
        return child.memory_full_info().uss
    except psutil.Error:
        return 0


def recorded_peak(process):
    """Linux: VmHWM; Windows: the peak working set; elsewhere nothing keeps it."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return getattr(process.memory_info(), "peak_wset", 0)


def pytest_runtest_logreport(report):
    """Gather what the cells measured; with xdist this runs in the process that prints the summary."""
    name = report.nodeid.split("::")[0]
    if not name.endswith(".ipynb"):
        return
    record = records.setdefault(name, {"seconds": 0.0, "cells": []})
    record["seconds"] += report.duration
    if report.when == "call":
        record["cells"] += [value for key, value in report.user_properties if key == "cell"]


def pytest_sessionfinish(session):
    """Success means that every notebook of the chapters asked for was run."""
    missing = [name for name in expected(session.config) if not records.get(name, {}).get("cells")]
    session.config.missing_notebooks = missing
    if missing and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def expected(config):
    """The notebooks that course.toml promises in the folders named on the command line."""
    options = config.option
    if hasattr(config, "workerinput") or not options.nbval_lax or options.keyword or options.collectonly:
        return []
    folders = {Path(argument).resolve() for argument in config.args}
    course = tomllib.loads((ROOT / "course.toml").read_text(encoding="utf-8"))
    chapters, reference = course["chapters"], course.get("reference")
    kinds = [("lectures", slug) for slug in (*(each["slug"] for each in chapters), reference) if slug]
    kinds += [
        (kind, chapter["slug"]) for kind in ("labs", "solutions") for chapter in chapters if chapter["lab"]
    ]
    return [f"{kind}/{slug}.ipynb" for kind, slug in kinds if ROOT / kind in folders]


def pytest_terminal_summary(terminalreporter, config):
    for name in getattr(config, "missing_notebooks", []):
        terminalreporter.line(
            f"FAILED {name}: it is a chapter of course.toml and no cell of it ran", red=True
        )
    measured = {name: record for name, record in records.items() if record["cells"]}
    if not measured:
        return
    terminalreporter.section("notebooks")
    terminalreporter.line(f"{'':32}{'s':>6}{'MB':>6}{'file':>6}  slowest cell")
    for name, record in sorted(measured.items()):
        slowest = max(record["cells"], key=lambda cell: cell["seconds"])
        record |= {"slowest": slowest} | {
            name: max(cell[name] for cell in record["cells"]) for name in ("mb", "notebook_mb")
        }
        text = f"{slowest['seconds']:.1f} s, code cell {slowest['cell']}: {slowest['line']}"
        sizes = f"{record['mb']:6.0f}{record['notebook_mb']:6.1f}"
        terminalreporter.line(f"{name:32}{record['seconds']:6.1f}{sizes}  {text}")
    target = ROOT / "build" / "notebooks.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    terminalreporter.line(f"written to {os.path.relpath(target)}")
