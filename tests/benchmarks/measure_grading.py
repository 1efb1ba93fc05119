"""Grading: seconds a submission, ours against stock `nbgrader autograde`, on the same files in the same run."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.demo import Learner

ROOT = Path(__file__).resolve().parents[2]
UNIT = "02-jacobians"
LEARNERS = 8


def measure(runs: int) -> dict[str, float]:
    from autograder import demo
    from autograder.demo import Kind

    # Those that stock nbgrader grades too: a garbled file ends its batch, and an endless loop only measures a limit.
    broken = {Kind.MALFORMED, Kind.ENDLESS, Kind.DELETED}
    whole = [one for one in demo.make(UNIT, 30, 2, ROOT) if one.kind not in broken][:LEARNERS]
    ours, stock = [], []
    for _ in range(max(1, min(runs, 2))):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            ours.append(_ours(demo, whole, Path(folder) / "ours") / len(whole))
            stock.append(_stock(demo, whole, Path(folder) / "stock") / len(whole))
    a, b = statistics.median(ours), statistics.median(stock)
    return {
        "grading.seconds_per_submission": a,
        "grading.nbgrader_seconds_per_submission": b,
        "grading.ratio_to_nbgrader": b / a,
    }


def _ours(demo: ModuleType, whole: list[Learner], into: Path) -> float:
    """Wall time of `autograder grade` on the class, start to end."""
    handed_in = demo.hand_in(whole, UNIT, into)
    command = [sys.executable, "-m", "autograder", "grade", UNIT, "--submissions", str(handed_in), "--into", str(into)]
    return _timed([*command, "--jobs", "2"], ROOT)


def _stock(demo: ModuleType, whole: list[Learner], course: Path) -> float:
    """Wall time of stock `nbgrader autograde` on the same files, in a course of its own with the same config."""
    course.mkdir(parents=True)
    for name in ("solutions", "exercises"):
        shutil.copytree(ROOT / name, course / name)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    demo.hand_in(whole, UNIT, course / "grading")
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    _timed([nbgrader, "generate_assignment", UNIT, "--force"], course)
    return _timed([nbgrader, "autograde", UNIT], course)


def _timed(command: list[str], course: Path) -> float:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"ISOMETRY_COURSE": str(course), "PATH": path, "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:4])} failed: {done.stderr.strip().splitlines()[-1:]}")
    return time.perf_counter() - started
