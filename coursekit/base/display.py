"""Show something richly in a notebook, and as text elsewhere."""

import html
import re
import sys
from collections.abc import Iterable


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


_CELL = (
    "padding:0.15em 1.2em 0.15em 0; text-align:left; vertical-align:top; background:none; color:inherit; "
    "white-space:normal"
)


def table(rows: Iterable[Iterable[str]], head: Iterable[str] = ()) -> str:
    """Rows of cells, themselves HTML, as a table that reads on light and on dark pages."""
    top = "".join(f'<th scope="col" style="{_CELL}; font-weight:600">{cell}</th>' for cell in head)
    body = ""
    for row in rows:
        cells = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row)
        body += f'<tr style="background:none">{cells}</tr>'
    top = f"<thead><tr>{top}</tr></thead>" if top else ""
    style = "border-collapse:collapse; margin:0.4em 0; font-size:0.95em; color:inherit"
    return f'<table style="{style}">{top}<tbody>{body}</tbody></table>'
