"""Sources to notebooks: everything is parsed and checked before anything is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from coursekit.release import rules
from coursekit.release.course import FILE, Chapter, Course, read_course
from coursekit.release.exercises import numbers
from coursekit.release.faults import CourseError, Fault
from coursekit.release.markers import solved, stub
from coursekit.release.notebook import render
from coursekit.release.pages import framed
from coursekit.release.source import Cell, Source, parse

FOLDERS = ("lectures", "labs", "solutions")
ANSWER_HERE = "*Write your answer here.*"


@dataclass(frozen=True)
class Material:
    """The course and its sources, parsed and found to keep the rules; `sources` by their path."""

    course: Course
    sources: dict[str, Source]


def load(root: Path) -> Material:
    """Read course.toml and every source below `root`.

    Raises:
        CourseError: with all faults of all files, so that they can be mended at once.
    """
    course = read_course(root)
    sources: dict[str, Source] = {}
    faults = list(_unlisted(root, course))
    for chapter, file in _expected(course):
        try:
            sources[file] = _checked(_text(root, file, chapter), file, chapter)
        except CourseError as error:
            faults += error.faults
    if faults:
        raise CourseError(faults)
    return Material(course, sources)


def from_text(text: str, file: str, course: Course) -> dict[str, str]:
    """Build the notebooks of one source, in memory: path to text.

    Args:
        text: the source.
        file: `lectures/SLUG.md` or `solutions/SLUG.md`, where SLUG is one of the course's.
        course: the course.
    Returns:
        One notebook for a lecture; solution and lab for a solution.
    Raises:
        CourseError: the source breaks a rule.
    """
    chapter = next(chapter for chapter in course.chapters if chapter.slug == Path(file).stem)
    return _built(_checked(text, file, chapter), course, chapter)


def notebooks(material: Material) -> dict[str, str]:
    """Every notebook of the course, in memory: path from the top folder to text."""
    made: dict[str, str] = {}
    for chapter, file in _expected(material.course):
        made |= _built(material.sources[file], material.course, chapter)
    return made


def write(root: Path, made: dict[str, str]) -> list[str]:
    """Write the notebooks that differ from what is on disk, and return their paths."""
    changed = []
    for path, text in made.items():
        target, data = root / path, text.encode()
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            changed.append(path)
    return changed


def _expected(course: Course) -> Iterator[tuple[Chapter, str]]:
    for chapter in course.chapters:
        yield chapter, f"lectures/{chapter.slug}.md"
        if chapter.lab:
            yield chapter, f"solutions/{chapter.slug}.md"


def _unlisted(root: Path, course: Course) -> Iterator[Fault]:
    listed = {file for _, file in _expected(course)}
    for folder in rules.TAGS:
        for path in sorted((root / folder).glob("*.md")):
            file = f"{folder}/{path.name}"
            if file not in listed:
                remedy = "list it there (with lab = true for a solution), or delete it"
                yield Fault(file, 1, f"not in {FILE}", remedy)


def _text(root: Path, file: str, chapter: Chapter) -> str:
    try:
        return (root / file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        what = f"chapter {chapter.slug!r} has no {file}"
        raise CourseError([Fault(FILE, chapter.line, what, "write it, or take the chapter out")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CourseError([Fault(file, line, "not UTF-8", "save the file as UTF-8")]) from None


def _checked(text: str, file: str, chapter: Chapter) -> Source:
    source = parse(text, file)
    faults = list(rules.faults(source, chapter.number))
    if faults:
        raise CourseError(faults)
    return source


def _built(source: Source, course: Course, chapter: Chapter) -> dict[str, str]:
    editions = {"lectures": list(source.cells)}
    if source.folder == "solutions":
        editions = {"solutions": _solution_cells(source), "labs": _lab_cells(source)}
    return {
        f"{folder}/{source.slug}.ipynb": render(
            f"{folder}/{source.slug}", framed(cells, course, chapter, folder), _mark(folder, course, chapter)
        )
        for folder, cells in editions.items()
    }


def _mark(folder: str, course: Course, chapter: Chapter) -> dict[str, dict[str, str]]:
    """By this `coursekit.save()` knows a lab, whatever its file is called."""
    return {"coursekit": {"course": course.title, "lab": chapter.slug}} if folder == "labs" else {}


def _solution_cells(source: Source) -> list[Cell]:
    return [
        replace(cell, text=solved(cell.text)) if cell.tag == "exercise" else cell for cell in source.cells
    ]


def _lab_cells(source: Source) -> list[Cell]:
    number = numbers(source)
    kept = (cell for cell in source.cells if cell.tag not in rules.LEFT_OUT)
    return [_lab_cell(cell, number) for cell in kept]


def _lab_cell(cell: Cell, number: dict[int, str]) -> Cell:
    if cell.tag == "exercise":
        return replace(cell, text=stub(cell.text, number[cell.line]))
    return replace(cell, text=ANSWER_HERE) if cell.tag == "written" else cell
