"""What each notebook takes: `make budgets` writes benchmarks/BUDGETS.md from the records of `make test`.

Nothing is run. The goals are stated here; the limits that CI keeps stand at the top of conftest.py.
"""

import json
from pathlib import Path
from typing import Any

from .rounds import machine, table

ROOT, HERE = Path(__file__).parents[1], Path(__file__).parent
GOALS = {"seconds": 180.0, "slowest": 60.0, "mb": 450.0, "with server": 800.0, "notebook_mb": 3.0}
GUIDANCE = {"mb": 650.0, "with server": 1000.0}
"""Chapter 06 has images, judges and three networks."""


def measured(record: dict[str, Any], server: float) -> dict[str, float]:
    """The figures of one notebook."""
    return {
        "seconds": record["seconds"],
        "slowest": record["slowest"]["seconds"],
        "mb": record["mb"],
        "with server": record["mb"] + server,
        "notebook_mb": record["notebook_mb"],
    }


def row(name: str, figures: dict[str, float]) -> list[str]:
    """A line of the table; what is over its goal is marked."""
    goals = GOALS | GUIDANCE if "06_" in name else GOALS
    digits = {"seconds": 0, "slowest": 1, "mb": 0, "with server": 0, "notebook_mb": 1}
    return [
        name.removesuffix(".ipynb"),
        *(f"{figures[key]:.{digits[key]}f}" + "*" * (figures[key] > goals[key]) for key in GOALS),
    ]


def main() -> None:
    """Write the table."""
    files = {name: ROOT / "build" / f"{name}.json" for name in ("notebooks", "browser")}
    missing = [str(path) for path in files.values() if not path.exists()]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} not found; `make test` records what the notebooks take")
    records, browser = (json.loads(path.read_text(encoding="utf-8")) for path in files.values())
    server = browser["server_mb"]
    rows = [row(name, measured(record, server)) for name, record in sorted(records.items())]
    start = max(record["cells"][1]["mb"] for record in records.values())
    head = ["notebook", "seconds", "slowest cell", "kernel, MB", "with server, MB", "file, MB"]
    text = (
        (HERE / "BUDGETS.template.md")
        .read_text(encoding="utf-8")
        .format(
            when=browser["date"],
            machine=machine(),
            server=server,
            table=table(head, rows),
            start=start,
            mb_06=GUIDANCE["mb"],
            whole=GOALS["with server"],
            whole_06=GUIDANCE["with server"],
            **{name: value for name, value in GOALS.items() if name != "with server"},
        )
    )
    (HERE / "BUDGETS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
