"""A small class with a forger, in a course folder, graded by us; stock nbgrader can be let at it, and at nothing else."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from stock_settings import CONFIG, stock

from autograder.grading import simulated_class
from autograder.grading.simulated_class import Kind

CLONE = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "fixtures" / "course"
UNIT = "90-tiny"
FORGED = "check = lambda *a, **k: 1.0"
"""What shows a point for each check, and stock nbgrader believes."""


class Class:
    """`honest` answers all, and has written an essay; `forger` answers nothing right, and says it is worth a point."""

    def __init__(self, course: Path) -> None:
        shutil.copytree(FIXTURE, course)
        shutil.copy(CONFIG, course)
        self.course, self.into = course, course / "grading"
        self.submitted, self.path = self.into / "submitted", self.into / "gradebook.db"
        perfect = next(x for x in simulated_class.make(UNIT, 8, seed=4, root=course) if x.kind is Kind.PERFECT)
        honest, forger = json.loads(perfect.content), json.loads(perfect.content)
        for name, source in (("scale", f"scale = 0\n{FORGED}"), ("count", "count = 0"), ("relu", "relu = None")):
            self.cell(forger, name)["source"] = source
        self.cell(forger, "why")["source"] = "Your answer here."
        self.hand_in("honest", honest)
        self.hand_in("forger", forger)

    @staticmethod
    def cell(data: Any, name: str) -> Any:
        return next(c for c in data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)

    def hand_in(self, student: str, data: Any) -> None:
        place = self.submitted / student / UNIT
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{UNIT}.ipynb").write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"PYTHONPATH": str(CLONE), "ISOMETRY_COURSE": str(self.course), "PATH": path} | (more or {})

    def run(
        self, *arguments: str, module: str = "nbgrader", code: int = 0, more: Mapping[str, str] | None = None
    ) -> str:
        """A command in the course's folder; what it said."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.course,
            env=self.environment(more),
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def grade(self, *more: str) -> str:
        """`autograder grade`, as it is typed."""
        folders = ["--submissions", str(self.submitted), "--course", str(self.course), "--into", str(self.into)]
        return self.run("grade", UNIT, *folders, *more, module="autograder")

    def stock_autograde(self, student: str) -> None:
        """Stock nbgrader, into the same gradebook, as in a folder that has other settings."""
        settings = self.course / "nbgrader_config.py"
        try:
            settings.write_text(stock(), encoding="utf-8")
            self.run("autograde", UNIT, "--student", student, "--force")
        finally:
            shutil.copy(CONFIG, self.course)

    def in_nbgrader(self) -> dict[str, float]:
        """Each one's score as nbgrader itself reads it."""
        with Gradebook(f"sqlite:///{self.path}", "isometry") as gradebook:
            return {one.student_id: one.score for one in gradebook.assignment_submissions(UNIT)}

    def table(self) -> dict[str, str]:
        """Each one's score in the CSV."""
        with (self.into / f"{UNIT}.csv").open(encoding="utf-8") as file:
            return {line["student"]: line["score"] for line in csv.DictReader(file)}

    def exported(self, out: Path, *more: str) -> dict[str, str]:
        """Each one's score in an export."""
        folders = ["--course", str(self.course), "--into", str(self.into)]
        self.run("export", UNIT, "--to", "csv", "--out", str(out), *folders, *more, module="autograder")
        with out.open(encoding="utf-8") as file:
            return {line["student"]: line["score"] for line in csv.DictReader(file)}
