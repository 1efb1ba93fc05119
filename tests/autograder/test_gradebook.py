"""The gradebook, in a file and in PostgreSQL: several writers, attempts, what people gave, and nbgrader's own reading."""

from __future__ import annotations

import itertools
import multiprocessing
import sqlite3
from collections.abc import Iterator
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

from autograder import assignment as assignments
from autograder.errors import GradingError
from autograder.exercise import State, Verdict
from autograder.gradebook import Ledger, normal, shown
from autograder.keys import Keys, PaperKey
from autograder.outcome import Ending, Mark, Outcome, failed, quarantined

COURSE = "isometry"
CELLS = {"scale-check": 2.0, "count-check": 1.0, "relu-check": 4.0, "why": 3.0}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(pristine: assignments.Assignment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a database `entered`, in which only the assignment stands."""
    with databases.postgresql() as url:
        made = databases.fresh(url, "entered")
        assignments.prepare(pristine, tmp_path_factory.mktemp("entered") / "workshop", normal(made))
        Ledger(made, COURSE).__exit__(None, None, None)
        yield url


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> assignments.Assignment:
    return assignments.find(UNIT, fake_grading.course(tmp_path_factory.mktemp("gradebook")))


@pytest.fixture(scope="module")
def entered(pristine: assignments.Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook in a file, in which only the assignment stands."""
    folder = tmp_path_factory.mktemp("entered")
    assignments.prepare(pristine, folder / "workshop", f"sqlite:///{folder / 'gradebook.db'}")
    Ledger(f"sqlite:///{folder / 'gradebook.db'}", COURSE).__exit__(None, None, None)
    return folder / "gradebook.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, entered: Path, tmp_path: Path) -> str:
    if request.param == "sqlite":
        (tmp_path / "gradebook.db").write_bytes(entered.read_bytes())
        return f"sqlite:///{tmp_path / 'gradebook.db'}"
    return databases.fresh(request.getfixturevalue("server"), f"class{next(_numbers)}", "entered")


def outcome(student: str, share: float = 1.0) -> Outcome:
    verdict = Verdict("tiny.scale", State.RIGHT, share, 2.0, came_back="0.5")
    marks = {cell: Mark(points * share) for cell, points in CELLS.items() if cell != "why"} | {"why": Mark(None, True)}
    mistakes = {"scale-check": "root"} if share < 1 else {}
    return Outcome(
        student,
        UNIT,
        Ending.GRADED,
        marks=marks,
        mistakes=mistakes,
        comments={"why": "No response."},
        answers={"scale-check": "[0.5]"},
        verdicts={"scale-check": verdict},
    )


def test_what_is_written_is_read_again_by_us_and_by_nbgrader(url: str) -> None:
    keys = Keys("s", "r", {"scale-check": PaperKey("a", "j")}, "g")
    with Ledger(url, COURSE) as ledger:
        assert ledger.record(outcome("ada", 0.5), "2026-01-02 03:04:05 UTC", attempt=101, keys=keys)
        assert ledger.record(failed("ben", UNIT, "The kernel died.", "relu"))
        assert ledger.record(quarantined("cyd", UNIT, "It costs the grader its process."))
        ada, ben, cyd = ledger.rows(UNIT)
        kept = ledger.kept(UNIT, "ada")
    assert (ada.score, ada.max_score, ada.state, ada.unread) == (3.5, 10.0, Ending.GRADED, ("why",))
    assert ada.scores == {"scale-check": 1.0, "count-check": 0.5, "relu-check": 2.0, "why": 0.0}
    assert (ben.state, ben.cell, ben.score, ben.reason) == (Ending.FAILED, "relu", 0.0, "The kernel died.")
    assert (cyd.state, cyd.score, set(cyd.scores.values())) == (Ending.QUARANTINED, 0.0, {0.0})
    assert kept is not None and (kept.attempt, kept.keys, kept.answers) == (101, keys, {"scale-check": "[0.5]"})
    assert kept.verdicts == outcome("ada", 0.5).verdicts
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
    with Ledger(url, COURSE) as ledger:
        first, second = ledger.begin(), ledger.begin()
        assert second > first
        assert ledger.record(outcome("ada", 0.5), attempt=200)
        assert not ledger.record(outcome("ada", 1.0), attempt=200)
        assert not ledger.record(failed("ada", UNIT, "late"), attempt=199)
        assert ledger.row(UNIT, "ada").score == 3.5
        assert ledger.record(outcome("ada", 1.0), attempt=201)
        assert ledger.row(UNIT, "ada").score == 7.0


def _write(url: str, number: int, students: list[str], gate: Any) -> None:
    with Ledger(url, COURSE) as ledger:
        gate.wait(60)
        for attempt, student in enumerate(students):
            ledger.record(outcome(student, 1.0 if number % 2 else 0.5), attempt=100 * number + attempt)


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
    with Ledger(url, COURSE) as ledger:
        scores = {row.student: row.score for row in ledger.rows(UNIT)}
        last = ledger.attempt(UNIT, "shared")
    assert last == 700 + many
    assert scores == {"shared": 7.0} | {f"s{n}-{i}": 7.0 if n % 2 else 3.5 for n in range(8) for i in range(many)}


def test_what_people_gave_survives_another_attempt(url: str) -> None:
    with Ledger(url, COURSE) as ledger:
        ledger.record(outcome("ada"))
    with Gradebook(normal(url), COURSE) as gradebook:
        grade = gradebook.find_grade("why", UNIT, UNIT, "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.0, 0.5, False
        gradebook.find_comment("why", UNIT, UNIT, "ada").manual_comment = "Well argued."
        gradebook.find_submission(UNIT, "ada").extension = timedelta(hours=2)
        gradebook.db.commit()
    with Ledger(url, COURSE) as ledger:
        given = {"given": {"why": (2.0, 0.5)}, "written": {"why": "Well argued."}, "extension": 7200.0}
        assert ledger.given(UNIT) == {"ada": given}
        late = outcome("ada", 0.5)
        ledger.record(Outcome(**{**vars(late), "late_penalty": 1.0}))
        row = ledger.row(UNIT, "ada")
        assert (row.scores["why"], row.score, row.unread) == (2.5, 5.0, ("why",))
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
    with Ledger(url) as ledger:
        assert ledger.rows(UNIT) == []


# --------------------------------------------------------------------------- what can go wrong


def test_a_locked_gradebook_is_one_sentence_and_keeps_what_it_had(entered: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(entered.read_bytes())
    with Ledger(f"sqlite:///{path}", COURSE, patience=0.2) as ledger:
        ledger.record(outcome("ada", 0.5), attempt=1)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(GradingError, match=r"cannot be used \(database is locked\)"):
            ledger.record(outcome("ada"), attempt=2)
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
    Ledger(f"sqlite:///{gradebook}", COURSE).__exit__(None, None, None)
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
    with Ledger(f"sqlite:///{path}", COURSE) as ledger:
        assert ledger.keys(UNIT) == {"ada": (Ending.GRADED, "")}
        assert ledger.record(outcome("ada"), attempt=1) and ledger.row(UNIT, "ada").score == 7.0


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
        Ledger(url, COURSE)
    said = str(refused.value)
    assert not any(part in said for part in ("sesame", PASSWORD)) and len(said.splitlines()) == 1


def test_a_gradebook_is_shown_without_its_password() -> None:
    assert shown(normal("postgresql://ada:secret@db.example.org:5433/grades?sslmode=require")) == (
        "postgresql://ada@db.example.org:5433/grades"
    )
    assert shown("sqlite:////tmp/gradebook.db") == "/tmp/gradebook.db"
