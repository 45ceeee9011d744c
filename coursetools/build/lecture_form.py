"""The form of a lecture: what has to be there, how much stands open, and figures that are numbered.

CONTRIBUTING.md says it in words. What stands before the recap is the main line: it has to fit into the
minutes that the head promises.
"""

import ast
import re
from bisect import bisect
from collections.abc import Iterator

from coursetools.build.boxes import boxes
from coursetools.build.notebook import FOLDED
from coursetools.build.source import SourceCell, SourceFile

MAIN_WORDS = 3500  # of the main line; folds, formulas' insides and captions are not counted
OPEN_LINES = 150  # of code in the main line that nobody has to unfold
RECAP = ("Three sentences", "Three formulas", "Five questions", "In practice", "References")
_AFTER = ("Going deeper", "Toolbox")
_HEADING = re.compile(r"(#{1,6}) (.*?)\s*")
_FOLD = re.compile(r"<details\b.*?</details>", re.DOTALL)
_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+?\$", re.DOTALL)
_TARGET = re.compile(r"\]\([^)]*\)")
_CAPTION = re.compile(r"Figure (\d+)\.(\d+)\. \S")
_NO_CODE = ("an algorithm without its code", "put a cell tagged [algorithm] below it")

Violation = tuple[int, str, str]  # line, message, remedy


def lecture_faults(source: SourceFile, chapter: int | None) -> Iterator[Violation]:
    """Everything in which a lecture departs from the form; its figures carry the number of its chapter."""
    yield from _outline_faults(source)
    yield from _size_faults(source)
    yield from _cell_faults(source)
    yield from _box_faults(source)
    yield from _figure_faults(source, chapter)


def headings(source: SourceFile) -> list[tuple[int, int, str]]:
    """Every heading of a source: its line, its level, its text."""
    found = []
    for cell in source.cells:
        if cell.kind == "markdown":
            fenced = False
            for number, line in enumerate(cell.text.splitlines(), cell.body):
                fenced ^= line.startswith("```")
                if not fenced and (heading := _HEADING.fullmatch(line)):
                    found.append((number, len(heading[1]), heading[2]))
    return found


def main_line(source: SourceFile) -> list[SourceCell]:
    """The cells before the recap, the last one cut off there."""
    kept: list[SourceCell] = []
    for cell in source.cells:
        head, recap, _ = cell.text.partition("## Recap\n") if cell.kind == "markdown" else (cell.text, "", "")
        if recap and (not head or head.endswith("\n")):
            return [*kept, SourceCell("markdown", head, cell.tag, cell.line, cell.body)]
        kept.append(cell)
    return kept


def words(source: SourceFile) -> int:
    """Words of the main line: a formula counts as one, a fold and a link's target as none."""
    text = "\n".join(cell.text for cell in main_line(source) if cell.kind == "markdown")
    text = _TARGET.sub("]", _FORMULA.sub(" x ", _FOLD.sub(" ", text)))
    return sum(any(sign.isalnum() for sign in word) for word in text.split())


def open_lines(source: SourceFile) -> int:
    """Lines of code in the main line that stand open, without empty ones and comments."""
    cells = [cell for cell in main_line(source) if cell.kind == "code" and cell.tag not in FOLDED]
    return sum(_code_lines(cell.text) for cell in cells)


def _code_lines(text: str) -> int:
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in text.splitlines())


def _outline_faults(source: SourceFile) -> Iterator[Violation]:
    outline = headings(source)
    top = [(line, title) for line, level, title in outline if level == 2]
    recap = next((line for line, title in top if title == "Recap"), None)
    last = outline[-1][0] if outline else 1
    if recap is None:
        yield last, "no recap", "end the main line with `## Recap`"
        return
    after = [(line, title) for line, title in top if line > recap]
    if [title for _, title in after] not in ([name] for name in _AFTER):
        remedy = f"let one section follow the recap: {' or '.join(f'`## {name}`' for name in _AFTER)}"
        yield recap, "not one section after the recap", remedy
    end = after[0][0] if after else last + 1
    parts = tuple(title for line, level, title in outline if level == 3 and recap < line < end)
    if parts != RECAP:
        remedy = f"write {', '.join(f'`### {name}`' for name in RECAP)}, in this order"
        yield recap, f"the recap has {', '.join(parts) or 'no parts'}", remedy


def _size_faults(source: SourceFile) -> Iterator[Violation]:
    for what, size, limit, remedy in (
        ("words", words(source), MAIN_WORDS, "move what proves into `## Going deeper`, and what repeats out"),
        ("open lines of code", open_lines(source), OPEN_LINES, "tag what serves setup, figure or evidence"),
    ):
        if size > limit:
            yield 1, f"the main line has {size} {what}, more than {limit}", remedy


def _cell_faults(source: SourceFile) -> Iterator[Violation]:
    for cell in source.cells:
        if cell.kind != "code":
            continue
        shows = bool(list(_pictures(cell)))
        if cell.tag == "figure" and not shows:
            yield (
                cell.line,
                "a figure cell that shows no figure",
                "end it with plots.show(…), or tag it setup",
            )
        if shows and cell.tag != "figure":
            yield cell.line, "a figure's code outside a figure cell", "give it a cell tagged [figure]"


def evidence_faults(source: SourceFile) -> Iterator[Violation]:
    """Cells tagged evidence that make no claim."""
    for cell in source.cells:
        if cell.tag == "evidence" and not any(_is_claim(node) for node in _walk(cell)):
            yield cell.line, "an evidence cell without evidence", 'write `with evidence("…") as claim:`'


def _is_claim(node: ast.AST) -> bool:
    call = node.context_expr if isinstance(node, ast.withitem) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "evidence"


def _walk(cell: SourceCell) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(cell.text))
    except SyntaxError:  # a run of the notebook says so better
        return


def _pictures(cell: SourceCell) -> Iterator[ast.Call]:
    """The calls of a cell that show a figure, in order."""
    calls = [node for node in _walk(cell) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = ast.unparse(call.func)
        if name == "plots.show" or name.split(".")[-1] == "animate":
            yield call


def _figure_faults(source: SourceFile, chapter: int | None) -> Iterator[Violation]:
    """Figures without a caption, or with another number than their place gives them."""
    number = 0
    for cell in source.cells:
        for call in _pictures(cell) if cell.kind == "code" else ():
            number += 1
            line = cell.body + call.lineno - 1
            caption = next((word.value for word in call.keywords if word.arg == "caption"), None)
            found = _CAPTION.match(_text(caption)) if caption is not None else None
            begin = f"Figure {chapter}.{number}. "
            if caption is None:
                yield line, "a figure without a caption", f'write caption="{begin}…"'
            elif not found:
                yield line, "a caption without its number", f'begin it with "{begin}"'
            elif (int(found[1]), int(found[2])) != (chapter, number):
                yield line, f"figure {found[1]}.{found[2]} out of order", f'begin its caption with "{begin}"'


def _text(node: ast.expr) -> str:
    """The constant beginning of a text, which may be an f-string."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0] if node.values else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _box_faults(source: SourceFile) -> Iterator[Violation]:
    sections = [line for line, level, _ in headings(source) if level == 2]
    seen: set[int] = set()
    due: int | None = None  # the line of an algorithm that waits for its code
    for cell in source.cells:
        if cell.kind == "code":
            if due is not None and cell.tag != "algorithm":
                yield due, *_NO_CODE
            due = None
            continue
        for box in boxes(cell.text):
            line = cell.body + box.begin
            if box.kind == "algorithm":
                due = line
            elif box.kind == "key-idea":
                section = bisect(sections, line)
                if section in seen:
                    yield line, "a second key idea in a section", "keep the one that counts"
                seen.add(section)
    if due is not None:
        yield due, *_NO_CODE
