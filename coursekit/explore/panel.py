"""The mechanism of every explorer: some controls, one picture, its text alternative."""

import html
import io
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ..plots.page import PAGE_DPI, Picture, checked_alt, shrunk, webp
from ..plots.style import dress

# A little finer than the page shows it. More would cost time in every answer.
DPI = 120
LOOK = {"description_width": "initial"}
WIDE = {"width": "34em", "max_width": "100%"}
Draw = Callable[..., str]


def slider(label: str, low: float, high: float, value: float, step: float = 1) -> widgets.Widget:
    """Make a slider, of integers if its step and its value are integers.

    Args:
        label: what it sets, with the unit if there is one.
        low: least value.
        high: greatest value.
        value: value to begin with.
        step: distance of neighbouring values.
    Returns:
        The slider. The arrow keys move it by one step.
    """
    kind = widgets.IntSlider if isinstance(step, int) and isinstance(value, int) else widgets.FloatSlider
    return kind(min=low, max=high, value=value, step=step, description=label, style=LOOK, layout=WIDE)


def choice(label: str, options: Sequence[Any] | Mapping[str, Any], value: Any = None) -> widgets.Widget:
    """Make a menu of which one entry is chosen.

    Args:
        label: what it sets.
        options: the entries, or for each entry's name what it stands for.
        value: the entry to begin with; None takes the first.
    Returns:
        The menu.
    """
    entries = list(options.items()) if isinstance(options, Mapping) else list(options)
    menu = widgets.Dropdown(options=entries, description=label, style=LOOK, layout=WIDE)
    if value is not None:
        menu.value = value
    return menu


def text(label: str, value: str) -> widgets.Widget:
    """Make a line to write in; the picture is drawn anew on Enter, or when the line is left.

    Args:
        label: what to write.
        value: what stands there to begin with.
    Returns:
        The line; its value is a string.
    """
    return widgets.Text(value=value, description=label, continuous_update=False, style=LOOK, layout=WIDE)


class Explorer(widgets.VBox):
    """Controls above a picture; `explorer` makes one."""

    def __init__(self, draw: Draw, size: tuple[float, float], controls: Mapping[str, widgets.Widget]) -> None:
        self._draw = draw
        self._controls = dict(controls)
        self._page = widgets.HTML()
        self._figure = Figure(figsize=size, dpi=DPI, layout="compressed")
        self._canvas = FigureCanvasAgg(self._figure)
        self._ax = self._figure.add_subplot()
        # The first picture is drawn unguarded: what is wrong from the start is the cell's own error.
        self._show(self._picture())
        for control in self._controls.values():
            control.observe(self._update, names="value")
        super().__init__([*self._controls.values(), self._page])

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say now, by name."""
        return {name: control.value for name, control in self._controls.items()}

    def _picture(self) -> Picture:
        self._ax.clear()
        alt = checked_alt(self._draw(dress(self._ax), **self.values))
        file = _png(self._canvas)
        # Laid out once: the axes then stand still while controls move, and answers come sooner.
        self._figure.set_layout_engine("none")
        return Picture(file, alt, round(self._figure.get_figwidth() * PAGE_DPI))

    def _show(self, picture: Picture) -> None:
        self.picture = picture
        caption = f'<figcaption aria-live="polite">{html.escape(picture.alt)}</figcaption>'
        self._page.value = f'<figure style="margin:0">{picture.img()}{caption}</figure>'

    def _update(self, _: object = None) -> None:
        # ipywidgets would send an error to a log that readers do not see; here it takes the picture's place.
        try:
            self._show(self._picture())
        except Exception as error:
            self._page.value = _report(error, self.values)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Offer the widget, and for pages without widgets the picture as it stands."""
        live = super()._repr_mimebundle_(**options) or {}
        image = Image.open(io.BytesIO(self.picture.png))
        small = replace(self.picture, png=shrunk(self.picture.png), webp=webp(image))
        still, metadata = small._repr_mimebundle_()
        return {**still, **live, "text/plain": self.picture.alt}, metadata


def _png(canvas: FigureCanvasAgg) -> bytes:
    """Draw once and encode; `savefig` would draw twice, and the reader is waiting."""
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def _report(error: Exception, values: Mapping[str, Any]) -> str:
    """HTML that tells the reader what went wrong, with the traceback folded."""
    setting = ", ".join(f"{name} = {value}" for name, value in values.items())
    trace = "".join(traceback.format_exception(error))
    return (
        '<div role="alert" style="border-left:4px solid #D55E00;padding-left:1em">'
        f"<p><b>No picture for {html.escape(setting)}.</b><br>"
        f"{html.escape(f'{type(error).__name__}: {error}')}<br>Set the controls to other values.</p>"
        f"<details><summary>Where it happened</summary><pre>{html.escape(trace)}</pre></details></div>"
    )


def explorer(draw: Draw, size: tuple[float, float] = (5.0, 5.0), **controls: widgets.Widget) -> Explorer:
    """Put controls over a drawing; moving one draws the picture anew.

        explorer(draw, steps=slider("steps", 1, 50, 10))   with   draw(ax, steps) -> "what the picture shows"

    Args:
        draw: `draw(ax, **values)` draws into a cleared `ax` and returns the text alternative of what it drew,
            which stands below the picture. `values` has one entry for each control, by its name here.
        size: width and height of the picture in inches.
        controls: made by `slider`, `choice` or `text`; their order is the order on the page.
    Returns:
        The explorer; as the last line of a cell it shows itself.
    Raises:
        ValueError: `draw` returns no text.
    """
    return Explorer(draw, size, controls)
