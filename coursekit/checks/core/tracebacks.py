"""Errors that a student's function raised: which line of theirs, and what to say."""

import dis
import linecache
import re
import sysconfig
from pathlib import Path
from traceback import extract_tb
from types import TracebackType

from .faults import Fault, safe_text, shorten

_LIBRARIES = tuple({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS = str(Path(__file__).resolve().parent.parent)


def _student_lines(error: BaseException) -> list[tuple[str, int, str]]:
    """Lines of the traceback that belong to neither a library nor us: file, number, text; deepest last."""
    return [
        (frame.filename, frame.lineno, linecache.getline(frame.filename, frame.lineno).strip())
        for frame in extract_tb(error.__traceback__)
        if not _foreign(frame.filename) and frame.lineno is not None
    ]


def _foreign(file: str) -> bool:
    """Tell whether a file belongs to a library or to us."""
    return file.startswith((_OURS, "<frozen", *_LIBRARIES))


def _raised_by_student(trace: TracebackType | None) -> bool:
    """Tell a `raise` in the student's own code from an error of what their line calls.

    Functions of torch that are written in C++ leave no frame behind, so the student's line is the deepest one
    for both; which instruction stood there tells them apart.
    """
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return not _foreign(code.co_filename) and dis.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"


def student_line(error: BaseException) -> tuple[int, str] | None:
    """Find the deepest line of the traceback that belongs to neither a library nor us."""
    lines = _student_lines(error)
    return lines[-1][1:] if lines else None


def _place(error: BaseException) -> str:
    """Where it happened; from the cell of the exercise, the way may lead on into a function of another."""
    lines = _student_lines(error)
    if not lines:
        return ""
    file, number, text = lines[-1]
    if not text:
        return f" in line {number}"
    if file == lines[0][0]:
        return f" in line {number} of your cell: `{shorten(text, 20, 90)}`"
    _, called, call = lines[0]
    return (
        f" in line {number} of another cell of yours, `{shorten(text, 20, 90)}`, called from line {called} "
        f"of this exercise's cell: `{shorten(call, 20, 90)}`"
    )


def _unfinished(error: BaseException, number: str) -> Fault | None:
    """Tell a stub that waits to be filled in from a NotImplementedError of a library."""
    if not isinstance(error, NotImplementedError) or not _raised_by_student(error.__traceback__):
        return None
    said = safe_text(error)
    if said.startswith("Exercise ") and not said.startswith(f"Exercise {number}:"):
        other = said.split(":")[0]
        return Fault(
            "raises",
            f"Your function calls another one that is still to be filled in ({other}). Fill in that one "
            "first, run its check, and come back here.",
        )
    return Fault(
        "not attempted",
        "The line `raise NotImplementedError` is still there, and Python stops at it. Write your lines in "
        "its place, run that cell, then run this check again. The folded hints in the text of the exercise "
        "help one step at a time.",
    )


def _of_shapes(error: BaseException) -> bool:
    """Tell whether an error is about shapes, by the words that torch and NumPy use of them."""
    words = r"\b(sizes?|shapes?|dims?|dimensions?|dimensional|broadcast\w*|axis|out of bounds)\b"
    return re.search(words, safe_text(error), re.IGNORECASE) is not None


def from_exception(error: BaseException, number: str, given: str | None) -> Fault:
    """Turn whatever the student's function raised into a fault: type, words, and the line in their code.

    `given` is None where another function called theirs, with arguments that nobody noted.
    """
    if isinstance(error, Fault):
        return Fault(error.name, f"{error.message} It happened{_place(error) or ' inside your function'}.")
    unfinished = _unfinished(error, number)
    if unfinished is not None:
        return unfinished
    kind = type(error).__name__
    if isinstance(error, RecursionError):
        said = "the function calls itself without end"
    else:
        said = safe_text(error) or "no message"
    caret = isinstance(error, TypeError | RuntimeError) and ("for ^" in said or "bitwise_xor" in said)
    look = (
        "print the shapes on the way" if _of_shapes(error) else "look at each value that this line works with"
    )
    power = " The sign ^ is no power in Python: write ** instead." if caret else ""
    called = (
        "" if given is None else f" It was called {f'with {given}' if given else 'without any argument'}."
    )
    return Fault(
        "raises",
        f"Your function stopped with {kind}{_place(error)}. Python says: {said}.{power}{called} Call it by "
        f"yourself{' with such values' if given else ''} and {look}.",
    )
