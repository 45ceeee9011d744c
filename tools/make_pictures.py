"""Make the README's pictures: `python tools/make_pictures.py`, all or those named.

It runs each lecture that is named below and writes pictures/*.png, the first picture of one of its cells, so
that what the README shows is what the notebooks draw. Two are animations: pictures/digits.webp is drawn by
the network that comes with the course, and pictures/explorer.webp is recorded in headless Chromium. The text
alternatives that come with the pictures are printed; the README carries them too.
"""

import base64
import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
import torch
from nbclient import NotebookClient
from PIL import Image

import coursekit
import coursekit.explore

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `benchmarks`
from benchmarks.browser import chromium  # noqa: E402
from benchmarks.in_page import opened, page, served  # noqa: E402

# Picture -> the lecture, and words of the text alternative by which the cell is known.
PICTURES = {
    "00_welcome": ("00_welcome", "Left: straight lines from many starts"),
    "01_flows": ("01_flows", "A square grid at four times"),
    "02_diffusion_processes": ("02_diffusion_processes", "Orange points start in one corner of a blue disc"),
    "03_probability_paths": ("03_probability_paths", "Two rows of five panels"),
    "04_flow_matching": ("04_flow_matching", "Two rows of five panels. Dark arrows"),
    "05_score_matching": ("05_score_matching", "Three maps of the same density"),
    "06_guidance": ("06_guidance", "Four rows of ten generated"),
    "07_ddpm": ("07_ddpm", "Four chessboards of dots"),
    "08_prediction": ("08_prediction", "Three panels of distance from the plane"),
    "09_latents": ("09_latents", "Four pictures of a Chinese pagoda"),
    "10_words_video": ("10_words_video", "A table of ten by ten generated pictures"),
    "11_discrete": ("11_discrete", "Four rows of the nine words"),
}
# The animation: rows of digits that begin as one noise, and become ten digits in one hand.
FILM = "digits"
FILM_ALT = (
    "Animation: three rows of ten squares of random grey pixels turn, step by step, into the handwritten "
    "digits 0 to 9. The squares of a row begin with the same noise, and its digits look like one hand."
)
SEEDS, STEPS, GUIDANCE = (8, 9, 11), 30, 2.0
# The explorer of lecture 00, recorded in a browser.
RECORDING = "explorer"
RECORDING_ALT = (
    "Animation: a round cloud of dots in four colours, one for each quarter of the plane, with arrows. As a "
    "slider moves from 0, noise, to 1, data, the dots part into the eight dark squares of a chessboard. No "
    "dot crosses into another colour."
)
RECORDED, WINDOW = 32, {"width": 700, "height": 560, "deviceScaleFactor": 1, "mobile": False}
SCALE, MARGIN = 2, 4  # screen pixels: of one pixel of a digit, between digits
FRAME_MS, LAST_MS = 90, 3000


def film() -> bytes:
    """Let the network for MNIST draw digits; return an animated WebP that begins again after a rest."""
    noises = torch.cat([torch.randn(1, 1, 28, 28, generator=torch.Generator().manual_seed(k)) for k in SEEDS])
    field = coursekit.guided(
        coursekit.load_pretrained("mnist"), torch.arange(10).repeat(len(SEEDS)), GUIDANCE
    )
    states = coursekit.simulate(field, noises.repeat_interleave(10, 0), coursekit.time_grid(STEPS))
    return _animated([_sheet(state) for state in states])


def recording() -> bytes:
    """Move the slider of lecture 00's explorer in headless Chromium; return an animated WebP."""
    settings = coursekit.explore.field().settings | {"show": ["particles", "arrows"]}
    frames = []
    with (
        tempfile.TemporaryDirectory() as profile,
        chromium(Path(profile)) as window,
        served({"/one": page("field", settings)}) as address,
    ):
        opened(window, f"{address}/one", WINDOW)
        explorer = window.find_element("css selector", ".ck")
        for k in range(RECORDED + 1):
            window.execute_script(TIME, k / RECORDED)
            time.sleep(0.3)
            frames.append(Image.open(io.BytesIO(explorer.screenshot_as_png)).convert("RGB"))
    return _animated(frames)


TIME = """
    const slider = document.querySelector('.ck input[type=range]');
    slider.value = slider.max * arguments[0];
    slider.dispatchEvent(new Event('input', { bubbles: true }));
"""


def _animated(frames: list[Image.Image]) -> bytes:
    """An animated WebP that rests on its last picture and begins again."""
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[*[FRAME_MS] * (len(frames) - 1), LAST_MS],
        loop=0,
        quality=40,
        method=6,
    )
    return buffer.getvalue()


def _sheet(images: torch.Tensor) -> Image.Image:
    """Images (n, 1, side, side) in [-1, 1] in rows of ten: -1 is white paper, 1 is black ink."""
    grey = ((1 - images[:, 0].clamp(-1, 1)) * 127.5).round().byte().numpy()
    big = grey.repeat(SCALE, axis=1).repeat(SCALE, axis=2)
    cell = big.shape[-1] + MARGIN
    page = np.full((len(big) // 10 * cell - MARGIN, 10 * cell - MARGIN), 255, dtype=np.uint8)
    for k, tile in enumerate(big):
        row, column = divmod(k, 10)
        page[row * cell :, column * cell :][: big.shape[1], : big.shape[2]] = tile
    return Image.fromarray(page)


def outputs(slug: str) -> list[dict[str, str]]:
    """Run a lecture; return the data of all outputs that hold a picture."""
    notebook = nbformat.read(ROOT / "lectures" / f"{slug}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT / "lectures")}}).execute()
    data = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [each for each in data if "image/png" in each]


def png(data: dict[str, str]) -> bytes:
    """Return the picture of an output as a PNG with all its colours: those stand in the HTML."""
    whole = re.search(r'<img src="data:image/webp;base64,([^"]+)"', data.get("text/html", ""))
    if whole is None:
        return base64.b64decode(data["image/png"])
    buffer = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(whole[1]))).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = ROOT / "pictures"
    folder.mkdir(exist_ok=True)
    names = sys.argv[1:] or [FILM, RECORDING, *PICTURES]
    if FILM in names:
        (folder / f"{FILM}.webp").write_bytes(film())
        print(f"pictures/{FILM}.webp: {FILM_ALT}")
    if RECORDING in names:
        (folder / f"{RECORDING}.webp").write_bytes(recording())
        print(f"pictures/{RECORDING}.webp: {RECORDING_ALT}")
    wanted = {name: PICTURES[name] for name in names if name not in (FILM, RECORDING)}
    shown = {slug: outputs(slug) for slug in sorted({slug for slug, _ in wanted.values()})}
    for name, (slug, words) in wanted.items():
        found = [each for each in shown[slug] if words in " ".join(each.get("text/plain", "").split())]
        if not found:
            raise SystemExit(f"lectures/{slug}.ipynb draws nothing that says '{words}'; mend PICTURES")
        (folder / f"{name}.png").write_bytes(png(found[0]))
        print(f"pictures/{name}.png: {' '.join(found[0]['text/plain'].split())}")


if __name__ == "__main__":
    main()
