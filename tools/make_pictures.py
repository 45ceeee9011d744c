"""Cut the README's pictures out of the lectures: `python tools/make_pictures.py`, for all or for those named.

It runs each lecture that is named below and writes pictures/*.png, the first picture of one of its cells, so
that what the README shows is what the notebooks draw. The text alternatives that come with the pictures are
printed; the README carries them too.
"""

import base64
import io
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
# Picture -> the lecture, and words of the text alternative by which the cell is known.
PICTURES = {
    "noise_to_data": ("01_flows", "Five panels from t = 0 to t = 1"),
    "00_welcome": ("00_welcome", "Left: straight lines from many starts"),
    "01_flows": ("01_flows", "A square grid at four times"),
    "02_diffusion_processes": ("02_diffusion_processes", "Upper row: thirty paths"),
    "03_probability_paths": ("03_probability_paths", "Two rows of five panels"),
    "04_flow_matching": ("04_flow_matching", "Two rows of five panels. Dark arrows"),
    "05_score_matching": ("05_score_matching", "Three maps of the same density"),
    "06_guidance": ("06_guidance", "Two rows of ten generated"),
    "07_ddpm": ("07_ddpm", "Five chessboards of dots"),
}


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
    wanted = {name: PICTURES[name] for name in sys.argv[1:] or PICTURES}
    shown = {slug: outputs(slug) for slug in sorted({slug for slug, _ in wanted.values()})}
    for name, (slug, words) in wanted.items():
        found = [each for each in shown[slug] if words in " ".join(each.get("text/plain", "").split())]
        if not found:
            raise SystemExit(f"lectures/{slug}.ipynb draws nothing that says '{words}'; mend PICTURES")
        (folder / f"{name}.png").write_bytes(png(found[0]))
        print(f"pictures/{name}.png: {' '.join(found[0]['text/plain'].split())}")


if __name__ == "__main__":
    main()
