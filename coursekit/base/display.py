"""Show something richly in a notebook, and as text elsewhere."""

import html
import re
import sys


def in_notebook() -> bool:
    """Tell whether a rich display listens; IPython is asked only if it is running already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


def show(text: str, page: str) -> None:
    """Show `page` (HTML) in a notebook, `text` elsewhere."""
    if in_notebook():
        from IPython.display import display

        display({"text/html": page, "text/plain": text}, raw=True)
    else:
        print(text)


def inline(text: str) -> str:
    """Escape a text for HTML and set `code` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
