"""The front page, and what of the README the site says: one text, in two places."""

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from coursetools.build.course import Chapter, Course
from coursetools.site.executed import Outputs
from coursetools.site.outputs import Pictures, explorer

_TEMPLATE = Path(__file__).with_name("front.md")
_CHAPTER = r"\*\*{number} {title}[.?]\*\* (?P<text>.+)\n\n!\[(?P<alt>[^\]]*)\]\((?P<picture>pictures/[^)]+)\)"
_FILM = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<picture>pictures/[^)]+)\)\n\n\*(?P<caption>[^*\n]+)\*")
_WIDTH = 900  # of a chapter's picture: what a wide page shows, on a dense screen
_INSTRUCTORS = re.compile(r"<!-- instructors only\b.*?<!-- end of instructors only -->\n", re.DOTALL)
_TRY = (
    "Choose a digit and press *Play*, or drag the time from noise to data. A small network is at work, "
    "and it runs in this page."
)
_MOMENTS = (0.0, 0.35, 0.6, 1.0)


class ReadmeError(ValueError):
    """The README lacks what the site takes from it."""


@dataclass(frozen=True)
class Teaser:
    """What the README says of a chapter: its paragraph, but for what introduces the picture, and that."""

    text: str
    alt: str
    picture: str


def sections(readme: str, titles: tuple[str, ...]) -> str:
    """Sections of the README, headings included, without what only instructors have.

    Raises:
        ReadmeError: a section is missing.
    """
    parts = re.split(r"(?m)^(?=## )", _INSTRUCTORS.sub("", readme))
    found = {part.partition("\n")[0].removeprefix("## "): part for part in parts[1:]}
    if missing := [title for title in titles if title not in found]:
        raise ReadmeError(f"README.md has no section {', '.join(missing)}, which the site shows")
    return "\n".join(found[title].rstrip() + "\n" for title in titles)


def teaser(readme: str, chapter: Chapter) -> Teaser | None:
    """What the README says of a chapter; None where it says nothing yet."""
    number, title = chapter.slug[:2], r"[^*\n]+?"
    match = re.search(_CHAPTER.format(number=number, title=title), readme)
    if match is None:
        return None
    text, _, below = match["text"].partition(" Below: ")
    credit = re.search(r"\*\(.*?\)\*", below)  # whose photograph it is
    return Teaser(f"{text} {credit[0]}" if credit else text, match["alt"], match["picture"])


def front_page(root: Path, course: Course, pictures: Pictures, welcome: Outputs = ()) -> str:
    """The front page: the film's still, an explorer of digits, where to start, the chapters with pictures.

    Args:
        root: the course's top folder.
        course: the course.
        pictures: where pictures are kept.
        welcome: what the first lecture put out; the explorer is taken from it.

    Raises:
        ReadmeError: the README has no film.
    """
    readme = (root / "README.md").read_text(encoding="utf-8")
    lectures = {f"chapter_{each.slug[:2]}": f"lectures/{each.slug}.ipynb" for each in course.lectures}
    first = f"lectures/{course.lectures[0].slug}.ipynb"
    values = {
        "title": course.title,
        "hero": _hero(root, readme, pictures),
        "explorer": _explorer(welcome, pictures),
        "reference": f"lectures/{course.reference}.ipynb" if course.reference else first,
        "chapters": "\n".join(_card(root, readme, each, pictures) for each in course.chapters),
    }
    found = re.sub(
        r"\{(\w+)\}",
        lambda match: {**values, **lectures}.get(match[1], match[0]),
        _TEMPLATE.read_text("utf-8"),
    )
    return re.sub(r"\{chapter_\d\d\}", first, found)  # a course without that chapter


def _card(root: Path, readme: str, chapter: Chapter, pictures: Pictures) -> str:
    """A chapter's title, minutes, what it is about, and its picture."""
    said = teaser(readme, chapter)
    minutes = f" · {chapter.minutes[0]} minutes" if chapter.minutes else ""
    lab = f" · [lab](labs/{chapter.slug}.ipynb)" if chapter.lab else ""
    lines = ["::::{div} chapter", ":::{div} picture"]
    if said and (root / said.picture).is_file():  # the gate of links tells of one that is not there
        address, (width, height) = _small(root / said.picture, pictures)
        size = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
        lines.append(f'<img src="{address}" alt="{html.escape(said.alt)}" {size}>')
    lines += [
        ":::",
        ":::{div} words",
        f"### [{chapter.slug[:2]} {chapter.title}](lectures/{chapter.slug}.ipynb)",
    ]
    lines += ["", said.text if said else "", "", f"[Lecture](lectures/{chapter.slug}.ipynb){minutes}{lab}"]
    return "\n".join([*lines, ":::", "::::", ""])


def _small(path: Path, pictures: Pictures) -> tuple[str, tuple[int, int]]:
    """A picture as the front page needs it: a tenth of its bytes; its address and its size on the page."""
    image = Image.open(path).convert("RGB")
    image.thumbnail((_WIDTH, 10 * _WIDTH), Image.Resampling.LANCZOS)
    return pictures.keep(_webp(image), "webp", up=""), image.size


def _hero(root: Path, readme: str, pictures: Pictures) -> str:
    """A still of the README's film: its first row at four moments, and the film itself in a fold."""
    film = _FILM.search(readme)
    if film is None:
        raise ReadmeError(
            "README.md has no film with its caption in *…* below it, which the front page shows"
        )
    data = (root / film["picture"]).read_bytes()
    still = _strip(Image.open(io.BytesIO(data)))
    alt = html.escape(film["alt"])
    moving = pictures.keep(data, "webp", up="")
    width, height = Image.open(io.BytesIO(data)).size
    return (
        f'<figure class="hero"><img src="{pictures.keep(_webp(still), "webp", up="")}" width="{still.width}" '
        f'height="{still.height}" alt="Ten squares of random grey pixels turn, in four steps from top to '
        f'bottom, into the handwritten digits 0 to 9."><figcaption>{_caption()}</figcaption></figure>\n'
        f'<details class="film"><summary>Watch it happen</summary><img src="{moving}" alt="{alt}" '
        f'width="{width}" height="{height}" loading="lazy"></details>'
    )


def _explorer(welcome: Outputs, pictures: Pictures) -> str:
    """The explorer of digits under a heading; nothing where the first lecture has not run."""
    found = explorer(welcome, "digits", pictures, up="")
    return f"## Try it\n\n{_TRY}\n\n{found}\n" if found else ""


def _caption() -> str:
    return (
        "One piece of noise, ten times the same, on its way from top to bottom. A network that comes with "
        "the course is told which digit to make of it."
    )


def _strip(film: Image.Image) -> Image.Image:
    """The first row of the film's three at some moments, one below the other."""
    rows = list(_rows(film))
    strip = Image.new("RGB", (film.width, sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        strip.paste(row, (0, top))
        top += row.height
    return strip


def _rows(film: Image.Image) -> Iterator[Image.Image]:
    last = getattr(film, "n_frames", 1) - 1
    for moment in _MOMENTS:
        film.seek(round(moment * last))
        yield film.convert("RGB").crop((0, 0, film.width, film.height // 3))


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=82, method=6)
    return buffer.getvalue()
