"""Starting: what `import coursekit` costs beyond torch, each in a process of its own."""

import statistics
import subprocess
import sys

from .rounds import resident, table

PROGRAM = """
import os, time
os.environ["OMP_NUM_THREADS"] = "1"
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
print(open("/proc/self/status").read())
"""


def once(module: str) -> tuple[float, float]:
    """Seconds and megabytes of one import in a fresh process."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)], capture_output=True, text=True
    )
    run.check_returncode()
    seconds, _, status = run.stdout.partition("\n")
    return float(seconds), resident(status, "VmHWM")


def section(rounds: int = 9) -> str:
    """The part of the report about the import."""
    once("coursekit")  # files that were never read come from the disk
    pairs = [(once("torch"), once("coursekit")) for _ in range(rounds)]
    rows = []
    for place, unit in enumerate(("seconds", "MB")):
        alone, whole = ([pair[k][place] for pair in pairs] for k in (0, 1))
        more = statistics.median(b - a for a, b in zip(alone, whole, strict=True))
        rows.append([unit, *(f"{statistics.median(each):.2f}" for each in (alone, whole)), f"{more:.2f}"])
    return table(["", "torch", "coursekit", "beyond torch"], rows)
