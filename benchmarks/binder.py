"""Every lecture and solution as on Binder: `make binder-test`. Not part of CI.

First environment.yml and postBuild, as far as they can be proven without conda: parsed, installed by pip into
a clean environment, and compared with the pins. Then each notebook in that environment, with a JupyterLab
beside it: one core for all, RLIMIT_DATA for each process, and a watchdog that kills all above 2 GB together.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import yaml

from .browser import HOMES, free_port, wait

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "binder"
PYTHON = PLACE / "bin" / "python"
LIMIT = 2 * 1024**3
CELL_SECONDS = 60.0
CORE = 0

RUN = """
import json, sys, time
import nbformat
from nbclient import NotebookClient
path, folder = sys.argv[1:]
book, began, taken = nbformat.read(path, 4), {}, {}
client = NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}})
client.on_cell_execute = lambda cell, cell_index: began.__setitem__(cell_index, time.time())
client.on_cell_executed = lambda cell, cell_index, execute_reply: taken.__setitem__(
    cell_index, time.time() - began[cell_index])
client.execute()
print(json.dumps(max(taken.values())))
"""


def clean_env() -> dict[str, str]:
    """The variables of a program in the environment under test."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return env | {"PATH": f"{PLACE / 'bin'}{os.pathsep}{env['PATH']}", "VIRTUAL_ENV": str(PLACE)}


def ran(*command: str) -> str:
    """What a command prints; where it fails, stop with all that it printed."""
    done = subprocess.run(command, cwd=ROOT, env=clean_env(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def wanted() -> list[str]:
    """What environment.yml hands to pip; it must name one Python and no package of conda's but pip."""
    told = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *plain, pip = told["dependencies"]
    if sorted(re.sub("=.*", "", each) for each in plain) != ["pip", "python"] or list(pip) != ["pip"]:
        raise SystemExit("environment.yml must name python and pip for conda, and the rest for pip")
    return list(pip["pip"])


def built() -> None:
    """Install as Binder does, and prove that what stands is what is pinned."""
    shutil.rmtree(PLACE, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
    words = [word for line in wanted() for word in line.split()]
    ran(str(PYTHON), "-m", "pip", "install", "--retries", "0", "--timeout", "5", *words)
    ran("bash", "postBuild")
    ran(str(PYTHON), "-m", "pip", "check")
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    known = {_plain(name): version for name, version in pins.items()}
    stands = json.loads(ran(str(PYTHON), "-m", "pip", "list", "--format", "json"))
    for each in stands:
        name, version = _plain(each["name"]), each["version"]
        if name not in ("coursekit", "pip") and known.get(name) != version.split("+")[0]:
            raise SystemExit(f"{name} {version} stands, pinned is {known.get(name, 'nothing')}")
    cuda = ran(str(PYTHON), "-c", "import torch; print(torch.version.cuda)").strip()
    if cuda != "None":
        raise SystemExit(f"torch is a build for CUDA {cuda}")
    print(
        f"environment: {len(stands)} packages as pinned, pip check is content, torch without CUDA", flush=True
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Watchdog(threading.Thread):
    """Follows the memory of families of processes, and kills them above the limit."""

    def __init__(self, *roots: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.roots, self.peak, self.killed, self.over = roots, 0, False, threading.Event()

    def family(self) -> list[psutil.Process]:
        """All processes that are alive."""
        found = []
        for root in self.roots:
            with contextlib.suppress(psutil.Error):
                found += [root, *root.children(recursive=True)]
        return found

    def run(self) -> None:
        """Look four times a second."""
        while not self.over.wait(0.25):
            now = sum(proportional(each) for each in self.family())
            self.peak = max(self.peak, now)
            if now > LIMIT:
                self.killed = True
                for each in self.family():
                    with contextlib.suppress(psutil.Error):
                        each.kill()


def proportional(process: psutil.Process) -> int:
    """Memory of a process, pages that several share counted in shares."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.memory_full_info().pss
    return 0


def confined(*command: str) -> list[str]:
    """A command on one core, with a limit to the data that each process may hold."""
    return ["taskset", "--cpu-list", str(CORE), "prlimit", f"--data={LIMIT}", *command]


@contextlib.contextmanager
def jupyterlab(home: Path) -> Iterator[psutil.Process]:
    """A JupyterLab that waits beside the notebook, as on Binder."""
    env = clean_env() | {name: str(home / name.lower()) for name in HOMES}
    port = free_port()
    command = confined(str(PYTHON), "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root")
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("w") as stream:
        started = subprocess.Popen(command, cwd=ROOT, env=env, stdout=stream, stderr=stream)
    try:
        wait(lambda: f"127.0.0.1:{port}/lab" in log.read_text(), 90, f"JupyterLab ({log})")
        yield psutil.Process(started.pid)
    finally:
        started.kill()
        started.wait()


def notebook(path: Path, server: psutil.Process, home: Path) -> bool:
    """Run one notebook, print a line about it, and tell whether all is well."""
    strict = {"COURSEKIT_STRICT": "1"} if path.parent.name == "solutions" else {}
    env = clean_env() | strict | {"COURSEKIT_HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
    command = confined(str(PYTHON), "-c", RUN, str(path), str(path.parent))
    began = time.monotonic()
    started = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    dog = Watchdog(server, psutil.Process(started.pid))
    dog.start()
    said, complaint = started.communicate()
    dog.over.set()
    seconds, name = time.monotonic() - began, path.relative_to(ROOT)
    if dog.killed or started.returncode:
        reason = f"killed above {LIMIT / 1e6:.0f} MB" if dog.killed else complaint.strip()[-2000:]
        print(f"{name}: failed after {seconds:.0f} s: {reason}", flush=True)
        return False
    slowest = float(said)
    late = "" if slowest <= CELL_SECONDS else f"  over {CELL_SECONDS:.0f} s"
    line = f"{seconds:5.0f} s, slowest cell {slowest:5.1f} s, all together {dog.peak / 1e6:5.0f} MB{late}"
    print(f"{name!s:40}{line}", flush=True)
    return not late


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the environment unless told not to, and run the notebooks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.binder", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="those to run; every lecture and solution")
    parser.add_argument("--keep", action="store_true", help="use the environment of the last run")
    chosen = parser.parse_args(arguments)
    if not (chosen.keep and PYTHON.exists()):
        built()
    every = sorted(ROOT.glob("lectures/*.ipynb")) + sorted(ROOT.glob("solutions/*.ipynb"))
    home = PLACE / "home"
    shutil.rmtree(home, ignore_errors=True)
    with jupyterlab(home / "server") as server:
        fine = [notebook(path.resolve(), server, home / path.stem) for path in chosen.notebooks or every]
    if not all(fine):
        raise SystemExit(
            f"{fine.count(False)} of {len(fine)} notebooks failed or have a cell that is too slow"
        )


if __name__ == "__main__":
    main()
