"""The course as a reader meets it: `make lab`, lecture 00 run in a browser, a slider moved."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from benchmarks.browser import (
    BROWSERS,
    DRIVER,
    FAULTS,
    RUN_ALL,
    await_open,
    chromium,
    found,
    free_port,
    server,
    wait,
)

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "browser"
CODE_CELLS = """
    const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;
    return cells.filter(cell => cell.cell_type === 'code').map(cell => ({
        source: cell.source.slice(0, 60),
        ran: cell.execution_count !== null,
        errors: cell.outputs.filter(each => each.output_type === 'error').map(each => each.evalue),
        warnings: cell.outputs.filter(each => each.name === 'stderr').map(each => each.text),
    }));
"""
SHOW_EXPLORER = """
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const live = cell => (cell.model.sharedModel.outputs || []).some(
        each => each.data && 'application/vnd.jupyter.widget-view+json' in each.data);
    notebook.activeCellIndex = notebook.widgets.findIndex(live);
    return notebook.scrollToItem(notebook.activeCellIndex, 'start');
"""
# The first output with a slider and a canvas in it: the lecture's first explorer.
EXPLORER = """
    const output = [...document.querySelectorAll('.jp-OutputArea-output')].find(
        each => each.querySelector('input[type=range]') && each.querySelector('canvas')?.width > 0);
    if (!output) return null;
    const slider = output.querySelector('input[type=range]'), canvas = output.querySelector('canvas');
    return {handle: slider, readout: canvas.getAttribute('aria-label'), picture: canvas.toDataURL(),
            now: Number(slider.value), max: Number(slider.max)};
"""


def needed(*names):
    """Path of the first of these programs; without any a skip with a clear word, and in CI a failure."""
    path = found(*names)
    if path is None:
        text = f"no {names[0]} on the PATH (Debian: apt install chromium chromium-driver make)"
        if os.environ.get("CI"):
            pytest.fail(f"CI must run the browser test: {text}")
        pytest.skip(f"the browser test was left out: {text}")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    needed(*BROWSERS), needed(DRIVER)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium(tmp_path_factory.mktemp("chromium")) as window:
        yield window
        window.save_screenshot(str(PICTURES / "last.png"))  # of a failure too: there it is the evidence


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    """`make lab`, with homes of its own; yields the server's process and the address that it printed."""
    port = free_port()
    words = f"--no-browser --port {port} --ServerApp.port_retries=0 --LabApp.expose_app_in_browser=True"
    words += " --allow-root" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    # --old-file=env: the environment that runs this test is the one to open the course with
    make = [needed("make"), "--no-print-directory", "--old-file=env", "lab"]
    command = [*make, f"PY={sys.executable}", f"ARGS={words}"]
    address = rf"http://127\.0\.0\.1:{port}/lab/tree/lectures/00_welcome\.ipynb\?token=\w+"
    with server(command, address, ROOT, tmp_path_factory.mktemp("jupyter")) as started:
        yield started


def test_lecture_00_in_a_browser(browser, lab, capsys):
    server, address = lab
    began = time.monotonic()
    browser.get(address)
    await_open(browser)
    opened = time.monotonic()
    assert browser.execute_async_script(RUN_ALL) == "ran"
    ran = time.monotonic()
    cells = browser.execute_script(CODE_CELLS)
    assert cells
    assert [cell for cell in cells if cell["errors"] or cell["warnings"] or not cell["ran"]] == []
    seconds = move_the_slider(browser)
    assert browser.execute_script(FAULTS) == []
    (kernel,) = [each for each in server.children() if "ipykernel_launcher" in " ".join(each.cmdline())]
    megabytes = [round(process.memory_info().rss / 1e6) for process in (server, kernel)]
    told = {
        "date": time.strftime("%Y-%m-%d"),
        "server_mb": megabytes[0],
        "opened_s": round(opened - began, 1),
    }
    (ROOT / "build" / "browser.json").write_text(json.dumps(told), encoding="utf-8")  # for `make budgets`
    with capsys.disabled():
        print(f"\nlecture 00 in a browser: opened in {opened - began:.1f} s, {len(cells)} cells run in "
              f"{ran - opened:.1f} s, the slider answered in {1000 * seconds:.0f} ms; "
              "server {} MB, kernel {} MB".format(*megabytes))  # fmt: skip


def move_the_slider(browser):
    """Press an arrow key on the first explorer's slider; return the seconds until the picture is another."""
    from selenium.webdriver.common.keys import Keys

    browser.execute_script(SHOW_EXPLORER)
    before = wait(lambda: browser.execute_script(EXPLORER), 30, "an output with a slider and a picture")
    browser.save_screenshot(str(PICTURES / "before.png"))
    began = time.monotonic()
    before["handle"].send_keys(Keys.ARROW_RIGHT if before["now"] < before["max"] else Keys.ARROW_LEFT)

    def answer(part):
        now = browser.execute_script(EXPLORER)
        return now and now[part] != before[part]

    wait(lambda: answer("picture"), 20, "another picture")
    seconds = time.monotonic() - began
    wait(lambda: answer("readout"), 20, "other words about it")
    browser.save_screenshot(str(PICTURES / "after.png"))
    return seconds


def test_the_server_keeps_to_this_machine_and_wants_its_token(lab):
    server, address = lab
    listening = [each.laddr.ip for each in server.net_connections() if each.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}
    contents = address.split("/lab/")[0] + "/api/contents"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(contents, timeout=10)
    token = address.split("token=")[1]
    with urllib.request.urlopen(f"{contents}?token={token}", timeout=10) as reply:
        assert reply.status == 200
