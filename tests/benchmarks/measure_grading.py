"""Grading: seconds a submission, ours against the floor and against stock `nbgrader autograde`, on the same files.

The floor is what the cells themselves take: each submission's cells, and what the judge asks of their answers, in a bare
fork of a process that has imported what they import, with the same compile cache, two at a time; without a sandbox, a
kernel, a gradebook or a page. All of it is measured side by side, in one run.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from autograder.grading.bundle import GradingBundle
    from autograder.grading.simulated_class import SimulatedLearner
    from autograder.submissions.task import Task

ROOT = Path(__file__).resolve().parents[2]
UNIT = "02-jacobians"
LEARNERS = 24
WORKERS = 2


def measure(runs: int) -> dict[str, float]:
    import regrading

    from autograder.grading import simulated_class
    from autograder.grading.simulated_class import Kind

    # Those that stock nbgrader grades too: a garbled file ends its batch, and an endless loop only measures a limit.
    broken = {Kind.MALFORMED, Kind.ENDLESS, Kind.DELETED}
    whole = [one for one in simulated_class.make(UNIT, LEARNERS + 8, 2, ROOT) if one.kind not in broken][:LEARNERS]
    assert len(whole) == LEARNERS
    floor: list[float] = []
    ours: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _Class(Path(folder), whole) as graded:
        graded.ours()  # imports and panels are there for every further submission of a class
        for _ in range(max(1, min(runs, 3))):
            floor.append(graded.floor() / LEARNERS)
            ours.append(graded.ours() / LEARNERS)
        peak = graded.peak
        again = regrading.measure(
            UNIT, simulated_class.hand_in(whole, UNIT, Path(folder) / "again"), Path(folder) / "again", ROOT
        )
        with _Class(Path(folder), whole, rehearsed=False) as strangers:
            strangers.ours()
            strange_floor, strange = strangers.floor() / LEARNERS, strangers.ours() / LEARNERS
        whole_command = _command(simulated_class, whole, Path(folder) / "command") / LEARNERS
        stock = _stock(simulated_class, whole, Path(folder) / "stock", {}) / LEARNERS
        cached = _stock(simulated_class, whole, Path(folder) / "cached", graded.cache) / LEARNERS
    a, b = statistics.median(ours), statistics.median(floor)
    return {
        "grading.seconds_per_submission": a,
        "grading.seconds_per_submission_of_the_command": whole_command,
        "grading.floor_seconds_per_submission": b,
        "grading.nbgrader_seconds_per_submission": stock,
        "grading.nbgrader_cached_seconds_per_submission": cached,
        "grading.ratio_to_floor": statistics.median(x / y for x, y in zip(ours, floor, strict=True)),
        "grading.ratio_to_nbgrader": stock / a,
        "grading.ratio_to_nbgrader_cached": cached / a,
        "grading.ratio_to_nbgrader_of_the_command": stock / whole_command,
        # The class's code is what its bank expects, and so was compiled before. Here only the solution was.
        "grading.unrehearsed_seconds_per_submission": strange,
        "grading.unrehearsed_ratio_to_floor": strange / strange_floor,
        "grading.unrehearsed_ratio_to_nbgrader": stock / strange,
        "grading.worker_peak_mb": peak / 1e6,
        **again,
    }


class _Class:
    """The class handed in, its bundle with the cache filled, and two workers that stay."""

    def __init__(self, folder: Path, learners: list[SimulatedLearner], rehearsed: bool = True) -> None:
        from autograder.gradebook.ledger import GradebookStore
        from autograder.grading import compile_cache, prewarm, warmup_notebook
        from autograder.grading.bundle import task_of
        from autograder.grading.grader import grade_one
        from autograder.grading.plan import GradingPlan
        from autograder.grading.settings import Settings
        from autograder.submissions.submission import Submission, read

        into = folder / ("into" if rehearsed else "unrehearsed")
        into.mkdir()
        assignment = _assignment()
        with GradebookStore(f"sqlite:///{into / 'gradebook.db'}", "isometry") as ledger:
            plan = GradingPlan(assignment, ledger, Settings(into, jobs=WORKERS), grade_one, None)
            with nullcontext() if rehearsed else mock.patch.object(warmup_notebook, "warmup_task", lambda task: None):
                bundle: GradingBundle = prewarm.with_compile_cache(plan.bundle, into)
        self.bundle = replace(bundle, key=f"{bundle.key}-{into.name}")
        self.tasks: list[Task] = []
        for one in learners:
            path = folder / f"{one.name}.ipynb"
            path.write_bytes(one.content)
            self.tasks.append(task_of(self.bundle, read(Submission(one.name, path))))
        (cache,) = self.tasks[0].known
        self.cache = compile_cache.filling(Path(cache))
        self._forks = folder / "forks.json"
        self._forks.write_text(
            json.dumps({"cache": compile_cache.read_only(Path(cache)), "files": _files(folder, learners)})
        )
        self._graded_items = folder / "graded_items.pickle"
        self._graded_items.write_bytes(pickle.dumps(self.tasks[0].graded_items))
        self.peak = 0.0

    def __enter__(self) -> _Class:
        from autograder.grading import grader
        from autograder.grading.pool import ProcessPool

        self._crew = ProcessPool(WORKERS, 600, grader.use, (grader.place(),))
        return self

    def __exit__(self, *error: object) -> None:
        from autograder.grading import grader

        self._crew.kill()
        grader.end()

    def ours(self) -> float:
        """Seconds for the class, two at a time, each to its outcome: sandbox, judge, marks and page."""
        from autograder.grading.grader import grade_one

        with _Peak() as peak:
            started = time.perf_counter()
            for future in [self._crew.submit(grade_one, task) for task in self.tasks]:
                outcome = future.result()
                assert outcome.ending == "graded", outcome.reason
            took = time.perf_counter() - started
        self.peak = max(self.peak, peak.most / WORKERS)
        return took

    def floor(self) -> float:
        """Seconds for the same cells in bare forks."""
        command = [
            sys.executable,
            str(Path(__file__).with_name("bare_forks.py")),
            str(self._forks),
            str(self._graded_items),
        ]
        environment = _environment(ROOT) | {"ISOMETRY_COURSE": os.devnull, "ISOMETRY_BANKS": ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"the floor could not be measured: {done.stderr.strip().splitlines()[-1:]}")
        return float(done.stdout.split()[-1])


def _assignment() -> Any:
    from autograder.submissions import assignment

    return assignment.find(UNIT, ROOT)


def _files(folder: Path, learners: list[SimulatedLearner]) -> list[str]:
    return [str(folder / f"{one.name}.ipynb") for one in learners]


class _Peak:
    """The most memory that the grading processes and kernels hold at once, shared pages counted once."""

    def __init__(self) -> None:
        self.most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        import psutil

        while not self._over.wait(0.25):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.most = max(self.most, held)


def _command(demo: Any, whole: list[SimulatedLearner], into: Path) -> float:
    """Wall time of `autograder grade` on the class, start to end, in a new folder."""
    handed_in = demo.hand_in(whole, UNIT, into)
    command = [sys.executable, "-m", "autograder", "grade", UNIT, "--submissions", str(handed_in), "--into", str(into)]
    return _timed([*command, "--jobs", str(WORKERS)], ROOT)


def _stock(demo: Any, whole: list[SimulatedLearner], course: Path, more: dict[str, str]) -> float:
    """Wall time of stock `nbgrader autograde` on the same files, in a course of its own with the same config, but for what
    puts this engine in its place."""
    course.mkdir(parents=True)
    for name in ("solutions", "exercises"):
        shutil.copytree(ROOT / name, course / name)
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8").splitlines(keepends=True)
    (course / "nbgrader_config.py").write_text("".join(line for line in settings if "autograder" not in line))
    demo.hand_in(whole, UNIT, course / "grading")
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    _timed([nbgrader, "generate_assignment", UNIT, "--force"], course)
    return _timed([nbgrader, "autograde", UNIT], course, more)


def _timed(command: list[str], course: Path, more: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=course, env=_environment(course) | (more or {}), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:4])} failed: {done.stderr.strip().splitlines()[-1:]}")
    return time.perf_counter() - started


def _environment(course: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"ISOMETRY_COURSE": str(course), "PATH": path, "PYTHONPATH": str(ROOT)}
