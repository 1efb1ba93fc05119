"""Something else has written into the gradebook: it is found in whatever column, told, and put right; no such point leaves.

Not a list of faults: every column of nbgrader's tables is changed behind grading's back, one at a time. A column that
nbgrader adds some day comes into the list by itself, and fails here until it is found, or named as people's.
"""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_grading
import pytest
import sqlalchemy as sql
from click.testing import CliRunner
from fake_grading import UNIT
from nbgrader.api import Base, Gradebook

from autograder.cli import commands
from autograder.gradebook import audit
from autograder.gradebook.ledger import GradebookStore
from autograder.gradebook.rows import Row
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings

WORDS = {"ada": "right", "ben": "half", "cyd": "wrong", "dan": "garbled"}
SCORES = {"ada": 7.0, "ben": 3.5, "cyd": 0.0, "dan": 0.0}

TABLES = Base.metadata.tables

HARMLESS = {
    ("grade", "id"): "a number that nothing else names",
    ("comment", "id"): "a number that nothing else names",
    ("student", "*"): "people's names and addresses; no points, and none leave here",
    ("course", "*"): "the course's name",
    ("assignment", "course_id"): "the course's name",
    ("notebook", "kernelspec"): "which kernel nbgrader starts; grading has its own",
    ("source_cell", "*"): "the cells' text; grading reads it only where nbgrader has just written it",
    ("alembic_version", "*"): "the version of the tables",
}
"""The columns whose change moves no point, and why."""


def is_peoples(table: str, column: str) -> bool:
    return column in audit.PEOPLES.get(table, set())


def is_harmless(table: str, column: str) -> bool:
    return (table, "*") in HARMLESS or (table, column) in HARMLESS


COLUMNS = [(table.name, column.name) for table in TABLES.values() for column in table.columns]
COMPARED = [(t, c) for t, c in COLUMNS if not is_peoples(t, c) and not is_harmless(t, c)]
PEOPLES = [(t, c) for t, c in COLUMNS if is_peoples(t, c)]


class Class:
    """A small class in a folder, graded, with an essay that somebody has read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.course, self.into = folder, folder / "course", folder / "into"
        self.handed_in, self.path = folder / "handed-in", folder / "into" / "gradebook.db"
        self.warned: list[str] = []

    def grade(self, *only: str) -> dict[str, Row]:
        self.warned = []
        log = self.folder / "log"
        log.write_text("")
        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
            patch.setenv(fake_grading.LOG, str(log))
            rows = grade_class(
                UNIT,
                self.handed_in,
                Settings(self.into, seconds=5),
                root=self.course,
                only=only,
                executor=threads,
                grade=fake_grading.grade,
                judge=fake_grading.judge,
                warned=self.warned.append,
            )
        self.ran = sorted(log.read_text().split())
        return {row.student: row for row in rows}

    def changes(self) -> audit.Changes:
        with GradebookStore(f"sqlite:///{self.path}") as ledger:
            return ledger.changes(UNIT)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            return db.execute(statement, values).fetchall()

    def in_nbgrader(self, change: Callable[[Gradebook], None]) -> None:
        with Gradebook(f"sqlite:///{self.path}", "isometry") as gradebook:
            change(gradebook)
            gradebook.db.commit()

    def totals(self) -> dict[str, float]:
        """The scores as nbgrader itself adds them up."""
        with Gradebook(f"sqlite:///{self.path}", "isometry") as gradebook:
            return {one.student_id: one.score for one in gradebook.assignment_submissions(UNIT)}

    def run(self, *arguments: str) -> str:
        done = CliRunner().invoke(commands, [*arguments, "--into", str(self.into)])
        assert done.exit_code == 0, done.output
        return done.output

    def exported(self, *more: str) -> tuple[dict[str, str], str]:
        """The scores that an export holds, and what it said."""
        out = self.folder / f"out-{len(list(self.folder.glob('out-*')))}.csv"
        said = self.run("export", UNIT, "--to", "csv", "--out", str(out), "--course", str(self.course), *more)
        with out.open(encoding="utf-8") as file:
            return {line["student"]: line["score"] for line in csv.DictReader(file)}, said


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Class:
    folder = tmp_path_factory.mktemp("audit")
    made = Class(folder)
    fake_grading.course(folder)
    fake_grading.hand_in(made.handed_in, WORDS)
    made.grade()
    return made


@pytest.fixture
def graded(once: Class, tmp_path: Path) -> Iterator[Class]:
    for name in ("course", "into", "handed-in"):
        shutil.copytree(once.folder / name, tmp_path / name)
    made = Class(tmp_path)
    assert {student: row.score for student, row in made.grade().items()} == SCORES and made.warned == []
    assert made.ran == [] and not made.changes()
    yield made


def change(graded: Class, table: str, column: str) -> None:
    """Give one row of ada's, or of the assignment she handed in, another value in one column."""
    of = TABLES[table]
    ids = {
        "assignment": "SELECT id FROM assignment",
        "notebook": "SELECT id FROM notebook",
        "base_cell": "SELECT id FROM base_cell WHERE name = 'scale-check'",
        "grade_cells": "SELECT id FROM base_cell WHERE name = 'scale-check'",
        "solution_cells": "SELECT id FROM base_cell WHERE name = 'why' AND type = 'SolutionCell'",
        "submitted_assignment": "SELECT id FROM submitted_assignment WHERE student_id = 'ada'",
        "submitted_notebook": "SELECT p.id FROM submitted_notebook p JOIN submitted_assignment s ON p.assignment_id = s.id "
        "WHERE s.student_id = 'ada'",
    }
    hers = f"notebook_id IN ({ids['submitted_notebook']})"
    ids["grade"] = f"SELECT id FROM grade WHERE {hers} AND cell_id IN ({ids['grade_cells']})"
    ids["comment"] = f"SELECT id FROM comment WHERE {hers} AND cell_id IN ({ids['solution_cells']})"
    (key,) = (c.name for c in of.primary_key)
    ((row,),) = graded.sql(ids[table])
    kind = of.columns[column].type
    value: Any = "elsewhere"
    ((now,),) = graded.sql(f"SELECT {column} FROM {table} WHERE {key} = ?", row)
    if isinstance(kind, sql.Boolean):
        value = not now
    elif isinstance(kind, sql.Float):
        value = (now or 0.0) + 0.5
    elif isinstance(kind, sql.DateTime | sql.Interval):
        value = "2025-01-01 00:00:00.000000"
    elif isinstance(kind, sql.Enum):
        value = next(one for one in kind.enums if one != now)
    graded.sql(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", value, row)


# --------------------------------------------------------------------------- the rule that finds the next one


@pytest.mark.parametrize(("table", "column"), [one for one in COMPARED if one[0] != "task_cells"])
def test_a_change_in_any_column_of_a_graded_row_is_found_and_leaves_with_nothing(
    graded: Class, table: str, column: str
) -> None:
    before = (graded.into / f"{UNIT}.csv").read_text(encoding="utf-8")
    change(graded, table, column)
    found = graded.changes()
    assert found, f"{table}.{column}"
    assert all(len(sentence) > 20 and "\n" not in sentence for sentence in audit.told(found))
    with GradebookStore(f"sqlite:///{graded.path}") as ledger:
        rows = {row.student: row for row in ledger.rows(UNIT)}
    assert all(row.score == SCORES[student] and row.max_score == 10.0 for student, row in rows.items())
    assert all(row.unread == (("why",) if row.state == "graded" else ()) for row in rows.values())
    assert set(WORDS) - set(rows) <= set(found.removed)
    if table in ("grade", "comment", "submitted_notebook", "submitted_assignment", "grade_cells") and column != "id":
        graded.grade()
        assert graded.warned, "it is told"
        assert not replace(graded.changes(), strangers=()), "and it is put right"
        assert {student: score for student, score in graded.totals().items() if student != "elsewhere"} == SCORES
        assert (graded.into / f"{UNIT}.csv").read_text(encoding="utf-8") == before
        graded.grade()
        assert graded.ran == [] and all("elsewhere" in sentence for sentence in graded.warned)


@pytest.mark.parametrize(("table", "column"), PEOPLES)
def test_what_people_fill_in_is_theirs(graded: Class, table: str, column: str) -> None:
    """It is no change behind grading's back. All but nbgrader's flag, which moves nothing, go into the page anew."""
    if column == "extension":
        graded.in_nbgrader(lambda book: book.grant_extension(UNIT, "ada", hours=2))
    else:
        change(graded, table, column)
    assert not graded.changes()
    graded.grade()
    assert graded.warned == [] and ("ada:" in graded.ran) == (column != "flagged")


def test_no_column_is_left_out_without_a_reason() -> None:
    named = {key for key in HARMLESS if key[1] != "*"} | {(t, c) for t, cs in audit.PEOPLES.items() for c in cs}
    assert named <= set(COLUMNS), "every exception is about a column that is there"
    assert {
        ("grade", "auto_score"),
        ("grade", "needs_manual_grade"),
        ("submitted_notebook", "late_submission_penalty"),
    } <= {*COMPARED}


# --------------------------------------------------------------------------- rows added and removed


def test_who_is_removed_or_added_by_others_is_named(graded: Class) -> None:
    def move(book: Gradebook) -> None:
        book.remove_student("ben")
        book.add_student("zoe")
        book.add_submission(UNIT, "zoe")
        for grade in book.find_submission(UNIT, "zoe").notebooks[0].grades:
            grade.auto_score = grade.max_score

    graded.in_nbgrader(move)
    scores, said = graded.exported("--with-unread")
    assert "ben was graded, and is no longer in the gradebook." in said
    assert "zoe is in the gradebook, and was not graded here." in said
    assert set(scores) == {"ada", "cyd", "dan"}
    rows = graded.grade()
    assert rows["ben"].score == 3.5 and "ben was graded, and is no longer in the gradebook." in graded.warned
    assert "zoe" in " ".join(graded.warned) and graded.changes().strangers == ("zoe",)
    assert "zoe" not in (graded.into / f"{UNIT}.csv").read_text(encoding="utf-8")


def test_points_for_a_cell_that_is_not_there_do_not_count(graded: Class) -> None:
    (place,) = graded.sql(
        "SELECT p.id FROM submitted_notebook p JOIN submitted_assignment s ON p.assignment_id = s.id WHERE student_id = 'cyd'"
    )
    graded.sql(
        "INSERT INTO grade (id, notebook_id, cell_id, auto_score, needs_manual_grade) VALUES ('x', ?, 'gone', 26, 0)",
        *place,
    )
    assert graded.totals()["cyd"] == 26.0
    assert graded.grade()["cyd"].score == 0.0 and "cyd was changed" in graded.warned[0]
    assert graded.totals()["cyd"] == 0.0 and not graded.changes()


# --------------------------------------------------------------------------- what is told


def forge(book: Gradebook, student: str = "cyd") -> None:
    """All points, as stock nbgrader leaves them."""
    for grade in book.find_submission(UNIT, student).notebooks[0].grades:
        grade.auto_score = grade.max_score if grade.name != "why" else None
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def test_forged_points_are_in_no_export_no_report_and_no_csv_and_each_says_so(graded: Class) -> None:
    graded.in_nbgrader(forge)
    assert graded.totals()["cyd"] == 7.0
    sentence = "cyd was changed in the gradebook after grading: tiny.weights has 1 point, and 0 due; tiny.relu"
    scores, said = graded.exported("--with-unread")
    assert scores == {"ada": "7", "ben": "3.5", "cyd": "0", "dan": "0"} and sentence in said
    said = graded.run("report", UNIT, "--course", str(graded.course))
    page = (graded.into / f"{UNIT}-report.html").read_text(encoding="utf-8")
    assert sentence in said and sentence in page and "The gradebook was changed after grading" in page
    assert "cyd</bdi>" in page and ">7<" in page, "ada's seven are the highest"
    why = json.loads(graded.run("why", UNIT, "cyd", "--json"))
    assert why["score"] == 0 and why["changed"][0].startswith(sentence)
    assert {check["in_the_gradebook"] for check in why["checks"]} == {2.0, 1.0, 4.0}
    assert sentence in " ".join(graded.run("why", UNIT, "cyd").split())
    assert json.loads(graded.run("why", UNIT, "ada", "--json"))["changed"] == []

    rows = graded.grade("ada")
    assert rows["ada"].score == 7 and any(line.startswith(sentence) for line in graded.warned)
    assert any(line.startswith("Not among the submissions of this run") and "cyd." in line for line in graded.warned)
    table = list(csv.DictReader((graded.into / f"{UNIT}.csv").open(encoding="utf-8")))
    assert {line["student"]: line["score"] for line in table} == {"ada": "7", "ben": "3.5", "cyd": "0", "dan": "0"}
    assert graded.totals()["cyd"] == 7.0, "who was not meant is left"

    assert graded.grade()["cyd"].score == 0 and graded.totals()["cyd"] == 0.0
    assert graded.ran == ["cyd:scale-check,count-check,relu-check"], "judged again from the answers, and not run"
    assert not graded.changes() and graded.grade() and graded.warned == []


def test_a_copy_that_others_wrote_is_no_ground_to_judge_again_on(graded: Class) -> None:
    """Stock nbgrader puts the notebook, as it ran there, in the place of ours: its outputs count for nothing."""
    copy = graded.into / "autograded" / "cyd" / UNIT / f"{UNIT}.ipynb"
    ours = copy.read_bytes()
    copy.chmod(0o644)
    copy.write_bytes(ours.replace(b'"cells": []', b'"cells":  []'))
    graded.grade()
    assert graded.ran == ["cyd"] and "cyd's notebook in autograded/ is not the one that was graded." in graded.warned
    assert copy.read_bytes() == ours
    copy.unlink()
    graded.grade()
    assert graded.ran == ["cyd"] and graded.warned == [] and copy.read_bytes() == ours


def test_a_class_of_an_earlier_version_is_not_said_to_be_sure_until_it_is_graded_again(graded: Class) -> None:
    graded.sql("UPDATE isometry_outcome SET written = NULL")
    graded.sql("UPDATE isometry_class SET cells = NULL")
    scores, said = graded.exported()
    assert set(scores.values()) == {""} and said.count("which kept nothing to compare its points with") == 3
    graded.run("report", UNIT, "--course", str(graded.course))
    page = (graded.into / f"{UNIT}-report.html").read_text(encoding="utf-8")
    assert "Every automatic point was given" not in page and "kept nothing that they could be compared with" in page
    assert {s: row.score for s, row in graded.grade().items()} == SCORES and not graded.changes()
    graded.run("report", UNIT, "--course", str(graded.course))
    assert "Every automatic point was given" in (graded.into / f"{UNIT}-report.html").read_text(encoding="utf-8")


# --------------------------------------------------------------------------- what a person has read


def read(book: Gradebook, student: str = "ada", score: float | None = 2.5) -> None:
    """Score the essay, as formgrader does."""
    grade = book.find_grade("why", UNIT, UNIT, student)
    grade.manual_score = score
    grade.needs_manual_grade = score is None and grade.auto_score is None


def test_an_essay_that_was_read_stays_read_and_its_student_is_exported(graded: Class) -> None:
    graded.in_nbgrader(read)
    for _ in range(2):
        row = graded.grade()["ada"]
        assert (row.score, row.unread, graded.warned) == (9.5, (), [])
    assert graded.exported()[0]["ada"] == "9.5" and graded.exported()[0]["ben"] == ""
    assert json.loads(graded.run("why", UNIT, "ada", "--json"))["unread"] == []
    graded.in_nbgrader(lambda book: forge(book, "ada"))  # stock marks it to be read again
    assert graded.exported()[0]["ada"] == "9.5"
    row = graded.grade()["ada"]
    assert (row.score, row.unread) == (9.5, ()) and "why is marked to be read, and was read" in graded.warned[0]
    with Gradebook(f"sqlite:///{graded.path}", "isometry") as book:
        assert not book.find_grade("why", UNIT, UNIT, "ada").needs_manual_grade


def test_an_essay_marked_as_read_by_nobody_waits(graded: Class) -> None:
    def blind(book: Gradebook) -> None:  # what stock nbgrader does where the notebook is missing
        for grade in book.find_submission(UNIT, "ada").notebooks[0].grades:
            grade.auto_score, grade.needs_manual_grade = 0, False

    graded.in_nbgrader(blind)
    assert graded.exported()[0]["ada"] == ""
    assert graded.grade()["ada"].unread == ("why",) and graded.totals() == SCORES
    graded.in_nbgrader(read)
    graded.in_nbgrader(lambda book: read(book, score=None))
    assert graded.grade()["ada"].unread == ("why",) and graded.warned == []
