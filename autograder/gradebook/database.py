"""The gradebook's database: its address, its connection, its tables brought up to date."""

from __future__ import annotations

import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from alembic.config import Config as Alembic
from alembic.script import ScriptDirectory
from nbgrader.api import Base, Gradebook, InvalidEntry
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from autograder.errors import GradingError
from autograder.gradebook.schema import CLASSES, OURS, OUTCOMES, SUBMITTED

PATIENCE = 30
"""Seconds to wait for another writer."""


def one_at_a_time(db: Connection, student: str) -> None:
    """Lock this student's results against other writers until the transaction ends. SQLite has locked everything already."""
    if db.dialect.name == "postgresql":
        db.execute(sql.select(sql.func.pg_advisory_xact_lock(zlib.crc32(student.encode()))))


def normal(url: str) -> str:
    """Return the database's URL with the installed driver. Raises `GradingError`, without the URL in it, if it is none."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise GradingError(
            "The gradebook's address cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out "
            "for a file.",
            parameter="gradebook",
        ) from None
    if made.drivername in ("postgres", "postgresql"):
        made = made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() not in ("sqlite", "postgresql"):
        raise GradingError("A gradebook is kept in SQLite (the default) or in PostgreSQL (postgresql://…).")
    return made.render_as_string(hide_password=False)


def without_password(url: str) -> str:
    """Return the database's address for people to read: a path, or a URL without its password."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        return str(Path(made.database or ""))
    bare = URL.create("postgresql", made.username, None, made.host, made.port, made.database)
    return bare.render_as_string()


def open_engine(url: str, patience: float) -> Engine:
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


def prepare(engine: Engine, url: str, course: str | None) -> None:
    """Make nbgrader's tables and ours, where they are missing. Several processes may do so at once."""
    making = False
    for tries in range(10):
        try:
            there = sql.inspect(engine)
            if not there.has_table(CLASSES.name):
                if course is None and not there.has_table(OUTCOMES.name):
                    raise GradingError(f"Nothing was graded into {without_password(url)} yet.")
                making = True
                _make_tables(engine)  # nbgrader itself would run a program for seconds, to ask which version they have
                Gradebook(url, course or "").close()
                OURS.create_all(engine)
            _add_columns(engine)
            return
        except (SQLAlchemyError, InvalidEntry) as error:
            # Another made a table between our look and our step, or is making one.
            if tries == 9 or not _may_pass(error, making):
                raise
            time.sleep(0.1 * (tries + 1))


_CHANGED = {"42P07", "42701", "42710", "42P01", "23505"}
"""PostgreSQL: the table, column or type is there already; the table is not there; the row is there already."""
_HELD = {"40P01", "55P03"}
"""PostgreSQL: a deadlock, a lock that did not come in time."""


def _may_pass(error: Exception, making: bool) -> bool:
    """Whether the next look at the tables may find what this step did not: another process changed them meanwhile, or,
    where tables are being made, holds them."""
    cause = error.__context__ if isinstance(error, InvalidEntry) else error  # which nbgrader raised from SQLAlchemy's
    driver = getattr(cause, "orig", None)
    if isinstance(driver, sqlite3.Error):
        # SQLite has one code for a table that is there already and for one that is not there.
        code = (getattr(driver, "sqlite_errorcode", None) or sqlite3.SQLITE_INTERNAL) & 0xFF
        held = making and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        return held or code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT)
    state = getattr(driver, "sqlstate", None)
    return state in _CHANGED or (making and state in _HELD)


def _make_tables(engine: Engine) -> None:
    """Make nbgrader's tables, and record their version as nbgrader does."""
    with engine.connect().execution_options(isometry_writes=True) as db, db.begin():
        one_at_a_time(db, "")
        Base.metadata.create_all(db)
        db.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
        said = db.exec_driver_sql("SELECT version_num FROM alembic_version").first()
        if said is None and db.execute(sql.select(SUBMITTED.c.id).limit(1)).first() is None:
            db.exec_driver_sql(f"INSERT INTO alembic_version (version_num) VALUES ('{_version()}')")


def _version() -> str:
    """Return the version of nbgrader's tables."""
    settings = Alembic()
    settings.set_main_option("script_location", ALEMBIC_DIR.replace("%", "%%"))
    return str(ScriptDirectory.from_config(settings).get_current_head())


def _add_columns(engine: Engine) -> None:
    """Add the columns that our tables of earlier versions lack."""
    for table in (OUTCOMES, CLASSES):
        have = {column["name"] for column in sql.inspect(engine).get_columns(table.name)}
        if missing := [column for column in table.columns if column.name not in have]:
            with engine.connect().execution_options(isometry_writes=True) as db, db.begin():
                for column in missing:
                    kind = column.type.compile(engine.dialect)
                    db.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def unusable(url: str, error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"The gradebook {without_password(url)} cannot be used ({said[0] if said else type(error).__name__}). "
        "Close whatever holds it open, make room on the disk, or name another folder."
    )
