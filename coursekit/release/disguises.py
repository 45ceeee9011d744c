"""What a text says once it is unescaped, decoded, or freed of mark-up and colours.

A secret is looked for in every one of these readings, and in readings of readings: a traceback has colours
between its words, an output has HTML entities, an attachment is base64, metadata may hold JSON in JSON. Last,
each is read without what stands before re-wrapped lines (`#`, `>`, bullets) and between pieces of a string.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from coursekit.release.unpacked import Unreadable, looks_packed, texts

_DEPTH = 3
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}
_COLOUR = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_MARKUP = re.compile(r"<[^<>]*>")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_SAME = dict.fromkeys(map(ord, "‘’‚‛“”„‟′″"), "'") | dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_MARK = re.compile(r"^[ \t]*(?:>[ \t]?)*(?:#+:?|//+|[*|-]|%+|;+)?[ \t]*", re.MULTILINE)
_SEAM = re.compile(r"""(["'])(?:[\s+,\\]+[rRbBuUfF]{0,2})?\1""")
_PRINTABLE = re.compile(r"[^\ufffd\x00-\x08\x0e-\x1f]{8,}")


def squeeze(text: str) -> str:
    """The text without white space and invisible characters, in one case, with one kind of quotes and dashes.

    So indentation, wrapping, an editor's typography and another form of Unicode don't hide a line.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_SAME)
    return "".join(text.replace('"', "'").split()).casefold()


def readings(text: str) -> set[str]:
    """The text itself and all it becomes by up to three steps of decoding."""
    seen, fresh = {text}, {text}
    for _ in range(_DEPTH):
        fresh = {reading for each in fresh for reading in _decoded(each)} - seen
        seen |= fresh
    bare = {_MARK.sub("", each) for each in seen}
    return seen | bare | {_SEAM.sub("", each) for each in bare}


def _decoded(text: str) -> Iterator[str]:
    if "\\" in text:
        # Pairs of surrogates (JSON's way to write 𝛼) become one character again.
        plain = _ESCAPE.sub(_unescape, text)
        yield plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "\x1b" in text:
        yield _COLOUR.sub("", text)
    if "<" in text:
        yield html.unescape(_MARKUP.sub("", text))
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text)
    hidden = "\n".join(said for data in _coded(text) for said in _said(data))
    if hidden:
        yield hidden


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _CONTROL.get(code, code)


def _coded(text: str) -> Iterator[bytes]:
    """What runs of base64 and of hexadecimal stand for, wherever they begin, and wrapped or not."""
    forms = (text, "".join(_INVISIBLE.sub("", text).split()))
    for run in sorted({run for form in forms for run in _BASE64.findall(form)}):
        body = run.rstrip("=").replace("-", "+").replace("_", "/")
        for start in range(4):
            part = body[start:]
            part = part[:-1] if len(part) % 4 == 1 else part
            yield base64.b64decode(part + "=" * (-len(part) % 4))
    yield from (bytes.fromhex(run) for run in {run for form in forms for run in _HEX.findall(form)})


def _said(data: bytes) -> Iterator[str]:
    yield from _PRINTABLE.findall(data.decode("utf-8", "replace"))
    if looks_packed(data):
        try:
            yield from (text for _, text in texts("", data))
        except Unreadable:
            return  # most bytes that look packed are not: these are a text's letters, read as numbers
