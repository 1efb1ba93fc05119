"""Grades a folder and writes the rows as JSON: the batch, as a process of its own that the tests can look after.

`python runner.py COURSE UNIT HANDED_IN INTO SECONDS JOBS RESULT`
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path


def main() -> None:
    from autograder.grading.grade import grade_class
    from autograder.grading.settings import Settings
    from autograder.kernels.sandbox import Limits

    course, unit, handed_in, into, seconds, jobs, result = sys.argv[1:]
    settings = Settings(Path(into), seconds=int(seconds), jobs=int(jobs), limits=Limits(memory=1_500_000_000))
    finished: list[str] = []
    rows = grade_class(
        unit,
        Path(handed_in),
        settings,
        root=Path(course),
        seen=lambda outcome, *more: finished.append(outcome.student),
    )
    told = [asdict(row) | {"reason": row.reason, "cell": row.cell} for row in rows]
    found = {"rows": told, "finished": finished}
    Path(result).write_text(json.dumps(found, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
