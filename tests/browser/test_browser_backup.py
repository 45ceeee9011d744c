"""A lab on a server that dies: typed, saved, downloaded, brought back to a new server, restored."""

import contextlib
import json
import re
import shutil
import time

from backup_labs import put
from test_browser import PICTURES, browser

from benchmarks.browser import FAULTS, await_open, wait
from benchmarks.explorers import jupyter

__all__ = ["browser"]  # the fixture
LAB = "01_flows"
ANSWER = "def exact_flow(x0, t):\n    return 1234567890 * x0"
WORDS = "My own words, typed and never run."

# Type into the first exercise and the first written answer, and add a cell at the end.
TYPE = """
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const cells = notebook.model.sharedModel.cells;
    const first = tag => cells.find(cell => (cell.metadata.tags || []).includes(tag));
    first('exercise').setSource(arguments[0]);
    first('written').setSource(arguments[1]);
    notebook.model.sharedModel.addCell({cell_type: 'code', source: arguments[2]});
"""
# Run the first code cell (the set-up), the first exercise and the last cell.
RUN = """
    const [source, done] = arguments;
    const {commands, shell} = window.jupyterapp, notebook = shell.currentWidget.content;
    const cells = notebook.model.sharedModel.cells;
    (async () => {
        notebook.activeCellIndex = cells.findIndex(cell => cell.cell_type === 'code');
        await commands.execute('notebook:run-cell');
        notebook.activeCellIndex = cells.findIndex(cell => (cell.metadata.tags || []).includes('exercise'));
        await commands.execute('notebook:run-cell');
        notebook.activeCellIndex = cells.findLastIndex(cell => cell.source === source);
        await commands.execute('notebook:run-cell');
        await notebook.scrollToItem(notebook.activeCellIndex, 'start');
    })().then(() => done('ran'), error => done(String(error)));
"""
LINK = """
    const links = [...document.querySelectorAll('.jp-OutputArea-output a')];
    return links.find(each => each.innerText.startsWith('%s'));
"""
SHOWN = """
    const panel = window.jupyterapp.shell.currentWidget;
    if (!panel.context.isReady) return [''];
    return [panel.context.path, panel.content.model.sharedModel.cells.map(cell => cell.source)];
"""
# Bring the cell with this text to the screen, and tell whether it is there to be read.
SEEN = """
    const [text] = arguments, notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.model.sharedModel.cells.findIndex(cell => cell.source === text);
    notebook.scrollToItem(notebook.activeCellIndex, 'start');
    const lines = [...document.querySelectorAll('.jp-Notebook .cm-line')].map(each => each.innerText);
    return text.split('\\n').every(line => lines.includes(line));
"""


@contextlib.contextmanager
def lab_in(course, home):
    """JupyterLab in a folder with one lab; yields the lab's address."""
    put(course, LAB)
    with jupyter(course, home) as (_, address):
        yield f"{address}/tree/labs/{LAB}.ipynb?token=a"


def open_and_run(browser, address, source, words=None):
    browser.get(address)
    await_open(browser)
    if words:
        browser.execute_script(TYPE, ANSWER, words, source)
    else:
        browser.execute_script(
            "window.jupyterapp.shell.currentWidget.content.model.sharedModel.addCell("
            "{cell_type: 'code', source: arguments[0]})",
            source,
        )
    assert browser.execute_async_script(RUN, source) == "ran"


def clicked(browser, link):
    """Click, and if JupyterLab's word about the lost server stands before the link, close that first."""
    from selenium.common.exceptions import ElementClickInterceptedException

    try:
        link.click()
    except ElementClickInterceptedException:
        browser.execute_script("document.querySelectorAll('.jp-Dialog button').forEach(each => each.click())")
        return False
    return True


def test_work_survives_a_dead_server(browser, tmp_path, capsys):
    began = time.monotonic()
    downloads = tmp_path / "downloads"
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
    )
    with lab_in(tmp_path / "first", tmp_path / "home1") as address:
        open_and_run(browser, address, "coursekit.save()", WORDS)
        link = wait(lambda: browser.execute_script(LINK % "Download"), 30, "the button that downloads")
        browser.save_screenshot(str(PICTURES / "saved.png"))
        assert browser.execute_script(FAULTS) == []
    shutil.rmtree(tmp_path / "first")
    wait(lambda: clicked(browser, link), 20, "a click")  # the page is still there, the server is not
    name = rf"{LAB}_saved_\d{{4}}-\d\d-\d\d_\d{{6}}\.json"
    wait(lambda: [each for each in downloads.glob("*") if re.fullmatch(name, each.name)], 10, "the download")
    (file,) = downloads.iterdir()
    assert WORDS in [cell.get("text") for cell in json.loads(file.read_text())["cells"]]
    browser.get("about:blank")
    with lab_in(tmp_path / "second", tmp_path / "home2") as address:
        shutil.copy(file, tmp_path / "second")
        open_and_run(browser, address, "coursekit.restore()")
        link = wait(lambda: browser.execute_script(LINK % "Open"), 30, "the link that opens")
        browser.save_screenshot(str(PICTURES / "restored.png"))
        link.click()
        wait(lambda: "_restored" in browser.execute_script(SHOWN)[0], 20, "the restored notebook")
        path, cells = browser.execute_script(SHOWN)
        wait(lambda: browser.execute_script(SEEN, ANSWER), 20, "the answer on the screen")
        browser.save_screenshot(str(PICTURES / "opened.png"))
        assert (path, ANSWER in cells, WORDS in cells) == (f"labs/{LAB}_restored.ipynb", True, True)
        assert browser.execute_script(FAULTS) == []
    with capsys.disabled():
        print(f"\nsaved, killed, restored in a browser: {time.monotonic() - began:.1f} s")
