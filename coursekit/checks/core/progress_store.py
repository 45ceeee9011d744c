"""Progress: which exercises have passed, in a small JSON file in the user's data folder."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...base import atomic_write, user_folder


@dataclass(frozen=True)
class Progress:
    """Time of the first pass of each exercise, and a sentence if the file could not be read."""

    passed: dict[str, datetime]
    note: str = ""


def folder() -> Path:
    """Folder of the progress file: COURSEKIT_HOME, else the user's data folder."""
    return user_folder("data")


def _file() -> Path:
    return folder() / "progress.json"


def load() -> Progress:
    """Read the progress; a missing file is none yet, a damaged one is none with a note."""
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        times = {str(number): datetime.fromisoformat(when) for number, when in stored["passed"].items()}
    except FileNotFoundError:
        return Progress({})
    except OSError as error:
        return Progress({}, f"Your progress in {_file()} cannot be read ({error.strerror}).")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Progress(
            {},
            f"Your progress file {_file()} is damaged; a new one begins with your next pass, the old one is "
            "kept.",
        )
    return Progress(times)


def passed(number: str) -> str:
    """Record that exercise `number` passed; the first time counts.

    Args:
        number: such as "1.2".
    Returns:
        A sentence if it could not be recorded, else an empty string.
    """
    known = load()
    if number in known.passed:
        return ""
    return _keep(known, known.passed | {number: datetime.now().astimezone()})


def merge(times: Mapping[str, datetime]) -> str:
    """Add passes of another session; of two times of an exercise the earlier stays.

    Args:
        times: number of each exercise and when it passed, with a time zone.
    Returns:
        A sentence if they could not be recorded, else an empty string.
    """
    known = load()
    better = {
        number: when
        for number, when in times.items()
        if number not in known.passed or when.timestamp() < known.passed[number].timestamp()
    }
    return _keep(known, known.passed | better) if better else ""


def _keep(known: Progress, times: Mapping[str, datetime]) -> str:
    try:
        if known.note and _file().is_file():
            os.replace(_file(), _file().with_suffix(".damaged.json"))
        passed = {key: when.isoformat(timespec="seconds") for key, when in times.items()}
        with atomic_write(_file()) as part:
            part.write_text(json.dumps({"version": 1, "passed": passed}, indent=1), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        place = f"in {folder()} ({reason}); set COURSEKIT_HOME to a folder of yours."
        return f"Your progress could not be recorded {place}"
    return known.note
