"""Freeze the prose that chapter 11 learns to write: `python tools/make_prose.py`.

It writes coursekit/data/prose.txt.gz, one sentence a line, and prose_pieces.json beside it. The sentences are
those without formulas and code in the lectures, with their captions and alternative texts, in the docstrings
of what is public in coursekit, and in README and CONTRIBUTING. None is from an answer, a check or a test, nor
does any occur in an answer. The model in coursekit/weights is of this text: freeze it again, train it again.
"""

import ast
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from coursekit.data.pieces import learn_pieces
from coursekit.data.prose import split_prose

ROOT = Path(__file__).parents[1]
PIECES = 512
PLAIN = str.maketrans(
    {"–": "-", "—": "-", "’": "'", "“": '"', "”": '"', "…": "...", "*": None, "\u00a0": " "}
)
NOT_PROSE = (
    r"\A---\n.*?\n---\n",  # the header
    r"```.*?```",
    r":::\{[^\n]*",
    r":::",
    r"\$\$.*?\$\$",
    r"^ *\|[^\n]*",
    r"^\+\+\+[^\n]*",
    r"^#+ [^\n]*",
    r"!\[[^\]]*\]\([^)]*\)",
)
ANSWER = re.compile(r"### BEGIN SOLUTION(.*?)### END SOLUTION", re.S)
WRITTEN = re.compile(r"^\+\+\+ .*?(?:solution|written).*?\n(.*?)^\+\+\+", re.S | re.M)


def plain(text: str) -> str:
    """Markdown without its markup: only paragraphs of sentences are left."""
    for pattern in NOT_PROSE:
        text = re.sub(pattern, "\n\n", text, flags=re.S | re.M)
    text = re.sub(r"<[^>]+>", "\n\n", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"^ *([-*]|\d+\.) ", "\n", text, flags=re.M)


def sentences(text: str) -> Iterator[str]:
    """Sentences of ordinary words in a text whose paragraphs are set apart by empty lines."""
    for paragraph in re.split(r"\n\s*\n", text):
        flat = spoken(" ".join(paragraph.split()).translate(PLAIN))
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])", flat):
            if ordinary(sentence):
                yield sentence


def spoken(text: str) -> str:
    """Letters that stand alone as formulas, and names set as code, read like words."""
    text = re.sub(r"\$\\?([A-Za-z]{1,7})\$", r"\1", text)
    return re.sub(r"`([A-Za-z]+(?:\.[A-Za-z]+)?)`", r"\1", text)


def ordinary(sentence: str) -> bool:
    """Whether a sentence is one: long, begun and ended like one, of letters, nothing to compute."""
    words = sum(letter.isalpha() or letter == " " for letter in sentence)
    return (
        len(sentence) >= 20
        and len(sentence.split()) >= 4
        and sentence.isascii()
        and not re.search(r"[$`\\{}_|<>=\[\]^#/@~&%+]", sentence)
        and words > 0.9 * len(sentence)
        and bool(re.match(r"[A-Z\"'(0-9]", sentence))
        and sentence[-1] in ".!?"
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
    )


def told_in_cells(text: str) -> str:
    """Captions and alternative texts of a notebook's code cells."""
    cells = re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", text, flags=re.S)
    found = []
    for cell in cells:
        code = "\n".join(line for line in cell.splitlines() if not re.match(r":\w+:|[%!]", line))
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.keyword) and node.arg in ("caption", "alt"):
                value = node.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.append(re.sub(r"^Figure [\d.]+\s", "", value.value))
    return "\n\n".join(found)


def docstrings(path: Path) -> str:
    """Docstrings of a module, and of what is public in it; an argument's description is a paragraph."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node) or ""
            if not getattr(node, "name", "").startswith("_"):
                text = re.sub(r"^( *)>>>.*?(\n\n|\Z)", "\n\n", text, flags=re.S | re.M)
                text = re.sub(r"^ *\w+:$", "\n", text, flags=re.M)
                found.append(re.sub(r"^ +(\w+): ([a-z])", capital, text, flags=re.M))
    return "\n\n".join(found)


def capital(match: re.Match[str]) -> str:
    """A description of an argument, as a sentence of its own."""
    return f"\n\n{match[2].upper()}"


def answers() -> str:
    """Everything in the solutions that no lab shows, in one line."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "solutions").glob("*.md"))]
    return spoken(" ".join(" ".join(texts).split()).translate(PLAIN))


def collect() -> list[str]:
    """All sentences, each once, in the order in which they stand."""
    texts = []
    for path in sorted((ROOT / "lectures").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        texts += [plain(text), told_in_cells(text)]
    texts += [plain((ROOT / name).read_text(encoding="utf-8")) for name in ("README.md", "CONTRIBUTING.md")]
    modules = sorted((ROOT / "coursekit").rglob("*.py"))
    texts += [docstrings(path) for path in modules if "checks" not in path.parts]
    hidden = answers()
    found = dict.fromkeys(sentence for text in texts for sentence in sentences(text))
    return [sentence for sentence in found if sentence not in hidden]


def main() -> None:
    lines = collect()
    often = {letter for letter in set("".join(lines)) if "".join(lines).count(letter) >= 20}
    lines = [line for line in lines if set(line) <= often]
    pieces = learn_pieces(split_prose(lines)[0], PIECES)
    folder = ROOT / "coursekit" / "data"
    text = "".join(f"{line}\n" for line in lines)
    (folder / "prose.txt.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    table = {"pieces": pieces.pieces, "merges": pieces.merges}
    (folder / "prose_pieces.json").write_text(json.dumps(table) + "\n", encoding="utf-8")
    print(f"{len(lines)} sentences, {len(text)} letters, {len(pieces.pieces)} pieces")


if __name__ == "__main__":
    main()
