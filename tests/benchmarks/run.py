"""`make bench`: measure what a user waits for, print it, and write `bench.json` as flat name: number pairs.

    python tests/benchmarks/run.py [NAME ...] [--runs N] [--list]

Each module beside this one measures one subject with `measure(runs) -> {name: number}`. Figures are medians of
several runs; where a figure is a ratio, both sides were measured in the same run, side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

SUBJECTS = ("imports", "checks", "diagnosis", "mastery", "views", "lessons", "grading")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what a user waits for.")
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=f"any of: {', '.join(SUBJECTS)} (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="runs behind each median (default: 5)")
    parser.add_argument("--out", type=Path, default=ROOT / "bench.json", help="where the figures go")
    asked = parser.parse_args()
    unknown = [name for name in asked.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(SUBJECTS)}")

    from rich.console import Console
    from rich.table import Table

    console = Console()
    figures: dict[str, float] = json.loads(asked.out.read_text()) if asked.subjects and asked.out.exists() else {}
    for name in asked.subjects or SUBJECTS:
        started = time.perf_counter()
        with console.status(f"measuring {name} …"):
            figures |= import_module(f"measure_{name}").measure(asked.runs)
        console.print(f"[dim]{name}: measured in {time.perf_counter() - started:.0f} s[/dim]")
        part = asked.out.with_suffix(".part")
        part.write_text(json.dumps(dict(sorted(figures.items())), indent=1) + "\n")
        part.replace(asked.out)

    table = Table("figure", "value", title=f"medians of {asked.runs} runs, {os.cpu_count()} cores")
    table.columns[1].justify = "right"
    for name, value in sorted(figures.items()):
        table.add_row(name, f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
