"""The tables of the gradebook: nbgrader's own, and those kept beside them."""

from __future__ import annotations

import sqlalchemy as sql
from nbgrader.api import Base

OURS = sql.MetaData()

OUTCOMES = sql.Table(
    "isometry_outcome",
    OURS,
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
    sql.Column("under", sql.Text, key="fingerprint"),
    sql.Column("verdicts", sql.Text),
    sql.Column("answers", sql.LargeBinary),
    sql.Column("written", sql.LargeBinary),
    sql.Column("diagnostics", sql.Text),
)
"""How each submission ended, beside nbgrader's tables and in the same transaction."""

BATCHES = sql.Table(
    "isometry_batch",
    OURS,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("at", sql.String(32), nullable=False),
)

CLASSES = sql.Table(
    "isometry_class",
    OURS,
    sql.Column("assignment", sql.String(128), primary_key=True),
    sql.Column("inputs", sql.String(64), nullable=False),
    sql.Column("facts", sql.Text, nullable=False),
    sql.Column("cells", sql.Text),
)
"""What a class was last graded with: the digest of it all, and what was worked out from it."""

TABLES = Base.metadata.tables

ASSIGNMENT, NOTEBOOK, STUDENT = TABLES["assignment"], TABLES["notebook"], TABLES["student"]

CELL, SUBMITTED, PLACE = TABLES["base_cell"], TABLES["submitted_assignment"], TABLES["submitted_notebook"]

GRADE, COMMENT = TABLES["grade"], TABLES["comment"]
