"""MyST Markdown, read by jupytext, into cells that know the lines they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import yaml
from jupytext import myst

from coursetools.build.diagnostics import Diagnostic, raise_if_any

CODE_FENCE = "{code-cell} python"
# jupytext counts these as ends of lines, Markdown does not: every line number after one would be wrong.
_ODD_LINE_ENDS = re.compile("[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class SourceCell:
    """A cell: `kind` is "markdown" or "code"; `line` its first line in the file, `body` that of its text."""

    kind: str
    text: str
    tag: str = ""
    line: int = 0
    body: int = 0


@dataclass(frozen=True)
class SourceFile:
    """A parsed file: `file` is its path from the course's top folder, such as `solutions/01_flows.md`."""

    file: str
    cells: tuple[SourceCell, ...]

    @property
    def folder(self) -> str:
        """`lectures` or `solutions`."""
        return PurePosixPath(self.file).parts[0]

    @property
    def slug(self) -> str:
        """The chapter's slug."""
        return PurePosixPath(self.file).stem


def parse(text: str, file: str) -> SourceFile:
    """Read a source, MyST Markdown, into cells with at most one tag each; `rules` checks which are allowed.

    Raises:
        CourseError: a fence, a cell break or a cell's options can't be read as intended.
    """
    lines, tokens = text.split("\n"), myst.get_parser().parse(text)
    odd = [number for number, line in enumerate(lines, 1) if _ODD_LINE_ENDS.search(line)]
    found = [(line, "an unusual line separator", "replace it by an ordinary line end") for line in odd]
    found += [*_token_faults(lines, tokens), *_empty_faults(tokens)]
    raise_if_any(Diagnostic(file, *fault) for fault in found)
    if tokens and tokens[0].type == "front_matter":  # for editors only
        lines[: tokens[0].map[1]] = [""] * tokens[0].map[1]
    notebook = myst.myst_to_notebook("\n".join(lines), add_source_map=True)
    starts = notebook.metadata["source_map"]
    cells = [_cell(raw, start, lines) for raw, start in zip(notebook.cells, starts, strict=True)]
    raise_if_any(Diagnostic(file, *fault) for cell in cells for fault in _cell_faults(cell))
    return SourceFile(file, tuple(cells))


def _token_faults(lines: list[str], tokens: list[Any]) -> Iterator[tuple[int, str, str]]:
    depth = 0
    for token in tokens:
        depth += token.nesting
        fault = _fence_fault(token, lines, depth) if token.type == "fence" else None
        if not fault and (token.type == "myst_block_break" or token.info.startswith("{")):
            fault = _options_fault(token)
        if fault:
            yield token.map[0] + 1, *fault


def _fence_fault(token: Any, lines: list[str], depth: int) -> tuple[str, str] | None:
    last = lines[token.map[1] - 1].strip(" >")
    if token.map[1] - token.map[0] < 2 or len(last) < len(token.markup) or last.strip(token.markup[0]):
        return "a fence that is never closed", f"close it with {token.markup}"
    if token.info.startswith("{") and token.info.strip() != CODE_FENCE:
        return f"unknown directive {token.info.strip()!r}", f"use {CODE_FENCE!r} or plain Markdown"
    if token.info.startswith("{") and (depth or lines[token.map[0]][:1].isspace()):
        return "a code cell inside a list or quotation", "begin its fence at the margin, after an empty line"
    return None


def _options_fault(token: Any) -> tuple[str, str] | None:
    try:
        if token.type == "fence":
            options = myst.parse_directive_options(token.content, "")[1]
        else:
            options = myst.read_cell_metadata(token, 0)
    except (myst.MystMetadataParsingError, yaml.YAMLError):
        return "cell options that can't be read", 'write `:tags: [name]` or `+++ {"tags": ["name"]}`'
    if not isinstance(options, dict) or options.keys() - {"tags"}:
        return f"unknown cell options {options!r}", "use only tags"
    tags = options.get("tags", ["none"])
    if not (isinstance(tags, list) and len(tags) == 1 and isinstance(tags[0], str)):
        return f"tags {tags!r} are not one name in a list", "write [name]"
    return None


def _empty_faults(tokens: list[Any]) -> Iterator[tuple[int, str, str]]:
    """A cell break with options that nothing follows: jupytext would drop the options silently."""
    top = [token for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    for token, after in pairwise([*top, None]):
        code = after is not None and after.type == "fence" and after.info.startswith("{")
        empty = after is None or code or after.type == "myst_block_break"
        if token.type == "myst_block_break" and token.content and empty:
            yield token.map[0] + 1, "a tagged Markdown cell without text", "write it, or drop the break"


def _cell(raw: Any, start: int, lines: list[str]) -> SourceCell:
    """The cell with its place: jupytext's map gives the fence's line, or where Markdown was looked for."""
    text, tag = str(raw.source), "".join(raw.metadata.get("tags", []))
    if raw.cell_type == "markdown":
        body = next(n for n in range(start, len(lines)) if lines[n])
        return SourceCell("markdown", text, tag, body + 1, body + 1)
    count = len(text.split("\n"))
    # The options' lines come first; the text is the first run of lines below that reads the same.
    runs = (n for n in range(start, len(lines)) if "\n".join(lines[n : n + count]) == text)
    return SourceCell("code", text, tag, start, next(runs, start) + 1)


def _cell_faults(cell: SourceCell) -> Iterator[tuple[int, str, str]]:
    starts = {"markdown": ("+++", "++ ", "++{", "```{", "~~~{"), "code": (":tag", "tags:")}[cell.kind]
    for number, line in enumerate(cell.text.splitlines(), cell.body):
        if line.lstrip().startswith(starts):
            remedy = {"markdown": "begin it at the margin, after an empty line", "code": "put options first"}
            yield number, "a cell's beginning or options that would be read as text", remedy[cell.kind]
