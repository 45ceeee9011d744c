"""Files of a data set: downloaded once into the user's cache, or read from a folder of the user's.

Whatever goes wrong ends in one sentence that names the remedy, and never in half a file.
"""

import gzip
import hashlib
import os
import tempfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

SECONDS = 30  # without a word from a server, after which the next one is asked


class DataUnavailable(OSError):
    """A data set could neither be read nor downloaded; the message names the fault and the remedy."""


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and how its files are recognised.

    Args:
        title: its name, for messages; in small letters also the name of its folder in the cache.
        addresses: folders on servers, asked one after the other; they hold the files as NAME.gz.
        sums: the sha256 of each file's content, not compressed, by the file's name.
        megabytes: how much is downloaded in all.
    """

    title: str
    addresses: tuple[str, ...]
    sums: dict[str, str]
    megabytes: int


def locate(source: Source) -> list[Path]:
    """Find the files of a data set, each with the content it must have; download what is not there.

    Args:
        source: the data set.
    Returns:
        A path for each file, in the order of `source.sums`, compressed or not: open with `unpacked`.
    Raises:
        DataUnavailable: the folder in COURSEKIT_DATA lacks a file or holds another one, or a file can
            neither be found in the cache nor be downloaded and stored there.
    """
    given = os.environ.get("COURSEKIT_DATA")
    if given:
        return [_given(Path(given).expanduser(), source, name) for name in source.sums]
    return [_cached(source, name) for name in source.sums]


def unpacked(file: BinaryIO) -> BinaryIO:
    """Let a file be read without its compression, if it has one: its first bytes tell, not its name.

    Args:
        file: at its beginning.
    Returns:
        The same file, or one that unpacks it.
    """
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[return-value]


def _whole(file: BinaryIO, wanted: str) -> bool:
    try:
        return hashlib.file_digest(unpacked(file), "sha256").hexdigest() == wanted  # type: ignore[arg-type]
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False


def _intact(path: Path, wanted: str, remedy: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _whole(file, wanted)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read ({_reason(error)}): {remedy}") from None


def _given(folder: Path, source: Source, name: str) -> Path:
    remedy = f"put {name} or {name}.gz there, or unset COURSEKIT_DATA to download {source.title}"
    for path in (folder / name, folder / f"{name}.gz"):
        if _intact(path, source.sums[name], f"make it readable, or {remedy}"):
            return path
        if path.exists():
            raise DataUnavailable(f"{path} is damaged or not {source.title}'s (checksum): {remedy}")
    missing = f"lacks {name}" if folder.is_dir() else "does not exist"
    raise DataUnavailable(f"the folder {folder}, named by COURSEKIT_DATA, {missing}: {remedy}")


def _cached(source: Source, name: str) -> Path:
    path = _cache() / source.title.lower() / f"{name}.gz"
    remedy = f"set COURSEKIT_HOME to a folder of yours with {source.megabytes} MB of room, and try again"
    if not _intact(path, source.sums[name], remedy):  # damaged, or not there: the same to do
        content = _downloaded(source, name)
        try:
            _write(content, path)
        except OSError as error:
            # Where a file that is open cannot be replaced, another process may have stored it meanwhile.
            if not _intact(path, source.sums[name], remedy):
                fault = f"{source.title} cannot be stored in {path.parent} ({_reason(error)})"
                raise DataUnavailable(f"{fault}: {remedy}") from None
    return path


def _cache() -> Path:
    chosen = os.environ.get("COURSEKIT_HOME")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("coursekit", appauthor=False)


def _downloaded(source: Source, name: str) -> bytes:
    """Content of a file from the first address that has the right one, compressed as it came."""
    faults = []
    for address in source.addresses:
        try:
            content = _fetch(f"{address}{name}.gz", f"{source.title}: {name}")
        except OSError as error:  # which all errors of the requests library are
            fault = _reason(error)
        else:
            if _whole(BytesIO(content), source.sums[name]):
                return content
            fault = "sent another or a damaged file"
        faults.append(f"{urlsplit(address).hostname}: {fault}")
    raise DataUnavailable(
        f"{source.title} cannot be downloaded ({'; '.join(faults)}): connect to the internet and try again, "
        "or set COURSEKIT_DATA to a folder that holds its files"
    )


def _fetch(url: str, label: str) -> bytes:
    """What an address holds, with a progress bar; in memory, so that nothing half done is ever stored."""
    from pooch import HTTPDownloader  # here, so that importing coursekit stays light
    from tqdm import tqdm  # its plain bar: pooch tells the size too late for the notebook's

    content = BytesIO()
    with tqdm(desc=label, total=1, unit="B", unit_scale=True, ncols=79) as bar:
        HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=SECONDS)(url, content, None)
    return content.getvalue()


def _reason(error: OSError) -> str:
    """Say in a few words what went wrong: requests' own texts run over lines."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"answered {answer.status_code}"
    words = {"ConnectionError": "no connection", "ChunkedEncodingError": "broken off"}
    kind = type(error).__name__
    return error.strerror or words.get(kind, "no answer" if "Timeout" in kind else kind)


def _write(content: bytes, path: Path) -> None:
    """Write to a new file beside the old one and swap: a crash leaves the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
