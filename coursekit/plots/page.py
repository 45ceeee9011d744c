"""How a drawing gets onto the page: one PNG with a text alternative."""

import base64
import html
import io
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

# Rendered half as fine again as the page shows it: sharp on dense screens, still below 150 kB.
DPI = 144
PAGE_DPI = 96


def checked_alt(alt: str) -> str:
    """Return `alt` without surrounding white space; refuse an empty one."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            "The picture has no text alternative. Say in one or two sentences what it shows, "
            'for instance alt="Three paths start at the left and end in one point."'
        )
    return " ".join(alt.split())


def png(figure: Figure, dpi: float = DPI) -> bytes:
    """Return `figure` as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    return buffer.getvalue()


def shrunk(file: bytes) -> bytes:
    """Return a PNG with a palette of 256 colours: a third of the size, and no difference to be seen here."""
    image = Image.open(io.BytesIO(file)).convert("RGB")
    buffer = io.BytesIO()
    few = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


@dataclass(frozen=True)
class Picture:
    """A PNG that shows itself in a notebook together with its text alternative.

    JupyterLab and nbconvert's default template drop the `alt` in the metadata of an `image/png` output; both
    prefer `text/html` and keep the `alt` of an `<img>` in it. The PNG rides along for all other front ends.

    >>> picture(plots.axes(), alt="An empty diagram.")
    An empty diagram.
    """

    png: bytes
    alt: str
    width: int

    def html(self) -> str:
        """Return the picture as an `<img>` element that carries its own data."""
        data = base64.b64encode(self.png).decode()
        look = f'width="{self.width}" style="max-width:100%"'
        return f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" {look}>'

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {
            "image/png": base64.b64encode(self.png).decode(),
            "text/html": self.html(),
            "text/plain": self.alt,
        }
        return data, {"image/png": {"alt": self.alt, "width": self.width}}

    def __repr__(self) -> str:
        return self.alt


def picture(drawing: Figure | Axes, alt: str, dpi: float = DPI) -> Picture:
    """Render a figure, or the figure an axes belongs to, and close it.

    Args:
        drawing: the figure, or any of its axes.
        alt: what the picture shows, in one or two sentences, for readers who cannot see it.
        dpi: dots per inch.
    Returns:
        The picture, which a notebook shows when it is a cell's last line.
    Raises:
        ValueError: `alt` is empty.

    >>> picture(plots.axes(), alt="An empty diagram.").alt
    'An empty diagram.'
    """
    alt = checked_alt(alt)
    figure = drawing if isinstance(drawing, Figure) else drawing.figure.get_figure(root=True)
    rendered = Picture(shrunk(png(figure, dpi)), alt, round(figure.get_figwidth() * PAGE_DPI))
    # An open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return rendered


def show(drawing: Figure | Axes, alt: str) -> None:
    """Show a figure, or the figure an axes belongs to, with a text alternative.

    In a notebook the picture appears below the cell; in a terminal its text alternative is printed.

    Args:
        drawing: the figure, or any of its axes; it is closed afterwards.
        alt: what the picture shows, in one or two sentences, for readers who cannot see it.
    Raises:
        ValueError: `alt` is empty.

    >>> show(plots.axes(), alt="An empty diagram.")
    An empty diagram.
    """
    display(picture(drawing, alt))
