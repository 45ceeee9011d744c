"""Cells to the text of an .ipynb, the same on every run and every platform."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import nbformat

from coursetools.build.source import SourceCell

# The only metadata a built notebook has, but for a lab's mark; a cell has its tag, and whether it is folded.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

# The code of these is one click away: by the first key in JupyterLab, by the second on Colab.
FOLDED = ("setup", "figure", "evidence")
FOLD = {"jupyter": {"source_hidden": True}, "cellView": "form"}


def render(name: str, cells: list[SourceCell], mark: Mapping[str, Any] | None = None) -> str:
    """The text of a notebook as Jupyter itself would save it, without outputs and counts.

    The cells' ids are made from its `name`, such as `labs/01_flows`, and their text; `mark` is more metadata.
    """
    body: list[dict[str, Any]] = []
    for cell, id_ in zip(cells, _ids(name, cells), strict=True):
        body.append({"cell_type": cell.kind, "id": id_, "source": cell.text})
        body[-1]["metadata"] = {"tags": [cell.tag]} if cell.tag else {}
        body[-1]["metadata"] |= FOLD if cell.tag in FOLDED else {}
        if cell.kind == "code":
            body[-1] |= {"execution_count": None, "outputs": []}
    book = {"cells": body, "metadata": {**METADATA, **(mark or {})}, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.writes(nbformat.from_dict(book), version=4) + "\n"


def _ids(name: str, cells: list[SourceCell]) -> list[str]:
    """An id from the notebook's name and the cell's content: editing one cell leaves the others' ids alone.

    Cells of equal content are told apart by their order.
    """
    seen: Counter[tuple[str, str]] = Counter()
    ids = []
    for cell in cells:
        seen[cell.kind, cell.text] += 1
        key = "\0".join((name, cell.kind, cell.text, str(seen[cell.kind, cell.text])))
        ids.append(hashlib.sha256(key.encode()).hexdigest()[:16])
    return ids
