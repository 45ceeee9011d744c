"""Gate: a lab that is out keeps its exercise cells, because students have written into them."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from coursekit.release.faults import Fault

_NUMBER = re.compile(r"Exercise (\d+\.\d+): fill me in")
_REMEDY = "mend it in coursekit, or give the new lab a new file name (a new slug)"


def exercise_cells(text: str) -> list[str]:
    """The cells of a lab that students fill in, from top to bottom, each as its name and a hash.

    Raises:
        ValueError: the text is no notebook.
    """
    try:
        cells = [
            (cell["metadata"].get("tags", []), "".join(cell["source"])) for cell in json.loads(text)["cells"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no notebook: {error!r}") from None
    return [
        f"{_name(source)} {hashlib.sha256(source.encode()).hexdigest()[:16]}"
        for tags, source in cells
        if {"exercise", "written"} & set(tags)
    ]


def faults(
    before: Mapping[str, list[str]], after: Mapping[str, list[str]], slugs: set[str]
) -> Iterator[Fault]:
    """What a release would change in labs that are out.

    Args:
        before: path of each lab that is out, to its `exercise_cells`.
        after: the same for the release to be made.
        slugs: the course's chapters; the lab of a chapter that is no longer one stays as it is.
    """
    for path, cells in before.items():
        if path in after and after[path] != cells:
            yield Fault(
                path,
                1,
                f"this lab is out, and the release would change {_which(cells, after[path])}",
                _REMEDY,
            )
        elif path not in after and path.removeprefix("labs/").removesuffix(".ipynb") in slugs:
            remedy = "put its date back, or name it in --labs"
            yield Fault(path, 1, "this lab is out, and students have it: it can't be held back again", remedy)


def _name(source: str) -> str:
    number = _NUMBER.search(source)
    return number[1] if number else "written"


def _which(before: list[str], after: list[str]) -> str:
    names = [each.split()[0] for each in [*before, *after] if (each in before) != (each in after)]
    if not names:
        return "the number or the order of its exercise cells"
    return ", ".join(
        dict.fromkeys("a written answer" if name == "written" else f"exercise {name}" for name in names)
    )
