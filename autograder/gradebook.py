"""The class's gradebook: nbgrader's own database, written in one place, one transaction a submission.

nbgrader's `Gradebook` commits at every call, so a crash between two of them would leave half a grade. `Ledger` writes
to its tables instead: all cells of a submission, its comments, its penalty and its outcome, or none. What a person
entered (manual scores, extra credit, comments, extensions) is never touched.

The database is SQLite or PostgreSQL, and several batches may write to it at once. Every attempt at a submission has a
number, and the numbers grow: an attempt that is delivered twice, or comes after a later one, changes nothing.
"""

from __future__ import annotations

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sql
from alembic.config import Config as Alembic
from alembic.script import ScriptDirectory
from nbgrader.api import Base, Gradebook, InvalidEntry
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import parse_utc
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from autograder.errors import GradingError
from autograder.exercise import Verdict
from autograder.keys import Keys
from autograder.outcome import Ending, Mark, Outcome, verdict_of

PATIENCE = 30
"""Seconds to wait for another writer."""

_OURS = sql.MetaData()
_OUTCOMES = sql.Table(
    "isometry_outcome",
    _OURS,
    sql.Column("assignment", sql.String(128), primary_key=True),
    sql.Column("student", sql.String(128), primary_key=True),
    sql.Column("state", sql.String(16), nullable=False),
    sql.Column("reason", sql.Text, nullable=False),
    sql.Column("cell", sql.String(128)),
    sql.Column("mistakes", sql.Text, nullable=False),
    sql.Column("seconds", sql.Float, nullable=False),
    # What came after the first gradebooks were written may be missing there: it is added, and empty.
    sql.Column("attempt", sql.BigInteger),
    sql.Column("at", sql.String(32)),
    sql.Column("under", sql.Text),
    sql.Column("verdicts", sql.Text),
    sql.Column("answers", sql.LargeBinary),
)
"""How each submission ended, beside nbgrader's tables and in the same transaction."""

_BATCHES = sql.Table(
    "isometry_batch",
    _OURS,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("at", sql.String(32), nullable=False),
)
_CLASSES = sql.Table(
    "isometry_class",
    _OURS,
    sql.Column("assignment", sql.String(128), primary_key=True),
    sql.Column("inputs", sql.String(64), nullable=False),
    sql.Column("facts", sql.Text, nullable=False),
)
"""What a class was last graded with: the digest of it all, and what was worked out from it."""

_T = Base.metadata.tables
_ASSIGNMENT, _NOTEBOOK, _STUDENT = _T["assignment"], _T["notebook"], _T["student"]
_CELL, _GRADED, _TASKS, _SOLUTIONS = _T["base_cell"], _T["grade_cells"], _T["task_cells"], _T["solution_cells"]
_SUBMITTED, _PLACE, _GRADE, _COMMENT = _T["submitted_assignment"], _T["submitted_notebook"], _T["grade"], _T["comment"]


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
    seconds: float = field(default=0.0, compare=False)
    """How long grading it took."""


@dataclass(frozen=True)
class Kept:
    """What else the gradebook keeps of a submission: enough to explain its score, and to judge its answers again."""

    student: str
    attempt: int
    at: str
    """When it was written, in UTC."""
    state: Ending
    reason: str
    cell: str | None
    seconds: float
    keys: Keys | None
    verdicts: dict[str, Verdict]
    answers: dict[str, str]


class Ledger:
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
            raise GradingError(f"There is no gradebook {file}. Grade first, or name its folder with --into.")
        try:
            self._engine = _engine(self.url, PATIENCE if patience is None else patience)
            _prepare(self._engine, self.url, course)
        except ModuleNotFoundError as error:
            raise GradingError(
                f"A gradebook in PostgreSQL needs {error.name}, which is not installed: pip install 'isometry[cluster]'."
            ) from None
        except (SQLAlchemyError, InvalidEntry, OSError) as error:
            raise GradingError(_unusable(self.url, error)) from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise GradingError(_unusable(self.url, error)) from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is written whole or not at all."""
        try:
            with self._engine.connect().execution_options(isometry_writes=True) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise GradingError(_unusable(self.url, error)) from None

    # -- writing

    def begin(self) -> int:
        """The number of a new batch, larger than any before."""
        with self._writing() as db:
            return int(db.execute(sql.insert(_BATCHES).values(at=_now())).inserted_primary_key[0])  # type: ignore[index]

    def record(
        self, outcome: Outcome, timestamp: str | None = None, *, attempt: int | None = None, keys: Keys | None = None
    ) -> bool:
        """Write one outcome, all of it or nothing. What was not graded sets every automatic score of the student to zero.

        Where this attempt, or a later one, is already there, nothing is written and the answer is False.
        """
        with self._writing() as db:
            _one_at_a_time(db, outcome.student)
            where = (_OUTCOMES.c.assignment == outcome.unit) & (_OUTCOMES.c.student == outcome.student)
            last = db.execute(sql.select(_OUTCOMES.c.attempt).where(where)).first()
            if attempt is not None and last is not None and last.attempt is not None and last.attempt >= attempt:
                return False
            submitted = _submission(db, outcome.unit, outcome.student)
            if timestamp:
                db.execute(sql.update(_SUBMITTED).where(_SUBMITTED.c.id == submitted).values(timestamp=_utc(timestamp)))
            _write_marks(db, submitted, outcome)
            kept = {
                "state": outcome.ending.value,
                "reason": outcome.reason,
                "cell": outcome.cell,
                "mistakes": json.dumps(outcome.mistakes, sort_keys=True),
                "seconds": outcome.seconds,
                "attempt": attempt if attempt is not None else (last.attempt if last else None),
                "at": _now(),
                "under": keys.to_json() if keys else None,
                "verdicts": json.dumps({cell: asdict(verdict) for cell, verdict in outcome.verdicts.items()}),
                "answers": zlib.compress(json.dumps(outcome.answers).encode()),
            }
            if last is None:
                db.execute(sql.insert(_OUTCOMES).values(assignment=outcome.unit, student=outcome.student, **kept))
            else:
                db.execute(sql.update(_OUTCOMES).where(where).values(**kept))
        return True

    def keep_class(self, unit: str, inputs: str, facts: dict[str, Any]) -> None:
        """Remember what the class of `unit` is graded with: a digest of it all, and what was worked out from it."""
        with self._writing() as db:
            db.execute(sql.delete(_CLASSES).where(_CLASSES.c.assignment == unit))
            db.execute(sql.insert(_CLASSES).values(assignment=unit, inputs=inputs, facts=json.dumps(facts)))

    # -- reading

    def rows(self, unit: str, student: str | None = None) -> list[Row]:
        """The results of everyone who handed `unit` in, or of one student, by name."""
        of = _OUTCOMES.c
        wanted = of.assignment == unit
        theirs = _ASSIGNMENT.c.name == unit
        if student is not None:
            wanted, theirs = wanted & (of.student == student), theirs & (_SUBMITTED.c.student_id == student)
        who, cell = _SUBMITTED.c.student_id, _CELL.c.name
        grades = (
            sql.select(who, cell, _GRADE.c.auto_score, _GRADE.c.manual_score, _GRADE.c.extra_credit)
            .add_columns(_GRADE.c.needs_manual_grade)
            .select_from(_SUBMITTED.join(_ASSIGNMENT).join(_PLACE).join(_GRADE).join(_CELL))
            .where(theirs)
            .order_by(cell)
        )
        penalties = (
            sql.select(who, sql.func.sum(_PLACE.c.late_submission_penalty))
            .select_from(_SUBMITTED.join(_ASSIGNMENT).join(_PLACE))
            .where(theirs)
            .group_by(who)
        )
        scores: dict[str, dict[str, float]] = defaultdict(dict)
        unread: dict[str, list[str]] = defaultdict(list)
        with self._reading() as db:
            columns = (of.student, of.state, of.reason, of.cell, of.mistakes, of.seconds)
            outcomes = db.execute(sql.select(*columns).where(wanted)).all()
            most = _most(db, unit)
            lost = {name: penalty or 0.0 for name, penalty in db.execute(penalties)}
            for name, cell_name, auto, manual, extra, waits in db.execute(grades):
                scores[name][cell_name] = _score(auto, manual, extra)
                if waits:
                    unread[name].append(cell_name)
        found = [
            Row(
                one.student,
                sum(scores[one.student].values()) - lost.get(one.student, 0.0),
                most,
                Ending(one.state),
                one.reason,
                one.cell,
                scores[one.student],
                tuple(unread[one.student]),
                json.loads(one.mistakes),
                one.seconds,
            )
            for one in outcomes
        ]
        return sorted(found, key=lambda row: row.student)

    def row(self, unit: str, student: str) -> Row:
        """One student's result for `unit`."""
        return next(iter(self.rows(unit, student)))

    def kept(self, unit: str, student: str) -> Kept | None:
        """What else is kept of a student's submission; None where nothing was ever graded."""
        with self._reading() as db:
            where = (_OUTCOMES.c.assignment == unit) & (_OUTCOMES.c.student == student)
            one = db.execute(sql.select(_OUTCOMES).where(where)).first()
        if one is None:
            return None
        return Kept(
            student,
            one.attempt or 0,
            one.at or "",
            Ending(one.state),
            one.reason,
            one.cell,
            one.seconds,
            Keys.from_json(one.under) if one.under else None,
            {cell: verdict_of(data) for cell, data in json.loads(one.verdicts or "{}").items()},
            json.loads(zlib.decompress(one.answers)) if one.answers else {},
        )

    def keys(self, unit: str) -> dict[str, tuple[Ending, str]]:
        """How each submission of `unit` ended, and the text of the keys it was graded under, by student."""
        of = _OUTCOMES.c
        with self._reading() as db:
            query = sql.select(of.student, of.state, of.under).where(of.assignment == unit)
            return {student: (Ending(state), under or "") for student, state, under in db.execute(query)}

    def attempt(self, unit: str, student: str) -> int:
        """The number of the attempt that stands; -1 where there is none."""
        with self._reading() as db:
            where = (_OUTCOMES.c.assignment == unit) & (_OUTCOMES.c.student == student)
            found = db.execute(sql.select(_OUTCOMES.c.attempt).where(where)).scalar()
        return found if found is not None else -1

    def known_class(self, unit: str) -> tuple[str, dict[str, Any]] | None:
        """What `keep_class` was last told of `unit`."""
        with self._reading() as db:
            one = db.execute(sql.select(_CLASSES).where(_CLASSES.c.assignment == unit)).first()
        return (one.inputs, json.loads(one.facts)) if one is not None else None

    def given(self, unit: str) -> dict[str, dict[str, Any]]:
        """What people gave each student for `unit`: `given`, `written` and `extension` of a `Submission`."""
        who = _SUBMITTED.c.student_id
        theirs = sql.select(who, _SUBMITTED.c.extension).select_from(_SUBMITTED.join(_ASSIGNMENT))
        grades = sql.select(who, _CELL.c.name, _GRADE.c.manual_score, _GRADE.c.extra_credit).select_from(
            _SUBMITTED.join(_ASSIGNMENT).join(_PLACE).join(_GRADE).join(_CELL)
        )
        comments = sql.select(who, _CELL.c.name, _COMMENT.c.manual_comment).select_from(
            _SUBMITTED.join(_ASSIGNMENT).join(_PLACE).join(_COMMENT).join(_CELL)
        )
        named = _ASSIGNMENT.c.name == unit
        some = sql.or_(_GRADE.c.manual_score.is_not(None), _GRADE.c.extra_credit.is_not(None))
        with self._reading() as db:
            found: dict[str, dict[str, Any]] = {
                student: {
                    "given": {},
                    "written": {},
                    "extension": extension.total_seconds() if extension is not None else None,
                }
                for student, extension in db.execute(theirs.where(named))
            }
            for student, cell, manual, extra in db.execute(grades.where(named, some).order_by(_CELL.c.name)):
                found[student]["given"][cell] = (manual, extra)
            written = _COMMENT.c.manual_comment.is_not(None) & (_COMMENT.c.manual_comment != "")
            for student, cell, comment in db.execute(comments.where(named, written).order_by(_CELL.c.name)):
                found[student]["written"][cell] = comment
        return found

    def due(self, unit: str) -> Any:
        """The due date of `unit`, if it has one."""
        with self._reading() as db:
            return db.execute(sql.select(_ASSIGNMENT.c.duedate).where(_ASSIGNMENT.c.name == unit)).scalar()

    def cells(self, unit: str) -> set[str]:
        """The ids of the graded cells that submissions of `unit` were graded by; empty where there are none."""
        there = sql.select(_SUBMITTED.c.id).select_from(_SUBMITTED.join(_ASSIGNMENT)).where(_ASSIGNMENT.c.name == unit)
        cells = (
            sql.select(_CELL.c.name)
            .select_from(_CELL.join(_NOTEBOOK).join(_ASSIGNMENT))
            .where(_ASSIGNMENT.c.name == unit, _CELL.c.type.in_(("GradeCell", "TaskCell")))
        )
        with self._reading() as db:
            return set(db.execute(cells).scalars()) if db.execute(there.limit(1)).first() else set()

    def students(self) -> list[str]:
        """Everyone in the gradebook, whatever they handed in."""
        with self._reading() as db:
            return sorted(db.execute(sql.select(_STUDENT.c.id)).scalars())


# --------------------------------------------------------------------------- parts of a transaction


def _one_at_a_time(db: Connection, student: str) -> None:
    """Let nobody else write this student's results until the transaction ends. In SQLite nobody else writes at all."""
    if db.dialect.name == "postgresql":
        db.execute(sql.select(sql.func.pg_advisory_xact_lock(zlib.crc32(student.encode()))))


def _submission(db: Connection, unit: str, student: str) -> str:
    """The id of the student's submission of `unit`, with a place for every cell; made where there is none."""
    assignment = db.execute(sql.select(_ASSIGNMENT.c.id).where(_ASSIGNMENT.c.name == unit)).scalar_one()
    where = (_SUBMITTED.c.assignment_id == assignment) & (_SUBMITTED.c.student_id == student)
    found = db.execute(sql.select(_SUBMITTED.c.id).where(where)).scalar()
    if found is not None:
        return str(found)
    if db.execute(sql.select(_STUDENT.c.id).where(_STUDENT.c.id == student)).first() is None:
        db.execute(sql.insert(_STUDENT).values(id=student))
    made = db.execute(sql.insert(_SUBMITTED).values(assignment_id=assignment, student_id=student))
    submitted = str(made.inserted_primary_key[0])  # type: ignore[index]
    for notebook in db.execute(sql.select(_NOTEBOOK.c.id).where(_NOTEBOOK.c.assignment_id == assignment)).scalars():
        made = db.execute(sql.insert(_PLACE).values(assignment_id=submitted, notebook_id=notebook))
        place = str(made.inserted_primary_key[0])  # type: ignore[index]
        cells = db.execute(sql.select(_CELL.c.id, _CELL.c.type).where(_CELL.c.notebook_id == notebook)).all()
        for table, kinds in ((_GRADE, ("GradeCell", "TaskCell")), (_COMMENT, ("SolutionCell", "TaskCell"))):
            places = [{"cell_id": cell.id, "notebook_id": place} for cell in cells if cell.type in kinds]
            if places:
                db.execute(sql.insert(table), places)
    return submitted


def _write_marks(db: Connection, submitted: str, outcome: Outcome) -> None:
    """The automatic score of every cell, the automatic comments, the penalty."""
    places = sql.select(_PLACE.c.id).where(_PLACE.c.assignment_id == submitted)

    def cells(table: sql.Table, *columns: Any) -> Any:
        query = sql.select(*[table.c.id, _CELL.c.name, *columns]).select_from(table.join(_CELL))
        return db.execute(query.where(table.c.notebook_id.in_(places))).all()

    marks = []
    for grade_id, name, manual in cells(_GRADE, _GRADE.c.manual_score):
        mark = outcome.marks.get(name, Mark(0.0))
        # nbgrader's own rule: what a person has graded is to be looked at again after a new run.
        marks.append({"of": grade_id, "score": mark.score, "waits": mark.needs_reading or manual is not None})
    if marks:
        change = sql.update(_GRADE).where(_GRADE.c.id == sql.bindparam("of"))
        values: dict[str, Any] = {"auto_score": sql.bindparam("score"), "needs_manual_grade": sql.bindparam("waits")}
        db.execute(change.values(values), marks)
    said = [{"of": comment_id, "text": outcome.comments.get(name)} for comment_id, name in cells(_COMMENT)]
    if said:
        change = sql.update(_COMMENT).where(_COMMENT.c.id == sql.bindparam("of"))
        db.execute(change.values(auto_comment=sql.bindparam("text")), said)
    penalty = {"late_submission_penalty": outcome.late_penalty}
    db.execute(sql.update(_PLACE).where(_PLACE.c.assignment_id == submitted).values(penalty))


def _most(db: Connection, unit: str) -> float:
    """The most points that `unit` gives."""
    total = 0.0
    for table in (_GRADED, _TASKS):
        query = sql.select(sql.func.sum(table.c.max_score)).select_from(
            table.join(_CELL, table.c.id == _CELL.c.id).join(_NOTEBOOK).join(_ASSIGNMENT)
        )
        total += db.execute(query.where(_ASSIGNMENT.c.name == unit)).scalar() or 0.0
    return total


def _score(auto: float | None, manual: float | None, extra: float | None) -> float:
    """nbgrader's rule: a person's score before the automatic one, and extra credit to either."""
    base = manual if manual is not None else auto
    return base + (extra or 0.0) if base is not None else 0.0


# --------------------------------------------------------------------------- the database


def normal(url: str) -> str:
    """The database's URL with the driver that is installed; `GradingError`, without the URL, where it is none."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise GradingError(
            "The gradebook's address cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave "
            "--gradebook out for a file."
        ) from None
    if made.drivername in ("postgres", "postgresql"):
        made = made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() not in ("sqlite", "postgresql"):
        raise GradingError("A gradebook is kept in SQLite (the default) or in PostgreSQL (postgresql://…).")
    return made.render_as_string(hide_password=False)


def shown(url: str) -> str:
    """The database as people may read it: a path, or an address without its password."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        return str(Path(made.database or ""))
    bare = URL.create("postgresql", made.username, None, made.host, made.port, made.database)
    return bare.render_as_string()


def _engine(url: str, patience: float) -> Engine:
    if make_url(url).get_backend_name() == "postgresql":
        waits = f"-c lock_timeout={int(patience * 1000)}"
        return sql.create_engine(url, connect_args={"connect_timeout": 10, "options": waits})
    engine = sql.create_engine(url, connect_args={"timeout": patience})

    # SQLite's driver begins a transaction only at the first write, and then fails at once where another began before.
    @sql.event.listens_for(engine, "connect")
    def _by_hand(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @sql.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("isometry_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare(engine: Engine, url: str, course: str | None) -> None:
    """Let nbgrader make its tables, and make ours, where they are not there yet. Several may come here at once."""
    making = False
    for tries in range(10):
        try:
            there = sql.inspect(engine)
            if not there.has_table(_CLASSES.name):
                if course is None and not there.has_table(_OUTCOMES.name):
                    raise GradingError(f"Nothing was graded into {shown(url)} yet.")
                making = True
                _make_tables(engine)  # nbgrader itself would run a program for seconds, to ask which version they have
                Gradebook(url, course or "").close()
                _OURS.create_all(engine)
            _add_columns(engine)
            return
        except (SQLAlchemyError, InvalidEntry) as error:
            # Another made a table between our look and our step, or is making one.
            said = str(getattr(error, "orig", error)).lower()
            expected = ("exists", "unique", "duplicate", "no such table", *(["locked", "deadlock"] if making else []))
            if tries == 9 or not any(word in said for word in expected):
                raise
            time.sleep(0.1 * (tries + 1))


def _make_tables(engine: Engine) -> None:
    """Make nbgrader's tables, and say which version they have, as it does itself."""
    with engine.connect().execution_options(isometry_writes=True) as db, db.begin():
        _one_at_a_time(db, "")
        Base.metadata.create_all(db)
        db.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
        said = db.exec_driver_sql("SELECT version_num FROM alembic_version").first()
        if said is None and db.execute(sql.select(_SUBMITTED.c.id).limit(1)).first() is None:
            db.exec_driver_sql(f"INSERT INTO alembic_version (version_num) VALUES ('{_version()}')")


def _version() -> str:
    """The version of nbgrader's tables."""
    settings = Alembic()
    settings.set_main_option("script_location", ALEMBIC_DIR.replace("%", "%%"))
    return str(ScriptDirectory.from_config(settings).get_current_head())


def _add_columns(engine: Engine) -> None:
    """Give a table of ours that was made before the columns that it lacks."""
    have = {column["name"] for column in sql.inspect(engine).get_columns(_OUTCOMES.name)}
    if missing := [column for column in _OUTCOMES.columns if column.name not in have]:
        with engine.connect().execution_options(isometry_writes=True) as db, db.begin():
            for column in missing:
                kind = column.type.compile(engine.dialect)
                db.exec_driver_sql(f"ALTER TABLE {_OUTCOMES.name} ADD COLUMN {column.name} {kind}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _utc(timestamp: str) -> Any:
    try:
        return parse_utc(timestamp)
    except (ValueError, OverflowError):
        return None


def _unusable(url: str, error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"The gradebook {shown(url)} cannot be used ({said[0] if said else type(error).__name__}). "
        "Close whatever holds it open, make room on the disk, or name another folder with --into."
    )
