"""Measure everything and write benchmarks/RESULTS.md; with names of parts, print only these."""

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path

from . import explorers, growth, peers, quality, simulation, start, training
from .rounds import machine

HERE = Path(__file__).parent
PARTS: dict[str, Callable[[], str]] = {
    "simulation": simulation.section,
    "training": training.section,
    "quality": quality.section,
    "growth": growth.section,
    "start": start.section,
    "explorers": explorers.section,
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to print; all, into RESULTS.md")
    chosen = parser.parse_args().parts
    made = {name: PARTS[name]() for name in chosen or PARTS}
    if chosen:
        print("\n\n".join(made.values()))
        return
    text = (HERE / "RESULTS.template.md").read_text(encoding="utf-8")
    beside = ", ".join(f"{name} {number}" for name, number in peers.versions().items())
    told = {"date": datetime.date.today().isoformat(), "machine": machine(), "peers": beside}
    (HERE / "RESULTS.md").write_text(text.format(**told, **made), encoding="utf-8")
    print(f"written to {HERE / 'RESULTS.md'}")


if __name__ == "__main__":
    main()
