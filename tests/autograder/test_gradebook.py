"""The gradebook, in a file and in PostgreSQL: several writers, attempts, what people gave, and nbgrader's own reading."""

from __future__ import annotations

import itertools
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import databases
import fake_grading
import pytest
from databases import PASSWORD
from fake_grading import UNIT
from nbgrader.api import Gradebook
from proving import count
from sqlalchemy.exc import SQLAlchemyError

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import GradingError
from autograder.gradebook.database import _may_pass, normal, open_engine, without_password
from autograder.gradebook.ledger import GradebookStore
from autograder.judging.verdict import Verdict, VerdictState
from autograder.submissions import assignment as assignments
from autograder.submissions.fingerprints import Fingerprint, ItemFingerprint
from autograder.submissions.result import GradingResult, Mark, Status, failed, quarantined

COURSE = "isometry"
CELLS = {"scale-check": 2.0, "count-check": 1.0, "relu-check": 4.0, "why": 3.0}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(pristine: assignments.Assignment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a database `entered`, in which only the assignment stands."""
    with databases.postgresql() as url:
        made = databases.fresh(url, "entered")
        assignments.prepare(pristine, tmp_path_factory.mktemp("entered") / "workshop", normal(made))
        GradebookStore(made, COURSE).__exit__(None, None, None)
        yield url


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> assignments.Assignment:
    return assignments.find(UNIT, fake_grading.course(tmp_path_factory.mktemp("gradebook")))


@pytest.fixture(scope="module")
def entered(pristine: assignments.Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook in a file, in which only the assignment stands."""
    folder = tmp_path_factory.mktemp("entered")
    assignments.prepare(pristine, folder / "workshop", f"sqlite:///{folder / 'gradebook.db'}")
    GradebookStore(f"sqlite:///{folder / 'gradebook.db'}", COURSE).__exit__(None, None, None)
    return folder / "gradebook.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, entered: Path, tmp_path: Path) -> str:
    if request.param == "sqlite":
        (tmp_path / "gradebook.db").write_bytes(entered.read_bytes())
        return f"sqlite:///{tmp_path / 'gradebook.db'}"
    return databases.fresh(request.getfixturevalue("server"), f"class{next(_numbers)}", "entered")


def result(student: str, share: float = 1.0) -> GradingResult:
    verdict = Verdict("tiny.scale", VerdictState.RIGHT, share, 2.0, came_back="0.5")
    marks = {cell: Mark(points * share) for cell, points in CELLS.items() if cell != "why"} | {"why": Mark(None, True)}
    mistakes = {"scale-check": "root"} if share < 1 else {}
    return GradingResult(
        student=student,
        unit=UNIT,
        ending=Status.GRADED,
        marks=marks,
        mistakes=mistakes,
        comments={"why": "No response."},
        answers={"scale-check": "[0.5]"},
        verdicts={"scale-check": verdict},
    )


def test_what_is_written_is_read_again_by_us_and_by_nbgrader(url: str) -> None:
    keys = Fingerprint("s", "r", {"scale-check": ItemFingerprint("a", "j")}, "g")
    with GradebookStore(url, COURSE) as ledger:
        assert ledger.record(result("ada", 0.5), "2026-01-02 03:04:05 UTC", attempt=101, fingerprint=keys)
        assert ledger.record(failed("ben", UNIT, DiagnosticCode.KERNEL_DIED, "The kernel died.", "relu"))
        assert ledger.record(quarantined("cyd", UNIT, "It costs the grader its process."))
        ada, ben, cyd = ledger.rows(UNIT)
        kept = ledger.kept(UNIT, "ada")
    assert (ada.score, ada.max_score, ada.state, ada.unread) == (3.5, 10.0, Status.GRADED, ("why",))
    assert ada.scores == {"scale-check": 1.0, "count-check": 0.5, "relu-check": 2.0, "why": 0.0}
    assert (ben.state, ben.cell, ben.score, ben.reason) == (Status.FAILED, "relu", 0.0, "The kernel died.")
    assert (cyd.state, cyd.score, set(cyd.scores.values())) == (Status.QUARANTINED, 0.0, {0.0})
    assert kept is not None and (kept.attempt, kept.fingerprint, kept.answers) == (101, keys, {"scale-check": "[0.5]"})
    assert kept.verdicts == result("ada", 0.5).verdicts
    with Gradebook(normal(url), COURSE) as gradebook:
        submitted = gradebook.find_submission(UNIT, "ada")
        assert (submitted.score, submitted.max_score, str(submitted.timestamp)) == (3.5, 10.0, "2026-01-02 03:04:05")
        assert gradebook.find_comment("why", UNIT, UNIT, "ada").comment == "No response."
        assert {s.student.id: s.score for s in gradebook.assignment_submissions(UNIT)} == {
            "ada": 3.5,
            "ben": 0,
            "cyd": 0,
        }


def test_a_second_delivery_of_the_same_or_an_older_attempt_changes_nothing(url: str) -> None:
    with GradebookStore(url, COURSE) as ledger:
        first, second = ledger.begin(), ledger.begin()
        assert second > first
        assert ledger.record(result("ada", 0.5), attempt=200)
        assert not ledger.record(result("ada", 1.0), attempt=200)
        assert not ledger.record(failed("ada", UNIT, DiagnosticCode.KERNEL_DIED, "late"), attempt=199)
        assert ledger.row(UNIT, "ada").score == 3.5
        assert ledger.record(result("ada", 1.0), attempt=201)
        assert ledger.row(UNIT, "ada").score == 7.0


def _write(url: str, number: int, students: list[str], gate: Any) -> None:
    with GradebookStore(url, COURSE) as ledger:
        gate.wait(60)
        for attempt, student in enumerate(students):
            ledger.record(result(student, 1.0 if number % 2 else 0.5), attempt=100 * number + attempt)


def test_eight_writers_at_once_lose_nothing(url: str) -> None:
    """Each writes students of its own and, all of them, the same one."""
    many, spawn = count(40, 4), multiprocessing.get_context("fork")
    gate = spawn.Barrier(8)
    names = [[f"s{number}-{i}" for i in range(many)] + ["shared"] for number in range(8)]
    writers = [spawn.Process(target=_write, args=(url, number, names[number], gate)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 8
    with GradebookStore(url, COURSE) as ledger:
        scores = {row.student: row.score for row in ledger.rows(UNIT)}
        last = ledger.attempt(UNIT, "shared")
    assert last == 700 + many
    assert scores == {"shared": 7.0} | {f"s{n}-{i}": 7.0 if n % 2 else 3.5 for n in range(8) for i in range(many)}


def test_what_people_gave_survives_another_attempt(url: str) -> None:
    with GradebookStore(url, COURSE) as ledger:
        ledger.record(result("ada"))
    with Gradebook(normal(url), COURSE) as gradebook:
        grade = gradebook.find_grade("why", UNIT, UNIT, "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.0, 0.5, False
        gradebook.find_comment("why", UNIT, UNIT, "ada").manual_comment = "Well argued."
        gradebook.find_submission(UNIT, "ada").extension = timedelta(hours=2)
        gradebook.db.commit()
    with GradebookStore(url, COURSE) as ledger:
        given = {"given": {"why": (2.0, 0.5)}, "written": {"why": "Well argued."}, "extension": 7200.0}
        assert ledger.given(UNIT) == {"ada": given}
        late = result("ada", 0.5)
        ledger.record(GradingResult(**{**vars(late), "late_penalty": 1.0}))
        row = ledger.row(UNIT, "ada")
        assert (row.scores["why"], row.score, row.unread) == (2.5, 5.0, ())
        assert ledger.given(UNIT) == {"ada": given}
    with Gradebook(normal(url), COURSE) as gradebook:
        submitted = gradebook.find_submission(UNIT, "ada")
        assert (submitted.score, submitted.late_submission_penalty) == (6.0, 1.0)
        assert gradebook.find_comment("why", UNIT, UNIT, "ada").comment == "Well argued."


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_empty_database_may_be_opened_by_several_at_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if kind == "postgresql":
        url = databases.fresh(request.getfixturevalue("server"), "new")
    spawn = multiprocessing.get_context("fork")
    gate = spawn.Barrier(4)
    openers = [spawn.Process(target=_write, args=(url, number, [], gate)) for number in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join(120)
    assert [opener.exitcode for opener in openers] == [0] * 4
    with GradebookStore(url) as ledger:
        assert ledger.rows(UNIT) == []


# --------------------------------------------------------------------------- what can go wrong


def test_a_locked_gradebook_is_one_sentence_and_keeps_what_it_had(entered: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(entered.read_bytes())
    with GradebookStore(f"sqlite:///{path}", COURSE, patience=0.2) as ledger:
        ledger.record(result("ada", 0.5), attempt=1)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(GradingError, match=r"cannot be used \(database is locked\)"):
            ledger.record(result("ada"), attempt=2)
        holder.execute("ROLLBACK")
        holder.close()
        assert ledger.row(UNIT, "ada").score == 3.5 and ledger.attempt(UNIT, "ada") == 1


@pytest.mark.parametrize("left", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
def test_a_gradebook_whose_making_was_stopped_gets_the_version_that_nbgrader_gives_it(
    entered: Path, tmp_path: Path, left: str
) -> None:
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_bytes(entered.read_bytes())
    with sqlite3.connect(gradebook) as db:
        (version,) = db.execute("SELECT version_num FROM alembic_version").fetchall()
        db.execute("DROP TABLE isometry_class")
        db.execute(left)
    GradebookStore(f"sqlite:///{gradebook}", COURSE).__exit__(None, None, None)
    with sqlite3.connect(gradebook) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [version]


def test_a_gradebook_of_the_first_form_gets_the_columns_it_lacks(entered: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(entered.read_bytes())
    with sqlite3.connect(path) as old:
        old.execute("DROP TABLE isometry_outcome")
        old.execute(
            "CREATE TABLE isometry_outcome (assignment VARCHAR(128), student VARCHAR(128), state VARCHAR(16) NOT NULL, "
            "reason TEXT NOT NULL, cell VARCHAR(128), mistakes TEXT NOT NULL, seconds FLOAT NOT NULL, "
            "PRIMARY KEY (assignment, student))"
        )
        old.execute("INSERT INTO isometry_outcome VALUES (?, 'ada', 'graded', '', NULL, '{}', 1.5)", (UNIT,))
    with GradebookStore(f"sqlite:///{path}", COURSE) as ledger:
        assert ledger.fingerprints(UNIT) == {"ada": (Status.GRADED, "")}
        assert ledger.record(result("ada"), attempt=1) and ledger.row(UNIT, "ada").score == 7.0


def test_diagnostics_are_kept_with_their_codes(url: str) -> None:
    found = (
        Diagnostic(DiagnosticCode.CELL_MISSING, "The graded cell x is missing and counts zero.", "x"),
        Diagnostic(DiagnosticCode.UNCONFINED, "It ran without a sandbox."),
    )
    with GradebookStore(url, COURSE) as ledger:
        ledger.record(replace(result("ada"), diagnostics=found))
        kept = ledger.kept(UNIT, "ada")
        row = ledger.row(UNIT, "ada")
    assert kept is not None and kept.diagnostics == row.diagnostics == found
    assert (row.reason, row.cell) == ("The graded cell x is missing and counts zero. It ran without a sandbox.", "x")


def of_version_0_1(gradebook: Path) -> None:
    """Make of a gradebook what version 0.1 would have written: no codes, and another name in the fingerprint."""
    with sqlite3.connect(gradebook) as db:
        db.execute("ALTER TABLE isometry_outcome DROP COLUMN diagnostics")
        db.execute("""UPDATE isometry_outcome SET under = replace(under, '"graded_items"', '"papers"')""")


def test_a_gradebook_without_codes_tells_what_it_told(entered: Path, tmp_path: Path) -> None:
    """The codes of its two sentences that the report knows are read off them; all others stay without."""
    path = tmp_path / "gradebook.db"
    path.write_bytes(entered.read_bytes())
    keys = Fingerprint("s", "r", {"scale-check": ItemFingerprint("a", "j")}, "g")
    said = (
        "The cell relu is there 2 times; the last one counts. It ran without a sandbox. "
        "The cell old-check was judged in the student's process. The cell new-check was judged in the student's process."
    )
    with GradebookStore(f"sqlite:///{path}", COURSE) as ledger:
        ledger.record(result("ada"), attempt=1, fingerprint=keys)
        ledger.record(result("ben"), attempt=1, fingerprint=keys)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE isometry_outcome SET reason = ?, cell = 'relu' WHERE student = 'ada'", (said,))
    of_version_0_1(path)
    with GradebookStore(f"sqlite:///{path}") as ledger:
        ada, ben = ledger.rows(UNIT)
        kept = ledger.kept(UNIT, "ada")
    assert ada.reason == said and [(one.code.value, one.cell) for one in ada.diagnostics] == [
        ("unspecified", "relu"),
        ("unconfined", None),
        ("judged-inside", "old-check"),
        ("judged-inside", "new-check"),
    ]
    assert (
        ben.diagnostics == () and kept is not None and kept.fingerprint == keys and kept.diagnostics == ada.diagnostics
    )


def test_a_code_of_a_later_version_is_read_as_none_that_is_known(entered: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(entered.read_bytes())
    with GradebookStore(f"sqlite:///{path}", COURSE) as ledger:
        ledger.record(result("ada"))
        with sqlite3.connect(path) as db:
            db.execute("""UPDATE isometry_outcome SET diagnostics = '[["of-tomorrow", "It rained.", null]]'""")
        assert ledger.row(UNIT, "ada").diagnostics == (Diagnostic(DiagnosticCode.UNSPECIFIED, "It rained."),)


@pytest.mark.parametrize(("making", "passes"), [(True, True), (False, False)])
def test_a_held_database_is_tried_again_only_while_tables_are_made(tmp_path: Path, making: bool, passes: bool) -> None:
    path = tmp_path / "held.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    engine = open_engine(f"sqlite:///{path}", 0.05)
    with pytest.raises(SQLAlchemyError) as held, engine.connect() as db:
        db.exec_driver_sql("SELECT 1 FROM sqlite_master")
    holder.close()
    engine.dispose()
    assert _may_pass(held.value, making) is passes


@pytest.mark.parametrize(
    ("statement", "passes"),
    [
        ("CREATE TABLE there (id INTEGER PRIMARY KEY)", True),
        ("ALTER TABLE there ADD COLUMN id INTEGER", True),
        ("SELECT * FROM not_there", True),
        ("INSERT INTO there VALUES (1)", True),
        ("SELECT 1 / 0", False),
    ],
)
def test_what_another_process_did_meanwhile_is_known_by_the_databases_own_codes(
    url: str, statement: str, passes: bool
) -> None:
    engine = open_engine(normal(url), 5)
    with engine.connect() as db:
        db.exec_driver_sql("DROP TABLE IF EXISTS there")
        db.exec_driver_sql("CREATE TABLE there (id INTEGER PRIMARY KEY)")
        db.exec_driver_sql("INSERT INTO there VALUES (1)")
        db.commit()
    try:
        with engine.connect() as db:
            db.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        assert _may_pass(error, making=False) is passes
    else:
        assert not passes  # SQLite divides by zero
    finally:
        engine.dispose()


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"not a database" * 100)
    began = time.monotonic()
    with pytest.raises(GradingError, match="cannot be used") as refused:
        GradebookStore(f"sqlite:///{path}", COURSE)
    assert refused.value.parameter == "into" and time.monotonic() - began < 3


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://grader:{PASSWORD}@127.0.0.1:1/none",
        f"postgresql://grader:{PASSWORD}@/none?host=/nowhere",
        f"postgresql:/grader:{PASSWORD}@x",
        f"mysql://grader:{PASSWORD}@localhost/none",
    ],
)
def test_no_error_and_no_summary_shows_the_password(url: str) -> None:
    with pytest.raises(GradingError) as refused:
        GradebookStore(url, COURSE)
    said = str(refused.value)
    assert not any(part in said for part in ("sesame", PASSWORD)) and len(said.splitlines()) == 1


def test_a_gradebook_is_shown_without_its_password() -> None:
    assert without_password(normal("postgresql://ada:secret@db.example.org:5433/grades?sslmode=require")) == (
        "postgresql://ada@db.example.org:5433/grades"
    )
    assert without_password("sqlite:////tmp/gradebook.db") == "/tmp/gradebook.db"
