"""MyST Markdown, read by jupytext, into cells that know the lines they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import yaml
from jupytext.myst import MystMetadataParsingError, get_parser, myst_to_notebook

from coursekit.release.faults import CourseError, Fault

CODE_FENCE = "{code-cell} python"
# jupytext counts these as ends of lines, Markdown does not: every line number after one would be wrong.
_ODD_LINE_ENDS = re.compile("[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Cell:
    """A cell: `kind` is "markdown" or "code"; `line` its first line in the file, `body` that of its text."""

    kind: str
    text: str
    tag: str = ""
    line: int = 0
    body: int = 0


@dataclass(frozen=True)
class Source:
    """A parsed file: `file` is its path from the course's top folder, such as `solutions/01_flows.md`."""

    file: str
    cells: tuple[Cell, ...]

    @property
    def folder(self) -> str:
        """`lectures` or `solutions`."""
        return PurePosixPath(self.file).parts[0]

    @property
    def slug(self) -> str:
        """The chapter's slug."""
        return PurePosixPath(self.file).stem


def parse(text: str, file: str) -> Source:
    """Read a source into cells.

    Args:
        text: the source, MyST Markdown.
        file: its path from the course's top folder, for messages.
    Returns:
        The cells, each with at most one tag; whether a tag is allowed is not asked here (see `rules`).
    Raises:
        CourseError: a fence, a cell break or a cell's options can't be read as they were meant.
    """
    faults = list(_text_faults(text, file))
    if not faults:
        notebook = _read(text, file)
        lines, starts = text.splitlines(), notebook.metadata["source_map"]
        placed = [_cell(raw, start, lines) for raw, start in zip(notebook.cells, starts, strict=True)]
        faults = [fault for cell, options in placed for fault in _cell_faults(cell, options, file)]
    if faults:
        raise CourseError(faults)
    return Source(file, tuple(cell for cell, _ in placed))


def _read(text: str, file: str) -> Any:
    try:
        return myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as error:
        place = re.search(r"at line (\d+)", str(error))
        reason = " ".join(str(error).split())
        fault = Fault(file, int(place[1]) if place else 1, f"unreadable options: {reason}", "correct them")
        raise CourseError([fault]) from None


def _text_faults(text: str, file: str) -> Iterator[Fault]:
    for number, line in enumerate(text.split("\n"), 1):
        if _ODD_LINE_ENDS.search(line):
            yield Fault(file, number, "an unusual line separator", "replace it by an ordinary line end")
    lines = text.split("\n")
    tokens, depth = get_parser().parse(text), 0
    for token in tokens:
        depth += token.nesting
        if token.type == "fence":
            fault = _fence_fault(token, lines, depth)
            if fault:
                yield Fault(file, token.map[0] + 1, *fault)
    yield from _break_faults(tokens, file)


def _fence_fault(token: Any, lines: list[str], depth: int) -> tuple[str, str] | None:
    last = lines[token.map[1] - 1].strip() if token.map[1] <= len(lines) else ""
    if (
        not (last.startswith(token.markup) and not last.strip(token.markup[0]))
        or token.map[1] - token.map[0] < 2
    ):
        return "a fence that is never closed", f"close it with {token.markup}"
    if token.info.startswith("{") and token.info.strip() != CODE_FENCE:
        return f"unknown directive {token.info.strip()!r}", f"use {CODE_FENCE!r} or plain Markdown"
    if token.info.startswith("{") and (depth or lines[token.map[0]][:1].isspace()):
        return "a code cell inside a list or quotation", "begin its fence at the margin, after an empty line"
    return None


def _break_faults(tokens: list[Any], file: str) -> Iterator[Fault]:
    """A cell break with options that nothing follows: jupytext would drop the options unsaid."""
    top = [token for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    for token, after in pairwise([*top, None]):
        if token.type != "myst_block_break" or not token.content:
            continue
        code = after is not None and after.type == "fence" and after.info.startswith("{")
        if after is None or code or after.type == "myst_block_break":
            yield Fault(
                file, token.map[0] + 1, "a tagged Markdown cell without text", "write it, or drop the break"
            )


def _cell(raw: Any, start: int, lines: list[str]) -> tuple[Cell, dict[str, Any]]:
    """The cell with its place: jupytext's map gives the fence's line, or where Markdown was looked for."""
    text = str(raw.source)
    if raw.cell_type == "markdown":
        body = next(n for n in range(start, len(lines)) if lines[n])
        line = body + 1
    else:
        count = len(text.splitlines())
        # The options' lines come first; the text is the first run of lines below that reads the same.
        body = next(n for n in range(start, len(lines) + 1) if "\n".join(lines[n : n + count]) == text)
        line = start
    tags = raw.metadata.get("tags", [])
    tag = tags[0] if isinstance(tags, list) and len(tags) == 1 else ""
    return Cell(raw.cell_type, text, str(tag), line, body + 1), dict(raw.metadata)


def _cell_faults(cell: Cell, options: dict[str, Any], file: str) -> Iterator[Fault]:
    for key in options.keys() - {"tags"}:
        yield Fault(file, cell.line, f"unknown cell option {key!r}", "use only tags")
    if "tags" in options and not cell.tag:
        yield Fault(file, cell.line, f"tags {options['tags']!r} are not one name in a list", "write [name]")
    start = ("+++", "++ ", "++{") if cell.kind == "markdown" else (":tag", "tags:")
    for number, line in enumerate(cell.text.splitlines(), cell.body):
        if line.lstrip().startswith(start):
            remedy = "write `+++` or `+++ {...}` at the margin" if cell.kind == "markdown" else "put it first"
            yield Fault(file, number, "a cell break or options that would be read as text", remedy)
