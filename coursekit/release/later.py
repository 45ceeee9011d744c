"""Links to what students do not have, or not yet, become words: `lab from 2026-11-24 09:00+01:00`."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

from coursekit.release.dates import Out, written

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_ROW = re.compile(r"\|((?: *`[^`|]+`)+) *\|")


def redirected(
    root: Path, pages: Mapping[str, str], there: Collection[str], out: Sequence[Out]
) -> dict[str, str]:
    """The pages without links, and rows of the README's table of files, that lead to what is not there.

    Args:
        root: the instructor's repository; only links that lead to a file there are links.
        pages: path of each Markdown file and notebook to its text.
        there: the paths that students get.
        out: what is out, for the dates of what is not.
    """
    dates = {f"labs/{each.chapter.slug}.ipynb": each.chapter.lab_from for each in out}
    dates |= {f"solutions/{each.chapter.slug}.ipynb": each.chapter.solution_from for each in out}
    folders = {str(parent) for path in there for parent in PurePosixPath(path).parents}

    def gone(path: str) -> bool:
        return path not in there and path not in folders and (path in dates or (root / path).exists())

    def word(path: str, text: str) -> str:
        if path not in dates:
            return text
        date = dates[path]
        return f"{text} from {written(date)}" if date else f"{text} later"

    made = {path: _of_page(path, text, gone, word) for path, text in pages.items()}
    if "README.md" in made:
        made["README.md"] = _without_rows(made["README.md"], gone)
    return made


def _of_page(path: str, text: str, gone: Callable[[str], bool], word: Callable[[str, str], str]) -> str:
    def link(found: re.Match[str]) -> str:
        to = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[2]))
        return word(to, found[1]) if gone(to) else found[0]

    if not path.endswith(".ipynb"):
        return _LINK.sub(link, text)
    book = json.loads(text)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _LINK.sub(link, "".join(cell["source"])).splitlines(keepends=True)
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _without_rows(text: str, gone: Callable[[str], bool]) -> str:
    def kept(line: str) -> bool:
        row = _ROW.match(line)
        names = re.findall(r"`([^`]+)`", row[1]) if row else []
        return not names or not all(gone(name.rstrip("/")) for name in names)

    return "\n".join(line for line in text.split("\n") if kept(line))
