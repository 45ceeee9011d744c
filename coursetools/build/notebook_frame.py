"""What course.toml adds: header with links and badges, a lecture's head, set-up, navigation at the end."""

from dataclasses import replace
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
    start = [SourceCell("code", setup_code(course), "setup")]
    if folder == "lectures" and chapter.minutes:
        title, _, rest = cells[0].text.partition("\n")
        head = "".join(f"> {line}".rstrip() + "\n" for line in lecture_head(chapter))
        cells = [replace(cells[0], text=f"{title}\n\n{head}\n{rest}"), *cells[1:]]
    end = [SourceCell("markdown", "---\n" + _navigation(course, chapter, folder))]
    return [
        SourceCell("markdown", _header(course, chapter, folder)),
        *cells[:first],
        *start,
        *cells[first:],
        *end,
    ]


def lecture_head(chapter: Chapter) -> list[str]:
    """How long the lecture takes, what it needs, and what it is good for: lines of Markdown."""
    main, all_ = chapter.minutes
    last = "the toolbox" if chapter.number == 0 else "*Going deeper*"
    return [
        f"**{main} minutes**, {all_} with {last}. **You need:** {chapter.needs}",
        "",
        "**Afterwards you will be able to**",
        "",
        *(f"- {goal}" for goal in chapter.goals),
    ]


def _header(course: Course, chapter: Chapter, folder: str) -> str:
    at = f"chapter {chapter.slug[:2]} · " if chapter.number is not None else ""
    place = f"*{course.title}* · {at}{LABELS[folder].lower() if at else 'to look things up in'}"
    badges = _badges(course, f"{folder}/{chapter.slug}.ipynb") if folder != "solutions" else ""
    keep = KEEP if folder == "labs" else ""
    return "\n\n".join(part for part in (place, _navigation(course, chapter, folder), badges, keep) if part)


def _navigation(course: Course, chapter: Chapter, folder: str) -> str:
    """Links to what comes before, beside and after, and to the reference notebook."""
    chapters = list(course.chapters)
    if chapter.number is None:  # the reference notebook itself
        targets = [(f"{each.slug[:2]} {each.title}", "lectures", each) for each in chapters]
    else:
        at = chapters.index(chapter)
        twins = ("lectures", "labs") if chapter.lab else ("lectures",)
        targets = [(f"← {each.title}", "lectures", each) for each in chapters[:at][-1:]]
        targets += [(LABELS[to], to, chapter) for to in twins if to != folder]
        targets += [(f"{each.title} →", "lectures", each) for each in chapters[at + 1 :][:1]]
        targets += [(each.title, "lectures", each) for each in course.lectures[len(chapters) :]]
    links = []
    for label, to, each in targets:
        links.append(f"[{label}]({'' if to == folder else f'../{to}/'}{each.slug}.ipynb)")
    return " · ".join(links) or f"*{chapter.title}*"


def _badges(course: Course, path: str) -> str:
    if not course.repository:
        return ""
    at = course.repository, course.branch, path
    colab = f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({colab_link(*at)})"
    return f"{colab} [![Open in Binder]({_BINDER}/badge_logo.svg)]({binder_link(*at)})"


def colab_link(repository: str, branch: str, path: str) -> str:
    """Where Colab opens a notebook of a repository on GitHub."""
    return f"{_COLAB}/github/{repository}/blob/{branch}/{path}"


def binder_link(repository: str, branch: str, path: str) -> str:
    """Where Binder starts a repository of GitHub and opens a notebook of it."""
    return f"{_BINDER}/v2/gh/{repository}/{quote(branch, safe='')}?labpath={quote(path, safe='')}"


def setup_code(course: Course) -> str:
    """The first code cell: it imports the package, and on Colab installs it."""
    install = ""
    if course.repository:
        install = f"""\
# On Colab this installs the course's package; elsewhere it is already there.
import sys

if "google.colab" in sys.modules:
    import subprocess

    package = "git+https://github.com/{course.repository}@{course.branch}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)

"""
    return f"""\
{install}import coursekit

coursekit.limit_threads()  # to one: on busy cores two are many times slower; OMP_NUM_THREADS overrules it"""
