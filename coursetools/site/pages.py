"""A lecture or a lab as a page of the site: the cells of its source, and what they put out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coursetools.build.boxes import with_admonitions
from coursetools.build.course import Chapter, Course
from coursetools.build.notebook import METADATA
from coursetools.build.notebook_frame import lecture_head
from coursetools.build.source import SourceCell
from coursetools.site.executed import Outputs
from coursetools.site.links import SiteLinks
from coursetools.site.outputs import Pictures, shown

_FOLD = "hide-input"  # myst-nb's word
_FOLDED = {  # what a fold says of the code in it
    "setup": "Set-up: imports and helpers",
    "figure": "Code of the figure",
    "evidence": "Code of the measurement",
    "explorer": "Code of the explorer",
}
LAB_NOTE = (
    "**To read here, to solve where Python runs.** There a check below each exercise tells in words what it "
    "found in your answer: [how to run it](../run.md)."
)


def page(
    cells: Sequence[SourceCell],
    outputs: Outputs | None,
    course: Course,
    chapter: Chapter,
    folder: str,
    links: SiteLinks,
    pictures: Pictures,
) -> str:
    """The text of a page, a notebook for myst-nb.

    Args:
        cells: the cells of the lecture or lab, with boxes as in the source.
        outputs: of each code cell of the built notebook, whose first is the frame's; None: not run.
        course: course.toml.
        chapter: the page's.
        folder: `lectures` or `labs`.
        links: where links lead.
        pictures: collects the pictures.
    """
    waiting = iter(outputs[1:] if outputs else ())
    at = f"{folder}/{chapter.slug}.ipynb"
    body: list[dict[str, Any]] = []
    for cell in cells:
        if cell.kind == "code":
            body.append(_code(cell, shown(next(waiting, ()), pictures)))
            continue
        text = with_admonitions(cell.text)
        if not body:
            text = _with_head(text, course, chapter, folder)
        if text.strip():
            body.append({"cell_type": "markdown", "metadata": {}, "source": links.rewrite(text, at)})
    for number, each in enumerate(body):
        each["id"] = f"cell-{number}"
    book = {"cells": body, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _code(cell: SourceCell, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    tags = [cell.tag] if cell.tag else []
    metadata: dict[str, Any] = {"tags": tags}
    if cell.tag in _FOLDED:
        words = _FOLDED[cell.tag]
        tags.append(_FOLD)
        metadata["mystnb"] = {"code_prompt_show": words, "code_prompt_hide": words}
    made: dict[str, Any] = {"cell_type": "code", "source": cell.text, "metadata": metadata}
    return made | {"execution_count": None, "outputs": outputs}


def _with_head(text: str, course: Course, chapter: Chapter, folder: str) -> str:
    """The first cell, with what a reader wants to know first below its title."""
    title, _, rest = text.partition("\n")
    box = [LAB_NOTE] if folder == "labs" else lecture_head(chapter) if chapter.minutes else []
    if chapter.number is not None and folder == "lectures":
        box[:1] = [f"Chapter {chapter.slug[:2]} · {box[0]}" if box else f"Chapter {chapter.slug[:2]}"]
    beside = " · ".join(_beside(course, chapter, folder))
    if box or beside:
        box += ["", beside] if box and beside else [beside] * bool(beside)
        lines = [title, "", "::::{div} head", *box, "::::"]
        return "\n".join(lines) + "\n" + rest
    return text


def _beside(course: Course, chapter: Chapter, folder: str) -> Iterator[str]:
    """Links to the other page of the chapter, and to the reference."""
    if chapter.lab and folder == "lectures":
        yield f"[The lab of this chapter](../labs/{chapter.slug}.ipynb)"
    if folder == "labs":
        yield f"[The lecture](../lectures/{chapter.slug}.ipynb)"
    if course.reference and chapter.slug != course.reference:
        yield f"[Notation, glossary, formulas](../lectures/{course.reference}.ipynb)"


def outline(course: Course, titles: Mapping[str, str]) -> str:
    """The table of contents, by which Sphinx knows the order: lectures, labs, what else there is.

    Args:
        course: course.toml.
        titles: the other pages' titles, by name, in order.
    """
    lectures = [f"{_label(each)} <lectures/{each.slug}>" for each in course.lectures]
    labs = [f"Lab {_label(each)} <labs/{each.slug}>" for each in course.chapters if each.lab]
    more = [f"{title} <{name}>" for name, title in titles.items()]
    parts = {"Lectures": lectures, "Labs": labs, "More": more}
    return "\n".join(
        "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])
        for caption, entries in parts.items()
    )


def _label(chapter: Chapter) -> str:
    return f"{chapter.slug[:2]} {chapter.title}" if chapter.number is not None else chapter.title
