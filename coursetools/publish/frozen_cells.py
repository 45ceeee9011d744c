"""Gate: a lab that is out keeps its exercise cells, because students have written into them."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from coursetools.build.diagnostics import Diagnostic

_NUMBER = re.compile(r"Exercise (\d+\.\d+): fill me in")
_REMEDY = "mend it in coursekit, or give the new lab a new file name (a new slug)"


def exercise_cells(text: str) -> list[str]:
    """The cells of a lab that students fill in, from top to bottom, each as its number and a hash.

    Raises:
        ValueError: the text is no notebook.
    """
    cells = []
    try:
        for cell in json.loads(text)["cells"]:
            if {"exercise", "written"} & set(cell["metadata"].get("tags", [])):
                source = "".join(cell["source"])
                number = _NUMBER.search(source)
                name = number[1] if number else "written"
                cells.append(f"{name} {hashlib.sha256(source.encode()).hexdigest()[:16]}")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no notebook: {error!r}") from None
    return cells


def frozen_faults(
    before: Mapping[str, list[str]], after: Mapping[str, list[str]], slugs: set[str]
) -> Iterator[Diagnostic]:
    """What a release would change in labs that are out.

    Args:
        before: path of each lab that is out, to its `exercise_cells`.
        after: the same for the release to be made.
        slugs: the course's chapters; the lab of a chapter that is no longer one stays as it is.
    """
    for path, cells in before.items():
        if path in after and after[path] != cells:
            message = f"this lab is out, and the release would change {_describe(cells, after[path])}"
            yield Diagnostic(path, 1, message, _REMEDY)
        elif path not in after and path.removeprefix("labs/").removesuffix(".ipynb") in slugs:
            message = "this lab is out, and students have it: it can't be held back again"
            yield Diagnostic(path, 1, message, "put its date back, or name it in --labs")


def _describe(before: list[str], after: list[str]) -> str:
    names = [each.split()[0] for each in [*before, *after] if (each in before) != (each in after)]
    if not names:
        return "the number or the order of its exercise cells"
    phrases = ("a written answer" if name == "written" else f"exercise {name}" for name in names)
    return ", ".join(dict.fromkeys(phrases))
