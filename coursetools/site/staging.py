"""The site's pages, pictures and settings, written into a folder for Sphinx."""

import importlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursetools.build.course import Course
from coursetools.build.editions import ParsedCourse, edition_cells
from coursetools.build.notebook_frame import binder_link, colab_link
from coursetools.site import api
from coursetools.site.executed import Outputs, outputs_of
from coursetools.site.front import front_page, sections
from coursetools.site.links import SiteLinks
from coursetools.site.outputs import Pictures
from coursetools.site.pages import outline, page

# The packages whose names readers call, from the bottom to the top.
API = {
    "base": "Time, fields, threads",
    "distributions": "Distributions",
    "paths": "Probability paths",
    "solvers": "Solvers",
    "nets": "Networks",
    "training": "Training",
    "data": "Data",
    "evaluation": "Evidence and metrics",
    "plots": "Pictures",
    "explore": "Explorers",
}
INSIDE = {"evaluation": ("metrics", "classifiers"), "plots": ("animation",)}  # modules read on their own
RUN = ("Start", "Other ways in", "If something does not work")
HOST = "GITHUB_REPOSITORY"  # set where GitHub builds the site


@dataclass(frozen=True)
class Staged:
    """What was written: files by path, and which lectures have outputs."""

    pages: Mapping[str, str]
    run: Collection[str]


def stage(
    parsed: ParsedCourse, dest: Path, numbers: Collection[str] | None = None, *, jobs: int = 2
) -> Staged:
    """Write everything that Sphinx needs into `dest`; files that have not changed are left alone.

    Args:
        parsed: the course.
        dest: the folder.
        numbers: the lectures to run, such as "04" or "reference"; None: all.
        jobs: how many lectures run at a time.
    Raises:
        CourseError: a lecture that does not run.
        ReadmeError: the README lacks what the site shows.
    """
    books = {each.slug: parsed.notebooks[f"lectures/{each.slug}.ipynb"] for each in parsed.course.lectures}
    wanted = {slug: books[slug] for slug in books if numbers is None or {slug, slug[:2]} & set(numbers)}
    outputs = outputs_of(parsed.root, wanted, jobs=jobs)
    pictures = Pictures()
    pages = site_pages(parsed, outputs, pictures)
    files = {"extra" / Path(name): data for name, data in pictures.files.items()}
    files |= {Path(name): text.encode() for name, text in pages.items()}
    files[Path("site.json")] = json.dumps(settings(parsed.course, pages), indent=1).encode()
    _write(dest, files)
    return Staged(pages, tuple(outputs))


def site_pages(parsed: ParsedCourse, outputs: Mapping[str, Outputs], pictures: Pictures) -> dict[str, str]:
    """Every page by its path; those of the library need only its docstrings, and run nothing."""
    course = parsed.course
    own = {f"lectures/{each.slug}.ipynb" for each in course.lectures}
    own |= {f"labs/{each.slug}.ipynb" for each in course.chapters if each.lab}
    others = ["index.md", "run.md", "teaching.md", "api/index.md", *(f"api/{name}.md" for name in API)]
    links = SiteLinks({*own, *others}, _files(course))
    pages = {}
    for chapter in course.lectures:
        for kind in ("lectures", "solutions") if chapter.lab else ("lectures",):
            source = parsed.sources[f"{kind}/{chapter.slug}.md"]
            folder = "lectures" if kind == "lectures" else "labs"
            cells, ran = (
                edition_cells(source)[folder],
                outputs.get(chapter.slug) if kind == "lectures" else None,
            )
            pages[f"{folder}/{chapter.slug}.ipynb"] = page(
                cells, ran, course, chapter, folder, links, pictures
            )
    readme, teaching = ((parsed.root / name).read_text("utf-8") for name in ("README.md", "TEACHING.md"))
    titles = {"run": "How to run it", "teaching": "Teaching", "api/index": "The library"}
    run = f"# {titles['run']}\n\n{_clone(course)}{sections(readme, RUN)}"
    welcome = outputs.get(course.lectures[0].slug, ())
    pages["index.md"] = front_page(parsed.root, course, pictures, welcome) + "\n" + outline(course, titles)
    pages["run.md"] = links.rewrite(run, "README.md")
    pages["teaching.md"] = links.rewrite(teaching, "TEACHING.md")
    return pages | dict(_api_pages())


def _clone(course: Course) -> str:
    """How to get the course, before how to run it; nothing where its place is not known."""
    known = repository(course)
    folder = known.rpartition("/")[2]
    return f"```\ngit clone https://github.com/{known}\ncd {folder}\n```\n\n" if known else ""


def _api_pages() -> Iterator[tuple[str, str]]:
    kit = importlib.import_module("coursekit")
    index = ["# The library", "", api.markdown(kit.__doc__ or ""), ""]
    for name, title in API.items():
        module = importlib.import_module(f"coursekit.{name}")
        index += [f"## {title}", ""]
        text = api.module_page(module, title, kit.__all__)
        index += [_line(name, each, thing) for each, thing in api.named(module)]
        for inner in INSIDE.get(name, ()):
            part = importlib.import_module(f"coursekit.{name}.{inner}")
            text += "\n" + api.module_page(part, f"{name}.{inner}").replace("# ", "## ", 1)
            index += [_line(name, each, thing) for each, thing in api.named(part)]
        index.append("")
        yield f"api/{name}.md", text
    index += [
        "```{toctree}",
        ":hidden:",
        "",
        *(f"{title} <{name}>" for name, title in API.items()),
        "```",
        "",
    ]
    yield "api/index.md", "\n".join(index)


def _line(page_name: str, name: str, thing: object) -> str:
    return f"- [`{name}`]({page_name}.md#{name.lower()}): {' '.join(api.summary(thing).split())}"


def repository(course: Course) -> str:
    """The course's place on GitHub: as course.toml says, else where this build runs; empty: not known."""
    return course.repository or os.environ.get(HOST, "")


def _files(course: Course) -> str:
    known = repository(course)
    return f"https://github.com/{known}/blob/{course.branch}" if known else ""


def settings(course: Course, pages: Collection[str]) -> dict[str, object]:
    """What the settings of Sphinx need to know of the course."""
    launch = {name.rpartition(".")[0]: _launch(course, name) for name in pages}
    return {"title": course.title, "repository": repository(course), "launch": launch}


def _launch(course: Course, page_name: str) -> list[tuple[str, str]]:
    """Where a page's notebook can be run without installing anything: names and addresses."""
    known = repository(course)
    if not known:
        return []
    path = page_name if page_name.endswith(".ipynb") else f"lectures/{course.lectures[0].slug}.ipynb"
    found = [("Binder", binder_link(known, course.branch, path))]
    # The notebooks install the package on Colab only if course.toml says from where.
    found += [("Colab", colab_link(known, course.branch, path))] * bool(course.repository)
    return [*found, ("a codespace", f"https://codespaces.new/{known}?quickstart=1")]


def _write(dest: Path, files: Mapping[Path, bytes]) -> None:
    """Make the folder hold these files and no others; Sphinx reads again what was written."""
    for old in [path for path in dest.rglob("*") if path.is_file() and path.relative_to(dest) not in files]:
        old.unlink()
    for name, data in files.items():
        path = dest / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
