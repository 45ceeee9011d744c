"""How a drawing gets onto the page: one picture with a visible caption and a text alternative."""

import base64
import html
import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

# Rendered half as fine again as the page shows it: sharp on dense screens, still below 150 kB.
DPI = 144
PAGE_DPI = 96
# No colour here: the caption takes the theme's, light or dark.
CAPTION_LOOK = "max-width:46em;margin:0.4em 0 0.8em;font-size:92%;line-height:1.45;text-align:left"


def checked_alt(alt: str) -> str:
    """Return `alt` without surrounding white space; refuse an empty one."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            "The picture has no text alternative. Say in one or two sentences what it shows, "
            'for instance alt="Three paths start at the left and end in one point."'
        )
    return " ".join(alt.split())


def checked_caption(caption: str) -> str:
    """Return `caption` without surrounding white space; refuse an empty one."""
    if not isinstance(caption, str) or not caption.strip():
        raise ValueError(
            "The picture has no caption. Say in one or two sentences what the reader should see in it, "
            'for instance caption="Euler drifts outwards; Heun stays on the circle."'
        )
    return " ".join(caption.split())


def caption_html(caption: str) -> str:
    """Render a caption as a `<figcaption>`.

    A leading "Figure 4.3." is bold, `*words*` are emphasised, words between back-quotes are code, and
    `$formulas$` are left to the page's typesetter.

    >>> caption_html("Figure 1.2. Here $x<y$ *always*.").split(">", 1)[1]
    '<strong>Figure 1.2.</strong> Here $x&lt;y$ <em>always</em>.</figcaption>'
    """
    # Formulas and code first: a star inside them is not emphasis.
    parts = re.split(r"(\$[^$]+\$|`[^`]+`)", html.escape(caption, quote=False))
    for i, part in enumerate(parts):
        if part.startswith("`") and i % 2:
            parts[i] = f"<code>{part[1:-1]}</code>"
        elif i % 2 == 0:
            parts[i] = re.sub(r"\*(\S(?:[^*]*\S)?)\*", r"<em>\1</em>", part)
    inside = re.sub(r"^(Figure \d+\.\d+\.)", r"<strong>\1</strong>", "".join(parts))
    return f'<figcaption style="{CAPTION_LOOK}">{inside}</figcaption>'


def png(figure: Figure, dpi: float = DPI, *, trim: bool = False) -> bytes:
    """Return `figure` as the bytes of a PNG file; `trim` leaves out empty margins."""
    buffer = io.BytesIO()
    box: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.06} if trim else {}
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", **box)
    return buffer.getvalue()


def webp(image: Image.Image) -> bytes:
    """Encode without loss: half the size of a PNG, and every browser since 2020 reads it."""
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", lossless=True, quality=50, method=2)
    return buffer.getvalue()


def few_colors(image: Image.Image) -> Image.Image:
    """Return the picture in at most 256 colours; none changes where so many suffice.

    In dots and lines nobody sees the difference; in a smooth density it shows as rings.
    """
    rgb = image.convert("RGB")
    opaque = rgb.convert("RGBA")
    counted = opaque.getcolors(256)
    if counted is None:  # there are more
        return rgb.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    # A pixel is one number, and so is a color: several times smaller than rows of three.
    colors = np.array([color for _, color in counted], np.uint8).view("<u4")[:, 0]
    colors.sort()
    pixels = np.asarray(opaque).view("<u4")[..., 0]
    exact = Image.fromarray(np.searchsorted(colors, pixels).astype(np.uint8))
    exact.putpalette(colors[:, None].view(np.uint8)[:, :3].flatten().tolist())
    return exact


def shrunk(file: bytes) -> bytes:
    """Return a PNG in at most 256 colours: less than half the size."""
    buffer = io.BytesIO()
    few_colors(Image.open(io.BytesIO(file))).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


@dataclass(frozen=True)
class Picture:
    """A picture that shows itself in a notebook with its caption below it and its text alternative.

    JupyterLab and nbconvert's default template drop the `alt` in the metadata of an `image/png` output; both
    prefer `text/html` and keep the `alt` of an `<img>` in it. There the picture stands with all its colours,
    as WebP. A PNG in 256 colours rides along for all other front ends: together they are smaller than one PNG
    in full colours, twice.

    >>> picture(plots.axes(), alt="An empty diagram.", caption="Nothing yet.")
    Nothing yet.
    [An empty diagram.]
    """

    png: bytes
    alt: str
    width: int
    caption: str = ""
    webp: bytes = b""

    def img(self) -> str:
        """Return the picture as an `<img>` element that carries its own data."""
        data, kind = base64.b64encode(self.webp or self.png).decode(), "webp" if self.webp else "png"
        look = f'width="{self.width}" style="max-width:100%"'
        return f'<img src="data:image/{kind};base64,{data}" alt="{html.escape(self.alt)}" {look}>'

    def html(self) -> str:
        """Return the picture as a `<figure>` with its caption."""
        below = caption_html(self.caption) if self.caption else ""
        return f'<figure style="margin:0">{self.img()}{below}</figure>'

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {
            "image/png": base64.b64encode(self.png).decode(),
            "text/html": self.html(),
            "text/plain": repr(self),
        }
        return data, {"image/png": {"alt": self.alt, "width": self.width}}

    def __repr__(self) -> str:
        return f"{self.caption}\n[{self.alt}]" if self.caption else self.alt


def picture(drawing: Figure | Axes, alt: str, *, caption: str = "") -> Picture:
    """Render a figure, or the figure an axes belongs to, and close it.

    Args:
        drawing: the figure, or any of its axes.
        alt: what the picture shows, in one or two sentences, for readers who cannot see it.
        caption: what to see in it, as in `show`; "" for none.
    Returns:
        The picture, which a notebook shows when it is a cell's last line.
    Raises:
        ValueError: `alt` is empty.

    >>> picture(plots.axes(), alt="An empty diagram.").alt
    'An empty diagram.'
    """
    alt = checked_alt(alt)
    figure = drawing if isinstance(drawing, Figure) else drawing.figure.get_figure(root=True)
    # Trimmed, for square panels beside a colour bar do not fill the height of their figure.
    file = png(figure, DPI, trim=True)
    image = Image.open(io.BytesIO(file)).convert("RGB")
    width, caption = round(image.width * PAGE_DPI / DPI), " ".join(caption.split())
    rendered = Picture(shrunk(file), alt, width, caption, webp(image))
    # An open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return rendered


def show(drawing: Figure | Axes, *, caption: str, alt: str) -> None:
    """Show a figure, or the figure an axes belongs to, with a caption below it and a text alternative.

    In a notebook the picture appears below the cell; in a terminal caption and text alternative are printed.

    Args:
        drawing: the figure, or any of its axes; it is closed afterwards.
        caption: what to see in the picture, in one or two sentences. A leading "Figure 4.3." is set bold;
            `*emphasis*`, code between back-quotes, and formulas in TeX between dollars are rendered.
        alt: what the picture shows, in one or two sentences, for readers who cannot see it.
    Raises:
        ValueError: `caption` or `alt` is empty.

    >>> show(plots.axes(), caption="Nothing has been drawn yet.", alt="An empty diagram.")
    Nothing has been drawn yet.
    [An empty diagram.]
    """
    display(picture(drawing, alt, caption=checked_caption(caption)))
