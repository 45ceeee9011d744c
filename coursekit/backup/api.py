"""`save` and `restore`, as `coursekit` hands them on."""

import json
import os
from datetime import datetime
from pathlib import Path

from ..checks.core import progress_store
from . import saved_file, session
from .cells import Book, open_lab
from .display import Place, download_link, open_link, show_panel
from .faults import Refused, unwritable
from .merge import Restored, merge

PathLike = str | os.PathLike[str]


def save(notebook: PathLike | None = None) -> None:
    """Put the work in this lab, and its progress, into one small file, and show a button that downloads it.

    Args:
        notebook: the lab's path, where the cell cannot tell in which notebook it is.
    """
    place = Place()
    try:
        page = session.page(session.notebook(notebook, "save"), place)
        path = _write(page)
    except Refused as refused:
        show_panel(place, False, "Nothing was saved", [str(refused)])
        return
    link = download_link(path.name, path.read_bytes())
    show_panel(place, page.whole, *_saved_message(page, path), link=link)


def restore(saved: PathLike | None = None, notebook: PathLike | None = None) -> None:
    """Write a new notebook beside this lab with the saved work in it, and take over the saved progress.

    Args:
        saved: the saved file; None: the newest of this lab, beside it or in the course's folder.
        notebook: the lab's path, where the cell cannot tell in which notebook it is.
    """
    place = Place()
    try:
        here = open_lab(session.notebook(notebook, "restore"))
        work = saved_file.read(_locate(saved, here)) if saved else _newest(here)
        _same_lab(work, here)
        result = merge(_today(here), work)
        text = json.dumps(result.raw, indent=1) + "\n"
        path = saved_file.write_new(here.path.parent, f"{here.lab}_restored", ".ipynb", text)
    except Refused as refused:
        show_panel(place, False, "Nothing was restored", [str(refused)])
        return
    message = _restored_message(work, result, progress_store.merge(work.passed))
    show_panel(place, True, *message, link=open_link(path.name))


def _write(page: session.Page) -> Path:
    book, now = page.book, datetime.now().astimezone()
    chapter = f"{int(book.lab[:2])}."
    passed = {
        number: when for number, when in progress_store.load().passed.items() if number.startswith(chapter)
    }
    work = saved_file.Work(book.course, book.lab, now, tuple(book.cells()), page.ran, passed)
    text = saved_file.to_text(work)
    if len(text) > saved_file.LARGEST or max(len(work.cells), len(work.ran)) > saved_file.MOST:
        raise Refused(
            "This notebook is too large for a saved file (pictures pasted into cells?): keep it with "
            "File → Download."
        )
    return saved_file.write_new(book.path.parent, f"{book.lab}_saved_{now:%Y-%m-%d_%H%M%S}", ".json", text)


def _saved_message(page: session.Page, path: Path) -> tuple[str, list[str]]:
    size = max(1, round(path.stat().st_size / 1000))
    lies = f"It lies beside this notebook, in `{path.parent.name}`, and has {size} kB."
    back = (
        "Next time, drag the file into the list of files on the left, open this lab, run its first code cell "
        "and `coursekit.restore()`."
    )
    if page.whole:
        lies += f" It has the notebook as it was {_ago(page.age)} ago." if page.age else ""
        return "Saved", ["Your work in this lab and its progress are in one file. Download it:", lies, back]
    ran = f" What you ran since then is in it, {len(page.ran)} cells, at its end." if page.ran else ""
    return "Saved, but perhaps not your last words", [
        f"The file has the notebook as it was {_ago(page.age)} ago.{ran} Press Ctrl+S (Cmd+S on a Mac) "
        "and run this cell again, so that nothing is missing; if you have just done so, all is in it. If "
        "JupyterLab says that the file has changed, another window has this lab open: Overwrite keeps what "
        "you see in this one.",
        lies,
        back,
    ]


def _ago(seconds: float) -> str:
    count, unit = (seconds, "second") if seconds < 120 else (seconds / 60, "minute")
    return f"{count:.0f} {unit}" if round(count) == 1 else f"{count:.0f} {unit}s"


def _locate(saved: PathLike, here: Book) -> Path:
    """The file that the reader names, here, beside the lab or in the course's folder."""
    named = Path(saved).expanduser()
    places = (named, here.path.parent / named, here.path.parent.parent / named)
    return next((path for path in places if path.exists()), named)


def _newest(here: Book) -> saved_file.Work:
    """What the newest saved file of this lab holds; where it cannot be read, the one before it is named."""
    newest, *older = sorted(_every(here), key=lambda path: path.name, reverse=True)
    try:
        return saved_file.read(newest)
    except Refused as refused:
        before = f' The one before it: `coursekit.restore("{older[0].name}")`.' if older else ""
        raise Refused(f"{refused}{before}") from None


def _every(here: Book) -> list[Path]:
    """The saved files of this lab, whose names begin with lab and time; at least one."""
    folders = (here.path.parent, here.path.parent.parent)
    try:
        found = [path for folder in folders for path in folder.glob(f"{here.lab}_saved_*.json")]
    except OSError as error:
        raise unwritable(error, here.path.parent) from None
    if not found:
        raise Refused(
            f"There is no saved work `{here.lab}_saved_….json` beside this lab: drag the file that you "
            "downloaded into the list of files on the left, and run this cell again."
        )
    return found


def _same_lab(work: saved_file.Work, here: Book) -> None:
    known = {cell.id for cell in here.cells()}
    shared = any(cell.id in known for cell in work.cells if cell.id)  # a title may be mended meanwhile
    if work.course != here.course and not shared:
        raise Refused(f"This is work of another course, “{work.course[:80]}”: restore it there.")
    if work.lab != here.lab:
        raise Refused(
            f"This is work in lab `{work.lab}`: open `{work.lab}.ipynb` and run `coursekit.restore()` there."
        )


def _today(here: Book) -> Book:
    """The lab as the course has it today; the notebook in which this runs may be a restored one."""
    try:
        lab = open_lab(here.path.parent / f"{here.lab}.ipynb")
    except Refused:
        return here
    return lab if (lab.course, lab.lab) == (here.course, here.lab) else here


def _restored_message(work: saved_file.Work, result: Restored, note: str) -> tuple[str, list[str]]:
    counts = [
        (result.answers, "answer in code", "answers in code"),
        (result.words, "answer in words", "answers in words"),
        (result.others, "other cell of yours", "other cells of yours"),
        (result.at_end, "cell at its end", "cells at its end, where the lab has no place for them"),
    ]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    what = ", ".join(parts) or "no answers yet"
    sentences = [
        f"A new notebook has your work of {work.saved:%d %b %Y, %H:%M}: {what}. Go on in it:",
        f"This lab is as it was. Passed exercises in the file, now in your progress: {len(work.passed)}.",
    ]
    return "Restored", [*sentences, note] if note else sentences
