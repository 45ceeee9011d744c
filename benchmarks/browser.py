"""JupyterLab and headless Chromium, for tests and measurements: start both, ask the page, await answers."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRIVER = "chromedriver"
FLAGS = ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "disable-dev-shm-usage",
         "no-first-run", "disable-sync", "disable-background-networking", "disable-component-update",
         "window-size=1200,1000")  # fmt: skip
HOMES = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
         "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR", "COURSEKIT_HOME")  # fmt: skip
RUN_SECONDS = 300  # for all cells of a lecture, on a busy machine
Answer = TypeVar("Answer")

# What the page is asked, in JavaScript, through the application object that JupyterLab exposes when told to.
IS_OPEN = """
    const panel = window.jupyterapp?.shell.currentWidget;
    return Boolean(panel?.context?.isReady && panel.sessionContext.session?.kernel?.status === 'idle');
"""
HOW_FAR = """
    const app = window.jupyterapp, panel = app?.shell.currentWidget, context = panel?.sessionContext;
    return {address: location.href, page: document.readyState, app: Boolean(app), shown: panel?.title?.label,
            ready: panel?.context?.isReady, kernel: context?.session?.kernel?.status,
            session: context?.kernelDisplayStatus, text: document.body?.innerText.slice(0, 300)};
"""
RUN_ALL = """
    const done = arguments[arguments.length - 1];
    const run = window.jupyterapp.commands.execute('notebook:run-all-cells');
    run.then(() => done('ran'), error => done(String(error)));
"""
# Everything by which JupyterLab, ipywidgets or an explorer tells of a fault outside of the cells' outputs.
FAULTS = """
    const shown = '.jp-Dialog, .Toastify__toast, .jupyter-widgets [role="alert"]';
    const told = [...document.querySelectorAll(shown)].map(each => each.innerText);
    return told.concat(document.body.innerText.match(/.*Error (displaying|creating) widget.*/g) || []);
"""


def found(*names: str) -> str | None:
    """Path of the first of these programs that is installed."""
    return next(filter(None, map(shutil.which, names)), None)


def wait(question: Callable[[], Answer], seconds: float, what: str) -> Answer:
    """Ask until the answer is true; return it. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s in vain for {what}")


def await_open(window: Any, seconds: float = 75, tries: int = 3) -> None:
    """Wait until JupyterLab shows a notebook with an idle kernel; a page that hangs is loaded anew.

    Raises:
        TimeoutError: it never came; says how far the page got.
    """
    for left in reversed(range(tries)):
        try:
            wait(lambda: window.execute_script(IS_OPEN), seconds, "a notebook with an idle kernel")
            return
        except TimeoutError as error:
            told = f"{error}; the page: {window.execute_script(HOW_FAR)}"
            if not left:
                raise TimeoutError(told) from None
            print(f"{told}; loaded anew", file=sys.stderr)
            window.refresh()


@contextlib.contextmanager
def chromium(profile: Path, *, logs: bool = False) -> Iterator[Any]:
    """A browser window of Selenium's, with a new profile; `logs` keeps what pages ask for and report."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = found(*BROWSERS)
    for flag in (*FLAGS, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    if logs:
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=found(DRIVER)))
    window.set_script_timeout(RUN_SECONDS)
    try:
        yield window
    finally:
        window.quit()


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def server(command: Sequence[str], address: str, folder: Path, home: Path) -> Iterator[tuple[Any, str]]:
    """JupyterLab, started by a command and killed in the end.

    Args:
        command: what starts it.
        address: pattern of the address that it prints.
        folder: where it is started.
        home: folder for its settings and for the course's progress; nothing of the user's is touched.
    Yields:
        The process that listens, and the address.
    """
    env = os.environ | {name: str(home / name.lower()) for name in HOMES}
    home.mkdir(parents=True, exist_ok=True)
    log = home / "jupyterlab.log"
    with log.open("w") as stream:
        started = subprocess.Popen(
            command, cwd=folder, env=env, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
        )
    family = psutil.Process(started.pid)
    try:
        printed = wait(lambda: re.search(address, log.read_text()), 90, f"the address in {log}")
        yield wait(lambda: listening(family), 30, "a process that listens"), printed.group()
    finally:
        for process in [*family.children(recursive=True)[::-1], family]:
            with contextlib.suppress(psutil.Error):
                process.kill()
        started.wait(20)


def listening(family: psutil.Process) -> psutil.Process | None:
    """The process of a family that waits for connections."""
    every = (family, *family.children(recursive=True))
    return next((each for each in every if listens(each)), None)


def listens(process: psutil.Process) -> bool:
    """Whether a process waits for connections."""
    return any(each.status == psutil.CONN_LISTEN for each in process.net_connections())
