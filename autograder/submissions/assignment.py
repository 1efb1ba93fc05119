"""The pristine assignment: what nbgrader makes of a unit's source, against which submissions are held."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.errors import GradingError
from autograder.judging import answer_key, secret
from autograder.judging import bank as banks
from autograder.judging.bank import Bank
from autograder.judging.examiner import GradedItem
from autograder.paths import ROOT
from autograder.submissions.notebook import Question, questions, read


@dataclass(frozen=True)
class Assignment:
    """A unit of the course at `root`, as nbgrader is to see it."""

    unit: str
    root: Path = ROOT

    @property
    def source(self) -> Path:
        """The folder with the unit's notebook, its solutions in it."""
        return self.root / "solutions" / self.unit

    @cached_property
    def bank(self) -> Bank:
        """The unit's bank."""
        return banks.load(self.bank_path)

    @property
    def bank_path(self) -> Path:
        """The unit's bank: an instructor's private one (`ISOMETRY_BANKS`), else the course's."""
        private = [Path(part) for part in os.environ.get("ISOMETRY_BANKS", "").split(os.pathsep) if part]
        for folder in (*private, self.root / "solutions"):
            if path := banks.located(folder / self.unit):
                return path
        raise GradingError(
            f"{self.unit} has no bank, and without one nothing is judged. Put bank.py, or a folder bank/, into {self.source}."
        )

    @cached_property
    def questions(self) -> list[Question]:
        """The graded checks of the source notebook, in order."""
        return [q for q in questions(read(self.source / f"{self.unit}.ipynb")) if q.grade_id]

    def columns(self) -> dict[str, str]:
        """A name for each graded check, by its cell: the exercise's id, with the cell's where it is asked twice."""
        asked = [q.exercise for q in self.questions]
        return {
            str(q.grade_id): q.exercise if asked.count(q.exercise) == 1 else f"{q.exercise} ({q.grade_id})"
            for q in self.questions
        }

    def graded_items(self, key: bytes) -> dict[str, GradedItem]:
        """What each graded check asks, by its cell; the inputs of functions are drawn from the secret `key`.

        `GradingError` where a cell asks for what the bank does not have, or asks twice; `BankError` where the bank
        cannot answer its own question.
        """
        made: dict[str, GradedItem] = {}
        for question in self.questions:
            exercise = self.bank.exercises.get(question.exercise)
            cell = str(question.grade_id)
            if exercise is None or cell in made:
                wrong = (
                    f"asks “{question.exercise}”, which its bank does not have" if exercise is None else "asks twice"
                )
                raise GradingError(f"The cell {cell} of {self.unit} {wrong}. `course lint` says more.")
            drawn = answer_key.keys_of(exercise, question.arguments, secret.seed(key, self.unit, exercise.id))
            made[cell] = GradedItem(cell, exercise.id, self.bank.path, drawn)
        return made

    def settings(self) -> Config:
        """nbgrader's settings for this course: its own `nbgrader_config.py`, else this project's."""
        path = self.settings_path
        return PyFileConfigLoader(path.name, path=str(path.parent)).load_config()

    @property
    def settings_path(self) -> Path:
        """The file of nbgrader's settings."""
        own = self.root / "nbgrader_config.py"
        return own if own.is_file() else ROOT / own.name


def find(unit: str, root: Path = ROOT) -> Assignment:
    """Return the assignment of `unit`. Raises `GradingError`, with the units there are, if it is none of them."""
    assignment = Assignment(unit, root.resolve())
    if not (assignment.source / f"{unit}.ipynb").is_file():
        there = sorted(path.stem for path in (root / "solutions").glob("*/*.ipynb") if path.stem == path.parent.name)
        known = (
            f"It has: {', '.join(there)}."
            if there
            else f"{root / 'solutions'} has none at all: name the course's root."
        )
        wrong = f"This course has no unit “{unit}” with exercises. {known}"
        raise GradingError(wrong, parameter=None if there else "course")
    if not assignment.questions and not graded_cells(read(assignment.source / f"{unit}.ipynb")):
        raise GradingError(
            f"The exercise notebook of {unit} has no graded cell. Its check cells need nbgrader's metadata."
        )
    return assignment


def prepare(assignment: Assignment, workshop: Path, db_url: str) -> NotebookNode:
    """Let nbgrader enter the assignment into the gradebook at `db_url`; returns the notebook as it is released.

    `workshop` is a new folder for what nbgrader writes on the way. `GradingError` where nbgrader refuses.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from sqlalchemy.exc import SQLAlchemyError

    commands_on_path()
    workshop.mkdir(exist_ok=True)
    config = assignment.settings()
    config.CourseDirectory.root = str(workshop)
    config.CourseDirectory.source_directory = str(assignment.root / "solutions")
    config.CourseDirectory.release_directory = "released"
    config.CourseDirectory.db_url = db_url
    course = CourseDirectory(config=config)
    course.assignment_id = assignment.unit
    with quiet() as log:
        converter = GenerateAssignment(coursedir=course, config=config)
        converter.force = True
        try:
            converter.start()
        except NbGraderException:
            raise GradingError(
                f"nbgrader cannot use the exercise notebook of {assignment.unit}: {last_error(log)}"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise GradingError(
                f"{assignment.unit} cannot be entered into the gradebook ({said}). Close whatever holds it open, or make "
                "room on the disk."
            ) from None
    released = workshop / "released" / assignment.unit / f"{assignment.unit}.ipynb"
    return nbformat.read(released, as_version=4)


def with_hidden_tests(released: NotebookNode, assignment: Assignment, db_url: str) -> NotebookNode:
    """Return the released notebook with the hidden tests put back, which nbgrader removed for students and runs."""
    from nbgrader.api import Gradebook

    unit, course = assignment.unit, str(assignment.settings().CourseDirectory.course_id)
    with Gradebook(db_url, course) as gradebook:
        cells = gradebook.find_notebook(unit, unit).source_cells
        whole = {cell.name: cell.source for cell in cells if cell.locked}
    for cell in released.cells:
        cell.source = whole.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return released


def commands_on_path() -> None:
    """Let nbgrader find `alembic`, which it runs for every new gradebook, also where no environment is activated."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep what nbgrader logs from the screen; yields the list in which its errors are collected."""
    errors: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                errors.append(record.getMessage())

    log = logging.getLogger("traitlets")
    handler, before = Collect(), (log.level, log.propagate, list(log.handlers))
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.WARNING)
    try:
        yield errors
    finally:
        log.level, log.propagate, log.handlers = before


def last_error(errors: list[str]) -> str:
    """The last line of the last traceback nbgrader logged: the one that says what happened."""
    tracebacks = [text for text in errors if "Traceback" in text] or errors or ["no reason was given"]
    lines = [line.strip() for line in tracebacks[-1].splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def graded_cells(notebook: NotebookNode) -> dict[str, Any]:
    """Return the released cells that earn points, by nbgrader's id."""
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") or cell.metadata.get("nbgrader", {}).get("task")
    }
