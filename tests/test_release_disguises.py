"""The gate reads packed, coded, re-wrapped and re-set copies of what is withheld, or says that it can't."""

import base64
import bz2
import gzip
import html
import json
import lzma
import textwrap
import unicodedata
import zlib

import leak_plants
import pytest
import tree_plants
from release_texts import SOLUTION

from coursekit.release import leaks, search, shapes
from coursekit.release.source import parse

PROSE = "Because the slope is followed for a short while. The error shrinks with the square of the step."
CODE = "    return x + h * slope  # forward along the withheld slope"
TEST = "assert step(hidden_field, hidden_state, 0.0, 0.5) == 17"
MARKED = "The *error* of `step` shrinks with the square of its size."
SOURCE = parse(
    SOLUTION.replace("The author's own remark on the second way.", MARKED), "solutions/01_flows.md"
)
HIDDEN = search.Withheld(leaks.secrets([SOURCE], ""), shapes.shapes([SOURCE], []))


def found(name, data):
    return [str(fault) for fault in search.faults([(name, data)], HIDDEN)]


def attached(text):
    return tree_plants.book(leak_plants.in_attachment, text).encode()


def small_window(data):
    made = zlib.compressobj(9, zlib.DEFLATED, 9)
    return made.compress(data) + made.flush()


PACKED = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma alone": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib, small window": small_window,
    "zip": lambda data: tree_plants.zipped("a.py", data),
    "zip behind a line": lambda data: b"#!/usr/bin/env python3\n" + tree_plants.zipped("a.py", data),
    "zip in zip": lambda data: tree_plants.zipped("b.zip", tree_plants.zipped("a.py", data)),
    "picture": lambda data: tree_plants.picture(data.decode()),
    "behind 2 MB of text": lambda data: zlib.compress(b"harmless words\n" * 140_000 + data),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("secret", [PROSE, TEST], ids=["prose", "test"])
@pytest.mark.parametrize("coded", [False, True], ids=["as a file", "in base64 in a notebook"])
def test_packed_is_found(pack, secret, coded):
    data = pack(secret.encode())
    if coded:
        assert any(
            "a.ipynb, cell 1 attachments" in each
            for each in found("a.ipynb", attached(base64.b64encode(data).decode()))
        )
    else:
        assert found("notes", data)


def lines(text, before, width=30):
    return "\n".join(before + line for line in textwrap.wrap(text.strip(), width))


RESET = {
    "hexadecimal": lambda text: text.encode().hex(),
    "comment, wrapped": lambda text: lines(text, "# "),
    "indented comment, wrapped": lambda text: lines(text, "        #: "),
    "quotation, wrapped": lambda text: lines(text, "> "),
    "comment in a quotation": lambda text: lines(text, "> # "),
    "bullets": lambda text: lines(text, "* "),
    "other comment": lambda text: lines(text, "// "),
    "strings, one after the other": lambda text: (
        "x = (" + "\n".join(map(repr, textwrap.wrap(text, 30, drop_whitespace=False))) + ")"
    ),
    "strings, added": lambda text: (
        "x = " + " + \\\n".join(map(repr, textwrap.wrap(text, 30, drop_whitespace=False)))
    ),
    "a list of strings": lambda text: (
        "x = [" + ", ".join(map(repr, textwrap.wrap(text, 30, drop_whitespace=False))) + "]"
    ),
    "full-width letters": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "marks of direction": lambda text: "\u200e".join(text),
    "selectors": lambda text: "\ufe0f".join(text),
    "capitals": str.upper,
    "curly quotes": lambda text: text.replace("'", "\u2019").replace('"', "\u201d"),
    "long dashes": lambda text: text.replace("-", "\u2013"),
    "UTF-16, short lines": lambda text: "\r\n".join(textwrap.wrap(text, 12)).encode("utf-16"),
}


@pytest.mark.parametrize("reset", RESET.values(), ids=RESET)
@pytest.mark.parametrize("secret", [PROSE, CODE, TEST], ids=["prose", "code", "test"])
def test_set_otherwise_is_found(reset, secret):
    text = reset(secret)
    assert found("a.py", text if isinstance(text, bytes) else text.encode())
    if isinstance(text, str):
        assert found("a.ipynb", tree_plants.book(leak_plants.in_cell_metadata, text).encode())


def test_prose_whose_marks_were_turned_into_a_page_is_found():
    page = "<p>The <em>error</em> of <code>step</code> shrinks with the square of its size.</p>"
    assert found("a.html", page.encode())
    assert found("a.md", MARKED.encode())


def test_other_quotes_and_comments_do_not_hide_code_with_other_names():
    answer = (
        "    kinds = {'a': first(one, two), 'b': last(one, two)}\n    return kinds['a'] + kinds['b'] * one"
    )
    text = SOLUTION.replace(
        "    slope = field(x, t)\n    return x + h * slope  # forward along the withheld slope", answer
    )
    hidden = search.Withheld([], shapes.shapes([parse(text, "solutions/01_flows.md")], []))
    other = answer.replace("kinds", "table").replace("one", "p").replace("two", "q").replace("'", '"')
    assert list(search.faults([("a.py", other.encode())], hidden))
    assert list(search.faults([("a.py", lines(other, "# ", 200).encode())], hidden))


def escaped(text):
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"cells": [], "metadata": {{"a": "{escaped(PROSE)}", "a": "x"}}}}',
        f'{{"cells": ["{escaped(PROSE)}"], "metadata": {{}}, "cells": []}}',
    ],
)
def test_a_key_that_is_there_twice_is_read_twice(text):
    assert found("a.ipynb", text.encode())


@pytest.mark.parametrize("depth", [600, 100_000])
def test_json_of_any_depth_is_read(depth):
    assert found("a.json", ("[" * depth + json.dumps(PROSE) + "]" * depth).encode())
    assert not found("a.json", b"[" * depth)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "packed in a way"),
        ("a.rar", b"Rar!\x1a\x07\x00" + bytes(99), "packed in a way"),
        ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(99), "packed in a way"),
        ("a.lz4", b"\x04\x22\x4d\x18" + bytes(99), "packed in a way"),
        ("a.Z", b"\x1f\x9d\x90" + bytes(99), "packed in a way"),
    ],
)
def test_what_no_one_can_open_here_is_refused(name, data, told):
    (fault,) = found(name, data)
    assert told in fault


def test_archives_in_archives_without_end_are_refused():
    data = PROSE.encode()
    for _ in range(8):
        data = gzip.compress(data)
    (fault,) = found("a.gz", data)
    assert "archives inside archives" in fault


# ------------------------------------------------------------------------------------------ the innocent

INNOCENT = [
    "def step(field, x, t, h):\n    return x + h * field(x, t)\n",
    "# a short remark\n# and another one\nx = ('one', 'two')\n",
    "The slope is followed for a while, and then the error shrinks.",
    "![picture](a.png) | - | * one\n* two\n> three",
    "return x + h",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_lines_are_let_pass(text):
    assert not found("a.md", text.encode())
    assert not found("a.ipynb", tree_plants.book(leak_plants.in_source, text).encode())
    assert not found("a.html", f"<pre>{html.escape(text)}</pre>".encode())
    assert not found("a.gz", gzip.compress(text.encode()))


@pytest.mark.parametrize("seed", range(20))
def test_numbers_and_pixels_are_let_pass(seed):
    data = bytes(__import__("random").Random(seed).randbytes(20_000))
    assert not found("net.bin", data)
    assert not found("a.ipynb", attached(base64.b64encode(data).decode()))
