"""The parts of the transaction that writes a submission: its rows in nbgrader's tables, and what they hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql
from nbgrader.utils import parse_utc
from sqlalchemy.engine import Connection

from autograder.gradebook.audit import Written
from autograder.gradebook.schema import (
    ASSIGNMENT,
    CELL,
    COMMENT,
    GRADE,
    NOTEBOOK,
    PLACE,
    STUDENT,
    SUBMITTED,
)
from autograder.submissions.result import GradingResult, Mark


def submission_row(db: Connection, unit: str, student: str) -> str:
    """Return the id of the student's submission of `unit`, making it and its entry for every cell where they are missing."""
    assignment = db.execute(sql.select(ASSIGNMENT.c.id).where(ASSIGNMENT.c.name == unit)).scalar_one()
    if db.execute(sql.select(STUDENT.c.id).where(STUDENT.c.id == student)).first() is None:
        db.execute(sql.insert(STUDENT).values(id=student))
    submitted = there(db, SUBMITTED, assignment_id=assignment, student_id=student)
    for notebook in db.execute(sql.select(NOTEBOOK.c.id).where(NOTEBOOK.c.assignment_id == assignment)).scalars().all():
        place = there(db, PLACE, assignment_id=submitted, notebook_id=notebook)
        cells = db.execute(sql.select(CELL.c.id, CELL.c.type).where(CELL.c.notebook_id == notebook)).all()
        for table, kinds in ((GRADE, ("GradeCell", "TaskCell")), (COMMENT, ("SolutionCell", "TaskCell"))):
            have = set(db.execute(sql.select(table.c.cell_id).where(table.c.notebook_id == place)).scalars())
            missing = [c.id for c in cells if c.type in kinds and c.id not in have]
            if missing:
                db.execute(sql.insert(table), [{"cell_id": cell, "notebook_id": place} for cell in missing])
    return submitted


def write_marks(db: Connection, submitted: str, result: GradingResult, before: Written | None) -> None:
    """Write every automatic score and comment, and the penalty. `before` is what grading left last."""
    ours = PLACE.c.assignment_id == submitted

    def cells(table: sql.Table, *columns: Any) -> Any:
        # An entry whose notebook or cell is gone has no name here, and earns nothing.
        its = (table.c.cell_id == CELL.c.id) & (CELL.c.notebook_id == NOTEBOOK.c.id)
        joined = PLACE.join(table, table.c.notebook_id == PLACE.c.id).outerjoin(
            NOTEBOOK, PLACE.c.notebook_id == NOTEBOOK.c.id
        )
        query = sql.select(*[table.c.id, CELL.c.name, *columns]).select_from(joined.outerjoin(CELL, its))
        return db.execute(query.where(ours)).all()

    last = {name.rpartition("/")[2]: entry for name, entry in before.sheet[GRADE.name].items()} if before else {}
    marks = []
    for grade_id, name, manual, flag in cells(GRADE, GRADE.c.manual_score, GRADE.c.needs_manual_grade):
        mark = result.marks.get(name, Mark(0.0))
        if manual is None:
            look = mark.needs_reading
        elif before is None or mark.text != before.texts.get(name, ""):
            look = True  # what a person read is not what stands there now
        else:
            look = bool(last.get(name, {}).get("needs_manual_grade")) and bool(flag)
        marks.append({"of": grade_id, "score": mark.score, "waits": look})
    if marks:
        change = sql.update(GRADE).where(GRADE.c.id == sql.bindparam("of"))
        values: dict[str, Any] = {"auto_score": sql.bindparam("score"), "needs_manual_grade": sql.bindparam("waits")}
        db.execute(change.values(values), marks)
    said = [{"of": comment_id, "text": result.comments.get(name)} for comment_id, name in cells(COMMENT)]
    if said:
        change = sql.update(COMMENT).where(COMMENT.c.id == sql.bindparam("of"))
        db.execute(change.values(auto_comment=sql.bindparam("text")), said)
    there = PLACE.c.notebook_id.in_(sql.select(NOTEBOOK.c.id))
    gone = sql.or_(PLACE.c.notebook_id.is_(None), ~there)
    for which, penalty in ((there, result.late_penalty), (gone, None)):
        db.execute(sql.update(PLACE).where(ours, which).values(late_submission_penalty=penalty))


def score_of(auto: float | None, manual: float | None, extra: float | None) -> float:
    """Return a cell's points by nbgrader's rule: a person's score before the automatic one, plus extra credit."""
    base = manual if manual is not None else auto
    return base + (extra or 0.0) if base is not None else 0.0


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def as_utc(timestamp: str) -> Any:
    try:
        return parse_utc(timestamp)
    except (ValueError, OverflowError):
        return None


def there(db: Connection, table: sql.Table, **values: str) -> str:
    """Return the id of the row with these values, making it where there is none."""
    found = db.execute(sql.select(table.c.id).filter_by(**values)).scalar()
    return str(found or db.execute(sql.insert(table).values(**values)).inserted_primary_key[0])  # type: ignore[index]
