"""A withheld answer with its names changed is still withheld: code is compared up to a renaming.

Two pieces of code have one shape if they are the same token for token, but for a renaming of their variables;
attributes, keywords, numbers and text must agree. Comments, line ends, indentation and the kind of quotes
don't count.
"""

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass

from coursekit.release.markers import withheld_lines
from coursekit.release.rules import LEFT_OUT
from coursekit.release.source import Cell, Source

FEWEST = 16  # tokens: shorter answers share their shape with innocent code
_TOKEN = re.compile(
    r"#[^\n]*|(?P<text>\"[^\"\n]*\"|'[^'\n]*')|(?P<number>\d[\w.]*)|(?P<name>\.?[^\W\d]\w*)|\S", re.UNICODE
)
_FIXED = set(keyword.kwlist) | {"range", "len", "print", "float", "int", "torch", "self"}


@dataclass(frozen=True)
class Shape:
    """A withheld piece of code: where it is written, its tokens with names masked, and the names."""

    file: str
    line: int
    skeleton: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A text to be searched: its skeleton, and its names with their places in it."""

    skeleton: str
    starts: tuple[int, ...]
    names: tuple[str, ...]


def shapes(sources: Iterable[Source], public: Iterable[str]) -> list[Shape]:
    """The withheld answers in code, of at least 16 tokens, whose shape is nowhere in public code."""
    seen = [read(text) for text in public]
    found = []
    for source in sources:
        for cell in source.cells:
            for line, text in _withheld(cell):
                code = read(text)
                shape = Shape(source.file, line, code.skeleton, code.names)
                if code.skeleton.count("\x1f") >= FEWEST and not any(shows(each, shape) for each in seen):
                    found.append(shape)
    return found


def read(text: str) -> Code:
    """The tokens of a text, one after the other, names masked."""
    parts, starts, names, at = [], [], [], 0
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word.startswith("#"):
            continue
        if token["text"]:
            word = f'"{word[1:-1]}"'
        if token["name"] and word[0] != "." and word not in _FIXED:
            starts.append(at)
            names.append(word)
            word = "\x1e"
        parts.append(word + "\x1f")
        at += len(parts[-1])
    return Code("".join(parts), tuple(starts), tuple(names))


def shows(code: Code, shape: Shape) -> bool:
    """Whether the shape is somewhere in the text, under names that could be a renaming."""
    at = code.skeleton.find(shape.skeleton)
    while at >= 0:
        if at == 0 or code.skeleton[at - 1] == "\x1f":
            first = code.skeleton.count("\x1e", 0, at)
            pairs = set(zip(shape.names, code.names[first : first + len(shape.names)], strict=True))
            if len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}):
                return True
        at = code.skeleton.find(shape.skeleton, at + 1)
    return False


def _withheld(cell: Cell) -> list[tuple[int, str]]:
    """A withheld piece of a cell, its two halves and its single lines, each with its first line's number."""
    if cell.kind != "code":
        return []
    if cell.tag == "exercise":
        inside = list(withheld_lines(cell.text))
    elif cell.tag in LEFT_OUT:
        inside = list(enumerate(cell.text.splitlines()))
    else:
        return []
    inside = [(index, line) for index, line in inside if line.strip()]
    half = (len(inside) + 1) // 2
    pieces = [inside, inside[:half], inside[half:], *([each] for each in inside)]
    found = [(cell.body + piece[0][0], "\n".join(line for _, line in piece)) for piece in pieces if piece]
    return list(dict.fromkeys(found))
