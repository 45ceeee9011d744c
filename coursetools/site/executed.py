"""What the cells of a lecture put out, kept in a file that is named after everything it depends on.

Two write such files: a build of the site, which runs what is missing, and a run of the notebooks under
pytest, which has the outputs at hand (conftest.py). Whichever comes first saves the other the work.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from coursetools.build.diagnostics import CourseError, Diagnostic

Outputs = Sequence[Sequence[Mapping[str, Any]]]  # for each code cell what it put out
KEPT = Path("build", "site", "executed")
_LIBRARY = ("coursekit", "constraints.txt")
_SECONDS = 600


def library_hash(root: Path) -> str:
    """A hash of what every notebook depends on: the package, and the versions of all others."""
    digest = hashlib.sha256()
    files = [path for name in _LIBRARY for path in (root / name, *(root / name).rglob("*")) if path.is_file()]
    for path in sorted(files):
        if "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def kept_file(root: Path, slug: str, notebook: str, library: str) -> Path:
    """Where the outputs of a lecture are kept.

    Args:
        root: the course's top folder.
        slug: the lecture's.
        notebook: text of its notebook; what stands between the code makes no difference.
        library: the hash of all else.
    """
    cells = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    key = hashlib.sha256(json.dumps([*cells, library]).encode()).hexdigest()[:20]
    return root / KEPT / f"{slug}-{key}.json"


def keep(file: Path, outputs: Outputs) -> None:
    """Write a lecture's outputs, and remove those of its earlier states."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(outputs), encoding="utf-8")
    part.replace(file)
    slug = file.stem.rpartition("-")[0]
    for old in file.parent.glob(f"{slug}-*.json"):
        if old != file:
            old.unlink(missing_ok=True)


def outputs_of(root: Path, notebooks: Mapping[str, str], *, jobs: int = 2) -> dict[str, Outputs]:
    """The outputs of lectures, run where none are kept.

    Args:
        root: the course's top folder.
        notebooks: text of each lecture's notebook, by slug.
        jobs: how many run at a time.
    Raises:
        CourseError: cells that fail.
    """
    library = library_hash(root)
    files = {slug: kept_file(root, slug, text, library) for slug, text in notebooks.items()}
    todo = [slug for slug, file in files.items() if not file.exists()]
    with ThreadPoolExecutor(jobs) as pool:
        made = pool.map(lambda slug: _run(root, slug, notebooks[slug], files[slug]), todo)
        faults = [fault for fault in made if fault]
    if faults:
        raise CourseError(faults)
    return {slug: json.loads(file.read_text(encoding="utf-8")) for slug, file in files.items()}


def _run(root: Path, slug: str, text: str, file: Path) -> Diagnostic | None:
    """Run a lecture in a kernel with a home of its own, and keep its outputs; a fault if a cell fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.reads(text, as_version=4)
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"COURSEKIT_HOME": home, "IPYTHONDIR": str(Path(home, "ipython"))}
        where = {"metadata": {"path": str(root / "lectures")}}
        client = NotebookClient(
            notebook, timeout=_SECONDS, kernel_name="python3", resources=where, store_widget_state=False
        )
        try:
            client.execute(env=env)
        except CellExecutionError as error:
            last = str(error).rstrip().splitlines()[-1]
            return Diagnostic(f"lectures/{slug}.ipynb", 1, f"a cell fails: {last}", "run it and see")
    keep(file, [cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    return None
