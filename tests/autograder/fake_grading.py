"""A class graded without kernels, for tests whose subject is the batch: what a notebook says is what happens.

Each file handed in holds one word, such as `right`, `half`, `dies`. `python fake_grading.py SUBMISSIONS INTO COURSE` is a
batch in a process of its own, to be stopped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from autograder.diagnostics import DiagnosticCode
from autograder.judging.verdict import Verdict, VerdictState
from autograder.submissions import submission
from autograder.submissions.result import GradingResult, Mark, Status, failed

UNIT = "90-tiny"
FIXTURE = Path(__file__).parent / "fixtures" / "course"
LOG = "FAKE_GRADING_LOG"
"""The environment variable with the file in which every run leaves the student's name."""
MARKER = "FAKE_GRADING_MARKER"
"""The environment variable with the folder in which `dies once` remembers that it has."""


def grade(task: Any) -> GradingResult:
    """What came of one submission."""
    student = task.submission.student
    word, _, more = submission.content(task.submission).decode().partition(" ")
    if log := os.environ.get(LOG):
        with Path(log).open("a") as file:
            file.write(student + "\n")
    match word:
        case "dies":
            marker = Path(os.environ[MARKER]) / student
            if more != "once" or not marker.exists():
                marker.touch()
                os._exit(9)
        case "hangs":
            time.sleep(600)
        case "breaks":
            raise ValueError("a fault of the code that grades")
        case "slow":
            time.sleep(float(more or 0.2))
        case "garbled":
            return failed(student, task.unit, DiagnosticCode.FILE_UNUSABLE, "The file is not a notebook.", seconds=0.1)
    notebook = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    return _outcome(task, dict.fromkeys(task.graded_items, word), notebook)


def judge(task: Any, before: GradingResult, cells: tuple[str, ...]) -> GradingResult:
    """The same from the words that are kept; the student's name and the cells are left in the log."""
    student = task.submission.student
    if before.answers and "forgotten" in before.answers.values():
        raise LookupError("this was not asked")
    with Path(os.environ[LOG]).open("a") as file:
        file.write(f"{student}:{','.join(cells)}\n")
    return _outcome(task, before.answers, before.notebook)


def _outcome(task: Any, words: dict[str, str], notebook: str) -> GradingResult:
    exercises = {cell: item.declared() for cell, item in task.graded_items.items()}
    shares = {cell: {"half": 0.5, "wrong": 0.0}.get(word, 1.0) for cell, word in words.items()}
    mistakes = {cell: e.mistakes[0].name for cell, e in exercises.items() if shares[cell] == 0}
    verdicts = {
        cell: Verdict(
            e.id,
            VerdictState.RIGHT if shares[cell] == 1 else VerdictState.WRONG,
            shares[cell],
            e.points,
            came_back=words[cell],
            mistake=mistakes.get(cell),
        )
        for cell, e in exercises.items()
    }
    given = task.submission.given
    marks = {cell: Mark(verdict.points, cell in given) for cell, verdict in verdicts.items()}
    return GradingResult(
        student=task.submission.student,
        unit=task.unit,
        ending=Status.GRADED,
        marks=marks | {"why": Mark(None, True)},
        mistakes=mistakes,
        notebook=notebook,
        feedback=f"<p>{words} {given} {task.submission.extension}</p>",
        seconds=0.1,
        answers=words,
        verdicts=verdicts,
    )


def child() -> tuple[int, int]:
    """This process, and a child it started and left."""
    return os.getpid(), subprocess.Popen(["sleep", "600"]).pid


def note(path: str) -> None:
    """Leave this process's number in a file."""
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")


def course(folder: Path) -> Path:
    """A course of one tiny unit."""
    shutil.copytree(FIXTURE, folder / "course")
    shutil.copy(Path(__file__).parents[2] / "nbgrader_config.py", folder / "course")
    return folder / "course"


def hand_in(folder: Path, words: dict[str, str]) -> Path:
    """A folder of what was handed in, by student."""
    folder.mkdir(parents=True, exist_ok=True)
    for student, word in words.items():
        (folder / f"{student}.ipynb").write_text(word)
    return folder


def main() -> None:
    """A batch of its own."""
    from autograder.errors import GradingError
    from autograder.grading.grade import grade_class
    from autograder.grading.settings import Settings

    handed_in, into, root = map(Path, sys.argv[1:])
    try:
        grade_class(
            UNIT,
            handed_in,
            Settings(into, seconds=5, jobs=2, gradebook=os.environ.get("FAKE_GRADEBOOK")),
            root=root,
            planned=lambda pending, of: print("planned", pending, of, flush=True),
            seen=lambda result, row, of: print("seen", result.student, flush=True),
            grade=grade,
        )
    except GradingError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    import fake_grading  # by the name under which workers find it

    fake_grading.main()
