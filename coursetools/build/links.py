"""Gate: every relative link in the course's Markdown and notebooks leads to a file."""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

from coursetools.build.diagnostics import Diagnostic
from coursetools.build.editions import ParsedCourse

# Jupyter reads $…$ as mathematics before it looks for links: $E[x](t)$ holds none.
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$]+?\$", re.DOTALL)
_HTML_LINK = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_PARSER = MarkdownIt("commonmark").enable("table")


def find_links(text: str) -> Iterator[tuple[int, str]]:
    """The targets of a Markdown text's links and pictures, each with its line (from 0); code holds none."""
    definitions: dict[str, Any] = {}
    for token in _PARSER.parse(text, definitions):
        line = token.map[0] if token.map else 0
        if token.type == "html_block":
            yield from ((line, target) for target in _HTML_LINK.findall(token.content))
        elif token.type == "inline":
            inline = _PARSER.parseInline(_MATHS.sub(" ", token.content), definitions)[0]
            for child in inline.children or []:
                targets = _HTML_LINK.findall(child.content) if child.type == "html_inline" else []
                targets += [str(child.attrs[key]) for key in ("href", "src") if key in child.attrs]
                yield from ((line, target) for target in targets)


def link_faults(parsed: ParsedCourse) -> Iterator[Diagnostic]:
    """Dead relative links in the sources, the notebooks that they build and the Markdown at the top."""
    seen: set[tuple[str, str]] = set()
    for file, line, text in _texts(parsed):
        for offset, target in find_links(text):
            reason = _dead(parsed, file, target)
            # A source's dead link is in its notebooks too: name it once, where it is to be mended.
            if reason and (Path(file).stem, target) not in seen:
                seen.add((Path(file).stem, target))
                at = line + offset
                if file in parsed.notebooks:
                    at = parsed.notebooks[file].partition(target)[0].count("\n") + 1
                yield Diagnostic(file, at, f"link {target!r} {reason}", "correct it, or add what it leads to")


def _texts(parsed: ParsedCourse) -> Iterator[tuple[str, int, str]]:
    for page in sorted(parsed.root.glob("*.md")):
        yield page.name, 1, page.read_text(encoding="utf-8")
    for source in parsed.sources.values():
        yield from ((source.file, cell.body, cell.text) for cell in source.cells if cell.kind == "markdown")
    for path, text in parsed.notebooks.items():
        for cell in json.loads(text)["cells"]:
            if cell["cell_type"] == "markdown":
                yield path, 1, "".join(cell["source"])


def _dead(parsed: ParsedCourse, file: str, target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return "is an attachment, which no build keeps" if parts.scheme == "attachment" else ""
    if parts.path.startswith("/"):
        return "is not relative"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(parts.path)))
    if path.startswith(".."):
        return "leaves the course"
    return "" if path in parsed.notebooks or (parsed.root / path).exists() else "leads nowhere"
