"""Files of a data set: downloaded once into the user's cache, or read from a folder of the user's."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ..base import user_folder

SECONDS = 30  # without an answer from a server, after which the next one is tried


class DataUnavailable(OSError):
    """A data set could neither be read nor downloaded; the message names the fault and the remedy.

    >>> issubclass(DataUnavailable, OSError)
    True
    """


@dataclass(frozen=True)
class DataSource:
    """Where a data set comes from and how its files are recognised.

    Args:
        title: its name, for messages; in lower case also the name of its folder in the cache.
        mirrors: folders on servers, tried in turn; they hold the files as NAME.gz.
        sums: for each file's name the sha256 of its contents, decompressed.
        megabytes: room that the decompressed files need.
    """

    title: str
    mirrors: tuple[str, ...]
    sums: dict[str, str]
    megabytes: int


def read(source: DataSource, name: str) -> NDArray[np.uint8]:
    """Return the contents of one file of a data set, verified; download it if it is not there.

    Args:
        source: the data set.
        name: one of `source.sums`.
    Returns:
        Its bytes, decompressed; mapped from the disk where possible, so that they take no memory.
    Raises:
        DataUnavailable: the folder in COURSEKIT_DATA lacks the file or holds another one, or it can neither
            be found in the cache nor be downloaded and stored there.
    """
    folder = os.environ.get("COURSEKIT_DATA")
    return _from_folder(Path(folder).expanduser(), source, name) if folder else _from_cache(source, name)


def _from_folder(folder: Path, source: DataSource, name: str) -> NDArray[np.uint8]:
    remedy = f"put {name} or {name}.gz there, or unset COURSEKIT_DATA to download {source.title}"
    path = next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)
    if path is None:
        raise DataUnavailable(f"the folder {folder}, named by COURSEKIT_DATA, lacks {name}: {remedy}")
    try:
        contents = path.read_bytes()
        contents = gzip.decompress(contents) if path.suffix == ".gz" else contents
    except (OSError, EOFError, zlib.error) as error:
        raise DataUnavailable(f"{path} cannot be read ({error}): {remedy}") from None
    if hashlib.sha256(contents).hexdigest() != source.sums[name]:
        raise DataUnavailable(f"{path} is damaged or not {source.title}'s (checksum): {remedy}")
    return np.frombuffer(bytearray(contents), np.uint8)  # which may be written to, as torch asks


def _from_cache(source: DataSource, name: str) -> NDArray[np.uint8]:
    import pooch  # here, so that importing coursekit stays light

    pooch.get_logger().setLevel("WARNING")  # the bar says what is downloaded
    folder, faults = user_folder("cache") / source.title.lower(), []
    for mirror in source.mirrors:
        files = pooch.create(folder, mirror, registry=source.sums)
        try:
            return np.memmap(files.fetch(name, downloader=_download), np.uint8, mode="c")
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile):
            fault = "sent a wrong or damaged file"
        except OSError as error:
            if error.errno is not None:  # of this machine; those of the connection have no number
                raise DataUnavailable(
                    f"{source.title} cannot be stored in {folder} ({error.strerror}): set COURSEKIT_HOME to "
                    f"a folder of yours with {source.megabytes} MB of room, and try again"
                ) from None
            fault = "no connection" if "Connection" in type(error).__name__ else str(error)
        faults.append(f"{urlsplit(mirror).hostname}: {fault}")
    raise DataUnavailable(
        f"{source.title} cannot be downloaded ({'; '.join(faults)}): connect to the internet and try again, "
        "or set COURSEKIT_DATA to a folder that holds its files; data.digits() needs no download"
    )


def _download(url: str, target: str, files: Any) -> None:
    """Write what NAME.gz holds to `target`, decompressed: pooch then checks the sum of the contents."""
    from pooch import HTTPDownloader
    from tqdm import tqdm  # its plain bar: pooch tells the size too late for the notebook's

    packed = BytesIO()
    with tqdm(desc=url.rpartition("/")[2], total=1, unit="B", unit_scale=True, ncols=79) as bar:
        HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=SECONDS)(f"{url}.gz", packed, files)
    Path(target).write_bytes(gzip.decompress(packed.getvalue()))
