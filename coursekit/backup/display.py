"""What the reader sees: a sentence, a button that downloads, a link that opens."""

import base64
import html as markup
import secrets
from collections.abc import Sequence
from urllib.parse import quote

from ..checks.core import panel

_GREEN, _AMBER = "46, 150, 100", "200, 140, 30"
_INSIDE = 1_000_000  # bytes up to which a file travels in its link, and is there when the server is gone
_PRESS = """// %s
const press = new KeyboardEvent("keydown", {
    key: "s", code: "KeyS", keyCode: 83, bubbles: true, cancelable: true,
    ctrlKey: !/Mac/i.test(navigator.platform), metaKey: /Mac/i.test(navigator.platform),
});
if (press.keyCode !== 83) Object.defineProperty(press, "keyCode", {get: () => 83});
document.body.dispatchEvent(press);
"""


class Place:
    """The place below the cell: first it may ask the page to save, then it says what came of it."""

    def __init__(self) -> None:
        self.asks = panel.in_notebook()
        self._id = ""

    def ask(self, mark: str) -> None:
        """Press Ctrl+S in the page, from an output that holds `mark`."""
        from IPython.display import display

        self._id = secrets.token_hex(8)
        script = {"application/javascript": _PRESS % mark, "text/plain": f"Saving … {mark}"}
        display(script, raw=True, display_id=self._id)

    def show(self, text: str, page: str) -> None:
        """Show `page` (HTML) in a notebook, `text` elsewhere."""
        if not self._id:
            panel.show(text, page)
            return
        from IPython.display import display

        display({"text/html": page, "text/plain": text}, raw=True, display_id=self._id, update=True)


def show_panel(place: Place, good: bool, word: str, sentences: Sequence[str], link: str = "") -> None:
    """Show a panel.

    Args:
        place: where.
        good: whether all is well; in words, `word` says it.
        word: the heading.
        sentences: plain text; what stands between backquotes is shown as code.
        link: HTML, below the first sentence.
    """
    sign, colour = ("✓", _GREEN) if good else ("△", _AMBER)
    first, *rest = (f"<div>{panel.inline(sentence)}</div>" for sentence in sentences)
    parts = [
        f'<div role="group" aria-label="{markup.escape(word)}" style="{panel.BOX.format(colour)}">',
        f'<div><strong><span aria-hidden="true">{sign}&nbsp;</span> {markup.escape(word)}</strong></div>',
        first,
        f'<div style="margin:0.6em 0">{link}</div>' if link else "",
        *rest,
    ]
    place.show("\n  ".join([f"{sign} {word}", *sentences]), "".join(parts) + "</div>")


def download_link(name: str, data: bytes) -> str:
    """A button that downloads a file: out of the page itself if it is small, else from the server."""
    inside = f"data:application/json;base64,{base64.b64encode(data).decode()}"
    address = inside if len(data) <= _INSIDE else quote(name)
    style = (
        "display:inline-block; padding:0.35em 1em; border-radius:4px; color:white; font-weight:600; "
        "background:rgb(25, 110, 70); text-decoration:none"
    )
    shown = markup.escape(name)
    return f'<a href="{address}" download="{shown}" style="{style}">Download {shown}</a>'


def open_link(name: str) -> str:
    """A link that opens a notebook beside this one."""
    return f'<a href="{quote(name)}" style="font-weight:600">Open {markup.escape(name)}</a>'
