"""A notebook's cells as far as they hold work: kind, text, tag, id, pictures that were pasted in."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .faults import Refused, unwritable

KINDS = ("markdown", "code", "raw")
TAGS = ("exercise", "check", "written")
LAB = re.compile(r"\d\d(_[a-z0-9]+)+")
_CALL = re.compile(r"\s*|import coursekit|coursekit\.(save|restore|progress)\([^()]*\)")
_HEADING = re.compile(r"^### Exercise (\d{1,2}\.\d{1,2}) ·", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell: `tag` is one of `TAGS` or empty, `id` empty where the notebook has none."""

    kind: str
    text: str = ""
    tag: str = ""
    id: str = ""
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)

    def is_idle(self) -> bool:
        """Tell whether it holds no work: it is empty, or only calls `coursekit.save()` and the like."""
        return not self.pictures and is_idle(self.text)


@dataclass(frozen=True)
class Book:
    """A lab as it lies on the disk: which lab of which course, and its JSON."""

    path: Path
    course: str
    lab: str
    raw: dict[str, Any]

    def cells(self) -> list[Cell]:
        """Its cells from top to bottom."""
        return [_cell(raw) for raw in self.raw["cells"]]


def open_lab(path: Path) -> Book:
    """Read a notebook and find out which lab it is.

    Raises:
        Refused: it cannot be read, is no notebook, or is not a lab of the course.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
        mark = raw["metadata"].get("coursekit", {})
        course, lab = str(mark.get("course", "")), str(mark.get("lab", ""))
        book = Book(path, course, lab, raw)
        book.cells()
    except OSError as error:
        raise unwritable(error, path) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(f"`{path}` is not a whole notebook: save it with Ctrl+S and try again.") from None
    if not course or not LAB.fullmatch(lab):
        raise Refused(
            f"`{path.name}` is not a lab of this course: run this in a lab, or keep the notebook with "
            "File → Download."
        )
    return book


def is_idle(text: str) -> bool:
    """Tell whether a cell's text is empty, or only calls `coursekit.save()` and the like."""
    return all(_CALL.fullmatch(line) for line in text.splitlines())


def _cell(raw: dict[str, Any]) -> Cell:
    tags = [tag for tag in raw.get("metadata", {}).get("tags", []) if tag in TAGS]
    kind = raw["cell_type"] if raw["cell_type"] in KINDS else "raw"
    pictures = {
        name: {kind: _whole(data) for kind, data in kinds.items()}
        for name, kinds in raw.get("attachments", {}).items()
    }
    return Cell(kind, _whole(raw["source"]), "".join(tags[:1]), str(raw.get("id", "")), pictures)


def _whole(text: Any) -> str:
    """A text that a notebook may hold line by line."""
    if isinstance(text, list):
        return "".join(text)
    return text if isinstance(text, str) else json.dumps(text)


def untouched(lab: str, cells: Sequence[Cell]) -> list[bool]:
    """Tell for each cell whether it is still as the course made it.

    The id of a built cell is a hash of its text (`coursetools.build.notebook`), so a cell tells by itself,
    without the lab it comes from. Cells of one text are told apart there by their order, counted from 1.
    """
    often = Counter((cell.kind, cell.text) for cell in cells)
    return [
        any(
            cell.id
            == hashlib.sha256(
                "\0".join((f"labs/{lab}", *key, str(n))).encode("utf-8", "surrogatepass")
            ).hexdigest()[:16]
            for n in range(1, often[key] + 20)
        )
        for cell in cells
        for key in [(cell.kind, cell.text)]
    ]


def exercises(cells: Sequence[Cell]) -> list[str]:
    """The number of the exercise that each cell stands under, from the headings; empty before the first."""
    numbers, number = [], ""
    for cell in cells:
        found = _HEADING.findall(cell.text) if cell.kind == "markdown" else []
        number = found[-1] if found else number
        numbers.append(number)
    return numbers
