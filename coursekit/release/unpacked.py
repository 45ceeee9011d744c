"""What a file holds once it is unpacked: archives, compressed streams, and text in any of its encodings."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

LARGEST = 64_000_000  # bytes: what is larger, packed or unpacked, can't be searched
_DEPTH = 4
_STREAM = re.compile(rb"x[\x01\x5e\x9c\xda]")
_TEXT = re.compile(r"[^\ufffd\x00-\x08\x0e-\x1a\x1c-\x1f]{16,}")


class Unreadable(ValueError):
    """A file that can't be searched: too large, encrypted or damaged."""


def texts(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, str]]:
    """All text of a file, and of the files inside it, each with its name: `dist/a.whl: coursekit/b.py`.

    Raises:
        Unreadable: it is too large, or an archive that can't be opened.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"{name} is larger than {LARGEST // 1_000_000} MB")
    yield name, name
    yield from ((name, text) for text in _decoded(data))
    if depth == _DEPTH:
        return
    try:
        for inner, content in _members(data):
            yield from texts(f"{name}: {inner}" if inner else name, content, depth + 1)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, RuntimeError, NotImplementedError,
            lzma.LZMAError, zlib.error) as error:  # fmt: skip
        raise Unreadable(f"{name} is an archive that can't be opened ({error})") from None


def _decoded(data: bytes) -> Iterator[str]:
    try:
        yield data.decode("utf-8-sig")
        if b"\0" not in data:
            return
    except UnicodeDecodeError:
        # Not text as a whole: only what reads as text, which a number or a pixel seldom does.
        yield "\n".join(_TEXT.findall(data.decode("utf-8", "replace")))
    if b"\0" in data:
        for wide in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield "\n".join(re.findall(r"[\t -~\u00a0-\u2fff]{16,}", data.decode(wide, "ignore")))


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for each in archive.infolist():
                yield each.filename, _limited(archive.open(each), each.filename)
            yield "", archive.comment
    elif data.startswith(b"\x1f\x8b"):
        yield "", _limited(gzip.GzipFile(fileobj=io.BytesIO(data)), "gzip")
    elif data.startswith(b"BZh"):
        yield "", _limited(bz2.BZ2File(io.BytesIO(data)), "bzip2")
    elif data.startswith(b"\xfd7zXZ"):
        yield "", _limited(lzma.LZMAFile(io.BytesIO(data)), "xz")  # noqa: SIM115
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                yield member.name, _limited(content, member.name) if content else member.linkname.encode()
    elif b"\0" in data:
        yield from (("", stream) for stream in _streams(data))


def _limited(stream: object, name: str) -> bytes:
    data: bytes = stream.read(LARGEST + 1)  # type: ignore[attr-defined]
    if len(data) > LARGEST:
        raise Unreadable(f"{name} grows beyond {LARGEST // 1_000_000} MB when it is unpacked")
    return data


def _streams(data: bytes) -> Iterator[bytes]:
    """Compressed texts inside a binary file, such as a picture's comments; pixels are none."""
    for found in _STREAM.finditer(data):
        opened = zlib.decompressobj()
        try:
            head = opened.decompress(data[found.start() : found.start() + 1_000_000], 1_000_000)
        except zlib.error:
            continue
        if len(head) > 15 and len(_TEXT.sub("", head.decode("utf-8", "replace"))) < len(head) / 4:
            yield head
