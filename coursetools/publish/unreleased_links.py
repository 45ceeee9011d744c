"""Links to what students do not have, or not yet, become words: `lab from 2026-11-24 09:00+01:00`."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

from coursetools.publish.schedule import ChapterStatus, format_date

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_ROW = re.compile(r"\|((?: *`[^`|]+`)+) *\|")


def replace_unreleased_links(
    root: Path, pages: Mapping[str, str], released: Collection[str], statuses: Sequence[ChapterStatus]
) -> dict[str, str]:
    """The pages, path to text, without links (and rows of the README's table) to what is not released.

    Only links to a file in the instructor's repository `root` count; `statuses` have the dates of what is not
    out yet.
    """
    dates = {f"labs/{each.chapter.slug}.ipynb": each.chapter.lab_from for each in statuses}
    dates |= {f"solutions/{each.chapter.slug}.ipynb": each.chapter.solution_from for each in statuses}
    there = {*released, *(str(parent) for path in released for parent in PurePosixPath(path).parents)}

    def is_missing(path: str) -> bool:
        return path not in there and (path in dates or (root / path).exists())

    def replacement(page: str, link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link[2]))
        if not is_missing(path):
            return link[0]
        date = dates.get(path)
        when = f" from {format_date(date)}" if date else " later"
        return link[1] + when * (path in dates)

    made = {}
    for page, text in pages.items():
        made[page] = _replace_links(page, text, lambda link, page=page: replacement(page, link))  # type: ignore[misc]
    if "README.md" in made:
        made["README.md"] = _without_rows(made["README.md"], is_missing)
    return made


def _replace_links(page: str, text: str, replacement: Callable[[re.Match[str]], str]) -> str:
    if not page.endswith(".ipynb"):
        return _LINK.sub(replacement, text)
    book = json.loads(text)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _LINK.sub(replacement, "".join(cell["source"])).splitlines(keepends=True)
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _without_rows(text: str, is_missing: Callable[[str], bool]) -> str:
    lines = []
    for line in text.split("\n"):
        row = _ROW.match(line)
        names = re.findall(r"`([^`]+)`", row[1]) if row else []
        if not names or not all(is_missing(name.rstrip("/")) for name in names):
            lines.append(line)
    return "\n".join(lines)
