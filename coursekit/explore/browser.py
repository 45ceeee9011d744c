"""Explorers that run in the browser: the notebook hands over settings, the page draws and answers."""

import base64
import html
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from ..plots import Picture

STATIC = Path(__file__).parent / "static"
Answer = Callable[[dict[str, Any]], dict[str, Any]]


class BrowserExplorer(anywidget.AnyWidget):
    """A picture whose controls are answered in the page; Python answers for the reader's own functions only.

    Each explorer is a class of its own, whose `name` says which bundle of `static` it runs. A page without a
    kernel gets the still picture, with the settings by which the reader's site makes it move.

    Args:
        settings: what the page begins with; see the `mount` of js/src/NAME.js.
        still: makes the picture for pages without widgets, once it is needed.
        answer: called with a question of the page, such as other settings of the solver, and with an empty
            one at the start; its answer goes back. Values may be bytes. None where the page knows everything.
    """

    name: ClassVar[str]
    _css = STATIC / "explorers.css"

    settings = traitlets.Dict().tag(sync=True)
    question = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(
        self, settings: Mapping[str, Any], still: Callable[[], Picture], answer: Answer | None = None
    ) -> None:
        self._still, self._answer = still, answer
        super().__init__(settings=dict(settings), answer={} if answer is None else answer({}))
        if answer is not None:
            self.observe(lambda change: self._reply(change["new"]), names="question")

    def _reply(self, question: dict[str, Any]) -> None:
        if self._answer is None:
            return
        try:
            answer = self._answer(question)
        except Exception as error:  # ipywidgets would send it to a log that readers do not see
            answer = {"fault": f"{type(error).__name__}: {error}"}
        # With its number an answer differs from the one before, and reaches the page.
        self.answer = answer | {"id": question.get("id", 0)}

    @cached_property
    def picture(self) -> Picture:
        """The still picture."""
        return self._still()

    def _kept_settings(self) -> dict[str, Any]:
        """What the explorer begins with on a page without a kernel."""
        return dict(self.settings) | ({"answer": _as_text(self.answer)} if self.answer else {})

    def _page(self) -> str:
        """The still as a figure that carries what the site's loader needs to make it move."""
        settings = self._kept_settings()
        kept = html.escape(json.dumps(settings, separators=(",", ":")))
        caption = f"<figcaption>{html.escape(self.picture.alt)}</figcaption>"
        look = 'style="margin:0"'
        return (
            f'<figure {look} data-coursekit="{self.name}" data-settings="{kept}">'
            f"{self.picture.img()}{caption}</figure>"
        )

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Offer the widget, and for pages without widgets the still picture."""
        made = super()._repr_mimebundle_(**options)
        live = (made[0] if isinstance(made, tuple) else made) or {}
        still, metadata = self.picture._repr_mimebundle_()
        return {**still, **live, "text/html": self._page(), "text/plain": self.picture.alt}, metadata


def _as_text(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer for JSON: bytes as {"base64": …}."""
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in answer.items()
    }
