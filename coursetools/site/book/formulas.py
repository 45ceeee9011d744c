"""Formulas, set by KaTeX when the site is built: a page needs no script for them, and they never flicker."""

import contextlib
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

_LOG = logging.getLogger(__name__)
_SERVER = Path(__file__).with_name("katex_server.js")
_CAPTION = re.compile(r"<figcaption.*?</figcaption>", re.DOTALL)
# In a page's MathML, which nobody takes out of it.
_ANNOTATION = re.compile(r"<semantics>(.*?)<annotation [^>]*>.*?</annotation></semantics>", re.DOTALL)
_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
_FORMULA = re.compile(r"\$([^$]+)\$")


class Katex:
    """KaTeX in one process of Node, and what it has answered already, kept in a file between builds.

    Args:
        modules: the folder `node_modules` with KaTeX.
        kept: the folder of the file, which is named after KaTeX's version.
    """

    def __init__(self, modules: Path, kept: Path) -> None:
        version = json.loads((modules / "katex" / "package.json").read_text("utf-8"))["version"]
        self._file = kept / f"katex-{version}.json"
        self.known: dict[str, str] = {}
        if self._file.is_file():
            self.known = json.loads(self._file.read_text("utf-8"))
        self._size = len(self.known)
        self._env = os.environ | {"NODE_PATH": str(modules)}
        self._node: subprocess.Popen[str] | None = None
        self._starter = 0

    def html(self, tex: str, *, display: bool) -> str:
        """A formula as HTML. Raises ValueError where it is none."""
        key = f"{'$$' if display else '$'}{tex}"
        if key not in self.known:
            self.known[key] = self._asked(tex, display)
        return self.known[key]

    def _asked(self, tex: str, display: bool) -> str:
        if self._node is None or self._starter != os.getpid():  # a parallel writer has one of its own
            self._starter = os.getpid()
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
            self._node = subprocess.Popen(["node", str(_SERVER)], env=self._env, **pipes)
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline() or '{"error": "KaTeX has ended"}')
        if "error" in answer:
            raise ValueError(answer["error"])
        return _ANNOTATION.sub(r"\1", answer["html"]).replace(_NAMESPACE, "")

    def close(self) -> None:
        """End the process, and keep what was new."""
        if self._node is not None:
            self._node.communicate()
            self._node = None
        if len(self.known) > self._size:
            self._file.write_text(json.dumps(self.known), encoding="utf-8")


def style_sheet(modules: Path, static: Path) -> None:
    """Put KaTeX's style sheet and its fonts into a folder of static files, in the one form browsers read."""
    dist, to = modules / "katex" / "dist", static / "katex"
    (to / "fonts").mkdir(parents=True, exist_ok=True)
    for font in (dist / "fonts").glob("*.woff2"):
        shutil.copyfile(font, to / "fonts" / font.name)
    css = (dist / "katex.min.css").read_text("utf-8")
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)', "", css)
    (to / "katex.min.css").write_text(css, encoding="utf-8")


def install(app: Sphinx, katex: Katex) -> None:
    """Let Sphinx set its formulas, and those in the captions of outputs, with KaTeX."""

    def visit(display: bool) -> Callable[[Any, nodes.Element], None]:
        def write(translator: Any, node: nodes.Element) -> None:
            try:
                body = katex.html(node.astext(), display=display)
            except ValueError as error:
                _LOG.warning("%s in the formula %r", error, node.astext(), location=node)
                body = html.escape(node.astext())
            if display:
                body = f'<div class="formula" role="group" tabindex="0" aria-label="formula">{body}</div>'
            translator.body.append(body)
            raise nodes.SkipNode

        return write

    app.add_html_math_renderer(
        "katex", inline_renderers=(visit(False), None), block_renderers=(visit(True), None)
    )

    def read(app: Sphinx, doctree: nodes.document) -> None:
        _set_all(doctree, katex)
        app.env.course_formulas = katex.known

    app.connect("doctree-read", read)
    app.connect("env-merge-info", lambda _, env, names, other: katex.known.update(other.course_formulas))
    app.connect("build-finished", lambda *_: katex.close())


def _set_all(doctree: nodes.document, katex: Katex) -> None:
    """Set a page's formulas once, before parallel writers ask for them, and those in captions, now HTML."""
    for kind in (nodes.math, nodes.math_block):
        for node in doctree.findall(kind):
            with contextlib.suppress(ValueError):  # the writer tells where
                katex.html(node.astext(), display=kind is nodes.math_block)

    def formula(match: re.Match[str]) -> str:
        return katex.html(html.unescape(match[1]), display=False)

    for node in doctree.findall(nodes.raw):
        text = node.astext()
        if "<figcaption" in text:
            set_ = _CAPTION.sub(lambda match: _FORMULA.sub(formula, match[0]), text)
            node.children = [nodes.Text(set_)]
            node.rawsource = set_
