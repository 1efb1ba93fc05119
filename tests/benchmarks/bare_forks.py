"""The floor of grading: `python bare_forks.py FORKS PAPERS` prints the seconds that the cells themselves take.

Each notebook's cells run in a bare fork of this process, two forks at a time. It has imported what the cells import and
has started no JAX backend; `check` asks of an answer what the judge asks, and judges it there and then.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
import time
from pathlib import Path
from typing import Any

AT_ONCE = 2


def main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.environ.update(told["cache"], JAX_PLATFORMS="cpu", OPENBLAS_NUM_THREADS="1")
    from importlib import import_module

    for name in (
        "numpy",
        "jax",
        "jax.numpy",
        "scipy.linalg",
        "matplotlib.pyplot",
        "IPython",
        "course.notebook.checking",
    ):
        import_module(name)
    graded_items = pickle.loads(Path(sys.argv[2]).read_bytes())
    for item in graded_items.values():
        item.declared()
    notebooks = [json.loads(Path(path).read_text(encoding="utf-8")) for path in told["files"]]
    started = time.perf_counter()
    running: set[int] = set()
    for notebook in notebooks:
        if len(running) == AT_ONCE:
            running.remove(os.wait()[0])
        pid = os.fork()
        if pid == 0:
            _run(notebook, graded_items)
        running.add(pid)
    while running:
        running.remove(os.wait()[0])
    print(time.perf_counter() - started)


def _run(notebook: Any, graded_items: Any) -> None:
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell in notebook["cells"]:
            if cell["cell_type"] != "code":
                continue
            item = graded_items.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
            if item is not None:
                names["check"] = _check(item)
            with contextlib.suppress(Exception):
                exec("".join(cell["source"]), names)
    os._exit(0)


def _check(item: Any) -> Any:
    from autograder.judging import judge, probes, safe_call

    def check(exercise: str, answer: Any, **arguments: Any) -> Any:
        declared = item.declared()
        if not declared.is_code:
            return judge.judge_value(declared, answer, item.asked[0])
        if verdict := judge.no_function(declared, answer, untouched=safe_call.is_untouched(answer)):
            return verdict
        results, unmet = judge.try_out(declared, item.asked, lambda m, seconds: probes.run_probe(answer, m, seconds))
        return judge.judge_outcomes(declared, item.asked, results, unmet)

    return check


if __name__ == "__main__":
    main()
