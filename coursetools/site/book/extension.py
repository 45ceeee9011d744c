"""What the site adds to Sphinx: formulas by KaTeX, links to figures, buttons that launch a page."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from formulas import Katex, install, style_sheet
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_FIGURE_HERE = re.compile(r'<figure[^>]* id="figure-(\d+-\d+)"')
_MENTION = re.compile(r"\b(Figures? (\d+)\.(\d+))\b")


class DivNode(nodes.General, nodes.Element):
    """A `<div>` and nothing more: docutils' own container has a class that the theme gives a meaning to."""


class Div(SphinxDirective):
    """`:::{div} name`: Markdown inside a `<div>` of that class."""

    has_content = True
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The node, with what is inside parsed."""
        node = DivNode("", classes=self.arguments[:1])
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("course", {}, "html")
    app.add_config_value("node_modules", "", "")
    app.add_config_value("formulas_kept", "", "")
    app.add_directive("div", Div)
    app.add_node(
        DivNode,
        html=(
            lambda writer, node: writer.body.append(writer.starttag(node, "div")),
            lambda writer, _: writer.body.append("</div>"),
        ),
    )
    app.connect("config-inited", _begin)
    app.connect("doctree-read", _link_figures)
    app.connect("build-finished", _tidy)
    app.connect("html-page-context", _add_launch_buttons, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _begin(app: Sphinx, config: Any) -> None:
    modules = Path(config.node_modules)
    style_sheet(modules, Path(config.formulas_kept) / "static")
    install(app, Katex(modules, Path(config.formulas_kept)))


def _link_figures(_: Sphinx, doctree: nodes.document) -> None:
    """Make a link of each mention of a figure that stands on the page."""
    here = {name for node in doctree.findall(nodes.raw) for name in _FIGURE_HERE.findall(node.astext())}
    for text in list(doctree.findall(nodes.Text)):
        if _is_prose(text) and any(f"{chapter}-{n}" in here for _, chapter, n in _MENTION.findall(text)):
            text.parent.replace(text, list(_parts(str(text), here)))


def _is_prose(text: nodes.Text) -> bool:
    kinds = (
        nodes.raw,
        nodes.literal,
        nodes.literal_block,
        nodes.reference,
        nodes.math,
        nodes.math_block,
        nodes.title,
    )
    node: nodes.Node | None = text.parent
    while node is not None:
        if isinstance(node, kinds):
            return False
        node = node.parent
    return True


def _parts(text: str, here: set[str]) -> list[nodes.Node]:
    parts: list[nodes.Node] = []
    at = 0
    for match in _MENTION.finditer(text):
        name = f"{match[2]}-{match[3]}"
        if name in here:
            link = nodes.reference("", match[1], refuri=f"#figure-{name}", internal=True)
            parts += [nodes.Text(text[at : match.start()]), link]
            at = match.end()
    return [*parts, nodes.Text(text[at:])]


def _add_launch_buttons(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    """Where the page can be run, in the buttons above it; nothing while the repository is not known."""
    places = app.config.course.get("launch", {}).get(page, [])
    buttons = [
        {"type": "link", "text": f"Run in {name}", "tooltip": f"Run this page in {name}", "url": address}
        for name, address in places
    ]
    if buttons:
        group = {
            "type": "group",
            "tooltip": "Run this page",
            "icon": "fas fa-rocket",
            "label": "launch-buttons",
        }
        context["header_buttons"].insert(0, {**group, "buttons": buttons})


# What the theme writes, and what those need who hear the page or move through it by keyboard.
_SPOKEN = {
    ' aria-label="Toggle hidden content"': "",  # the fold's own words say more
    'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"': (
        'search-button-field search-button__button pst-js-only"'
    ),
    '<summary><span class="toctree-toggle"': '<summary aria-label="pages below"><span class="toctree-toggle"',
    '<div class="sidebar-primary-items__start sidebar-primary__section">': (
        '<div class="sidebar-primary-items__start sidebar-primary__section" role="region" '
        'aria-label="The course">'
    ),
    '<th class="head"></th>': "<td></td>",
}


# Names, signs and spaces in code, which have the colour of all code: a sixth of the pages' bytes.
_UNSTYLED = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')
# The icons come from a font; the theme loads them a second time as a script of 1.5 MB.
_ICONS_SCRIPT = re.compile(r'<script[^>]* src="[^"]*/fontawesome\.js[^"]*"></script>\n?')


def _tidy(app: Sphinx, error: Exception | None) -> None:
    """Leave out what no reader loads, a quarter of the bytes, and mend what a screen reader stumbles over."""
    out = Path(app.outdir)
    if error is not None:
        return
    shutil.rmtree(out / "_static" / "locales", ignore_errors=True)
    for path in [*out.rglob("*.map"), *out.rglob("fontawesome.js")]:
        path.unlink()
    for path in out.rglob("*.html"):
        text = mended = path.read_text(encoding="utf-8")
        for written, better in _SPOKEN.items():
            mended = mended.replace(written, better)
        mended = _UNSTYLED.sub(r"\1", _ICONS_SCRIPT.sub("", mended))
        if mended != text:
            path.write_text(mended, encoding="utf-8")
