"""Animations: as many frames as asked for, each with nothing of the others, small, and no network."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import plots
from coursekit.plots import animation
from coursekit.plots.animation import animate


def bars(ax, k):
    """Frame k: one black bar, at place k."""
    ax.set(xlim=(0, 5), ylim=(0, 1))
    ax.fill_between([k + 0.2, k + 0.8], 0, 1, color="black")


def frames(film):
    files = re.findall(r'"data:image/png;base64,([^"]+)"', film.player)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(file))).convert("L")) for file in files]


@pytest.fixture(scope="module")
def film():
    return animate(bars, 5, caption="Figure 1.1. $x<1$.", alt='A bar moves "right".', size=(3, 2))


def test_each_frame_shows_its_own_drawing_only(film):
    pictures = frames(film)
    assert len(pictures) == 5
    # A pixel row above the axis line, below the top: dark where the bar stands.
    dark = [np.flatnonzero(picture[picture.shape[0] // 2] < 60) for picture in pictures]
    places = [columns[columns > columns.min() + 3].mean() for columns in dark]
    assert np.diff(places) == pytest.approx(np.diff(places).mean(), rel=0.05)
    widths = [len(columns) for columns in dark]
    assert max(widths) - min(widths) <= 2


def test_the_player_is_small_has_its_text_and_asks_no_other_server(film):
    assert len(film.player) < 100_000
    assert '<img alt="A bar moves &quot;right&quot;." id=' in film.player
    assert not re.search(r'(src|href)\s*=\s*"?(https?:)?//', film.player)
    signs = re.findall(r"<button[^>]*>\s*(.*?)</button>", film.player, re.S)
    assert len(signs) == 9
    assert all(len(sign) in (1, 2) for sign in signs)


def test_the_bundle_has_player_still_and_text(film):
    data, metadata = film._repr_mimebundle_()
    assert data["text/html"] == film.player
    assert metadata["image/png"]["alt"] == 'A bar moves "right".'
    assert data["text/plain"] == repr(film) == 'Figure 1.1. $x<1$.\n[A bar moves "right".]'
    assert "<strong>Figure 1.1.</strong> $x&lt;1$.</figcaption></figure>" in data["text/html"]
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("L"), dtype=float)
    assert np.abs(still - frames(film)[-1]).mean() < 3


def test_no_figure_is_left_open(film):
    assert not plt.get_fignums()


def test_arrows_and_samples_stay_below_the_limit():
    cloud = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))

    def draw(ax, k):
        plots.quiver(lambda x, t: -x * t, k / 12, ax, n=9)
        plots.samples(cloud * (1 - k / 20), ax)
        ax.text(0, 1.02, f"frame {k}", transform=ax.transAxes)

    film = animate(draw, 12, caption="Smaller.", alt="A cloud shrinks.")
    assert len(frames(film)) == 12
    # Sizes add up frame by frame, so twelve frames tell what forty would take.
    assert len(film.player) * 40 / 12 < animation.MAX_BYTES


@pytest.mark.parametrize("count", [0, 41])
def test_too_few_or_too_many_frames_are_refused(count):
    with pytest.raises(ValueError, match="1 to 40 frames"):
        animate(bars, count, caption="Bars.", alt="bars")


def test_what_camera_cannot_take_is_refused_and_no_figure_left():
    def titled(ax, k):
        bars(ax, k)
        ax.set_title(f"frame {k}")

    with pytest.raises(ValueError, match="titles are not animated"):
        animate(titled, 2, caption="Bars.", alt="bars")
    with pytest.raises(ValueError, match="frame 1 drew nothing"):
        animate(lambda ax, k: ax.plot([0, 1]) if k == 0 else None, 2, caption="Bars.", alt="a line")
    with pytest.raises(ValueError, match="no text alternative"):
        animate(bars, 2, caption="Bars.", alt="")
    with pytest.raises(ValueError, match="no caption"):
        animate(bars, 2, caption=" ", alt="bars")
    assert not plt.get_fignums()


def test_too_large_a_result_is_refused(monkeypatch):
    monkeypatch.setattr(animation, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="fewer frames"):
        animate(bars, 2, caption="Bars.", alt="bars", size=(3, 2))
