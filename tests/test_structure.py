"""The package goes one way, as CONTRIBUTING.md says, and holds nothing public that nobody uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import coursekit.command
import coursekit.work

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "coursekit"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
BESIDE = {"checks", "work", "command"}
FENCE = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", re.M | re.S)


def order():
    """The modules of the course's way, from the one place that names them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.search(r"`coursekit` goes one way.*?: `([^`]*)`", text)[1].split(", ")


def inside(path):
    """Names of the package, the folders and the file that a path of ours stands for, outermost first."""
    return path.relative_to(ROOT).with_suffix("").parts


def imported(path: Path, tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """What of coursekit a file imports, anywhere in it: ("coursekit", "plots", "page", "shrunk")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [tuple(each.name.split(".")) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside(path)[: -node.level] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            targets = [(*base, *module, each.name) for each in node.names]
        else:
            continue
        yield from (target for target in targets if target[0] == "coursekit")


def module(path):
    """A file's module or folder directly below coursekit."""
    return inside(path)[1]


def test_the_order_names_every_module():
    there = {module(path) for path in FILES} - {"__init__", "__main__"} - BESIDE
    assert sorted(order()) == sorted(there)


def test_each_module_imports_only_from_those_before_it():
    place = {name: index for index, name in enumerate(order())}
    for path, tree in TREES.items():
        mine = module(path)
        if mine not in place:
            continue
        for target in imported(path, tree):
            assert len(target) > 1, f"{path} imports the whole package, whose face is made of it"
            assert target[1] in place, f"{path} imports {'.'.join(target)}"
            assert target[1] == mine or place[target[1]] < place[mine], f"{path} imports {'.'.join(target)}"


def test_nothing_imports_what_stands_beside_but_progress_save_restore_and_the_command():
    found = [
        (module(path), target[1])
        for path, tree in TREES.items()
        for target in imported(path, tree)
        if target[1] in BESIDE and target[1] != module(path)
    ]
    assert sorted(set(found)) == [
        ("__init__", "checks"),
        ("__init__", "work"),
        ("__main__", "command"),
        ("work", "checks"),
    ]
    lazily = {
        node.name: [target[1] for target in imported(PACKAGE / "__init__.py", node)]
        for node in TREES[PACKAGE / "__init__.py"].body
        if isinstance(node, ast.FunctionDef)
    }
    assert lazily == {"progress": ["checks"], "save": ["work"], "restore": ["work"]}


@pytest.mark.parametrize(
    "package",
    [coursekit.work, coursekit.command],
    ids=["work", "command"],
)
def test_a_package_beside_goes_the_way_that_it_says(package):
    """Inside; the command uses all of the course's way, `work` two of checks."""
    folder = package.__name__.rpartition(".")[2]
    way = re.findall(r"^    (\w+)  ", package.__doc__, re.M)
    files = {path.stem: path for path in FILES if path.parent.name == folder}
    assert sorted(way) == sorted(files.keys() - {"__init__", "__main__"})
    for name in way:
        for target in imported(files[name], TREES[files[name]]):
            if folder == "command" and target[1] in order():
                continue
            if folder == "work" and target[1:3] in (("checks", "panel"), ("checks", "record")):
                continue
            assert target[1] == folder
            assert way.index(target[2]) < way.index(name), f"{name} imports {'.'.join(target)}"


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
    texts = [cells(path) for folder in ("lectures", "solutions") for path in (ROOT / folder).glob("*.md")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "tools").glob("*.py")]
    trees = [*TREES.values(), *map(ast.parse, texts)]
    used = [word for tree in trees for word in words(tree)]
    taught = [tree for path, tree in TREES.items() if module(path) not in BESIDE]
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
    "restore",  # readers call these two, in cells of their own
    "save",
}
