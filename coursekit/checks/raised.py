"""Errors that a student's function raised: which line of theirs, and what to say."""

import linecache
import sysconfig
from pathlib import Path
from traceback import extract_tb

from .faults import Fault, safe_text, shorten

_LIBRARIES = tuple({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS = str(Path(__file__).resolve().parent.parent)


def student_line(error: BaseException) -> tuple[int, str] | None:
    """Find the deepest line of the traceback that belongs to neither a library nor us."""
    for frame in reversed(extract_tb(error.__traceback__)):
        name = frame.filename
        foreign = name.startswith((_OURS, "<frozen", *_LIBRARIES))
        if not foreign and frame.lineno is not None:
            return frame.lineno, linecache.getline(name, frame.lineno).strip()
    return None


def _place(error: BaseException) -> str:
    found = student_line(error)
    if found is None:
        return ""
    number, text = found
    return f" in line {number} of your cell: `{shorten(text, 20, 90)}`" if text else f" in line {number}"


def _unfinished(error: BaseException, number: str) -> Fault | None:
    """Tell a stub that waits to be filled in from a NotImplementedError of a library."""
    line = student_line(error)
    said = safe_text(error)
    quoted = line is None or not line[1] or "NotImplementedError" in line[1]
    if not isinstance(error, NotImplementedError) or (said and not quoted):
        return None
    if said.startswith("Exercise ") and not said.startswith(f"Exercise {number}:"):
        other = said.split(":")[0]
        return Fault(
            "raises",
            f"Your function calls another one that is still to be filled in ({other}). Fill in that one "
            "first, run its check, and come back here.",
        )
    return Fault(
        "not attempted",
        "Nothing is filled in here yet. Write your lines in place of `raise NotImplementedError`, run that "
        "cell, then run this check again. The folded hints below the exercise help one step at a time.",
    )


def from_exception(error: BaseException, number: str, given: str) -> Fault:
    """Turn whatever the student's function raised into a fault: type, words, and the line in their code."""
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
    return Fault(
        "raises",
        f"Your function stopped with {kind}{_place(error)}. Python says: {said}. It was called with {given}. "
        "Call it by yourself with such values and print the shapes on the way.",
    )
