"""What a file holds once it is unpacked: archives, compressed streams, and text in any of its encodings."""

import bz2
import codecs
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
_HEAD = 1_000_000
_STREAM = re.compile(rb"x[\x01\x5e\x9c\xda]")
_TEXT = re.compile(r"[^\ufffd\x00-\x08\x0e-\x1a\x1c-\x1f]{16,}")
_LATIN = re.compile(r"[\t\n\r -~\u00a0-\u2fff\ufb00-\ufb06\U0001d400-\U0001d7ff]{16,}")
_BOMS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
_BOMS |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_PACKED = re.compile(
    rb"\x1f\x8b|BZh|\xfd7zXZ|\]\0\0|\x89PNG|\xff\xfe|\xfe\xff|([\t\n\r -~]\0){4}|(\0[\t\n\r -~]){4}"
)
_CLOSED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x1f\x9d")


class Unreadable(ValueError):
    """A file that can't be searched: too large, encrypted or damaged."""


def texts(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, str]]:
    """All text of a file, and of the files inside it, each with its name: `dist/a.whl: coursekit/b.py`.

    Raises:
        Unreadable: it is too large, or an archive that can't be opened.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"{name} is larger than {LARGEST // 1_000_000} MB")
    if data.startswith(_CLOSED):
        raise Unreadable(f"{name} is packed in a way that can't be opened here")
    yield name, name
    yield from ((name, text) for text in _decoded(data))
    try:
        for inner, content in _members(data):
            if depth == _DEPTH:
                raise Unreadable(f"{name} has archives inside archives, more than {_DEPTH} deep")
            yield from texts(f"{name}: {inner}" if inner else name, content, depth + 1)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, RuntimeError, NotImplementedError,
            lzma.LZMAError, zlib.error) as error:  # fmt: skip
        raise Unreadable(f"{name} is an archive that can't be opened ({error})") from None


def looks_packed(data: bytes) -> bool:
    """Whether bytes out of some other text, such as base64, are more than plain text themselves."""
    return bool(_PACKED.match(data)) or b"PK\x03\x04" in data or _zlib_begins(data)


def _decoded(data: bytes) -> Iterator[str]:
    yield from (data.decode(name, "replace") for mark, name in _BOMS.items() if data.startswith(mark))
    try:
        yield data.decode("utf-8-sig")
        if b"\0" not in data:
            return
    except UnicodeDecodeError:
        # Not text as a whole: only what reads as text, which a number or a pixel seldom does.
        yield "\n".join(_TEXT.findall(data.decode("utf-8", "replace")))
    if b"\0" in data:
        for wide in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield "\n".join(_LATIN.findall(data.decode(wide, "ignore")))
    else:
        yield "\n".join(_LATIN.findall(data.decode("cp1252", "replace")))


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if b"PK\x03\x04" in data and (data.startswith(b"PK") or zipfile.is_zipfile(io.BytesIO(data))):
        yield from _zipped(data)
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
    elif b"\0" in data or not _is_text(data):
        yield from (("", stream) for stream in (*_streams(data), *_old_lzma(data)))


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for each in archive.infolist():
            yield each.filename, _limited(archive.open(each), each.filename)
        yield "", archive.comment


def _limited(stream: object, name: str) -> bytes:
    data: bytes = stream.read(LARGEST + 1)  # type: ignore[attr-defined]
    if len(data) > LARGEST:
        raise Unreadable(f"{name} grows beyond {LARGEST // 1_000_000} MB when it is unpacked")
    return data


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _zlib_begins(data: bytes) -> bool:
    """Whether these could be the two first bytes of a zlib stream, of any window."""
    return (
        len(data) > 8 and data[0] & 0x8F == 8 and not data[1] & 0x20 and (data[0] * 256 + data[1]) % 31 == 0
    )


def _streams(data: bytes) -> Iterator[bytes]:
    """Compressed texts inside a binary file, such as a picture's comments; pixels are none."""
    starts = [0] if _zlib_begins(data) and data[:1] != b"x" else []
    for start in (*starts, *(found.start() for found in _STREAM.finditer(data))):
        opened = zlib.decompressobj()
        try:
            head = opened.decompress(memoryview(data)[start:], _HEAD)
            if len(head) < 16 or len(_TEXT.sub("", head.decode("utf-8", "replace"))) >= len(head) / 4:
                if start == 0:  # a file of git's, or such: whatever it is, it is all there is
                    yield head
                continue
            rest = opened.decompress(opened.unconsumed_tail, LARGEST)
        except zlib.error:
            continue
        if opened.unconsumed_tail:
            raise Unreadable(f"a stream grows beyond {LARGEST // 1_000_000} MB when it is unpacked")
        yield head + rest


def _old_lzma(data: bytes) -> Iterator[bytes]:
    """The form of LZMA before xz, which has no name at its beginning."""
    if data.startswith(b"]\0\0"):
        try:
            yield lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(data, LARGEST)
        except lzma.LZMAError:
            return
