"""Sources to notebooks: everything is parsed and checked before anything is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from coursetools.build import rules
from coursetools.build.boxes import with_quotes
from coursetools.build.course import FILE, Chapter, Course, read_course
from coursetools.build.diagnostics import CourseError, Diagnostic, raise_if_any
from coursetools.build.exercises import numbers
from coursetools.build.markers import stub, without_markers
from coursetools.build.notebook import render
from coursetools.build.notebook_frame import add_frame
from coursetools.build.source import SourceCell, SourceFile, parse

FOLDERS = ("lectures", "labs", "solutions")
ANSWER_HERE = "*Write your answer here.*"


@dataclass(frozen=True)
class ParsedCourse:
    """The course in `root` and its sources by path, all of them found to follow the rules."""

    root: Path
    course: Course
    sources: dict[str, SourceFile]

    @cached_property
    def notebooks(self) -> dict[str, str]:
        """Every notebook that the sources build, in memory: path from the top folder to text."""
        books: dict[str, str] = {}
        for chapter, file in _source_paths(self.course):
            books |= build_editions(self.sources[file], self.course, chapter)
        return books


def load_course(root: Path) -> ParsedCourse:
    """Read course.toml and every source below `root`.

    Raises:
        CourseError: with all faults of all files, so that they can be mended at once.
    """
    course = read_course(root)
    sources: dict[str, SourceFile] = {}
    faults = list(_unlisted_sources(root, course))
    for chapter, file in _source_paths(course):
        try:
            sources[file] = parse_source(_read(root, file, chapter), file, chapter)
        except CourseError as error:
            faults += error.faults
    raise_if_any(faults)
    return ParsedCourse(root, course, sources)


def write_notebooks(root: Path, books: Mapping[str, str]) -> list[str]:
    """Write the notebooks that differ from what is on disk, and return their paths."""

    def differs(path: str) -> bool:
        return not (root / path).is_file() or (root / path).read_bytes() != books[path].encode()

    changed = [path for path in books if differs(path)]
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(books[path].encode())
    return changed


def _source_paths(course: Course) -> Iterator[tuple[Chapter, str]]:
    for chapter in course.lectures:
        yield chapter, f"lectures/{chapter.slug}.md"
        if chapter.lab:
            yield chapter, f"solutions/{chapter.slug}.md"


def _unlisted_sources(root: Path, course: Course) -> Iterator[Diagnostic]:
    listed = {file for _, file in _source_paths(course)}
    for folder in rules.TAGS:
        for path in sorted((root / folder).glob("*.md")):
            file = f"{folder}/{path.name}"
            if file not in listed:
                remedy = "list it there (with lab = true for a solution), or delete it"
                yield Diagnostic(file, 1, f"not in {FILE}", remedy)


def _read(root: Path, file: str, chapter: Chapter) -> str:
    try:
        return (root / file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = f"chapter {chapter.slug!r} has no {file}"
        fault = Diagnostic(FILE, chapter.line, message, "write it, or take the chapter out")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = Diagnostic(file, line, "not UTF-8", "save the file as UTF-8")
    raise CourseError([fault])


def parse_source(text: str, file: str, chapter: Chapter) -> SourceFile:
    """Parse a source and check it against the rules; CourseError carries every violation."""
    source = parse(text, file)
    raise_if_any(rules.rule_faults(source, chapter))
    return source


def build_editions(source: SourceFile, course: Course, chapter: Chapter) -> dict[str, str]:
    """Build the notebooks of one source, in memory: a lecture, or a solution and its lab."""
    # By this entry in the metadata `coursekit.save()` knows a lab, whatever its file is called.
    lab = {"coursekit": {"course": course.title, "lab": chapter.slug}}
    books = {}
    for folder, own in edition_cells(source).items():
        name, framed = f"{folder}/{source.slug}", add_frame(own, course, chapter, folder)
        framed = [
            replace(cell, text=with_quotes(cell.text)) if cell.kind == "markdown" else cell for cell in framed
        ]
        framed = [cell for cell in framed if cell.kind == "code" or cell.text.strip()]  # all was for the site
        books[f"{name}.ipynb"] = render(name, framed, lab if folder == "labs" else {})
    return books


def edition_cells(source: SourceFile) -> dict[str, list[SourceCell]]:
    """The cells of each notebook of a source, by the notebook's folder, with their boxes as in the source."""
    if source.folder == "lectures":
        return {"lectures": list(source.cells)}
    number = numbers(source)
    labs = [_lab_cell(cell, number) for cell in source.cells if cell.tag not in rules.LEFT_OUT]
    solved = [replace(cell, text=without_markers(cell.text)) for cell in source.cells]
    return {"solutions": solved, "labs": labs}


def _lab_cell(cell: SourceCell, number: dict[int, str]) -> SourceCell:
    if cell.tag == "exercise":
        return replace(cell, text=stub(cell.text, number[cell.line]))
    return replace(cell, text=ANSWER_HERE) if cell.tag == "written" else cell
