"""The class's gradebook: nbgrader's own database, written in one place, one transaction a submission.

nbgrader's `Gradebook` commits at every call, so a crash between two of them would leave half a grade. `GradebookStore` writes
to its tables instead: all cells of a submission, its comments, its penalty and its result, or none. What a person
entered (manual scores, extra credit, comments, extensions) is never touched.

Others write to those tables, too, so what grading wrote is kept beside them (`audit.py`): every automatic point that is
read here comes from what was kept, and `changes` says where nbgrader's tables hold something else.

The database is SQLite or PostgreSQL, and several batches may write to it at once. Every attempt at a submission has a
number, and the numbers grow: an attempt that is delivered twice, or comes after a later one, changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sql
from nbgrader.api import InvalidEntry
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from autograder import diagnostics
from autograder.errors import GradingError
from autograder.gradebook import audit
from autograder.gradebook.audit import Changes, Held, Sheet, Written
from autograder.gradebook.database import PATIENCE, normal, one_at_a_time, open_engine, prepare, unusable
from autograder.gradebook.marks import as_utc, score_of, submission_row, utc_now, write_marks
from autograder.gradebook.rows import Row, StoredSubmission
from autograder.gradebook.schema import (
    ASSIGNMENT,
    BATCHES,
    CELL,
    CLASSES,
    COMMENT,
    GRADE,
    NOTEBOOK,
    OUTCOMES,
    PLACE,
    STUDENT,
    SUBMITTED,
)
from autograder.submissions.fingerprints import Fingerprint
from autograder.submissions.result import GradingResult, Status, verdict_of

ATTEMPTS_PER_BATCH = 100
"""The attempts of a batch are numbered from this many times its own number on."""


class GradebookStore:
    """An open gradebook. Use it as a context manager, in one thread.

    Parameters
    ----------
    url:
        The database, as SQLAlchemy names it: `sqlite:///…/gradebook.db`, or `postgresql://user:password@host/name`.
    course:
        nbgrader's id of the course; None to open only a gradebook that is there.
    patience:
        Seconds to wait while another holds the database; by default `PATIENCE`.
    """

    def __init__(self, url: str, course: str | None = None, patience: float | None = None) -> None:
        self.url = normal(url)
        file = make_url(self.url).database if self.url.startswith("sqlite") else None
        if course is None and file is not None and not Path(file).is_file():
            raise GradingError(f"There is no gradebook {file}. Grade first, or name its folder.", parameter="into")
        try:
            self._engine = open_engine(self.url, PATIENCE if patience is None else patience)
            prepare(self._engine, self.url, course)
        except ModuleNotFoundError as error:
            raise GradingError(
                f"A gradebook in PostgreSQL needs {error.name}, which is not installed: pip install 'isometry[cluster]'."
            ) from None
        except (SQLAlchemyError, InvalidEntry, OSError) as error:
            raise GradingError(unusable(self.url, error), parameter="into") from None

    def __enter__(self) -> GradebookStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                if connection.dialect.name == "postgresql":  # what several queries see belongs together
                    connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection
        except SQLAlchemyError as error:
            raise GradingError(unusable(self.url, error), parameter="into") from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is written whole or not at all."""
        try:
            with self._engine.connect().execution_options(isometry_writes=True) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise GradingError(unusable(self.url, error), parameter="into") from None

    # -- writing

    def begin(self) -> int:
        """Begin a batch, and return its number, larger than any before."""
        with self._writing() as db:
            return int(db.execute(sql.insert(BATCHES).values(at=utc_now())).inserted_primary_key[0])  # type: ignore[index]

    def record(
        self,
        result: GradingResult,
        timestamp: str | None = None,
        *,
        attempt: int | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> bool:
        """Write one result, all of it or nothing. A submission that was not graded gets zero for every automatic score.

        Where this attempt, or a later one, is already there, nothing is written and the answer is False.
        """
        with self._writing() as db:
            one_at_a_time(db, result.student)
            where = (OUTCOMES.c.assignment == result.unit) & (OUTCOMES.c.student == result.student)
            last = db.execute(sql.select(OUTCOMES.c.attempt, OUTCOMES.c.written).where(where)).first()
            if attempt is not None and last is not None and last.attempt is not None and last.attempt >= attempt:
                return False
            submitted = submission_row(db, result.unit, result.student)
            if timestamp:
                db.execute(sql.update(SUBMITTED).where(SUBMITTED.c.id == submitted).values(timestamp=as_utc(timestamp)))
            before = Written.from_bytes(last.written) if last is not None and last.written else None
            write_marks(db, submitted, result, before)
            there = audit.submissions(db, result.unit, result.student)[result.student].sheet
            texts = {cell: mark.text for cell, mark in result.marks.items() if mark.text}
            copy = copy_of(result.notebook) if result.notebook else ""
            kept = {
                "state": result.ending.value,
                "reason": result.reason,
                "cell": result.cell,
                "diagnostics": diagnostics.to_json(result.diagnostics),
                "mistakes": json.dumps(result.mistakes, sort_keys=True),
                "seconds": result.seconds,
                "attempt": attempt if attempt is not None else (last.attempt if last else None),
                "at": utc_now(),
                "fingerprint": fingerprint.to_json() if fingerprint else None,
                "verdicts": json.dumps({cell: asdict(verdict) for cell, verdict in result.verdicts.items()}),
                "answers": zlib.compress(json.dumps(result.answers).encode()),
                "written": Written(there, texts, copy).to_bytes(),
            }
            if last is None:
                db.execute(sql.insert(OUTCOMES).values(assignment=result.unit, student=result.student, **kept))
            else:
                db.execute(sql.update(OUTCOMES).where(where).values(**kept))
        return True

    def keep_class(self, unit: str, inputs: str, facts: dict[str, Any]) -> None:
        """Store what the class of `unit` is graded with: a digest of all inputs, the facts derived from them, and the cells
        that the gradebook has for it."""
        with self._writing() as db:
            cells = json.dumps(audit.cells(db, unit))
            db.execute(sql.delete(CLASSES).where(CLASSES.c.assignment == unit))
            db.execute(sql.insert(CLASSES).values(assignment=unit, inputs=inputs, facts=json.dumps(facts), cells=cells))

    # -- reading

    def rows(self, unit: str, student: str | None = None) -> list[Row]:
        """Read the results of everyone who handed `unit` in, or of one student, ordered by name."""
        of = OUTCOMES.c
        wanted = of.assignment == unit
        if student is not None:
            wanted &= of.student == student
        with self._reading() as db:
            columns = (
                of.student,
                of.state,
                of.reason,
                of.cell,
                of.diagnostics,
                of.mistakes,
                of.seconds,
                of.written,
            )
            results = db.execute(sql.select(*columns).where(wanted)).all()
            held = audit.submissions(db, unit, student)
            kept_cells = _kept_cells(db, unit)
            most = audit.most(audit.cells(db, unit) if kept_cells is None else kept_cells)
        found = []
        for one in results:
            if (there := held.get(one.student)) is None:
                continue  # `changes` names who was removed
            sheet = Written.from_bytes(one.written).sheet if one.written else there.sheet
            scores, unread = _standing(sheet, there)
            places = [entry for name, entry in sheet[PLACE.name].items() if not audit.lost(name)]
            lost = sum(entry["late_submission_penalty"] or 0.0 for entry in places)
            found.append(
                Row(
                    student=one.student,
                    score=sum(scores.values()) - lost,
                    max_score=most,
                    state=Status(one.state),
                    diagnostics=diagnostics.from_gradebook(one.diagnostics, one.reason, one.cell),
                    scores=scores,
                    unread=unread,
                    mistakes=json.loads(one.mistakes),
                    seconds=one.seconds,
                    kept=one.written is not None,
                )
            )
        return sorted(found, key=lambda row: row.student)

    def changes(self, unit: str) -> Changes:
        """Compare nbgrader's tables with what grading wrote there, for everyone who handed `unit` in."""
        with self._reading() as db:
            query = sql.select(OUTCOMES.c.student, OUTCOMES.c.written).where(OUTCOMES.c.assignment == unit)
            kept = {who: Written.from_bytes(data) if data else None for who, data in db.execute(query)}
            return audit.all_changes(kept, audit.submissions(db, unit), _kept_cells(db, unit), audit.cells(db, unit))

    def held(self, unit: str, student: str) -> dict[str, float]:
        """Read the points in nbgrader's tables of one student, by the cell's id, whoever wrote them."""
        with self._reading() as db:
            there = audit.submissions(db, unit, student).get(student)
        return _standing(there.sheet, there)[0] if there is not None else {}

    def copies(self, unit: str) -> dict[str, str]:
        """Read the digest of each student's notebook as it ran, where that is known."""
        with self._reading() as db:
            query = sql.select(OUTCOMES.c.student, OUTCOMES.c.written).where(OUTCOMES.c.assignment == unit)
            return {who: Written.from_bytes(data).copy for who, data in db.execute(query) if data}

    def row(self, unit: str, student: str) -> Row:
        """Read one student's result for `unit`."""
        return next(iter(self.rows(unit, student)))

    def kept(self, unit: str, student: str) -> StoredSubmission | None:
        """Read what else is stored of a student's submission; None where nothing was ever graded."""
        with self._reading() as db:
            where = (OUTCOMES.c.assignment == unit) & (OUTCOMES.c.student == student)
            one = db.execute(sql.select(OUTCOMES).where(where)).first()
        if one is None:
            return None
        return StoredSubmission(
            student=student,
            attempt=one.attempt or 0,
            at=one.at or "",
            state=Status(one.state),
            diagnostics=diagnostics.from_gradebook(one.diagnostics, one.reason, one.cell),
            seconds=one.seconds,
            fingerprint=Fingerprint.from_json(one.under) if one.under else None,
            verdicts={cell: verdict_of(data) for cell, data in json.loads(one.verdicts or "{}").items()},
            answers=json.loads(zlib.decompress(one.answers)) if one.answers else {},
            copy=Written.from_bytes(one.written).copy if one.written else "",
        )

    def fingerprints(self, unit: str) -> dict[str, tuple[Status, str]]:
        """Read how each submission of `unit` ended, and the text of its fingerprint, by student."""
        of = OUTCOMES.c
        with self._reading() as db:
            query = sql.select(of.student, of.state, of.fingerprint).where(of.assignment == unit)
            return {student: (Status(state), text or "") for student, state, text in db.execute(query)}

    def attempt(self, unit: str, student: str) -> int:
        """Read the number of the attempt that stands; -1 where there is none."""
        with self._reading() as db:
            where = (OUTCOMES.c.assignment == unit) & (OUTCOMES.c.student == student)
            found = db.execute(sql.select(OUTCOMES.c.attempt).where(where)).scalar()
        return found if found is not None else -1

    def known_class(self, unit: str) -> tuple[str, dict[str, Any]] | None:
        """Read what `keep_class` last stored of `unit`: the digest and the facts."""
        with self._reading() as db:
            one = db.execute(sql.select(CLASSES).where(CLASSES.c.assignment == unit)).first()
        return (one.inputs, json.loads(one.facts)) if one is not None else None

    def given(self, unit: str) -> dict[str, dict[str, Any]]:
        """Read what people gave each student for `unit`: `given`, `written` and `extension` of a `Submission`."""
        who = SUBMITTED.c.student_id
        theirs = sql.select(who, SUBMITTED.c.extension).select_from(SUBMITTED.join(ASSIGNMENT))
        grades = sql.select(who, CELL.c.name, GRADE.c.manual_score, GRADE.c.extra_credit).select_from(
            SUBMITTED.join(ASSIGNMENT).join(PLACE).join(GRADE).join(CELL)
        )
        comments = sql.select(who, CELL.c.name, COMMENT.c.manual_comment).select_from(
            SUBMITTED.join(ASSIGNMENT).join(PLACE).join(COMMENT).join(CELL)
        )
        named = ASSIGNMENT.c.name == unit
        some = sql.or_(GRADE.c.manual_score.is_not(None), GRADE.c.extra_credit.is_not(None))
        with self._reading() as db:
            found: dict[str, dict[str, Any]] = {
                student: {
                    "given": {},
                    "written": {},
                    "extension": extension.total_seconds() if extension is not None else None,
                }
                for student, extension in db.execute(theirs.where(named))
            }
            for student, cell, manual, extra in db.execute(grades.where(named, some).order_by(CELL.c.name)):
                found[student]["given"][cell] = (manual, extra)
            written = COMMENT.c.manual_comment.is_not(None) & (COMMENT.c.manual_comment != "")
            for student, cell, comment in db.execute(comments.where(named, written).order_by(CELL.c.name)):
                found[student]["written"][cell] = comment
        return found

    def due(self, unit: str) -> Any:
        """Read the due date of `unit`, if it has one."""
        with self._reading() as db:
            return db.execute(sql.select(ASSIGNMENT.c.duedate).where(ASSIGNMENT.c.name == unit)).scalar()

    def cells(self, unit: str) -> set[str]:
        """Read the ids of the graded cells that submissions of `unit` were graded by; empty where there are none."""
        there = sql.select(SUBMITTED.c.id).select_from(SUBMITTED.join(ASSIGNMENT)).where(ASSIGNMENT.c.name == unit)
        cells = (
            sql.select(CELL.c.name)
            .select_from(CELL.join(NOTEBOOK).join(ASSIGNMENT))
            .where(ASSIGNMENT.c.name == unit, CELL.c.type.in_(("GradeCell", "TaskCell")))
        )
        with self._reading() as db:
            return set(db.execute(cells).scalars()) if db.execute(there.limit(1)).first() else set()

    def students(self) -> list[str]:
        """Read the ids of all students in the gradebook, whatever they handed in."""
        with self._reading() as db:
            return sorted(db.execute(sql.select(STUDENT.c.id)).scalars())


def _standing(sheet: Sheet, there: Held) -> tuple[dict[str, float], tuple[str, ...]]:
    """The points of each cell, and the cells that wait for a person: automatic points from `sheet`, manual ones from
    what is there."""
    scores, unread = {}, []
    found = there.sheet[GRADE.name]
    for name, entry in sheet[GRADE.name].items():
        if audit.lost(name):
            continue
        cell = name.rpartition("/")[2]
        manual, extra = there.given.get(name, (None, None))
        scores[cell] = score_of(entry["auto_score"], manual, extra)
        flag = bool(entry["needs_manual_grade"])
        if audit.waits(entry["auto_score"], flag, manual, bool(found.get(name, entry)["needs_manual_grade"])):
            unread.append(cell)
    return dict(sorted(scores.items())), tuple(sorted(unread))


def _kept_cells(db: Connection, unit: str) -> Sheet | None:
    """The cells that the class was graded with; None where that was not kept."""
    kept = db.execute(sql.select(CLASSES.c.cells).where(CLASSES.c.assignment == unit)).scalar()
    return json.loads(kept) if kept else None


def copy_of(notebook: str | bytes) -> str:
    """Return the digest of a notebook as it ran."""
    data = notebook.encode("utf-8", "replace") if isinstance(notebook, str) else notebook
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def graded_into(url: str) -> bool:
    """Return whether this engine ever graded into the database. Makes no file and no table."""
    file = make_url(normal(url)).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).is_file():
        return False
    engine = open_engine(normal(url), PATIENCE)
    try:
        return bool(sql.inspect(engine).has_table(OUTCOMES.name))
    except SQLAlchemyError as error:
        raise GradingError(unusable(url, error), parameter="into") from None
    finally:
        engine.dispose()
