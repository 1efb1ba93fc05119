"""Grading again: how long a class takes in which nothing has changed, beside the first time."""

from __future__ import annotations

import statistics
import time
from pathlib import Path


def measure(unit: str, handed_in: Path, into: Path, root: Path, jobs: int = 2, runs: int = 5) -> dict[str, float]:
    """Grade the class in `handed_in` into the new folder `into`, then again, with nothing changed, `runs` times.

    Both are whole calls of `grade_class` in this process, from looking for submissions to the CSV; imports are not
    counted, which a command pays besides.
    """
    from autograder.grading.grade import grade_class
    from autograder.grading.settings import Settings

    def graded() -> float:
        started = time.perf_counter()
        rows = grade_class(unit, handed_in, Settings(into, jobs=jobs), root=root)
        took.append(len(rows))
        return time.perf_counter() - started

    took: list[int] = []
    first = graded()
    again = statistics.median(graded() for _ in range(runs))
    return {
        "grading.first_seconds": first,
        "grading.again_seconds": again,
        "grading.again_ms_per_submission": 1000 * again / took[0],
        "grading.regrade_ratio": first / again,
    }


if __name__ == "__main__":
    import os
    import sys
    import tempfile

    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    ROOT = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(ROOT))
    from autograder.grading import simulated_class

    UNIT = "02-jacobians"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        whole = [
            one for one in simulated_class.make(UNIT, 32, 2, ROOT) if one.kind is not simulated_class.Kind.ENDLESS
        ][:24]
        place = simulated_class.hand_in(whole, UNIT, Path(folder))
        for name, value in measure(UNIT, place, Path(folder), ROOT).items():
            print(f"{name:<40} {value:,.4g}")
