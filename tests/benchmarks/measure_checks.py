"""Feedback: the wait after running each `check` cell, the first time in a kernel and later."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def measure(runs: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    first, warm = [], []
    for notebook in sorted(ROOT.glob("solutions/*/*.ipynb")):
        # A process of its own, since the first check in a kernel also starts JAX.
        command = [sys.executable, __file__, str(notebook), str(max(runs, 5))]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        for one in json.loads(done.stdout.splitlines()[-1]):
            first.append(one["first"])
            warm.append(one["warm"])
            figures[f"check.{one['exercise']}.warm_ms"] = 1e3 * one["warm"]
            figures[f"check.{one['exercise']}.first_ms"] = 1e3 * one["first"]
    return figures | {
        "check.first_ms.median": 1e3 * statistics.median(first),
        "check.first_ms.max": 1e3 * max(first),
        "check.warm_ms.median": 1e3 * statistics.median(warm),
        "check.warm_ms.max": 1e3 * max(warm),
    }


def _time_one_notebook(path: Path, runs: int) -> list[dict[str, object]]:
    """Run the solution's cells as a learner would, timing each check the first time and `runs` times more."""
    import contextlib
    import io
    import time

    sys.path.insert(0, str(ROOT))
    from autograder.submissions import notebook
    from course import check

    found = notebook.read(path)
    asked = {question.cell: question for question in notebook.questions(found)}
    scope: dict[str, object] = {"__name__": "__main__"}
    timed: dict[str, dict[str, object]] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for index, cell in enumerate(found.cells):
            if cell.cell_type != "code":
                continue
            question = asked.get(index)
            if question is None:
                exec(compile(cell.source, f"cell {index}", "exec"), scope)
                continue
            assert question.name is not None, f"cell {index} checks an expression"
            seconds = []
            for _ in range(runs + 1):
                started = time.perf_counter()
                check(question.exercise, scope[question.name], **question.arguments)
                seconds.append(time.perf_counter() - started)
            before = timed.get(question.exercise)
            if before is None or seconds[0] > before["first"]:  # type: ignore[operator]
                timed[question.exercise] = {
                    "exercise": question.exercise,
                    "first": seconds[0],
                    "warm": statistics.median(seconds[1:]),
                }
    return list(timed.values())


if __name__ == "__main__":
    results = _time_one_notebook(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps(results))
