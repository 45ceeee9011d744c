"""Explorers in a browser: how long after a key on a slider its picture is there, and how soon the first is.

Every explorer of the lectures stands in a notebook of its own here, so that no lecture has to run first. The
time runs in the page: from the key until the picture has been exchanged and decoded.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import psutil
from numpy import percentile

from .browser import FAULTS, RUN_ALL, await_open, chromium, free_port, server, wait
from .rounds import table

ROOT = Path(__file__).parents[1]
MOVES = 30
CELLS = {
    "01 flows": "explore.flows()",
    "08 prediction": "explore.prediction()",
}
"""The explorers that Python answers, as their lectures call them; for the others see `in_page`."""

LIVE = """
    return document.querySelectorAll('.jp-OutputArea-output .widget-vbox, .jp-OutputArea-output .noUi-handle')
        .length > 0 && document.querySelector('.jp-OutputArea-output img')?.naturalWidth > 0;
"""
# Of the explorer in the page with which lecture 00 begins.
DRAWN = "return document.querySelector('.jp-OutputArea-output .ck')?.coursekit?.measured.frames > 0;"
SLIDERS = "return document.querySelectorAll('.jp-OutputArea-output .noUi-handle').length;"
LABELS = """
    const labels = document.querySelectorAll('.jp-OutputArea-output .widget-slider .widget-label');
    return [...labels].map(each => each.innerText);
"""
MOVE = """
    const [place, done] = arguments;
    const handle = document.querySelectorAll('.jp-OutputArea-output .noUi-handle')[place];
    // The text counts, too: two settings may have the same picture.
    const shown = () => document.querySelector('.jp-OutputArea-output figure');
    const before = shown().innerHTML;
    const now = name => Number(handle.getAttribute('aria-value' + name));
    window.direction ??= {};
    if (now('now') >= now('max')) window.direction[place] = 'ArrowLeft';
    if (now('now') <= now('min')) window.direction[place] = 'ArrowRight';
    const key = window.direction[place] ??= 'ArrowRight';
    const began = performance.now();
    const look = () => {
        const image = shown()?.querySelector('img');
        if (image && shown().innerHTML !== before && image.complete && image.naturalWidth > 0)
            image.decode().then(() => done(performance.now() - began));
        else if (performance.now() - began > 20000) done(null);
        else requestAnimationFrame(look);
    };
    handle.focus();
    handle.dispatchEvent(new KeyboardEvent('keydown', {key: key, bubbles: true}));
    requestAnimationFrame(look);
"""


def jupyter(folder: Path, home: Path):
    """JupyterLab in a folder, with the settings of `make lab`."""
    known = [ROOT / ".venv" / part / "python" for part in ("bin", "Scripts")]
    python = next((str(each) for each in known if each.exists()), sys.executable)  # that of `make lab`
    command = [python, "-m", "jupyterlab", "--no-browser", f"--port={free_port()}", "--allow-root",
               "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}",
               "--IdentityProvider.token=a", "--LabApp.expose_app_in_browser=True",
               f"--LabApp.app_settings_dir={ROOT / 'tools/jupyterlab'}"]  # fmt: skip
    return server(command, r"http://127\.0\.0\.1:\d+/lab", folder, home)


def moved(window: Any) -> tuple[list[float], str]:
    """Milliseconds of each move of the explorer on the screen, and the slider that was slowest."""
    labels = window.execute_script(LABELS)
    each = {place: [] for place in range(window.execute_script(SLIDERS))}
    for turn in range(MOVES + 1):
        for place, found in each.items():
            taken = window.execute_async_script(MOVE, place)
            if taken is None:
                raise TimeoutError(f"no new picture within 20 s of a key on the slider {labels[place]}")
            if turn:  # the first move of a slider may load what it needs
                found.append(taken)
    slowest = max(each, key=lambda place: percentile(each[place], 95), default=None)
    times = [taken for found in each.values() for taken in found]
    return times, "" if slowest is None else f"{labels[slowest]}: {percentile(each[slowest], 95):.0f}"


def latencies(window: Any, names: Sequence[str], place: Path) -> list[list[str]]:
    """A row for each explorer: moves, median and 95th percentile in ms, and its slowest slider."""
    rows = []
    for name in names:
        cell = nbformat.v4.new_code_cell(f"from coursekit import explore\n{CELLS[name]}")
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        book = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
        nbformat.write(book, place / "explorer.ipynb")
        with jupyter(place, place / f"home {name}") as (_, address):
            window.get(f"{address}/tree/explorer.ipynb?token=a")
            await_open(window)
            assert window.execute_async_script(RUN_ALL) == "ran"
            wait(lambda: window.execute_script(LIVE), 60, f"the first picture of {name}")
            times, slowest = moved(window)
            if faults := window.execute_script(FAULTS):
                raise RuntimeError(f"{name}: {faults}")
            (ROOT / "build" / "browser").mkdir(parents=True, exist_ok=True)
            window.save_screenshot(str(ROOT / "build" / "browser" / f"explorer {name}.png"))
        if times:
            low, high = percentile(times, (50, 95))
            rows.append([name, str(len(times)), f"{low:.0f}", f"{high:.0f}", slowest])
    return rows


def first_picture(window: Any, place: Path) -> float:
    """Seconds from opening lecture 00 to its first explorer; server and kernel share one core."""
    with jupyter(ROOT, place / "home") as (process, address):
        for each in (process, *process.children(recursive=True)):
            each.cpu_affinity([0])
        window.get("about:blank")
        began = time.monotonic()
        window.get(f"{address}/tree/lectures/00_welcome.ipynb?token=a")
        await_open(window)
        for each in psutil.Process(process.pid).children(recursive=True):
            each.cpu_affinity([0])
        window.execute_script("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        wait(lambda: window.execute_script(DRAWN), 90, "the first picture of lecture 00")
        return time.monotonic() - began


def section() -> str:
    """The part of the report about explorers."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with chromium(place / "profile") as window:
            opened = [first_picture(window, place / f"start {k}") for k in range(3)]
            rows = latencies(window, list(CELLS), place)
    head = ["explorer", "moves", "median, ms", "95 %, ms", "slowest slider, its 95 %"]
    start = ", ".join(f"{seconds:.1f}" for seconds in opened)
    told = f"From opening lecture 00 to its first explorer, three times: {start} s."
    return f"{told}\n\n{table(head, rows)}"


if __name__ == "__main__":
    print(section())
