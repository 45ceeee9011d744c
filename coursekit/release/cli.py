"""The command line: `python -m coursekit.release build|check`."""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from coursekit.release import committed, leaks, links
from coursekit.release.build import Material, load, notebooks, write
from coursekit.release.faults import CourseError, Fault


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the notebooks, or check them; print one line a fault and return 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m coursekit.release", description=__doc__)
    parser.add_argument("command", choices=("build", "check"))
    parser.add_argument("--root", type=Path, default=Path(), help="the course's top folder (default: here)")
    options = parser.parse_args(arguments)
    try:
        material = load(options.root)
        made = notebooks(material)
    except CourseError as error:
        return _report(error.faults, f"nothing {'written' if options.command == 'build' else 'checked'}")
    readers = committed.read_or_worked_in(options.root, made)
    for path in sorted(readers):
        back = f" (`git restore {path}` brings the built one back)" if path in made else ""
        print(f"{path}: run or worked in here, left alone{back}")
    if options.command == "build":
        changed = write(options.root, {path: text for path, text in made.items() if path not in readers})
        print("\n".join(["wrote " + path for path in changed] + [f"{len(made)} notebooks are up to date"]))
        return 0
    faults = check(options.root, material, made, readers)
    if faults:
        return _report(faults, "the release check failed")
    print(f"{len(made)} notebooks: as their sources build them, nothing leaked, no dead link")
    return 0


def check(root: Path, material: Material, made: dict[str, str], readers: Collection[str] = ()) -> list[Fault]:
    """Every gate's faults: built = committed, leaks, links; copies of readers are theirs to fill in."""
    sources = list(material.sources.values())
    hidden = leaks.secrets(sources, leaks.public_text(root))
    texts = {(path, text) for path, text in made.items() if path.startswith("labs/")}
    # The lab on disk may be stale or an orphan: what it gives away is given away all the same.
    for path in sorted((root / "labs").glob("*.ipynb")):
        if f"labs/{path.name}" in readers:
            continue
        texts.add((f"labs/{path.name}", path.read_text(encoding="utf-8", errors="replace")))
    leaked = {fault for path, text in texts for fault in leaks.faults(path, text, hidden)}
    return [*committed.faults(root, made, readers), *sorted(leaked), *links.faults(root, sources, made)]


def _report(faults: Sequence[Fault], outcome: str) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} fault{'s' if len(faults) != 1 else ''}: {outcome}", file=sys.stderr)
    return 1
