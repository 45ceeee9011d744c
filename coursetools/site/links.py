"""Links of the course's texts, as they lead on the site."""

import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

_CODE_OR_FORMULA = r"```.*?```|`[^`\n]+`|\$\$.*?\$\$|\$[^$]+?\$"
_LINK = re.compile(rf"({_CODE_OR_FORMULA})|(?<!!)\[([^\[\]]*)\]\(([^)\s]+)\)", re.DOTALL)
# Texts at the top whose page has another name on the site.
_MOVED = {"README.md": "run.md", "TEACHING.md": "teaching.md"}


@dataclass(frozen=True)
class SiteLinks:
    """Where links lead: to a page of the site, else to the repository if it is known, else nowhere.

    Args:
        pages: paths of all pages, from the top.
        files: where the repository's files are to be read, such as `https://…/blob/main`; empty: unknown.
    """

    pages: Collection[str]
    files: str = ""

    def rewrite(self, text: str, at: str) -> str:
        """The text that stands at `at` in the course, with the site's links; without a target, their words.

        A solution is never linked.
        """
        here = posixpath.dirname(at)
        start = posixpath.dirname(_MOVED.get(at, at))

        def link(match: re.Match[str]) -> str:
            whole, words, target = match[0], match[2], match[3]
            parts = urlsplit(target) if target else None
            if parts is None or parts.scheme or parts.netloc or not parts.path:
                return whole
            path = posixpath.normpath(posixpath.join(here, parts.path))
            path = _MOVED.get(path, path)
            mark = f"#{parts.fragment}" if parts.fragment else ""
            if path in self.pages:
                return f"[{words}]({posixpath.relpath(path, start or '.')}{mark})"
            if self.files and not path.startswith("solutions/"):
                return f"[{words}]({self.files}/{path}{mark})"
            return words

        return _LINK.sub(link, text)
