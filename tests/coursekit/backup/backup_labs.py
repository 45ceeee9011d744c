"""Labs as the course builds them, and as students leave them: answered, cells added, moved, split."""

import copy
import functools
import json
import random
import secrets
from pathlib import Path

from coursetools.build.editions import load_course

ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def _built():
    made = load_course(ROOT).notebooks
    return {Path(path).stem: text for path, text in made.items() if path.startswith("labs/")}


LABS = sorted(path.stem for path in (ROOT / "solutions").glob("*.md"))


def built(lab):
    """A fresh copy of a lab's JSON; not the file in labs/, in which a reader may have worked."""
    return opened(_built()[lab])


def opened(text):
    """A notebook's JSON, with each cell's source in one piece."""
    book = json.loads(text)
    for cell in book["cells"]:
        cell["source"] = "".join(cell["source"])
    return book


def put(folder, lab, book=None):
    """Write a lab into labs/ below a course's folder; return its path."""
    path = folder / "labs" / f"{lab}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    book = copy.deepcopy(book or built(lab))
    for cell in book["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)  # as Jupyter saves it
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def tagged(book, *tags):
    return [cell for cell in book["cells"] if set(tags) & set(cell["metadata"].get("tags", []))]


def own(kind, text):
    cell = {"cell_type": kind, "id": secrets.token_hex(8), "metadata": {}, "source": text}
    return cell | ({"execution_count": 3, "outputs": []} if kind == "code" else {})


def split(book, cell):
    """As JupyterLab does: the last piece keeps the id, the first has the tags too."""
    first, rest = cell["source"].split("\n", 1)
    piece = copy.deepcopy(cell) | {"id": secrets.token_hex(8), "source": first}
    cell["source"] = rest
    book["cells"].insert(book["cells"].index(cell), piece)


def worked(lab, seed):
    """A lab in which everything was done that can be done to cells, and the texts that are the student's."""
    rng, book = random.Random(seed), built(lab)
    cells = book["cells"]
    answers = tagged(book, "exercise", "written")
    for number, cell in enumerate(answers):
        cell["source"] += f"\n# my answer {number}, “äöü” \u2028 🙂"
        if cell["cell_type"] == "code":
            cell |= {"execution_count": number, "outputs": [output("<b>big</b>" * 1000)]}
    given = [cell for cell in cells if not cell["metadata"].get("tags")]
    changed = rng.sample(given, 3)
    for cell in changed:
        cell["source"] += "\nprint('changed')"
    for cell in rng.sample([cell for cell in given if cell not in changed], 4):
        cells.remove(cell)
    extra = [own(rng.choice(["code", "markdown", "raw"]), f"my own cell {n}") for n in range(6)]
    for cell in extra:
        cells.insert(rng.randrange(len(cells) + 1), cell)
    for cell in rng.sample(extra, 2) + rng.sample(changed, 1):
        cells.remove(cell)
        cells.insert(rng.randrange(len(cells) + 1), cell)
    extra[0]["source"] = extra[1]["source"]  # the same twice
    split(book, tagged(book, "exercise")[0])
    split(book, tagged(book, "written")[-1])
    known = {cell["id"]: cell["source"] for cell in built(lab)["cells"]}
    return book, [cell for cell in cells if known.get(cell["id"]) != cell["source"]]


def output(text):
    return {"output_type": "display_data", "data": {"text/html": text}, "metadata": {}}
