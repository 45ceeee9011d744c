"""Runs in turn, so that a busy machine slows all of them: what counts is the ratio within a round."""

import math
import os
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from numpy import percentile

from coursekit import limit_threads

Runs = Mapping[str, Callable[[], object]]
Seconds = dict[str, list[float]]

limit_threads()  # in every process that measures


def interleaved(runs: Runs, rounds: int = 9) -> Seconds:
    """Seconds of processor time of each run in each round, after one round that does not count.

    The order turns by one place from round to round. Processor time is that of this process alone: other
    programs lengthen it a little (they empty the caches), and all runs of a round alike.

    Args:
        runs: what to run, by name; called without arguments.
        rounds: rounds that count.
    """
    names = list(runs)
    taken: Seconds = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.process_time()
            runs[name]()
            if turn:
                taken[name].append(time.process_time() - start)
    return taken


def ratios(seconds: Seconds, ours: str, base: str) -> list[float]:
    """How many times as long as `base` the run `ours` took, round by round."""
    return [a / b for a, b in zip(seconds[ours], seconds[base], strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and quartiles, as `1.02 (0.99–1.05)`."""
    low, middle, high = percentile(values, (25, 50, 75))
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def peak_beyond(run: Callable[[], object]) -> float:
    """Megabytes that this process holds at most during a run, beyond what it holds before (Linux)."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    forget.write_text("5", encoding="ascii")  # the record of the highest starts anew
    before = resident(status.read_text(encoding="utf-8"), "VmRSS")
    run()
    return resident(status.read_text(encoding="utf-8"), "VmHWM") - before


def resident(status: str, name: str) -> float:
    """A line of /proc/PID/status in megabytes; not a number where there is none."""
    found = re.search(rf"{name}:\s+(\d+)", status)
    return int(found[1]) * 1024 / 1e6 if found else math.nan


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine() -> str:
    """Processor, cores, system and versions, in one line."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    python = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, {python}"
