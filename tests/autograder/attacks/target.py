"""The course that is attacked: four questions for the judge, a cell that asserts, and one that a person reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

UNIT = "91-target"
ROOT = Path(__file__).resolve().parents[3]

RIGHT = {
    "scale": "scale = 0.9**10",
    "count": "count = 12 * 7",
    "vector": "vector = [1.0, 4.0, 9.0]",
    "relu": "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0.0)",
    "guess": "guess = 42",
}
WRONG = {
    "scale": "scale = 9.0",
    "count": "count = 19",
    "vector": "vector = [1.0, 2.0, 3.0]",
    "relu": "import numpy as np\n\n\ndef relu(z):\n    return np.abs(z)",
    "guess": "guess = 0",
}
CHECKS = {
    "scale": ('check("target.scale", scale, norm=0.9, depth=10)', 2),
    "count": ('check("target.weights", count, inputs=12, outputs=7)', 1),
    "vector": ('check("target.vector", vector, size=3)', 2),
    "relu": ('check("target.relu", relu)', 4),
}
WORTH = {f"{name}-check": float(points) for name, (_, points) in CHECKS.items()}
"""What is judged outside, and what for."""
CLASSIC, CLASSIC_WORTH = "classic", 1.0
"""The cell that asserts in the student's process."""
POINTS = "POINTS = {'target.scale': 2.0, 'target.weights': 1.0, 'target.vector': 2.0, 'target.relu': 4.0}\n"
"""A line that an attacker's cell may begin with."""


def notebook(answers: dict[str, str], essay: str = "Your answer here.") -> dict[str, Any]:
    """The notebook with these answers, as JSON."""
    cells = [new_markdown_cell("# A target", id="title"), new_code_cell("from course import check", id="import")]
    for name, (source, points) in CHECKS.items():
        cells += [_cell(answers[name], name), _cell(source, f"{name}-check", points)]
    cells += [_cell(answers["guess"], "guess"), _cell("assert guess == 42", CLASSIC, int(CLASSIC_WORTH))]
    why = new_markdown_cell(essay, id="why")
    why.metadata["nbgrader"] = _marks("why", 3, solution=True)
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    made: dict[str, Any] = json.loads(nbformat.writes(new_notebook(cells=[*cells, why], metadata=kernel)))
    return made


def _cell(source: str, grade_id: str, points: int | None = None) -> Any:
    made = new_code_cell(source, id=grade_id)
    made.metadata["nbgrader"] = _marks(grade_id, points, solution=points is None)
    return made


def _marks(grade_id: str, points: int | None, *, solution: bool) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return marks | ({"points": points} if points is not None else {})


def write(course: Path, secret: str) -> None:
    """The course at `course`; its solutions hold `secret`."""
    for folder, answers in (("solutions", RIGHT), ("exercises", dict.fromkeys(RIGHT, "..."))):
        place = course / folder / UNIT
        place.mkdir(parents=True)
        marked = {name: f"### BEGIN SOLUTION\n{text}\n### END SOLUTION" for name, text in answers.items()}
        data = notebook(
            marked if folder == "solutions" else answers, f"See {secret}." if folder == "solutions" else "?"
        )
        (place / f"{UNIT}.ipynb").write_text(json.dumps(data), encoding="utf-8")
    bank = Path(__file__).with_name("target_bank.py").read_text(encoding="utf-8")
    (course / "solutions" / UNIT / "bank.py").write_text(f"{bank}\n# {secret}\n", encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", course)
