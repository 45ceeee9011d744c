"""The package holds nothing public that nobody uses; `lint-imports` holds its layers, in `make check`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "coursekit").rglob("*.py"))
}
NOT_TAUGHT = {"backup", "checks", "cli"}
FENCE = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", re.M | re.S)


def folder(path):
    """The layer that a file of coursekit belongs to."""
    return path.relative_to(ROOT / "coursekit").parts[0]


def cells(path):
    """The code cells of a notebook's source; what only Jupyter can read is left out."""
    code = "\n".join(FENCE.findall(path.read_text(encoding="utf-8")))
    return "\n".join(line for line in code.splitlines() if not re.match(r"\s*(:\w+:|[%!])", line))


def words(tree: ast.AST) -> list[str]:
    """Names read and attributes asked for."""
    return [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    ]


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes, and the methods of these, each with its definition."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node.name, node
            # What a protocol asks for is held by those who keep it.
            inner = [] if "Protocol" in map(ast.unparse, getattr(node, "bases", [])) else node.body
            yield from (
                (each.name, each)
                for each in inner
                if isinstance(node, ast.ClassDef)
                and isinstance(each, ast.FunctionDef)
                and not each.name.startswith("_")
            )


def test_every_public_name_is_used_in_a_notebook_or_in_the_package():
    """Not counted: tests, what a package's face hands on, and a definition's own lines."""
    texts = [cells(path) for kind in ("lectures", "solutions") for path in (ROOT / kind).glob("*.md")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "tools").glob("*.py")]
    trees = [*TREES.values(), *map(ast.parse, texts)]
    used = [word for tree in trees for word in words(tree)]
    taught = [tree for path, tree in TREES.items() if folder(path) not in NOT_TAUGHT]
    idle = [
        name
        for tree in taught
        for name, node in public(tree)
        if used.count(name) == words(node).count(name) and name not in PROMISED
    ]
    assert idle == []


PROMISED = {
    "Density",  # a protocol of the distributions' two, for annotations that readers write
    "forward",  # torch's modules call it
    "progress",  # readers call these three, in cells of their own
    "restore",
    "save",
    "solve_iter",  # for readers who draw or stop between two steps
}
