"""Measure everything, or the parts that are named, and write benchmarks/RESULTS.md."""

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path

from . import explorers, growth, in_page, jumps, peers, quality, simulation, start, training
from .rounds import machine

HERE = Path(__file__).parent
MEASURED = HERE.parent / "build" / "bench-parts"
PARTS: dict[str, Callable[[], str]] = {
    "simulation": simulation.section,
    "jumps": jumps.section,
    "training": training.section,
    "quality": quality.section,
    "growth": growth.section,
    "start": start.section,
    "explorers": explorers.section,
    "in_page": in_page.section,
}


def main() -> None:
    """Measure the parts that were asked for; write the report when every part has been measured once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to measure; all unless given")
    MEASURED.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().parts or PARTS:
        text = f"{PARTS[name]()}\n\n*Measured on {datetime.date.today().isoformat()}.*"
        (MEASURED / f"{name}.md").write_text(text, encoding="utf-8")
        print(f"## {name}\n\n{text}\n", flush=True)
    files = {name: MEASURED / f"{name}.md" for name in PARTS}
    if missing := [name for name, file in files.items() if not file.exists()]:
        print(f"no report yet: {', '.join(missing)} not measured")
        return
    made = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    beside = ", ".join(f"{name} {number}" for name, number in peers.versions().items())
    text = (HERE / "RESULTS.template.md").read_text(encoding="utf-8")
    text = text.format(machine=machine(), peers=beside, **made)
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(f"written to {HERE / 'RESULTS.md'}")


if __name__ == "__main__":
    main()
