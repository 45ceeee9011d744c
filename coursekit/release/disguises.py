"""What a text says once it is unescaped, decoded, or freed of mark-up and colours.

A secret is looked for in every one of these readings, and in readings of readings: a traceback has colours
between its words, an output has HTML entities, an attachment is base64, metadata may hold JSON in JSON.
"""

import base64
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

_DEPTH = 3
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}
_COLOUR = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_MARKUP = re.compile(r"<[^<>]*>")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\xad"))
_PRINTABLE = re.compile(r"[^\ufffd\x00-\x08\x0e-\x1f]{8,}")


def squeeze(text: str) -> str:
    """The text without white space and invisible characters: indentation and wrapping don't hide a line."""
    return "".join(text.translate(_INVISIBLE).split())


def readings(text: str) -> set[str]:
    """The text itself and all it becomes by up to three steps of decoding."""
    seen, fresh = {text}, {text}
    for _ in range(_DEPTH):
        fresh = {reading for each in fresh for reading in _decoded(each)} - seen
        seen |= fresh
    return seen


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
    hidden = "\n".join(_from_base64(text))
    if hidden:
        yield hidden


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _CONTROL.get(code, code)


def _from_base64(text: str) -> Iterator[str]:
    """What runs of base64 say, wherever in the run they begin and whether or not they are wrapped."""
    runs = {run for form in (text, squeeze(text)) for run in _BASE64.findall(form)}
    for run in sorted(runs):
        body = run.rstrip("=").replace("-", "+").replace("_", "/")
        for start in range(4):
            part = body[start:]
            part = part[:-1] if len(part) % 4 == 1 else part
            data = base64.b64decode(part + "=" * (-len(part) % 4))
            yield from _PRINTABLE.findall(data.decode("utf-8", "replace"))
