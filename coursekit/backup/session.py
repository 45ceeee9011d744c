"""Which notebook this is, and its text as the page has it.

What was typed is in the browser first, and on the disk only after the next save, by the reader or once every
two minutes. So JupyterLab is asked to save, by the script of an output that presses Ctrl+S. The output
carries a mark: once the mark is in the file, so is everything before it. Where no page answers, the kernel
still knows what was run.
"""

import contextlib
import os
import secrets
import sys
import time
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from .cells import Book, is_idle, open_lab
from .display import Place
from .faults import Refused

PATIENCE = 8.0  # seconds for the page to save: a moment in most cases, longer with large outputs far away
LATELY = 60.0  # seconds: saved by hand just before
_VS_CODE = "__vsc_ipynb_file__"  # the name by which VS Code tells a kernel its notebook


@dataclass(frozen=True)
class Page:
    """A lab; what was run and is not in it; whether it is all that the page has.

    `age` is how many seconds before the call it was saved; 0 if the page saved it for the call.
    """

    book: Book
    ran: tuple[str, ...] = ()
    age: float = 0.0
    whole: bool = True


def notebook(given: str | os.PathLike[str] | None, call: str) -> Path:
    """Path of the notebook that this kernel runs.

    Args:
        given: the path, where the reader names it; None: the Jupyter server's word, or that of VS Code.
        call: what the reader called, `save` or `restore`, for the sentence.
    Raises:
        Refused: nobody says which it is, or it is not there.
    """
    named = given or _shell_names().get(_VS_CODE) or os.environ.get("JPY_SESSION_NAME")
    how = f'`coursekit.{call}(notebook="labs/01_flows.ipynb")`, with its path'
    if not named and "google.colab" in sys.modules:
        raise Refused("On Colab File → Save a copy in Drive keeps your notebook; this cell cannot see it.")
    if not named:
        raise Refused(f"This cell cannot tell which notebook it is in: write {how}.")
    path = Path(named).expanduser()
    # A path is meant from this cell's folder, or from the course's, which is the one above.
    found = next((each.absolute() for each in (path, Path("..") / path) if each.is_file()), None)
    if found is None:
        raise Refused(
            f"There is no notebook `{path.absolute()}`. If you renamed it: Kernel → Restart Kernel, run the "
            f'first code cell and this cell again, or write `coursekit.{call}(notebook="NEW-NAME.ipynb")`.'
        )
    return found


def page(path: Path, place: Place) -> Page:
    """The lab as the page has it, if a page answers; else as it is on the disk.

    Raises:
        Refused: it is no lab.
    """
    began = time.time()
    open_lab(path)  # a fault is told at once
    asked = place.asks and _VS_CODE not in _shell_names()
    if not place.asks or (asked and _saved_by_page(path, place)):
        return Page(open_lab(path))
    book = open_lab(path)
    age = max(0.0, began - path.stat().st_mtime)
    there = {cell.text.strip() for cell in book.cells()}
    runs = [text for text in _executed() if not is_idle(text)]
    since = list(takewhile(lambda text: text not in there, reversed(runs)))
    drafts = tuple(dict.fromkeys(text for text in runs if text not in there))
    # A page that was asked in vain may hold anything: another window may have changed the file under it.
    return Page(book, drafts, age, not asked and not since and age < LATELY)


def _saved_by_page(path: Path, place: Place) -> bool:
    mark = secrets.token_hex(16)
    place.ask(mark)
    seen, end = None, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):  # just being replaced
            state = path.stat()
            if (state.st_mtime_ns, state.st_ino) != seen:
                seen = (state.st_mtime_ns, state.st_ino)
                if mark.encode() in path.read_bytes():
                    return True
        time.sleep(0.05)
    return False


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def _shell_names() -> dict[str, Any]:
    return getattr(_shell(), "user_ns", {})


def _executed() -> list[str]:
    """What was run in this kernel, in order."""
    history = getattr(_shell(), "history_manager", None)
    return [text.strip() for text in getattr(history, "input_hist_raw", []) if text.strip()]
