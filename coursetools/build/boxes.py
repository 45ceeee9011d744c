"""Boxes: MyST admonitions of the sources, as block quotes in the notebooks and as themselves on the site.

A block quote is what JupyterLab, Colab, VS Code and GitHub all show as a box, each in its own way. Within
one, a formula must stand on one line: JupyterLab takes formulas out before it reads Markdown, and the sign
of quotation on a formula's second line would become part of it.

Two more kinds are no boxes but variants: `notebook-only` holds what assumes a running kernel, `site-only`
what a reader of the site finds in its place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LABELS = {
    "definition": "Definition",
    "theorem": "Theorem",
    "algorithm": "Algorithm",
    "key-idea": "Key idea",
    "warning": "Warning",
}
NOTEBOOK_ONLY, SITE_ONLY = "notebook-only", "site-only"
_TITLED = ("definition", "theorem", "algorithm")
_OPEN = re.compile(r":::\{([\w-]*)\}\s*(.*?)\s*")
_LIKE = re.compile(r"\s*:{3,}")
_NUMBERED = re.compile(r"(\d+): (\S.*)")
_TITLE_REMEDY = "write it behind the kind, such as `:::{algorithm} 1: sampling from a flow model`"


@dataclass(frozen=True)
class Box:
    """A box or a variant in a Markdown cell: its kind, its title, the indices of its first and last line."""

    kind: str
    title: str
    begin: int
    end: int


class BoxError(ValueError):
    """A box out of form: `line` is its index in the cell, `remedy` says how to mend it."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        self.line, self.remedy = line, remedy
        super().__init__(message)


def boxes(text: str) -> list[Box]:
    """The boxes and variants of a Markdown cell, from top to bottom.

    Raises:
        BoxError: a box of another kind, without a title, nested, empty, or never closed.
    """
    found: list[Box] = []
    begun: tuple[str, str, int] | None = None
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not _LIKE.match(line):
            continue
        if begun is None:
            begun = (*_opening(line, index), index)
        elif line != ":::":
            remedy = "close the one before with a line :::"
            raise BoxError(index, "a box inside a box, or an indented end of one", remedy)
        elif not "".join(lines[begun[2] + 1 : index]).strip():
            raise BoxError(begun[2], "an empty box", "write it, or drop it")
        else:
            found.append(Box(*begun, index))
            begun = None
    if begun is not None:
        raise BoxError(begun[2], "a box that is never closed", "close it with a line :::")
    return found


def _opening(line: str, index: int) -> tuple[str, str]:
    opening = _OPEN.fullmatch(line)
    if not opening or opening[1] not in (*LABELS, NOTEBOOK_ONLY, SITE_ONLY):
        remedy = f"write `:::{{kind}} Title` at the margin, with one of {', '.join(LABELS)}"
        raise BoxError(index, f"not a box: {line.strip()!r}", remedy)
    kind, title = opening[1], opening[2]
    if kind not in LABELS and title:
        raise BoxError(index, f"a variant with a title: {title!r}", f"write `:::{{{kind}}}` alone")
    if kind in _TITLED and not title:
        raise BoxError(index, f"a box of kind {kind} without a title", _TITLE_REMEDY)
    return kind, title


def with_quotes(text: str) -> str:
    """The cell as it stands in the notebook: each box a block quote with a bold title."""

    def quoted(box: Box, body: list[str]) -> list[str]:
        lines = [f"**{heading(box)}**", "", *_one_line_formulas(body)]
        return [f"> {line}".rstrip() for line in lines]

    return _rewritten(text, quoted, kept=NOTEBOOK_ONLY)


def with_admonitions(text: str) -> str:
    """The cell as it stands on the site: each box an admonition, of a class named after its kind."""

    def admonition(box: Box, body: list[str]) -> list[str]:
        return [f":::{{admonition}} {heading(box)}", f":class: {box.kind}", "", *body, ":::"]

    return _rewritten(text, admonition, kept=SITE_ONLY)


def _rewritten(text: str, form: Callable[[Box, list[str]], list[str]], kept: str) -> str:
    """The text with each box in another form; of the variants `kept` stays, the other goes."""
    lines = text.split("\n")
    for box in reversed(boxes(text)):
        body, end = lines[box.begin + 1 : box.end], box.end + 1
        if box.kind in LABELS:
            body = form(box, body)
        elif box.kind != kept:
            body = []
            end += lines[end : end + 1] == [""]  # not two empty lines where it stood
        lines[box.begin : end] = body
    return "\n".join(lines)


def heading(box: Box) -> str:
    """What stands above a box: `Algorithm 1: sampling from a flow model`, or `Algorithm: DDIM`."""
    numbered = _NUMBERED.fullmatch(box.title) if box.kind == "algorithm" else None
    label, title = LABELS[box.kind], box.title
    if numbered:
        label, title = f"{label} {numbered[1]}", numbered[2]
    return f"{label}: {title}" if title else label


def _one_line_formulas(lines: list[str]) -> Iterator[str]:
    """The lines with each display formula on one of its own."""
    formula: list[str] = []
    for line in lines:
        opens = line.count("$$") % 2 == 1
        if formula:
            formula.append(line.strip())
            if opens:
                yield " ".join(part for part in formula if part)
                formula = []
        elif opens:
            formula = [line.rstrip()]
        else:
            yield line
    yield from formula
