"""The cells made from course.toml: header with links and badges, set-up, navigation at the end."""

from urllib.parse import quote

from coursetools.build.course import Chapter, Course
from coursetools.build.source import SourceCell

LABELS = {"lectures": "Lecture", "labs": "Lab", "solutions": "Solution"}
_COLAB = "https://colab.research.google.com"
_BINDER = "https://mybinder.org"
KEEP = (
    "**Binder forgets everything after about ten idle minutes; your own computer keeps it.** Before you "
    "leave, run the first code cell and then `coursekit.save()` in a cell, and download the file. Next time "
    "put it beside this lab, run the first code cell and `coursekit.restore()`."
)


def add_frame(cells: list[SourceCell], course: Course, chapter: Chapter, folder: str) -> list[SourceCell]:
    """A notebook's own cells between its header and its navigation, with the set-up before the first code.

    `folder` is `lectures`, `labs` or `solutions`, for which header and links differ.
    """
    first = next((n for n, cell in enumerate(cells) if cell.kind == "code"), len(cells))
    start = [SourceCell("code", setup_code(course))]
    end = [SourceCell("markdown", "---\n" + _navigation(course, chapter, folder))]
    return [
        SourceCell("markdown", _header(course, chapter, folder)),
        *cells[:first],
        *start,
        *cells[first:],
        *end,
    ]


def _header(course: Course, chapter: Chapter, folder: str) -> str:
    place = f"*{course.title}* · chapter {chapter.slug[:2]} · {LABELS[folder].lower()}"
    badges = _badges(course, f"{folder}/{chapter.slug}.ipynb") if folder != "solutions" else ""
    keep = KEEP if folder == "labs" else ""
    return "\n\n".join(part for part in (place, _navigation(course, chapter, folder), badges, keep) if part)


def _navigation(course: Course, chapter: Chapter, folder: str) -> str:
    at = [each.slug for each in course.chapters].index(chapter.slug)
    twins = ("lectures", "labs") if chapter.lab else ("lectures",)
    targets = [(f"← {each.title}", "lectures", each) for each in course.chapters[:at][-1:]]
    targets += [(LABELS[to], to, chapter) for to in twins if to != folder]
    targets += [(f"{each.title} →", "lectures", each) for each in course.chapters[at + 1 :][:1]]
    links = []
    for label, to, each in targets:
        links.append(f"[{label}]({'' if to == folder else f'../{to}/'}{each.slug}.ipynb)")
    return " · ".join(links) or f"*{chapter.title}*"


def _badges(course: Course, path: str) -> str:
    if not course.repository:
        return ""
    where = f"{course.repository}/blob/{course.branch}/{path}"
    colab = f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({_COLAB}/github/{where})"
    target = f"{course.repository}/{quote(course.branch, safe='')}?labpath={quote(path, safe='')}"
    return f"{colab} [![Open in Binder]({_BINDER}/badge_logo.svg)]({_BINDER}/v2/gh/{target})"


def setup_code(course: Course) -> str:
    """The first code cell: it imports the package, and on Colab installs it."""
    purpose = "# The course's package is already there, except on Colab."
    action = '    print("Colab needs `repository` in course.toml; set it and run `make notebooks`.")'
    if course.repository:
        purpose = "# On Colab this installs the course's package; elsewhere it is already there."
        action = f"""\
    import subprocess

    package = "git+https://github.com/{course.repository}@{course.branch}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)"""
    return f"""\
{purpose}
import sys

if "google.colab" in sys.modules:
{action}

import coursekit

coursekit.limit_threads()  # to one: on busy cores two are many times slower; OMP_NUM_THREADS overrules it"""
