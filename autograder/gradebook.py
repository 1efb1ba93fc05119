"""The class's gradebook: nbgrader's own database, written in one place, one transaction a submission.

nbgrader's `Gradebook` commits at every call, so a crash between two of them would leave half a grade. `Ledger`
writes through its models instead: all cells of a submission, its comments, its penalty and its outcome, or none.
What a person entered (manual scores, extra credit, comments, extensions) is never touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sql
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SQLAlchemyError

from autograder.assignment import commands_on_path
from autograder.errors import GradingError
from autograder.outcome import Ending, Mark, Outcome

_OUTCOMES = sql.Table(
    "isometry_outcome",
    sql.MetaData(),
    sql.Column("assignment", sql.String(128), primary_key=True),
    sql.Column("student", sql.String(128), primary_key=True),
    sql.Column("state", sql.String(16), nullable=False),
    sql.Column("reason", sql.Text, nullable=False),
    sql.Column("cell", sql.String(128)),
    sql.Column("mistakes", sql.Text, nullable=False),
    sql.Column("seconds", sql.Float, nullable=False),
)
"""How each submission ended, beside nbgrader's tables and in the same transaction."""


@dataclass(frozen=True)
class Row:
    """One student's result for a unit, as the gradebook has it."""

    student: str
    score: float
    max_score: float
    state: Ending
    reason: str
    cell: str | None
    scores: dict[str, float]
    """Points by the cell's id; a manual score in the place of the automatic one."""
    unread: tuple[str, ...]
    """The cells that wait for a person."""
    mistakes: dict[str, str]


class Ledger:
    """An open gradebook. Use it as a context manager; only one is written at a time."""

    def __init__(self, url: str, course: str) -> None:
        self.url = url
        commands_on_path()
        try:
            self._gradebook = Gradebook(url, course)
            _OUTCOMES.create(self._gradebook.engine, checkfirst=True)
        except (SQLAlchemyError, OSError) as error:
            raise GradingError(_unusable(url, error)) from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gradebook.close()

    # -- writing

    def record(self, outcome: Outcome, timestamp: str | None = None) -> None:
        """Write one outcome, all of it or nothing. A failed one sets every automatic score of the student to zero."""
        session = self._gradebook.db
        try:
            submitted = self._submission(session, outcome.unit, outcome.student)
            if timestamp:
                submitted.timestamp = _utc(timestamp)
            for notebook in submitted.notebooks:
                for grade in notebook.grades:
                    mark = outcome.marks.get(grade.name, Mark(0.0))
                    grade.auto_score = mark.score
                    # nbgrader's own rule: what a person has graded is to be looked at again after a new run.
                    grade.needs_manual_grade = mark.needs_reading or grade.manual_score is not None
                for comment in notebook.comments:
                    comment.auto_comment = outcome.comments.get(comment.name)
                notebook.late_submission_penalty = outcome.late_penalty
            where = (_OUTCOMES.c.assignment == outcome.unit) & (_OUTCOMES.c.student == outcome.student)
            session.execute(sql.delete(_OUTCOMES).where(where))
            session.execute(
                sql.insert(_OUTCOMES).values(
                    assignment=outcome.unit,
                    student=outcome.student,
                    state=outcome.ending.value,
                    reason=outcome.reason,
                    cell=outcome.cell,
                    mistakes=json.dumps(outcome.mistakes, sort_keys=True),
                    seconds=outcome.seconds,
                )
            )
            session.commit()
        except SQLAlchemyError as error:
            session.rollback()
            raise GradingError(_unusable(self.url, error)) from None
        except BaseException:
            session.rollback()
            raise

    def _submission(self, session: Any, unit: str, student: str) -> SubmittedAssignment:
        """The student's submission of `unit`, with a place for every cell; made where there is none."""
        assignment = session.query(Assignment).filter(Assignment.name == unit).one()
        person = session.get(Student, student)
        if person is None:
            person = Student(id=student)
            session.add(person)
        submitted = (
            session.query(SubmittedAssignment)
            .filter(SubmittedAssignment.assignment_id == assignment.id, SubmittedAssignment.student_id == student)
            .one_or_none()
        )
        if submitted is None:
            submitted = SubmittedAssignment(assignment=assignment, student=person)
            session.add(submitted)
            for notebook in assignment.notebooks:
                place = SubmittedNotebook(notebook=notebook, assignment=submitted)
                session.add(place)
                for cell in (*notebook.grade_cells, *notebook.task_cells):
                    session.add(Grade(cell_id=cell.id, notebook=place))
                for cell in (*notebook.solution_cells, *notebook.task_cells):
                    session.add(Comment(cell_id=cell.id, notebook=place))
            session.flush()
            for place in submitted.notebooks:
                session.refresh(place)
        return submitted

    # -- reading

    def rows(self, unit: str, student: str | None = None) -> list[Row]:
        """The results of everyone who handed `unit` in, or of one student, by name."""
        session = self._gradebook.db
        session.expire_all()
        outcomes = {
            row.student: row for row in session.execute(sql.select(_OUTCOMES).where(_OUTCOMES.c.assignment == unit))
        }
        submissions = session.query(SubmittedAssignment).join(Assignment).filter(Assignment.name == unit)
        if student is not None:
            submissions = submissions.filter(SubmittedAssignment.student_id == student)
        found = []
        for submitted in submissions:
            outcome = outcomes.get(submitted.student_id)
            if outcome is None:
                continue  # nbgrader's own, not graded here
            grades = [grade for notebook in submitted.notebooks for grade in notebook.grades]
            penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in submitted.notebooks)
            found.append(
                Row(
                    submitted.student_id,
                    sum(grade.score for grade in grades) - penalty,
                    float(submitted.assignment.max_score),
                    Ending(outcome.state),
                    outcome.reason,
                    outcome.cell,
                    {grade.name: grade.score for grade in grades},
                    tuple(sorted(grade.name for grade in grades if grade.needs_manual_grade)),
                    json.loads(outcome.mistakes),
                )
            )
        return sorted(found, key=lambda row: row.student)

    def row(self, unit: str, student: str) -> Row:
        """One student's result for `unit`."""
        return next(row for row in self.rows(unit, student))

    def given(self, unit: str) -> dict[str, dict[str, Any]]:
        """What people gave each student for `unit`: `given`, `written` and `extension` of a `Submission`."""
        found: dict[str, dict[str, Any]] = {}
        query = self._gradebook.db.query(SubmittedAssignment).join(Assignment).filter(Assignment.name == unit)
        for submitted in query:
            grades = [grade for notebook in submitted.notebooks for grade in notebook.grades]
            comments = [comment for notebook in submitted.notebooks for comment in notebook.comments]
            found[submitted.student_id] = {
                "given": {
                    g.name: (g.manual_score, g.extra_credit)
                    for g in grades
                    if g.manual_score is not None or g.extra_credit is not None
                },
                "written": {c.name: c.manual_comment for c in comments if c.manual_comment},
                "extension": submitted.extension.total_seconds() if submitted.extension is not None else None,
            }
        return found

    def due(self, unit: str) -> Any:
        """The due date of `unit`, if it has one."""
        return self._gradebook.db.query(Assignment.duedate).filter(Assignment.name == unit).scalar()

    def cells(self, unit: str) -> set[str]:
        """The ids of the graded cells that submissions of `unit` were graded by; empty where there are none."""
        assignment = self._gradebook.db.query(Assignment).filter(Assignment.name == unit).one_or_none()
        if assignment is None or not assignment.submissions:
            return set()
        return {c.name for notebook in assignment.notebooks for c in (*notebook.grade_cells, *notebook.task_cells)}

    def students(self) -> list[str]:
        """Everyone in the gradebook, whatever they handed in."""
        return sorted(student for (student,) in self._gradebook.db.query(Student.id))


def _utc(timestamp: str) -> Any:
    try:
        return parse_utc(timestamp)
    except (ValueError, OverflowError):
        return None


def _unusable(url: str, error: Exception) -> str:
    where = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else url.split("@")[-1]
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"The gradebook {where} cannot be used ({said[0] if said else type(error).__name__}). "
        "Close whatever holds it open, make room on the disk, or name another folder with --into."
    )
