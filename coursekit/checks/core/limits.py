"""Call a student's function so that it can neither hang, flood the page nor end the notebook."""

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from types import FrameType
from typing import Any, TextIO

from .faults import too_slow
from .tracebacks import from_exception


class TooSlow(BaseException):
    """Raised by the alarm inside the student's function; no `except Exception` of theirs catches it."""


class _TruncatedStdout(io.TextIOBase):
    """Let the first lines that a student prints through, and swallow the rest."""

    def __init__(self, target: TextIO, room: int = 2000) -> None:
        self.target, self.room = target, room

    def write(self, text: str) -> int:
        self.target.write(text[: max(self.room, 0)])
        if 0 <= self.room < len(text):
            self.target.write(" … (the rest of what your function prints is left out)\n")
            self.room = -1
        elif self.room >= 0:
            self.room -= len(text)
        return len(text)

    def flush(self) -> None:
        self.target.flush()


@contextmanager
def truncate_output() -> Iterator[None]:
    """Shorten what the answer prints: a check calls it a hundred times."""
    with redirect_stdout(_TruncatedStdout(sys.stdout)):
        yield


def can_stop() -> bool:
    """Tell whether an answer can be stopped here: alarms exist, and ring in the main thread only."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _guarded(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call the answer; its frame marks what the alarm may interrupt."""
    return function(*args)


def _inside(frame: FrameType | None) -> bool:
    """Tell whether `frame` belongs to the answer, and not to what `call` does before and after it."""
    while frame is not None and frame.f_code is not call.__code__:
        if frame.f_code is _guarded.__code__:
            return True
        frame = frame.f_back
    return False


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise TooSlow inside the answer after `seconds`, and again until it gets through.

    The alarm may ring at any line, also at those that set it and put it back, here and in contextlib. Raised
    there, TooSlow would leave the alarm ringing for ever, so nothing is raised outside the answer.
    """

    def ring(number: int, frame: FrameType | None) -> None:
        if _inside(frame):
            raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    start = time.monotonic()
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if rest:
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - start), 1e-3), interval)


@contextmanager
def _watch_interrupt(pressed: list[bool]) -> Iterator[None]:
    """Note whether the user interrupts, to tell it from a KeyboardInterrupt that the answer raises itself."""
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: FrameType | None) -> Any:
        pressed.append(True)
        return before(number, frame) if callable(before) else None

    if callable(before):
        signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        if callable(before):
            signal.signal(signal.SIGINT, before)


def call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    left: float,
    limit: float,
    number: str,
    given: str | None,
) -> Any:
    """Call the student's `function(*args)` for at most `left` seconds.

    Args:
        function: the student's.
        args: what to hand over.
        left: seconds left to it, of the `limit` seconds for all calls of the check.
        limit: the time that a message names.
        number: the exercise, such as "1.2".
        given: the arguments in words, for a message; None where they are not the student's to know.
    Returns:
        Whatever it returns.
    Raises:
        Fault: it raised anything at all, or was too slow (found out afterwards where it cannot be stopped).
        KeyboardInterrupt: the user pressed it.
    """
    pressed: list[bool] = []
    start = time.monotonic()
    try:
        with ExitStack() as stack:
            if can_stop():
                stack.enter_context(_watch_interrupt(pressed))
                stack.enter_context(_alarm(max(left, 1e-3)))
            value = _guarded(function, args)
    except TooSlow:
        raise too_slow(limit, stopped=True) from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and pressed:
            raise
        raise from_exception(error, number, given) from None
    if time.monotonic() - start > left:
        raise too_slow(limit, stopped=False)
    return value
