"""What a cell put out, as the site shows it: one form of each, and pictures as files of their own."""

import base64
import hashlib
import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

Output = Mapping[str, Any]
_WIDGET = "application/vnd.jupyter.widget-view+json"
_DATA = re.compile(r"data:image/(webp|png|jpeg|gif);base64,([A-Za-z0-9+/=]+)")
_SIZED = re.compile(
    r'<img src="data:image/\w+;base64,([A-Za-z0-9+/=]+)"([^>]*?) width="(\d+)" style="max-width:100%"'
)
_NUMBERED = re.compile(
    r'<figure( style="[^"]*")?>(?=(?:(?!</figure>).)*<strong>Figure (\d+)\.(\d+)\.</strong>)', re.S
)
STILL = 'A still picture: it answers to its controls <a href="../run.html">where the notebook runs</a>.'


@dataclass
class Pictures:
    """The pictures of all pages, by the path that a page in a folder sees them under.

    A picture that several pages show is one file, and a browser loads it once.
    """

    files: dict[str, bytes] = field(default_factory=dict)

    def keep(self, data: bytes, kind: str, up: str = "../") -> str:
        """Keep a picture; return its address as seen from a page `up` from which the top folder is."""
        name = f"pictures/{hashlib.sha256(data).hexdigest()[:16]}.{kind}"
        self.files[name] = data
        return up + name

    def write(self, folder: Path) -> None:
        """Write what is new, and remove what no page shows any more."""
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        for path in (folder / "pictures").iterdir():
            if f"pictures/{path.name}" not in self.files:
                path.unlink()
        for name, data in self.files.items():
            if not (folder / name).exists():
                (folder / name).write_bytes(data)


def shown(outputs: Iterable[Output], pictures: Pictures) -> list[dict[str, Any]]:
    """Outputs as the site shows them: HTML before a picture before text, streams in one piece."""
    found: list[dict[str, Any]] = []
    for output in outputs:
        if output["output_type"] == "stream":
            text = "".join(output["text"])
            if found and found[-1].get("name") == output["name"]:
                text = found.pop()["text"] + text
            found.append({"output_type": "stream", "name": output["name"], "text": _as_on_screen(text)})
        elif data := dict(_one_form(output.get("data", {}), pictures)):
            found.append({"output_type": "display_data", "metadata": {}, "data": data})
    return found


def _as_on_screen(text: str) -> str:
    """The text after carriage returns: of each line what was written over it last."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def explorer(outputs: Iterable[Iterable[Output]], name: str, pictures: Pictures, up: str = "../") -> str:
    """The first explorer of that name which a lecture put out, for a page that is no notebook; "" if none."""
    forms = ("".join(each.get("data", {}).get("text/html", "")) for cell in outputs for each in cell)
    found = next((form for form in forms if f'data-coursekit="{name}"' in form), "")
    return _page(found, "an explorer", pictures, up) if found else ""


def _one_form(data: Mapping[str, Any], pictures: Pictures) -> Iterator[tuple[str, str]]:
    """The best of an output's forms that needs no kernel."""
    if "text/html" in data:
        page, still = "".join(data["text/html"]), _WIDGET in data
        yield "text/html", _page(page, "".join(data.get("text/plain", "")) if still else "", pictures)
    elif "image/png" in data:
        address = pictures.keep(base64.b64decode("".join(data["image/png"])), "png")
        alt = html.escape("".join(data.get("text/plain", "")))
        yield "text/html", f'<img src="{address}" alt="{alt}" loading="lazy" style="max-width:100%">'
    elif "text/plain" in data:
        yield "text/plain", "".join(data["text/plain"])


def _page(page: str, still: str, pictures: Pictures, up: str = "../") -> str:
    """An output's HTML without data of pictures in it; `still` is what an explorer says of its picture."""
    page = _SIZED.sub(_sized, page)
    page = _DATA.sub(lambda match: pictures.keep(base64.b64decode(match[2]), match[1], up), page)
    page = _NUMBERED.sub(r'<figure\1 id="figure-\2-\3">', page, count=1)
    if still:
        if "data-coursekit=" not in page:  # one that the page itself sets in motion has its own caption
            caption = f"<figcaption>{html.escape(still)} <em>{STILL}</em></figcaption>"
            page = page.replace("</figure>", f"{caption}</figure>")
        page = page.replace("<figure", '<figure class="explorer"', 1)
    return page


def _sized(match: re.Match[str]) -> str:
    """A picture with both its measures, so that the page does not jump; loaded when it comes into sight."""
    width, (real_width, real_height) = int(match[3]), Image.open(io.BytesIO(base64.b64decode(match[1]))).size
    size = f'width="{width}" height="{round(width * real_height / real_width)}"'
    look = 'loading="lazy" decoding="async" style="max-width:100%;height:auto"'
    return match[0].partition(match[2] + " width=")[0] + f"{match[2]} {size} {look}"
