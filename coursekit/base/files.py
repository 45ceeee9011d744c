"""Files of the user's: written whole or not at all, in folders that the system or the user chooses."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


@contextmanager
def atomic_write(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path to write to, with the same ending; move it to `path` in one step if the block succeeds.

    A crash at any moment leaves the old file or the new one, never a part of one.

    Args:
        path: the file to write; missing folders are made.
        overwrite: whether to replace a file that is there already.
    Raises:
        FileExistsError: `path` exists and `overwrite` is False; it stays as it is.
        OSError: the folder cannot be written, or the disk is full.

    >>> with atomic_write(Path("note.txt")) as part:
    ...     _ = part.write_text("whole")
    >>> Path("note.txt").read_text()
    'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield part
        part.chmod(0o644)
        if overwrite:
            os.replace(part, path)
        else:
            _move_to_free_name(part, path)
    finally:
        part.unlink(missing_ok=True)


def _move_to_free_name(part: Path, path: Path) -> None:
    """A link never replaces a file, a rename would; some file systems have no links."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(f"{path} exists") from None
        os.replace(part, path)


def user_folder(kind: Literal["data", "cache"]) -> Path:
    """Return the folder for the user's data, or for what can be downloaded again; it may not exist yet.

    `COURSEKIT_HOME` names both; without it they are where the operating system keeps such files.

    >>> (user_folder("cache") / "mnist").name
    'mnist'
    """
    chosen = os.environ.get("COURSEKIT_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs  # here, so that importing coursekit stays light

    place = platformdirs.user_data_path if kind == "data" else platformdirs.user_cache_path
    return place("coursekit", appauthor=False)
