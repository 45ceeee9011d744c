"""Short animations that a notebook plays: celluloid takes the frames, JavaScript shows them."""

import base64
import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from celluloid import Camera
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from PIL import Image

from .page import PAGE_DPI, Picture, caption_html, checked_alt, checked_caption, few_colors, png, shrunk, webp
from .style import dress

MAX_FRAMES = 40
MAX_BYTES = 2_000_000
# The player names its buttons' icons after a font on another server; these signs need no network.
SIGNS = {
    "fa-minus": "−",
    "fa-fast-backward": "|◀",
    "fa-step-backward": "◂",
    "fa-play fa-flip-horizontal": "◀",
    "fa-pause": "||",
    "fa-play": "▶",
    "fa-step-forward": "▸",
    "fa-fast-forward": "▶|",
    "fa-plus": "+",
}
# Dark signs on light buttons, also where the theme writes light on dark.
BUTTONS = ".anim-buttons button { color: #111; background: #eee; border: 1px solid #888; }"


@dataclass(frozen=True)
class Animation:
    """An animation that plays in a notebook; where no script runs, its last frame stands still."""

    player: str
    still: Picture

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self.still._repr_mimebundle_()
        return {**data, "text/html": self.player}, metadata

    def __repr__(self) -> str:
        return repr(self.still)


def animate(
    draw: Callable[[Axes, int], object],
    frames: int,
    *,
    caption: str,
    alt: str,
    size: tuple[float, float] = (4.2, 4.2),
    per_second: float = 8.0,
) -> Animation:
    """Animate what `draw` draws, frame after frame, in one figure.

    Each frame shows what its call drew and nothing of the frames before. Limits, axis names and titles
    belong to the axes and stand still: write what changes with `ax.text`. A legend costs as much as all
    the rest; name colours with `ax.text` too.

    Args:
        draw: `draw(ax, k)` draws frame k, the first is 0; it must not clear the axes.
        frames: number of frames, 1 to 40.
        caption: what to see in it, written as for `plots.show`; it stands below the player.
        alt: what the animation shows, in one or two sentences, for readers who cannot see it.
        size: width and height of the figure in inches.
        per_second: frames shown in a second.
    Returns:
        The animation; as the last line of a cell it shows itself.
    Raises:
        ValueError: too many frames, no caption or text alternative, a frame that draws nothing, a title that
            changes, or a result of more than 2 MB.

    >>> animate(
    ...     lambda ax, k: ax.plot([0, k]), 3, caption="The line rises.", alt="A line that turns.", size=(2, 2)
    ... )
    The line rises.
    [A line that turns.]
    """
    caption, alt = checked_caption(caption), checked_alt(alt)
    if not 1 <= frames <= MAX_FRAMES:
        raise ValueError(
            f"an animation has 1 to {MAX_FRAMES} frames, not {frames}; draw every second or third."
        )
    figure, ax = plt.subplots(figsize=size, layout="compressed")
    try:
        camera = _film(draw, frames, figure, dress(ax))
        with mpl.rc_context({"animation.embed_limit": 100, "savefig.dpi": PAGE_DPI}):
            film = camera.animate(interval=1000 / per_second, blit=True)
            player = _player(film.to_jshtml(default_mode="once"), caption, alt, _has_surface(ax))
        still = Picture(shrunk(png(figure, PAGE_DPI)), alt, round(size[0] * PAGE_DPI), caption)
    finally:
        plt.close(figure)
    if len(player) > MAX_BYTES:
        raise ValueError(
            f"the animation has {len(player) / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f}; "
            "take fewer frames, fewer points or a smaller size."
        )
    return Animation(player, still)


def _film(draw: Callable[[Axes, int], object], frames: int, figure: Figure, ax: Axes) -> Camera:
    """Draw and snap all frames."""
    camera = Camera(figure)
    title = None
    for k in range(frames):
        draw(ax, k)
        title = ax.get_title() if title is None else title
        if ax.get_title() != title:
            raise ValueError(
                "titles are not animated; write with ax.text(…, transform=ax.transAxes) instead."
            )
        if not camera.snap():
            raise ValueError(f"frame {k} drew nothing; draw(ax, k) must draw each frame anew into ax.")
        if k == 0:
            # Laid out once: the axes then stand still, and no frame pays for it again.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
    return camera


def _has_surface(ax: Axes) -> bool:
    """Whether a frame shows a map, in which fewer colours would show as rings."""
    return bool(ax.images) or any(isinstance(each, QuadMesh) for each in ax.collections)


def _player(page: str, caption: str, alt: str, smooth: bool) -> str:
    """The player's HTML with small pictures, caption, text alternative, and buttons that need no network.

    `smooth` frames show a surface: they keep all their colours if that does not make the animation too large.
    """
    found = re.compile(r'"data:image/png;base64,([^"]*)"')
    frames = [
        Image.open(io.BytesIO(base64.b64decode(each.replace("\\\n", "")))).convert("RGB")
        for each in found.findall(page)
    ]
    around = len(found.sub("", page)) + 2000  # the player's own text, and what is put into it below
    files = [webp(frame if smooth else few_colors(frame).convert("RGB")) for frame in frames]
    if smooth and sum(map(len, files)) * 4 / 3 + around > MAX_BYTES:
        files = [webp(few_colors(frame).convert("RGB")) for frame in frames]
    data = iter(files)
    page = found.sub(lambda _: f'"data:image/webp;base64,{base64.b64encode(next(data)).decode()}"', page)
    page = re.sub(r'<link rel="stylesheet"\s+href="[^"]*font-awesome[^>]*>', "", page)
    page = re.sub(r'<i class="fa (fa-[^"]*)"></i>', lambda match: SIGNS[match[1]], page)
    page = page.replace("<style>", f"<style>{BUTTONS}", 1)
    page = page.replace("<img id=", f'<img alt="{html.escape(alt)}" id=', 1)
    page = page.replace('<input id="_anim_slider', '<input aria-label="frame" id="_anim_slider', 1)
    return f'<figure style="margin:0">{page}{caption_html(caption)}</figure>'
